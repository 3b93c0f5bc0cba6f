r"""From margins to log-odds, learned on rows that the machine did not see.

The raw score of class k becomes :math:`a f_k + c_k`, with one slope a >= 0 and one
intercept a class; for two classes that is the sigmoid of [1]_. The numbers have the
least log loss on margins of held-out rows: those that the machines of the inner folds
give the rows that judge them. A fold is judged with numbers from the other folds' rows
alone, less any row of its own, so that no row is judged by numbers that it helped to
choose. The refitted machine takes those of all inner folds. Folds in time are no
exception: a fold's two numbers come from later folds as well.

The slope has a normal prior of standard deviation 10, so that margins which tell all
rows apart still mean finite odds.

References
----------
.. [1] J. Platt. "Probabilistic Outputs for Support Vector Machines and Comparisons to
   Regularized Likelihood Methods". Advances in Large Margin Classifiers, 1999.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from boostreg.baselines.design import Path
from boostreg.baselines.split import Split, mean_losses
from boostreg.losses import Objective

__all__ = ["calibrate", "calibrated_losses", "calibrated_path"]

Array = NDArray[np.float64]

_STD = 10.0


def calibrate(
    margins: Array, y: Array, weights: Array, objective: Objective
) -> tuple[float, Array]:
    """Return the slope and the intercepts (n_outputs,) of least log loss."""
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
            others = [
                _Held(margins[j], folds[j]).without(fold.rows)
                for j in range(len(folds))
                if j != k
            ]
            slope, intercepts = _calibrated(others, objective)
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
        held = [
            _Held(p.raw(f.judged, at), f) for f, p in zip(folds, paths, strict=True)
        ]
        slopes[at], constants = _calibrated(held, objective)
        intercepts[at] = slopes[at] * path.intercepts[at] + constants
    return replace(
        path,
        intercepts=intercepts,
        coefficients=slopes[:, None, None] * path.coefficients,
    )


class _Held:
    """Margins of rows that their machine did not see."""

    def __init__(self, margins: Array, split: Split) -> None:
        self.margins, self.y = margins, split.test_y
        self.weights, self.rows = split.test_weights, split.rows

    def without(self, rows: NDArray[np.int64]) -> "_Held":
        """Return the margins of all other rows."""
        kept = ~np.isin(self.rows, rows)
        for name in ("margins", "y", "weights", "rows"):
            setattr(self, name, getattr(self, name)[kept])
        return self


def _calibrated(held: Sequence[_Held], objective: Objective) -> tuple[float, Array]:
    return calibrate(
        np.concatenate([one.margins for one in held]),
        np.concatenate([one.y for one in held]),
        np.concatenate([one.weights for one in held]),
        objective,
    )
