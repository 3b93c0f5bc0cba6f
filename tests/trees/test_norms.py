"""Leaf weights are those before the learning rate and without the intercept."""

import lightgbm
import numpy as np
import pytest
import xgboost

from boostreg.errors import ModelError
from boostreg.trees import TreeEnsemble, tree_size


@pytest.mark.parametrize("rate", [0.03, 0.1, 0.3, 0.777, 1.0])
@pytest.mark.parametrize("reg_lambda", [0.0, 1.0, 25.0])
@pytest.mark.parametrize("reg_alpha", [0.0, 3.0])
def test_a_file_alone_tells_rate_and_reg_lambda(grow, rate, reg_lambda, reg_alpha):
    booster, _ = grow.xgboost(eta=rate, reg_lambda=reg_lambda, reg_alpha=reg_alpha)

    trees = TreeEnsemble.from_xgboost_ubj(bytes(booster.save_raw("ubj")))

    np.testing.assert_allclose(trees.learning_rates, rate, rtol=1e-4)
    assert trees.reg_lambda == pytest.approx(reg_lambda, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_a_loaded_booster_is_not_believed_its_default_rate(grow, rate):
    booster, _ = grow.xgboost(eta=rate, reg_lambda=7.0)
    loaded = xgboost.Booster(model_file=bytearray(booster.save_raw("ubj")))

    size = tree_size(loaded)

    assert size.l1_norm == pytest.approx(tree_size(booster).l1_norm, rel=1e-5)
    assert size.shrinkage == pytest.approx(tree_size(booster).shrinkage, rel=1e-3)


def test_exact_tells_the_rate_of_pruned_trees(grow):
    booster, _ = grow.xgboost(tree_method="exact", gamma=8.0, max_depth=6)

    trees = TreeEnsemble.from_xgboost_ubj(bytes(booster.save_raw("ubj")))

    np.testing.assert_allclose(trees.learning_rates, 0.15, rtol=1e-6)


@pytest.mark.parametrize(
    "params", [{"max_delta_step": 0.3}, {"max_depth": 1}], ids=["clipped", "stumps"]
)
def test_what_the_gains_cannot_tell_is_nan_unless_given(grow, params):
    booster, _ = grow.xgboost(**params)
    data = bytes(booster.save_raw("ubj"))

    unknown = TreeEnsemble.from_xgboost_ubj(data).size()
    given = TreeEnsemble.from_xgboost_ubj(data, learning_rate=0.15).size()

    assert np.isnan([unknown.l1_norm, unknown.l2_norm]).all()
    assert unknown.n_leaves == given.n_leaves
    # The live booster's configuration knows.
    assert given.l1_norm == pytest.approx(tree_size(booster).l1_norm, rel=1e-6)


def test_changing_rates_are_not_mistaken_for_one(grow):
    X, y = grow.table()
    rates = xgboost.callback.LearningRateScheduler(lambda i: 0.3 / (i + 1))
    booster = xgboost.train(
        {"max_depth": 4, "nthread": 1}, xgboost.DMatrix(X, y), 5, callbacks=[rates]
    )

    assert np.isnan(tree_size(booster).l1_norm)


BALANCED = {
    "squared error": {},
    "reg_alpha": {"lambda_l1": 20.0, "lambda_l2": 3.0},
    "reg_lambda": {"lambda_l2": 50.0},
    "logistic": {"objective": "binary", "lambda_l1": 4.0},
    "softmax": {"objective": "multiclass", "num_class": 3, "lambda_l1": 4.0},
    "poisson": {"objective": "poisson", "lambda_l1": 2.0},
    "gamma": {"objective": "gamma"},
    "tweedie": {"objective": "tweedie", "lambda_l1": 2.0},
    "full rate": {"learning_rate": 1.0, "lambda_l1": 5.0},
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


def test_found_intercept_is_the_mean_of_the_target(grow):
    booster, _ = grow.lightgbm(lambda_l1=20.0)

    trees = TreeEnsemble.from_model(booster)

    assert trees.intercept[0] == pytest.approx(grow.table()[1].mean(), rel=1e-6)
    assert trees.size_at(1).zero_share > 0


@pytest.mark.parametrize(
    "params",
    [
        {"objective": "l1"},
        {"bagging_fraction": 0.5, "bagging_freq": 1},
        {"boosting": "dart"},
        {"path_smooth": 5.0},
        {"max_delta_step": 0.2},
    ],
    ids=str,
)
def test_intercept_that_cannot_be_told_makes_norms_nan_unless_given(grow, params):
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


def test_a_line_in_the_head_tells_the_intercept(grow):
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
