r"""Linear baselines: their objective, grid of strengths, and solvers.

For raw scores :math:`f = b_0 + X b` the objective is, over weighted rows,

.. math::

    \text{mean half deviance}(y, f) + s \left(r \|b\|_1 + \frac{1 - r}{2} \|b\|_2^2
    \right),

half the mean squared error for ``squared_error``, the log loss for classes, half the
deviance for ``poisson``, ``gamma`` and ``tweedie``, and the mean loss for
``absolute_error`` and ``quantile``. The strength :math:`s` is per row: it means the
same for any number of rows. :math:`r` is ``l1_ratio``: 0 is ridge, 1 is lasso. The
intercept :math:`b_0` is not penalised. Softmax has one column of ``b`` per class.
"""

import warnings
from dataclasses import dataclass
from typing import Generic, Protocol

import numpy as np
from typing_extensions import TypeVar

from boostreg.arrays import Array, Indices, Mask
from boostreg.losses import Objective

__all__ = [
    "Design",
    "Loss",
    "Path",
    "lasso_steps",
    "least_squares_path",
    "quantile_path",
    "strength_grid",
]

_POINTS = 30
_LASSO_RANGE = 1e-4
_RIDGE_RANGE = 1e-7
_QUANTILE_POINTS = 15
_QUANTILE_RANGE = 1e-3
_MARGIN = 1e-10  # above rounding error, so that the first lasso is exactly empty

_TOLERANCE = 1e-12
_SWEEPS = (1_000, 100_000)
_WORK = 1_000_000_000
"""Multiplications per strength, about a second, that set the limit of sweeps."""


class Loss(Protocol):
    """A loss that a linear model minimises: an ``Objective``, or one of ``hinge``."""

    @property
    def name(self) -> str:
        """Name of the loss."""
        ...

    @property
    def parameter(self) -> float | None:
        """Parameter of the loss, if it has one."""
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
        """Gradient in the coefficients at the best constant, (inputs, outputs)."""
        raw = np.tile(self.intercept, (len(self.y), 1))
        slope = self.objective.gradient(self.y, raw)
        if self.objective.name in {"absolute_error", "quantile"}:
            # Rows at the quantile have many subgradients; take those that sum to 0.
            tied = self.y == self.intercept[0]
            rest = float(np.sum((self.weights[:, None] * slope)[~tied]))
            total = float(np.sum(self.weights[tied]))
            slope[tied] = -rest / total if total > 0 else 0.0
        return np.asarray(self.X.T @ (self.weights[:, None] * slope))


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Linear models along decreasing strengths.

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
    converged: Mask

    @property
    def nonzero(self) -> Indices:
        """Number of nonzero coefficients at each strength."""
        return np.asarray(np.count_nonzero(self.coefficients, axis=(1, 2)), np.int64)

    @property
    def live_units(self) -> Indices:
        """Empty: a linear model has no hidden units."""
        return np.zeros(0, dtype=np.int64)

    @property
    def n_parameters(self) -> int:
        """Number of coefficients."""
        return int(np.prod(self.coefficients.shape[1:]))

    def raw(self, X: Array, number: int) -> Array:
        """Return raw scores (n_samples, n_outputs) of the model at one strength."""
        return np.asarray(X @ self.coefficients[number] + self.intercepts[number])


def strength_grid(design: Design[Loss], l1_ratio: float) -> Array:
    """Return decreasing strengths on a log grid, from one that yields a constant.

    With an L1 part, the first is the smallest strength at which all coefficients are 0,
    and the last is 10,000 times smaller (1,000 times for ``absolute_error`` and
    ``quantile``, which are slow to fit). Ridge has no such strength: its first shrinks
    every direction of the inputs at least a hundredfold, its last is 1e-7 of that.
    Without inputs, or if all gradients are 0, strengths have no effect and start at 1.
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


def least_squares_path(design: Design, strengths: Array, l1_ratio: float) -> Path:
    """Return ridge (``l1_ratio`` 0), lasso (1) or elastic net along ``strengths``.

    Notes
    -----
    Rows are multiplied by the square root of their share of the weight, so that the sum
    of squares is the weighted mean. scikit-learn's ridge minimises
    ``||y - X b||^2 + alpha ||b||^2``, so alpha is the strength; it accepts one alpha
    per target, so one call with a copy of the target per strength fits them all.
    """
    from sklearn.linear_model import ridge_regression

    n, n_inputs = len(strengths), design.X.shape[1]
    coefficients, converged = np.zeros((n, n_inputs)), np.ones(n, dtype=np.bool_)
    # Inputs have weighted mean 0, so the intercept is the mean of the target.
    root = np.sqrt(design.weights)
    X, y = design.X * root[:, None], (design.y - design.intercept[0]) * root
    if n_inputs > 0 and l1_ratio == 0:
        copies = np.repeat(y[:, None], n, axis=1)
        solved = ridge_regression(X, copies, alpha=strengths, solver="svd")
        coefficients = np.reshape(solved, (n, n_inputs))
    elif n_inputs > 0:
        coefficients, converged = lasso_steps(X, y, strengths, l1_ratio)
    intercepts = np.tile(design.intercept, (n, 1))
    return Path(strengths, intercepts, coefficients[:, :, None], converged)


def lasso_steps(
    X: Array, y: Array, strengths: Array, l1_ratio: float
) -> tuple[Array, Mask]:
    r"""Minimise :math:`\|y - Xb\|^2 / 2` plus the penalty, by coordinate descent.

    Returns
    -------
    coefficients : ndarray of shape (n_strengths, n_inputs)
    converged : ndarray of bool of shape (n_strengths,)
        Whether the dual gap, an upper bound of the distance to the minimum, fell below
        1e-12 of the sum of squares of ``y`` within the allowed sweeps.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    # scikit-learn minimises half the mean over rows instead of half the sum.
    root = np.sqrt(len(y))
    sweeps = int(np.clip(_WORK // (min(X.shape) * X.shape[1]), *_SWEEPS))
    with warnings.catch_warnings():
        # The caller checks the dual gaps itself and notes it in the result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        _, coefficients, gaps, *_ = enet_path(
            X * root,
            y * root,
            l1_ratio=l1_ratio,
            alphas=strengths,
            precompute=len(y) > X.shape[1],
            tol=_TOLERANCE,
            max_iter=sweeps,
        )
    return np.array(coefficients.T), np.asarray(gaps <= _TOLERANCE * float(y @ y))


def quantile_path(design: Design, strengths: Array) -> Path:
    """Return L1-penalised quantile regressions along ``strengths``.

    scikit-learn minimises the pinball loss. The absolute error is twice the pinball
    loss of the median, so the strength is halved.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import QuantileRegressor

    level, factor = 0.5, 0.5
    if design.objective.name == "quantile":
        level, factor = float(design.objective.parameter or 0.5), 1.0
    n, (_, n_inputs) = len(strengths), design.X.shape
    intercepts, coefficients = np.empty((n, 1)), np.zeros((n, n_inputs, 1))
    converged = np.ones(n, dtype=np.bool_)
    for number, strength in enumerate(strengths):
        if n_inputs == 0:
            intercepts[number] = design.intercept
            continue
        model = QuantileRegressor(quantile=level, alpha=factor * strength)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            # Mean weight 1, because the tolerances of the solver are absolute.
            weights = design.weights * len(design.y)
            model.fit(design.X, design.y, sample_weight=weights)
        kinds = {warning.category for warning in caught}
        converged[number] = ConvergenceWarning not in kinds
        intercepts[number], coefficients[number, :, 0] = model.intercept_, model.coef_
    return Path(strengths, intercepts, coefficients, converged)
