"""LightGBM's trees equal what its own dump, table and predictions say."""

import lightgbm
import numpy as np
import pytest

from boostreg.errors import ModelError
from boostreg.trees import TreeEnsemble, tree_size


def count_dump(booster):
    """Return trees, leaves, splits, depth, features and thresholds of the dump."""
    infos = booster.dump_model()["tree_info"]
    leaves, splits, depth, pairs = 0, 0, 0, set()
    stack = [(info["tree_structure"], 0) for info in infos]
    while stack:
        node, level = stack.pop()
        depth = max(depth, level)
        if "split_feature" not in node:
            leaves += 1
            continue
        splits += 1
        pairs.add((node["split_feature"], node["threshold"]))
        stack += [(node["left_child"], level + 1), (node["right_child"], level + 1)]
    return len(infos), leaves, splits, depth, len({f for f, _ in pairs}), len(pairs)


def test_counts_equal_the_dump(lightgbm_case):
    booster, _ = lightgbm_case

    size = tree_size(booster)

    counts = (size.n_trees, size.n_leaves, size.n_splits, size.depth)
    assert (*counts, size.n_features, size.n_thresholds) == count_dump(booster)


def test_leaves_equal_the_dump(lightgbm_case):
    booster, _ = lightgbm_case
    trees = TreeEnsemble.from_model(booster, intercept=0.0)

    leaf = trees.left < 0

    lines = [
        line.split("=")[1].split()
        for line in booster.model_to_string().splitlines()
        if line.startswith("leaf_value=")
    ]
    stored = np.array([float(value) for line in lines for value in line])
    np.testing.assert_array_equal(trees.value[leaf], stored)


@pytest.mark.parametrize("rounds", [1, 8])
def test_raw_scores_equal_the_librarys(lightgbm_case, rounds):
    booster, X = lightgbm_case
    trees = TreeEnsemble.from_model(booster)
    rounds = min(rounds, trees.n_rounds)

    raw = trees.predict(X, rounds) + trees.intercept

    expected = booster.predict(X, raw_score=True, num_iteration=rounds)
    np.testing.assert_allclose(raw, expected.reshape(raw.shape), rtol=0, atol=1e-12)


def test_missing_values_and_zeros_go_as_in_the_library(lightgbm_case):
    booster, X = lightgbm_case
    odd = X.copy()
    odd[::7, 0], odd[1::5, 1], odd[2::5, 1] = np.nan, 0.0, 1e-36
    trees = TreeEnsemble.from_model(booster)

    raw = trees.predict(odd) + trees.intercept

    expected = booster.predict(odd, raw_score=True).reshape(raw.shape)
    np.testing.assert_allclose(raw, expected, rtol=0, atol=1e-12)


def test_leaf_indices_equal_the_librarys(lightgbm_case):
    booster, X = lightgbm_case
    trees = TreeEnsemble.from_model(booster)

    found = trees.leaf_indices(X) - trees.tree_offsets[:-1]

    n_splits = np.diff(trees.tree_offsets) // 2
    expected = booster.predict(X, pred_leaf=True).reshape(found.shape)
    np.testing.assert_array_equal(found - n_splits, expected)


@pytest.mark.parametrize("one_hot", [1, 100])
def test_categories_predict_as_in_the_library(grow, one_hot):
    X, y = grow.table()
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 70, len(y)).astype(float)
    y = y + 3 * (np.sin(7 * kind) > 0)
    kind[::9] = np.nan
    odd = rng.choice([0.0, 1.0, 3.5, 69.0, 71.0, 1e3, -1.0, -0.5, np.nan], len(y))
    params = {"max_cat_to_onehot": one_hot, "min_data_per_group": 5, "cat_smooth": 1}
    params |= {"num_leaves": 7, "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(np.c_[X, kind], y, categorical_feature=[4])
    booster = lightgbm.train(params, data, 8)

    trees = TreeEnsemble.from_model(booster)

    for column in (kind, odd):
        table = np.c_[X, column]
        raw = trees.predict(table) + trees.intercept
        expected = booster.predict(table, raw_score=True)
        np.testing.assert_allclose(raw[:, 0], expected, rtol=0, atol=1e-12)
    size, dump = trees.size(), count_dump(booster)
    assert (size.n_leaves, size.n_splits, size.depth) == dump[1:4]
    assert size.n_thresholds == dump[5]


def test_early_stopped_models_count_to_the_best_round(grow):
    X, y = grow.table()
    stop = lightgbm.early_stopping(5, verbose=False)
    booster = lightgbm.train(
        {"learning_rate": 0.5, "num_threads": 1, "verbosity": -1},
        data := lightgbm.Dataset(X[:200], y[:200]),
        200,
        valid_sets=[data.create_valid(X[200:], y[200:])],
        callbacks=[stop],
        keep_training_booster=True,
    )

    trees = TreeEnsemble.from_model(booster)

    assert trees.n_rounds == booster.best_iteration < booster.current_iteration()
    raw = trees.predict(X) + trees.intercept
    np.testing.assert_allclose(raw[:, 0], booster.predict(X), atol=1e-12)


def test_estimator_counts_as_its_booster(grow):
    X, y = grow.table()
    model = lightgbm.LGBMRegressor(n_estimators=5, n_jobs=1, verbosity=-1).fit(X, y)

    assert tree_size(model) == tree_size(model.booster_)
    assert tree_size(model).n_trees == 5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"linear_tree": True}, "linear_tree has a regression in each leaf"),
        (
            {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
            "'rf' averages its trees",
        ),
    ],
)
def test_what_is_no_sum_of_plain_leaves_is_refused_by_name(grow, params, message):
    booster, _ = grow.lightgbm(3, **params)

    with pytest.raises(ModelError, match=message):
        tree_size(booster)


def test_unfitted_estimator_says_so():
    with pytest.raises(ModelError, match="LGBMClassifier must be fitted first"):
        tree_size(lightgbm.LGBMClassifier())
