"""Rows to predict, as the numbers that a model was trained on."""

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data import (
    Column,
    Reading,
    apply_columns,
    as_matrix,
    as_table,
    is_frame,
)
from boostreg.errors import DataError
from boostreg.losses import Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of", "has_categories", "read_frame", "read_rows"]

_log = logging.getLogger(__name__)


def has_categories(columns: tuple[Column, ...]) -> bool:
    """Return whether some column is read by its labels."""
    return any(column.categories is not None for column in columns)


def read_rows(
    X: Any, columns: tuple[Column, ...], reading: Reading | None = None
) -> Array:
    """Return a frame, columns by name, or an array, columns by place, as numbers.

    ``X`` is what ``as_table`` takes.

    Cells of text are read as ``reading`` says, which is that of training.

    Raises
    ------
    DataError
        If a column is not there or holds another kind of values than in training.
    """
    X = as_table(X)
    if is_frame(X):
        return read_frame(X, columns, reading)
    if has_categories(columns):
        return read_frame(frame_of(X, columns), columns, reading)
    rows = as_matrix(X)
    _refuse_shape(rows, columns)
    if np.isinf(rows).any():
        raise DataError("X holds infinite values; a value is finite or missing.")
    if reading is not None and reading.missing_numbers:
        rows = np.where(np.isin(rows, list(reading.missing_numbers)), np.nan, rows)
    return rows


def read_frame(
    frame: Any, columns: tuple[Column, ...], reading: Reading | None = None
) -> Array:
    """Return a DataFrame as numbers; categories that training did not see are logged.

    Raises
    ------
    DataError
        As ``read_rows``.
    """
    matrix, notes = apply_columns(frame, columns, reading)
    for note in notes:
        _log.warning(note)
    return matrix


def frame_of(X: Any, columns: tuple[Column, ...]) -> "pd.DataFrame":
    """Return an array, columns by place, as a DataFrame with the names of training."""
    import pandas as pd

    rows: NDArray[Any] = np.asarray(X, dtype=object)
    _refuse_shape(rows, columns)
    names = [column.name for column in columns]
    return pd.DataFrame(rows, columns=names).infer_objects()


def _refuse_shape(rows: NDArray[Any], columns: tuple[Column, ...]) -> None:
    if rows.ndim != 2 or rows.shape[1] != len(columns):
        raise DataError(f"X must be (n_samples, {len(columns)}), got {rows.shape}.")
