"""The target: its task, and its values as numbers.

If the task is not given, it is inferred: text, booleans, categories and whole numbers
with two values are classes, everything else is regression.
"""

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from boostreg.arrays import Array
from boostreg.data.cells import Reading, quoted
from boostreg.data.columns import encode_labels, kind_of, meant_kind, numbers_of
from boostreg.data.table import Task
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Target", "read_target", "refuse_missing"]

_MOST_CLASSES = 0.5  # share of the rows
_FEW = 10  # whole numbers with at most this many values could be meant as classes


@dataclass(frozen=True, slots=True)
class Target:
    """A target as it goes into a table, see ``Table``."""

    y: Array
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
    """Return the target for ``task``, or for the task inferred from its values.

    ``words`` were read as missing in its file, each so many times.

    Raises DataError if values are missing or infinite, do not suit the task, or are all
    the same.
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
            f"target {name!r} has dates or times; convert it to numbers or classes."
        )
    refuse_missing(series, name, "target", words if kind == "label" else {})
    if kind == "number" and kind_of(series, name) == "label":
        import pandas as pd

        values = numbers_of(series, name, reading)
        whole = np.all((values == np.floor(values)) & (np.abs(values) < 2.0**53))
        kept = values.astype(np.int64) if whole else values
        series = pd.Series(kept, index=series.index, name=series.name)
    if task is None:
        return _inferred(series, name, labelled=kind == "label")
    if task != "regression":
        return _classification(series, name, task)
    numbers_in = _numbers_of_labels if kind == "label" else numbers_of
    return _regression(numbers_in(series, name), name)


def refuse_missing(
    series: "pd.Series[Any]",
    name: str,
    role: str,
    words: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Raise DataError if a value of a column that needs all of them is missing."""
    missing = np.flatnonzero(series.isna().to_numpy(dtype=bool))
    if len(missing):
        label = f" If {quoted(words)} is a label, set data.missing: []."
        raise DataError(
            f"{role} {name!r} is missing (NaN) in {len(missing)} of {len(series)} "
            f"rows, first in row {missing[0]} (the first row is 0); fill in the "
            f"values or remove the rows.{label if words else ''}"
        )


def _inferred(series: "pd.Series[Any]", name: str, *, labelled: bool) -> Target:
    from pandas.api.types import infer_dtype

    if labelled or infer_dtype(series, skipna=True) == "boolean":
        n_values = series.nunique()
        if n_values > max(_FEW, _MOST_CLASSES * len(series)):
            raise DataError(
                f"target {name!r} has text with {n_values} different values in "
                f"{len(series)} rows, first {str(series.iloc[0])!r}: too many to be "
                "classes. Write numbers like 1234.5; or, if these are classes, set "
                "task: multiclass."
            )
    else:
        values = numbers_of(series, name)
        distinct = np.unique(values)
        whole = bool(np.all(distinct == np.floor(distinct)))
        if not (whole and len(distinct) == 2):
            note = (
                f"The task was inferred from target {name!r} as regression: it has "
                f"{len(distinct)} different numbers."
            )
            if whole and len(distinct) <= _FEW:
                note += " If these whole numbers are classes, set task: multiclass."
            found = _regression(values, name)
            return replace(found, inferred=True, notes=(note,))
    found = _classification(series, name, None)
    note = (
        f"The task was inferred from target {name!r} as {found.task}: it has "
        f"{len(found.classes)} classes ({quoted(found.classes)})."
    )
    return replace(found, inferred=True, notes=(note,))


def _numbers_of_labels(series: "pd.Series[Any]", name: str) -> Array:
    """Return the numbers that are the labels of a category column; reject text."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype) and pd.api.types.is_numeric_dtype(
        series.cat.categories
    ):
        return numbers_of(series.astype("float64"), name)
    text = series.astype(object)
    parsed = pd.to_numeric(text, errors="coerce")
    wrong = np.flatnonzero(parsed.isna().to_numpy(dtype=bool))
    row = int(wrong[0]) if len(wrong) else 0
    raise DataError(
        f"target {name!r} has text, but task: regression needs numbers: found "
        f"{text.iloc[row]!r} in row {row} (the first row is 0). For classes, set task: "
        f"binary or multiclass."
    )


def _regression(values: Array, name: str) -> Target:
    if values.min() == values.max():
        raise DataError(
            f"target {name!r} is {float(values[0])!r} in all {len(values)} rows; "
            f"choose a target that varies."
        )
    return Target(values, "regression", ())


def _classification(series: "pd.Series[Any]", name: str, task: Task | None) -> Target:
    codes, classes = encode_labels(series, name)
    if len(classes) < 2:
        raise DataError(
            f"target {name!r} has a single class, {classes[0]!r}, in all "
            f"{len(codes)} rows; classification needs at least 2."
        )
    fitting: Task = "binary" if len(classes) == 2 else "multiclass"
    if task not in (None, fitting):
        needs = "exactly 2" if task == "binary" else "at least 3"
        raise DataError(
            f"target {name!r} has {len(classes)} classes ({quoted(classes)}), but "
            f"task: {task} needs {needs}; set task: {fitting}."
        )
    # The classes as the target holds them, if all are of one type.
    labels: tuple[Any, ...] = classes
    found = [series.iloc[int(np.argmax(codes == k))] for k in range(len(classes))]
    flags = [isinstance(value, (bool, np.bool_)) for value in found]
    if all(flags):
        labels = tuple(map(bool, found))
    elif not any(flags) and all(isinstance(value, numbers.Real) for value in found):
        whole = all(isinstance(value, numbers.Integral) for value in found)
        labels = tuple(map(int if whole else float, found))
    return Target(codes.astype(np.float64), fitting, classes, labels)
