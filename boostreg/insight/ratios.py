r"""Sizes of paired models compared by their ratio.

Sizes differ by factors and cannot fall below 0, so ratios are what is averaged: with
:math:`r_k = a_k / b_k` of pair k, the geometric mean
:math:`\exp(\tfrac{1}{K} \sum_k \log r_k)`, and the corrected resampled t interval of
the mean of :math:`\log r_k` (``boostreg.statistics``), carried back. No such interval
reaches below 0.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from boostreg.statistics import Interval, corrected_t

__all__ = ["paired_ratio"]


def paired_ratio(
    first: ArrayLike, second: ArrayLike, test_train_ratio: float
) -> Interval:
    """Return the ratio of paired sizes with its interval.

    Parameters
    ----------
    first, second : array-like of shape (n_pairs,)
        Sizes at least 0, such as leaves, on the same splits.
    test_train_ratio : float
        As in ``corrected_t``.

    Returns
    -------
    Interval
        The p-value is that of the ratio being 1. A model of the intercept alone has
        size 0 and no logarithm: with one in a pair, there is no interval, and the
        estimate is the ratio of the means; NaN where the second mean is 0.

    Examples
    --------
    >>> round(paired_ratio([10, 20, 40], [20, 40, 80], 0.5).estimate, 3)
    0.5
    >>> paired_ratio([0, 20], [20, 20], 1.0).method
    'no interval: a model has no leaf'
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if not (np.all(a > 0) and np.all(b > 0)):
        estimate = float(a.sum() / b.sum()) if b.sum() > 0 else math.nan
        nan = math.nan
        return Interval(
            estimate, nan, nan, nan, len(a), "no interval: a model has no leaf"
        )
    logs = corrected_t(np.log(a) - np.log(b), test_train_ratio)
    return replace(
        logs,
        estimate=math.exp(logs.estimate),
        low=_exp(logs.low),
        high=_exp(logs.high),
    )


def _exp(value: float) -> float:
    return math.inf if value > 700 else math.exp(value)
