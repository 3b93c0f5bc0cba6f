"""An objective: a loss with its intercept, its units and its predictions."""

import math
from dataclasses import dataclass

import numpy as np

from boostreg.errors import DataError, StudyError
from boostreg.losses.derivatives import derivatives
from boostreg.losses.means import Array, weighted_mean, weighted_quantile
from boostreg.losses.rows import row_losses
from boostreg.losses.shares import sigmoid, softmax
from boostreg.penalty import Units

__all__ = ["LIMITED_STEP", "LOSS_NAMES", "OBJECTIVES", "Objective"]

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
        Classes of ``logistic`` (2) and ``softmax`` (3 or more), else 0.

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
            raise StudyError(f"objective {self.name!r} takes no number.")
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
        """Raw scores a row: the number of classes for softmax, else 1."""
        return self.n_classes if self.name == "softmax" else 1

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
            least = "positive" if self.name == "gamma" else "not negative"
            raise DataError(
                f"target must be {least} for objective {self.name!r}, got "
                f"{float(y[bad][0])!r} in row {int(np.argmax(bad))}."
            )

    def intercept(self, y: Array, weights: Array | None = None) -> Array:
        """Return the best constant raw score, of shape (n_outputs,).

        Softmax scores are log shares minus their mean; a class without rows counts
        as one millionth of a row, a logistic share is kept 1e-15 from 0 and 1.
        """
        if self.name in {"absolute_error", "quantile"}:
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
            return np.array([math.log(share / (1 - share))])
        return np.array([math.log(mean if mean > 0 else 1e-15)])

    @property
    def log_link(self) -> bool:
        """Whether predictions are the exponential of the raw score."""
        return self.name in {"poisson", "gamma", "tweedie"}

    @property
    def hessian_factor(self) -> float:
        """What ``hessian`` is a multiple of: ``curvature``."""
        return math.exp(LIMITED_STEP) if self.name == "poisson" else 1.0

    @property
    def target_power(self) -> float:
        """Power of the target's unit that the loss of a row has.

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

        For Poisson those at the far end of the largest step, ``e^(f + 0.7)``.
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

    def units(self, y: Array, weights: Array | None = None) -> Units:
        """Return the data's own unit of gradient and hessian at the intercept."""
        raw = np.tile(self.intercept(y, weights), (len(y), 1))
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
