r"""Familiar measures of predictions: scorers of scikit-learn, with intervals.

The value is scikit-learn's own, on the test rows of each outer fold with their row
weights; its sign is turned where scikit-learn negates an error. It is shown next to the
loss and never used to choose.

Every measure has a distance to its best value: the error itself, or 1 minus the score.
Where it is a smooth function of means over rows, each row gets the distance plus its
influence, the derivative of the distance by the row's share of the weight. The mean of
these over the rows is the distance, so that its interval is made as that of a loss
(``boostreg.changes``):

===============  ====================  ==============================================
measure          distance :math:`D`    influence of row i, with mean 0
===============  ====================  ==============================================
means of rows    mean of :math:`u_i`   :math:`u_i - D`
RMSE             root of the mean      :math:`(u_i - D^2) / 2 D`
R2               :math:`A / B`         :math:`(a_i - D b_i) / B`
AUC              1 - AUC               :math:`(AUC - V_i) / \pi`, see [1]_
===============  ====================  ==============================================

:math:`V_i` is the share of the other class on the right side of row i, and :math:`\pi`
the share of its own class. For other scorers the interval is the corrected resampled t
interval of the fold values (``boostreg.statistics``).

References
----------
.. [1] E. DeLong, D. DeLong, D. Clarke-Pearson. "Comparing the Areas under Two or More
   Correlated Receiver Operating Characteristic Curves". Biometrics 44, 837-845, 1988.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from boostreg.arrays import Array, Mask
from boostreg.changes import Judges, change_of_loss
from boostreg.errors import Fault
from boostreg.losses import Objective, softmax
from boostreg.statistics import corrected_t

__all__ = ["Metric", "MetricValue", "default_metrics", "metric_fault", "probabilities"]

_DEFAULT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "squared_error": ("neg_root_mean_squared_error", "r2"),
        "logistic": ("roc_auc", "accuracy", "neg_brier_score"),
        "softmax": ("accuracy", "roc_auc_ovr", "neg_brier_score"),
        "poisson": ("neg_mean_absolute_error", "r2"),
        "gamma": ("neg_mean_absolute_error", "r2"),
        "tweedie": ("neg_mean_absolute_error", "r2"),
        "absolute_error": ("neg_mean_absolute_error", "d2_absolute_error_score"),
        "quantile": (),
    }
)
"""Scorers of a study that names none; scikit-learn has no scorer for a quantile."""

_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "neg_root_mean_squared_error": "RMSE",
        "neg_mean_squared_error": "MSE",
        "neg_mean_absolute_error": "MAE",
        "neg_mean_absolute_percentage_error": "MAPE",
        "r2": "R\N{SUPERSCRIPT TWO}",
        "d2_absolute_error_score": "D\N{SUPERSCRIPT TWO} of the absolute error",
        "roc_auc": "AUC",
        "roc_auc_ovr": "AUC (one against the rest)",
        "roc_auc_ovr_weighted": "AUC (one against the rest, weighted)",
        "neg_brier_score": "Brier score",
        "f1": "F1",
        "matthews_corrcoef": "Matthews correlation",
    }
)


def probabilities(raw: Array) -> Array:
    """Return the probability of each class, (n_samples, n_classes), from raw scores.

    One score per row is the log-odds of the second of two classes. Each probability is
    exact relative to itself, so that its logarithm is the log loss of the scores.
    """
    scores = np.column_stack([np.zeros(len(raw)), raw]) if raw.shape[1] == 1 else raw
    return softmax(scores)


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A mean over the outer folds with its 95 % interval; NaN is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Metric:
    """A scorer of scikit-learn, by its name.

    Examples
    --------
    >>> Metric("neg_root_mean_squared_error").label, Metric("r2").higher_is_better
    ('RMSE', True)
    >>> y, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])
    >>> float(Metric("neg_mean_absolute_error").value(y, predicted, None))
    0.3333333333333333
    """

    name: str

    @property
    def label(self) -> str:
        """Name in tables and pictures."""
        plain = self.name.removeprefix("neg_").replace("_", " ")
        return _LABELS.get(self.name, plain)

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher value is better, once its sign is turned."""
        return not self.name.startswith("neg_")

    def value(self, y: Array, predicted: Array, weights: Array | None) -> float:
        """Return the value on some rows.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Target, or class codes.
        predicted : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Predicted values, or the probability of each class.
        weights : ndarray of shape (n_samples,), optional

        Returns
        -------
        float
            NaN where scikit-learn defines none, such as the AUC of a single class.
        """
        try:
            score = _scored(self.name, y, predicted, weights)
        except ValueError:
            return math.nan
        return score if self.higher_is_better else -score

    def over_folds(
        self, y: Sequence[Array], predicted: Sequence[Array], judges: Judges
    ) -> MetricValue:
        """Return the mean over the test rows of outer folds, with its interval.

        The interval is NaN where there is none: a value that is not defined, a single
        fold without influences, a distance of 0.
        """
        folds = list(zip(y, predicted, judges.weights, strict=True))
        values = [self.value(*fold) for fold in folds]
        mean = float(np.mean(values))
        rows = _ROWS.get(self.name)
        if not math.isfinite(mean):
            return MetricValue(mean, math.nan, math.nan)
        if rows is None:
            found = corrected_t(values, judges.ratio)
            return MetricValue(mean, found.low, found.high)
        distances = [rows(*_standard(*fold)) for fold in folds]
        change = change_of_loss(
            distances, [np.ones(len(one)) for one in distances], judges
        )
        low, high = 1 + change.low, 1 + change.high
        if self.higher_is_better:
            low, high = 1 - high, 1 - low
        return MetricValue(mean, low, high)


def default_metrics(objective: Objective) -> tuple[str, ...]:
    """Return the scorers of a study that names none."""
    return _DEFAULT[objective.name]


def metric_fault(names: Sequence[str], objective: Objective) -> Fault | None:
    """Return the first scorer that is unknown or does not fit the objective, if any.

    A scorer fits if scikit-learn computes it from predictions of this kind with row
    weights. The fault has the position of the name, and what is allowed.
    """
    kind = min(objective.n_classes, 3)
    for place, name in enumerate(names):
        if _fits(name, kind):
            continue
        allowed = tuple(one for one in _scorers() if _fits(one, kind))
        task = {0: "a regression", 2: "two classes"}.get(kind, "several classes")
        reason = "scorer of scikit-learn"
        if name in _scorers():
            reason = f"scorer of scikit-learn for {task} that takes row weights"
        return Fault((place,), f"a {reason}: {', '.join(allowed)}", name, allowed)
    return None


@cache
def _scorers() -> tuple[str, ...]:
    from sklearn.metrics import get_scorer_names

    return tuple(get_scorer_names())


@cache
def _fits(name: str, kind: int) -> bool:
    """Return whether a scorer works for a number of classes, 0 for a regression.

    What is computed from numbers as well is not a measure of classes.
    """
    if name not in _scorers():
        return False
    numbers = np.array([1.5, 2.5, 4.0, 5.5, 3.5, 1.25])
    if kind == 0:
        return _works(name, numbers, numbers[::-1] + 0.25)
    codes = np.arange(6.0) % kind
    shares = np.eye(kind)[(np.arange(6) + np.arange(6) // 3) % kind] + 0.5
    predicted = shares / shares.sum(axis=1, keepdims=True)
    return _works(name, codes, predicted) and not _fits(name, 0)


def _works(name: str, y: Array, predicted: Array) -> bool:
    try:
        score = _scored(name, y, predicted, np.linspace(0.5, 1.5, len(y)))
    except (ValueError, TypeError, AttributeError):
        return False
    return math.isfinite(score)


def _scored(name: str, y: Array, predicted: Array, weights: Array | None) -> float:
    """Return what scikit-learn's scorer says of stored predictions."""
    from sklearn.metrics import get_scorer

    estimator: Any = _stored(predicted.shape[1] if predicted.ndim > 1 else 0)
    target = y.astype(np.int64) if predicted.ndim > 1 else y
    given = {} if weights is None else {"sample_weight": weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a value is not defined: it is NaN or 0
        return float(get_scorer(name)(estimator, predicted, target, **given))


@cache
def _stored(n_classes: int) -> object:
    """Return an estimator whose input is its predictions, as scorers need one."""
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    class StoredValues(RegressorMixin, BaseEstimator):  # type: ignore[misc] # untyped
        def predict(self, X: Array) -> Array:
            return X

    class StoredClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped
        classes_ = np.arange(n_classes)

        def predict(self, X: Array) -> Array:
            return np.asarray(X.argmax(axis=1))

        def predict_proba(self, X: Array) -> Array:
            return X

    return StoredClasses() if n_classes else StoredValues()


_Rows = Callable[[Array, Array, Array], Array]
"""From target, predictions and shares of the weight to rows of distance."""


def _standard(
    y: Array, predicted: Array, weights: Array | None
) -> tuple[Array, Array, Array]:
    given = np.ones(len(y)) if weights is None else weights
    return y, predicted, given / given.sum()


def _squares(y: Array, predicted: Array, _: Array) -> Array:
    return np.asarray((y - predicted) ** 2)


def _root_rows(y: Array, predicted: Array, share: Array) -> Array:
    squares = _squares(y, predicted, share)
    mean = float(share @ squares)
    root = math.sqrt(mean)
    return root + (squares - mean) / (2 * root) if root > 0 else np.zeros(len(y))


def _r2_rows(y: Array, predicted: Array, share: Array) -> Array:
    squares, apart = _squares(y, predicted, share), (y - share @ y) ** 2
    whole = float(share @ apart)
    if whole == 0:
        return np.full(len(y), math.nan)
    ratio = float(share @ squares) / whole
    return np.asarray(ratio + (squares - ratio * apart) / whole)


def _missed(y: Array, predicted: Array, _: Array) -> Array:
    return np.asarray(predicted.argmax(axis=1) != y, dtype=np.float64)


def _brier_rows(y: Array, predicted: Array, _: Array) -> Array:
    apart = (predicted - np.eye(predicted.shape[1])[y.astype(np.int64)]) ** 2
    # scikit-learn halves the sum for two classes.
    return np.asarray(apart.sum(axis=1) / (2 if predicted.shape[1] == 2 else 1))


def _auc_rows(y: Array, predicted: Array, share: Array) -> Array:
    return _ranked_rows(y == 1, predicted[:, 1], share)


def _auc_each_rows(y: Array, predicted: Array, share: Array) -> Array:
    rows = [
        _ranked_rows(y == k, predicted[:, k], share) for k in range(predicted.shape[1])
    ]
    return np.asarray(np.mean(rows, axis=0))


def _ranked_rows(positive: Mask, scores: Array, share: Array) -> Array:
    below = np.zeros(len(scores))
    for own, other in ((positive, ~positive), (~positive, positive)):
        beaten = _share_below(scores[own], scores[other], share[other])
        below[own] = beaten if own is positive else 1 - beaten
    area = float(np.average(below[positive], weights=share[positive]))
    of_class = np.where(positive, share[positive].sum(), share[~positive].sum())
    return np.asarray(1 - area + (area - below) / of_class)


def _share_below(scores: Array, others: Array, share: Array) -> Array:
    """Return the share of other scores below each score; ties count half."""
    order = np.argsort(others, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum(share[order])])
    ends = (np.searchsorted(others[order], scores, side) for side in ("left", "right"))
    return np.asarray(sum(reached[end] for end in ends) / (2 * reached[-1]))


_ROWS: Mapping[str, _Rows] = MappingProxyType(
    {
        "neg_mean_squared_error": _squares,
        "neg_mean_absolute_error": lambda y, p, _: np.abs(y - p),
        "neg_root_mean_squared_error": _root_rows,
        "r2": _r2_rows,
        "accuracy": _missed,
        "neg_brier_score": _brier_rows,
        "roc_auc": _auc_rows,
        "roc_auc_ovr": _auc_each_rows,
    }
)
