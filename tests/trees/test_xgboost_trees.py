"""XGBoost's trees equal what its own dump, table and predictions say."""

import json
import re

import numpy as np
import pytest
import xgboost

from boostreg.errors import ModelError
from boostreg.trees import TreeEnsemble, tree_size


def count_dump(booster):
    """Return leaves, splits, depth, features and thresholds of the JSON dump."""
    leaves, splits, depth, pairs = 0, 0, 0, set()
    stack = [(json.loads(t), 0) for t in booster.get_dump(dump_format="json")]
    while stack:
        node, level = stack.pop()
        depth = max(depth, level)
        if "leaf" in node:
            leaves += 1
            continue
        splits += 1
        condition = node["split_condition"]
        condition = tuple(condition) if isinstance(condition, list) else condition
        pairs.add((node["split"], condition))
        stack += [(child, level + 1) for child in node["children"]]
    return leaves, splits, depth, len({f for f, _ in pairs}), len(pairs)


def test_counts_equal_the_dump(xgboost_case):
    booster, _ = xgboost_case

    size = tree_size(booster)

    ours = (size.n_leaves, size.n_splits, size.depth, size.n_features)
    assert (*ours, size.n_thresholds) == count_dump(booster)


def test_every_node_equals_the_table(xgboost_case):
    booster, _ = xgboost_case
    table = booster.trees_to_dataframe().sort_values(["Tree", "Node"])

    trees = TreeEnsemble.from_model(booster)

    leaf = (table.Feature == "Leaf").to_numpy()
    np.testing.assert_array_equal(trees.left < 0, leaf)
    gain = np.where(leaf, trees.value, trees.gain)
    drop = np.repeat(_drop(booster), np.diff(trees.tree_offsets))
    expected = table.Gain * np.where(leaf, drop, 1.0)
    np.testing.assert_allclose(gain, expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(trees.hessian, table.Cover, rtol=1e-6)
    np.testing.assert_allclose(trees.threshold[~leaf], table.Split[~leaf], rtol=1e-6)


def _drop(booster):
    config = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]
    model = config.get("gbtree", config)["model"]
    drop = config.get("weight_drop") or model.get("weight_drop")
    return drop or np.ones(len(model["trees"]))


@pytest.mark.parametrize("rounds", [0, 3, 8])
def test_raw_scores_equal_the_librarys(xgboost_case, rounds):
    booster, X = xgboost_case
    trees = TreeEnsemble.from_model(booster)

    raw = trees.predict(X, rounds) + trees.intercept

    # XGBoost takes (0, 0) for all rounds.
    expected = np.broadcast_to(trees.intercept, raw.shape)
    if rounds:
        expected = booster.predict(
            xgboost.DMatrix(X), output_margin=True, iteration_range=(0, rounds)
        ).reshape(raw.shape)
    np.testing.assert_allclose(raw, expected, rtol=3e-6, atol=3e-6)


def test_leaf_indices_equal_the_librarys(xgboost_case):
    booster, X = xgboost_case
    trees = TreeEnsemble.from_model(booster)

    nodes = trees.leaf_indices(X) - trees.tree_offsets[:-1]

    expected = booster.predict(xgboost.DMatrix(X), pred_leaf=True)
    # Pruned nodes are gone from ours, and only trees that have them number on.
    whole = np.diff(trees.tree_offsets) == _stored_sizes(booster)
    np.testing.assert_array_equal(
        nodes[:, whole], expected.reshape(nodes.shape)[:, whole]
    )


def _stored_sizes(booster):
    text = bytes(booster.save_raw("json")).decode()
    return np.array([int(n) for n in re.findall(r'"num_nodes":"(\d+)"', text)])


def test_json_and_ubj_give_the_same_trees(xgboost_case):
    booster, _ = xgboost_case

    ubj, text = (
        TreeEnsemble.from_xgboost_ubj(bytes(booster.save_raw(kind)), learning_rate=0.1)
        for kind in ("ubj", "json")
    )

    for name in ("left", "right", "feature", "threshold", "value", "hessian", "gain"):
        np.testing.assert_array_equal(getattr(ubj, name), getattr(text, name))


@pytest.mark.parametrize("one_hot", [1, 100])
def test_categories_predict_as_in_the_library(grow, one_hot):
    X, y = grow.table()
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 40, len(y)).astype(float)
    y = y + 3 * (np.sin(7 * kind) > 0)
    kind[::9] = np.nan
    unseen = rng.choice([0.0, 1.0, 3.5, 39.0, 41.0, 1000.0, np.nan], len(y))
    told = {"feature_types": ["q"] * 4 + ["c"], "enable_categorical": True}
    data = xgboost.DMatrix(np.c_[X, kind], y, **told)
    params = {"max_cat_to_onehot": one_hot, "max_depth": 4, "nthread": 1}
    booster = xgboost.train(params, data, 8)

    trees = TreeEnsemble.from_model(booster)

    for column in (kind, unseen):
        table = np.c_[X, column]
        raw = trees.predict(table) + trees.intercept
        expected = booster.predict(xgboost.DMatrix(table, **told), output_margin=True)
        np.testing.assert_allclose(raw[:, 0], expected, rtol=3e-6, atol=3e-6)
    size = trees.size()
    assert (size.n_leaves, size.n_splits, size.depth) == count_dump(booster)[:3]
    assert size.n_thresholds == count_dump(booster)[4]


def test_a_set_of_categories_is_one_threshold_and_has_its_bytes(grow):
    X, y = grow.table()
    kind = np.tile([0.0, 1.0, 2.0, 3.0], 75)
    told = {"feature_types": ["c"], "enable_categorical": True}
    data = xgboost.DMatrix(kind[:, None], y + 9 * (kind % 2), **told)
    params = {"max_cat_to_onehot": 1, "max_depth": 1, "nthread": 1}

    size = tree_size(xgboost.train(params, data, 2))

    assert (size.n_splits, size.n_thresholds) == (2, 1)
    assert size.n_bytes == 2 * 20 + 4 * 8 + 4 * 4
    assert len(X) == len(y)


def test_estimator_counts_to_its_best_round_and_booster_counts_all(grow):
    X, y = grow.table()
    model = xgboost.XGBRegressor(
        n_estimators=200, early_stopping_rounds=5, n_jobs=1, learning_rate=0.5
    )
    model.fit(X[:200], y[:200], eval_set=[(X[200:], y[200:])], verbose=False)

    used, all_of_it = tree_size(model), tree_size(model.get_booster())

    assert used.n_trees == model.best_iteration + 1
    assert all_of_it.n_trees == model.get_booster().num_boosted_rounds()
    assert used.n_trees < all_of_it.n_trees
    trees = TreeEnsemble.from_model(model)
    np.testing.assert_allclose(
        (trees.predict(X) + trees.intercept)[:, 0], model.predict(X), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"booster": "gblinear"}, "gblinear has coefficients, not trees"),
        ({"multi_strategy": "multi_output_tree"}, "has vector leaves"),
    ],
)
def test_what_has_no_plain_leaves_is_refused_by_name(grow, params, message):
    X, y = grow.table()
    target = np.c_[y, y] if "multi_strategy" in params else y
    params |= {"nthread": 1, "verbosity": 0}
    booster = xgboost.Booster(params, [data := xgboost.DMatrix(X, target)])
    booster.update(data, 0)

    with pytest.raises(ModelError, match=message):
        tree_size(booster)


def test_unfitted_estimator_says_so():
    with pytest.raises(ModelError, match="XGBRegressor must be fitted first"):
        tree_size(xgboost.XGBRegressor())
