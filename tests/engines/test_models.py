"""A model predicts the same in memory, as trees, cut short, and alone from its file."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
import xgboost
from problems import N_CLASSES, as_table, make_objective, make_problem

from boostreg.data import Column
from boostreg.engines import (
    Growth,
    HistGradientBoosting,
    LightGBM,
    Problem,
    XGBoost,
)
from boostreg.errors import ModelError
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

KINDS = ["squared_error", "logistic", "softmax", "poisson", "gamma", "tweedie"]
N_ROUNDS = 7


def load_bare(engine, path, columns):
    """Return a function that predicts outputs with the library and a file alone."""
    if engine.name == "lightgbm":
        return lightgbm.Booster(model_file=path).predict
    booster = xgboost.Booster(model_file=path)
    kinds = ["c" if column.categories else "q" for column in columns]

    def predict(X):
        rows = xgboost.DMatrix(X, feature_types=kinds, enable_categorical=True)
        return booster.predict(rows)

    return predict


def outputs(model, engine, X):
    """Return ours as the libraries give theirs: shares, means or one class's share."""
    found = model.objective.predict(engine.predict(model, X))
    return found[:, 1] if model.objective.name == "logistic" else found


def grow(engine, problem, n_rounds=N_ROUNDS, **penalties):
    small = Penalty(**({"max_leaves": 8} | penalties))
    growth = Growth(n_rounds=n_rounds, curves=False)
    return engine.fit(engine.bin(problem), small, growth).model


def late_missing(X):
    """Return rows with values missing where training had none."""
    X = X.copy()
    X[np.random.default_rng(5).random(X.shape) < 0.2] = np.nan
    return X


@pytest.mark.parametrize("rounds", [0, 3, N_ROUNDS])
@pytest.mark.parametrize("kind", KINDS)
def test_file_predicts_alone(whole_engine, tmp_path, kind, rounds):
    problem = make_problem(kind, weighted=True)
    if kind == "squared_error":  # far from zero and from one
        y = problem.train.y * 50 + 1000
        problem = Problem.of(replace(problem.train, y=y), None, problem.objective)
    model = whole_engine.truncate(grow(whole_engine, problem), rounds)

    path = whole_engine.save(model, tmp_path / "model")

    bare = load_bare(whole_engine, path, model.columns)
    for X in (problem.train.X, late_missing(problem.train.X)):
        found = bare(X).reshape(len(X), -1)[:, : max(N_CLASSES.get(kind, 1) - 1, 1)]
        ours = outputs(model, whole_engine, X).reshape(len(X), -1)
        np.testing.assert_allclose(found, ours[:, : found.shape[1]], rtol=2e-6)


@pytest.mark.parametrize("rounds", [0, 3, N_ROUNDS])
@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax", "poisson"])
def test_opened_file_predicts_as_the_model(engine, tmp_path, kind, rounds):
    problem = make_problem(kind, missing=True)
    model = engine.truncate(grow(engine, problem), rounds)
    alone = replace(
        model,
        native=engine.open(engine.save(model, tmp_path / "model")),
        standard=model.standard.of_library(),
        complete=(False,) * len(model.columns),
        pure=False,
    )

    X = problem.valid.X
    if rounds:
        np.testing.assert_allclose(
            engine.predict(alone, X), engine.predict(model, X), rtol=2e-6, atol=1e-6
        )
    trees = TreeEnsemble.from_model(tmp_path / f"model{SUFFIX[engine.name]}")
    np.testing.assert_allclose(
        trees.predict(X) + trees.intercept, engine.predict(model, X), atol=2e-6
    )


SUFFIX = {"xgboost": ".ubj", "lightgbm": ".txt", "sklearn": ".npz"}


@pytest.mark.parametrize("rounds", [0, 3, N_ROUNDS])
@pytest.mark.parametrize("kind", ["squared_error", "softmax"])
def test_trees_and_intercept_are_the_raw_score(engine, kind, rounds):
    problem = make_problem(kind, missing=True)
    model = engine.truncate(grow(engine, problem), rounds)

    trees = engine.trees(model)

    X = problem.valid.X
    assert trees.n_rounds == rounds
    np.testing.assert_allclose(
        trees.predict(X) + trees.intercept, engine.predict(model, X), rtol=1e-5
    )


@pytest.mark.parametrize("kind", ["squared_error", "softmax"])
def test_fit_of_no_round_is_the_intercept(engine, tmp_path, kind):
    problem = make_problem(kind)

    model = grow(engine, problem, n_rounds=0)

    start = np.tile(problem.standard.intercept, (problem.valid.n_samples, 1))
    np.testing.assert_allclose(engine.predict(model, problem.valid.X), start)
    assert engine.trees(model).n_trees == 0
    assert engine.trees(model).size().n_leaves == 0
    np.testing.assert_allclose(engine.trees(model).intercept, start[0])
    path = engine.save(model, tmp_path / "model")
    trees = TreeEnsemble.from_model(path)
    np.testing.assert_allclose(
        trees.predict(problem.valid.X) + trees.intercept, start, atol=1e-6
    )


def test_prefix_is_the_shorter_fit(engine):
    problem = make_problem("logistic")

    long, short = (grow(engine, problem, n) for n in (N_ROUNDS, 3))

    X = problem.valid.X
    expected = engine.predict(short, X)
    np.testing.assert_array_equal(engine.predict(long, X, 3), expected)
    np.testing.assert_array_equal(engine.predict(engine.truncate(long, 3), X), expected)


def category_problem(seed=0, *, missing=False, kind="squared_error"):
    """Return a problem of two category columns and a number, with no fixed rows."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, (3, 12, 20), size=(400, 3)).astype(float)
    effect = rng.normal(size=(2, 12))
    signal = effect[0][X[:, 0].astype(int)] + effect[1][X[:, 1].astype(int)]
    y = signal + 0.05 * X[:, 2] + 0.3 * rng.normal(size=400)
    if missing:
        X[rng.random(X.shape) < 0.1] = np.nan
    table = as_table(X, y)
    labels = tuple(f"c{i:02}" for i in range(12))
    columns = (Column("few", labels[:3]), Column("many", labels), Column("number"))
    table = replace(table, columns=columns)
    return Problem.of(
        table.rows(np.arange(300)),
        table.rows(np.arange(300, 400)),
        make_objective(kind),
    )


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "missing"])
def test_file_with_categories_predicts_alone(whole_engine, tmp_path, missing):
    problem = category_problem(missing=missing)
    model = grow(whole_engine, problem)

    path = whole_engine.save(model, tmp_path / "model")

    bare = load_bare(whole_engine, path, model.columns)
    for X in (problem.valid.X, late_missing(problem.valid.X)):
        expected = whole_engine.predict(model, X)[:, 0]
        np.testing.assert_allclose(bare(X), expected, rtol=1e-5, atol=1e-6)
        trees = whole_engine.trees(model)
        np.testing.assert_allclose(
            trees.predict(X)[:, 0] + trees.intercept[0],
            expected,
            rtol=1e-5,
            atol=1e-6,
        )


def test_category_that_training_did_not_see_is_missing(engine):
    problem = category_problem()
    seen = problem.train.X[:, 1] != 7
    train = problem.train.rows(np.flatnonzero(seen))
    model = grow(engine, Problem.of(train, problem.valid, problem.objective))
    new, gone = problem.valid.X.copy(), problem.valid.X.copy()
    new[:, 1], gone[:, 1] = 7.0, np.nan

    np.testing.assert_array_equal(
        engine.predict(model, new), engine.predict(model, gone)
    )


def test_value_missing_only_later_goes_right_in_both():
    """As beyond every threshold; LightGBM alone would read it as 0."""
    problem = make_problem()
    late = np.full_like(problem.valid.X, np.nan)
    beyond = np.full_like(late, 1e6)

    for engine in (XGBoost(), LightGBM()):
        model = grow(engine, problem)
        expected = engine.predict(model, beyond)
        np.testing.assert_array_equal(engine.predict(model, late), expected)


def test_model_of_scikit_learn_is_an_estimator_until_it_is_read_from_file(tmp_path):
    problem, engine = make_problem("softmax", weighted=True), HistGradientBoosting()
    model = engine.truncate(grow(engine, problem), 3)

    estimator = engine.export(model)

    shares = outputs(model, engine, problem.valid.X)
    np.testing.assert_allclose(estimator.predict_proba(problem.valid.X), shares)
    opened = engine.open(engine.save(model, tmp_path / "model"))
    with pytest.raises(ModelError, match="has no estimator; use its trees"):
        engine.export(replace(model, native=opened))
