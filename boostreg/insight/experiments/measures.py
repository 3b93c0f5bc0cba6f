"""Figures that several experiments take of weights."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "gini",
    "log_slope",
    "mean_of_numbers",
    "rank_correlation",
    "relative_difference",
    "spread",
    "zero_share",
]

Array = NDArray[np.float64]


def relative_difference(found: Array, expected: Array) -> float:
    """Return the largest absolute difference over the largest expected size.

    >>> relative_difference(np.array([1.0, 3.5]), np.array([1.0, 4.0]))
    0.125
    """
    gap = float(np.max(np.abs(found - expected), initial=0.0))
    size = float(np.max(np.abs(expected), initial=0.0))
    return gap / size if size > 0 else float("nan")


def zero_share(weights: Array) -> float:
    """Return the share of exact zeros.

    >>> zero_share(np.array([0.0, 1.0, 0.0, 1e-300]))
    0.5
    """
    return float(np.mean(weights == 0)) if weights.size else float("nan")


def gini(weights: Array) -> float:
    """Return the Gini coefficient of absolute weights: 0 all equal, near 1 one alone.

    With ``w`` sorted upwards it is ``2 sum(i w_i) / (n sum(w)) - (n + 1) / n``, NaN
    where all are 0.

    >>> gini(np.array([1.0, -1.0, 1.0, 1.0])), gini(np.array([0.0, 0.0, 0.0, 5.0]))
    (0.0, 0.75)
    """
    size = np.sort(np.abs(weights))
    n, total = len(size), float(size.sum())
    if total == 0:
        return float("nan")
    return float(2 * np.arange(1, n + 1) @ size / (n * total) - (n + 1) / n)


def rank_correlation(a: Array, b: Array) -> float:
    """Return Spearman's correlation, NaN where one side has no order.

    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([1.0, 4.0, 5.0]))
    1.0
    """
    from scipy.stats import rankdata

    first, second = rankdata(a) - (len(a) + 1) / 2, rankdata(b) - (len(b) + 1) / 2
    below = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / below if below > 0 else float("nan")


def log_slope(sizes: Array, taken: Array) -> float:
    """Return the slope of ``log(taken)`` on ``log(sizes)`` by least squares.

    1 where what is taken is in proportion to the size, 0 where it is the same for all.
    Entries that are not above 0 do not count; NaN where fewer than two sizes are left.

    >>> round(log_slope(np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.2, 0.4])), 12)
    1.0
    """
    counts = (sizes > 0) & (taken > 0)
    if np.count_nonzero(counts) < 2:
        return float("nan")
    x, y = np.log(sizes[counts]), np.log(taken[counts])
    x = x - x.mean()
    below = float(x @ x)
    return float(x @ y) / below if below > 0 else float("nan")


def spread(values: Array) -> float:
    """Return the standard deviation over the mean, NaN where the mean is 0."""
    mean = float(np.mean(values)) if values.size else 0.0
    return float(np.std(values)) / mean if mean != 0 else float("nan")


def mean_of_numbers(values: Iterable[float]) -> float:
    """Return the mean of what is a number, NaN where nothing is."""
    numbers = [value for value in values if not np.isnan(value)]
    return float(np.mean(numbers)) if numbers else float("nan")
