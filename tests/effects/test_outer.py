"""A penalty tuned alone is judged on rows that its choice never saw."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from problems import make_table
from scipy.stats import gmean

from boostreg.data import make_splits
from boostreg.effects.outer import Pair, chosen_points, outer_effect
from boostreg.effects.paths import PathPoint
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, run_fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty


@pytest.fixture(params=["xgboost", "lightgbm"])
def refit(request):
    """Return a function that grows 20 rounds on an outer fold."""
    table = make_table()
    outer, inner = {"folds": 3, "repeats": 1}, {"folds": 2, "repeats": 1}
    splits = make_splits(table, outer=outer, inner=inner, seed=0)
    dataset = Dataset(table, splits, Objective("squared_error"))
    fit = Fit(
        outer=0,
        inner=None,
        engine=request.param,
        penalty=Penalty(),
        n_rounds=20,
        patience=None,
        seed=0,
    )

    def grow(outer, **penalties):
        given = replace(fit, outer=outer, penalty=Penalty(**penalties))
        return run_fit(dataset, given)

    return grow


def test_differences_are_those_of_the_models_on_the_test_rows(refit):
    pairs = {
        k: Pair(50.0, refit(k, reg_lambda=0.0), refit(k, reg_lambda=50.0), None)
        for k in range(3)
    }

    found = outer_effect("xgboost", "reg_lambda", 0.0, pairs, 1 / 2)

    losses = [
        (p.zero.row_losses.mean(), p.chosen.row_losses.mean()) for p in pairs.values()
    ]
    leaves = [
        (p.zero.sizes.n_leaves[-1], p.chosen.sizes.n_leaves[-1]) for p in pairs.values()
    ]
    assert found.loss.estimate == pytest.approx(np.mean([b - a for a, b in losses]))
    assert found.leaves.estimate == pytest.approx(gmean([b / a for a, b in leaves]))
    assert 0 < found.leaves.low < found.leaves.estimate < found.leaves.high
    assert found.loss.low < found.loss.estimate < found.loss.high


def test_one_outer_split_has_an_interval_over_its_rows(refit):
    pair = Pair(50.0, refit(0, reg_lambda=0.0), refit(0, reg_lambda=50.0), None)

    found = outer_effect("xgboost", "reg_lambda", 0.0, {0: pair}, 1 / 2)

    assert found.loss.method == "t over paired test rows"
    assert not found.leaves.exists


@dataclass(frozen=True)
class Measured:
    """What a choice looks at: a trial's state and loss."""

    state: str
    loss: float


def test_inner_losses_choose_and_ties_go_to_the_smaller_value():
    path = [
        (PathPoint("xgboost", "reg_lambda", "fixed", k, Penalty(reg_lambda=k)), t)
        for k, t in enumerate(
            [
                Measured("complete", 3.0),
                Measured("complete", 2.0),
                Measured("complete", 2.0),
            ]
        )
    ]

    zero, chosen = chosen_points(path)

    assert (zero[0].value, chosen[0].value) == (0, 1)


def test_without_a_measured_zero_there_is_nothing_to_compare_with():
    point = PathPoint("xgboost", "reg_lambda", "fixed", 0, Penalty(reg_lambda=0.0))
    later = PathPoint("xgboost", "reg_lambda", "fixed", 1, Penalty())

    path = [(point, Measured("failed", np.nan)), (later, Measured("complete", 1.0))]

    assert chosen_points(path) is None
