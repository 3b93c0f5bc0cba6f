"""Selection on curves small enough to judge by hand, and against brute force."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.tuning import TrialCurves, select


def curves(number, *folds, leaves=None, **options):
    """Return a trial with one curve a fold and, by default, 2 leaves a round."""
    loss = np.array(folds, dtype=np.float64)
    rounds = np.arange(loss.shape[1])
    n_leaves = 2.0 * rounds if leaves is None else np.array(leaves, dtype=np.float64)
    sizes = {"n_trees": n_leaves / 4, "n_bytes": 28 * n_leaves}
    return TrialCurves(
        number=number, valid_loss=loss, n_leaves=n_leaves, **sizes, **options
    )


def picked(candidate):
    return candidate.trial, candidate.n_rounds


@st.composite
def trial_lists(draw):
    """Return trials with few distinct losses, so that ties are common."""
    n_folds = draw(st.integers(1, 4))

    def one(number):
        length = draw(st.integers(1, 6))
        losses = st.lists(st.integers(0, 4), min_size=length, max_size=length)
        folds = [draw(losses) for _ in range(n_folds)]
        return curves(number, *folds, leaves=np.cumsum(draw(losses)))

    return [one(number) for number in range(draw(st.integers(1, 4)))]


def every(trials):
    """Return all candidates with their losses a fold."""
    return [
        (t.candidate(k), t.valid_loss[:, k])
        for t in trials
        for k in range(t.valid_loss.shape[1])
    ]


def test_best_is_the_lowest_mean_loss_of_any_prefix():
    chosen = select([curves(0, [9, 4, 8], [9, 4, 8]), curves(1, [9, 7, 3], [9, 7, 6])])

    assert picked(chosen.best) == (0, 1)
    assert chosen.best.loss == 4
    assert chosen.best.n_leaves == 2


def test_loss_has_the_standard_error_of_its_folds():
    chosen = select([curves(0, [9, 1], [9, 2], [9, 3])])

    assert chosen.best.loss_se == pytest.approx(1 / np.sqrt(3))


def test_one_se_takes_the_fewest_leaves_within_one_standard_error():
    # After 1 round the folds lose 1 and 3 more than after 2: d = 2, se = 1. With 0 and
    # 4 more, d = 2 and se = 2, which is admitted.
    strict = select([curves(0, [9, 5, 4], [9, 7, 4])])
    admitted = select([curves(0, [9, 4, 4], [9, 8, 4])])

    assert picked(strict.one_se) == (0, 2)
    assert picked(admitted.one_se) == (0, 1)


def test_differences_are_paired_by_fold():
    """Folds differ by far more than models, which pairing does not mind."""
    chosen = select([curves(0, [100, 11, 10], [200, 111, 110], [300, 211, 210])])

    assert picked(chosen.one_se) == (0, 2)


def test_one_se_may_come_from_another_trial():
    best = curves(0, [9, 6, 2], [9, 6, 4])
    small = curves(1, [9, 4, 5], [9, 3, 5], leaves=[0, 1, 2])

    chosen = select([best, small])

    assert picked(chosen.best) == (0, 2)
    assert picked(chosen.one_se) == (1, 1)


def test_no_round_at_all_can_win():
    chosen = select([curves(0, [1, 2, 3], [1, 3, 2])])

    assert picked(chosen.best) == picked(chosen.one_se) == (0, 0)
    assert chosen.best.n_leaves == 0


def test_ties_of_one_se_go_to_less_loss_fewer_rounds_lower_trial():
    flat = [0, 2, 2]
    trials = [
        curves(3, [9, 5, 5], [9, 5, 5], leaves=flat),
        curves(1, [9, 4, 4], [9, 4, 4], leaves=flat),
        curves(2, [9, 4, 4], [9, 4, 4], leaves=flat),
    ]

    assert picked(select(trials).one_se) == (1, 1)
    assert picked(select(trials).best) == (1, 1)


def test_single_inner_fold_has_no_standard_error():
    chosen = select([curves(0, [9, 4.1, 4])])

    assert picked(chosen.one_se) == (0, 2)
    assert np.isnan(chosen.best.loss_se)


def test_only_the_pick_that_the_limit_stopped_is_flagged():
    chosen = select([curves(0, [9, 3.9, 3], [9, 3.1, 3], stopped_by_max=True)])

    assert chosen.best.rounds_max_reached
    assert [c.rounds_max_reached for c in chosen.front] == [False, False, True]


@given(trial_lists())
def test_front_holds_what_no_other_candidate_beats(trials):
    front = select(trials).front

    for one, _ in every(trials):
        assert any(f.n_leaves <= one.n_leaves and f.loss <= one.loss for f in front)
    for left, right in pairwise(front):
        assert left.n_leaves < right.n_leaves
        assert left.loss > right.loss


@given(trial_lists())
def test_picks_agree_with_brute_force(trials):
    candidates = every(trials)
    best, reference = min(
        candidates,
        key=lambda c: (c[0].loss, c[0].n_leaves, c[0].n_rounds, c[0].trial),
    )

    def admitted(losses):
        d = losses - reference
        se = d.std(ddof=1) / np.sqrt(len(d)) if len(d) > 1 else 0.0
        return d.mean() <= se

    small = min(
        (c for c, losses in candidates if admitted(losses)),
        key=lambda c: (c.n_leaves, c.loss, c.n_rounds, c.trial),
    )
    chosen = select(trials)

    assert picked(chosen.best) == picked(best)
    assert picked(chosen.one_se) == picked(small)


@given(trial_lists(), st.randoms())
def test_order_of_trials_does_not_matter(trials, random):
    shuffled = random.sample(trials, len(trials))

    assert repr(select(shuffled)) == repr(select(trials))


def test_hundreds_of_trials_take_less_than_a_second():
    rng = np.random.default_rng(0)
    trials = [curves(i, *rng.random((5, 501))) for i in range(500)]

    started = time.perf_counter()
    select(trials)

    assert time.perf_counter() - started < 1
