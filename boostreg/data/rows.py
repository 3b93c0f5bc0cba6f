"""Feature values of some rows of a table, copied a block or a column at a time.

The table of a run is a memory-mapped file that all workers share. A copy of the rows of
a split would take the size of the table in each of them, so whatever reads every value
reads blocks of rows. One block holds all rows of a small table.
"""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array, Indices
from boostreg.data.columns import Column

__all__ = ["BLOCK_CELLS", "FeatureRows", "leave_to_the_file"]

BLOCK_CELLS = 2**22
"""Values in a block of rows, 32 MB in float64."""


def leave_to_the_file(array: NDArray[Any]) -> None:
    """Release the pages of a memory-mapped array; they are read again when needed.

    Arrays in memory are not changed.
    """
    mapped = array if isinstance(array, np.memmap) else array.base
    if isinstance(mapped, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined] # noqa: SLF001


class FeatureRows:
    """Rows of a matrix of features; copied only once if one block holds them.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_features)
        Possibly memory-mapped.
    columns : tuple of Column
        One per feature.
    index : ndarray of shape (n_samples,) or None
        Positions of the rows; None for all rows, in their order.
    """

    def __init__(
        self, matrix: Array, columns: tuple[Column, ...], index: Indices | None = None
    ) -> None:
        self._matrix, self.columns, self._index = matrix, columns, index
        self.n_samples = len(matrix) if index is None else len(index)

    def part(self, rows: slice) -> "FeatureRows":
        """Return some of the rows, which are next to each other."""
        if self._index is None:
            return FeatureRows(self._matrix[rows], self.columns)
        return FeatureRows(self._matrix, self.columns, self._index[rows])

    @property
    def block_rows(self) -> int:
        """Rows of each block but the last."""
        return max(BLOCK_CELLS // max(len(self.columns), 1), 1)

    @property
    def n_blocks(self) -> int:
        """Number of blocks, at least 1."""
        return max(-(-self.n_samples // self.block_rows), 1)

    def column(self, place: int) -> Array:
        """Return the values of one column, (n_samples,)."""
        if self.n_blocks == 1:
            self._copy()
        leave_to_the_file(self._matrix)  # what the column before has read
        values: Array = self._matrix[:, place]
        return values if self._index is None else values[self._index]

    def block(self, number: int) -> Array:
        """Return one block of rows, (block_rows, n_features)."""
        start = number * self.block_rows
        return self._between(start, start + self.block_rows)

    def blocks(self) -> Iterator[Array]:
        """Yield all rows in order; one block without rows if there are none."""
        yield from map(self.block, range(self.n_blocks))

    def whole(self) -> Array:
        """Return all rows, (n_samples, n_features)."""
        return self._between(0, self.n_samples)

    def _copy(self) -> None:
        if self._index is not None:
            self._matrix, self._index = self._taken(self._index), None

    def _between(self, start: int, stop: int) -> Array:
        if self.n_blocks == 1:
            self._copy()
        if self._index is None:
            return self._matrix[start:stop]
        return self._taken(self._index[start:stop])

    def _taken(self, index: Indices) -> Array:
        if self._matrix.flags.c_contiguous:
            rows = np.asarray(self._matrix)[index]
        else:  # column by column, because a file keeps them so
            rows = np.empty((len(index), len(self.columns)))
            for place, values in enumerate(self._matrix.T):
                rows[:, place] = values[index]
        leave_to_the_file(self._matrix)
        return rows
