"""First and second derivatives of each objective in the raw score."""

from collections.abc import Callable

import numpy as np

from boostreg.losses.means import Array
from boostreg.losses.shares import sigmoid, softmax

__all__ = ["derivatives"]

Pair = tuple[Array, Array]


def derivatives(name: str, parameter: float | None, y: Array, raw: Array) -> Pair:
    """Return gradient and hessian of each row, both (n_samples, n_outputs)."""
    if name == "softmax":
        p = softmax(raw)
        return p - (y[:, None] == np.arange(raw.shape[1])), 2 * p * (1 - p)
    gradient, hessian = _DERIVATIVES[name](parameter or 0.0, y, raw[:, 0])
    return gradient[:, None], hessian[:, None]


def _squared_error(_: float, y: Array, f: Array) -> Pair:
    return f - y, np.ones_like(f)


def _logistic(_: float, y: Array, f: Array) -> Pair:
    p = sigmoid(f)
    return p - y, p * (1 - p)


def _poisson(_: float, y: Array, f: Array) -> Pair:
    mean = np.exp(f)
    return mean - y, mean


def _gamma(_: float, y: Array, f: Array) -> Pair:
    ratio = y * np.exp(-f)
    return 1 - ratio, ratio


def _tweedie(r: float, y: Array, f: Array) -> Pair:
    left, right = y * np.exp((1 - r) * f), np.exp((2 - r) * f)
    return right - left, (2 - r) * right - (1 - r) * left


def _absolute_error(_: float, y: Array, f: Array) -> Pair:
    return np.sign(f - y), np.ones_like(f)


def _quantile(q: float, y: Array, f: Array) -> Pair:
    return np.where(f > y, 1 - q, -q), np.ones_like(f)


_DERIVATIVES: dict[str, Callable[[float, Array, Array], Pair]] = {
    "squared_error": _squared_error,
    "logistic": _logistic,
    "poisson": _poisson,
    "gamma": _gamma,
    "tweedie": _tweedie,
    "absolute_error": _absolute_error,
    "quantile": _quantile,
}
