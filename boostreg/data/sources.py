"""Sources as DataFrames: files, data sets of scikit-learn and OpenML, planted data.

pandas renames columns of the same name, fills short rows, drops what is too long and
guesses types without a warning. So a CSV file is first read record by record; only a
file whose every record fits its header is parsed, as text; and a column becomes numbers
only if every cell is one.
"""

import csv
import importlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Indices
from boostreg.data.cells import (
    BOOLEANS,
    Reading,
    Type,
    as_yaml_text,
    plain_numbers,
    refuse_repeated,
    suggestion,
)
from boostreg.data.columns import Column
from boostreg.data.judging import with_groups
from boostreg.data.synthetic import SYNTHETIC
from boostreg.errors import DataError, MissingExtraError, reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SKLEARN",
    "FileFacts",
    "file_facts",
    "read_csv",
    "read_parquet",
    "read_rows",
    "read_source",
]

_SUFFIXES = (".csv", ".parquet")
_FACTS = "boostreg"  # where a DataFrame carries what is known of its file
_ZEROS = re.compile(r"0[0-9]+")
_SAMPLE = 100  # rows that show whether a column has as many values as rows
_AS_IN_TRAINING = "as in the training file"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Facts on the file of a DataFrame that are not in the DataFrame.

    Attributes
    ----------
    words : mapping of str to mapping of str to int
        By column, the words read as missing, and how often, without empty cells.
    zeros : mapping of str to str
        Columns of whole numbers with leading zeros, and an example.
    joined : mapping of str to tuple of str
        Columns in which different cells are the same number, and two such cells.
    unread : mapping of str to str
        Columns that cannot be read, and why.
    """

    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    zeros: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    of_file: bool = True

    def __deepcopy__(self, _: object) -> "FileFacts":
        return self  # pandas copies it with every column that is taken


def file_facts(frame: "pd.DataFrame") -> FileFacts:
    """Return what is known of the file of ``frame``; nothing for any other frame."""
    facts = frame.attrs.get(_FACTS)
    return facts if isinstance(facts, FileFacts) else FileFacts(of_file=False)


def read_csv(
    path: Path,
    reading: Reading | None = None,
    labels: Mapping[str, Collection[str]] | None = None,
) -> "pd.DataFrame":
    """Return a CSV file: one header record, names kept as they are.

    With ``labels``, these are rows for a model, to be read without a study.

    A column is numbers, or booleans (TRUE, FALSE), if all its cells are, and text
    otherwise. Empty cells and the words of ``reading`` are missing. A blank line is not
    a record, except in a file of one column: a missing cell.

    Raises DataError if the file is missing, empty or in another encoding, repeats a
    column name, or has records that are longer or shorter than the header.
    """
    reading, later = reading or Reading(), labels is not None
    encoding = reading.encoding
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    _refuse_absent(path)
    try:
        with path.open(encoding=encoding, newline="") as lines:
            header = _check_records(lines, path, reading.separator, later=later)
        # pandas loses a cell where kinds of line ends are mixed: it gets one kind.
        with path.open(encoding=encoding) as lines:
            _header(csv.reader(lines, delimiter=reading.separator))
            cells = _parse(lines, header, reading.separator)
        if len(header) == 1:
            blank = [not cell.strip() for cell in cells[:, 0]]
            cells = np.where(np.reshape(blank, cells.shape), "", cells)
    except DataError:
        raise
    except UnicodeError as error:
        raise _undecoded(path, reading.encoding, error, later=later) from error
    except csv.Error as error:
        raise DataError(f"{path}: not a readable CSV file: {error}.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}.") from error
    return _typed(cells, header, reading, labels or {})


def read_parquet(path: Path) -> "pd.DataFrame":
    """Return a Parquet file, named levels of a pandas index among its columns.

    The file's own types are used, not pandas' notes on them. A column that cannot be
    read is only refused if it is used.
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
            refuse_repeated(file.schema_arrow.names, f"{path}: ")
            table = file.read()
    except DataError:
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{path}: not a readable Parquet file: {reason(error)}."
        ) from error
    return _as_frame(table)


def _refuse_absent(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path} is a folder; name a data file.")
    if not path.exists():
        near = ", and neither does its folder."
        if path.parent.is_dir():
            files = [f.name for f in path.parent.iterdir() if f.suffix in _SUFFIXES]
            near = f"; {suggestion(path.name, sorted(files))}" if files else "."
        raise DataError(f"{path} does not exist{near}")
    if not path.is_file():
        raise DataError(f"{path} is not a regular file; name a data file.")


def _undecoded(
    path: Path, encoding: str, error: UnicodeError, *, later: bool
) -> DataError:
    """Return the error for a file in another encoding, with the key to set."""
    with path.open("rb") as file:
        start = file.read(2)
    found = str(error)
    if isinstance(error, UnicodeDecodeError):
        found = f"found byte 0x{error.object[error.start]:02x} ({error.reason})"
    likely = "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    advice = f"UTF-8, or set its encoding, such as data.encoding: {likely}"
    refusal = DataError(
        f"{path}: the file is not {encoding.upper()}: {found}. Save it as "
        f"{f'{encoding.upper()}, {_AS_IN_TRAINING}' if later else advice}."
    )
    refusal.loc = ("source" if encoding == Reading().encoding else "encoding",)
    return refusal


def _header(records: Iterator[list[str]]) -> list[str]:
    return next((record for record in records if record), [])


def _check_records(
    lines: IO[str], path: Path, separator: str, *, later: bool
) -> list[str]:
    """Read a CSV file once through and return its header."""
    records = csv.reader(lines, delimiter=separator)
    header = _header(records)
    if not header:
        raise DataError(f"{path}: the file is empty; it needs a header and rows.")
    refuse_repeated(header, f"{path}: ")
    _refuse_other_separator(header, path, separator, later=later)
    n_rows = 0
    ragged = []
    for record in records:
        n_rows += bool(record) or len(header) == 1
        if record and len(record) != len(header):
            ragged.append((records.line_num, len(record)))
        if "\0" in "".join(record):  # where pandas would end the cell
            raise DataError(
                f"{path}: line {records.line_num} has a NUL byte; a CSV file must be "
                f"text. If it is UTF-16, "
                f"{'save it as UTF-8' if later else 'set data.encoding: utf-16'}."
            )
    if ragged:
        line, found = ragged[0]
        raise DataError(
            f"{path}: {len(ragged)} of {n_rows} rows do not have the {len(header)} "
            f"columns of the header; the first is line {line}, with {found} values. "
            "Correct these rows."
        )
    if not n_rows:
        raise DataError(f"{path}: the file has a header but no rows.")
    return header


def _refuse_other_separator(
    names: list[str], path: Path, separator: str, *, later: bool
) -> None:
    if names[0].lower().startswith("sep=") and not any(names[1:]):
        mark = names[0][4:] or separator
        advice = f" and set data.separator: {as_yaml_text(mark)}"
        raise DataError(
            f"{path}: the first line, 'sep={mark}', is an instruction for Excel; "
            f"remove it{'' if later or mark == separator else advice}."
        )
    found = [mark for mark in (",", ";", "\t", "|") if mark in names[0]]
    if len(names) == 1 and found:
        advice = f". Set data.separator: {as_yaml_text(found[0])}."
        refusal = DataError(
            f"{path}: the header has a single column, {names[0]!r}, with the separator "
            f"{separator!r}{f', {_AS_IN_TRAINING}.' if later else advice}"
        )
        refusal.loc = ("source" if separator == Reading().separator else "separator",)
        raise refusal


def _parse(lines: IO[str], header: list[str], separator: str) -> NDArray[Any]:
    import pandas as pd

    return pd.read_csv(
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
    ).to_numpy(dtype=object)


def _typed(
    cells: NDArray[Any],
    header: list[str],
    reading: Reading,
    labels: Mapping[str, Collection[str]],
) -> "pd.DataFrame":
    """Return columns of text as what all of their cells are."""
    import pandas as pd

    columns: dict[int, Any] = {}
    words: dict[str, dict[str, int]] = {}
    zeros: dict[str, str] = {}
    joined: dict[str, tuple[str, str]] = {}
    for place, (name, column) in enumerate(zip(header, cells.T, strict=True)):
        texts = column[:_SAMPLE].tolist()
        numbers = None
        if reading.is_plain and len(set(texts)) > _SAMPLE / 2:
            texts = column.tolist()
            numbers = _unless_doubtful(_at_once(texts), name, texts, reading)
        if numbers is not None:
            values = numbers
        else:
            codes, uniques = pd.factorize(column)
            blank = np.array(reading.is_missing(uniques.tolist()), dtype=bool)
            if name in labels:
                blank &= np.array([text not in labels[name] for text in uniques])
            words[name] = {
                uniques[code]: int(np.sum(codes == code))
                for code in np.flatnonzero(blank).tolist()
                if uniques[code].strip()
            }
            known = uniques[~blank]
            texts = known.tolist()
            numbers = _unless_doubtful(
                _all_numbers(texts, reading), name, texts, reading
            )
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
    frame.attrs[_FACTS] = FileFacts(words=words, zeros=zeros, joined=joined)
    return frame


def _unless_doubtful(
    numbers: NDArray[Any] | None, name: str, texts: list[str], reading: Reading
) -> NDArray[Any] | None:
    """Return numbers, None for a category or if points may separate thousands."""
    if numbers is None or reading.types.get(name) == "category":
        return None
    may_be_grouped = name not in reading.types and numbers.dtype.kind == "f"
    return None if may_be_grouped and with_groups(texts, reading) else numbers


def _same_number(texts: Sequence[str], numbers: NDArray[Any]) -> tuple[str, str] | None:
    """Return the first two different texts, stripped, that are the same number."""
    first: dict[Any, str] = {}
    for text, number in zip(map(str.strip, texts), numbers.tolist(), strict=True):
        if first.setdefault(number, text) != text:
            return first[number], text
    return None


def _at_once(texts: list[str]) -> NDArray[Any] | None:
    """Return a column of plain numbers, None if a cell is something else."""
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
    if reading.is_plain and (values := _at_once(texts)) is not None:
        return values
    if None in reading.plain_texts(texts[:1]):
        booleans = [BOOLEANS.get(text.strip()) for text in texts]
        return None if None in booleans else np.array(booleans, dtype=bool)
    plain = [text for text in reading.plain_texts(texts) if text is not None]
    if len(plain) < len(texts):
        return None
    whole = plain_numbers(plain)
    return _as_array(list(map(float, plain)) if whole is None else whole)


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
    frame.attrs[_FACTS] = FileFacts(unread=unread)
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


SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
"""Data sets of scikit-learn that come with it, so that no network is needed."""


def read_source(
    source: str,
    *,
    base: Path,
    reading: Reading | None = None,
    labels: Mapping[str, Collection[str]] | None = None,
) -> "pd.DataFrame":
    """Return the data that ``source`` names.

    Parameters
    ----------
    source : str
        ``sklearn:NAME``, ``openml:ID``, ``synthetic:NAME`` or the path of a .csv or
        .parquet file, relative to the folder ``base``.
    reading : Reading or None
        How the cells of a CSV file are read.
    labels : mapping of str to collection of str or None
        Words that are labels in a column, even if they mean missing elsewhere.

    Raises DataError if there is no such source, or it cannot be read.
    """
    try:
        return _read(source, base / source, reading, labels)
    except DataError as error:
        error.loc = error.loc or ("source",)
        raise


def read_rows(
    source: str, base: Path, columns: Sequence[Column], reading: Reading
) -> "pd.DataFrame":
    """Return rows for a model: each cell is read by the type of its column."""
    labels = {c.name: frozenset(c.categories) for c in columns if c.categories}
    types: dict[str, Type] = {
        column.name: "number" if column.categories is None else "category"
        for column in columns
    }
    reading = replace(reading, types=types)
    return read_source(source, base=base, reading=reading, labels=labels)


def _read(
    source: str,
    path: Path,
    reading: Reading | None,
    labels: Mapping[str, Collection[str]] | None,
) -> "pd.DataFrame":
    kind, colon, name = source.partition(":")
    if colon and kind == "openml":
        return _read_openml(name)
    known = {"sklearn": SKLEARN, "synthetic": tuple(SYNTHETIC)}.get(kind)
    if colon and known is not None:
        if name not in known:
            raise DataError(
                f"source {kind}:{name} does not exist; {suggestion(name, known)}"
            )
        return SYNTHETIC[name]() if kind == "synthetic" else _read_sklearn(name)
    if path.suffix.lower() == ".csv":
        return read_csv(path, reading, labels)
    if path.suffix.lower() == ".parquet":
        return read_parquet(path)
    raise DataError(
        f"source must be sklearn:NAME, openml:ID, synthetic:NAME, or a file that ends "
        f"in .csv or .parquet, got {source!r}."
    )


def _read_sklearn(name: str) -> "pd.DataFrame":
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame
    if name in ("breast_cancer", "digits", "iris", "wine"):
        labels = dict(enumerate(map(str, bunch.target_names)))
        frame["target"] = frame["target"].map(labels).astype("category")
    return frame


def _read_openml(name: str) -> "pd.DataFrame":
    if not (name.isascii() and name.isdigit()):
        raise DataError(
            f"openml:ID needs the number of a data set as ID, got {name!r}."
        )
    from sklearn.datasets import fetch_openml

    try:
        bunch = fetch_openml(data_id=int(name), as_frame=True, n_retries=0)
    except (OSError, ValueError) as error:
        raise DataError(
            f"openml:{name} cannot be fetched ({error}); the first time, this needs a "
            f"network connection. Offline, use a .csv file."
        ) from error
    frame: pd.DataFrame = bunch.frame
    return frame
