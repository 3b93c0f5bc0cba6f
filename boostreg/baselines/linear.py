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
from numpy.typing import NDArray
from typing_extensions import TypeVar

from boostreg.arrays import Array, Mask
from boostreg.losses import Objective

__all__ = [
    "Design",
    "Loss",
    "Path",
    "dual_gap",
    "elastic_net_path",
    "exact_elastic_net",
    "lasso_steps",
    "quantile_path",
    "ridge_path",
    "strength_grid",
]

_POINTS = 30
_LASSO_RANGE = 1e-4
_RIDGE_RANGE = 1e-7
_QUANTILE_POINTS = 15
_QUANTILE_RANGE = 1e-3
_MARGIN = 1e-10  # above rounding error, so that the first lasso is exactly empty


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
            slope = _balanced(slope, self.y == self.intercept[0], self.weights)
        gradient: Array = self.X.T @ (self.weights[:, None] * slope)
        return gradient


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
    converged: NDArray[np.bool_]

    @property
    def nonzero(self) -> NDArray[np.int64]:
        """Number of nonzero coefficients at each strength."""
        counted = np.count_nonzero(self.coefficients, axis=(1, 2))
        return np.asarray(counted, dtype=np.int64)

    @property
    def live_units(self) -> NDArray[np.int64]:
        """Empty: a linear model has no hidden units."""
        return np.zeros(0, dtype=np.int64)

    @property
    def n_parameters(self) -> int:
        """Number of coefficients."""
        return int(np.prod(self.coefficients.shape[1:]))

    def raw(self, X: Array, number: int) -> Array:
        """Return raw scores (n_samples, n_outputs) of the model at one strength."""
        scores: Array = X @ self.coefficients[number] + self.intercepts[number]
        return scores


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


def _balanced(slope: Array, tied: NDArray[np.bool_], weights: Array) -> Array:
    rest = float(np.sum((weights[:, None] * slope)[~tied]))
    total = float(np.sum(weights[tied]))
    return np.where(tied[:, None], -rest / total if total > 0 else 0.0, slope)


_TOLERANCE = 1e-12
_MAX_SWEEPS = 1_000
_ROUNDING = 1e-14


def ridge_path(design: Design, strengths: Array) -> Path:
    """Return ridge regressions along ``strengths``, from one decomposition.

    Notes
    -----
    scikit-learn accepts one penalty per target, so one call with a copy of the target
    per strength fits them all. It minimises ``||y - X b||^2 + alpha ||b||^2``; rows are
    first multiplied by the square root of their share of the weight, so that the sum
    of squares is the weighted mean and alpha is our strength.
    """
    from sklearn.linear_model import ridge_regression

    if design.X.shape[1] == 0:
        return _path(design, strengths, np.zeros((len(strengths), 0)))
    X, y = _centred(design)
    copies = np.repeat(y[:, None], len(strengths), axis=1)
    solved = ridge_regression(X, copies, alpha=strengths, solver="svd")
    return _path(design, strengths, np.reshape(solved, (len(strengths), -1)))


def elastic_net_path(design: Design, strengths: Array, l1_ratio: float) -> Path:
    """Return elastic nets along decreasing ``strengths``, with warm starts."""
    if design.X.shape[1] == 0:
        return _path(design, strengths, np.zeros((len(strengths), 0)))
    X, y = _centred(design)
    solved, converged = lasso_steps(X, y, strengths, l1_ratio, _TOLERANCE)
    if not converged.all():
        _finish(X, y, strengths, l1_ratio, solved, converged)
    return _path(design, strengths, solved, converged)


def _finish(  # noqa: PLR0913, PLR0917 - a problem and its approximate solution
    X: Array,
    y: Array,
    strengths: Array,
    l1_ratio: float,
    solved: Array,
    converged: NDArray[np.bool_],
) -> None:
    """Replace solutions of coordinate descent that have not converged."""
    rows, target = X, y
    if len(y) > X.shape[1]:
        # A square root of the Gram matrix gives the same gradients with fewer rows.
        Q, rows = np.linalg.qr(X)
        target = Q.T @ y
    for number in np.flatnonzero(~converged):
        l1, l2 = strengths[number] * np.array([l1_ratio, 1 - l1_ratio])
        b = exact_elastic_net(rows, target, l1, l2, solved[number])
        gap = dual_gap(X, y, l1, l2, b)
        converged[number] = gap <= _bar(y, _TOLERANCE)
        solved[number] = b


def lasso_steps(
    X: Array,
    y: Array,
    strengths: Array,
    l1_ratio: float,
    tolerance: float,
) -> tuple[Array, NDArray[np.bool_]]:
    """Minimise half the squared norm of ``y - X b`` plus an elastic net penalty.

    Returns
    -------
    coefficients : ndarray of shape (n_strengths, n_inputs)
    converged : ndarray of bool of shape (n_strengths,)
        Whether the dual gap fell below ``tolerance`` times the sum of squares of y.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    # scikit-learn minimises half the mean over rows instead of half the sum.
    root = np.sqrt(len(y))
    with warnings.catch_warnings():
        # The caller checks the dual gaps itself and notes it in the result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        _, coefficients, gaps, *_ = enet_path(
            X * root,
            y * root,
            l1_ratio=l1_ratio,
            alphas=strengths,
            precompute=len(y) > X.shape[1],
            tol=tolerance,
            max_iter=_MAX_SWEEPS,
        )
    below = np.asarray(gaps <= _bar(y, tolerance), dtype=np.bool_)
    return np.array(coefficients.T), below


def _bar(y: Array, tolerance: float) -> float:
    # Ignore a gap below the rounding error of the sum of squares.
    return max(tolerance, _ROUNDING) * float(y @ y)


def _centred(design: Design) -> tuple[Array, Array]:
    # Inputs have weighted mean 0, so the intercept is the mean of the target.
    root = np.sqrt(design.weights)
    return design.X * root[:, None], (design.y - design.intercept[0]) * root


def _path(
    design: Design,
    strengths: Array,
    coefficients: Array,
    converged: NDArray[np.bool_] | None = None,
) -> Path:
    n = len(strengths)
    return Path(
        strengths=strengths,
        intercepts=np.tile(design.intercept, (n, 1)),
        coefficients=coefficients[:, :, None],
        converged=np.ones(n, dtype=np.bool_) if converged is None else converged,
    )


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


_FLAT = 1e-7
_SLOPE_ROUNDING = 1e-12


def exact_elastic_net(X: Array, y: Array, l1: float, l2: float, start: Array) -> Array:
    r"""Minimise :math:`\|y - Xb\|^2 / 2 + l_1 \|b\|_1 + l_2 \|b\|^2 / 2`.

    The active-set search ends after at most ten changes per column; ``dual_gap``
    bounds the distance to the minimum.
    """
    b, settled = start.copy(), False
    rounding = _SLOPE_ROUNDING * float(np.max(np.abs(X.T @ y), initial=0.0))
    for _ in range(100 + 10 * X.shape[1]):
        slope = X.T @ (y - X @ b) - l2 * b
        signs = np.sign(b)
        if settled or not signs.any():
            excess = np.where(signs == 0, np.abs(slope) - l1, 0.0)
            enters = int(np.argmax(excess))
            if excess[enters] <= rounding:
                break
            signs[enters] = np.sign(slope[enters])
        on = np.flatnonzero(signs)
        pull = slope[on] - l1 * signs[on]
        direction, length = _direction(X[:, on], l2, pull)
        share, meets = _first_zero(b[on], signs[on], direction)
        if min(length, share) == np.inf:
            break
        settled = length <= share
        b[on] += min(length, share) * direction
        if not settled:
            b[on[meets]] = 0.0
    return b


def dual_gap(X: Array, y: Array, l1: float, l2: float, b: Array) -> float:
    """Return an upper bound of the objective at ``b`` minus its minimum.

    An elastic net is a lasso with the rows ``sqrt(l2) * I`` appended and targets 0.
    The dual point is the residual, scaled into the domain of the dual.
    """
    residual = y - X @ b
    slope = X.T @ residual - l2 * b
    steepest = float(np.max(np.abs(slope), initial=0.0))
    scale = min(1.0, l1 / steepest) if steepest > 0 else 1.0
    squares = float(residual @ residual) + l2 * float(b @ b)
    primal = squares / 2 + l1 * float(np.abs(b).sum())
    return primal - scale * float(y @ residual) + scale**2 * squares / 2


def _direction(X: Array, l2: float, pull: Array) -> tuple[Array, float]:
    """Return a direction and its maximum step: 1 to the minimum, or unbounded."""
    _, singular, right = np.linalg.svd(X, full_matrices=False)
    curvature = singular**2
    steep = curvature > _FLAT**2 * np.max(curvature, initial=0.0)
    basis = right[steep]
    along = basis @ pull
    flat = pull - basis.T @ along
    if l2 > 0:
        return basis.T @ (along / (curvature[steep] + l2)) + flat / l2, 1.0
    if np.max(np.abs(flat)) > _FLAT * np.max(np.abs(pull), initial=0.0):
        return flat, np.inf
    return basis.T @ (along / curvature[steep]), 1.0


def _first_zero(b: Array, signs: Array, direction: Array) -> tuple[float, Mask]:
    """Return the fraction of a step at which coefficients reach 0, and which do."""
    falls = signs * direction < 0
    shares = np.full(len(b), np.inf)
    shares[falls] = np.abs(b[falls] / direction[falls])
    first = float(np.min(shares, initial=np.inf))
    meets: Mask = falls & (shares <= first)
    return first, meets
