"""Candidates for a purpose come from what was measured, and keep within its limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes

from boostreg import tune
from boostreg.engines import ENGINES
from boostreg.errors import StudyError
from boostreg.tuning import purpose
from boostreg.tuning.purpose import Purpose, Speed, best_under, knee, measure_speed
from boostreg.tuning.selection import Candidate, TrialCurves, select

SPEED = Speed((2.0, 8.0), (0.1, 0.3))


def curves(number, losses, leaves_a_round):
    """Return a trial of two equal folds, one tree a round."""
    loss = np.array([losses, losses], dtype=float)
    rounds = np.arange(len(losses), dtype=float)
    leaves = leaves_a_round * rounds
    return TrialCurves(
        number=number,
        valid_loss=loss,
        n_leaves=leaves,
        n_trees=rounds,
        n_bytes=28 * leaves - 20 * rounds,
    )


SMALL, LARGE = curves(0, [9, 6, 5, 4.5], 2), curves(1, [9, 4, 3, 2.5], 8)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, (1, 3)),
        ({"max_leaves": 8}, (1, 1)),
        ({"max_leaves": 7.9}, (0, 3)),
        ({"max_leaves": 3}, (0, 1)),
        ({"max_bytes": 28 * 16 - 40}, (1, 2)),
        ({"max_microseconds": 0.29}, (0, 2)),
        ({"max_microseconds": 0.31, "max_leaves": 7.9}, (0, 3)),
        ({"max_microseconds": 0.01}, (0, 0)),
    ],
)
def test_the_best_within_limits_is_found(limits, expected):
    found = best_under([SMALL, LARGE], Purpose(**limits), SPEED)

    assert (found.trial, found.n_rounds) == expected


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=6),
    st.lists(st.floats(0, 10), min_size=1, max_size=6),
    st.floats(1, 60),
)
def test_nothing_within_the_limit_is_better(one, two, most):
    trials = [curves(0, [5, *one], 3), curves(1, [5, *two], 7)]

    found = best_under(trials, Purpose(max_leaves=most))

    assert found.n_leaves <= most
    for trial in trials:
        kept = trial.mean_loss[trial.n_leaves <= most]
        assert found.loss <= kept.min()


def test_without_limits_it_is_the_best_of_the_selection():
    assert best_under([SMALL, LARGE], Purpose()) == select([SMALL, LARGE]).best


@pytest.mark.parametrize("name", ["max_leaves", "max_bytes", "max_microseconds"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), True])
def test_a_limit_that_admits_nothing_is_refused(name, value):
    with pytest.raises(StudyError, match=f"{name} must be above 0"):
        Purpose(**{name: value})


def candidate(leaves, loss):
    return Candidate(
        trial=0,
        n_rounds=0,
        loss=loss,
        loss_se=0.0,
        n_leaves=leaves,
        rounds_max_reached=False,
    )


def test_the_knee_is_where_a_bent_front_bends():
    """In log leaves the front falls by 2 a step to 15 leaves, then by 1 and less."""
    front = [
        candidate(2.0**k - 1, loss) for k, loss in enumerate([10, 8, 6, 4, 2, 1, 0.9])
    ]

    assert knee(front).n_leaves == 15


def test_a_front_without_a_bend_has_its_end_for_a_knee():
    assert knee([candidate(0, 1.0)]).n_leaves == 0
    assert knee([candidate(0, 1.0), candidate(5, 0.5)]).n_leaves == 5


def test_time_grows_with_trees_and_with_the_way_to_a_leaf():
    times = SPEED.estimate([1, 10, 10, 10], [2, 20, 40, 800])

    np.testing.assert_allclose(times, [0.1, 1.0, 2.0, 3.0])


@pytest.mark.parametrize("engine", ENGINES)
def test_speed_is_measured_in_rising_leaves(engine, monkeypatch):
    for name, few in (("_ROUNDS", 5), ("_ROWS", 500), ("_REPEATS", 1)):
        monkeypatch.setattr(purpose, name, few)

    speed = measure_speed(engine)

    assert list(speed.leaves) == sorted(speed.leaves)
    assert len(speed.leaves) >= 4
    assert min(speed.microseconds) > 0


def test_tuned_selects_for_a_purpose_without_new_fits():
    X, y = load_diabetes(return_X_y=True)
    tuned = tune(X, y, trials=4, cv=3, rounds=30, workers=1)

    assert tuned.select() == tuned.best
    assert tuned.select(max_leaves=100).n_leaves <= 100
    assert tuned.select(max_bytes=2000).n_leaves < 2000 / 8
    assert tuned.select(max_microseconds=1e-9).n_rounds == 0
    assert (tuned.knee.trial, tuned.knee.n_rounds) in {
        (row.trial, row.n_rounds) for row in tuned.pareto.itertuples()
    }
