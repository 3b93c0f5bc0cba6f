r"""Linear support vector machines: losses that are 0 beyond the margin.

====================  ===============================================================
``SquaredHinge``      :math:`\max(0, 1 - y f)^2 / 2`, y = -1 or 1
``SquaredTube``       :math:`\max(0, |y - f| - \epsilon)^2 / 2`
====================  ===============================================================

The losses are squared, because L1 and L2 then share one exact solver and the intercept
is not penalised. scikit-learn's ``LinearSVC`` has L1 only with the squared hinge, its
``LinearSVR`` has no L1, and both penalise the intercept; with L2 they are otherwise the
same models (``loss="squared_hinge"``, ``loss="squared_epsilon_insensitive"``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from boostreg.arrays import Array, Indices
from boostreg.baselines.inputs import Split, mean_losses
from boostreg.baselines.linear import Design, Loss, Path, strength_grid
from boostreg.baselines.newton import newton_path
from boostreg.losses import Objective

__all__ = [
    "SquaredHinge",
    "SquaredTube",
    "calibrate",
    "calibrated_losses",
    "calibrated_path",
    "svm_grid",
    "svm_path",
]


@dataclass(frozen=True, slots=True)
class SquaredHinge:
    """Half the squared hinge loss of a label that is -1 or 1."""

    name: str = "squared_hinge"
    parameter: float | None = None

    def gradient(self, y: Array, raw: Array) -> Array:
        """Return first derivatives, (n_samples, 1)."""
        return -y[:, None] * np.maximum(1 - y[:, None] * raw, 0.0)

    def curvature(self, y: Array, raw: Array) -> Array:
        """Return second derivatives, (n_samples, 1): 1 for rows within the margin."""
        return np.asarray(y[:, None] * raw < 1, dtype=np.float64)

    def row_losses(self, y: Array, raw: Array) -> Array:
        """Return the loss of each row, (n_samples,)."""
        return np.asarray(np.maximum(1 - y * raw[:, 0], 0.0) ** 2 / 2)


@dataclass(frozen=True, slots=True)
class SquaredTube:
    """Half the squared distance beyond ``parameter``, the half width of the tube."""

    parameter: float
    name: str = "squared_tube"

    def gradient(self, y: Array, raw: Array) -> Array:
        """Return first derivatives, (n_samples, 1)."""
        miss = raw - y[:, None]
        return miss - np.clip(miss, -self.parameter, self.parameter)

    def curvature(self, y: Array, raw: Array) -> Array:
        """Return second derivatives, (n_samples, 1): 1 for rows outside the tube."""
        return np.asarray(np.abs(raw - y[:, None]) > self.parameter, dtype=np.float64)

    def row_losses(self, y: Array, raw: Array) -> Array:
        """Return the loss of each row, (n_samples,)."""
        return np.asarray(self.gradient(y, raw)[:, 0] ** 2 / 2)


_TUBE = 0.1
"""Half width of the tube of a regression, in standard deviations of the target."""

_STD = 10.0
"""Standard deviation of the prior of a calibration's slope, which keeps it finite."""


def calibrate(
    margins: Array, y: Array, weights: Array, objective: Objective
) -> tuple[float, Array]:
    """Return the slope and the intercepts (n_outputs,) with the lowest log loss."""
    from scipy.optimize import minimize

    share = weights / np.sum(weights)
    strength = 1 / (_STD**2 * len(y))

    def cost(theta: Array) -> tuple[float, Array]:
        raw = theta[0] * margins + theta[1:]
        slope = share[:, None] * objective.gradient(y, raw)
        value = float(share @ objective.row_losses(y, raw))
        by_slope = float(np.sum(slope * margins)) + strength * theta[0]
        return (
            value + strength / 2 * float(theta[0]) ** 2,
            np.r_[by_slope, slope.sum(axis=0)],
        )

    start = np.r_[0.0, objective.intercept(y, weights)]
    bounds = [(0.0, None)] + [(None, None)] * margins.shape[1]
    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(
        cost, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options
    ).x
    return float(found[0]), np.asarray(found[1:], dtype=np.float64)


def calibrated_losses(
    folds: Sequence[Split], paths: Sequence[Path], objective: Objective
) -> Array:
    """Return the log loss (n_strengths, n_folds) of each fold, calibrated by others."""
    losses = np.empty((len(paths[0].strengths), len(folds)))
    for at in range(len(losses)):
        margins = [p.raw(f.judged, at) for f, p in zip(folds, paths, strict=True)]
        for k, fold in enumerate(folds):
            slope, intercepts = _calibrated(margins, folds, objective, fold.rows)
            rows = objective.row_losses(fold.test_y, slope * margins[k] + intercepts)
            losses[at, k] = mean_losses(rows[None], fold.test_weights)[0]
    return losses


def calibrated_path(
    path: Path, folds: Sequence[Split], paths: Sequence[Path], objective: Objective
) -> Path:
    """Return the path with log-odds for margins, calibrated on all inner folds."""
    slopes = np.empty(len(path.strengths))
    intercepts = np.empty_like(path.intercepts)
    for at in range(len(slopes)):
        margins = [p.raw(f.judged, at) for f, p in zip(folds, paths, strict=True)]
        slopes[at], constants = _calibrated(margins, folds, objective)
        intercepts[at] = slopes[at] * path.intercepts[at] + constants
    return replace(
        path,
        intercepts=intercepts,
        coefficients=slopes[:, None, None] * path.coefficients,
    )


def _calibrated(
    margins: Sequence[Array],
    folds: Sequence[Split],
    objective: Objective,
    without: Sequence[int] | Indices = (),
) -> tuple[float, Array]:
    """Calibrate on the judged rows of all folds, except the rows ``without``."""
    kept = [~np.isin(fold.rows, without) for fold in folds]

    def joined(parts: Sequence[Array]) -> Array:
        return np.concatenate([p[k] for p, k in zip(parts, kept, strict=True)])

    y = joined([fold.test_y for fold in folds])
    weights = joined([fold.test_weights for fold in folds])
    return calibrate(joined(margins), y, weights, objective)


def svm_grid(design: Design, l1_ratio: float) -> Array:
    """Return decreasing strengths, from the largest that any class needs."""
    grids = [strength_grid(one, l1_ratio) for one in _machines(design)]
    return max(grids, key=lambda grid: float(grid[0]))


def svm_path(design: Design, strengths: Array, l1_ratio: float) -> Path:
    """Return the machines along ``strengths``, with one output per modelled class.

    Raw scores are margins for classes, predictions for a regression.
    """
    paths = [newton_path(one, strengths, l1_ratio) for one in _machines(design)]
    return Path(
        strengths=strengths,
        intercepts=np.hstack([path.intercepts for path in paths]),
        coefficients=np.concatenate([path.coefficients for path in paths], axis=2),
        converged=np.all([path.converged for path in paths], axis=0),
    )


def _machines(design: Design) -> list[Design[Loss]]:
    y, w = design.y, design.weights
    if design.objective.name == "squared_error":
        spread = float(np.sqrt(w @ (y - design.intercept[0]) ** 2))
        tube = SquaredTube(_TUBE * spread)
        return [_started(Design(design.X, y, w, tube, design.intercept))]
    n_outputs = len(design.intercept)
    positives = [y == k for k in range(n_outputs)] if n_outputs > 1 else [y == 1]
    return [
        _started(
            Design(
                X=design.X,
                y=np.where(positive, 1.0, -1.0),
                weights=w,
                objective=SquaredHinge(),
                intercept=np.array([2 * float(w @ positive) - 1]),
            )
        )
        for positive in positives
    ]


def _started(design: Design[Loss]) -> Design[Loss]:
    """Return the design with the best constant of its loss as its intercept."""
    alone = replace(design, X=design.X[:, :0])
    constant = newton_path(alone, np.ones(1), 0.0).intercepts[0]
    return replace(design, intercept=constant)
