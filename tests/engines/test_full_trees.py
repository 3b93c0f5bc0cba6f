"""Where full trees agree, and the one rule that parts XGBoost and LightGBM."""

import numpy as np
import pytest
from problems import as_table, make_objective, make_problem

from boostreg.engines import (
    Growth,
    HistGradientBoosting,
    LightGBM,
    Problem,
    XGBoost,
)
from boostreg.penalty import Penalty

FREE = Penalty(reg_lambda=0.0, min_child_weight=0.5, max_leaves=31)


def raw_scores(engine, problem, penalty, n_rounds=20):
    growth = Growth(n_rounds=n_rounds, curves=False)
    model = engine.fit(engine.bin(problem), penalty, growth).model
    return engine.predict(model, problem.train.X)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax"])
def test_full_trees_agree_where_no_penalty_is_set(kind, weighted):
    problem = make_problem(kind, n_samples=2000, weighted=weighted)

    one, two = (raw_scores(e, problem, FREE) for e in (XGBoost(), LightGBM()))

    np.testing.assert_allclose(one, two, atol=2e-5 * np.abs(one).max())


@pytest.mark.parametrize("kind", ["poisson", "gamma", "tweedie"])
def test_full_trees_of_means_agree_on_few_codes(kind):
    """Their hessians vary so much that LightGBM's estimates of rows fail on more codes.

    See test_parity. Weights, so that no two splits are of equal gain.
    """
    few = (4, 5, 6, 7, 3)
    problem = make_problem(kind, n_samples=2000, weighted=True, codes=few)

    one, two = (raw_scores(e, problem, FREE) for e in (XGBoost(), LightGBM()))

    np.testing.assert_allclose(one, two, atol=2e-5 * np.abs(one).max())


@pytest.mark.parametrize("reg_lambda", [0.0, 100.0])
@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax", "softmax5"])
def test_xgboost_and_scikit_learn_grow_the_same_full_trees(kind, reg_lambda):
    assert_grown_alike(make_problem(kind, n_samples=900, weighted=True), reg_lambda)


@pytest.mark.parametrize("reg_lambda", [30.0, 100.0])
@pytest.mark.parametrize("kind", ["poisson", "gamma"])
def test_they_agree_for_means_where_no_leaf_reaches_the_limit(kind, reg_lambda):
    assert_grown_alike(make_problem(kind, n_samples=900, weighted=True), reg_lambda)


@pytest.mark.parametrize(
    ("engine", "limited"),
    [(XGBoost(), True), (LightGBM(), True), (HistGradientBoosting(), False)],
    ids=["xgboost", "lightgbm", "sklearn"],
)
def test_scikit_learn_alone_has_no_limit_on_a_leaf_of_counts(engine, limited):
    problem = make_problem("poisson", n_samples=900)
    growth = Growth(n_rounds=5, curves=False)

    training = engine.fit(engine.bin(problem), Penalty(reg_lambda=0.0), growth)

    largest = np.abs(engine.trees(training.model).value).max()
    assert bool(largest <= 0.1 * 0.7 * (1 + 1e-6)) is limited


def assert_grown_alike(problem, reg_lambda):
    penalty = Penalty(reg_lambda=reg_lambda, max_leaves=31)

    one, two = (
        raw_scores(engine, problem, penalty)
        for engine in (XGBoost(), HistGradientBoosting())
    )

    np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(one).max())


@pytest.fixture
def interaction():
    """Return rows in which the first column acts only within a split on the last.

    On all rows its effects cancel, so LightGBM finds no admissible split on it at the
    root and bans it from all nodes below: is_splittable is inherited
    (src/treelearner/serial_tree_learner.cpp).
    """
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, size=(2000, 3)).astype(float)
    y = X[:, 2] + (2 * X[:, 2] - 1) * (2 * X[:, 0] - 1) + 0.01 * rng.normal(size=2000)
    table = as_table(X, y)
    return Problem.of(table, None, make_objective("squared_error"))


def unexplained(engine, problem, penalty):
    raw = raw_scores(engine, problem, penalty, n_rounds=60)[:, 0]
    return float(np.mean((problem.train.y - raw) ** 2) / np.var(problem.train.y))


def test_min_split_gain_costs_lightgbm_an_interaction(interaction):
    strict = Penalty(reg_lambda=0.0, min_split_gain=10.0, max_leaves=31)

    assert unexplained(XGBoost(), interaction, strict) < 0.05
    assert unexplained(LightGBM(), interaction, strict) > 0.4


def test_without_min_split_gain_both_learn_the_interaction(interaction):
    assert unexplained(XGBoost(), interaction, FREE) < 0.05
    assert unexplained(LightGBM(), interaction, FREE) < 0.05
