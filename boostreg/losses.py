r"""Objectives: losses, their derivatives, intercepts and units.

Raw scores ``f`` are float64 of shape (n_samples, n_outputs), one output except for
softmax. The derivatives are those that both libraries use for boosting, per row and
without row weights. They determine the unit of every penalty (XGBoost 3.2 to 3.4,
``src/objective``; LightGBM 4, ``src/objective/regression_objective.hpp``):

==================  =========================  =======================================
objective           gradient, hessian          loss
==================  =========================  =======================================
``squared_error``   f - y, 1                   (y - f)^2
``logistic``        p - y, p(1 - p)            log loss
``softmax``         p_k - y_k, 2 p_k(1 - p_k)  log loss
``poisson``         e^f - y, e^(f + 0.7)       2 (y log(y/m) - y + m), m = e^f
``gamma``           1 - y/m, y/m               2 (y/m - 1 - log(y/m))
``tweedie`` r       m^(2-r) - y m^(1-r),       unit deviance, [1]_ p. 4
                    its derivative in f
``absolute_error``  sign(f - y), 1             abs(y - f)
``quantile`` q      1 - q or -q, 1             pinball loss
==================  =========================  =======================================

The three losses with a log link also limit the weight of a leaf to 0.7, unless
``max_delta_step`` sets another limit. Without a limit, one Newton step from a mean of
0.07 towards a count of 20 multiplies the prediction by e^285. For Poisson, the hessian
is evaluated at the far end of such a step. The quadratic that a leaf minimises is then
an upper bound of the loss for every allowed step, so no step can raise the training
loss. Both numbers are XGBoost's for ``count:poisson``; LightGBM uses only the hessian.

References
----------
.. [1] B. Jorgensen. "The Theory of Dispersion Models". Chapman and Hall, 1997.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from boostreg.arrays import Array
from boostreg.data import Table
from boostreg.errors import DataError, StudyError
from boostreg.penalty import Units

__all__ = [
    "LIMITED_STEP",
    "LOSS_NAMES",
    "OBJECTIVES",
    "Array",
    "Objective",
    "derivatives",
    "row_losses",
    "sigmoid",
    "softmax",
    "weighted_mean",
    "weighted_quantile",
]


def weighted_mean(values: Array, weights: Array | None) -> float:
    """Return the mean of ``values`` (n_samples,), weighted where weights are given."""
    if weights is None:
        return float(np.mean(values))
    return float(np.sum(values * weights) / np.sum(weights))


def weighted_quantile(y: Array, weights: Array | None, level: float) -> float:
    """Return the value below which the share ``level`` of the total weight lies.

    With equal weights, as without weights, two neighbours are interpolated.
    """
    if weights is None or bool(np.all(weights == weights[0])):
        return float(np.quantile(y, level))
    order = np.argsort(y, kind="stable")
    reached = np.cumsum(weights[order])
    # Rounding tolerance: the unit of the weights must not decide ties.
    bar = level * reached[-1] * (1 - 1e-12)
    return float(y[order][np.searchsorted(reached, bar)])


def sigmoid(raw: Array) -> Array:
    """Return ``1 / (1 + exp(-raw))`` without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * raw)), dtype=np.float64)


def _score_beside(
    offset: Array, y: Array, weights: Array | None, score: float
) -> float:
    """Return b for which the mean of sigmoid(b + offset) is that of ``y``.

    ``score`` is b for offsets of 0, so b lies within the range of ``score - offset``.
    """
    from scipy.optimize import brentq

    def excess(b: float) -> float:
        return weighted_mean(sigmoid(b + offset) - y, weights)

    ends = (score - offset.max() - 1, score - offset.min() + 1)
    return float(brentq(excess, *ends, xtol=1e-13))


def softmax(raw: Array) -> Array:
    """Return the share of each class, rows summing to 1."""
    power = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(power / power.sum(axis=1, keepdims=True), dtype=np.float64)


def derivatives(
    name: str, parameter: float | None, y: Array, raw: Array
) -> tuple[Array, Array]:
    """Return gradient and hessian of each row, both (n_samples, n_outputs)."""
    if name == "softmax":
        p = softmax(raw)
        return p - (y[:, None] == np.arange(raw.shape[1])), 2 * p * (1 - p)
    f, hessian = raw[:, 0], np.ones(len(y))
    match name:
        case "squared_error":
            gradient = f - y
        case "logistic":
            p = sigmoid(f)
            gradient, hessian = p - y, p * (1 - p)
        case "poisson":
            mean = np.exp(f)
            gradient, hessian = mean - y, mean
        case "gamma":
            ratio = y * np.exp(-f)
            gradient, hessian = 1 - ratio, ratio
        case "tweedie":
            r = parameter or 0.0
            left, right = y * np.exp((1 - r) * f), np.exp((2 - r) * f)
            gradient, hessian = right - left, (2 - r) * right - (1 - r) * left
        case "absolute_error":
            gradient = np.sign(f - y)
        case _:
            q = parameter or 0.0
            gradient = np.where(f > y, 1 - q, -q)
    return gradient[:, None], hessian[:, None]


def row_losses(name: str, parameter: float | None, y: Array, raw: Array) -> Array:
    """Return the loss of each row, (n_samples,), from raw scores (n_samples, ...)."""
    f = raw[:, 0]
    match name:
        case "softmax":
            top = raw.max(axis=1)
            total = top + np.log(np.sum(np.exp(raw - top[:, None]), axis=1))
            losses = total - raw[np.arange(len(y)), y.astype(int)]
        case "squared_error":
            losses = (y - f) ** 2
        case "logistic":
            losses = np.logaddexp(0.0, np.where(y > 0, -f, f))
        case "poisson":
            from scipy.special import xlogy

            losses = 2 * (xlogy(y, y) - y * f - y + np.exp(f))
        case "gamma":
            losses = 2 * (y * np.exp(-f) - 1 - np.log(y) + f)
        case "tweedie":
            # Jorgensen's unit deviance with m = e^f
            r = parameter or 0.0
            own = y ** (2 - r) / ((1 - r) * (2 - r))
            left = y * np.exp((1 - r) * f) / (1 - r)
            losses = 2 * (own - left + np.exp((2 - r) * f) / (2 - r))
        case "absolute_error":
            losses = np.abs(y - f)
        case _:
            q = parameter or 0.0
            losses = np.maximum(q * (y - f), (q - 1) * (y - f))
    return np.asarray(losses, dtype=np.float64)


LOSS_NAMES = {
    "squared_error": "squared error",
    "logistic": "log loss",
    "softmax": "log loss",
    "poisson": "Poisson deviance",
    "gamma": "gamma deviance",
    "tweedie": "Tweedie deviance",
    "absolute_error": "absolute error",
    "quantile": "pinball loss",
}
OBJECTIVES = tuple(LOSS_NAMES)
LIMITED_STEP = 0.7
"""Largest leaf weight of losses with a log link where ``max_delta_step`` is 0."""

_LARGEST = 1e38
_PARAMETER = {"tweedie": (1.0, 2.0), "quantile": (0.0, 1.0)}
_TARGET_POWER = {
    "squared_error": 2.0,
    "absolute_error": 1.0,
    "quantile": 1.0,
    "poisson": 1.0,
}
_BY_TASK = {
    "regression": tuple(n for n in OBJECTIVES if n not in {"logistic", "softmax"}),
    "binary": ("logistic",),
    "multiclass": ("softmax",),
}


@dataclass(frozen=True, slots=True)
class Objective:
    """A loss with its derivatives.

    Attributes
    ----------
    name : str
        One of ``OBJECTIVES``.
    parameter : float or None
        Variance power of ``tweedie`` in (1, 2), level of ``quantile`` in (0, 1).
    n_classes : int
        Classes of ``logistic`` (2) and ``softmax`` (3 or more), otherwise 0.

    Raises
    ------
    StudyError
        If the name is unknown or the parameter does not belong to it.
    """

    name: str
    parameter: float | None = None
    n_classes: int = 0

    def __post_init__(self) -> None:
        if self.name not in OBJECTIVES:
            raise StudyError(
                f"objective must be one of {', '.join(OBJECTIVES)}, got {self.name!r}."
            )
        bounds = _PARAMETER.get(self.name)
        if bounds is None and self.parameter is not None:
            raise StudyError(f"objective {self.name!r} has no parameter.")
        if bounds is not None and not (
            self.parameter is not None and bounds[0] < self.parameter < bounds[1]
        ):
            raise StudyError(
                f"objective {self.name!r} needs a number between {bounds[0]:g} and "
                f"{bounds[1]:g}, got {self.parameter!r}."
            )

    @classmethod
    def for_task(
        cls,
        task: str,
        n_classes: int,
        given: "str | dict[str, float] | None" = None,
    ) -> "Objective":
        """Return the objective of a task, or ``given`` if it suits the task.

        Raises
        ------
        StudyError
            If ``given`` is unknown or is not for this task.

        Examples
        --------
        >>> Objective.for_task("regression", 0, {"tweedie": 1.5})
        Objective(name='tweedie', parameter=1.5, n_classes=0)
        """
        allowed = _BY_TASK[task]
        name, parameter = allowed[0], None
        if isinstance(given, dict):
            ((name, parameter),) = given.items()
        elif given is not None:
            name = given
        objective = cls(name, parameter, n_classes)
        if name not in allowed:
            raise StudyError(
                f"objective {name!r} is not for a {task} task, which takes one of: "
                f"{', '.join(allowed)}."
            )
        return objective

    @property
    def n_outputs(self) -> int:
        """Raw scores per row: the number of classes for softmax, otherwise 1."""
        return self.n_classes if self.name == "softmax" else 1

    def without_offset(self, table: Table) -> Table:
        """Return the table of the same problem without an offset of the raw score.

        The mean of a row with offset ``o`` is ``m = exp(f + o)``. With a log link the
        unit deviance of variance power r (1 for Poisson, 2 for gamma) satisfies ``d(y,
        exp(f + o)) = exp((2 - r) o) d(y exp(-o), exp(f))`` for every f, so derivatives
        and trees are those of the target ``y exp(-o)`` with row weights multiplied by
        ``exp((2 - r) o)``: counts with an offset are rates with the exposure as weight.

        Raises
        ------
        StudyError
            If the objective has no log link.
        """
        if table.offset is None:
            return table
        if not self.log_link:
            alone = " here; BoostedClassifier takes one" * (self.name == "logistic")
            raise StudyError(
                "offset needs an objective with a log link (poisson, gamma, tweedie)"
                f"{alone}, got {self.name!r}."
            )
        weights = np.ones(table.n_samples) if table.weights is None else table.weights
        note = (
            "The target is divided by exp(offset), so losses and predictions are per "
            "unit of exposure."
        )
        return replace(
            table,
            y=table.y * np.exp(-table.offset),
            weights=weights * np.exp(self.target_power * table.offset),
            offset=None,
            notes=(*table.notes, note),
        )

    def check_target(self, y: Array) -> None:
        """Raise DataError if ``y`` lies outside the objective's domain or float32.

        The libraries keep labels and gradients in float32.
        """
        large = np.abs(y) > _LARGEST
        if bool(np.any(large)):
            row = int(np.argmax(large))
            raise DataError(
                f"target must be within +-{_LARGEST:g}, got {float(y[row])!r} in row "
                f"{row}; divide it."
            )
        bad = {"gamma": y <= 0, "poisson": y < 0, "tweedie": y < 0}.get(self.name)
        if bad is not None and bool(np.any(bad)):
            domain = "positive" if self.name == "gamma" else "not negative"
            raise DataError(
                f"target must be {domain} for objective {self.name!r}, got "
                f"{float(y[bad][0])!r} in row {int(np.argmax(bad))}."
            )

    def intercept(
        self, y: Array, weights: Array | None = None, offset: Array | None = None
    ) -> Array:
        """Return the best constant raw score, of shape (n_outputs,).

        Softmax scores are log shares minus their mean; a class without rows counts
        as one millionth of a row, a logistic share is kept 1e-15 from 0 and 1. An
        ``offset`` (n_samples,), which is added to the score, is for logistic loss.
        """
        if self.fits_quantile:
            level = 0.5 if self.parameter is None else self.parameter
            return np.array([weighted_quantile(y, weights, level)])
        if self.name == "softmax":
            counts = np.bincount(y.astype(int), weights, minlength=self.n_classes)
            score = np.log(np.maximum(counts / counts.sum(), 1e-6 / len(y)))
            return np.asarray(score - score.mean(), dtype=np.float64)
        mean = weighted_mean(y, weights)
        if self.name == "squared_error":
            return np.array([mean])
        if self.name == "logistic":
            share = min(max(mean, 1e-15), 1 - 1e-15)
            score = math.log(share / (1 - share))
            if offset is not None:
                score = _score_beside(offset, y, weights, score)
            return np.array([score])
        return np.array([math.log(mean if mean > 0 else 1e-15)])

    @property
    def log_link(self) -> bool:
        """Whether predictions are the exponential of the raw score."""
        return self.name in {"poisson", "gamma", "tweedie"}

    @property
    def fits_quantile(self) -> bool:
        """Whether the best constant is a median or another quantile."""
        return self.name in {"absolute_error", "quantile"}

    @property
    def hessian_factor(self) -> float:
        """Factor from ``curvature`` to ``hessian``."""
        return math.exp(LIMITED_STEP) if self.name == "poisson" else 1.0

    @property
    def target_power(self) -> float:
        """Exponent of the target's unit in the loss of a row.

        >>> Objective("squared_error").target_power, Objective("gamma").target_power
        (2.0, 0.0)
        """
        if self.name == "tweedie":
            return 2 - float(self.parameter or 0.0)
        return _TARGET_POWER.get(self.name, 0.0)

    def gradient(self, y: Array, raw: Array) -> Array:
        """Return first derivatives, (n_samples, n_outputs), without row weights."""
        return derivatives(self.name, self.parameter, y, raw)[0]

    def curvature(self, y: Array, raw: Array) -> Array:
        """Return second derivatives, (n_samples, n_outputs), without row weights."""
        return derivatives(self.name, self.parameter, y, raw)[1]

    def hessian(self, y: Array, raw: Array) -> Array:
        """Return the second derivatives that trees are grown with, same shape.

        For Poisson, at the far end of the largest step: ``e^(f + 0.7)``.
        """
        return self.hessian_factor * self.curvature(y, raw)

    def row_losses(self, y: Array, raw: Array) -> Array:
        """Return the loss of each row, (n_samples,)."""
        return row_losses(self.name, self.parameter, y, raw)

    def loss(self, y: Array, raw: Array, weights: Array | None = None) -> float:
        """Return the weighted mean of the rows' losses."""
        return weighted_mean(self.row_losses(y, raw), weights)

    def predict(self, raw: Array) -> Array:
        """Return the predicted mean or quantile (n_samples,), or probabilities.

        Probabilities are (n_samples, n_classes), for logistic too.
        """
        if self.name == "logistic":
            share = sigmoid(raw[:, 0])
            return np.column_stack([1 - share, share])
        if self.name == "softmax":
            return softmax(raw)
        if self.log_link:
            return np.asarray(np.exp(raw[:, 0]), dtype=np.float64)
        return raw[:, 0]

    def units(
        self, y: Array, weights: Array | None = None, offset: Array | None = None
    ) -> Units:
        """Return the data's own unit of gradient and hessian at the intercept."""
        raw = np.tile(self.intercept(y, weights, offset), (len(y), 1))
        if offset is not None:
            raw += offset[:, None]
        gradient, hessian = self.gradient(y, raw), self.hessian(y, raw)
        w = np.ones(len(y)) if weights is None else weights
        mean_weight = float(np.sum(w) / len(y))
        spread = np.sqrt(np.sum(w[:, None] * gradient**2, axis=0) / np.sum(w))
        curvature = np.sum(w[:, None] * hessian, axis=0) / len(y)
        return Units(
            gradient=float(np.mean(spread)) * mean_weight,
            hessian=float(np.mean(curvature)),
            n_samples=len(y),
        )
