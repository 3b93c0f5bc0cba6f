"""Files whose format states the types of columns: Parquet, Feather and Arrow."""

import importlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from boostreg.arrays import Indices
from boostreg.data.cells import quoted, refuse_repeated
from boostreg.data.files import FACTS, DataFile, FileFacts, opened, plain_file
from boostreg.errors import DataError, MissingExtraError, reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parts_of", "read_arrow", "read_parts"]


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
    tables = [_arrow_table(plain_file(part)) for part in parts]
    names = tables[0].schema.names
    for part, table in zip(parts, tables, strict=True):
        if set(table.schema.names) != set(names):
            differ = sorted(set(table.schema.names) ^ set(names))
            raise DataError(
                f"{part}: its columns are not those of {parts[0].name}: only one of "
                f"them has {quoted(differ)}. All parts of a folder must have the same "
                f"columns."
            )
    pa = importlib.import_module("pyarrow")
    ordered = [table.select(names) for table in tables]
    try:
        return _as_frame(pa.concat_tables(ordered, promote_options="permissive"))
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


def _arrow_table(file: DataFile) -> Any:
    path = file.path
    is_parquet = file.suffix == ".parquet"
    what = "Parquet" if is_parquet else "Arrow"
    try:
        parquet = importlib.import_module("pyarrow.parquet")
        ipc = importlib.import_module("pyarrow.ipc")
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: reading {what} needs the extra 'parquet' of boostreg: "
            f"pip install 'boostreg[parquet]'."
        ) from error
    try:
        with opened(file) as stream:
            content = io.BytesIO(stream.read()) if file.is_compressed else stream
            if not is_parquet:
                table = _ipc_table(ipc, content)
                refuse_repeated(table.schema.names, f"{path}: ")
                return table
            with parquet.ParquetFile(content) as opened_file:
                refuse_repeated(opened_file.schema_arrow.names, f"{path}: ")
                return opened_file.read()
    except DataError:
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{path}: not a readable {what} file: {reason(error)}."
        ) from error


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
    columns |= {name: values for name, values in _ranges(table) if name not in columns}
    frame = pd.DataFrame(columns, index=range(len(table)), copy=False)
    frame.attrs[FACTS] = FileFacts(unread=unread)
    return frame


def _ranges(table: Any) -> Iterator[tuple[str, Indices]]:
    """Yield the named index levels that pandas keeps as a range, not as a column."""
    try:
        noted = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        levels = [level for level in noted["index_columns"] if isinstance(level, dict)]
        for level in levels:
            if level["kind"] == "range" and level["name"] is not None:
                counted = np.arange(level["start"], level["stop"], level["step"])
                if len(counted) == len(table):
                    yield str(level["name"]), counted
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # metadata of another writer
