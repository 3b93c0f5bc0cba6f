"""Averages that count row weights."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "weighted_mean", "weighted_quantile"]

Array = NDArray[np.float64]


def weighted_mean(values: Array, weights: Array | None) -> float:
    """Return the mean of ``values`` (n_samples,), weighted where weights are given."""
    if weights is None:
        return float(np.mean(values))
    return float(np.sum(values * weights) / np.sum(weights))


def weighted_quantile(y: Array, weights: Array | None, level: float) -> float:
    """Return the value below which the share ``level`` of the weight lies.

    Equal weights count as none: then two neighbours are interpolated.
    """
    if weights is None or bool(np.all(weights == weights[0])):
        return float(np.quantile(y, level))
    order = np.argsort(y, kind="stable")
    reached = np.cumsum(weights[order])
    # Less than rounding, so that the unit of the weights decides no tie.
    bar = level * reached[-1] * (1 - 1e-12)
    return float(y[order][np.searchsorted(reached, bar)])
