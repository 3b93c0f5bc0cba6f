"""Order statistics of all prefixes of a list, exactly and without a slow loop."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["band_ranks", "prefix_smallest"]

Reals = NDArray[np.float64]
Counts = NDArray[np.int64]


def band_ranks(n: Counts) -> tuple[Counts, Counts, Counts, Counts]:
    """Return the ranks, from 0, of the 10 % point, both middles and the 90 % point.

    The mean of the middles is the median. The outer two are those of the sorted values
    that have a tenth of the others below, and above; rounded outwards.

    >>> [int(rank) for rank in band_ranks(np.int64(31))]
    [3, 15, 15, 27]
    """
    tenth = (n - 1) // 10
    return tenth, (n - 1) // 2, n // 2, n - 1 - tenth


def prefix_smallest(
    values: Reals,
    prefix: NDArray[np.integer],
    n_prefixes: int,
    ranks: Callable[[Counts], Sequence[Counts]] = band_ranks,
) -> Reals:
    """Return the values of some ranks in each prefix.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Without NaN.
    prefix : ndarray of shape (n,)
        The first prefix, from 0, that a value belongs to; it belongs to all later ones.
    n_prefixes : int
    ranks : callable
        From the number of values of each prefix to the ranks that are wanted, from 0.

    Returns
    -------
    ndarray of shape (n_ranks, n_prefixes)
        NaN where the prefix is empty.

    Notes
    -----
    Sorted once, a prefix's k-th smallest is the k-th of the sorted values that belong
    to it. A table of counts per prefix and bucket of ranks finds the
    bucket, a second one the place inside. With about ``sqrt(n)`` buckets both tables
    have ``n_prefixes * sqrt(n)`` cells, where two heaps would walk ``n`` entries in
    Python.

    Examples
    --------
    >>> middles = lambda n: ((n - 1) // 2, n // 2)
    >>> prefix_smallest(np.array([5.0, 1.0, 3.0]), np.array([0, 1, 2]), 3, middles)
    array([[5., 1., 3.],
           [5., 5., 3.]])
    """
    filled = np.cumsum(np.bincount(prefix, minlength=n_prefixes))
    first = int((filled == 0).sum())
    wanted = ranks(filled[first:])
    found = np.full((len(wanted), n_prefixes), np.nan)
    if first == n_prefixes - 1:
        places = np.stack(wanted)
        found[:, first:] = np.partition(values, np.unique(places))[places]
    elif first < n_prefixes:
        find = _Finder(values, prefix - first, n_prefixes - first)
        found[:, first:] = [find.smallest(rank) for rank in wanted]
    return found


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
