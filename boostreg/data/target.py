"""The target: which task it asks for, and its values as numbers.

The task is inferred where it is not stated: text, booleans, categories and whole
numbers with two values are classes, all else is regression.
"""

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from boostreg.data.cells import Reading, quoted
from boostreg.data.columns import (
    encode_labels,
    kind_of,
    meant_kind,
    numbers_of,
    read_numbers,
)
from boostreg.data.table import Task
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Target", "read_target", "refuse_missing"]

_MOST_CLASSES = 0.5  # share of the rows
_FEW = 10  # whole numbers with at most so many values could be meant as classes


@dataclass(frozen=True, slots=True)
class Target:
    """A target as it goes into a table, see ``Table``."""

    y: NDArray[np.float64]
    task: Task
    classes: tuple[str, ...]
    labels: tuple[Any, ...] = ()
    inferred: bool = False
    notes: tuple[str, ...] = ()


def read_target(
    series: "pd.Series[Any]",
    name: str,
    task: Task | None,
    reading: Reading | None = None,
    words: Mapping[str, int] = MappingProxyType({}),
) -> Target:
    """Return the target for ``task``, or for the task that its values ask for.

    Parameters
    ----------
    series : Series
    name : str
    task : {"regression", "binary", "multiclass"} or None
    reading : Reading or None
    words : mapping of str to int
        Words that were read as missing in its file, and how often.

    Raises
    ------
    DataError
        If values are missing or infinite, do not suit the task, or are all the same.
    """
    if task is not None and task not in get_args(Task):
        raise DataError(f"task must be one of {quoted(get_args(Task))}, got {task!r}.")
    types = {} if reading is None else reading.types
    if task in ("binary", "multiclass") and name not in types:
        kind = kind_of(series, name)  # classes may be any words
    else:
        kind = meant_kind(series, name, reading, words)
    if kind == "time":
        raise DataError(
            f"target {name!r} holds dates or times; turn it into numbers or classes."
        )
    refuse_missing(series, name, "target", words if kind == "label" else {})
    if kind == "number" and kind_of(series, name) == "label":
        series = _as_numbers(series, numbers_of(series, name, reading or Reading()))
    if task is None:
        return _inferred(series, name, labelled=kind == "label")
    if task == "regression":
        return _regression(series, name, labelled=kind == "label")
    return _classification(series, name, task)


def _as_numbers(
    series: "pd.Series[Any]", values: NDArray[np.float64]
) -> "pd.Series[Any]":
    import pandas as pd

    whole = np.all((values == np.floor(values)) & (np.abs(values) < 2.0**53))
    kept = values.astype(np.int64) if whole else values
    return pd.Series(kept, index=series.index, name=series.name)


def refuse_missing(
    series: "pd.Series[Any]",
    name: str,
    role: str,
    words: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Raise DataError if a value of a column that needs all of them is missing."""
    missing = np.flatnonzero(series.isna().to_numpy(dtype=bool))
    if len(missing):
        raise DataError(
            f"{role} {name!r} is missing (NaN) in {len(missing)} of {len(series)} "
            f"rows, first in row {missing[0]} (the first row is 0); every row needs "
            f"one.{_if_label(words)}"
        )


def _if_label(words: Mapping[str, int]) -> str:
    if not words:
        return ""
    return f" If {quoted(words)} is a label, write data.missing: []."


def _inferred(series: "pd.Series[Any]", name: str, *, labelled: bool) -> Target:
    from pandas.api.types import infer_dtype

    if labelled or infer_dtype(series, skipna=True) == "boolean":
        _refuse_text_of_numbers(series, name)
        found = _classification(series, name, None)
    else:
        values = read_numbers(series, name)
        distinct = np.unique(values)
        whole = bool(np.all(distinct == np.floor(distinct)))
        if not (whole and len(distinct) == 2):
            return _inferred_regression(values, name, distinct, whole=whole)
        found = _classification(series, name, None)
    note = (
        f"The task was inferred from target {name!r} as {found.task}: it holds "
        f"{len(found.classes)} classes ({quoted(found.classes)})."
    )
    return replace(found, inferred=True, notes=(note,))


def _refuse_text_of_numbers(series: "pd.Series[Any]", name: str) -> None:
    """Raise DataError if text has far more values than classes would have."""
    n_values = series.nunique()
    if n_values > max(_FEW, _MOST_CLASSES * len(series)):
        raise DataError(
            f"target {name!r} holds text with {n_values} different values in "
            f"{len(series)} rows, first {str(series.iloc[0])!r}, which can hardly be "
            "classes. Write numbers plainly, such as 1234.5; or, if these are classes, "
            "say task: multiclass."
        )


def _inferred_regression(
    values: NDArray[np.float64],
    name: str,
    distinct: NDArray[np.float64],
    *,
    whole: bool,
) -> Target:
    _refuse_constant(values, name)
    note = (
        f"The task was inferred from target {name!r} as regression: it holds "
        f"{len(distinct)} different numbers."
    )
    if whole and len(distinct) <= _FEW:
        note += " If these whole numbers are classes, say task: multiclass."
    return Target(values, "regression", (), inferred=True, notes=(note,))


def _regression(series: "pd.Series[Any]", name: str, *, labelled: bool) -> Target:
    values = (
        _numbers_of_labels(series, name) if labelled else read_numbers(series, name)
    )
    _refuse_constant(values, name)
    return Target(values, "regression", ())


def _numbers_of_labels(series: "pd.Series[Any]", name: str) -> NDArray[np.float64]:
    """Return the numbers that a category column stands for; text is refused."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype) and pd.api.types.is_numeric_dtype(
        series.cat.categories
    ):
        return read_numbers(series.astype("float64"), name)
    text = series.astype(object)
    parsed = pd.to_numeric(text, errors="coerce")
    wrong = np.flatnonzero(parsed.isna().to_numpy(dtype=bool))
    row = int(wrong[0]) if len(wrong) else 0
    raise DataError(
        f"target {name!r} holds text, the task regression needs numbers: found "
        f"{text.iloc[row]!r} in row {row} (the first row is 0). For classes say task: "
        f"binary or multiclass."
    )


def _refuse_constant(values: NDArray[np.float64], name: str) -> None:
    if values.min() == values.max():
        raise DataError(
            f"target {name!r} is {float(values[0])!r} in all {len(values)} rows; a "
            f"target that does not vary leaves nothing to learn."
        )


def _classification(series: "pd.Series[Any]", name: str, task: Task | None) -> Target:
    codes, classes = encode_labels(series, name)
    if len(classes) < 2:
        raise DataError(
            f"target {name!r} holds a single class, {classes[0]!r}, in all "
            f"{len(codes)} rows; classification needs at least 2."
        )
    fitting: Task = "binary" if len(classes) == 2 else "multiclass"
    if task not in (None, fitting):
        needs = "exactly 2" if task == "binary" else "at least 3"
        raise DataError(
            f"target {name!r} holds {len(classes)} classes ({quoted(classes)}), the "
            f"task {task} needs {needs}; say task: {fitting}."
        )
    labels = _typed(series, codes, classes)
    return Target(codes.astype(np.float64), fitting, classes, labels)


def _typed(
    series: "pd.Series[Any]", codes: NDArray[np.int64], classes: tuple[str, ...]
) -> tuple[Any, ...]:
    """Return the classes as the target holds them, if all are of one type."""
    found = [series.iloc[int(np.argmax(codes == k))] for k in range(len(classes))]
    flags = [isinstance(value, (bool, np.bool_)) for value in found]
    if all(flags):
        return tuple(map(bool, found))
    if any(flags) or not all(isinstance(value, numbers.Real) for value in found):
        return classes
    whole = all(isinstance(value, numbers.Integral) for value in found)
    return tuple(map(int if whole else float, found))
