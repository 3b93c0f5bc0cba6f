"""Ridge, lasso and elastic net for squared error, by scikit-learn."""

import warnings

import numpy as np
from numpy.typing import NDArray

from boostreg.baselines.design import Design, Path

__all__ = ["elastic_net_path", "lasso_steps", "ridge_path"]

Array = NDArray[np.float64]

_TOLERANCE = 1e-10
_MAX_SWEEPS = 20_000


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
    return _path(design, strengths, solved, converged)


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
    # A gap below rounding of the sum of squares is no gap.
    bar = max(tolerance, 1e-14) * float(y @ y)
    return np.asarray(coefficients.T), np.asarray(gaps <= bar, dtype=np.bool_)


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
