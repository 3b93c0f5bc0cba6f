"""Sources: what `data.source` of a study may name, as a DataFrame."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from boostreg.data.cells import Reading, Type
from boostreg.data.columns import Column
from boostreg.data.files import read_csv, read_parquet
from boostreg.data.names import suggestion
from boostreg.data.synthetic import SYNTHETIC
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SKLEARN", "read_rows", "read_source"]

SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
"""Data sets of scikit-learn that come with it, so that no network is needed."""

_ALLOWED = (
    "sklearn:NAME, openml:ID, synthetic:NAME, or a file that ends in .csv or .parquet"
)


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
        .parquet file.
    base : Path
        Folder that a relative path starts from: that of the study file.
    reading : Reading or None
        How the cells of a CSV file are read; None for points and commas.
    labels : mapping of str to collection of str or None
        Words that are labels in a column, even where they mean missing elsewhere.

    Raises
    ------
    DataError
        If there is no such source, or it cannot be read.
    """
    try:
        return _read(source, base / source, reading, labels)
    except DataError as error:
        error.key = error.key or "source"
        raise


def read_rows(
    source: str, base: Path, columns: Sequence[Column], reading: Reading
) -> "pd.DataFrame":
    """Return rows for a model: each cell is read by what its column was in training.

    Parameters
    ----------
    source : str
        As ``read_source`` takes it.
    base : Path
    columns : sequence of Column
        The model's.
    reading : Reading
        Of the table that it was trained on.

    Raises
    ------
    DataError
        As ``read_source``.
    """
    types: dict[str, Type] = {
        column.name: "number" if column.categories is None else "category"
        for column in columns
    }
    labels = {c.name: frozenset(c.categories) for c in columns if c.categories}
    reading = replace(reading, types=types)
    return read_source(source, base=base, reading=reading, labels=labels)


def _read(
    source: str,
    path: Path,
    reading: Reading | None,
    labels: Mapping[str, Collection[str]] | None,
) -> "pd.DataFrame":
    kind, colon, name = source.partition(":")
    if colon and kind in _KINDS:
        return _KINDS[kind](name)
    match path.suffix.lower():
        case ".csv":
            return read_csv(path, reading, labels)
        case ".parquet":
            return read_parquet(path)
    raise DataError(f"source must be {_ALLOWED}, got {source!r}.")


def _read_sklearn(name: str) -> "pd.DataFrame":
    _refuse_unknown("sklearn", name, SKLEARN)
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame
    if name in ("breast_cancer", "digits", "iris", "wine"):
        labels = [str(label) for label in bunch.target_names]
        frame["target"] = (
            frame["target"].map(dict(enumerate(labels))).astype("category")
        )
    return frame


def _read_openml(name: str) -> "pd.DataFrame":
    if not (name.isascii() and name.isdigit()):
        raise DataError(
            f"source openml:ID needs the number of a data set, got {name!r}."
        )
    from sklearn.datasets import fetch_openml

    try:
        bunch = fetch_openml(data_id=int(name), as_frame=True, n_retries=0)
    except (OSError, ValueError) as error:
        raise DataError(
            f"openml:{name} cannot be fetched ({error}); it needs the network the "
            f"first time. Offline, name a .csv file instead."
        ) from error
    frame: pd.DataFrame = bunch.frame
    return frame


def _read_synthetic(name: str) -> "pd.DataFrame":
    _refuse_unknown("synthetic", name, tuple(SYNTHETIC))
    return SYNTHETIC[name]()


def _refuse_unknown(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise DataError(
            f"source {kind}:NAME knows no {name!r}; {suggestion(name, known)}."
        )


_KINDS: dict[str, Callable[[str], "pd.DataFrame"]] = {
    "openml": _read_openml,
    "sklearn": _read_sklearn,
    "synthetic": _read_synthetic,
}
