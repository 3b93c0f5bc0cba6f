r"""What a linear baseline minimises, and the strengths worth trying.

For raw scores :math:`f = b_0 + X b` the objective is, over weighted rows,

.. math::

    \text{mean half deviance}(y, f) + s \left(r \|b\|_1 + \frac{1 - r}{2} \|b\|_2^2
    \right),

half the mean squared error for ``squared_error``, the log loss for classes, half the
deviance for ``poisson``, ``gamma`` and ``tweedie``, and the plain mean loss for
``absolute_error`` and ``quantile``. The strength :math:`s` is per row: it means the
same for any number of rows. :math:`r` is ``l1_ratio``: 0 is ridge, 1 is lasso. The
intercept :math:`b_0` is not penalised. Softmax has one column of ``b`` for each class.
"""

from dataclasses import dataclass
from typing import Generic, Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from boostreg.losses import Objective

__all__ = ["Design", "Loss", "Path", "strength_grid"]

Array = NDArray[np.float64]

_POINTS = 30
_LASSO_RANGE = 1e-4
_RIDGE_RANGE = 1e-7
_QUANTILE_POINTS = 15
_QUANTILE_RANGE = 1e-3
_MARGIN = 1e-10  # above rounding, so that the first lasso is empty to the last bit


class Loss(Protocol):
    """A loss that a linear model minimises: an ``Objective``, or one of ``hinge``."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def parameter(self) -> float | None:
        """Its number, if it has one."""
        ...

    def gradient(self, y: Array, raw: Array) -> Array:
        """Return first derivatives, (n_samples, n_outputs)."""
        ...

    def curvature(self, y: Array, raw: Array) -> Array:
        """Return second derivatives, (n_samples, n_outputs)."""
        ...

    def row_losses(self, y: Array, raw: Array) -> Array:
        """Return the loss of each row, (n_samples,)."""
        ...


LossT_co = TypeVar("LossT_co", bound=Loss, covariant=True, default=Objective)


@dataclass(frozen=True, slots=True, eq=False)
class Design(Generic[LossT_co]):
    """Training rows of a linear model.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_inputs)
        Standardized.
    y : ndarray of shape (n_samples,)
    weights : ndarray of shape (n_samples,)
        Row weights divided by their sum.
    objective : Loss
    intercept : ndarray of shape (n_outputs,)
        The best constant raw score.
    """

    X: Array
    y: Array
    weights: Array
    objective: LossT_co
    intercept: Array

    @property
    def null_gradient(self) -> Array:
        """Derivative by each coefficient at the best constant, (inputs, outputs)."""
        raw = np.tile(self.intercept, (len(self.y), 1))
        slope = self.objective.gradient(self.y, raw)
        if self.objective.name in {"absolute_error", "quantile"}:
            # Rows at the quantile itself have a range of slopes; this one sums to 0.
            slope = _balanced(slope, self.y == self.intercept[0], self.weights)
        gradient: Array = self.X.T @ (self.weights[:, None] * slope)
        return gradient


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Linear models along falling strengths.

    Attributes
    ----------
    strengths : ndarray of shape (n_strengths,)
    intercepts : ndarray of shape (n_strengths, n_outputs)
    coefficients : ndarray of shape (n_strengths, n_inputs, n_outputs)
    converged : ndarray of bool of shape (n_strengths,)
        Whether the solver reached its tolerance.
    """

    strengths: Array
    intercepts: Array
    coefficients: Array
    converged: NDArray[np.bool_]

    @property
    def nonzero(self) -> NDArray[np.int64]:
        """Coefficients that are not 0, at each strength."""
        counted = np.count_nonzero(self.coefficients, axis=(1, 2))
        return np.asarray(counted, dtype=np.int64)

    @property
    def live_units(self) -> NDArray[np.int64]:
        """None: a linear model has no hidden units."""
        return np.zeros(0, dtype=np.int64)

    @property
    def n_parameters(self) -> int:
        """Coefficients that there are."""
        return int(np.prod(self.coefficients.shape[1:]))

    def raw(self, X: Array, number: int) -> Array:
        """Return raw scores (n_samples, n_outputs) of the model at one strength."""
        scores: Array = X @ self.coefficients[number] + self.intercepts[number]
        return scores


def strength_grid(design: Design[Loss], l1_ratio: float) -> Array:
    """Return falling strengths on a log grid, from one that leaves nothing to choose.

    With an L1 part the first is the least strength at which all coefficients are 0,
    and the last 10,000 times smaller (1,000 for ``absolute_error`` and ``quantile``,
    whose fits are costly). Ridge has no such strength: its first shrinks every
    direction of the inputs at least a hundredfold, its last is 1e-7 of that. Without
    inputs, or where none has a slope, strengths change nothing and start at 1.
    """
    quantile = design.objective.name in {"absolute_error", "quantile"}
    if l1_ratio == 0:
        top, reach = 100 * _largest_curvature(design), _RIDGE_RANGE
    else:
        slope = float(np.max(np.abs(design.null_gradient), initial=0.0))
        top = (1 + _MARGIN) * slope / l1_ratio
        reach = _QUANTILE_RANGE if quantile else _LASSO_RANGE
    n_points = _QUANTILE_POINTS if quantile else _POINTS
    return np.asarray(np.geomspace(1.0, reach, n_points) * (top if top > 0 else 1.0))


def _largest_curvature(design: Design[Loss]) -> float:
    if design.X.shape[1] == 0:
        return 0.0
    raw = np.tile(design.intercept, (len(design.y), 1))
    curvature = design.objective.curvature(design.y, raw)
    rooted = design.X * np.sqrt(design.weights)[:, None]
    gram = rooted.T @ rooted if len(rooted) > rooted.shape[1] else rooted @ rooted.T
    mean = float(np.max(design.weights @ curvature))
    return float(np.linalg.eigvalsh(gram)[-1]) * mean


def _balanced(slope: Array, tied: NDArray[np.bool_], weights: Array) -> Array:
    rest = float(np.sum((weights[:, None] * slope)[~tied]))
    total = float(np.sum(weights[tied]))
    return np.where(tied[:, None], -rest / total if total > 0 else 0.0, slope)
