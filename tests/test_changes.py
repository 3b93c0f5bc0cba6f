"""Changes of loss: the laws that intervals and words keep."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from boostreg.changes import Judges, LossChange, change_of_loss, simultaneous_changes


def judges_of(n, folds=5, repeats=1, **more):
    """Return folds of n rows, dealt in turn, another deal per repeat."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(repeats):
        order = rng.permutation(n)
        rows += [np.sort(order[k::folds]) for k in range(folds)]
    return Judges(tuple(rows), (None,) * len(rows), repeats=repeats, **more)


def losses(judges, seed, level=1.0, spread=1.0):
    """Return positive losses of each fold's rows."""
    rng = np.random.default_rng(seed)
    return [level + spread * rng.exponential(size=len(rows)) for rows in judges.rows]


def ends(found):
    return found.estimate, found.low, found.high


@given(seed=st.integers(0, 99), repeats=st.integers(1, 3))
def test_the_other_way_round_is_the_inverse_ratio(seed, repeats):
    judges = judges_of(40, repeats=repeats)
    a, b = losses(judges, seed), losses(judges, seed + 100)

    there, back = change_of_loss(a, b, judges), change_of_loss(b, a, judges)

    assert (1 + there.estimate) * (1 + back.estimate) == pytest.approx(1)
    assert (1 + there.low) * (1 + back.high) == pytest.approx(1)


@given(seed=st.integers(0, 99), unit=st.floats(1e-12, 1e12))
def test_the_unit_of_the_loss_does_not_matter(seed, unit):
    judges = judges_of(30)
    a, b = losses(judges, seed), losses(judges, seed + 100)

    scaled = change_of_loss([unit * v for v in a], [unit * v for v in b], judges)

    assert ends(scaled) == pytest.approx(ends(change_of_loss(a, b, judges)), rel=1e-9)


@given(seed=st.integers(0, 99), spread=st.floats(0, 1e6))
def test_no_end_lies_below_a_loss_of_zero(seed, spread):
    judges = judges_of(10)
    found = change_of_loss(
        losses(judges, seed, spread=spread), losses(judges, seed + 1), judges
    )

    assert -1 <= found.low <= found.estimate <= found.high


def test_one_fold_is_the_t_interval_of_the_delta_method():
    judges = judges_of(200, folds=1)
    (a,), (b,) = losses(judges, 1), losses(judges, 2)
    found = change_of_loss([a], [b], judges)

    u = a / a.mean() - b / b.mean()
    half = t.ppf(0.975, 199) * u.std(ddof=1) / math.sqrt(200)
    assert math.log1p(found.high) == pytest.approx(math.log(a.mean() / b.mean()) + half)


def test_whole_weights_count_like_rows_written_twice():
    judges = judges_of(60, folds=1)
    (a,), (b,) = losses(judges, 1), losses(judges, 2)
    weights = np.where(np.arange(60) < 20, 2.0, 1.0)
    weighted = Judges(judges.rows, (weights,))
    twice = np.repeat(np.arange(60), weights.astype(int))
    # The two copies are one group, since they are one independent row.
    copied = Judges((np.arange(len(twice)),), (None,), groups=twice)

    assert ends(change_of_loss([a], [b], weighted)) == pytest.approx(
        ends(change_of_loss([a[twice]], [b[twice]], copied))
    )


@given(
    seed=st.integers(0, 99),
    repeats=st.integers(1, 2),
    folds=st.integers(1, 4),
    grouped=st.booleans(),
)
def test_rows_of_weight_zero_change_nothing(seed, repeats, folds, grouped):
    plain = judges_of(24, folds, repeats)
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.5, 2, 24)
    groups = np.arange(24) // 2 if grouped else None
    weights = tuple(weight[rows] for rows in plain.rows)
    judges = replace(plain, weights=weights, groups=groups)
    a, b = losses(judges, seed), losses(judges, seed + 1)
    # Rows 24 to 33 of weight 0, each with a group of its own, in every fold.
    more = np.arange(24, 34)
    longer = replace(
        judges,
        rows=tuple(np.concatenate([rows, more]) for rows in judges.rows),
        weights=tuple(np.concatenate([w, np.zeros(10)]) for w in weights),
        groups=np.concatenate([groups, more]) if grouped else None,
    )
    rest = rng.exponential(size=10)

    def lengthened(values):
        return [np.concatenate([v, rest]) for v in values]

    pairs = [(a, b), (b, a), (a, [2 * v for v in a])]
    found = simultaneous_changes(pairs, judges)
    again = simultaneous_changes(
        [(lengthened(x), lengthened(y)) for x, y in pairs], longer
    )

    assert longer.n == judges.n == (12 if grouped else 24)
    for one, other in zip(found, again, strict=True):
        assert ends(one) == pytest.approx(ends(other), nan_ok=True)


def test_repeated_folds_with_equal_losses_add_no_variance():
    judges = judges_of(50)
    twice = Judges(judges.rows * 2, (None,) * 10, repeats=2)
    a = [1 + 0.5 * np.sin(rows) for rows in judges.rows]
    b = [2 + 0.5 * np.cos(rows) for rows in judges.rows]

    once, again = change_of_loss(a, b, judges), change_of_loss(a * 2, b * 2, twice)

    assert again.estimate == pytest.approx(once.estimate)
    assert again.high <= once.high + 1e-12


def test_repeats_that_differ_widen_the_interval():
    judges = judges_of(50, repeats=2)
    a, b = losses(judges, 1), losses(judges, 2)
    shifted = [v * (1.5 if k < 5 else 1.0) for k, v in enumerate(a)]

    plain, wide = (change_of_loss(x, b, judges) for x in (a, shifted))

    assert math.log1p(wide.high) - math.log1p(wide.low) > (
        math.log1p(plain.high) - math.log1p(plain.low)
    )


def test_folds_forward_in_time_are_judged_by_their_means():
    judges = judges_of(50, forward=True, ratio=0.25)
    a, b = losses(judges, 1), losses(judges, 2)
    found = change_of_loss(a, b, judges)

    mean_a, mean_b = (np.mean([v.mean() for v in each]) for each in (a, b))
    u = [x.mean() / mean_a - y.mean() / mean_b for x, y in zip(a, b, strict=True)]
    half = t.ppf(0.975, 4) * math.sqrt((1 / 5 + 0.25) * np.var(u, ddof=1))
    assert math.log1p(found.high) == pytest.approx(math.log(mean_a / mean_b) + half)


def test_equal_models_are_the_same():
    judges = judges_of(40)
    a = losses(judges, 1)

    assert ends(change_of_loss(a, a, judges)) == (0, 0, 0)
    assert change_of_loss(a, a, judges).word(0.01) == "same"


def test_intervals_that_hold_together_are_wider_and_end_at_bonferroni():
    judges = judges_of(200)
    pairs = [(losses(judges, s), losses(judges, s + 50)) for s in range(8)]

    alone = [change_of_loss(a, b, judges) for a, b in pairs]
    together = simultaneous_changes(pairs, judges)

    factors = [
        (math.log1p(w.high) - math.log1p(w.low))
        / (math.log1p(n.high) - math.log1p(n.low))
        for w, n in zip(together, alone, strict=True)
    ]
    bonferroni = t.ppf(1 - 0.025 / 8, 199) / t.ppf(0.975, 199)
    assert factors == pytest.approx([factors[0]] * 8)
    assert 1.2 < factors[0] < bonferroni + 0.02


def test_the_same_pair_many_times_costs_nothing():
    judges = judges_of(100)
    pair = losses(judges, 1), losses(judges, 2)

    alone, together = (
        change_of_loss(*pair, judges),
        simultaneous_changes([pair] * 5, judges),
    )

    assert together[0].high == pytest.approx(alone.high, rel=0.02)


@pytest.mark.parametrize("level", [0.0, math.inf])
def test_without_a_ratio_there_is_no_interval_but_a_reason(level):
    judges = judges_of(20)
    nothing = [np.full(len(rows), level) for rows in judges.rows]

    found = change_of_loss(losses(judges, 1), nothing, judges)

    assert not found.exists
    assert found.method.startswith("no interval: ")
    assert found.word(0.01) == "not settled"


@given(ends=st.lists(st.floats(-0.99, 3), min_size=2, max_size=2).map(sorted))
def test_words_follow_from_the_interval_alone(ends):
    low, high = ends
    found = LossChange((low + high) / 2, low, high, "")

    word = found.word(0.01)

    assert (word in {"better", "same"}) or high >= 0
    assert (word in {"worse", "same"}) or low <= 0
    assert (word in {"as good", "same", "better"}) == (high < max(0.01, 0)) or (
        word == "worse"
    )
