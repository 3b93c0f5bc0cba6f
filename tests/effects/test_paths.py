"""Paths are read where each curve stops, and at equal rounds."""

import numpy as np
import pytest
from problems import make_table
from scipy.stats import t

from boostreg.data import make_splits
from boostreg.effects.effects import penalty_effect
from boostreg.effects.paths import (
    equal_rounds,
    failed_points,
    path_grid,
    path_points,
    path_rows,
)
from boostreg.errors import FitError
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import run_fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty, Range
from boostreg.penalty.value import FALLING, WHOLE
from boostreg.tuning import FitSettings
from boostreg.tuning.measuring import Measuring

GRID = (0.0, 3.0, 300.0)


@pytest.fixture(scope="module", params=["xgboost", "lightgbm"])
def path(request):
    """Return a path's points, folds, and their measuring, done."""
    table = make_table()
    folds = {"folds": 2, "repeats": 1}
    splits = make_splits(table, outer=folds, inner={"folds": 3, "repeats": 1}, seed=0)
    dataset = Dataset(table, splits, Objective("squared_error"))
    base = Penalty(max_leaves=8, learning_rate=0.3)
    points = path_points(request.param, base, {"reg_lambda": GRID})
    settings = [s for point in points for s in point.settings((0, 1))]
    limits = FitSettings(n_inner=3, n_rounds=200, patience=5, seed=0)
    measuring = Measuring(settings, limits, keep=True)
    while not measuring.done:
        for work in measuring.ready():
            measuring.receive(work, run_fit(dataset, work.fit))
    return points, measuring


@pytest.mark.parametrize(
    ("name", "low", "high", "first", "last"),
    [
        ("reg_alpha", 0.1, 5.0, 0.0, 5.0),
        ("min_child_samples", 2, 40, 1.0, 40.0),
        ("max_leaves", 4, 64, 64.0, 4.0),
        ("max_delta_step", 0.1, 9.0, 0.0, 0.1),
        ("subsample", 0.5, 0.9, 1.0, 0.5),
        ("learning_rate", 0.01, 1.0, 1.0, 0.01),
    ],
)
def test_a_grid_leads_from_no_penalty_to_the_strongest(name, low, high, first, last):
    whole = name in WHOLE
    grid = path_grid(name, Range(low=low, high=high, log=True, whole=whole), 6)

    assert (grid[0], grid[-1]) == (first, last)
    assert len(grid) == len(set(grid)) == 6
    assert list(grid[1:]) == sorted(grid[1:], reverse=name in FALLING)
    for value in grid:  # is one that an engine could be given
        Penalty(**{name: int(value) if whole else value})


def test_equal_rounds_are_those_of_zero_penalty_or_as_many_as_all_reached(path):
    points, measuring = path
    rounds = equal_rounds(points, (0, 1), measuring)

    for outer in (0, 1):
        settings = [point.settings([outer])[0] for point in points]
        assert rounds[outer] <= measuring.trials[settings[0]].n_rounds
        for setting in settings:
            for result in measuring.results[setting]:
                assert result.exhausted or rounds[outer] <= result.n_rounds


def test_each_reading_is_what_the_curves_say(path):
    points, measuring = path
    rows = path_rows(points, (0, 1), measuring)
    rounds = equal_rounds(points, (0, 1), measuring)

    assert len(rows) == 2 * len(GRID) * 2 * 3
    for row in rows:
        (setting,) = points[row.point].settings([row.outer_fold])
        result = measuring.results[setting][row.inner_fold]
        cut = rounds[row.outer_fold]
        if row.reading == "stopped":
            cut = measuring.trials[setting].n_rounds
        assert row.rounds == cut
        assert row.loss == result.valid_loss[min(cut, result.n_rounds)]
        assert row.size == result.sizes.at(min(cut, result.n_rounds))


def test_a_strong_penalty_gets_more_rounds_only_where_curves_stop_themselves(path):
    rows = path_rows(*path[:1], (0, 1), path[1])

    def mean(reading, point):
        return np.mean(
            [r.rounds for r in rows if (r.reading, r.point) == (reading, point)]
        )

    assert mean("stopped", 2) > mean("stopped", 0)
    assert mean("equal", 2) == mean("equal", 0)


def test_values_that_could_not_be_fitted_are_reported(path):
    points, measuring = path
    settings = [s for point in points for s in point.settings((0, 1))]
    again = Measuring(settings, FitSettings(n_inner=3, n_rounds=9, patience=5, seed=0))
    while not again.done:
        for work in again.ready():
            strong = work.fit.penalty.reg_lambda == GRID[-1]
            found = (
                FitError("It ran dry.")
                if strong
                else measuring.results[
                    next(s for s in settings if s.penalty == work.fit.penalty)
                ][0]
            )
            again.receive(work, found)

    (said,) = failed_points(points, (0, 1), again)

    assert not list(failed_points(points, (0, 1), measuring))
    assert said == (
        "1 of 3 values of reg_lambda around the fixed values failed with "
        f"{points[0].engine}: It ran dry."
    )


def test_flat_values_surround_the_lowest_and_a_bad_one_is_outside(path):
    rows = path_rows(*path[:1], (0, 1), path[1])

    for reading in ("stopped", "equal"):
        effect = penalty_effect([r for r in rows if r.reading == reading], 0.5)
        low, high = effect.flat
        assert low <= effect.lowest.value <= high
    assert high < 300.0


def test_every_measure_has_its_fold_paired_difference_to_zero(path):
    rows = path_rows(*path[:1], (0, 1), path[1])
    stopped = [row for row in rows if row.reading == "stopped"]
    effect = penalty_effect(stopped, 1 / 2)

    def folds(point, name):
        mine = [row for row in stopped if row.point == point]
        return np.array([row.as_dict()[name] for row in mine], dtype=float)

    for name in ("loss", "leaves", "l2_norm", "shrinkage", "depth"):
        found = effect.points[2].differences[name]
        by_fold = folds(2, name) - folds(0, name)
        variance = (1 / 6 + 1 / 2) * by_fold.var(ddof=1)
        assert found.estimate == pytest.approx(by_fold.mean())
        assert found.high - found.estimate == pytest.approx(
            t.ppf(0.975, 5) * np.sqrt(variance)
        )
    assert effect.points[0].differences["gap"].p_value == 1
