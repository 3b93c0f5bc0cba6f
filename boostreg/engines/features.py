"""Columns of numbers on a scale where a library can tell their values apart.

XGBoost keeps features in float32 (``include/xgboost/data.h``, ``Entry``): dates written
as 20240116 are joined in pairs, and what lies below 1e-45 is 0. LightGBM compares in
float64, but takes all within 1e-35 for 0 and gives values on both sides of 0 bins of
their own (``src/io/bin.cpp``, ``FindBinWithZeroAsOneBin``), so that a shift of a column
moves its bins. Trees do not depend on an increasing map of a column, so a column may be
shifted, and scaled by a power of two, before a library sees it.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Table
from boostreg.trees import FeatureScale

__all__ = ["float32_notes", "scale_for_lightgbm", "scale_for_xgboost"]

Array = NDArray[np.float64]

# A library makes at most 256 bins of a column; with 16 values for each, joined
# neighbours move no split.
_ENOUGH = 4096
_MOST_ROWS = 16384  # rows looked at, at even steps: bounds the sort
_LIGHTGBM_ZERO = 1e-35
_SMALLEST_FLOAT32 = float(np.finfo(np.float32).tiny)


def scale_for_xgboost(table: Table) -> FeatureScale:
    """Return the map after which float32 tells as many values apart as it can.

    A column whose values float32 tells apart stays as it is.
    """
    scale = FeatureScale.identity(table.n_features)
    for place, values in _numeric(table):
        if _n_joined(values, _float32) == 0:
            continue
        middle = float(np.sort(values)[len(values) // 2])
        tried = [(0.0, 1.0), (middle, 1.0)]
        tried += [(shift, _central_factor(values - shift)) for shift, _ in tried]
        joined = [_n_joined((values - s) * f, _float32) for s, f in tried]
        scale.shift[place], scale.factor[place] = tried[int(np.argmin(joined))]
    return scale


def scale_for_lightgbm(table: Table) -> FeatureScale:
    """Return the map after which no value is below 0 or taken for it.

    A column whose smallest value is 0 keeps its place.
    """
    scale = FeatureScale.identity(table.n_features)
    for place, values in _numeric(table):
        least = float(values.min())
        shift = 0.0 if _n_joined(values, partial(_from, least)) else least
        moved = values - shift
        factor = _central_factor(moved) if _n_joined(moved, _lightgbm_zero) else 1.0
        scale.shift[place], scale.factor[place] = shift, factor
    return scale


def float32_notes(table: Table) -> Iterator[str]:
    """Yield a sentence on each column that XGBoost reads otherwise than it is."""
    scale = scale_for_xgboost(table)
    for place, values in _numeric(table):
        name = table.columns[place].name
        shift, factor = float(scale.shift[place]), float(scale.factor[place])
        if joined := _n_joined((values - shift) * factor, _float32):
            yield (
                f"Column {name!r}: XGBoost keeps numbers in float32, which cannot tell "
                f"{joined} of {len(np.unique(values))} values from others. Take "
                "logarithms, or split the column in two."
            )
        elif (shift, factor) != (0.0, 1.0):
            yield (
                f"Column {name!r}: float32 would join some of its values, so XGBoost "
                f"is given (value - {shift:.17g}) * {factor:g}, and so must be its "
                "saved model where boostreg does not load it."
            )


def _numeric(table: Table) -> Iterator[tuple[int, Array]]:
    """Yield place and present values of each column of numbers that varies."""
    step = max(-(-table.n_samples // _MOST_ROWS), 1)
    for place, column in enumerate(table.columns):
        if column.categories is not None:
            continue
        values = table.X[::step, place]
        values = values[~np.isnan(values)]
        if len(values) and values.min() < values.max():
            yield place, values


def _n_joined(values: Array, cast: Callable[[Array], Array]) -> int:
    """Return how many different values ``cast`` joins; 0 where enough are left."""
    seen = cast(values)
    if np.array_equal(seen, values):
        return 0
    lost = int(np.isinf(seen).any())
    left = len(np.unique(seen)) - lost
    return 0 if left >= _ENOUGH and not lost else len(np.unique(values)) - left


def _from(start: float, values: Array) -> Array:
    return values - start


def _float32(values: Array) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        small = values.astype(np.float32).astype(np.float64)
    # Below the smallest normal number processors may read 0.
    return np.where(np.abs(small) < _SMALLEST_FLOAT32, 0.0, small)


def _lightgbm_zero(values: Array) -> Array:
    return np.where(np.abs(values) <= _LIGHTGBM_ZERO, 0.0, values)


def _central_factor(values: Array) -> float:
    """Return the power of two that puts the sizes of ``values`` around 1."""
    sizes = np.abs(values[(values != 0) & np.isfinite(values)])
    if not len(sizes):
        return 1.0
    exponents = np.log2(sizes.min()), np.log2(sizes.max())
    return math.ldexp(1.0, min(max(-round(sum(exponents) / 2), -1000), 1000))
