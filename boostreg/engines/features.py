"""Columns of numbers, given to a library so that it can tell their values apart.

XGBoost keeps features in float32 (``include/xgboost/data.h``, ``Entry``): dates written
as 20240116 are joined in pairs, and what lies below 1e-45 is 0. LightGBM takes all
within 1e-35 for 0, and gives values on both sides of 0 bins of their own
(``src/io/bin.cpp``, ``FindBinWithZeroAsOneBin``), so that a shift of a column moves its
bins. LightGBM and scikit-learn split at midpoints, which neighbours among the doubles
do not have. Trees do not depend on an increasing map of a column. So a column whose
values a library would join is given as ranks, and LightGBM is given every other column
from its smallest value on.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Table
from boostreg.trees import FeatureMap

__all__ = ["map_for", "rank_notes"]

Array = NDArray[np.float64]
Cast = Callable[[Array], Array]

_BINS = 256
_MOST_RANKS = 4096
"""16 values for each bin of a library: more would move no split."""

_LARGEST_SHARE = 1 / 400
"""Share of the rows that joined values may hold without moving the edge of a bin."""

_SAMPLE = 16384  # rows looked at, drawn once: bounds the sort
_LIGHTGBM_ZERO = 1e-35
_SMALLEST_FLOAT32 = float(np.finfo(np.float32).tiny)
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
_LARGEST = 1e299  # above, midpoints overflow, and scikit-learn and LightGBM clip


def map_for(engine: str, table: Table) -> FeatureMap:
    """Return the map of the columns of training rows for one engine."""
    made = FeatureMap(np.zeros(table.n_features), {})
    for place, values in _numeric(table):
        crowded = engine != "xgboost" and _is_crowded(values)
        if crowded or _joins(values, _CASTS[engine]):
            made.ranks[place] = _ranked(values)
        elif engine == "lightgbm":
            least = float(values.min())
            if _joins(values, partial(_from, least)):
                made.ranks[place] = _ranked(values)
            else:
                made.shift[place] = least
    return made


def rank_notes(table: Table) -> Iterator[str]:
    """Yield a sentence on each column that XGBoost is given as ranks."""
    for place in map_for("xgboost", table).ranks:
        yield (
            f"Column {table.columns[place].name!r}: XGBoost keeps numbers in float32, "
            "which cannot tell its values apart. It is given their ranks, and so must "
            "be its saved model where boostreg does not load it."
        )


def _numeric(table: Table) -> Iterator[tuple[int, Array]]:
    """Yield place and present values of each column of numbers that varies."""
    for place, column in enumerate(table.columns):
        if column.categories is not None:
            continue
        values = table.X[:, place]
        values = values[~np.isnan(values)]
        if len(values) and values.min() < values.max():
            yield place, values


def _ranked(values: Array) -> Array:
    """Return the values that are told apart: all, or as many as can matter."""
    distinct = np.unique(values)
    if len(distinct) <= _MOST_RANKS:
        return distinct
    ordered = np.sort(values)
    places = np.linspace(0, len(ordered) - 1, _MOST_RANKS).astype(np.int64)
    return np.unique(ordered[places])


def _joins(values: Array, cast: Cast) -> bool:
    """Return whether ``cast`` joins values that a library could split between.

    Of at most 256 different values all are bins. Of more, the edge of a bin moves only
    where joined values hold a good part of the bin's rows.
    """
    ends = np.array([values.min(), values.max()])
    if not np.isfinite(cast(ends)).all():
        return True
    if len(values) > _SAMPLE:
        drawn = np.random.default_rng(0).choice(len(values), _SAMPLE, replace=False)
        values = values[drawn]
    if np.array_equal(cast(values), values):
        return False
    distinct, counts = np.unique(values, return_counts=True)
    _, run, members = np.unique(cast(distinct), return_inverse=True, return_counts=True)
    joined = members > 1
    if not joined.any():
        return False
    rows = np.bincount(run, counts)[joined]
    return len(distinct) <= _BINS or bool(rows.max() > _LARGEST_SHARE * len(values))


def _from(start: float, values: Array) -> Array:
    return values - start


def _float32(values: Array) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        small = values.astype(np.float32).astype(np.float64)
    # Below the smallest normal number processors may read 0.
    return np.where(np.abs(small) < _SMALLEST_FLOAT32, 0.0, small)


def _lightgbm(values: Array) -> Array:
    return np.where(np.abs(values) <= _LIGHTGBM_ZERO, 0.0, _bounded(values))


def _bounded(values: Array) -> Array:
    far = np.abs(values) > _LARGEST
    return np.where(far, np.copysign(np.inf, values), values)


def _is_crowded(values: Array) -> bool:
    """Return whether most values have a neighbour with no double between the two."""
    distinct = np.unique(values[:_SAMPLE])
    close = np.diff(distinct) <= 2 * np.spacing(np.abs(distinct[1:]))
    return len(close) > 0 and float(np.mean(close)) > 0.5


_CASTS: dict[str, Cast] = {
    "xgboost": _float32,
    "lightgbm": _lightgbm,
    "sklearn": _bounded,
}
