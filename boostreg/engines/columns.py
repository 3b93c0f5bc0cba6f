"""Column maps learned from training rows, applied to all later rows.

XGBoost stores features as float32 (``include/xgboost/data.h``, ``Entry``): dates such
as 20240115 and 20240116 become equal. LightGBM reads numbers within 1e-35 of 0 as 0 and
bins values above and below 0 separately (``src/io/bin.cpp``,
``FindBinWithZeroAsOneBin``), so a shift of a column moves its bins. LightGBM and
scikit-learn split at midpoints, which adjacent float64 numbers do not have. Trees do
not depend on an increasing map of a column. Therefore a column whose values a library
would merge is passed as ranks, and LightGBM receives every other column minus its
minimum.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data import Column, FeatureRows, Table
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.errors import DataError
from boostreg.trees import FeatureMap

__all__ = [
    "Codes",
    "as_trained",
    "codes_of",
    "complete_columns",
    "late_missing_right",
    "map_for",
    "rank_notes",
    "refuse_beyond_float32",
]

Codes = Sequence[tuple[int, NDArray[np.float64]]]
"""Category columns by position, each with the codes in the training rows."""


_BEYOND_EVERY_THRESHOLD = 1e300
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def complete_columns(rows: FeatureRows) -> tuple[bool, ...]:
    """Return for each numeric column whether it has no missing value.

    Category columns are False: their missing values go right in any case.
    """
    return tuple(
        column.categories is None and not bool(np.isnan(rows.column(place)).any())
        for place, column in enumerate(rows.columns)
    )


def codes_of(rows: FeatureRows) -> Codes:
    """Return the codes in each category column."""
    columns = (
        (place, rows.column(place))
        for place, column in enumerate(rows.columns)
        if column.categories is not None
    )
    return tuple((place, np.unique(c[~np.isnan(c)])) for place, c in columns)


def as_trained(X: NDArray[np.float64], codes: Codes) -> NDArray[np.float64]:
    """Return ``X`` with categories unseen in training set to missing.

    Otherwise XGBoost would send them left and LightGBM right.
    """
    for place, known in codes:
        new = ~np.isnan(X[:, place]) & ~np.isin(X[:, place], known)
        if new.any():
            X = X.copy()
            X[new, place] = np.nan
    return X


def late_missing_right(
    X: NDArray[np.float64], complete: Sequence[bool]
) -> NDArray[np.float64]:
    """Return ``X`` with values that are missing only after training set to 1e300.

    LightGBM then sends them right, as XGBoost does; otherwise it would read them as 0
    (``include/LightGBM/tree.h``, ``NumericalDecision``).
    """
    late = np.isnan(X) & np.array(complete)
    return np.where(late, _BEYOND_EVERY_THRESHOLD, X) if late.any() else X


def refuse_beyond_float32(X: NDArray[np.float64], columns: Sequence[Column]) -> None:
    """Raise DataError if a finite value overflows float32, as stored by XGBoost."""
    for column, values in zip(columns, X.T, strict=True):  # no copy of all of X
        wrong = np.isfinite(values) & (np.abs(values) > _LARGEST_FLOAT32)
        if wrong.any():
            raise DataError(
                f"XGBoost supports numbers up to {_LARGEST_FLOAT32:.3g}, but column "
                f"{column.name!r} has {values[wrong][0]:g}. Divide the column, or use "
                "another engine."
            )


_BINS = 256
_MAX_RANKS = 4096
"""16 values per bin of a library; more would not move a split."""

_LARGEST_SHARE = 1 / 400
"""Fraction of rows that merged values may hold without moving the edge of a bin."""

_SAMPLE = 16384  # rows sampled once, to bound the cost of sorting
_SMALLEST_FLOAT32 = float(np.finfo(np.float32).tiny)
_LARGEST = 1e299  # above this, midpoints overflow; scikit-learn and LightGBM clip


def map_for(engine: str, rows: FeatureRows) -> FeatureMap:
    """Return the map of the columns of training rows for one engine."""
    made = FeatureMap(np.zeros(len(rows.columns)), {})
    rules = ENGINE_FACTS[engine].rules

    def kept(values: Array) -> Array:
        """Return values as the library keeps them, infinite if too large."""
        if not rules.single:
            far = np.abs(values) > _LARGEST
            bounded = np.where(far, np.copysign(np.inf, values), values)
            return np.where(np.abs(values) <= rules.zero, 0.0, bounded)
        with np.errstate(over="ignore", under="ignore"):
            small = values.astype(np.float32).astype(np.float64)
        # Below the smallest normal number processors may read 0.
        return np.where(np.abs(small) < _SMALLEST_FLOAT32, 0.0, small)

    for place, column in enumerate(rows.columns):
        if column.categories is not None:
            continue
        values = rows.column(place)
        values = values[~np.isnan(values)]
        if not len(values) or values.min() == values.max():
            continue
        lowest = float(values.min())
        if (
            _joins(values, kept)
            or (not rules.single and _is_crowded(values))
            # The shift by the minimum may merge values as well.
            or (rules.zero and _joins(values, partial(np.add, -lowest)))
        ):
            made.ranks[place] = _ranked(values)
        elif rules.zero:
            made.shift[place] = lowest
    return made


def rank_notes(table: Table, engines: Iterable[str]) -> Iterator[str]:
    """Yield a sentence on each column that an engine with float32 is given as ranks."""
    for engine in engines:
        facts = ENGINE_FACTS[engine]
        for place in (
            map_for(engine, table.features()).ranks if facts.rules.single else ()
        ):
            yield (
                f"Column {table.columns[place].name!r}: {facts.label} stores numbers "
                "as float32, which merges some of its values, so it is given their "
                "ranks. If you use the saved model without boostreg, give it the ranks "
                "too."
            )


def _ranked(values: Array) -> Array:
    """Return the values to rank: all of them, or ``_MAX_RANKS`` quantiles."""
    distinct = np.unique(values)
    if len(distinct) <= _MAX_RANKS:
        return distinct
    ordered = np.sort(values)
    places = np.linspace(0, len(ordered) - 1, _MAX_RANKS).astype(np.int64)
    return np.unique(ordered[places])


def _joins(values: Array, cast: Callable[[Array], Array]) -> bool:
    """Return whether ``cast`` merges values that a library could split between.

    Up to 256 distinct values have a bin each. Beyond that, the edge of a bin moves only
    if merged values hold a large part of the rows in the bin.
    """
    ends = np.array([values.min(), values.max()])
    if not np.isfinite(cast(ends)).all():
        return True
    values = _sampled(values)
    if np.array_equal(cast(values), values):
        return False
    distinct, counts = np.unique(values, return_counts=True)
    _, run, members = np.unique(cast(distinct), return_inverse=True, return_counts=True)
    joined = members > 1
    if not joined.any():
        return False
    rows = np.bincount(run, counts)[joined]
    return len(distinct) <= _BINS or bool(rows.max() > _LARGEST_SHARE * len(values))


def _sampled(values: Array) -> Array:
    """Return at most ``_SAMPLE`` of the values, whatever their order in the table."""
    if len(values) <= _SAMPLE:
        return values
    drawn = np.random.default_rng(0).choice(len(values), _SAMPLE, replace=False)
    return values[drawn]


def _is_crowded(values: Array) -> bool:
    """Return whether more than half of the gaps are at most two float64 steps."""
    distinct = np.unique(_sampled(values))
    close = np.diff(distinct) <= 2 * np.spacing(np.abs(distinct[1:]))
    return len(close) > 0 and float(np.mean(close)) > 0.5
