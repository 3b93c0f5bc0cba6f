"""``Penalty.params`` in the libraries' own scikit-learn wrappers."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from boostreg import BoostedClassifier, BoostedRegressor, Penalty, Units
from boostreg.errors import PenaltyError, StudyError, UnsupportedPenaltyError

WRAPPERS = {
    "xgboost": (xgboost.XGBRegressor, xgboost.XGBClassifier),
    "lightgbm": (lightgbm.LGBMRegressor, lightgbm.LGBMClassifier),
    "sklearn": (HistGradientBoostingRegressor, HistGradientBoostingClassifier),
}
ROUNDS = {"xgboost": "n_estimators", "lightgbm": "n_estimators", "sklearn": "max_iter"}
STRONG = Penalty(
    reg_alpha=0.5, reg_lambda=1.0, min_split_gain=0.3, min_child_weight=2, max_leaves=8
)
WEAK = Penalty(reg_lambda=1.0, max_leaves=8)
CASES = [
    (engine, n_classes, has_categories)
    for engine in ("xgboost", "lightgbm")
    for n_classes in (0, 2, 3)
    for has_categories in (False, True)
]


@pytest.fixture(scope="module")
def rows():
    """Return a frame with a category column, and a target that depends on all of it."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.integers(0, 50, (900, 3)) / 10, columns=list("abc"))
    codes = rng.integers(0, 12, 900)
    X["kind"] = pd.Categorical([f"k{code:02d}" for code in codes])
    signal = X["a"] + np.sin(X["b"]) + 2 * rng.normal(size=12)[codes]
    return X, (signal + rng.normal(size=900)).to_numpy()


def predictions(model, X):
    """Return probabilities of a classifier, otherwise means."""
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def classed(y, n_classes):
    """Return a target cut into so many classes of equal size; 0 keeps its numbers."""
    return pd.qcut(y, n_classes, labels=False) if n_classes else y


@pytest.mark.parametrize(("engine", "n_classes", "has_categories"), CASES)
def test_bare_wrapper_grows_our_trees(engine, n_classes, has_categories, rows):
    X, y = rows[0], classed(rows[1], n_classes)
    X = X if has_categories else X[list("abc")]
    kind = BoostedClassifier if n_classes else BoostedRegressor
    ours = kind(engine=engine, n_estimators=15, **STRONG.as_dict()).fit(X, y)

    params = STRONG.params(engine, n_classes=n_classes, categories=has_categories)
    bare = WRAPPERS[engine][n_classes > 0](**params, n_estimators=15, n_jobs=1)

    found = predictions(clone(bare).fit(X, y), X)
    np.testing.assert_allclose(found, predictions(ours, X), atol=5e-6)
    assert ("kind" in ours.feature_names_in_[ours.feature_importances_ > 0]) == (
        has_categories
    )


@pytest.mark.parametrize("engine", WRAPPERS)
def test_stated_objective_is_among_the_parameters(engine, rows):
    X, y = rows[0][list("abc")], np.round(np.abs(rows[1]))
    given = {"objective": "poisson"}
    ours = BoostedRegressor(engine=engine, n_estimators=9, max_leaves=8, **given)

    params = WEAK.params(engine, **given) | {ROUNDS[engine]: 9}
    bare = WRAPPERS[engine][0](**params).fit(X, y)

    np.testing.assert_allclose(bare.predict(X), ours.fit(X, y).predict(X), rtol=1e-5)


def test_scaled_penalty_needs_units():
    penalty = Penalty(reg_lambda=4.0, scale="rows")
    units = Units(gradient=0.5, hessian=0.25, n_samples=100)

    assert penalty.params("xgboost", units=units)["reg_lambda"] == 1.0
    with pytest.raises(PenaltyError, match="scale 'rows' needs units"):
        penalty.params("xgboost")


def test_rows_per_leaf_are_translated_only_for_squared_error():
    penalty = Penalty(min_child_samples=10)

    params = penalty.params("xgboost", objective="squared_error")

    assert params["min_child_weight"] == 9.5
    with pytest.raises(UnsupportedPenaltyError, match="min_child_samples=10 cannot"):
        penalty.params("xgboost")


def test_unlimited_leaves_of_lightgbm_are_limited_by_the_rows():
    unlimited = Penalty(max_leaves=None)
    units = Units(gradient=1.0, hessian=1.0, n_samples=100)

    assert unlimited.params("lightgbm", units=units)["num_leaves"] == 100
    assert unlimited.params("xgboost")["max_leaves"] == 0
    with pytest.raises(PenaltyError, match="LightGBM reserves memory for each leaf"):
        unlimited.params("lightgbm")


def test_unknown_engine_is_an_error():
    with pytest.raises(StudyError, match="engine must be one of xgboost, lightgbm"):
        Penalty().params("catboost")
