"""Columns of a DataFrame as numbers, the same in training and in prediction.

Numbers and booleans stay numbers. Text and categories become codes: the place of
their label in a fixed order, numbers by value, then text alphabetically. Missing
values are NaN throughout.
"""

import numbers
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from boostreg.arrays import Array, Indices
from boostreg.data.cells import (
    BOOLEANS,
    Reading,
    as_types,
    columns_by_name,
    is_plain_number,
    plain_form,
    quoted,
    refuse_unknown,
)
from boostreg.data.judging import judge_cells, odd_number, rows_of_text
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Column",
    "apply_columns",
    "encode_labels",
    "kind_of",
    "meant_kind",
    "numbers_of",
    "read_column",
    "without_words",
]

Kind = Literal["number", "label", "time"]

_MIXED = ("mixed", "mixed-integer")
_WORDS: dict[Kind, str] = {  # of pandas.api.types.infer_dtype
    "number": "integer integer-na floating mixed-integer-float decimal boolean empty",
    "label": "string categorical mixed-integer mixed bytes",
    "time": "datetime64 datetime date period time timedelta64 timedelta",
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """A feature: its name, and its categories by code, None for a number."""

    name: str
    categories: tuple[str, ...] | None = None


def kind_of(series: "pd.Series[Any]", name: str) -> Kind:
    """Return the kind of a column by the type of its values, not by their text.

    Raises DataError for lists, intervals and similar values.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return "label"
    if isinstance(series.dtype, pd.SparseDtype):
        return "number"
    if series.isna().all():
        return "number"  # only missing values, of any type
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred not in _KINDS:
        raise DataError(
            f"column {name!r} has {inferred} values; convert it to numbers, booleans, "
            f"text or categories."
        )
    return _KINDS[inferred]


def meant_kind(
    series: "pd.Series[Any]",
    name: str,
    reading: Reading | None,
    words: Iterable[str] = (),
    *,
    only_numbers: bool = False,
) -> Kind:
    """Return the kind of a column: as set in ``reading``, otherwise by its values.

    ``reading`` is None for a table that no study reads. ``words`` were read as missing
    in the file of the column. With ``only_numbers``, its role excludes categories.

    Raises DataError if most cells of a column of text are numbers, but not all.
    """
    stated = None if reading is None else reading.types.get(name)
    if stated is not None:
        return "number" if stated == "number" else "label"
    kind = kind_of(series, name)
    if kind != "label" or series.dtype.name == "category":
        return kind
    codes, values = _factorize(series, name)
    if any(isinstance(value, bytes) for value in values[:1]):
        return kind
    texts = _cells(values, reading or Reading())
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    judged, odd = judge_cells(texts, counts.tolist(), reading or Reading())
    if judged == "odd":
        rows, n_known = _rows_of(codes, texts, odd), int(counts.sum())
        raise odd_number(name, rows, n_known, reading, words, only_numbers=only_numbers)
    if judged != "number":
        return judged
    # Whole numbers kept as text may be codes, unless a study names missing ones.
    is_named = reading is not None and reading.missing and series.isna().any()
    may_be_codes = all(map(str.isdecimal, texts)) and not is_named
    has_boolean = any(text in BOOLEANS for text in texts)
    return "label" if has_boolean or may_be_codes else "number"


def _rows_of(
    codes: Indices, texts: Sequence[str], wanted: Iterable[str]
) -> dict[str, list[int]]:
    """Return the rows that hold each of the wanted texts."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(texts) + 1))
    at = {text: place for place, text in enumerate(texts)}
    return {
        text: order[ends[at[text]] : ends[at[text] + 1]].tolist() for text in wanted
    }


def read_column(
    series: "pd.Series[Any]",
    name: str,
    reading: Reading | None = None,
    words: Iterable[str] = (),
) -> tuple[Array, Column]:
    """Return a feature as numbers, and how it was read.

    Raises DataError if it holds times, infinite values, lists, or numbers with odd
    cells.
    """
    kind = meant_kind(series, name, reading, words)
    if kind == "time":
        is_text = reading is not None and kind_of(series, name) == "label"
        types = f" For categories, set data.types: {as_types([name], 'category')}."
        first = str(series.dropna().iloc[0])
        raise DataError(
            f"column {name!r} has dates or times ({first!r}, {series.dtype}); convert "
            f"it to numbers such as days since a date, list it under data.drop, or use "
            f"it as data.time.{types if is_text else ''}"
        )
    if kind == "number":
        return numbers_of(series, name, reading), Column(name)
    codes, labels = encode_labels(series, name)
    if not labels:  # a category column without a single value
        return np.full(len(series), np.nan), Column(name)
    return _missing_as_nan(codes), Column(name, labels)


def numbers_of(
    series: "pd.Series[Any]", name: str, reading: Reading | None = None, why: str = ""
) -> Array:
    """Return a column as float64, text as the numbers that it spells.

    ``why`` it must be numbers is added to the error on another cell.

    Raises DataError if a cell is not a number, or is infinite.
    """
    if kind_of(series, name) == "label":
        codes, distinct = _factorize(series, name)
        reading = reading or Reading()
        texts = _cells(distinct, reading)
        read = reading.values(texts)
        odd = [text for text, value in zip(texts, read, strict=True) if value is None]
        if odd:
            rows = rows_of_text(_rows_of(codes, texts, odd))
            advice = "" if why else " List words that mean missing under data.missing."
            raise DataError(
                f"column {name!r} must hold numbers{why}, found {rows} (the first row "
                f"is 0).{advice}"
            )
        values = np.array([*read, np.nan], dtype=np.float64)[codes]
    elif series.dtype.kind not in "biuf" and series.isna().all():
        return np.full(len(series), np.nan)
    else:
        try:
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        except (OverflowError, ValueError, TypeError) as error:
            raise DataError(f"column {name!r} is not all numbers: {error}.") from error
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        row = int(infinite[0])
        raise DataError(
            f"column {name!r} is infinite in {len(infinite)} of {len(values)} rows, "
            f"first in row {row} (the first row is 0): {float(values[row])!r}; values "
            f"must be finite or missing."
        )
    return np.asarray(values, dtype=np.float64)


def without_words(series: "pd.Series[Any]", reading: Reading) -> "pd.Series[Any]":
    """Return a column without the words that ``reading`` states for missing."""
    import pandas as pd

    if reading.missing is None:
        return series
    numeric = pd.api.types.is_numeric_dtype(series.dtype)
    if numeric and not reading.missing_numbers:
        return series
    codes, values = _factorize(series, str(series.name))
    texts = _cells(values, reading)
    blank = np.array([*reading.is_missing(texts), False], dtype=bool)[codes]
    return series.mask(blank) if blank.any() else series


def encode_labels(
    series: "pd.Series[Any]", name: str
) -> tuple[Indices, tuple[str, ...]]:
    """Return the code of each row, -1 if missing, and the labels in order.

    Only labels that occur are kept: unused categories of pandas are not.
    """
    codes, values = _factorize(series, name)
    labels = [_label(value) for value in values]
    ordered = sorted(set(labels), key=_natural)
    place = {label: index for index, label in enumerate(ordered)}
    lookup = np.array([*(place[label] for label in labels), -1], dtype=np.int64)
    return lookup[codes], tuple(ordered)


def apply_columns(
    frame: "pd.DataFrame", columns: Sequence[Column], reading: Reading | None = None
) -> tuple[Array, dict[str, str]]:
    """Return ``frame`` as the matrix that a model was trained on, and notes by column.

    Columns may be in any order; those that the model does not know are ignored. Each
    value is read on its own, whatever the other rows and the type of the column are. A
    category that is not in the training data is read as missing, with a note.

    Raises DataError if a column is missing, occurs twice or has another kind of
    values.
    """
    reading = Reading() if reading is None else reading
    names = [str(name) for name in frame.columns]
    known = {column.name for column in columns}
    series = columns_by_name(frame.loc[:, [name in known for name in names]])
    for column in columns:
        refuse_unknown(column.name, names, "column")
    X = np.empty((len(frame), len(columns)))
    notes = {}
    for place, column in enumerate(columns):
        X[:, place], unseen = _apply(series[column.name], column, reading)
        if unseen and not column.categories:
            notes[column.name] = (
                f"Column {column.name!r} was empty in training, so all its values are "
                f"read as missing."
            )
        elif unseen:
            notes[column.name] = (
                f"Column {column.name!r} has categories that are not in the training "
                f"data, read as missing: {quoted(unseen)}."
            )
    return X, notes


def _apply(
    series: "pd.Series[Any]", column: Column, reading: Reading
) -> tuple[Array, list[str]]:
    if column.categories is None:
        if series.dtype.name == "category":
            series = series.astype(object)
        series = without_words(series, reading)
        if kind_of(series, column.name) == "time":
            raise DataError(
                f"column {column.name!r} must hold numbers as in training, got "
                f"{series.dtype}."
            )
        return numbers_of(series, column.name, reading, " as in training"), []
    codes, values = _factorize(series, column.name)
    matched = _match(values, column.categories)
    seen = np.array([*(-1 if m is None else m for m in matched), -1], dtype=np.int64)
    texts = _cells(values, reading)
    unseen = [t for t, m in zip(texts, matched, strict=True) if m is None]
    if reading.missing is not None:
        is_blank = reading.is_missing(unseen)
        unseen = [t for t, blank in zip(unseen, is_blank, strict=True) if not blank]
    return _missing_as_nan(seen[codes]), sorted(unseen, key=_natural)


def _match(values: Iterable[object], categories: Sequence[str]) -> list[int | None]:
    """Return the code of each value: by its text, otherwise by its meaning.

    A table of another kind writes 1 as 1.0, and TRUE as True. A value that is a number
    there, not text, is also the one category of that number, such as 02 for 2.
    """
    exact = {label: code for code, label in enumerate(categories)}
    alike = _unambiguous(map(plain_form, categories))
    equal = _unambiguous(
        float(label) if is_plain_number(label) else None for label in categories
    )
    matched = []
    for value in values:
        text = _label(value)
        code = exact.get(text, alike.get(plain_form(text)))
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if code is None and is_number and is_plain_number(text):
            code = equal.get(float(text))
        matched.append(code)
    return matched


def _unambiguous(forms: Iterable[Any]) -> dict[Any, int]:
    """Return the code of each form that only one category has."""
    listed = list(forms)
    counts = Counter(listed)
    return {form: code for code, form in enumerate(listed) if counts[form] == 1}


def _missing_as_nan(codes: Indices) -> Array:
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def _factorize(series: "pd.Series[Any]", name: str) -> tuple[Indices, Any]:
    """Return the code of each row, -1 where missing, and the values behind them.

    Of 1 and True, which are equal in Python, the boolean is its text.
    """
    import pandas as pd

    values: Any
    if series.dtype == object and pd.api.types.infer_dtype(series) in _MIXED:
        is_boolean = (bool, np.bool_)
        series = series.map(lambda v: str(v) if isinstance(v, is_boolean) else v)
    try:
        codes, values = pd.factorize(series)
    except TypeError:  # a list has no hash
        codes, values = np.arange(len(series)), series
    for code, value in enumerate(values) if series.dtype == object else ():
        if not pd.api.types.is_scalar(value):
            row = int(np.argmax(codes == code))
            raise DataError(
                f"column {name!r} has a {type(value).__name__} in row {row} (the first "
                f"row is 0); values must be numbers, booleans or text."
            )
    return codes, values


def _cells(values: Iterable[object], reading: Reading) -> list[str]:
    """Return values as the file of ``reading`` would spell them.

    A number that was read already is not read again by the conventions of its file.
    """
    cells = []
    for value in values:
        is_number = isinstance(value, numbers.Number) and not isinstance(value, bool)
        cells.append(reading.spelled(_label(value)) if is_number else _label(value))
    return cells


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
