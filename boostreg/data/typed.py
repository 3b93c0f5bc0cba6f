"""Columns of text cells as what all of their cells are: numbers, booleans or text."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.cells import BOOLEANS, Reading, plain_numbers
from boostreg.data.dialect import has_decimal_points
from boostreg.data.files import FACTS, FileFacts
from boostreg.data.judging import with_groups

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["typed_frame"]

_ZEROS = re.compile(r"0[0-9]+")
_SAMPLE = 100  # rows that show whether a column has as many values as rows


def typed_frame(
    cells: NDArray[Any],
    header: Sequence[str],
    reading: Reading,
    labels: Mapping[str, Collection[str]] | None = None,
    recognised: tuple[str, ...] = (),
) -> "pd.DataFrame":
    """Return cells of shape (n_samples, n_columns) as a DataFrame with its facts.

    A column is numbers, or booleans (TRUE, FALSE), if all its cells are, and text
    otherwise. ``labels`` has by column the words that are labels, even if they mean
    missing elsewhere; the word None is one in every column of text, because pandas and
    R never write it for a missing value. The facts have ``recognised`` and the decimal
    mark.
    """
    import pandas as pd

    labels = labels or {}
    columns: dict[int, Any] = {}
    words: dict[str, dict[str, int]] = {}
    zeros: dict[str, str] = {}
    joined: dict[str, tuple[str, str]] = {}
    for place, (name, column) in enumerate(zip(header, cells.T, strict=True)):
        texts = column[:_SAMPLE].tolist()
        numbers = None
        if len(set(texts)) > _SAMPLE / 2:
            texts = column.tolist()
            numbers = _unless_doubtful(
                _at_once(texts, reading), name, texts, reading, cells
            )
        if numbers is not None:
            values = numbers
        else:
            codes, uniques = pd.factorize(column)
            blank = np.array(reading.is_missing(uniques.tolist()), dtype=bool)
            if name in labels:
                blank &= np.array([text not in labels[name] for text in uniques])
            texts = uniques[~blank].tolist()
            numbers = _unless_doubtful(
                _all_numbers(texts, reading), name, texts, reading, cells
            )
            is_text = bool(texts) and reading.types.get(name) != "number"
            if numbers is None and is_text and reading.missing is None:
                blank &= uniques != "None"
            known = uniques[~blank]
            words[name] = {
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
            zeros |= {} if zero is None else {name: zero}
            pair = _same_number(texts, numbers) if zero is not None or recur else None
            joined |= {} if pair is None else {name: pair}
        is_text = values.dtype == object  # otherwise pandas infers the kind of text
        columns[place] = pd.Series(values, dtype=object) if is_text else values
    frame = pd.DataFrame(columns, copy=False)
    frame.columns = pd.Index(header, dtype=object)
    facts = FileFacts(words=words, zeros=zeros, joined=joined)
    frame.attrs[FACTS] = replace(facts, decimal=reading.point, recognised=recognised)
    return frame


def _unless_doubtful(
    numbers: NDArray[Any] | None,
    name: str,
    texts: list[str],
    reading: Reading,
    cells: NDArray[Any],
) -> NDArray[Any] | None:
    """Return numbers, None for a category or if points may separate thousands.

    They may not if another column of ``cells`` has a point before decimals.
    """
    if numbers is None or reading.types.get(name) == "category":
        return None
    may_be_grouped = name not in reading.types and numbers.dtype.kind == "f"
    if may_be_grouped and with_groups(texts, reading):
        return numbers if has_decimal_points(cells) else None
    return numbers


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
