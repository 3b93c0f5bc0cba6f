"""Columns of text cells as what all of their cells are: numbers, booleans or text."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.cells import BOOLEANS, Reading, plain_numbers
from boostreg.data.dialect import has_decimal_points
from boostreg.data.files import FACTS, FileColumns, FileFacts
from boostreg.data.judging import with_groups
from boostreg.data.stored import scratch_file, write_scratch
from boostreg.data.text_cells import StoredCells, TextCells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TypedColumns", "typed_frame"]

_ZEROS = re.compile(r"0[0-9]+")
_SAMPLE = 100  # rows that show whether a column has as many values as rows


def typed_frame(
    cells: TextCells,
    header: Sequence[str],
    reading: Reading,
    labels: Mapping[str, Collection[str]] | None = None,
    recognised: tuple[str, ...] = (),
) -> "pd.DataFrame":
    """Return text cells as a DataFrame with its facts.

    A column is numbers, or booleans (TRUE, FALSE), if all its cells are, and text
    otherwise. ``labels`` has by column the words that are labels, even if they mean
    missing elsewhere; the word None is one in every column of text, because pandas and
    R never write it for a missing value. The facts have ``recognised`` and the decimal
    mark.
    """
    import pandas as pd

    typing = _Typing(cells, header, reading, labels or {})
    columns = {place: typing.column(place) for place in range(len(header))}
    frame = pd.DataFrame(columns, copy=False)
    frame.columns = pd.Index(header, dtype=object)
    frame.attrs[FACTS] = typing.facts(recognised)
    return frame


class TypedColumns(FileColumns):
    """The columns of a large text file, each read when asked for.

    They are those of ``typed_frame``, with the same facts. Columns of a numeric type
    are in a temporary file; others are typed again from their cells.

    Raises RunError if there is not enough disk space.
    """

    def __init__(
        self,
        cells: StoredCells,
        header: Sequence[str],
        reading: Reading,
        recognised: tuple[str, ...] = (),
    ) -> None:
        self._typing = _Typing(cells, header, reading, {})
        self._numbers: dict[str, tuple[int, np.dtype[Any]]] = {}
        self._file = scratch_file(self)
        end = 0
        for place, name in enumerate(header):
            values = self._typing.column(place).to_numpy()
            if values.dtype != object:
                self._numbers[name] = (end, values.dtype)
                write_scratch(self._file, values.data)
                end += values.nbytes
        super().__init__(header, cells.n_rows, self._typing.facts(recognised))

    def read(self, name: str) -> "pd.Series[Any]":
        """Return a column."""
        import pandas as pd

        if name not in self._numbers:
            return self._typing.column(self.places[name]).rename(name)
        start, dtype = self._numbers[name]
        self._file.seek(start)
        content = self._file.read(self.n_rows * dtype.itemsize)
        return pd.Series(np.frombuffer(content, dtype), name=name, copy=False)


class _Typing:
    """Converts columns of text cells, and collects the facts that notes are about."""

    def __init__(
        self,
        cells: TextCells,
        header: Sequence[str],
        reading: Reading,
        labels: Mapping[str, Collection[str]],
    ) -> None:
        self._cells, self._header, self._reading = cells, header, reading
        self._labels = labels
        self._words: dict[str, dict[str, int]] = {}
        self._zeros: dict[str, str] = {}
        self._joined: dict[str, tuple[str, str]] = {}

    def facts(self, recognised: tuple[str, ...]) -> FileFacts:
        """Return the facts on the columns that were converted."""
        return FileFacts(
            words=self._words,
            zeros=self._zeros,
            joined=self._joined,
            decimal=self._reading.point,
            recognised=recognised,
        )

    def column(self, place: int) -> "pd.Series[Any]":
        """Return a column."""
        import pandas as pd

        name, reading, cells = self._header[place], self._reading, self._cells
        column = cells.column(place)
        texts = column[:_SAMPLE].tolist()
        numbers = None
        if len(set(texts)) > _SAMPLE / 2:
            texts = column.tolist()
            numbers = self._unless_doubtful(_at_once(texts, reading), name, texts)
        if numbers is not None:
            values = numbers
        else:
            codes, uniques = pd.factorize(column)
            blank = np.array(reading.is_missing(uniques.tolist()), dtype=bool)
            if name in self._labels:
                labels = self._labels[name]
                blank &= np.array([text not in labels for text in uniques])
            texts = uniques[~blank].tolist()
            numbers = self._unless_doubtful(_all_numbers(texts, reading), name, texts)
            is_text = bool(texts) and reading.types.get(name) != "number"
            if numbers is None and is_text and reading.missing is None:
                blank &= uniques != "None"
            known = uniques[~blank]
            self._words[name] = {
                uniques[code]: int(np.sum(codes == code))
                for code in np.flatnonzero(blank).tolist()
                if uniques[code].strip()
            }
            values = known if numbers is None else numbers
            if blank.any():
                kind = np.float64 if values.dtype.kind in "if" else object
                with_blanks = np.full(len(blank), np.nan, dtype=kind)
                with_blanks[~blank] = values
                values = with_blanks
            values = values[codes]
        if numbers is not None:
            is_whole, recur = numbers.dtype.kind == "i", 2 * len(numbers) <= len(column)
            zero = next(filter(_ZEROS.fullmatch, texts), None) if is_whole else None
            if zero is not None:
                self._zeros[name] = zero
            pair = _same_number(texts, numbers) if zero is not None or recur else None
            if pair is not None:
                self._joined[name] = pair
        # Without a type, pandas converts text to its own.
        dtype = object if values.dtype == object else None
        return pd.Series(values, dtype=dtype, copy=False)

    def _unless_doubtful(
        self, numbers: NDArray[Any] | None, name: str, texts: list[str]
    ) -> NDArray[Any] | None:
        """Return numbers, None for a category or if points may separate thousands.

        They may not if another column has a point before decimals.
        """
        types = self._reading.types
        if numbers is None or types.get(name) == "category":
            return None
        may_be_grouped = name not in types and numbers.dtype.kind == "f"
        if may_be_grouped and with_groups(texts, self._reading):
            return numbers if self._has_decimal_points else None
        return numbers

    @cached_property
    def _has_decimal_points(self) -> bool:
        return has_decimal_points(self._cells)


def _same_number(texts: Sequence[str], numbers: NDArray[Any]) -> tuple[str, str] | None:
    """Return the first two different texts, stripped, that are the same number."""
    first: dict[Any, str] = {}
    for text, number in zip(map(str.strip, texts), numbers.tolist(), strict=True):
        if first.setdefault(number, text) != text:
            return first[number], text
    return None


def _at_once(texts: list[str], reading: Reading) -> NDArray[Any] | None:
    """Return a column of plain numbers, None if that takes a closer look."""
    if reading.thousands is not None or reading.missing_numbers:
        return None
    if reading.point == ",":
        joined, n_texts = "\n".join(texts), len(texts)
        texts = joined.replace(",", ".").split("\n")
        if "." in joined or len(texts) != n_texts:
            return None
    if plain_numbers(texts[:1]) is None:  # most columns of text end here
        return None
    values = plain_numbers(texts)
    return None if values is None else _as_array(values)


def _as_array(values: Sequence[Any]) -> NDArray[Any]:
    """Return numbers as an array; whole numbers, which may be labels, stay whole."""
    if not all(isinstance(value, int) for value in values[:1]):
        return np.array(values, dtype=np.float64)
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=object)


def _all_numbers(texts: list[str], reading: Reading) -> NDArray[Any] | None:
    """Return all texts as numbers or as booleans, None if one is neither."""
    if (values := _at_once(texts, reading)) is not None:
        return values
    if None in reading.plain_texts(texts[:1]):
        booleans = [BOOLEANS.get(text.strip()) for text in texts]
        return None if None in booleans else np.array(booleans, dtype=bool)
    plain = [text for text in reading.plain_texts(texts) if text is not None]
    if len(plain) < len(texts):
        return None
    whole = plain_numbers(plain)
    return _as_array(list(map(float, plain)) if whole is None else whole)
