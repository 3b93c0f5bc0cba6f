"""Arguments of the estimators as checked arrays.

scikit-learn's own checks do the work, so that messages and attributes are those of any
estimator. Columns of text and categories in a DataFrame, which they cannot read, become
codes, as in a study.
"""

import numbers
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, check_X_y, column_or_1d
from sklearn.utils.validation import validate_data

from boostreg.arrays import Array
from boostreg.data import (
    Column,
    as_table,
    as_values,
    is_frame,
    named_signs,
    refuse_times,
)
from boostreg.data.cells import quoted, refuse_repeated
from boostreg.data.columns import read_column
from boostreg.errors import DataError
from boostreg.saved import frame_of, has_categories, read_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "read_labels",
    "read_monotone",
    "read_numbers_of",
    "read_prediction",
    "read_training",
    "read_weights",
    "trainable",
]

_CHECKS = {"dtype": np.float64, "order": "C", "ensure_all_finite": "allow-nan"}


def read_training(
    estimator: Any, X: Any, y: Any, *, y_numeric: bool
) -> tuple[Array, NDArray[Any], tuple[Column, ...]]:
    """Return features, target and columns to train on; the estimator learns the names.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets ``n_features_in_`` and, from a frame, ``feature_names_in_``.
    X : frame, array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    y_numeric : bool
        Whether ``y`` must be numbers.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Category codes as numbers, missing values as NaN.
    y : ndarray of shape (n_samples,)
    columns : tuple of Column
        For reading later rows. A column of a frame without any value has no
        categories, so later values in it are missing too.
    """
    X, y = as_table(X), read_labels(y, "y")
    if y_numeric:
        refuse_times(y, "y")
        y = _as_numbers(y, "y")
    else:
        _refuse_no_classes(y)
    if not is_frame(X):
        X, y = validate_data(estimator, X, y, y_numeric=y_numeric, **_CHECKS)
        return X, y, tuple(map(Column, _default_names(X.shape[1])))
    refuse_repeated([str(name) for name in X.columns])
    validate_data(estimator, X, y, skip_check_array=True)
    _refuse_empty(X)
    codes = np.empty(X.shape)
    columns = []
    for place, name in enumerate(map(str, X.columns)):
        codes[:, place], column = read_column(X.iloc[:, place], name)
        blank = bool(np.isnan(codes[:, place]).all())
        columns.append(replace(column, categories=()) if blank else column)
    codes, y = check_X_y(codes, y, y_numeric=y_numeric, estimator=estimator, **_CHECKS)
    return codes, y, tuple(columns)


def read_prediction(
    estimator: Any, X: Any, columns: tuple[Column, ...], warned: set[str]
) -> Array:
    """Return the features of later rows as those of training were read.

    Parameters
    ----------
    estimator : BaseEstimator
        Fitted.
    X : frame, array-like or sparse matrix of shape (n_samples, n_features)
        Columns in the order of training. A category that is not in the training data
        is read as missing.
    columns : tuple of Column
        As ``read_training`` gave them.
    warned : set of str
        Columns of which the estimator has warned, see ``read_frame``.
    """
    X = as_table(X)
    if not (is_frame(X) or has_categories(columns)):
        matrix: Array = validate_data(estimator, X, reset=False, **_CHECKS)
        return matrix
    if not is_frame(X):
        X = np.asarray(X, dtype=object)
    validate_data(estimator, X, reset=False, skip_check_array=True)
    if is_frame(X):
        names = [column.name for column in columns]
        # scikit-learn compares names that are text; these may be numbers.
        unnamed = names == _default_names(len(names))
        if not (hasattr(estimator, "feature_names_in_") or unnamed) and names != [
            str(name) for name in X.columns
        ]:
            raise DataError(
                f"the columns must be the same as in training, in the same order: "
                f"{quoted(names)}; got {quoted(map(str, X.columns))}."
            )
        frame = X.set_axis(names, axis="columns")
    else:
        frame = frame_of(X, columns)
    _refuse_empty(frame)
    return read_frame(frame, columns, None, warned)


def read_labels(y: Any, role: str) -> Any:
    """Return a target of any library; categories are replaced by their values."""
    values = as_values(y, role)
    categories = getattr(getattr(values, "dtype", None), "categories", None)
    if categories is None or values.hasnans:
        return values
    return values.astype(categories.dtype)


def read_numbers_of(y: Any, X: Array) -> Array:
    """Return the target of validation rows, one number per row of ``X``."""
    y = read_labels(y, "y of eval_set")
    refuse_times(y, "y of eval_set")
    y = _as_numbers(y, "y of eval_set")
    return np.asarray(check_X_y(X, y, y_numeric=True, **_CHECKS)[1], dtype=np.float64)


def _as_numbers(values: Any, role: str) -> Any:
    """Return objects or text as float64; raise DataError if one is not a number."""
    found = _as_objects(values)
    for row, value in enumerate(() if found is None else found):
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if np.isnan(number):
            raise DataError(
                f"{role} must be numbers, found {value!r} in row {row} (the first row "
                f"is 0)."
            )
    return values if found is None else found.astype(np.float64)


def _as_objects(values: Any) -> NDArray[Any] | None:
    """Return one column of values of any kind; None for arrays of plain numbers."""
    try:
        found = np.asarray(values)
    except ValueError:  # ragged, as scikit-learn's own check says
        return None
    is_column = found.ndim == 1 and found.dtype.kind not in "biufcmM"
    listed = values if isinstance(values, (list, tuple)) else found.tolist()
    return np.array(listed, dtype=object) if is_column else None  # keeps NaN a float


def _refuse_no_classes(y: Any) -> None:
    """Raise DataError if a label is missing, or only some labels are text."""
    labels = None if isinstance(y, str) else _as_objects(y)
    if labels is None or labels.ndim != 1:
        return
    missing = np.flatnonzero([_is_missing(label) for label in labels])
    if len(missing):
        raise DataError(
            f"y is missing (None or NaN) in {len(missing)} of {len(labels)} rows, "
            f"first in row {missing[0]} (the first row is 0); every row needs a class."
        )
    is_text = np.array([isinstance(label, str) for label in labels])
    if is_text.any() and not is_text.all():
        one, other = labels[np.argmax(is_text)], labels[np.argmin(is_text)]
        raise DataError(
            f"y has text such as {one!r} and other values such as {other!r}; make all "
            f"classes text, or none of them."
        )


def _is_missing(label: Any) -> bool:
    """Return whether it is None, NaN, or NA or NaT of pandas (not imported here)."""
    own = type(label).__name__ in ("NAType", "NaTType")
    return own or label is None or (isinstance(label, float) and np.isnan(label))


def read_monotone(monotone: Any, columns: tuple[Column, ...]) -> tuple[int, ...] | None:
    """Return one sign per column, as ``Problem`` takes them; None for no constraint.

    Raises
    ------
    DataError
        If it is neither a dict by column nor one number per column, of -1, 0 and 1.
    """
    if monotone is None:
        return None
    by_name = isinstance(monotone, Mapping)
    signs = list(monotone.values() if by_name else np.atleast_1d(monotone))
    if not all(isinstance(s, numbers.Integral) and s in (-1, 0, 1) for s in signs):
        raise DataError(
            "monotone must be a dict of -1, 0 or 1 by column, or one of these per "
            f"column, got {monotone!r}."
        )
    if by_name:
        return named_signs(columns, monotone)
    return tuple(map(int, signs))


def read_weights(sample_weight: Any, X: Array) -> Array | None:
    """Return row weights, one per row of ``X``, or None if all rows count the same.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or none is above 0.
    """
    if sample_weight is None:
        return None
    given = as_values(sample_weight, "sample_weight")
    refuse_times(given, "sample_weight")
    if np.asarray(given).dtype.kind == "c":
        raise DataError("sample_weight must be real numbers, got complex numbers.")
    weights = column_or_1d(_as_numbers(given, "sample_weight"), dtype=np.float64)
    check_consistent_length(X, weights)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"sample_weight must be finite and >= 0, got {float(weights[row])!r} in "
            f"row {row} (the first row is 0)."
        )
    if not weights.any():
        raise DataError(
            "sample_weight is zero in every row; at least one must be above 0."
        )
    return np.asarray(weights, dtype=np.float64)


def trainable(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns for an engine, where one without any value is numeric."""
    return tuple(c if c.categories else Column(c.name) for c in columns)


def _default_names(n_features: int) -> list[str]:
    return [f"x{place}" for place in range(n_features)]


def _refuse_empty(frame: "pd.DataFrame") -> None:
    for axis, name in enumerate(("sample(s)", "feature(s)")):
        if not frame.shape[axis]:
            raise DataError(
                f"Found a DataFrame with 0 {name} (shape={frame.shape}) while at least "
                f"1 is required."
            )
