"""scikit-learn's trees equal its own predictions and node records."""

import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from boostreg.errors import ModelError
from boostreg.trees import TreeEnsemble, tree_size


def raw_scores(model, X):
    """Return what the estimator adds up, which has no public name."""
    return model._raw_predict(X)  # noqa: SLF001  # the one oracle there is


def test_regressor_equals_its_own_raw_scores_and_counts(grow):
    X, y = grow.table()
    model = HistGradientBoostingRegressor(max_iter=8, l2_regularization=2.0).fit(X, y)

    trees = TreeEnsemble.from_model(model)

    raw = trees.predict(X) + trees.intercept
    np.testing.assert_allclose(raw, raw_scores(model, X), atol=1e-12)
    predictors = [tree for (tree,) in model._predictors]  # noqa: SLF001  # oracle
    size = trees.size()
    assert size.n_leaves == sum(tree.get_n_leaf_nodes() for tree in predictors)
    assert size.depth == max(tree.get_max_depth() for tree in predictors)
    assert trees.reg_lambda == 2.0


def test_classes_have_a_tree_a_round_each(grow):
    X, y = grow.table(objective="multi")
    model = HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=5).fit(X, y)

    trees = TreeEnsemble.from_model(model)

    assert (trees.n_outputs, trees.n_rounds, trees.n_trees) == (3, 8, 24)
    raw = trees.predict(X) + trees.intercept
    np.testing.assert_allclose(raw, raw_scores(model, X), atol=1e-12)


def test_categories_known_unknown_and_missing_go_as_in_the_library(grow):
    X, y = grow.table()
    rng = np.random.default_rng(1)
    X[:, 1] = rng.integers(3, 40, len(y))
    X[:, 3] = rng.choice([0.0, 5.0, 7.0, np.nan], len(y))
    y = y + 3 * (np.sin(7 * X[:, 1]) > 0) + np.nan_to_num(X[:, 3])
    model = HistGradientBoostingRegressor(
        max_iter=20, categorical_features=[1, 3], min_samples_leaf=2
    ).fit(X, y)
    odd = X.copy()
    odd[::3, 1] = rng.choice([0.0, 3.0, 77.0, np.nan], 100)

    trees = TreeEnsemble.from_model(model)

    assert len(trees.members_left) > 0
    for table in (X, odd):
        raw = trees.predict(table) + trees.intercept
        np.testing.assert_allclose(raw, raw_scores(model, table), atol=1e-12)


def test_norms_are_before_the_learning_rate_and_hessians_unknown(grow):
    X, y = grow.table()
    model = HistGradientBoostingRegressor(max_iter=1, learning_rate=0.5).fit(X, y)

    size = tree_size(model)

    nodes = model._predictors[0][0].nodes  # noqa: SLF001  # oracle
    leaves = nodes["value"][nodes["is_leaf"] == 1] / 0.5
    assert size.l1_norm == pytest.approx(np.abs(leaves).sum())
    assert size.l2_norm == pytest.approx(np.sqrt((leaves**2).sum()))
    assert np.isnan(size.shrinkage)


def test_unfitted_estimator_says_so():
    with pytest.raises(ModelError, match="HistGradientBoostingRegressor must be fitt"):
        tree_size(HistGradientBoostingRegressor())
