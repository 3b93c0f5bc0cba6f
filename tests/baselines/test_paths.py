"""Every path against closed forms, scikit-learn, and the conditions of optimality."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)

from boostreg.baselines import newton
from boostreg.baselines.linear import (
    Design,
    least_squares_path,
    strength_grid,
)
from boostreg.baselines.newton import newton_path
from boostreg.baselines.run import _fit_path
from boostreg.losses import Objective

SMOOTH = ("logistic", "softmax", "poisson", "gamma", "tweedie")
WITH_L1 = ("squared_error", *SMOOTH, "absolute_error", "quantile")


@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_is_the_closed_form(make_design, weighted):
    design = make_design("squared_error", weighted=weighted)
    X, w, strengths = design.X, design.weights, np.array([10.0, 0.3, 1e-4])

    path = least_squares_path(design, strengths, 0.0)

    for at, strength in enumerate(strengths):
        gram = X.T @ (w[:, None] * X) + strength * np.eye(X.shape[1])
        expected = np.linalg.solve(gram, X.T @ (w * design.y))
        np.testing.assert_allclose(path.coefficients[at, :, 0], expected, atol=1e-10)


def test_ridge_strength_is_scikit_learns_alpha_per_row(make_design):
    design = make_design("squared_error")

    path = least_squares_path(design, np.array([0.3]), 0.0)

    model = Ridge(alpha=0.3 * len(design.y)).fit(design.X, design.y)
    np.testing.assert_allclose(path.coefficients[0, :, 0], model.coef_, rtol=1e-9)
    np.testing.assert_allclose(path.intercepts[0, 0], model.intercept_, rtol=1e-9)


def test_lasso_on_orthogonal_inputs_is_the_soft_threshold(make_design):
    design = make_design("squared_error")
    X = np.linalg.qr(design.X)[0] * np.sqrt(len(design.y))
    design, strength = replace(design, X=X), 0.4

    path = least_squares_path(design, np.array([strength]), 1.0)

    free = X.T @ (design.y - design.y.mean()) / len(design.y)
    expected = np.sign(free) * np.maximum(np.abs(free) - strength, 0)
    np.testing.assert_allclose(path.coefficients[0, :, 0], expected, atol=1e-8)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_elastic_net_strength_is_scikit_learns_alpha(make_design, l1_ratio, weighted):
    design = make_design("squared_error", weighted=weighted)
    strengths = strength_grid(design, l1_ratio)

    path = least_squares_path(design, strengths, l1_ratio)

    model = ElasticNet(
        alpha=strengths[12], l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000
    )
    model.fit(design.X, design.y, sample_weight=design.weights)
    np.testing.assert_allclose(path.coefficients[12, :, 0], model.coef_, atol=1e-5)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("name", WITH_L1)
def test_first_strength_is_the_minimum_that_leaves_nothing(make_design, name, l1_ratio):
    if name in {"absolute_error", "quantile"}:
        l1_ratio = 1.0
    design = make_design(name, weighted=True)
    top = strength_grid(design, l1_ratio)[0]

    path = _fit_path(design, np.array([1.0001, 0.99]) * top, l1_ratio)

    assert np.count_nonzero(path.coefficients[0]) == 0
    assert np.count_nonzero(path.coefficients[1]) > 0


@pytest.mark.parametrize("name", ["squared_error", *SMOOTH])
def test_first_ridge_strength_shrinks_a_hundredfold(make_design, name):
    design = make_design(name)

    path = _fit_path(design, strength_grid(design, 0.0), 0.0)

    norms = np.linalg.norm(path.coefficients, axis=(1, 2))
    assert norms[0] < 0.02 * norms[-1]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_path_is_optimal_everywhere(make_design, name, l1_ratio, weighted):
    """Slopes by central differences of the loss, not by the solver's own gradient."""
    design = make_design(name, weighted=weighted)

    path = newton_path(design, strength_grid(design, l1_ratio), l1_ratio)

    assert path.converged.all()
    for at in (1, 10, 20, 29):
        b, strength = path.coefficients[at], path.strengths[at]
        slope = differences(design, path.intercepts[at], b)
        smooth = slope[1:] + strength * (1 - l1_ratio) * b
        l1 = strength * l1_ratio
        np.testing.assert_allclose(slope[0], 0, atol=2e-8)
        np.testing.assert_allclose(smooth[b != 0], -l1 * np.sign(b[b != 0]), atol=2e-8)
        assert np.all(np.abs(smooth[b == 0]) <= l1 + 2e-8)


def differences(design, intercept, coefficients, step=1e-5):
    """Return the slope of the mean half deviance by each parameter."""
    half = 1.0 if design.objective.name in {"logistic", "softmax"} else 0.5
    theta = np.vstack([intercept, coefficients])
    slope = np.empty_like(theta)
    for index in np.ndindex(theta.shape):
        sides = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[index] += sign * step
            raw = moved[0] + design.X @ moved[1:]
            sides.append(half * design.objective.loss(design.y, raw, design.weights))
        slope[index] = (sides[0] - sides[1]) / (2 * step)
    return slope


def test_logistic_ridge_agrees_with_direct_minimisation(make_design):
    design, strength = make_design("logistic", weighted=True), 0.01

    def cost(theta):
        raw = (theta[0] + design.X @ theta[1:])[:, None]
        slope = design.weights * design.objective.gradient(design.y, raw)[:, 0]
        value = design.objective.loss(design.y, raw, design.weights)
        value += strength / 2 * theta[1:] @ theta[1:]
        return value, np.r_[slope.sum(), design.X.T @ slope + strength * theta[1:]]

    start = np.zeros(design.X.shape[1] + 1)
    direct = minimize(cost, start, jac=True, method="BFGS", options={"gtol": 1e-9}).x
    path = newton_path(design, np.array([strength]), 0.0)

    found = np.r_[path.intercepts[0], path.coefficients[0, :, 0]]
    np.testing.assert_allclose(found, direct, atol=1e-6)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("name", ["logistic", "softmax"])
def test_classes_agree_with_scikit_learns_saga(make_design, name, l1_ratio):
    design, strength = make_design(name, weighted=True), 0.02
    weights = design.weights * len(design.y)

    path = newton_path(design, np.array([strength]), l1_ratio)

    model = LogisticRegression(
        C=1 / (strength * len(design.y)),
        l1_ratio=l1_ratio,
        solver="saga",
        tol=1e-9,
        max_iter=20_000,
        random_state=0,
    ).fit(design.X, design.y, sample_weight=weights)
    np.testing.assert_allclose(path.coefficients[0].T, model.coef_, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "regressor"),
    [
        ("poisson", PoissonRegressor),
        ("gamma", GammaRegressor),
        ("tweedie", lambda **options: TweedieRegressor(power=1.5, **options)),
    ],
)
def test_counts_and_amounts_agree_with_scikit_learn(make_design, name, regressor):
    design, strength = make_design(name, weighted=True), 0.05

    path = newton_path(design, np.array([strength]), 0.0)

    options = {"alpha": strength, "tol": 1e-9, "solver": "newton-cholesky"}
    if name == "tweedie":
        options["link"] = "log"
    model = regressor(**options).fit(design.X, design.y, design.weights)
    np.testing.assert_allclose(path.coefficients[0, :, 0], model.coef_, atol=1e-7)
    np.testing.assert_allclose(path.intercepts[0, 0], model.intercept_, atol=1e-7)


WAYS = {
    "conjugate gradients": {"_LARGEST_HESSIAN": 0},
    "Hessians that are used again": {"_CHEAP": 0, "_MANY_ROWS": 0},
    "Hessians summed over few rows": {"_CELLS": 1},
}


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_solving_finds_the_same_model(
    make_design, monkeypatch, way, l1_ratio
):
    design = make_design("softmax", weighted=True)
    strengths = strength_grid(design, l1_ratio)[:20]
    direct = newton_path(design, strengths, l1_ratio)

    for name, value in WAYS[way].items():
        monkeypatch.setattr(newton, name, value)
    other = newton_path(design, strengths, l1_ratio)

    assert other.converged.all()
    np.testing.assert_allclose(other.coefficients, direct.coefficients, atol=1e-5)


@pytest.mark.parametrize("l1_ratio", [0.1, 1.0])
@pytest.mark.parametrize("separable", [False, True])
def test_losses_of_classes_agree_with_bounded_l_bfgs_to_a_millionth(
    make_design, separable, l1_ratio
):
    design, fresh = make_design("softmax"), make_design("softmax", n_samples=200)
    if separable:
        y = np.digitize(design.X[:, 0] - design.X[:, 2], [-0.5, 0.7]).astype(float)
        design = replace(design, y=y, intercept=design.objective.intercept(y, None))
    strengths = strength_grid(design, l1_ratio)

    path = newton_path(design, strengths, l1_ratio)

    for at in (4, 10, 16):
        intercept, b = split_minimum(design, strengths[at], l1_ratio)
        for X, y in ((design.X, design.y), (fresh.X, fresh.y)):
            expected = design.objective.loss(y, intercept + X @ b)
            found = design.objective.loss(y, path.raw(X, at))
            assert found == pytest.approx(expected, rel=1e-6)


def split_minimum(design, strength, l1_ratio):
    """Return intercepts and coefficients, minimised as b = u - v with u, v >= 0."""
    shape = (design.X.shape[1], len(design.intercept))
    k, n = shape[1], design.X.shape[1] * shape[1]
    l1, l2 = strength * l1_ratio, strength * (1 - l1_ratio)

    def cost(x):
        b = (x[k : k + n] - x[k + n :]).reshape(shape)
        raw = x[:k] + design.X @ b
        steep = design.weights[:, None] * design.objective.gradient(design.y, raw)
        slope = (design.X.T @ steep + l2 * b).ravel()
        value = design.objective.loss(design.y, raw, design.weights)
        value += l1 * x[k:].sum() + l2 / 2 * np.sum(b**2)
        return value, np.r_[steep.sum(axis=0), slope + l1, l1 - slope]

    x = minimize(
        cost,
        np.zeros(k + 2 * n),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] * k + [(0, None)] * (2 * n),
        options={
            "ftol": 0,
            "gtol": 1e-9,
            "maxiter": 20_000,
            "maxfun": 40_000,
            "maxcor": 30,
        },
    ).x
    return x[:k], (x[k : k + n] - x[k + n :]).reshape(shape)


@pytest.mark.parametrize("name", ["logistic", "softmax"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_separated_classes_converge(make_design, name, l1_ratio):
    design = make_design(name)
    cuts = [0.0] if name == "logistic" else [-0.5, 0.7]
    y = np.digitize(design.X[:, 0] - design.X[:, 2], cuts).astype(float)
    design = replace(design, y=y, intercept=design.objective.intercept(y, None))

    path = newton_path(design, strength_grid(design, l1_ratio), l1_ratio)

    assert path.converged.all()
    assert design.objective.loss(y, path.raw(design.X, 29)) < 0.02


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("name", ["logistic", "softmax"])
def test_more_inputs_than_rows_that_nearly_depend_on_each_other_converge(
    make_design, name, l1_ratio
):
    design = make_design(name, n_samples=60, n_inputs=150)
    rng = np.random.default_rng(0)
    few, loadings = rng.normal(size=(60, 20)), rng.normal(size=(20, 150))
    X = few @ loadings + 1e-3 * design.X
    design = replace(design, X=(X - X.mean(axis=0)) / X.std(axis=0))

    path = newton_path(design, strength_grid(design, l1_ratio)[:25], l1_ratio)

    assert path.converged.all()


def test_category_whose_levels_a_number_counts_is_no_obstacle():
    """As education and its number in adult: many columns that depend on each other."""
    rng = np.random.default_rng(0)
    levels = np.minimum(*rng.integers(0, 8, (2, 3, 500)))
    dummies = [level[:, None] == np.arange(8) for level in levels]
    X = np.column_stack([*dummies, *levels])
    y = (X @ rng.normal(size=X.shape[1]) + rng.logistic(size=500) > 0).astype(float)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    objective, weights = Objective("logistic", n_classes=2), np.full(500, 1 / 500)
    design = Design(X, y, weights, objective, objective.intercept(y, weights))

    path = newton_path(design, strength_grid(design, 1.0), 1.0)

    assert path.converged.all()


@pytest.mark.parametrize("name", ["squared_error", "logistic", "softmax", "poisson"])
def test_input_written_twice_is_no_obstacle(make_design, name):
    """With L1 alone the shares of the two are not determined; the scores are."""
    design = make_design(name)
    twice = replace(design, X=np.column_stack([design.X, design.X[:, 0]]))
    strengths = strength_grid(design, 1.0)[:20]

    paths = [_fit_path(d, strengths, 1.0) for d in (design, twice)]

    assert paths[1].converged.all()
    p, q = (
        design.objective.predict(path.raw(d.X, 19))
        for path, d in zip(paths, (design, twice), strict=True)
    )
    np.testing.assert_allclose(p, q, atol=1e-4)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("name", WITH_L1)
def test_weights_of_two_are_rows_written_twice(make_design, name, l1_ratio):
    if name in {"absolute_error", "quantile"}:
        l1_ratio = 1.0
    design = make_design(name)
    times = np.arange(len(design.y)) % 2 + 1
    weighted = replace(design, weights=times / times.sum())
    X, y = np.repeat(design.X, times, axis=0), np.repeat(design.y, times)
    repeated = replace(design, X=X, y=y, weights=np.full(len(y), 1 / len(y)))

    strengths = strength_grid(design, l1_ratio)[[5, 10]]
    paths = [_fit_path(centred(d), strengths, l1_ratio) for d in (weighted, repeated)]

    first, second = (path.coefficients for path in paths)
    np.testing.assert_allclose(first, second, atol=1e-5)


def centred(design):
    """Return the design with inputs of weighted mean 0 and its own intercept."""
    intercept = design.objective.intercept(design.y, design.weights)
    return replace(design, X=design.X - design.weights @ design.X, intercept=intercept)
