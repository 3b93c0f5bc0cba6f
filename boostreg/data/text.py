"""Text files of tables: comma, semicolon, tab and other separators.

pandas renames columns of the same name, fills short rows, drops what is too long and
guesses types without a warning. So a text file is first read record by record; only a
file whose every record fits its header is parsed, as text; and a column becomes numbers
only if every cell is one.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.cells import Reading, as_yaml_text, refuse_repeated
from boostreg.data.dialect import (
    SEPARATORS,
    encoding_of,
    header_of,
    later_decimal,
    quoted_labels,
    recognised_decimal,
    recognised_separator,
    unmarked_encoding,
)
from boostreg.data.files import DataFile, FileColumns, opened
from boostreg.data.text_cells import KeptCells, StoredCells, TextCells
from boostreg.data.typed import TypedColumns, typed_frame
from boostreg.errors import DataError, reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MANY_CELLS", "open_text", "read_text"]

MANY_CELLS = 2**22
"""Number of text cells from which they are kept in a file; in memory, a cell takes some
120 bytes."""

_AS_IN_TRAINING = "as in the training file"
_BLOCK = 2**20  # characters that are searched at a time
_CELLS = 2**20  # cells that are parsed at a time, if there are many
_MIN_ROWS = 50  # of a block: pandas takes long for each block of a wide table
_SHOWN = 12  # characters around the first that is not UTF-8
_ENCODINGS = ("cp1252", "latin-1")  # Windows first: it has signs where Latin-1 has none


def read_text(
    file: DataFile,
    reading: Reading,
    labels: Mapping[str, Collection[str]] | None = None,
) -> "pd.DataFrame":
    """Return a text file: one header record, names kept as they are.

    With ``labels``, these are rows for a model, to be read without a study.

    What ``reading`` does not state is recognised, see ``boostreg.data.dialect``. Empty
    cells and the words of ``reading`` are missing. A blank line is not a record, except
    in a file of one column: a missing cell.

    Raises DataError if the file is empty or in another encoding, repeats a column name,
    or has records that are longer or shorter than the header.
    """
    later = labels is not None
    cells, header, reading, recognised = _read(file, reading, later=later, stored=False)
    return typed_frame(cells, header, reading, labels, recognised)


def open_text(
    file: DataFile, reading: Reading, _: object = None
) -> "pd.DataFrame | FileColumns":
    """Return a text file of rows for a study; of a table of many cells, its columns.

    See ``read_text``. Raises RunError if the disk has too little space for them.
    """
    cells, header, reading, recognised = _read(file, reading, later=False, stored=True)
    if isinstance(cells, StoredCells):
        return TypedColumns(cells, header, reading, recognised)
    return typed_frame(cells, header, reading, recognised=recognised)


def _read(
    file: DataFile, reading: Reading, *, later: bool, stored: bool
) -> tuple[TextCells, list[str], Reading, tuple[str, ...]]:
    """Return cells, header, how cells are read, and the keys with values found here.

    With ``stored``, many cells are kept in a temporary file.
    """
    encoding = encoding_of(file, reading.encoding)

    @contextmanager
    def lines(newline: str | None = "") -> Iterator[IO[str]]:
        with (
            opened(file) as stream,
            io.TextIOWrapper(stream, encoding=encoding, newline=newline) as text,
        ):
            yield text

    try:
        separator = reading.separator or recognised_separator(
            lines, file, reading, later=later
        )
        with lines() as text:
            has_nul = any(
                "\0" in block for block in iter(partial(text.read, _BLOCK), "")
            )
        with lines() as text:
            header, n_rows = _check_records(
                text, file, separator, reading, later=later, has_nul=has_nul
            )
        # pandas loses a cell where kinds of line ends are mixed: it gets one kind.
        with lines(None) as text:
            header_of(csv.reader(text, delimiter=separator))
            cells = _parse(
                text,
                header,
                separator,
                stored=stored and n_rows * len(header) >= MANY_CELLS,
            )
    except DataError:
        raise
    except UnicodeError as error:
        raise _undecoded(file, reading, error, later=later) from error
    except csv.Error as error:
        raise DataError(f"{file.path}: not a readable CSV file: {error}.") from error
    except ValueError as error:
        raise DataError(f"{file.path}: cannot be read: {reason(error)}.") from error
    decimal = reading.decimal
    if later and decimal is not None:
        decimal = later_decimal(cells, header, reading)
    elif decimal is None and separator != ",":
        decimal = recognised_decimal(cells, header, reading, file)
    found = {
        "encoding": None if encoding == "utf-8-sig" else encoding,
        "separator": None if separator == "," else as_yaml_text(separator),
        "decimal": "','" if decimal == "," else None,
    }
    recognised = tuple(
        f"{key} {value}"
        for key, value in found.items()
        if value is not None and getattr(reading, key) is None
    )
    types = reading.types
    if not later:
        quoted = quoted_labels(lines, header, separator)
        types = {**dict.fromkeys(quoted, "category"), **types}
    return cells, header, replace(reading, decimal=decimal, types=types), recognised


def _undecoded(
    file: DataFile, reading: Reading, error: UnicodeError, *, later: bool
) -> DataError:
    """Return the error for a file in another encoding, with the key to set."""
    encoding = reading.encoding or "utf-8"
    found = str(error)
    if isinstance(error, UnicodeDecodeError):
        found = f"found byte 0x{error.object[error.start]:02x} ({error.reason})"
    likely = encoding_of(file, None)
    if unmarked := unmarked_encoding(file):
        likely = unmarked
    elif likely == "utf-8-sig":  # no mark at its beginning
        likely, line, number = _first_other(file)
        found += f" in line {number}: {line!r} in {likely}" if line else ""
    advice = f"UTF-8, or set its encoding, such as data.encoding: {likely}"
    same = f"{encoding.upper()}, {_AS_IN_TRAINING}"
    refusal = DataError(
        f"{file.path}: the file is not {encoding.upper()}: {found}. Save it as "
        f"{same if later else advice}."
    )
    refusal.loc = ("source" if reading.encoding is None else "encoding",)
    return refusal


def _first_other(file: DataFile) -> tuple[str, str, int]:
    """Return an encoding for the first line that is not UTF-8, the line, its number."""
    with opened(file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                part = line[max(0, error.start - _SHOWN) : error.start + _SHOWN]
                for encoding in _ENCODINGS:
                    with suppress(UnicodeDecodeError):
                        return encoding, part.decode(encoding).strip(), number
    return _ENCODINGS[-1], "", 0


def _check_records(  # noqa: PLR0913  what was found of the file before
    lines: IO[str],
    file: DataFile,
    separator: str,
    reading: Reading,
    *,
    later: bool,
    has_nul: bool,
) -> tuple[list[str], int]:
    """Read a text file once through; return its header and the number of its rows."""
    path = file.path
    records = csv.reader(lines, delimiter=separator)
    header = header_of(records)
    if not header:
        raise DataError(f"{path}: the file is empty; it needs a header and rows.")
    refuse_repeated(header, f"{path}: ")
    _refuse_other_separator(header, file, separator, reading, later=later)
    utf_16 = f"set data.encoding: {unmarked_encoding(file) or 'utf-16'}"
    n_rows = 0
    ragged = []
    n_words = len(header[0].split())
    spaced = len(header) == 1 < n_words and header[0] not in reading.types
    for record in records:
        n_rows += bool(record) or len(header) == 1
        if record and len(record) != len(header):
            ragged.append((records.line_num, len(record)))
        spaced = spaced and len("".join(record).split()) in (0, n_words)
        if has_nul and "\0" in "".join(record):  # where pandas would end the cell
            raise DataError(
                f"{path}: line {records.line_num} has a NUL byte; a text file must "
                f"not. If it is UTF-16, {'save it as UTF-8' if later else utf_16}."
            )
    if ragged:
        line, found = ragged[0]
        if len(header) == 1 and len(ragged) == n_rows:
            raise DataError(
                f"{path}: the first line, {header[0]!r}, is a single cell, but the "
                f"rows have {found} values; remove lines above the names of columns."
            )
        if {n for _, n in ragged} == {len(header) + 1} and len(ragged) == n_rows:
            raise DataError(
                f"{path}: every row has {found} values, one more than the header, as "
                f"if the row names of R have no header (write.csv, or col.names = NA, "
                f"gives them one) or every row ends with a separator."
            )
        raise DataError(
            f"{path}: {len(ragged)} of {n_rows} rows do not have the {len(header)} "
            f"columns of the header; the first is line {line}, with {found} values. "
            "Correct these rows."
        )
    if not n_rows:
        raise DataError(f"{path}: the file has a header but no rows.")
    if spaced and not later:
        raise DataError(
            f"{path}: only spaces split the header, {header[0]!r}, and the rows into "
            f"columns. Set data.separator: ' ' if there is one space between cells, or "
            f"save the table with commas."
        )
    return header, n_rows


def _refuse_other_separator(
    names: list[str], file: DataFile, separator: str, reading: Reading, *, later: bool
) -> None:
    if names[0].lower().startswith("sep=") and not any(names[1:]):
        mark = names[0][4:] or separator
        raise DataError(
            f"{file.path}: the first line, 'sep={mark}', is an instruction for Excel; "
            f"remove it."
        )
    if len(names) > 1 or names[0] in reading.types:
        return
    found = [mark for mark in SEPARATORS if mark in names[0]]
    if not found:
        return
    advice = f". Set data.separator: {as_yaml_text(found[0])}."
    refusal = DataError(
        f"{file.path}: the header has a single column, {names[0]!r}, with the "
        f"separator {separator!r}{f', {_AS_IN_TRAINING}.' if later else advice}"
    )
    refusal.loc = ("source" if reading.separator is None else "separator",)
    raise refusal


def _parse(
    lines: IO[str], header: list[str], separator: str, *, stored: bool
) -> TextCells:
    """Return the cells of the records; with ``stored``, in a temporary file."""
    import pandas as pd

    blocks = pd.read_csv(
        lines,
        sep=separator,
        header=None,
        names=range(len(header)),
        index_col=False,
        dtype=object,
        keep_default_na=False,
        na_filter=False,
        low_memory=False,
        skip_blank_lines=len(header) > 1,
        iterator=True,
        chunksize=max(_MIN_ROWS, _CELLS // len(header)) if stored else None,
    )
    with blocks:
        if stored:
            return StoredCells(_cells(block) for block in blocks)
        return KeptCells(_cells(blocks.read()))


def _cells(block: "pd.DataFrame") -> NDArray[Any]:
    """Return the cells of a block; a blank one of a single column is empty."""
    cells = block.to_numpy(dtype=object)
    if cells.shape[1] > 1:
        return cells
    blank = [not cell.strip() for cell in cells[:, 0]]
    return np.where(np.reshape(blank, cells.shape), "", cells)
