"""Medians of all prefixes of a list, exactly and without a loop over entries."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["prefix_middles"]


def prefix_middles(
    values: NDArray[np.float64], prefix: NDArray[np.integer], n_prefixes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper middle of the values of each prefix.

    Their mean is the prefix's median; both are NaN where the prefix is empty.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Without NaN.
    prefix : ndarray of shape (n,)
        The first prefix, from 0, that a value belongs to; it belongs to all later ones.
    n_prefixes : int

    Notes
    -----
    Sorted once, a prefix's k-th smallest is the k-th of the sorted values that belong
    to it. A table of counts per prefix and bucket of ranks finds the
    bucket, a second one the place inside. With about ``sqrt(n)`` buckets both tables
    have ``n_prefixes * sqrt(n)`` cells, where two heaps would walk ``n`` entries in
    Python.

    Examples
    --------
    >>> prefix_middles(np.array([5.0, 1.0, 3.0]), np.array([0, 1, 2]), 3)
    (array([5., 1., 3.]), array([5., 5., 3.]))
    """
    middles = np.full((2, n_prefixes), np.nan)
    filled = np.cumsum(np.bincount(prefix, minlength=n_prefixes))
    first = int((filled == 0).sum())
    if first == n_prefixes - 1:
        ordered = np.sort(values)
        middles[:, first] = ordered[[(len(values) - 1) // 2, len(values) // 2]]
        return middles[0], middles[1]
    if first < n_prefixes:
        n_values = filled[first:]
        find = _Finder(values, prefix - first, n_prefixes - first)
        middles[0, first:] = find.smallest((n_values - 1) // 2)
        middles[1, first:] = find.smallest(n_values // 2)
    return middles[0], middles[1]


class _Finder:
    """The k-th smallest of every prefix, by buckets of ranks; no prefix is empty."""

    def __init__(
        self,
        values: NDArray[np.float64],
        prefix: NDArray[np.integer],
        n_prefixes: int,
    ) -> None:
        n = len(values)
        self._width = int(np.sqrt(n)) + 1
        n_buckets = -(-n // self._width)
        order = np.argsort(values)
        self._sorted = values[order]
        # No prefix holds what only fills the last bucket.
        self._prefix = np.full(n_buckets * self._width, n_prefixes, dtype=np.int32)
        self._prefix[:n] = prefix[order]
        bucket = np.repeat(np.arange(n_buckets), self._width)[:n]
        cells = np.bincount(
            self._prefix[:n] * n_buckets + bucket, minlength=n_prefixes * n_buckets
        )
        counts = cells.reshape(n_prefixes, n_buckets)
        self._counts = counts.cumsum(axis=1).cumsum(axis=0)

    def smallest(self, k: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the k-th smallest, from 0, of each prefix."""
        prefix = np.arange(len(k))
        bucket = (self._counts <= k[:, None]).sum(axis=1)
        before = np.where(bucket > 0, self._counts[prefix, bucket - 1], 0)
        inside = self._prefix.reshape(-1, self._width)[bucket] <= prefix[:, None]
        reached = inside.cumsum(axis=1, dtype=np.int32) > (k - before)[:, None]
        rank = bucket * self._width + reached.argmax(axis=1)
        found: NDArray[np.float64] = self._sorted[rank]
        return found
