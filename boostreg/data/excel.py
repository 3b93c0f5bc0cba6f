"""Excel files: a sheet as a table of text cells, which are read as those of a CSV file.

A sheet states a type for every cell, but not for a column: numbers are often kept as
text there, and words stand among numbers. So one rule reads the cells of both kinds of
file, see ``boostreg.data.typed``.
"""

import datetime as dt
import importlib
import io
import re
import warnings
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import numpy as np

from boostreg.data.cells import (
    Reading,
    Type,
    as_yaml_text,
    quoted,
    refuse_repeated,
    suggestion,
)
from boostreg.data.files import DataFile, opened
from boostreg.data.text_cells import KeptCells
from boostreg.data.typed import typed_frame
from boostreg.errors import DataError, MissingExtraError, reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_excel"]

_DAMAGE = (zipfile.BadZipFile, ParseError, OSError, KeyError, ValueError, TypeError)
_VALUE = re.compile(rb"(?:</f>|<f [^>]*/>)\s*<v>[^<]")  # stored with a formula
_Rows = list[list[Any]]


def read_excel(
    file: DataFile,
    reading: Reading,
    labels: Mapping[str, Collection[str]] | None = None,
) -> "pd.DataFrame":
    """Return a sheet; its first row that is not empty has the names of the columns.

    Empty rows and columns are left out. With ``labels``, these are rows for a model, to
    be read without a study.

    Raises DataError if several sheets have cells and ``reading`` names none of them,
    names are missing, cells are merged, or formulas have no values.
    """
    path = file.path
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: reading Excel files needs the extra 'excel' of boostreg: "
            f"pip install 'boostreg[excel]'."
        ) from error
    with opened(file) as stream:
        content = io.BytesIO(stream.read())
    try:
        with warnings.catch_warnings():  # on drop-down lists and other decoration
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(content, read_only=True, data_only=True)
            sheet, rows = _filled_sheet(book, reading, file, later=labels is not None)
            where = f"{path}, sheet {sheet.title!r}"
            _refuse_unreadable(content, sheet, where)
    except DataError:
        raise
    except _DAMAGE as error:
        text = f"{path}: not a readable Excel file: {reason(error)}."
        raise DataError(text) from error
    head, *body = rows
    kept = [k for k in range(len(head)) if any(row[k] is not None for row in rows)]
    names = [_text(head[k], reading) for k in kept]
    if names.count("") > 1:
        raise DataError(
            f"{where}: {names.count('')} columns have no name in the first row. Write "
            f"the names of the columns there, and remove titles above."
        )
    refuse_repeated(names, f"{where}: ")
    if not body:
        raise DataError(f"{where}: there is a header but no rows.")
    cells = np.empty((len(body), len(names)), dtype=object)
    for place, row in enumerate(body):
        cells[place] = [_text(row[k], reading) for k in kept]
    # Only in text may a point separate thousands.
    sure: dict[str, Type] = {
        name: "number"
        for name, k in zip(names, kept, strict=True)
        if all(isinstance(row[k], int | float | None) for row in body)
    }
    reading = replace(reading, types=sure | dict(reading.types))
    is_choice = reading.sheet is None and len(book.sheetnames) > 1
    found = (f"sheet {as_yaml_text(sheet.title)}",) if is_choice else ()
    return typed_frame(KeptCells(cells), names, reading, labels, found)


def _filled_sheet(
    book: Any, reading: Reading, file: DataFile, *, later: bool
) -> tuple[Any, _Rows]:
    """Return the sheet to read, and its rows."""
    names = [sheet.title for sheet in book.worksheets]
    wanted = reading.sheet
    if wanted is not None and wanted not in names:
        if not later:
            text = f"{file.path} has no sheet {wanted!r}; {suggestion(wanted, names)}"
            raise DataError.at("sheet", text=text)
        wanted = None
    shown = [s for s in book.worksheets if wanted in (None, s.title)]
    filled = [(sheet, rows) for sheet in shown if (rows := _rows_of(sheet))]
    if not filled:
        raise DataError(f"{file.path}: there is no sheet with cells.")
    if len(filled) > 1:
        advice = "save the one to read as a file" if later else "set data.sheet to one"
        raise DataError(
            f"{file.path} has {len(filled)} sheets with cells: "
            f"{quoted(sheet.title for sheet, _ in filled)}; {advice}."
        )
    return filled[0]


def _rows_of(sheet: Any) -> _Rows:
    """Return the rows that are not empty, all of one length."""
    sheet.reset_dimensions()  # some programs state wrong ones
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    rows = [row for row in rows if any(cell is not None for cell in row)]
    width = max(map(len, rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def _refuse_unreadable(content: io.BytesIO, sheet: Any, where: str) -> None:
    """Raise DataError if cells would silently be read as empty."""
    with zipfile.ZipFile(content) as archive:
        xml = archive.read(sheet._worksheet_path)  # noqa: SLF001  no public way
    if b"<mergeCell " in xml:
        raise DataError(
            f"{where}: cells are merged, and all but the first of them would be empty; "
            f"unmerge them, and fill in their values."
        )
    if (b"<f>" in xml or b"<f " in xml) and _VALUE.search(xml) is None:
        raise DataError(
            f"{where}: there are formulas without values; open the file in Excel or "
            f"LibreOffice and save it, or replace them by their values."
        )


def _text(cell: Any, reading: Reading) -> str:
    """Return a cell as a CSV file of the same conventions would have it.

    >>> [_text(cell, Reading()) for cell in (None, True, 2.0, 0.1, "a")]
    ['', 'TRUE', '2', '0.1', 'a']
    """
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < 2**53
        return reading.spelled(str(int(cell)) if whole else repr(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return str(cell)
