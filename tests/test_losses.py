"""Losses against finite differences and minimisers, and the domains they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import make_objective, make_table
from scipy.optimize import minimize

from boostreg.errors import DataError, StudyError
from boostreg.losses import LOSS_NAMES, OBJECTIVES, Objective

SMOOTH = {
    "squared_error": 0.5,  # what is boosted over the loss: half of a deviance
    "logistic": 1.0,
    "softmax": 1.0,
    "softmax5": 1.0,
    "poisson": 0.5,
    "gamma": 0.5,
    "tweedie": 0.5,
}
KINKED = ["absolute_error", "quantile"]
ALL = [*SMOOTH, *KINKED]
CURVATURE = {"softmax": 2.0, "softmax5": 2.0}  # canonical hessian over the exact one
STEP = 1e-5


def sample(kind, *, weighted=False):
    """Return objective, target, weights and raw scores away from the optimum."""
    table, objective = make_table(kind, 60, weighted=weighted), make_objective(kind)
    raw = np.random.default_rng(1).normal(size=(60, objective.n_outputs))
    return objective, table.y, table.weights, raw


def differences(function, raw, output):
    """Return central differences of ``function`` in one output of the raw score."""
    step = np.zeros_like(raw)
    step[:, output] = STEP
    return (function(raw + step) - function(raw - step)) / (2 * STEP)


@pytest.mark.parametrize("kind", SMOOTH)
def test_gradient_is_the_slope_of_the_loss(kind):
    objective, y, _, raw = sample(kind)

    gradient = objective.gradient(y, raw)

    for output in range(objective.n_outputs):
        slope = differences(lambda f: objective.row_losses(y, f), raw, output)
        expected = SMOOTH[kind] * slope
        np.testing.assert_allclose(gradient[:, output], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", KINKED)
def test_gradient_beside_the_kink_is_the_slope(kind):
    objective, y, _, raw = sample(kind)

    slope = differences(lambda f: objective.row_losses(y, f), raw, 0)

    np.testing.assert_allclose(objective.gradient(y, raw)[:, 0], slope, atol=1e-8)
    np.testing.assert_array_equal(objective.hessian(y, raw), 1.0)


@pytest.mark.parametrize("kind", SMOOTH)
def test_curvature_is_the_slope_of_the_gradient(kind):
    objective, y, _, raw = sample(kind)

    curvature = objective.curvature(y, raw)

    for output in range(objective.n_outputs):
        slope = differences(lambda f: objective.gradient(y, f)[:, output], raw, output)  # noqa: B023 - used at once
        expected = CURVATURE.get(kind, 1.0) * slope
        np.testing.assert_allclose(curvature[:, output], expected, rtol=1e-6, atol=1e-8)


@given(mean=st.floats(-8, 8), count=st.integers(0, 100), step=st.floats(-0.7, 0.7))
def test_poisson_quadratic_lies_above_the_loss_for_every_step_allowed(
    mean, count, step
):
    objective, y, raw = (
        Objective("poisson"),
        np.array([float(count)]),
        np.array([[mean]]),
    )
    g, h = objective.gradient(y, raw)[0, 0], objective.hessian(y, raw)[0, 0]

    # The loss is twice the negative log-likelihood that is boosted.
    change = (objective.loss(y, raw + step) - objective.loss(y, raw)) / 2

    assert change <= g * step + h * step**2 / 2 + 1e-9 * (1 + abs(g) + h)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("kind", ALL)
def test_intercept_minimises_the_loss(kind, weighted):
    objective, y, weights, _ = sample(kind, weighted=weighted)

    intercept = objective.intercept(y, weights)

    def loss(start):
        return objective.loss(y, np.tile(start, (len(y), 1)), weights)

    found = minimize(loss, intercept + 0.3, method="Nelder-Mead", options=PRECISE)
    assert loss(intercept) <= found.fun * (1 + 1e-9)


PRECISE = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 5000, "maxfev": 5000}


@pytest.mark.parametrize("kind", ["softmax", "softmax5"])
def test_softmax_scores_are_centred(kind):
    objective, y, weights, _ = sample(kind, weighted=True)

    assert objective.intercept(y, weights).sum() == pytest.approx(0.0, abs=1e-12)


def test_class_without_rows_has_a_finite_intercept():
    objective = Objective("softmax", n_classes=3)

    score = objective.intercept(np.array([0.0, 0.0, 2.0]))

    assert np.isfinite(score).all()
    assert score.argmin() == 1
    assert np.isfinite(Objective("logistic", n_classes=2).intercept(np.zeros(4))).all()


@pytest.mark.parametrize("kind", ALL)
def test_weight_of_two_is_two_rows(kind):
    objective, y, _, raw = sample(kind)
    twice = np.repeat(np.arange(len(y)), 2)

    weighted = objective.loss(y, raw, np.full(len(y), 2.0))

    assert weighted == pytest.approx(objective.loss(y[twice], raw[twice]), rel=1e-12)
    assert weighted == pytest.approx(float(objective.row_losses(y, raw).mean()))


@pytest.mark.parametrize("kind", ["poisson", "gamma", "tweedie", "squared_error"])
def test_deviance_of_a_perfect_score_is_zero(kind):
    objective, y, _, _ = sample(kind)
    y = y + 0.5
    raw = y if kind == "squared_error" else np.log(y)

    np.testing.assert_allclose(objective.row_losses(y, raw[:, None]), 0.0, atol=1e-12)


@pytest.mark.parametrize("kind", ["logistic", "softmax5"])
def test_shares_sum_to_one_at_any_score(kind):
    objective, _, _, raw = sample(kind)

    shares = objective.predict(1000 * raw)

    assert shares.shape == (60, max(objective.n_outputs, 2))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert np.isfinite(objective.row_losses(np.zeros(60), 1000 * raw)).all()


@pytest.mark.parametrize("kind", ["poisson", "gamma", "tweedie"])
def test_mean_is_the_exponential_of_the_score(kind):
    objective, _, _, raw = sample(kind)

    np.testing.assert_allclose(objective.predict(raw), np.exp(raw[:, 0]))


def test_units_of_squared_error_are_spread_and_weight():
    y, weights = np.array([0.0, 4.0, 4.0]), np.array([2.0, 1.0, 1.0])

    units = Objective("squared_error").units(y, weights)

    assert units.hessian == pytest.approx(4 / 3)
    assert units.gradient == pytest.approx(2.0 * 4 / 3)
    assert units.n_samples == 3


@pytest.mark.parametrize("kind", ALL)
def test_units_follow_the_weights(kind):
    objective, y, weights, _ = sample(kind, weighted=True)

    once, thrice = objective.units(y, weights), objective.units(y, 3 * weights)

    assert thrice.gradient == pytest.approx(3 * once.gradient)
    assert thrice.hessian == pytest.approx(3 * once.hessian)


def test_units_of_softmax_are_means_over_classes():
    y = np.repeat([0.0, 1.0, 2.0], [10, 20, 30])

    units = Objective("softmax", n_classes=3).units(y)

    p = np.array([1 / 6, 1 / 3, 1 / 2])
    assert units.hessian == pytest.approx(float(np.mean(2 * p * (1 - p))))
    assert units.gradient == pytest.approx(float(np.mean(np.sqrt(p * (1 - p)))))


@pytest.mark.parametrize(
    ("name", "y", "rule"),
    [
        ("gamma", [1.0, 0.0], "must be positive for objective 'gamma', got .*0.0.* 1"),
        ("poisson", [1.0, -2.0], "must be not negative for objective 'poisson'"),
        ("tweedie", [-1.0, 2.0], "must be not negative .* row 0"),
        ("squared_error", [0.0, -1e39], r"within \+-1e\+38, got -1e\+39 in row 1"),
    ],
)
def test_target_outside_the_domain_is_refused(name, y, rule):
    objective = Objective(name, 1.5 if name == "tweedie" else None)

    with pytest.raises(DataError, match=rule):
        objective.check_target(np.array(y))


@pytest.mark.parametrize(
    ("name", "number", "rule"),
    [
        ("huber", None, "objective must be one of"),
        ("tweedie", None, "needs a number between 1 and 2, got None"),
        ("tweedie", 2.5, "needs a number between 1 and 2, got 2.5"),
        ("quantile", 0.0, "needs a number between 0 and 1, got 0.0"),
        ("poisson", 1.5, "objective 'poisson' has no parameter"),
    ],
)
def test_impossible_objective_is_refused(name, number, rule):
    with pytest.raises(StudyError, match=rule):
        Objective(name, number)


@pytest.mark.parametrize(
    ("task", "given", "expected"),
    [
        ("regression", None, Objective("squared_error")),
        ("binary", None, Objective("logistic", n_classes=2)),
        ("multiclass", "softmax", Objective("softmax", n_classes=2)),
        ("regression", {"quantile": 0.9}, Objective("quantile", 0.9)),
    ],
)
def test_task_has_its_objective(task, given, expected):
    n_classes = 0 if task == "regression" else 2

    assert Objective.for_task(task, n_classes, given) == expected


def test_objective_of_another_task_is_refused():
    with pytest.raises(StudyError, match="'poisson' is not for a binary task"):
        Objective.for_task("binary", 2, "poisson")


def test_every_objective_has_a_name_for_its_loss():
    assert tuple(LOSS_NAMES) == OBJECTIVES
