"""How a text file is written, recognised from the file by rules that never guess.

encoding
    UTF-8 or UTF-16 by a byte order mark, otherwise UTF-8.
separator
    The one of comma, semicolon, tab and ``|`` that splits the header. If several do,
    the only one that splits every row into as many cells as the header. In a .tsv file,
    a tab is preferred. A quoted name must end at the separator.
decimal
    A point if the separator is a comma. Otherwise a comma if it makes numbers of most
    cells of a column, and a point does so for none: cells such as ``1,234``, in which
    the mark may separate thousands, do not count.

labels
    Whole numbers that recur, in quotes, if the file has other numbers, or NA, without:
    R and others quote only text.

If two values fit equally, the file is rejected with both and the key to set.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from boostreg.data.cells import (
    MISSING_WORDS,
    Reading,
    as_yaml_text,
    is_plain_number,
    quoted,
)
from boostreg.data.files import DataFile, opened
from boostreg.data.judging import with_groups
from boostreg.data.text_cells import TextCells
from boostreg.errors import DataError

__all__ = [
    "SEPARATORS",
    "encoding_of",
    "has_decimal_points",
    "header_of",
    "later_decimal",
    "quoted_labels",
    "recognised_decimal",
    "recognised_separator",
    "unmarked_encoding",
]

SEPARATORS = (",", ";", "\t", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS: Mapping[bytes, str] = MappingProxyType(
    {
        b"PK\x03\x04": "an Excel or .zip file",
        b"\xd0\xcf\x11\xe0": "an Excel file before .xlsx",
        b"\x1f\x8b": "a .gz file",
        b"\x28\xb5\x2f\xfd": "a .zst file",
        b"\xfd7zXZ": "an .xz file",
        b"PAR1\x15": "a Parquet file",
    }
)
"""How files of other formats begin."""

_ROWS = 1000  # rows in which quotes are looked for
_QUOTED_WHOLE = re.compile(r'"[0-9]+"')
_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_MOST = 0.5  # share of the cells of a column that a decimal mark makes numbers

Lines = Callable[[], Any]
"""Opens the text of a file from its beginning, as a context manager."""


def encoding_of(file: DataFile, stated: str | None) -> str:
    """Return the encoding of a text file: as stated, otherwise by its first bytes."""
    if stated is not None and stated.lower().replace("_", "-") in ("utf-8", "utf8"):
        return "utf-8-sig"
    if stated is not None:
        return stated
    with opened(file) as stream:
        start = stream.read(5)
    for signature, what in _OTHERS.items():
        if start.startswith(signature):
            raise DataError(
                f"{file.path}: this is {what}, not text; give it the suffix of its "
                f"format."
            )
    marked = (name for mark, name in _MARKS if start.startswith(mark))
    return next(marked, "utf-8-sig")


def unmarked_encoding(file: DataFile) -> str | None:
    """Return the form of UTF-16 that a file without a mark probably has, or None."""
    with opened(file) as stream:
        start = stream.read(1000)
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even == odd:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def header_of(records: Iterator[list[str]]) -> list[str]:
    """Return the first record that is not blank."""
    return next((record for record in records if record), [])


def recognised_separator(
    lines: Lines, file: DataFile, reading: Reading, *, later: bool
) -> str:
    """Return the separator of a text file, a comma if nothing splits its header.

    Columns that are named in ``reading.types`` must be in the header. ``later`` means
    rows for a model, which have no study to set a key in.

    Raises DataError if several fit equally.
    """
    headers = _split_headers(lines, strict=True) or _split_headers(lines, strict=False)
    if "\t" in headers and file.suffix in (".tsv", ".tab"):
        return "\t"
    if len(headers) == 1:
        return next(iter(headers))
    if not headers:
        return ","
    fitting = [mark for mark, header in headers.items() if _fits(lines, mark, header)]
    named = [m for m in fitting if reading.types.keys() <= set(headers[m])]
    if len(fitting) > 1 and reading.types and len(named) == 1:
        return named[0]
    if len(fitting) != 1:
        how = "every row has as many cells as the header" if fitting else "no row fits"
        marks = fitting or list(headers)
        keys = " or ".join(f"data.separator: {as_yaml_text(mark)}" for mark in marks)
        advice = "save it as a file with commas" if later else f"set {keys}"
        raise DataError(
            f"{file.path}: the header can be split at {quoted(marks)}, and {how} with "
            f"each; {advice}."
        )
    return fitting[0]


def _split_headers(lines: Lines, *, strict: bool) -> dict[str, list[str]]:
    """Return the header by each separator that splits it.

    With ``strict``, one that leaves text between a closing quote and itself does not.
    """
    headers = {}
    for mark in SEPARATORS:
        with lines() as text, suppress(csv.Error):
            header = header_of(csv.reader(text, delimiter=mark, strict=strict))
            if len(header) > 1:
                headers[mark] = header
    return headers


def _fits(lines: Lines, mark: str, header: Sequence[str]) -> bool:
    """Return whether every record has as many cells as the header, all named."""
    if len(set(header)) < len(header):
        return False
    with lines() as text:
        records = csv.reader(text, delimiter=mark)
        return all(len(record) in (0, len(header)) for record in records)


def recognised_decimal(
    cells: TextCells, header: Sequence[str], reading: Reading, file: DataFile
) -> str:
    """Return the decimal mark of cells that are not separated by commas.

    Raises DataError if all numbers with a mark may have decimals or thousands.
    """
    if reading.thousands in (",", "."):
        return reading.point
    types = [reading.types.get(name) for name in header]
    free = [place for place, kind in enumerate(types) if kind != "category"]
    if marks := _decimal_marks(cells, free):
        return "," if marks == {","} else "."
    for place, name in enumerate(header):
        unstated = name not in reading.types
        text = _point_or_group(cells.column(place)) if unstated else None
        if text is not None and reading.thousands is None:
            raise DataError(
                f"{file.path}: column {name!r} has numbers such as {text!r}, and no "
                f"column shows what the point means. If {text!r} means "
                f"{text.replace('.', '')}, set data.thousands: '.'; if it means "
                f"{text}, data.decimal: '.'."
            )
    return "."


def has_decimal_points(cells: TextCells) -> bool:
    """Return whether a column surely has decimals with a point, and none with a comma.

    Then no point of the file separates thousands.
    """
    return _decimal_marks(cells, range(cells.n_columns)) == {"."}


def quoted_labels(lines: Lines, header: Sequence[str], separator: str) -> list[str]:
    """Return the columns of whole numbers that their writer kept as text.

    They are those in quotes, in the first rows of a file that has other numbers, or NA
    as R writes it, without quotes. Numbers that do not recur are not labels.
    """
    with lines() as text:
        records = csv.reader(text, delimiter=separator, quoting=csv.QUOTE_NONE)
        next(records, None)
        rows = [row for row in islice(records, _ROWS) if len(row) == len(header)]
    found, has_bare = [], any("NA" in row for row in rows)
    for name, column in zip(header, zip(*rows, strict=True), strict=False):
        cells = [cell for cell in column if cell not in MISSING_WORDS]
        if not any(cell.startswith('"') for cell in cells):
            has_bare = has_bare or (bool(cells) and all(map(is_plain_number, cells)))
        elif all(map(_QUOTED_WHOLE.fullmatch, cells)):
            recur = 2 * len(set(cells)) <= len(cells)
            found += [name] if name and recur else []
    return found if has_bare else []


def later_decimal(
    cells: TextCells, header: Sequence[str], reading: Reading
) -> str | None:
    """Return the decimal mark of rows for a model: that of its training, or their own.

    It is their own if the columns that are numbers have decimals with the other mark
    alone, and the training file has no thousands separator, so that no cell that it
    could have has two meanings.
    """
    if reading.thousands is not None:
        return reading.decimal
    types = [reading.types.get(name) for name in header]
    numbers = [place for place, kind in enumerate(types) if kind == "number"]
    marks = _decimal_marks(cells, numbers)
    return marks.pop() if len(marks) == 1 else reading.decimal


def _decimal_marks(cells: TextCells, places: Sequence[int]) -> set[str]:
    """Return the marks with which a column is numbers that surely have decimals."""
    for columns in (cells.head[:, places].T, cells.columns(places)):
        marks: set[str] = set()
        for column in columns:
            others = set(".,") - marks
            marks |= {mark for mark in others if _has_decimals(column, mark)}
            if len(marks) == 2:
                break
        if marks:
            return marks
    return set()


def _has_decimals(column: NDArray[Any], mark: str) -> bool:
    """Return whether most different cells are numbers, one with sure decimals."""
    numbers = _numbers(column, mark)
    return any(mark in text and not _GROUP.fullmatch(text) for text in numbers)


def _point_or_group(column: NDArray[Any]) -> str | None:
    """Return a number whose point may separate decimals or thousands.

    None is returned if the other numbers of the column are doubtful with it: the column
    is then rejected by itself.
    """
    numbers = _numbers(column, ".")
    doubtful = with_groups(numbers, Reading())
    return None if doubtful else next((t for t in numbers if "." in t), None)


def _numbers(column: NDArray[Any], mark: str) -> list[str]:
    """Return the different numbers of a column, if most are, and one has the mark."""
    import pandas as pd

    texts = list(map(str.strip, pd.unique(column).tolist()))
    if mark not in "".join(texts):
        return []
    reading = Reading(decimal=mark)
    blank = reading.is_missing(texts)
    known = [text for text, missing in zip(texts, blank, strict=True) if not missing]
    plain = reading.plain_texts(known)
    numbers = [t for t, number in zip(known, plain, strict=True) if number is not None]
    return numbers if len(numbers) >= _MOST * len(known) else []
