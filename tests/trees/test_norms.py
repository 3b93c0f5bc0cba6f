"""Leaf weights are those before the learning rate and without the intercept."""

import lightgbm
import numpy as np
import pytest

from boostreg.errors import ModelError
from boostreg.trees import TreeEnsemble, tree_size


@pytest.mark.parametrize("rate", [0.03, 0.1, 1.0])
def test_norms_of_xgboost_need_its_rate_and_shrinkage_its_reg_lambda(grow, rate):
    booster, _ = grow.xgboost(eta=rate, reg_lambda=7.0, base_score=0.0)

    unknown, given = (
        tree_size(booster),
        tree_size(booster, learning_rate=rate, reg_lambda=7.0),
    )

    weights = booster.trees_to_dataframe().query("Feature == 'Leaf'")["Gain"] / rate
    assert given.l1_norm == pytest.approx(weights.abs().sum(), rel=1e-5)
    assert given.l2_norm == pytest.approx((weights**2).sum() ** 0.5, rel=1e-5)
    assert 0 < given.shrinkage < 1
    assert np.isnan([unknown.l1_norm, unknown.l2_norm, unknown.shrinkage]).all()
    assert unknown.n_leaves == given.n_leaves


def test_parallel_trees_share_the_rate(grow):
    booster, _ = grow.xgboost(num_parallel_tree=3, subsample=0.5)

    trees = TreeEnsemble.from_model(booster, learning_rate=0.15)

    np.testing.assert_allclose(trees.learning_rates, 0.05)


BALANCED = {
    "squared error": {},
    "reg_lambda": {"lambda_l2": 50.0},
    "logistic": {"objective": "binary"},
    "softmax": {"objective": "multiclass", "num_class": 3},
    "poisson": {"objective": "poisson"},
    "gamma": {"objective": "gamma"},
    "tweedie": {"objective": "tweedie"},
    "full rate": {"learning_rate": 1.0},
    "one leaf": {"lambda_l1": 1e9},
}


@pytest.mark.parametrize("params", BALANCED.values(), ids=BALANCED)
def test_hidden_intercept_is_found_where_the_loss_balances(grow, params):
    booster, _ = grow.lightgbm(**params)
    hidden = TreeEnsemble.from_model(booster)

    pure = _grow_from(grow, hidden.intercept, params)

    size, expected = hidden.size(), pure.size_at(hidden.n_rounds)
    assert not hidden.mixed.any()
    assert size.l1_norm == pytest.approx(expected.l1_norm, rel=1e-5, abs=1e-9)
    assert size.zero_share == pytest.approx(expected.zero_share)


def _grow_from(grow, intercept, params):
    X, y = grow.table(0, params.get("objective", ""))
    start = np.tile(intercept, (len(y), 1)).ravel(order="F")
    common = {"num_leaves": 7, "learning_rate": 0.15, "verbosity": -1}
    common |= {"num_threads": 1, "boost_from_average": False}
    data = lightgbm.Dataset(X, y, init_score=start)
    booster = lightgbm.train(common | params, data, 8)
    return TreeEnsemble.from_model(booster, intercept=0.0)


@pytest.mark.parametrize(
    "params",
    [
        {"objective": "l1"},
        {"bagging_fraction": 0.5, "bagging_freq": 1},
        {"boosting": "dart"},
        {"path_smooth": 5.0},
        {"max_delta_step": 0.2},
        {"lambda_l1": 20.0},
    ],
    ids=str,
)
def test_intercept_that_is_unknown_makes_norms_nan_unless_given(grow, params):
    booster, _ = grow.lightgbm(**params)

    unknown = TreeEnsemble.from_model(booster)
    given = TreeEnsemble.from_model(booster, intercept=[0.25])

    sizes = unknown.size()
    assert np.isnan([sizes.l1_norm, sizes.l2_norm, sizes.zero_share]).all()
    assert np.isfinite(given.size().l1_norm)
    assert sizes.n_leaves == given.size().n_leaves
    np.testing.assert_allclose(
        unknown.predict(grow.table()[0]), given.predict(grow.table()[0]) + 0.25
    )


def test_a_line_in_the_header_gives_the_intercept(grow):
    booster, X = grow.lightgbm(objective="l1")
    text = booster.model_to_string()
    text = text.replace("\nnum_class=", "\nboostreg_intercept=0.25\nnum_class=", 1)

    trees = TreeEnsemble.from_lightgbm_text(text)

    assert trees.intercept == [0.25]
    again = lightgbm.Booster(model_str=text)
    np.testing.assert_array_equal(again.predict(X), booster.predict(X))


def test_intercepts_of_another_number_of_classes_are_refused(grow):
    booster, _ = grow.lightgbm()

    with pytest.raises(ModelError, match="intercept must have 1 or 1 numbers"):
        TreeEnsemble.from_model(booster, intercept=[1.0, 2.0])


def test_rates_of_dart_include_its_scaling(grow):
    booster, _ = grow.lightgbm(boosting="dart", drop_rate=0.5, boost_from_average=False)

    trees = TreeEnsemble.from_model(booster)

    text = booster.model_to_string().splitlines()
    stored = [float(row[10:]) for row in text if row.startswith("shrinkage=")]
    np.testing.assert_array_equal(trees.learning_rates, stored)
    assert len(set(stored)) > 1
