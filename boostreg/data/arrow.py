"""Files whose format states the types of columns: Parquet, Feather and Arrow."""

import importlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from boostreg.arrays import Indices
from boostreg.data.cells import quoted, refuse_repeated
from boostreg.data.files import (
    FACTS,
    DataFile,
    FileColumns,
    FileFacts,
    file_facts,
    opened,
    plain_file,
)
from boostreg.data.stored import LARGE
from boostreg.errors import DataError, MissingExtraError, reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parquet_columns", "parts_of", "read_arrow", "read_parts"]


def read_arrow(file: DataFile, *_: object) -> "pd.DataFrame":
    """Return a Parquet, Feather or Arrow file, named levels of an index as columns.

    The file's own types are used, not pandas' notes on them. A column that cannot be
    read is only refused if it is used.
    """
    return _as_frame(_arrow_table(file))


def parts_of(folder: Path) -> list[Path]:
    """Return the parts of a Parquet folder in the order of the numbers in their names.

    None are returned if the folder holds anything else; hidden files and those that
    begin with ``_`` do not count.
    """
    held = [p for p in folder.iterdir() if not p.name.startswith((".", "_"))]
    if not all(p.suffix.lower() == ".parquet" and p.is_file() for p in held):
        return []
    return sorted(held, key=_by_number)


def _by_number(path: Path) -> list[tuple[int, str]]:
    words = re.split(r"([0-9]+)", path.name)
    return [(int(w), w) if w.isdecimal() else (0, w) for w in words]


def read_parts(parts: Sequence[Path]) -> "pd.DataFrame":
    """Return the rows of the parts of one Parquet table, one after the other.

    Raises DataError if their columns differ.
    """
    return _as_frame(_joined(parts, [_arrow_table(plain_file(one)) for one in parts]))


def _refuse_other_names(parts: Sequence[Path], names: Sequence[Sequence[str]]) -> None:
    for part, own in zip(parts, names, strict=True):
        if differ := sorted(set(own) ^ set(names[0])):
            raise DataError(
                f"{part}: its columns are not those of {parts[0].name}: only one of "
                f"them has {quoted(differ)}. All parts of a folder must have the same "
                f"columns."
            )


def _joined(parts: Sequence[Path], tables: Sequence[Any]) -> Any:
    """Return the tables of the parts as one Arrow table."""
    _refuse_other_names(parts, [table.schema.names for table in tables])
    names = tables[0].schema.names
    pa = importlib.import_module("pyarrow")
    ordered = [table.select(names) for table in tables]
    try:
        return pa.concat_tables(ordered, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        for part, table in zip(parts, ordered, strict=True):
            for name, first, kind in zip(
                names, ordered[0].schema.types, table.schema.types, strict=True
            ):
                if first != kind:
                    raise DataError(
                        f"{part}: column {name!r} has the type {kind}, but {first} in "
                        f"{parts[0].name}. Write all parts with the same types."
                    ) from error
        raise DataError(f"{parts[0].parent}: {error}.") from error


class _ParquetColumns(FileColumns):
    """Columns as in the DataFrame of ``read_arrow`` or ``read_parts``."""

    def __init__(self, parts: Sequence[Path]) -> None:
        self._parts = parts
        n_rows = 0
        names: list[list[str]] = []
        metadata: Mapping[bytes, bytes] = {}
        for part in parts:
            with _parquet_file(plain_file(part)) as file:
                n_rows += file.metadata.num_rows
                names.append(file.schema_arrow.names)
                metadata = metadata or file.schema_arrow.metadata or {}
        _refuse_other_names(parts, names)
        self._ranges = {
            name: values
            for name, values in _ranges(metadata, n_rows)
            if name not in names[0]
        }
        self._unread: dict[str, str] = {}
        facts = FileFacts(unread=self._unread)
        super().__init__([*names[0], *self._ranges], n_rows, facts)

    def read(self, name: str) -> "pd.Series[Any]":
        """Return a column."""
        import pandas as pd

        if name in self._ranges:
            return pd.Series(self._ranges[name], name=name)
        found = []
        for part in self._parts:
            with _parquet_file(plain_file(part)) as file:
                found.append(file.read(columns=[name]))
        frame = _as_frame(_joined(self._parts, found))
        self._unread.update(file_facts(frame).unread)
        series: pd.Series[Any] = frame[name]
        return series


def parquet_columns(path: Path) -> FileColumns | None:
    """Return the columns of a Parquet file or folder if it is large, otherwise None."""
    parts = parts_of(path) if path.is_dir() else [path]
    if not parts or parts[0].suffix.lower() != ".parquet" or not parts[0].is_file():
        return None
    n_values = 0
    for part in parts:
        with _parquet_file(plain_file(part)) as file:
            n_values += file.metadata.num_rows * file.metadata.num_columns
    return _ParquetColumns(parts) if n_values >= LARGE else None


@contextmanager
def _parquet_file(file: DataFile) -> Iterator[Any]:
    """Open a Parquet file; a DataError names it if it cannot be read."""
    with (
        _content(file, "pyarrow.parquet") as (parquet, content),
        parquet.ParquetFile(content) as opened_file,
    ):
        refuse_repeated(opened_file.schema_arrow.names, f"{file.path}: ")
        yield opened_file


@contextmanager
def _content(file: DataFile, package: str) -> Iterator[tuple[Any, IO[bytes]]]:
    """Open a file for a module of pyarrow, which is returned with it.

    Raises MissingExtraError without pyarrow; in the block, DataError that names the
    file if it cannot be read.
    """
    what = "Parquet" if file.suffix == ".parquet" else "Arrow"
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(
            f"{file.path}: reading {what} needs the extra 'parquet' of boostreg: "
            f"pip install 'boostreg[parquet]'."
        ) from error
    try:
        with opened(file) as stream:
            yield module, io.BytesIO(stream.read()) if file.is_compressed else stream
    except DataError:
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{file.path}: not a readable {what} file: {reason(error)}."
        ) from error


def _arrow_table(file: DataFile) -> Any:
    if file.suffix == ".parquet":
        with _parquet_file(file) as opened_file:
            return opened_file.read()
    with _content(file, "pyarrow.ipc") as (ipc, content):
        table = _ipc_table(ipc, content)
        refuse_repeated(table.schema.names, f"{file.path}: ")
        return table


def _ipc_table(ipc: Any, content: IO[bytes]) -> Any:
    """Return a file of Arrow in either form: with a footer (Feather), or a stream."""
    try:
        return ipc.open_file(content).read_all()
    except ValueError:
        content.seek(0)
        return ipc.open_stream(content).read_all()


def _as_frame(table: Any) -> "pd.DataFrame":
    """Return an Arrow table column by column, with named levels of pandas' index."""
    import pandas as pd

    pa = importlib.import_module("pyarrow")
    columns: dict[str, Any] = {}
    unread = {}
    nullable = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}
    for name, column in zip(table.schema.names, table.columns, strict=True):
        kind = column.type
        has_nulls = pa.types.is_integer(kind) and column.null_count
        try:
            columns[name] = column.to_pandas(
                types_mapper=nullable.get if has_nulls else None
            )
        except (ValueError, TypeError, NotImplementedError, OverflowError) as error:
            columns[name] = np.full(len(table), np.nan)
            unread[name] = f"has {kind} values that cannot be read ({error})"
    ranges = _ranges(table.schema.metadata or {}, len(table))
    columns |= {name: values for name, values in ranges if name not in columns}
    frame = pd.DataFrame(columns, index=range(len(table)), copy=False)
    frame.attrs[FACTS] = FileFacts(unread=unread)
    return frame


def _ranges(
    metadata: Mapping[bytes, bytes], n_rows: int
) -> Iterator[tuple[str, Indices]]:
    """Yield the named index levels that pandas keeps as a range, not as a column."""
    try:
        noted = json.loads(metadata.get(b"pandas", b"{}"))
        levels = [level for level in noted["index_columns"] if isinstance(level, dict)]
        for level in levels:
            if level["kind"] == "range" and level["name"] is not None:
                counted = np.arange(level["start"], level["stop"], level["step"])
                if len(counted) == n_rows:
                    yield str(level["name"]), counted
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # metadata of another writer
