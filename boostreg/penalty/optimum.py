r"""How a penalty shifts the optimum of a quadratic loss, in closed form.

Around its minimum :math:`w^*` a loss with Hessian H is
:math:`J(w) = J^* + (w - w^*)^T H (w - w^*) / 2`. See [1]_, 7.1:

- with :math:`\alpha \|w\|_2^2 / 2` the optimum is :math:`(H + \alpha I)^{-1} H w^*`
  (eq. 7.7), or along each eigenvector of H the share
  :math:`\lambda_i / (\lambda_i + \alpha)` of what it was (eq. 7.13). Every direction
  shrinks, flat ones most, none to 0;
- with :math:`\alpha \|w\|_1` and a diagonal H it is
  :math:`\operatorname{sign}(w_i^*) \max(|w_i^*| - \alpha / H_{ii}, 0)` (eq. 7.23, from
  the expansion 7.22): every coordinate moves by at most :math:`\alpha / H_{ii}`, and
  those that were no further from 0 than that become 0.

A leaf is the case of one dimension: :math:`w^* = -G / H`, and both together are
``boostreg.penalty.priors.leaf_map``.

References
----------
.. [1] I. Goodfellow, Y. Bengio, A. Courville. "Deep Learning". MIT Press, 2016.
   https://www.deeplearningbook.org
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.errors import PenaltyError

__all__ = ["l1_optimum", "l2_optimum", "shift"]

Array = NDArray[np.float64]

_ROUNDING = 1e-10


def l2_optimum(optimum: ArrayLike, hessian: ArrayLike, strength: float) -> Array:
    r"""Return the minimum of the loss plus ``strength`` / 2 times the sum of squares.

    Parameters
    ----------
    optimum : array-like of shape (n_weights,)
        Minimum without a penalty.
    hessian : array-like of shape (n_weights, n_weights)
        Symmetric, without a negative eigenvalue. A direction in which it is 0 has no
        minimum of its own, and any penalty takes the weights along it to 0.
    strength : float
        >= 0.

    Raises
    ------
    PenaltyError
        If an argument is outside its domain.

    Examples
    --------
    >>> l2_optimum([2.0, 2.0], [[3.0, 0.0], [0.0, 1.0]], 1.0)
    array([1.5, 1. ])
    """
    w = _weights(optimum)
    H = np.asarray(hessian, dtype=np.float64)
    _check_strength(strength)
    if H.shape != (len(w), len(w)):
        raise PenaltyError(
            f"hessian must be of shape {(len(w), len(w))}, got {H.shape}."
        )
    if not np.allclose(H, H.T, rtol=1e-8, atol=0.0):
        raise PenaltyError("hessian must be symmetric, got one that is not.")
    if strength == 0:
        return w
    values, vectors = np.linalg.eigh(H)
    if values.min(initial=0.0) < -_ROUNDING * max(abs(values).max(initial=0.0), 1e-300):
        raise PenaltyError(
            f"hessian must have no negative eigenvalue, got {float(values.min())!r}."
        )
    kept = np.maximum(values, 0.0)
    shrunk: Array = vectors @ (kept / (kept + strength) * (vectors.T @ w))
    return shrunk


def l1_optimum(optimum: ArrayLike, curvature: ArrayLike, strength: float) -> Array:
    r"""Return the minimum of the loss plus ``strength`` times the sum of magnitudes.

    Parameters
    ----------
    optimum : array-like of shape (n_weights,)
        Minimum without a penalty.
    curvature : array-like of shape (n_weights,)
        Diagonal of the Hessian, > 0; its other entries are 0.
    strength : float
        >= 0.

    Raises
    ------
    PenaltyError
        If an argument is outside its domain.

    Examples
    --------
    The second weight is too near 0 to survive:

    >>> l1_optimum([2.0, -0.25], [1.0, 2.0], 1.0)
    array([1., 0.])
    """
    w = _weights(optimum)
    h = np.asarray(curvature, dtype=np.float64)
    _check_strength(strength)
    if h.shape != w.shape or not np.all(np.isfinite(h) & (h > 0)):
        raise PenaltyError(
            f"curvature must be {len(w)} numbers > 0: with another Hessian L1 has no "
            f"closed form; got {h.tolist()!r}."
        )
    moved: Array = w - np.clip(w, -strength / h, strength / h)
    return moved


def shift(optimum: ArrayLike, penalised: ArrayLike) -> float:
    """Return the Euclidean distance that a penalty has moved the optimum.

    >>> shift([2.0, 2.0], [1.5, 1.0]) == (0.25 + 1.0) ** 0.5
    True
    """
    return float(np.linalg.norm(_weights(penalised) - _weights(optimum)))


def _weights(values: ArrayLike) -> Array:
    w = np.asarray(values, dtype=np.float64)
    if w.ndim != 1 or not np.all(np.isfinite(w)):
        raise PenaltyError("weights must be a row of finite numbers.")
    return w


def _check_strength(strength: float) -> None:
    if not (math.isfinite(strength) and strength >= 0):
        raise PenaltyError(f"strength must be finite and >= 0, got {strength!r}.")
