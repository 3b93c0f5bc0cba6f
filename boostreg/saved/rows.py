"""New rows as numbers, and predictions of saved models from raw scores."""

import inspect
import os
import warnings
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data import (
    Column,
    Reading,
    apply_columns,
    as_matrix,
    as_table,
    as_values,
    check_offset,
    is_frame,
    refuse_times,
)
from boostreg.errors import DataError, ModelError, UnseenCategoryWarning
from boostreg.saved.card import Meaning

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Predictor",
    "added_offset",
    "frame_of",
    "has_categories",
    "read_frame",
    "read_offset",
    "read_rows",
]

_PACKAGE = str(Path(__file__).parents[1]) + os.sep


def has_categories(columns: tuple[Column, ...]) -> bool:
    """Return whether a column has categories."""
    return any(column.categories is not None for column in columns)


def read_rows(
    X: Any, columns: tuple[Column, ...], reading: Reading | None, warned: set[str]
) -> Array:
    """Return a frame, columns by name, or an array, columns by position, as numbers.

    ``X`` is what ``as_table`` takes; text is read as in training, with ``reading``.
    ``warned`` is that of ``read_frame``.

    Raises
    ------
    DataError
        If a column is missing or has another kind of values than in training.
    """
    X = as_table(X)
    if is_frame(X):
        return read_frame(X, columns, reading, warned)
    if has_categories(columns):
        return read_frame(frame_of(X, columns), columns, reading, warned)
    rows = as_matrix(X)
    _refuse_shape(rows, columns)
    if np.isinf(rows).any():
        raise DataError("X has infinite values; values must be finite or missing.")
    if reading is not None and reading.missing_numbers:
        rows = np.where(np.isin(rows, list(reading.missing_numbers)), np.nan, rows)
    return rows


def read_frame(
    frame: Any, columns: tuple[Column, ...], reading: Reading | None, warned: set[str]
) -> Array:
    """Return a DataFrame as numbers, with a warning of unknown categories.

    ``warned`` are the columns of which a model has warned before, without another
    warning now; new ones are added.
    """
    matrix, notes = apply_columns(frame, columns, reading)
    for name, note in notes.items():
        if name not in warned:
            warned.add(name)
            warnings.warn(note, UnseenCategoryWarning, stacklevel=_depth_of_caller())
    return matrix


def _depth_of_caller() -> int:
    """Return the stack level, as seen from the caller, of the first foreign frame."""
    frame, depth = inspect.currentframe(), 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, depth = frame.f_back, depth + 1
    return depth


def frame_of(X: Any, columns: tuple[Column, ...]) -> "pd.DataFrame":
    """Return an array, columns by position, as a DataFrame with the training names."""
    import pandas as pd

    rows: NDArray[Any] = np.asarray(X, dtype=object)
    _refuse_shape(rows, columns)
    names = [column.name for column in columns]
    return pd.DataFrame(rows, columns=names).infer_objects()


def read_offset(offset: Any, n_samples: int) -> Array:
    """Return offsets of the raw score, (n_samples,); one number is for all rows.

    Raises
    ------
    DataError
        If one is missing or too large, or their number is another.
    """
    given = as_values(offset, "offset")
    refuse_times(given, "offset")
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"offset must be numbers: {error}.") from error
    if values.shape not in ((), (n_samples,)):
        raise DataError(
            f"offset must have one value per row of X, {n_samples}, or be one number, "
            f"got shape {values.shape}."
        )
    values = np.broadcast_to(values, (n_samples,))
    check_offset(values, "offset")
    return values


def added_offset(offset: Any, n_samples: int, *, trained: bool) -> Array:
    """Return what is added to raw scores, (n_samples, 1).

    ``trained`` is whether the model was trained with an offset.

    Raises
    ------
    DataError
        As ``read_offset``, and if only one of the model and the rows has an offset.
    """
    if offset is None and trained:
        raise DataError(
            "the model was trained with an offset, so predict needs one: give offset, "
            "such as 0 for the mean per unit of exposure."
        )
    if offset is not None and not trained:
        raise DataError("the model was trained without an offset; remove offset.")
    return read_offset(0.0 if offset is None else offset, n_samples)[:, None]


def _refuse_shape(rows: NDArray[Any], columns: tuple[Column, ...]) -> None:
    if rows.ndim != 2 or rows.shape[1] != len(columns):
        raise DataError(f"X must be (n_samples, {len(columns)}), got {rows.shape}.")


class Predictor(ABC):
    """A saved model, which predicts means, quantiles or classes."""

    __slots__ = ()

    card: Meaning

    @abstractmethod
    def raw(self, X: Any) -> Array:
        """Return raw scores (n_samples, n_outputs); ``X`` as in ``predict``."""

    def predict(self, X: Any, *, offset: Any = None) -> NDArray[Any]:
        """Return the predicted mean, quantile or class label of each row.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_samples, n_features)
            A frame of pandas, polars, PyArrow or another library may have the columns
            in any order, and more columns; an array has them in the order of the card.
            A category that is not in the training data counts as missing, with one
            ``UnseenCategoryWarning`` per model and column; an absent entry of a sparse
            matrix is 0.
        offset : array-like of shape (n_samples,) or float, optional
            Of a model that was trained with an offset. Default: the column
            ``card.offset`` of a frame.

        Raises
        ------
        DataError
            If a column is missing or has another kind of values than in training, or if
            there is no offset and the model needs one.
        """
        raw, classes = self._scores(X, offset), self.card.classes
        if not classes:
            return self.card.objective.predict(raw)
        codes = raw.argmax(axis=1) if raw.shape[1] > 1 else (raw[:, 0] > 0).astype(int)
        labels: NDArray[Any] = np.array(classes)[codes]
        return labels

    def predict_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Return the probability of each class, (n_samples, n_classes).

        See ``predict`` for the arguments.

        Raises
        ------
        ModelError
            If it is a regression model.
        DataError
            As ``predict``.
        """
        if not self.card.classes:
            raise ModelError("predict_proba needs classes; this is a regression model.")
        return self.card.objective.predict(self._scores(X, offset))

    def _scores(self, X: Any, offset: Any) -> Array:
        """Return raw scores (n_samples, n_outputs) with the offset of each row."""
        X, name = as_table(X), self.card.offset
        if name is not None and offset is None:
            if not (is_frame(X) and name in X.columns):
                raise DataError(
                    f"X has no column {name!r}, the offset of the model; give offset, "
                    "such as 0 for the mean per unit of exposure."
                )
            offset = X[name]
        raw = self.raw(X)
        return raw + added_offset(offset, len(raw), trained=name is not None)
