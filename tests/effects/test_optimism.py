"""What a search promised, against what can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from boostreg.changes import Judges, change_of_loss
from boostreg.effects.optimism import incumbents, nested_gap, overtuning, ties
from boostreg.penalty import Penalty
from boostreg.tuning import Trial, TrialCurves


def curves(number, losses):
    losses = np.asarray(losses, dtype=float)
    leaves = np.arange(losses.shape[1], dtype=float)
    sizes = dict.fromkeys(("n_leaves", "n_trees", "n_bytes"), leaves)
    return TrialCurves(number=number, valid_loss=losses, **sizes)


def trial(number, losses):
    made = curves(number, losses)
    return Trial(
        number=number,
        engine="xgboost",
        penalty=Penalty(),
        state="complete",
        curves=made,
        n_rounds=made.n_rounds,
    )


def test_incumbents_are_the_trials_that_were_best_so_far():
    trials = [
        trial(0, [[9, 5]]),
        trial(1, [[9, 6]]),
        Trial(number=2, engine="xgboost", penalty=Penalty(), state="failed"),
        trial(3, [[9, 4]]),
        trial(4, [[9, 4]]),
    ]

    assert [(one.trial, one.loss) for one in incumbents(trials)] == [(0, 5), (3, 4)]


def judged(n_folds, rows_per_fold=2, **options):
    rows = np.arange(n_folds * rows_per_fold).reshape(n_folds, rows_per_fold)
    return Judges(tuple(rows), (None,) * n_folds, **options)


def test_curve_has_a_point_wherever_some_fold_s_incumbent_changes():
    first = [
        (c, np.array([9.0, 11.0]) + c.loss)
        for c in incumbents([trial(0, [[5]]), trial(2, [[3]])])
    ]
    second = [
        (c, np.array([19.0, 21.0]))
        for c in incumbents([trial(1, [[8]]), trial(4, [[2]])])
    ]

    points = overtuning([first, second], judged(2))

    assert [(p.trial, p.inner, p.outer) for p in points] == [
        (1, (5 + 8) / 2, (15 + 20) / 2),
        (2, (3 + 8) / 2, (13 + 20) / 2),
        (4, (3 + 2) / 2, (13 + 20) / 2),
    ]
    assert overtuning([first, []], judged(2)) == ()


def test_points_have_the_paired_change_by_all_later_trials():
    rng = np.random.default_rng(0)
    found = incumbents([trial(0, [[5]]), trial(2, [[3]])])
    early, late = rng.gamma(2, size=(2, 3, 20))
    folds = [
        list(zip(found, rows, strict=True)) for rows in zip(early, late, strict=True)
    ]

    first, last = overtuning(folds, judged(3, 20))

    assert first.later == change_of_loss(list(late), list(early), judged(3, 20))
    assert (last.later.estimate, last.later.word(0.01)) == (0.0, "same")


positive = st.floats(0.1, 10)


@given(st.lists(positive, min_size=2, max_size=8), positive)
def test_difficult_rows_alone_make_no_gap(rows, factor):
    """Each fold's inner loss is the mean over the rows of the others."""
    rows = np.array(rows)
    inner = (rows.sum() - rows) / (len(rows) - 1)

    gap = nested_gap(inner, factor * rows, judged(len(rows)))

    ends = [gap.low, gap.estimate, gap.high]
    np.testing.assert_allclose(ends, factor - 1, rtol=1e-6, atol=1e-6)


def test_interval_of_the_gap_is_that_of_a_jackknife():
    inner, outer = np.array([2.0, 2.2, 1.9]), np.array([2.6, 1.9, 3.0])
    whole = inner.mean()
    pseudo = [3 * whole - 2 * one for one in inner]
    parts = outer / outer.mean() - np.array(pseudo) / whole

    gap = nested_gap(inner, outer, judged(3))

    reach = t.ppf(0.975, 2) * parts.std(ddof=1) / np.sqrt(3)
    theta = np.log(outer.mean() / whole)
    ends = np.expm1([theta, theta - reach, theta + reach])
    np.testing.assert_allclose([gap.estimate, gap.low, gap.high], ends)


def test_gap_does_not_depend_on_units_and_repeats_do_not_narrow_it():
    rng = np.random.default_rng(0)
    inner, outer = 1 + 0.1 * rng.random((2, 5))

    once = nested_gap(inner, outer, judged(5))
    scaled = nested_gap(1e6 * inner, 1e6 * outer, judged(5))
    twice = nested_gap([*inner, *inner], [*outer, *outer], judged(10, repeats=2))

    ends = [once.estimate, once.low, once.high]
    np.testing.assert_allclose([scaled.estimate, scaled.low, scaled.high], ends)
    np.testing.assert_allclose([twice.estimate, twice.low, twice.high], ends)


def test_folds_in_time_have_a_wider_interval_of_their_own_differences():
    inner, outer = np.array([2.0, 2.2, 1.9]), np.array([2.6, 1.9, 3.0])
    parts = outer / outer.mean() - inner / inner.mean()

    gap = nested_gap(inner, outer, judged(3, forward=True, ratio=0.5))

    reach = t.ppf(0.975, 2) * parts.std(ddof=1) * np.sqrt(1 / 3 + 0.5)
    assert np.log1p(gap.high) - np.log1p(gap.estimate) == pytest.approx(reach)


@pytest.mark.parametrize(
    ("inner", "outer", "reason"),
    [
        ([1.0], [2.0], "one outer fold"),
        ([1.0, np.nan], [2.0, 2.0], "a loss is not finite"),
        ([0.0, 0.0], [2.0, 2.0], "a mean loss is 0"),
        ([1.0, 1.0], [0.0, 0.0], "a mean loss is 0"),
    ],
)
def test_without_an_interval_the_reason_is_reported(inner, outer, reason):
    gap = nested_gap(inner, outer, judged(len(inner)))

    assert not gap.exists
    assert gap.method == f"no interval: {reason}"


def test_ties_are_paired_and_hold_the_best():
    # Against trial 1: +0.1 on both folds has no spread; +1 and -0.8 has a lot.
    trials = [
        curves(0, [[9, 5.1], [9, 7.1]]),
        curves(1, [[9, 5.0], [9, 7.0]]),
        curves(2, [[9, 6.0], [9, 6.2]]),
    ]

    assert ties(trials) == (1, 2)
