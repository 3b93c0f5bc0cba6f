"""The shifted optimum, closed form against fits, and what a penalty costs and buys."""

import numpy as np
import pytest
from samples import BETA, make_sample, measure

from boostreg.errors import FitError


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_ridge_is_the_closed_form_on_any_columns(correlation):
    found = measure("shifted_optimum", make_sample(correlation=correlation)).values

    assert found["l2_difference"] < 1e-8
    assert found["l2_moved"] > 0.1


def test_lasso_is_the_closed_form_where_columns_are_orthogonal_alone():
    far = measure("shifted_optimum", make_sample(correlation=0.8)).values
    near = measure("shifted_optimum", make_sample()).values

    assert far["l1_difference"] < 1e-8
    assert near["l1_difference"] < 1e-8
    assert far["l1_difference_correlated"] > 3 * near["l1_difference_correlated"]


def test_a_loss_that_is_no_quadratic_moves_otherwise():
    found = measure("shifted_optimum", make_sample("logistic")).values

    assert found["l2_difference"] > 0.01
    weak = measure("shifted_optimum", make_sample("logistic"), strength=1e-3).values
    assert weak["l2_difference"] < 1e-3


@pytest.mark.parametrize("kind", ["squared_error", "logistic"])
@pytest.mark.parametrize(("engine", "bar"), [("xgboost", 1e-6), ("lightgbm", 1e-12)])
def test_every_leaf_is_the_closed_form(kind, engine, bar):
    found = measure("leaf_optimum", make_sample(kind), engine=engine).values

    assert found["difference"] < bar
    assert found["difference_without_penalty"] > 0.05
    assert found["leaves"] > 100


def test_leaves_of_one_tree_shrink_to_zero_along_both_penalties():
    series = measure("leaf_optimum", make_sample()).series

    for name in ("reg_alpha", "reg_lambda"):
        lines = np.abs([series[f"{name}_leaf{k}"] for k in range(8)])
        assert (np.diff(lines, axis=1) <= 0).all()
        assert (lines[:, -1] < 0.2 * lines[:, 0]).all()
    assert series["reg_alpha_leaf0"][-1] == 0
    assert series["reg_lambda_leaf0"][-1] > 0


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_a_penalty_helps_new_rows_where_rows_are_few_and_noise_is_large(penalty):
    beta = np.r_[BETA, np.zeros(30)]
    samples = [
        make_sample(n_samples=60, beta=beta, noise=3.0, seed=seed) for seed in range(3)
    ]

    found = [
        measure("losses_along_a_penalty", s, penalty=penalty).values for s in samples
    ]

    assert np.mean([one["new_change"] for one in found]) < -0.15
    assert min(one["train_change"] for one in found) > 0.1


def test_a_penalty_buys_nothing_where_the_unpenalised_model_is_right():
    beta = np.r_[3.0, -3.0, 3.0, -3.0]
    found = measure(
        "losses_along_a_penalty", make_sample(beta=beta, noise=0.2), penalty="l1"
    ).values

    assert found["new_change"] > -0.01
    assert found["new_change_strongest"] > 1


def test_fewer_rows_than_columns_are_refused_with_their_numbers():
    with pytest.raises(FitError, match="there are 5 rows and 10 columns"):
        measure("shifted_optimum", make_sample(n_samples=5))
