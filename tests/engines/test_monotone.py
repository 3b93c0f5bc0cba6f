"""Monotone columns stay monotone in every engine, or are refused."""

import numpy as np
import pytest
import xgboost
from problems import as_table, make_objective, make_problem

from boostreg.engines import Growth, HistGradientBoosting, LightGBM, Problem, XGBoost
from boostreg.errors import DataError, UnsupportedPenaltyError
from boostreg.penalty import Penalty

OLD = tuple(int(part) for part in xgboost.__version__.split(".")[:2]) < (3, 4)


def wavy(kind, monotone):
    """Return rows whose target rises with the first column, with dips."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 30, size=(600, 2)).astype(float)
    signal = 0.1 * X[:, 0] + np.sin(X[:, 0]) + 0.05 * X[:, 1]
    y = signal + 0.5 * rng.normal(size=600)
    y = (y > np.median(y)).astype(float) if kind == "logistic" else np.exp(0.4 * y)
    table = as_table(X, y, n_classes=2 if kind == "logistic" else 0)
    return Problem.of(table, None, make_objective(kind), monotone=monotone)


def along_first(engine, problem, **penalties):
    """Return raw scores along the first column, for each value of the second."""
    small = Penalty(**({"max_leaves": 8, "learning_rate": 0.3} | penalties))
    model = engine.fit(engine.bin(problem), small, Growth(n_rounds=20)).model
    grid = np.array([[a, b] for b in range(30) for a in range(30)], dtype=float)
    return engine.predict(model, grid)[:, 0].reshape(30, 30)


@pytest.mark.parametrize("kind", ["squared_error", "logistic", "gamma"])
@pytest.mark.parametrize("sign", [1, -1])
def test_scores_go_one_way(engine, kind, sign):
    free = along_first(engine, wavy(kind, None))
    found = along_first(engine, wavy(kind, (sign, 0)))

    assert np.diff(free, axis=1).min() < 0 < np.diff(free, axis=1).max()
    assert (sign * np.diff(found, axis=1) >= 0).all()


def test_no_constraint_is_the_same_as_none(engine):
    one, two = (along_first(engine, wavy("gamma", m)) for m in (None, (0, 0)))

    np.testing.assert_array_equal(one, two)


def test_stumps_agree():
    """In deeper trees LightGBM alone leaves the bounds out of a parent's gain."""
    free = {"max_leaves": 2, "reg_lambda": 1.0}
    problem = wavy("squared_error", (1, 0))

    one, *others = (
        along_first(engine, problem, **free)
        for engine in (XGBoost(), LightGBM(), HistGradientBoosting())
    )

    for other in others:
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)


def test_reg_alpha_beside_them_needs_xgboost_3_4():
    problem, engine = wavy("squared_error", (1, 0)), XGBoost()

    if OLD:
        with pytest.raises(UnsupportedPenaltyError, match="if monotone is set"):
            engine.check(Penalty(reg_alpha=1.0), problem)
    else:
        assert np.diff(along_first(engine, problem, reg_alpha=1.0)).min() >= 0
    engine.check(Penalty(reg_alpha=1.0), wavy("squared_error", (0, 0)))


@pytest.mark.parametrize(
    "engine", [LightGBM(), HistGradientBoosting()], ids=lambda engine: engine.name
)
def test_leaves_that_are_replaced_cannot_be_monotone(engine):
    problem = make_problem("absolute_error")
    bound = Problem.of(problem.train, None, problem.objective, monotone=(1, 0, 0, 0, 0))

    with pytest.raises(UnsupportedPenaltyError, match="would not stay monotone"):
        engine.check(Penalty(reg_lambda=0.0), bound)


def test_scikit_learn_has_them_for_two_classes_only():
    problem = make_problem("softmax")
    bound = Problem.of(problem.train, None, problem.objective, monotone=(1, 0, 0, 0, 0))

    with pytest.raises(UnsupportedPenaltyError, match="for more than two classes"):
        HistGradientBoosting().check(Penalty(), bound)


@pytest.mark.parametrize(
    ("monotone", "rule"),
    [
        ((1,), "one number per column, 5, got 1"),
        ((1, 0, 0, 0, 2), "must be -1, 0 or 1 for column 'x4', got 2"),
    ],
)
def test_constraints_that_do_not_fit_are_refused(monotone, rule):
    problem = make_problem()

    with pytest.raises(DataError, match=rule):
        Problem.of(problem.train, None, problem.objective, monotone=monotone)
