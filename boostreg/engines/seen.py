"""What training rows held, so that later rows are read as they were."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Column, Table
from boostreg.errors import DataError

__all__ = [
    "Codes",
    "as_trained",
    "codes_of",
    "complete_columns",
    "late_missing_right",
    "refuse_beyond_float32",
]

Codes = Sequence[tuple[int, NDArray[np.float64]]]
"""Category columns by place, each with the codes that training rows held."""


_BEYOND_EVERY_THRESHOLD = 1e300
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def complete_columns(table: Table) -> tuple[bool, ...]:
    """Return for each column of numbers whether no row misses it.

    Category columns are False: what is missing there goes right in any case.
    """
    missing = np.atleast_1d(np.isnan(table.X).any(axis=0))
    return tuple(
        column.categories is None and not bool(some)
        for column, some in zip(table.columns, missing, strict=True)
    )


def codes_of(table: Table) -> Codes:
    """Return the codes that each category column of ``table`` holds."""
    columns = ((place, table.X[:, place]) for place in table.categorical)
    return tuple((place, np.unique(c[~np.isnan(c)])) for place, c in columns)


def as_trained(X: NDArray[np.float64], codes: Codes) -> NDArray[np.float64]:
    """Return ``X`` with categories that training did not see as missing values.

    Left as they are, XGBoost would send them left and LightGBM right.
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
    """Return ``X`` with values missing only after training beyond every threshold.

    So LightGBM sends them right, as XGBoost does; left as they are it would read them
    as 0 (``include/LightGBM/tree.h``, ``NumericalDecision``).
    """
    late = np.isnan(X) & np.array(complete)
    return np.where(late, _BEYOND_EVERY_THRESHOLD, X) if late.any() else X


def refuse_beyond_float32(X: NDArray[np.float64], columns: Sequence[Column]) -> None:
    """Raise DataError if a finite value is infinite as XGBoost keeps it, in float32."""
    for column, values in zip(columns, X.T, strict=True):  # no copy of all of X
        wrong = np.isfinite(values) & (np.abs(values) > _LARGEST_FLOAT32)
        if wrong.any():
            raise DataError(
                f"XGBoost takes numbers up to {_LARGEST_FLOAT32:.3g} only; column "
                f"{column.name!r} holds {values[wrong][0]:g}. Divide the column, or "
                "use another engine."
            )
