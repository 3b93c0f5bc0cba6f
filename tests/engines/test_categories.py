"""Categories are split alike, and no engine loses one to a penalty."""

from dataclasses import replace

import numpy as np
import pytest
from problems import as_table, make_category_problem, make_objective

from boostreg.data import Column
from boostreg.engines import Growth, LightGBM, Problem, XGBoost
from boostreg.errors import DataError
from boostreg.penalty import Penalty

KINDS = ["squared_error", "logistic"]


def raw_scores(engine, problem, n_rounds=20, **penalties):
    penalty = Penalty(**({"max_leaves": 2} | penalties))
    growth = Growth(n_rounds=n_rounds, curves=False)
    model = engine.fit(engine.bin(problem), penalty, growth).model
    return engine.predict(model, problem.train.X)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reg_lambda", [0.0, 0.3, 1.0, 10.0, 100.0, 1000.0])
@pytest.mark.parametrize("n_categories", [3, 12, 30], ids="{}-categories".format)
def test_stumps_agree(n_categories, reg_lambda, kind):
    """One against the rest below four categories, a cut of their order above."""
    problem = make_category_problem(n_categories, kind=kind)

    one, two = (
        raw_scores(engine, problem, reg_lambda=reg_lambda)
        for engine in (XGBoost(), LightGBM())
    )

    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5 * np.abs(one).max())


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reg_lambda", [5.0, 30.0, 300.0])
def test_stumps_agree_however_reg_lambda_orders_rare_and_common_ones(
    reg_lambda, kind, weighted
):
    """A rare category's mean counts for less, so that it moves in the order."""
    rng = np.random.default_rng(3)
    codes = rng.choice(20, 1500, p=0.2 / 20 + 0.8 * rng.dirichlet(np.full(20, 0.5)))
    y = rng.normal(size=20)[codes] * 2 + rng.normal(size=1500)
    y = (y > 0).astype(float) if kind == "logistic" else y
    weights = rng.uniform(0.3, 3.0, 1500) if weighted else None
    table = as_table(
        codes[:, None].astype(float), y, weights, n_classes=2 * (kind == "logistic")
    )
    labels = tuple(f"c{i:03}" for i in range(20))
    problem = Problem.of(
        replace(table, columns=(Column("c", labels),)), None, make_objective(kind)
    )

    one, two = (
        raw_scores(engine, problem, reg_lambda=reg_lambda)
        for engine in (XGBoost(), LightGBM())
    )

    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5 * np.abs(one).max())


@pytest.mark.parametrize("reg_lambda", [10.0, 100.0])
def test_strong_reg_lambda_loses_no_category(whole_engine, reg_lambda):
    """With cat_smooth=reg_lambda LightGBM would pass over those of fewer rows."""
    problem = make_category_problem(60, n_samples=1200)

    raw = raw_scores(whole_engine, problem, n_rounds=80, reg_lambda=reg_lambda)

    means = [raw[problem.train.X[:, 0] == c].mean() for c in range(60)]
    truth = [problem.train.y[problem.train.X[:, 0] == c].mean() for c in range(60)]
    assert np.corrcoef(means, truth)[0, 1] > 0.8


def test_strong_reg_lambda_costs_both_the_same():
    problem = make_category_problem(60, n_samples=1200)

    losses = [
        problem.objective.loss(
            problem.train.y, raw_scores(engine, problem, 80, reg_lambda=100.0)
        )
        for engine in (XGBoost(), LightGBM())
    ]

    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_category_leaves_obey_the_formula_without_a_penalty_of_their_own(whole_engine):
    problem = make_category_problem(12)
    penalty = Penalty(reg_lambda=7.0, max_leaves=2, learning_rate=1.0)
    fitted = whole_engine.fit(
        whole_engine.bin(problem), penalty, Growth(n_rounds=1, curves=False)
    )
    trees = whole_engine.trees(fitted.model)

    leaves = trees.leaf_indices(problem.train.X)[:, 0]

    residual = problem.train.y - problem.standard.intercept[0]
    for leaf in np.unique(leaves):
        rows = leaves == leaf
        expected = residual[rows].sum() / (rows.sum() + 7.0)
        assert trees.value[leaf] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n_rows", "is_missing"), [(5, True), (30, False)])
def test_lightgbm_takes_the_rarest_category_for_a_missing_one(n_rows, is_missing):
    """If it has less than a hundredth of the rows (src/io/bin.cpp, FindBin)."""
    problem = make_category_problem(12, n_samples=1200)
    X, y = problem.train.X.copy(), problem.train.y.copy()
    rare = np.arange(n_rows)
    X[rare], y[rare] = 12.0, 50.0
    labels = tuple(f"c{i:03}" for i in range(13))
    table = replace(problem.train, X=X, y=y, columns=(Column("c", labels),))
    engine = LightGBM()
    made = Problem.of(table, None, problem.objective)

    model = engine.fit(
        engine.bin(made), Penalty(max_leaves=4), Growth(n_rounds=5)
    ).model

    as_known = engine.predict(model, np.array([[12.0]]))
    as_missing = engine.predict(model, np.array([[np.nan]]))
    assert (as_known == as_missing).all() == is_missing


def test_rarest_of_many_categories_are_told_apart():
    """LightGBM's default bins would join those beyond 255 and a hundredth of rows."""
    problem = make_category_problem(260, n_samples=2610)
    X, y = problem.train.X.copy(), problem.train.y.copy()
    X[:5], X[5:10], y[:5], y[5:10] = 260.0, 261.0, 50.0, -50.0
    labels = tuple(f"c{i:03}" for i in range(262))
    table = replace(problem.train, X=X, y=y, columns=(Column("c", labels),))
    rare = Problem.of(table, None, problem.objective)

    one, two = (
        raw_scores(engine, rare, 40, max_leaves=8, reg_lambda=0.0)[[0, 5], 0]
        for engine in (XGBoost(), LightGBM())
    )

    assert one[0] - one[1] > 80
    assert two[0] - two[1] > 40


def test_scikit_learn_takes_at_most_255_categories(engine):
    problem = make_category_problem(300)

    if engine.name == "sklearn":
        with pytest.raises(DataError, match="at most 255 categories per column; 'c'"):
            raw_scores(engine, problem)
    else:
        assert np.isfinite(raw_scores(engine, problem)).all()


@pytest.mark.parametrize("reg_lambda", [0.0, 1.0])
def test_deep_trees_agree_where_a_node_lacks_categories(reg_lambda):
    """With cat_smooth=0 LightGBM would sort those by 0 / 0, and all in disorder."""
    rng = np.random.default_rng(1)
    codes = rng.choice(30, 1000, p=0.6 / 30 + 0.4 * rng.dirichlet(np.full(30, 0.7)))
    X = np.column_stack([codes, rng.integers(0, 20, 1000)]).astype(float)
    y = rng.normal(size=30)[codes] + np.sin(X[:, 1] / 3) + rng.normal(size=1000)
    labels = tuple(f"c{i:03}" for i in range(30))
    table = replace(as_table(X, y), columns=(Column("c", labels), Column("x")))
    problem = Problem.of(table, None, make_objective("squared_error"))
    deep = {"max_leaves": 15, "reg_lambda": reg_lambda, "min_child_weight": 0.5}

    one, two = (
        raw_scores(engine, problem, 4, **deep) for engine in (XGBoost(), LightGBM())
    )

    assert np.bincount(codes).min() > 10
    np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(one).max())
