"""Ridge, lasso and elastic net for squared error, by scikit-learn.

Where its coordinate descent stops before its tolerance, the minimum is found exactly
from where it stopped.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from boostreg.baselines.active_set import dual_gap, exact_elastic_net
from boostreg.baselines.design import Design, Path

__all__ = ["elastic_net_path", "lasso_steps", "ridge_path"]

Array = NDArray[np.float64]

_TOLERANCE = 1e-12
_MAX_SWEEPS = 1_000
_ROUNDING = 1e-14


def ridge_path(design: Design, strengths: Array) -> Path:
    """Return ridge regressions along ``strengths``, from one decomposition.

    Notes
    -----
    scikit-learn takes one penalty a target, so that all strengths are one call on as
    many copies of the target. It adds the penalty to the sum of squares of the rows;
    rows are multiplied by the root of their share of the weight first, so that the
    sum is the mean, and its alpha our strength.
    """
    from sklearn.linear_model import ridge_regression

    if design.X.shape[1] == 0:
        return _path(design, strengths, np.zeros((len(strengths), 0)))
    X, y = _centred(design)
    copies = np.repeat(y[:, None], len(strengths), axis=1)
    solved = ridge_regression(X, copies, alpha=strengths, solver="svd")
    return _path(design, strengths, np.reshape(solved, (len(strengths), -1)))


def elastic_net_path(design: Design, strengths: Array, l1_ratio: float) -> Path:
    """Return elastic nets along falling ``strengths``, each started at the last."""
    if design.X.shape[1] == 0:
        return _path(design, strengths, np.zeros((len(strengths), 0)))
    X, y = _centred(design)
    solved, converged = lasso_steps(X, y, strengths, l1_ratio, _TOLERANCE)
    if not converged.all():
        _finish(X, y, strengths, l1_ratio, solved, converged)
    return _path(design, strengths, solved, converged)


def _finish(  # noqa: PLR0913, PLR0917 - a problem, and what is found of its solution
    X: Array,
    y: Array,
    strengths: Array,
    l1_ratio: float,
    solved: Array,
    converged: NDArray[np.bool_],
) -> None:
    """Put the exact minimum wherever coordinate descent has not converged."""
    rows, target = X, y
    if len(y) > X.shape[1]:
        # As many rows as columns have the same slopes.
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
    """Minimise half the sum of squares of ``y - X b`` and an elastic net penalty.

    Returns
    -------
    coefficients : ndarray of shape (n_strengths, n_inputs)
    converged : ndarray of bool of shape (n_strengths,)
        Whether the dual gap came below ``tolerance`` times the sum of squares of y.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    # scikit-learn halves the mean over rows where we have the sum.
    root = np.sqrt(len(y))
    with warnings.catch_warnings():
        # Not hidden: the caller reads it from the gaps and notes it in the result.
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
    # A gap below rounding of the sum of squares is no gap.
    return max(tolerance, _ROUNDING) * float(y @ y)


def _centred(design: Design) -> tuple[Array, Array]:
    # Inputs have weighted mean 0, so the intercept is the target's and leaves alone.
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
