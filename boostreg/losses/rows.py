"""The loss of each row, for each objective."""

from collections.abc import Callable

import numpy as np

from boostreg.losses.means import Array

__all__ = ["row_losses"]


def row_losses(name: str, parameter: float | None, y: Array, raw: Array) -> Array:
    """Return the loss of each row, (n_samples,), from raw scores (n_samples, ...)."""
    if name == "softmax":
        return _softmax(y, raw)
    return _ROW_LOSS[name](parameter or 0.0, y, raw[:, 0])


def _softmax(y: Array, raw: Array) -> Array:
    top = raw.max(axis=1)
    total = top + np.log(np.sum(np.exp(raw - top[:, None]), axis=1))
    return np.asarray(total - raw[np.arange(len(y)), y.astype(int)], dtype=np.float64)


def _squared_error(_: float, y: Array, f: Array) -> Array:
    return (y - f) ** 2


def _logistic(_: float, y: Array, f: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, np.where(y > 0, -f, f)), dtype=np.float64)


def _poisson(_: float, y: Array, f: Array) -> Array:
    from scipy.special import xlogy

    return np.asarray(2 * (xlogy(y, y) - y * f - y + np.exp(f)), dtype=np.float64)


def _gamma(_: float, y: Array, f: Array) -> Array:
    return np.asarray(2 * (y * np.exp(-f) - 1 - np.log(y) + f), dtype=np.float64)


def _tweedie(r: float, y: Array, f: Array) -> Array:
    own = y ** (2 - r) / ((1 - r) * (2 - r))
    left, right = y * np.exp((1 - r) * f) / (1 - r), np.exp((2 - r) * f) / (2 - r)
    return np.asarray(2 * (own - left + right), dtype=np.float64)


def _absolute_error(_: float, y: Array, f: Array) -> Array:
    return np.abs(y - f)


def _quantile(q: float, y: Array, f: Array) -> Array:
    left = y - f
    return np.maximum(q * left, (q - 1) * left)


_ROW_LOSS: dict[str, Callable[[float, Array, Array], Array]] = {
    "squared_error": _squared_error,
    "logistic": _logistic,
    "poisson": _poisson,
    "gamma": _gamma,
    "tweedie": _tweedie,
    "absolute_error": _absolute_error,
    "quantile": _quantile,
}
