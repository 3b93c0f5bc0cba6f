"""Preparation: a DataFrame becomes a table, or an error that says what to mend."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.columns import (
    Column,
    encode_labels,
    kind_of,
    read_column,
    read_numbers,
)
from boostreg.data.names import columns_by_name, quoted, refuse_unknown
from boostreg.data.table import Table, Task
from boostreg.data.target import read_target, refuse_missing
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["prepare_table"]

_MANY = 0.5  # a category column with more categories than this share of rows is odd
_FAULTS = 5  # columns named in one message


def prepare_table(  # noqa: PLR0913  one argument a key of `data` in a study
    frame: "pd.DataFrame",
    *,
    target: str,
    task: Task | None = None,
    drop: Sequence[str] = (),
    groups: str | None = None,
    time: str | None = None,
    weights: str | None = None,
) -> Table:
    """Return the table of ``frame``, every value checked.

    Parameters
    ----------
    frame : DataFrame
        Numbers, booleans, text and categories; its index is ignored.
    target : str
        Column to predict.
    task : {"regression", "binary", "multiclass"} or None
        None infers it, and a note says so.
    drop : sequence of str
        Columns that are no features.
    groups, time, weights : str or None
        Columns for folds and row weights; none of them is a feature.

    Raises
    ------
    DataError
        If a column is not there or holds what cannot be used, or nothing is left to
        learn from. The message names the column, what was found and what is allowed.
    """
    series = columns_by_name(frame)
    if not len(frame):
        raise DataError("the data have no row; at least 1 is needed.")
    roles = {"groups": groups, "time": time, "weights": weights}
    named = {role: name for role, name in roles.items() if name is not None}
    _check_roles(list(series), target, drop, named)
    with _about("target"):
        answer = read_target(series[target], target, task)
    taken = {target, *drop, *named.values()}
    X, columns = _read_features(
        {name: column for name, column in series.items() if name not in taken}
    )
    read = {role: _read_role(series[name], name, role) for role, name in named.items()}
    return Table(
        X=X,
        y=answer.y,
        columns=columns,
        task=answer.task,
        target=target,
        classes=answer.classes,
        labels=answer.labels,
        task_inferred=answer.inferred,
        notes=(
            *answer.notes,
            *_notes(series, columns, drop, named, read),
            *_notes_on_values(X, answer.y, columns),
        ),
        **read,
    )


def _check_roles(
    names: Sequence[str], target: str, drop: Sequence[str], named: dict[str, str]
) -> None:
    with _about("target"):
        refuse_unknown(target, names, "target")
    for role, name in named.items():
        with _about(role):
            refuse_unknown(name, names, f"{role} column")
            if name == target:
                raise DataError(
                    f"{role} must be another column than target {target!r}."
                )
    with _about("drop"):
        for name in drop:
            refuse_unknown(name, names, "drop:")
        if target in drop:
            raise DataError(f"target {target!r} must not be listed under drop.")


@contextmanager
def _about(key: str) -> Iterator[None]:
    """Let an error say which key of ``data`` in a study it is about."""
    try:
        yield
    except DataError as error:
        error.key = key
        raise


def _read_role(series: "pd.Series[Any]", name: str, role: str) -> NDArray[Any]:
    with _about(role):
        read: NDArray[Any] = _READERS[role](series, name)
    return read


def _read_features(
    series: "dict[str, pd.Series[Any]]",
) -> tuple[NDArray[np.float64], tuple[Column, ...]]:
    """Return the features, or one error that names every column at fault."""
    if not series:
        raise DataError("no feature is left; at least 1 column is needed.")
    X = np.empty((len(next(iter(series.values()))), len(series)))
    columns, faults = [], []
    for place, (name, values) in enumerate(series.items()):
        try:
            X[:, place], column = read_column(values, name)
            columns.append(column)
        except DataError as error:
            faults.append(str(error))
    if faults:
        rest = len(faults) - _FAULTS
        more = [f"{rest} more columns are at fault."] if rest > 0 else []
        raise DataError("\n".join(faults[:_FAULTS] + more))
    return X, tuple(columns)


def _read_weights(series: "pd.Series[Any]", name: str) -> NDArray[np.float64]:
    _refuse_labels(series, name)
    refuse_missing(series, name, "weights column")
    values = read_numbers(series, name)
    negative = np.flatnonzero(values < 0)
    if len(negative):
        row = int(negative[0])
        raise DataError(
            f"weights column {name!r} is negative in {len(negative)} rows, first in "
            f"row {row} (the first row is 0): {float(values[row])!r}; a weight is "
            f">= 0."
        )
    if not values.any():
        raise DataError(
            f"weights column {name!r} is 0 in all {len(values)} rows; at least one "
            f"weight must be above 0."
        )
    return values


def _read_groups(series: "pd.Series[Any]", name: str) -> NDArray[np.int64]:
    refuse_missing(series, name, "groups column")
    codes, _ = encode_labels(series, name)
    return codes


def _read_time(series: "pd.Series[Any]", name: str) -> NDArray[np.float64]:
    """Return points in time as numbers: seconds since 1970 in UTC for dates."""
    import pandas as pd

    refuse_missing(series, name, "time column")
    if kind_of(series, name) == "number":
        return read_numbers(series, name)
    if isinstance(series.dtype, pd.PeriodDtype):
        series = series.dt.to_timestamp()
    try:
        points = pd.to_datetime(
            series.astype(object), utc=True, format="ISO8601", errors="coerce"
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise _no_times(name, str(error)) from error
    wrong = np.flatnonzero(points.isna().to_numpy(dtype=bool))
    if len(wrong):
        row = int(wrong[0])
        found = f"{series.iloc[row]!r} in row {row} (the first row is 0)"
        raise _no_times(name, found)
    since = (points - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    return np.asarray(since, dtype=np.float64)


def _no_times(name: str, found: str) -> DataError:
    return DataError(
        f"time column {name!r} must hold numbers, dates or ISO 8601 text such as "
        f"2024-01-31, found {found}."
    )


_READERS: dict[str, Any] = {
    "groups": _read_groups,
    "time": _read_time,
    "weights": _read_weights,
}


def _refuse_labels(series: "pd.Series[Any]", name: str) -> None:
    if kind_of(series, name) != "number":
        raise DataError(
            f"weights column {name!r} must hold numbers, got {series.dtype}, first "
            f"{series.iloc[0]!r}."
        )


def _notes(
    series: "dict[str, pd.Series[Any]]",
    columns: Sequence[Column],
    drop: Sequence[str],
    named: dict[str, str],
    read: dict[str, NDArray[Any]],
) -> list[str]:
    notes = []
    left_out = [f"{name!r} (drop)" for name in drop]
    left_out += [f"{name!r} ({role})" for role, name in named.items()]
    if left_out:
        notes.append(f"Not used as features: {', '.join(left_out)}.")
    labelled = [column for column in columns if column.categories is not None]
    text = [c.name for c in labelled if series[c.name].dtype.name != "category"]
    if text:
        notes.append(f"Text read as categories: {quoted(text)}.")
    notes += [
        f"Column {c.name!r} has {len(c.categories)} categories in "
        f"{len(series[c.name])} rows; if it is an identifier, list it under drop."
        for c in labelled
        if c.categories and len(c.categories) > max(2, _MANY * len(series[c.name]))
    ]
    if "weights" in read and (unused := int(np.sum(read["weights"] == 0))):
        notes.append(f"{unused} rows have weight 0 and teach nothing.")
    return notes


def _notes_on_values(
    X: NDArray[np.float64], y: NDArray[np.float64], columns: Sequence[Column]
) -> list[str]:
    notes = []
    idle = [
        column.name
        for column, values in zip(columns, X.T, strict=True)
        if np.all((values == values[0]) | (np.isnan(values) & np.isnan(values[0])))
    ]
    if idle:
        notes.append(f"No split can use what never varies: {quoted(idle)}.")
    if n_copies := _n_copies(X, y):
        notes.append(
            f"Rows that are copies of an earlier one, target included: {n_copies}. "
            "Where the two fall into different folds, losses look lower than they are."
        )
    return notes


def _n_copies(X: NDArray[np.float64], y: NDArray[np.float64]) -> int:
    """Return how many rows were there before, by a hash of 64 bits."""
    import pandas as pd

    hashes = pd.util.hash_array(y)
    for values in X.T:  # one column at a time: no second copy of the table
        hashes = hashes * np.uint64(1_000_003) ^ pd.util.hash_array(values)
    return len(hashes) - len(np.unique(hashes))
