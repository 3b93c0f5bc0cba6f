"""Columns of a DataFrame as numbers, the same in training and in prediction.

Numbers and booleans stay numbers. Text and categories become codes: the place of
their label in a fixed order, numbers by value, then text alphabetically. Missing
values are NaN throughout.
"""

import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from boostreg.data.names import columns_by_name, quoted, refuse_unknown
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Column",
    "apply_columns",
    "encode_labels",
    "kind_of",
    "read_column",
    "read_numbers",
]

Kind = Literal["number", "label", "time"]

# What pandas.api.types.infer_dtype says, and what it means here.
_NUMBERS = (
    *("integer", "integer-na", "floating", "mixed-integer-float", "decimal"),
    *("boolean", "empty"),
)
_LABELS = ("string", "categorical", "mixed-integer", "mixed", "bytes")
_TIMES = (
    *("datetime64", "datetime", "date", "period", "time"),
    *("timedelta64", "timedelta"),
)
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_NUMBERS, "number"),
    **dict.fromkeys(_LABELS, "label"),
    **dict.fromkeys(_TIMES, "time"),
}
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """A feature: its name, and its categories in the order of their codes.

    ``categories`` is None for a number.
    """

    name: str
    categories: tuple[str, ...] | None = None


def kind_of(series: "pd.Series[Any]", name: str) -> Kind:
    """Return what a column holds.

    Raises
    ------
    DataError
        If it holds neither numbers nor labels nor points in time.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return "label"
    if isinstance(series.dtype, pd.SparseDtype):
        return "number"
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if series.isna().all() and inferred in ("string", "mixed"):
        return "number"  # nothing but missing values, whatever they are kept as
    if inferred not in _KINDS:
        raise DataError(
            f"column {name!r} holds {inferred} values; a column is numbers, booleans, "
            f"text or categories."
        )
    return _KINDS[inferred]


def read_column(
    series: "pd.Series[Any]", name: str
) -> tuple[NDArray[np.float64], Column]:
    """Return a feature as numbers, and how it was read.

    Raises
    ------
    DataError
        If it holds points in time, infinite values or what is no single value.
    """
    kind = kind_of(series, name)
    if kind == "time":
        raise DataError(
            f"column {name!r} holds dates or times ({series.dtype}); turn it into "
            f"numbers (a year, days since a date), list it under drop, or name it as "
            f"time."
        )
    if kind == "number":
        return read_numbers(series, name), Column(name)
    codes, labels = encode_labels(series, name)
    if not labels:  # a category column without a single value
        return np.full(len(series), np.nan), Column(name)
    return _missing_as_nan(codes), Column(name, labels)


def read_numbers(series: "pd.Series[Any]", name: str) -> NDArray[np.float64]:
    """Return a column of numbers or booleans as float64, missing values as NaN.

    Raises
    ------
    DataError
        If a value is infinite or too large.
    """
    try:
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    except (OverflowError, ValueError, TypeError) as error:
        raise DataError(f"column {name!r} is not all numbers: {error}.") from error
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        row = int(infinite[0])
        raise DataError(
            f"column {name!r} is infinite in {len(infinite)} rows, first in row {row} "
            f"(the first row is 0): {float(values[row])!r}; a value is finite or "
            f"missing."
        )
    return np.asarray(values, dtype=np.float64)


def encode_labels(
    series: "pd.Series[Any]", name: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the code of each row, -1 where missing, and the labels in order.

    Only labels that occur are kept: unused categories of pandas are not.

    Raises
    ------
    DataError
        If a value is a list, a mapping or the like.
    """
    codes, values = _factorize(series, name)
    labels = [_label(value) for value in values]
    ordered = sorted(set(labels), key=_natural)
    place = {label: index for index, label in enumerate(ordered)}
    lookup = np.array([*(place[label] for label in labels), -1], dtype=np.int64)
    return lookup[codes], tuple(ordered)


def apply_columns(
    frame: "pd.DataFrame", columns: Sequence[Column]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return ``frame`` as the matrix that a model was trained on, and notes.

    Parameters
    ----------
    frame : DataFrame
        In any column order; columns that the model does not know are ignored.
    columns : sequence of Column
        Those of the table that the model was trained on.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        A category that training did not see is missing (NaN).
    notes : tuple of str
        One for each column with such categories.

    Raises
    ------
    DataError
        If a column is not there, occurs twice or holds another kind of values.
    """
    wanted = [column.name for column in columns]
    known = set(wanted)
    series = columns_by_name(frame.loc[:, [str(n) in known for n in frame.columns]])
    names = [str(name) for name in frame.columns]
    for name in wanted:
        refuse_unknown(name, names, "column")
    X = np.empty((len(frame), len(columns)))
    notes = []
    for place, column in enumerate(columns):
        X[:, place], unseen = _apply(series[column.name], column)
        if unseen:
            notes.append(
                f"Column {column.name!r} has categories that training did not see, "
                f"read as missing: {quoted(unseen)}."
            )
    return X, tuple(notes)


def _apply(
    series: "pd.Series[Any]", column: Column
) -> tuple[NDArray[np.float64], list[str]]:
    if column.categories is None:
        if kind_of(series, column.name) != "number":
            raise DataError(
                f"column {column.name!r} must hold numbers as in training, got "
                f"{series.dtype}."
            )
        return read_numbers(series, column.name), []
    codes, labels = encode_labels(series, column.name)
    place = {label: index for index, label in enumerate(column.categories)}
    lookup = np.array([*(place.get(label, -1) for label in labels), -1])
    return _missing_as_nan(lookup[codes]), [n for n in labels if n not in place]


def _missing_as_nan(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def _factorize(series: "pd.Series[Any]", name: str) -> tuple[NDArray[np.int64], Any]:
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return pd.factorize(series)
    if series.dtype == object:
        for row, value in enumerate(series):
            if not pd.api.types.is_scalar(value):
                raise DataError(
                    f"column {name!r} holds a {type(value).__name__} in row {row} (the "
                    f"first row is 0); a value is a number, a boolean or text."
                )
    return pd.factorize(series)


def _label(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        return str(value)
    if isinstance(value, numbers.Integral):
        return str(int(value))
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _natural(label: str) -> tuple[bool, float, str]:
    if _NUMBER.fullmatch(label):
        return (False, float(label), label)
    return (True, 0.0, label)
