"""The same penalty grows the same stump in every engine, and a leaf obeys its formula.

Stumps, because LightGBM bans a feature from the whole subtree of a node where it found
no admissible split: deeper trees differ under penalties.
"""

import itertools

import numpy as np
import pytest
from problems import make_problem, with_reg_alpha_if_taken

from boostreg.engines import Growth, LightGBM, XGBoost
from boostreg.penalty import Penalty

BOTH = {"xgboost": XGBoost(), "lightgbm": LightGBM()}
CLASSIC = ["squared_error", "logistic", "softmax", "softmax5"]
LOG_LINK = ["poisson", "gamma", "tweedie"]
OBJECTIVES = [*CLASSIC, *LOG_LINK]
N_ROUNDS = 10
ALONE = [(20.0, 0.0, 0.0, 0.001), (0.0, 100.0, 0.0, 0.001), (0.0, 0.0, 5.0, 0.001)]
GRID = [
    Penalty(
        reg_alpha=alpha,
        reg_lambda=lambda_,
        min_split_gain=gain,
        min_child_weight=least,
        max_leaves=2,
    )
    for alpha, lambda_, gain, least in (
        *itertools.product((0.0, 3.0), (0.0, 10.0), (0.0, 0.5), (0.001, 12.0)),
        *ALONE,
    )
]


def grow(engine, bins, penalty, n_rounds=N_ROUNDS):
    growth = Growth(n_rounds=n_rounds, curves=False)
    return engine.trees(engine.fit(bins, penalty, growth).model)


def rounds_before_a_tree_without_split(trees, n_outputs):
    leaves = np.diff(trees.tree_offsets).reshape(-1, n_outputs)
    unsplit = np.flatnonzero((leaves == 1).any(axis=1))
    return int(unsplit[0]) if len(unsplit) else len(leaves)


@pytest.mark.parametrize(
    ("weighted", "missing"),
    [(False, False), (True, True)],
    ids=["unweighted and whole", "weighted and missing"],
)
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_stumps_agree_in_partition_and_leaves(kind, weighted, missing):
    problem = make_problem(kind, weighted=weighted, missing=missing)
    X, outputs = problem.train.X, problem.objective.n_outputs
    bins = {name: engine.bin(problem) for name, engine in BOTH.items()}
    compared = 0

    grid = {with_reg_alpha_if_taken(BOTH["xgboost"], p, problem) for p in GRID}
    for penalty in sorted(grid, key=repr):
        one, two = (grow(BOTH[n], bins[n], penalty) for n in BOTH)
        common = min(
            rounds_before_a_tree_without_split(trees, outputs) for trees in (one, two)
        )
        if common == 0:
            continue
        one, two = one.truncate(common), two.truncate(common)
        compared += common
        assert_same_leaves(one, two, X)

    assert compared > len(grid) * N_ROUNDS / 3


def leaf_values(trees, X):
    """Return the value of the leaf of each row in each tree, (n_samples, n_trees)."""
    return trees.value[trees.leaf_indices(X)]


def assert_same_leaves(one, two, X):
    a, b = leaf_values(one, X), leaf_values(two, X)
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=0)
    rows_one, rows_two = one.leaf_indices(X), two.leaf_indices(X)
    for tree in range(a.shape[1]):
        left = rows_one[:, tree] == rows_one[0, tree]
        assert (left == (rows_two[:, tree] == rows_two[0, tree])).all()


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_leaf_weights_follow_the_closed_form(whole_engine, kind, weighted):
    problem = make_problem(kind, weighted=weighted)
    penalty = Penalty(reg_alpha=0.7, reg_lambda=2.5, max_leaves=7, learning_rate=0.3)
    penalty = with_reg_alpha_if_taken(whole_engine, penalty, problem)
    limit = 0.7 if kind in LOG_LINK else np.inf
    train, outputs = problem.train, problem.objective.n_outputs
    trees = grow(whole_engine, whole_engine.bin(problem), penalty, n_rounds=6)
    leaves = trees.leaf_indices(train.X)
    w = np.ones(train.n_samples) if train.weights is None else train.weights
    raw = np.tile(problem.standard.intercept, (train.n_samples, 1))

    for start in range(0, leaves.shape[1], outputs):
        gradient = problem.objective.gradient(train.y, raw) * w[:, None]
        hessian = problem.objective.hessian(train.y, raw) * w[:, None]
        for output in range(outputs):
            column = leaves[:, start + output]
            for leaf in np.unique(column):
                G = gradient[column == leaf, output].sum()
                H = hessian[column == leaf, output].sum()
                soft = np.sign(G) * max(abs(G) - penalty.reg_alpha, 0)
                weight = -soft / (H + penalty.reg_lambda)
                expected = 0.3 * np.clip(weight, -limit, limit)
                assert trees.value[leaf] == pytest.approx(expected, rel=2e-4, abs=2e-5)
                assert trees.hessian[leaf] == pytest.approx(H, rel=1e-4)
            raw[:, output] += trees.value[column]


@pytest.mark.parametrize(
    ("engine", "leaf"), [(XGBoost(), True), (LightGBM(), False)], ids=BOTH
)
def test_tree_without_split_is_where_the_engines_part(engine, leaf):
    """XGBoost keeps a shrunken leaf and goes on; LightGBM stops for good."""
    problem = make_problem()
    bins = engine.bin(problem)

    training = engine.fit(bins, Penalty(min_split_gain=1e9), Growth(n_rounds=5))

    assert training.model.n_rounds == (5 if leaf else 0)
    assert training.exhausted is not leaf
    assert engine.trees(training.model).size().n_leaves == (5 if leaf else 0)


@pytest.mark.parametrize(
    ("engine", "found"), [(XGBoost(), True), (LightGBM(), False)], ids=BOTH
)
def test_lightgbm_passes_over_a_split_whose_rows_it_estimates_at_none(engine, found):
    """LightGBM counts rows by rounding each bin's hessian, whatever the row minimum.

    With many bins the other side seems to hold all rows before its last bins are
    reached (src/treelearner/feature_histogram.hpp, FindBestThresholdSequentially).
    """
    problem = make_problem("poisson", codes=(4, 9, 25, 50, 12))
    stump = Penalty(reg_lambda=0.0, max_leaves=2)
    trees = grow(engine, engine.bin(problem), stump, n_rounds=30)
    before = leaf_values(trees, problem.train.X)[:, :29].sum(axis=1)
    few = problem.train.X[:, 3] < 1

    assert few.sum() == 4
    raw = problem.standard.intercept + before[:, None]
    assert (chosen_gain(trees, 29) >= 0.999 * gain_of(problem, raw, few)) is found


def chosen_gain(trees, tree):
    return float(trees.gain[trees.tree_offsets[tree]])


def gain_of(problem, raw, left):
    g = problem.objective.gradient(problem.train.y, raw)[:, 0]
    h = problem.objective.hessian(problem.train.y, raw)[:, 0]
    sides = (left, ~left, np.ones_like(left))
    one, two, both = (g[m].sum() ** 2 / h[m].sum() for m in sides)
    return float(one + two - both)
