"""Metrics: scikit-learn's values, influences as derivatives, and intervals."""

import math

import numpy as np
import pytest

from boostreg import metrics
from boostreg.changes import Judges, change_of_loss
from boostreg.losses import OBJECTIVES, Objective
from boostreg.metrics import Metric, default_metrics, metric_fault, probabilities

N_CLASSES = {"logistic": 2, "softmax": 3}
PARAMETER = {"tweedie": 1.5, "quantile": 0.9}
CASES = [
    ("neg_mean_squared_error", 0),
    ("neg_root_mean_squared_error", 0),
    ("neg_mean_absolute_error", 0),
    ("r2", 0),
    ("accuracy", 2),
    ("accuracy", 3),
    ("neg_brier_score", 2),
    ("neg_brier_score", 3),
    ("roc_auc", 2),
    ("roc_auc_ovr", 3),
]


def objective(name):
    return Objective(name, PARAMETER.get(name), N_CLASSES.get(name, 0))


def rows(n_classes, seed=0, n=60):
    """Return targets, predictions with ties, and weights."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 2.0, n)
    if n_classes == 0:
        y = rng.normal(size=n)
        return y, (y + rng.normal(size=n)).round(1), weights
    y = np.arange(n) % n_classes * 1.0
    raw = rng.normal(size=(n, n_classes)).round(1) + np.eye(n_classes)[y.astype(int)]
    return y, probabilities(raw[:, 1:] if n_classes == 2 else raw), weights


def distance(name, y, predicted, weights):
    """Return how far a metric is from its best value."""
    metric = Metric(name)
    value = metric.value(y, predicted, weights)
    return 1 - value if metric.higher_is_better else value


def test_weighted_values_follow_their_definitions():
    y, predicted, weights = rows(0)
    squares = np.average((y - predicted) ** 2, weights=weights)
    whole = np.average((y - np.average(y, weights=weights)) ** 2, weights=weights)

    root = Metric("neg_root_mean_squared_error").value(y, predicted, weights)
    r2 = Metric("r2").value(y, predicted, weights)

    assert root == pytest.approx(math.sqrt(squares))
    assert r2 == pytest.approx(1 - squares / whole)


def test_auc_is_the_share_of_pairs_in_order():
    y, predicted, weights = rows(2)
    total = above = 0.0
    for i in np.flatnonzero(y == 1):
        for j in np.flatnonzero(y == 0):
            pair = weights[i] * weights[j]
            total += pair
            gap = predicted[i, 1] - predicted[j, 1]
            above += pair * (1.0 if gap > 0 else 0.5 if gap == 0 else 0.0)

    assert Metric("roc_auc").value(y, predicted, weights) == pytest.approx(
        above / total
    )


@pytest.mark.parametrize(("name", "n_classes"), CASES)
def test_influence_of_a_row_is_the_derivative_by_its_weight(name, n_classes):
    y, predicted, weights = rows(n_classes)
    share = weights / weights.sum()
    found = metrics._ROWS[name](y, predicted, share)  # noqa: SLF001 - no public way

    for row in range(0, len(y), 7):
        step = 1e-6 * np.eye(len(y))[row]
        slope = (
            distance(name, y, predicted, share + step)
            - distance(name, y, predicted, share - step)
        ) / 2e-6
        assert found[row] - share @ found == pytest.approx(slope, abs=1e-6)
    assert share @ found == pytest.approx(distance(name, y, predicted, weights))


def test_interval_of_the_root_is_the_root_of_the_interval():
    """On one fold: the log of the root is half the log."""
    y, predicted, weights = rows(0)
    judges = Judges((np.arange(len(y)),), (weights,))

    square, root = (
        Metric(name).over_folds([y], [predicted], judges)
        for name in ("neg_mean_squared_error", "neg_root_mean_squared_error")
    )

    assert root.value == pytest.approx(math.sqrt(square.value))
    assert root.low == pytest.approx(math.sqrt(square.low))
    assert root.high == pytest.approx(math.sqrt(square.high))


def test_interval_of_a_mean_over_rows_is_that_of_a_loss():
    y, predicted, _ = rows(0)
    folds = (np.arange(0, 60, 2), np.arange(1, 60, 2))
    judges = Judges(folds, (None, None))
    squares = [(y[fold] - predicted[fold]) ** 2 for fold in folds]
    change = change_of_loss(squares, [np.ones(30), np.ones(30)], judges)

    found = Metric("neg_mean_squared_error").over_folds(
        [y[fold] for fold in folds], [predicted[fold] for fold in folds], judges
    )

    assert found.value == pytest.approx(np.mean(squares))
    assert (found.low, found.high) == pytest.approx((1 + change.low, 1 + change.high))


def test_interval_of_a_score_never_exceeds_its_best_value():
    y, _, _ = rows(2)
    predicted = np.eye(2)[y.astype(int)]
    predicted[-1] = 1 - predicted[-1]
    judges = Judges((np.arange(60),), (None,))

    found = Metric("accuracy").over_folds([y], [predicted], judges)

    assert found.low < found.value < found.high < 1


def test_interval_of_other_scorers_is_over_folds():
    """The corrected resampled t interval: 0.25 test rows per training row."""
    judges = Judges(tuple(np.arange(5 * 60).reshape(5, 60)), (None,) * 5)
    folds = [rows(2, seed) for seed in range(5)]
    values = [Metric("f1").value(y, p, None) for y, p, _ in folds]
    half = 2.7764451 * math.sqrt((1 / 5 + 0.25) * np.var(values, ddof=1))

    found = Metric("f1").over_folds(
        [y for y, _, _ in folds], [p for _, p, _ in folds], judges
    )

    assert found.value == pytest.approx(np.mean(values))
    assert found.high - found.value == pytest.approx(half)


def test_value_that_is_not_defined_is_nan():
    _, predicted, _ = rows(2)
    judges = Judges((np.arange(60),), (None,))

    found = Metric("roc_auc").over_folds([np.ones(60)], [predicted], judges)

    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert math.isfinite(Metric("accuracy").value(np.ones(60), predicted, None))


@pytest.mark.parametrize("raw", [-700.0, -40.0, 0.5, 40.0])
def test_logarithm_of_a_probability_is_the_log_loss(raw):
    """Also where a probability is so close to 1 that 1 minus it is rounded."""
    first, second = probabilities(np.array([[raw]]))[0]

    assert -math.log(second) == pytest.approx(np.logaddexp(0, -raw), rel=1e-12)
    assert -math.log(first) == pytest.approx(np.logaddexp(0, raw), rel=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_default_metrics_suit_their_objective(name):
    assert metric_fault(default_metrics(objective(name)), objective(name)) is None


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("rmse", "squared_error"),
        ("roc_auc", "squared_error"),
        ("neg_max_error", "squared_error"),  # takes no row weights
        ("r2", "logistic"),
        ("adjusted_rand_score", "logistic"),
        ("roc_auc", "softmax"),
        ("f1", "softmax"),
    ],
)
def test_scorer_that_does_not_fit_is_a_fault_with_what_is_allowed(name, of):
    good = default_metrics(objective(of))

    fault = metric_fault((*good, name), objective(of))

    assert fault.loc == (len(good),)
    assert fault.found == name
    assert set(good) < set(fault.known)
    assert name not in fault.known


@pytest.mark.parametrize(
    ("name", "label", "higher"),
    [
        ("neg_root_mean_squared_error", "RMSE", False),
        ("roc_auc", "AUC", True),
        ("neg_brier_score", "Brier score", False),
        ("neg_median_absolute_error", "median absolute error", False),
    ],
)
def test_metric_has_a_label_and_a_direction(name, label, higher):
    metric = Metric(name)

    assert (metric.label, metric.higher_is_better) == (label, higher)
