"""Files as DataFrames, and the mistakes in them that pandas would pass over.

pandas renames columns of the same name, fills short rows and drops what is too long
in silence. So a CSV file is first read record by record; only a file whose every
record fits its header is parsed.
"""

import csv
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from boostreg.data.names import refuse_repeated, suggestion
from boostreg.errors import DataError, MissingExtraError, reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_csv", "read_parquet"]

_SUFFIXES = (".csv", ".parquet")

# Stated here, so that a new version of pandas does not change a study.
_MISSING = (
    *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("null", "NULL", "None"),
)


def read_csv(path: Path) -> "pd.DataFrame":
    """Return a CSV file: UTF-8, commas, one header record, names kept as they are.

    Empty cells and the usual words for a missing value (NA, NaN, null, None, ...) are
    missing.

    Raises
    ------
    DataError
        If the file is not there, is empty, is not UTF-8, repeats a column name or
        has records of other lengths than the header.
    """
    _refuse_absent(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            header = _check_records(lines, path)
        # pandas loses a cell where kinds of line ends are mixed: it gets one kind.
        with path.open(encoding="utf-8-sig") as lines:
            _header(csv.reader(lines))
            return _parse(lines, header)
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: a CSV file must be UTF-8, found byte "
            f"0x{error.object[error.start]:02x} ({error.reason}); save it as UTF-8."
        ) from error
    except csv.Error as error:
        raise DataError(f"{path}: not a readable CSV file: {error}.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}.") from error


def read_parquet(path: Path) -> "pd.DataFrame":
    """Return a Parquet file.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed.
    DataError
        If the file is not there, is no Parquet file or repeats a column name.
    """
    _refuse_absent(path)
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: reading Parquet needs the extra 'parquet' of boostreg: "
            f"pip install 'boostreg[parquet]'."
        ) from error
    try:
        with parquet.ParquetFile(path) as file:
            _check_header(list(file.schema_arrow.names), path)
            frame: pd.DataFrame = file.read().to_pandas()
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: not a readable Parquet file: {reason(error)}."
        ) from error
    return frame


def _refuse_absent(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path}: is a folder, a data file is needed.")
    if not path.exists():
        raise DataError(f"{path}: the data file is not there{_beside(path)}.")
    if not path.is_file():
        raise DataError(f"{path}: is no regular file, a data file is needed.")


def _beside(path: Path) -> str:
    """Return which data files there are in its place."""
    if not path.parent.is_dir():
        return ", nor is its folder"
    files = sorted(
        other.name for other in path.parent.iterdir() if other.suffix in _SUFFIXES
    )
    return f"; {suggestion(path.name, files)}" if files else ""


def _header(records: Iterator[list[str]]) -> list[str]:
    return next((record for record in records if record), [])


def _check_records(lines: IO[str], path: Path) -> list[str]:
    """Read a CSV file once through and return its header."""
    records = csv.reader(lines)
    header = _header(records)
    if not header:
        raise DataError(f"{path}: the file is empty; a header and rows are needed.")
    _check_header(header, path)
    n_rows = 0
    ragged = []
    for record in records:
        n_rows += bool(record)
        if record and len(record) != len(header):
            ragged.append((records.line_num, len(record)))
        if "\0" in "".join(record):  # where pandas would end the cell
            raise DataError(
                f"{path}: line {records.line_num} holds a NUL byte; a CSV file is text."
            )
    if ragged:
        line, found = ragged[0]
        raise DataError(
            f"{path}: {len(ragged)} of {n_rows} rows do not fit the header of "
            f"{len(header)} columns, first line {line} with {found} values."
        )
    if not n_rows:
        raise DataError(f"{path}: the file has a header and no row.")
    return header


def _check_header(names: list[str], path: Path) -> None:
    try:
        refuse_repeated(names)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise DataError(
            f"{path}: the header is the single column {names[0]!r}; a CSV file must "
            f"separate values by commas."
        )


def _parse(lines: IO[str], header: list[str]) -> "pd.DataFrame":
    import pandas as pd

    # Newer versions of pandas parse every number exactly; older ones must be asked.
    old = tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1)
    exact: dict[str, Any] = {"float_precision": "round_trip"} if old else {}
    frame: pd.DataFrame = pd.read_csv(
        lines,
        header=None,
        names=range(len(header)),
        index_col=False,
        keep_default_na=False,
        na_values=list(_MISSING),
        low_memory=False,
        **exact,
    )
    frame.columns = pd.Index(header, dtype=object)
    return frame
