"""The text cells of a table by column: in memory, or of a large table in a file."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.stored import scratch_file, write_scratch

__all__ = ["KeptCells", "StoredCells", "TextCells"]

_END = "\0"  # files that have it are refused before
_HEAD = 1000


class TextCells(ABC):
    """Text cells by column, each an array of str of shape (n_rows,).

    Attributes
    ----------
    head : array of str (n_first, n_columns)
        The first rows, which most often decide how the others are read.
    """

    head: NDArray[Any]

    @abstractmethod
    def column(self, place: int) -> NDArray[Any]:
        """Return the cells of a column."""

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.head.shape[1])

    def columns(self, places: Iterable[int]) -> Iterator[NDArray[Any]]:
        """Yield the cells of some columns."""
        return map(self.column, places)


class KeptCells(TextCells):
    """Text cells in memory, of shape (n_rows, n_columns)."""

    def __init__(self, cells: NDArray[Any]) -> None:
        self._cells = cells
        self.head = cells[:_HEAD]

    def column(self, place: int) -> NDArray[Any]:
        """Return the cells of a column."""
        return self._cells[:, place]


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
            starts = np.cumsum([end, *map(len, texts)], dtype=np.int64)
            end = int(starts[-1])
            self._starts.append(starts)
            write_scratch(self._file, *texts)
        self.head = np.concatenate(head)

    def column(self, place: int) -> NDArray[Any]:
        """Return the cells of a column.

        If texts recur in the first block, each of them is one object in all rows, so a
        column of labels needs little memory.
        """
        known: dict[str, str] = {}
        cells = np.empty(self.n_rows, dtype=object)
        row = 0
        for starts in self._starts:
            self._file.seek(starts[place])
            size = int(starts[place + 1] - starts[place])
            texts = self._file.read(size).decode("utf-8").split(_END)
            if row == 0 and 2 * len(set(texts)) <= len(texts):
                known = {text: text for text in texts}
            cells[row : row + len(texts)] = (
                [known.get(text, text) for text in texts] if known else texts
            )
            row += len(texts)
        return cells
