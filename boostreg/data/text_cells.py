"""The text cells of a table by column: in memory, or of a large table in a file."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.stored import scratch_file, write_scratch

__all__ = ["StoredCells", "TextCells"]

_END = "\0"  # a text file that is read does not have it
_HEAD = 1000


class TextCells:
    """Text cells in memory, an array of str of shape (n_rows, n_columns).

    Attributes
    ----------
    head : array of str (n_first, n_columns)
        The first rows, which most often decide how the others are read.
    """

    def __init__(self, cells: NDArray[Any]) -> None:
        self._cells = cells
        self.head = cells[:_HEAD]

    def column(self, place: int) -> NDArray[Any]:
        """Return the cells (n_rows,) of a column."""
        return self._cells[:, place]

    def columns(self, places: Iterable[int]) -> Iterator[NDArray[Any]]:
        """Yield the cells (n_rows,) of some columns."""
        return (self.column(place) for place in places)


class StoredCells(TextCells):
    """Text cells in a temporary file, which disappears with them.

    The file has the cells of each block of rows column by column, so that a column is
    read without the others.

    Raises RunError if there is not enough disk space.
    """

    def __init__(self, blocks: Iterable[NDArray[Any]]) -> None:
        self._starts: list[NDArray[np.int64]] = []
        head: list[NDArray[Any]] = []
        self.n_rows = end = 0
        self._file = scratch_file(self)
        for block in blocks:
            if self.n_rows < _HEAD:
                head.append(block[: _HEAD - self.n_rows])
            self.n_rows += len(block)
            texts = [_END.join(column).encode("utf-8") for column in block.T]
            starts = np.cumsum([end, *map(len, texts)])
            end = int(starts[-1])
            self._starts.append(starts)
            write_scratch(self._file, *texts)
        self.head = np.concatenate(head)

    def column(self, place: int) -> NDArray[Any]:
        """Return the cells (n_rows,) of a column.

        Those of the first block are one object wherever they recur: labels, which
        recur most, need the memory of a few.
        """
        known: dict[str, str] = {}
        cells = np.empty(self.n_rows, dtype=object)
        row = 0
        for starts in self._starts:
            self._file.seek(starts[place])
            size = int(starts[place + 1] - starts[place])
            texts = self._file.read(size).decode("utf-8").split(_END)
            known = known or {text: text for text in texts}
            cells[row : row + len(texts)] = [known.get(t, t) for t in texts]
            row += len(texts)
        return cells
