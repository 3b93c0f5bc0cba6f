"""Preparation: a DataFrame becomes a table, or an error that says what to change."""

import datetime as dt
import fnmatch
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data.cells import (
    Reading,
    as_types,
    columns_by_name,
    quoted,
    refuse_unknown,
    suggestion,
)
from boostreg.data.columns import (
    Column,
    encode_labels,
    kind_of,
    meant_kind,
    numbers_of,
    read_column,
    without_words,
)
from boostreg.data.files import FileColumns, FileFacts, file_facts
from boostreg.data.notes import (
    notes_on_file,
    notes_on_joined,
    notes_on_keep,
    notes_on_last_row,
    notes_on_types,
    notes_on_use,
    notes_on_values,
)
from boostreg.data.stored import stacked
from boostreg.data.synthetic import SYNTHETIC
from boostreg.data.table import Table, Task
from boostreg.data.target import read_target, refuse_missing
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "check_offset",
    "named_signs",
    "planted_name",
    "planted_table",
    "planted_truth",
    "prepare_table",
    "with_class_weights",
]

_WILD = re.compile(r"[*?]|\[.+\]")
_INDEX = re.compile(r"|Unnamed: \d+(?:\.\d+)?|__index_level_\d+__")
_LEVEL = "__index_level_"
_FEWEST_COUNTED = 3  # fewer rows are counted by any two numbers
_DATE = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?(?![0-9-])"
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TYPES = {"groups": "category", "time": "number"}
_TYPES |= {"weights": "number", "offset": "number"}
_LARGEST_OFFSET = 80.0  # exp(80) is 5e34; float32 ends at 3e38
_FAULTS = 5  # columns named in one message


def prepare_table(  # noqa: PLR0913  one argument per key of `data` in a study
    frame: "pd.DataFrame | FileColumns",
    *,
    target: str,
    task: Task | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] | None = None,
    groups: str | None = None,
    time: str | None = None,
    weights: str | None = None,
    offset: str | None = None,
    reading: Reading | None = None,
) -> Table:
    """Return the table of ``frame``, every value checked.

    Parameters
    ----------
    frame : DataFrame or FileColumns
        Numbers, booleans, text and categories; its index is ignored. A column of a
        file that is a nameless index of its rows is left out, and a note says so.
    target, task
        The column to predict, and its task (None infers it).
    drop, keep
        Columns to leave out, and the only ones to use as features (None: all), by name
        or by a shell pattern such as ``id_*``. A pattern never means the target or a
        column for folds or weights.
    groups, time, weights, offset : str or None
        Columns for folds, for row weights, and for the offset of the raw score; none of
        them is a feature.
    reading : Reading or None
        What counts as missing, how text spells numbers, and which types are stated.

    Raises DataError if a column is missing or holds what cannot be used, or no feature
    is left.
    """
    facts = file_facts(frame)
    stated = Reading() if reading is None and facts.of_file else reading
    if stated is not None and stated.decimal is None:
        stated = replace(stated, decimal=facts.decimal)
    reading = Reading() if stated is None else stated
    series: Mapping[str, pd.Series[Any]]
    if isinstance(frame, FileColumns):
        series, n_rows = frame, frame.n_rows
    else:
        series, n_rows = columns_by_name(frame), len(frame)
    if not n_rows:
        raise DataError("the data have no rows; at least 1 is needed.")
    roles = {"groups": groups, "time": time, "weights": weights, "offset": offset}
    named = {role: name for role, name in roles.items() if name is not None}
    _check_names(list(series), reading, target, drop, named)
    roles_of = {target, *named.values()}
    kept = None if keep is None else _matched(keep, list(series), roles_of, "keep")
    dropped = _matched(drop, list(series), roles_of, "drop")
    unkept = [] if kept is None else [n for n in series if n not in kept | roles_of]
    used = {*dropped, *unkept} | roles_of
    indices = _indices(facts, series, used | set(reading.types) | (kept or set()))
    taken = used | set(indices)
    features = [name for name in series if name not in taken]
    clean = _Clean(series, reading)
    with _about("target"):
        values = clean[target]
        _refuse_unread(facts, target)
        words = facts.words.get(target, {})
        answer = read_target(values, target, task, stated, words)
    del values
    X, columns = _read_features(clean.of(features), stated, facts, n_rows)
    read = {}
    for role, name in named.items():
        with _about(role):
            values = clean[name]
            _refuse_unread(facts, name)
            words = facts.words.get(name, {})
            read[role] = _read_role(role, values, name, stated, words)
    shown = clean.of((target, *features))
    labelled = [target] if answer.classes else []
    labelled += [] if groups is None else [groups]
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
            *notes_on_file(facts),
            *notes_on_use([n for n in series if n in dropped], named, indices, read),
            *notes_on_keep(unkept, len(features)),
            *notes_on_joined(labelled, reading, facts),
            *notes_on_types(shown, columns, reading, facts),
            *notes_on_values(X, answer.y, columns, answer.classes),
            *notes_on_last_row(shown, X, answer),
        ),
        **read,
    )


class _Clean(Mapping[str, "pd.Series[Any]"]):
    """Columns without the words for missing; those of a file are read when asked for.

    The last one is kept, and all others of a frame that is in memory.
    """

    def __init__(
        self,
        series: "Mapping[str, pd.Series[Any]]",
        reading: Reading,
        names: Sequence[str] | None = None,
    ) -> None:
        self._series, self._reading = series, reading
        self._names = list(series) if names is None else list(names)
        self._kept: dict[str, pd.Series[Any]] = {}

    def of(self, names: Sequence[str]) -> "_Clean":
        """Return some of the columns."""
        made = _Clean(self._series, self._reading, names)
        made._kept = self._kept
        return made

    def __getitem__(self, name: str) -> "pd.Series[Any]":
        if name not in self._kept:
            if not isinstance(self._series, dict):
                self._kept.clear()
            self._kept[name] = without_words(self._series[name], self._reading)
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _check_names(
    names: Sequence[str],
    reading: Reading,
    target: str,
    drop: Sequence[str],
    named: Mapping[str, str],
) -> None:
    """Raise DataError if a column is missing, or has two roles or a wrong type."""
    with _about("target"):
        refuse_unknown(target, names, "target")
    for role, name in named.items():
        with _about(role):
            refuse_unknown(name, names, f"{role} column")
            if name == target:
                raise DataError(
                    f"{role} must be a column other than target {target!r}."
                )
    with _about("drop"):
        if target in drop:
            raise DataError(f"target {target!r} must not be in drop; remove it there.")
    for name, kind in reading.types.items():
        refuse_unknown(name, names, key="types")
        for role, other in named.items():
            if name == other and kind != _TYPES[role]:
                raise DataError.at(
                    "types",
                    text=f"{name!r} is the {role} column, so its type must be "
                    f"{_TYPES[role]}, got {kind}.",
                )


def _matched(
    wanted: Sequence[str], names: Sequence[str], roles: Collection[str], key: str
) -> set[str]:
    """Return the columns that are in a list, each by its name or by a pattern."""
    found: set[str] = set()
    for entry in wanted:
        if entry in names:
            found.add(entry)
            continue
        if not _WILD.search(entry):
            refuse_unknown(entry, names, key=key)
        matched = [
            name
            for name in names
            if name not in roles and fnmatch.fnmatchcase(name, entry)
        ]
        if not matched:
            near = suggestion(_WILD.sub("", entry), names)
            raise DataError.at(key, text=f"{entry!r} matches no column; {near}")
        found.update(matched)
    return found


def _indices(
    facts: FileFacts, series: "Mapping[str, pd.Series[Any]]", used: Collection[str]
) -> dict[str, str]:
    """Return the columns of a file that are an index without a name, and why.

    Such are whole numbers in the first columns of a file, or in what pandas calls a
    level of an index; in any other column without a name if it counts the rows; and
    text in the first columns that differs in each row, as in the row names of R.
    """
    found, first = {}, True
    for name in series if facts.of_file else ():
        nameless = _INDEX.fullmatch(name) is not None
        first = first and nameless
        if not nameless or name in used:
            continue
        values = series[name]
        is_index = first or name.startswith(_LEVEL)
        if is_index and values.dtype.kind == "O" and len(values) >= _FEWEST_COUNTED:
            if values.is_unique and kind_of(values, name) == "label":
                kept = f"data.types: {as_types([name], 'category')}"
                found[name] = f"unnamed text, another in each row; {kept} keeps it"
            continue
        if values.dtype.kind not in "iuf":
            continue
        ordered = np.sort(values.to_numpy())
        if values.dtype.kind == "f" and (values % 1 != 0).any():  # NaN too
            continue
        counts = len(ordered) >= _FEWEST_COUNTED and ordered[0] in (0, 1)
        if counts and np.all(np.diff(ordered) == 1):
            found[name] = "row numbers"
        elif is_index:
            kept = f"data.types: {as_types([name], 'number')}"
            found[name] = f"unnamed whole numbers, an index; {kept} keeps it"
    return found


def _refuse_unread(facts: FileFacts, name: str) -> None:
    if name in facts.unread:
        raise DataError(f"column {name!r} {facts.unread[name]}.")


@contextmanager
def _about(key: str) -> Iterator[None]:
    """Set the key of ``data`` in a study that an error is about."""
    try:
        yield
    except DataError as error:
        error.loc = (key,)
        raise


def _read_features(
    series: "Mapping[str, pd.Series[Any]]",
    reading: Reading | None,
    facts: FileFacts,
    n_rows: int,
) -> tuple[Array, tuple[Column, ...]]:
    """Return the features, or one error that lists the columns with errors."""
    if not series:
        raise DataError(
            "there is no feature; at least 1 column besides the target is needed."
        )
    words = sorted({word for counts in facts.words.values() for word in counts})
    columns: list[Column] = []
    faults: list[DataError] = []

    def read() -> Iterator[Array]:
        for name, values in series.items():
            try:
                _refuse_unread(facts, name)
                numbers, column = read_column(values, name, reading, words)
            except DataError as error:
                faults.append(error)
                continue
            columns.append(column)
            yield numbers

    X = stacked(read(), n_values=n_rows * len(series), n_rows=n_rows)
    if faults:
        rest = len(faults) - _FAULTS
        more = [f"{rest} more columns have errors."] if rest > 0 else []
        combined = DataError("\n".join([*map(str, faults[:_FAULTS]), *more]))
        combined.loc = faults[0].loc
        raise combined
    return X, tuple(columns)


def _read_role(
    role: str,
    series: "pd.Series[Any]",
    name: str,
    reading: Reading | None,
    words: Mapping[str, int],
) -> NDArray[Any]:
    """Return groups as codes, time as numbers or seconds, and the rest as numbers."""
    if role == "groups":
        refuse_missing(series, name, "groups column", words)
        return encode_labels(series, name)[0]
    if role == "time":
        refuse_missing(series, name, "time column")
    kind = meant_kind(series, name, reading, words, only_numbers=True)
    if role == "time" and kind != "number":
        return _seconds_of(series, name)
    if kind != "number":
        raise DataError(
            f"{role} column {name!r} must hold numbers, got {series.dtype}, first "
            f"{series.iloc[0]!r}."
        )
    refuse_missing(series, name, f"{role} column")
    values = numbers_of(series, name, reading)
    if role == "offset":
        check_offset(values, f"{role} column {name!r}")
    else:
        (_check_weights if role == "weights" else _refuse_day_first)(values, name)
    return values


def check_offset(values: Array, name: str) -> None:
    """Raise DataError if an offset is not finite, or a factor that float32 cannot hold.

    ``name`` is that of the offset in the message.
    """
    wrong = np.flatnonzero(~(np.abs(values) <= _LARGEST_OFFSET))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{name} must be finite and within +-{_LARGEST_OFFSET:g}, got "
            f"{float(values[row])!r} in row {row} (the first row is 0); it is on the "
            "scale of the raw score, such as the logarithm of an exposure."
        )


def _check_weights(values: Array, name: str) -> None:
    negative = np.flatnonzero(values < 0)
    if len(negative):
        row = int(negative[0])
        raise DataError(
            f"weights column {name!r} is negative in {len(negative)} of {len(values)} "
            f"rows, first in row {row} (the first row is 0): {float(values[row])!r}; "
            f"weights must be >= 0."
        )
    if not values.any():
        raise DataError(
            f"weights column {name!r} is 0 in all {len(values)} rows; at least one "
            f"weight must be above 0."
        )
    with np.errstate(over="ignore"):
        total = float(np.sum(values))
    if not np.isfinite(total):
        raise DataError(
            f"the sum of weights column {name!r} is infinite in float64, the largest "
            f"weight is {float(values.max())!r}; divide all weights by the same number."
        )


def _seconds_of(series: "pd.Series[Any]", name: str) -> Array:
    """Return dates as seconds since 1970 in UTC."""
    import pandas as pd

    if isinstance(series.dtype, pd.PeriodDtype):
        series = series.dt.to_timestamp()
    if series.dtype.kind == "M":
        stamps = series.dt.tz_convert(None) if series.dt.tz is not None else series
        values = stamps.to_numpy()
        if np.datetime_data(values.dtype)[0] != "ns":
            return values.astype("datetime64[us]").astype(np.int64) / 1e6
        micros, rest = np.divmod(values.astype(np.int64), 1000)
        return micros / 1e6 + rest / 1e9
    codes, distinct = pd.factorize(series.astype(object))
    seconds = list(map(_seconds, distinct))
    if None in seconds:
        place = seconds.index(None)
        row = int(np.argmax(codes == place))
        raise DataError(
            f"time column {name!r} must hold numbers, dates or ISO 8601 text such as "
            f"2024-01-31, found {distinct[place]!r} in row {row} (the first row is 0)."
        )
    return np.array(seconds, dtype=np.float64)[codes]


def _refuse_day_first(values: Array, name: str) -> None:
    """Raise DataError if numbers are dates of eight digits that end with the year.

    They are not in the order of time.
    """
    if not np.all((values == np.floor(values)) & (values >= 1e6) & (values < 1e8)):
        return
    first, rest = np.divmod(values, 1e6)
    second, year = np.divmod(rest, 1e4)
    days = [(p >= 1) & (p <= last) for p in (first, second) for last in (31, 12)]
    in_order = np.all(days[0] & days[3]) or np.all(days[1] & days[2])
    if in_order and np.all((year >= 1900) & (year < 2100)):
        raise DataError(
            f"time column {name!r} has dates with the year last, first "
            f"{int(values[0]):08}; write the year first, such as 20240131 or "
            f"2024-01-31."
        )


def _seconds(value: object) -> float | None:
    """Return seconds since 1970 in UTC, None for other values.

    >>> _seconds("1970-01-02"), _seconds("9999-12-31T23:59:59Z"), _seconds("monday")
    (86400.0, 253402300799.0, None)
    """
    match value:
        case str():
            text = value.strip()
            if parts := _DATE.match(text):  # Python wants zeros and a day
                year, month, day = parts["year"], parts["month"], parts["day"] or "1"
                text = f"{year}-{month:0>2}-{day:0>2}{text[parts.end() :]}"
            try:
                point = dt.datetime.fromisoformat(text)
            except ValueError:
                return None
        case dt.datetime():  # pandas' Timestamp is one
            point = value
        case dt.date():
            point = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001  as UTC
        case _:
            return None
    if point.tzinfo is None:
        point = point.replace(tzinfo=dt.UTC)
    nanoseconds = getattr(point, "nanosecond", 0)
    return (point - _EPOCH).total_seconds() + nanoseconds / 1e9


def with_class_weights(table: Table, given: str | Mapping[str, float] | None) -> Table:
    """Return the table with row weights multiplied by those of their classes.

    Class weights are a part of what the loss is, so they are the same in training and
    in judging, and are counted once, on all rows. ``balanced`` is rows / (classes *
    rows of the class); a mapping has factors by class, 1 for those that it omits.

    Raises DataError if the task has no classes, or a class does not occur.
    """
    if given is None:
        return table
    if not table.classes:
        raise DataError("a regression target has no classes; remove class_weights.")
    codes = table.y.astype(int)
    if isinstance(given, Mapping):
        by_class = {str(label): factor for label, factor in given.items()}
        if unknown := [label for label in by_class if label not in table.classes]:
            raise DataError(
                f"class {unknown[0]!r} is not in the target; its classes are "
                f"{quoted(table.classes)}."
            )
        factors = np.array([by_class.get(label, 1.0) for label in table.classes])
    else:
        counts = np.bincount(codes, minlength=len(table.classes))
        factors = table.n_samples / (len(table.classes) * counts)
    rows = np.ones(table.n_samples) if table.weights is None else table.weights
    return replace(table, weights=rows * factors[codes])


def named_signs(
    columns: Sequence[Column], given: Mapping[Any, int]
) -> tuple[int, ...] | None:
    """Return a sign for each column, 0 for those not named; None if none is named.

    Raw scores may only rise along a column of sign 1, only fall along one of -1.
    """
    names = [column.name for column in columns]
    if unknown := [name for name in given if name not in names]:
        known = ", ".join(map(repr, names[:20]))
        text = f"there is no feature {unknown[0]!r}; available: {known}."
        raise DataError.at("monotone", text=text)
    return tuple(given.get(name, 0) for name in names) if given else None


def planted_name(source: str) -> str | None:
    """Return the name of a planted source, None for real data.

    >>> planted_name("synthetic:sparse"), planted_name("sklearn:wine")
    ('sparse', None)
    """
    kind, _, name = source.partition(":")
    return name if kind == "synthetic" and name in SYNTHETIC else None


def planted_table(name: str, seed: int, target: str = "target") -> Table:
    """Return a replicate drawn by ``seed``, of the source's own number of rows."""
    draw: Callable[..., Any] = SYNTHETIC[name]
    return prepare_table(draw(seed=seed), target=target)


def planted_truth(name: str) -> Mapping[str, Any] | None:
    """Return what is known of a planted target, None if it is not a plain sum.

    ``informative`` has the columns that the target depends on; ``coefficients`` one per
    column if it is linear in them; ``noise_variance`` is that of the normal noise.

    >>> planted_truth("sparse")["informative"]
    (0, 1, 2, 3, 4)
    """
    if name not in _TRUTHS:
        return None
    n_features, by_column, variance = _TRUTHS[name]
    coefficients = None
    if None not in by_column.values():
        coefficients = np.array([by_column.get(k, 0.0) for k in range(n_features)])
    return {
        "informative": tuple(by_column),
        "coefficients": coefficients,
        "noise_variance": variance,
    }


# Features, coefficients by column (None: not linear), variance of the normal noise.
_TRUTHS: dict[str, tuple[int, dict[int, Any], float | None]] = {
    "classes": (30, {0: 2.0, 1: -1.5, 2: 1.5, 3: -1.0, 4: 1.0}, None),
    "collinear": (30, {0: 2.0, 6: -1.5, 12: 1.0, 18: -1.0, 24: 0.5}, 2.25),
    "friedman1": (10, dict.fromkeys(range(5)), 1.0),
    "noise": (10, {}, 1.0),
    "sparse": (50, {0: 3.0, 1: -2.0, 2: 2.0, 3: -1.0, 4: 1.0}, 1.0),
    "step": (5, dict.fromkeys(range(2)), 0.0),
}
