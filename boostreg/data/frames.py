"""Data that users pass in: frames by name, arrays by place.

A frame of any library that narwhals knows becomes a DataFrame of pandas with the same
names and values. Only pandas is imported, and only to read a frame.
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data.cells import refuse_repeated
from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DENSE_BYTES",
    "as_matrix",
    "as_table",
    "as_values",
    "is_frame",
    "refuse_times",
]

DENSE_BYTES = 2 * 1024**3
"""Maximum memory of sparse values that are made dense: 2 GiB."""

_PLAIN = (np.ndarray, list, tuple)


def is_frame(X: object) -> bool:
    """Return whether ``X`` is a DataFrame of pandas, without importing pandas."""
    return hasattr(X, "iloc") and hasattr(X, "columns")


def as_table(X: Any) -> Any:
    """Return a frame as a DataFrame of pandas, sparse or masked rows as an array.

    Parameters
    ----------
    X : frame, sparse matrix or array-like of shape (n_samples, n_features)
        A frame is of pandas, polars, Modin, cuDF or PyArrow, or any other with Arrow's
        PyCapsule interface. An entry that a sparse matrix does not keep is 0; a masked
        one is missing. Lists and arrays are returned as they are.

    Raises
    ------
    DataError
        If the frame is lazy, two of its columns have one name, an array holds dates,
        or sparse values would take more than 2 GiB.

    Examples
    --------
    >>> import polars
    >>> as_table(polars.DataFrame({"a": [1, None], "b": ["x", "y"]})).columns.tolist()
    ['a', 'b']
    """
    sparse = sys.modules.get("scipy.sparse")
    if sparse is not None and sparse.issparse(X):
        _refuse_large(X.shape, "X.toarray()")
        return X.toarray()
    if isinstance(X, np.ma.MaskedArray):
        return _unmasked(X)
    if isinstance(X, _PLAIN):
        refuse_times(X, "X")
        return X
    found = _convert(X, "X")
    return _settled(found) if is_frame(found) else found


def refuse_times(values: Any, role: str) -> None:
    """Raise DataError on dates or durations, which NumPy would read as numbers."""
    dtype = getattr(values, "dtype", None)
    if dtype is None:
        try:
            dtype = np.asarray(values[:1]).dtype
        except (TypeError, ValueError):
            return  # the code that reads it as an array reports the error
    if getattr(dtype, "kind", None) in ("m", "M"):
        raise DataError(
            f"{role} has dates or times ({dtype}); convert them to numbers, such as "
            f"days since a date."
        )


def as_matrix(X: Any) -> Array:
    """Return rows without column names as numbers, or raise DataError."""
    try:
        rows = np.asarray(X)
        if rows.dtype.kind not in "cmM":
            rows = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"X must be numbers: {error}; pass columns of text or categories in a "
            f"DataFrame."
        ) from error
    if rows.dtype.kind in "cmM":
        raise DataError(f"X must be numbers, got {rows.dtype}.")
    return rows


def as_values(values: Any, role: str) -> Any:
    """Return a series of any library as one of pandas; a frame of one column too.

    Lists, arrays and None are returned as they are, masked entries as missing. An error
    names ``role``.
    """
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values)
    if values is None or isinstance(values, _PLAIN):
        return values
    found = _convert(values, role)
    if is_frame(found):
        n_columns = found.shape[1]
        if n_columns != 1:
            raise DataError(
                f"{role} must have one value per row, got a frame of {n_columns} "
                f"columns."
            )
        found = found.iloc[:, 0]
    return _plain(found) if hasattr(found, "iloc") else found


def _unmasked(values: Any) -> NDArray[Any]:
    if not np.ma.is_masked(values):
        return np.asarray(values.data)
    kept = np.float64 if values.dtype.kind in "biuf" else object
    filled: NDArray[Any] = values.astype(kept).filled(np.nan)
    return filled


def _refuse_large(shape: tuple[int, ...], dense: str) -> None:
    size = 8 * float(np.prod(shape, dtype=np.float64))
    if size > DENSE_BYTES:
        cells = " x ".join(f"{n:,}" for n in shape)
        raise DataError(
            f"X is sparse, {cells}, and would take {size / 1024**3:,.1f} GiB as a "
            f"dense array; the limit is {DENSE_BYTES / 1024**3:g} GiB. Use fewer "
            f"columns, or pass {dense} if there is enough memory."
        )


def _settled(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a DataFrame without sparse columns or dictionaries of Arrow."""
    import pandas as pd

    odd = [place for place, dtype in enumerate(frame.dtypes) if _is_odd(dtype)]
    if not odd:
        return frame
    sparse = sum(isinstance(dtype, pd.SparseDtype) for dtype in frame.dtypes)
    _refuse_large((len(frame), sparse), "X.sparse.to_dense()")
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    for place in odd:
        columns[place] = _plain(columns[place])
    return pd.concat(columns, axis="columns")


def _is_odd(dtype: Any) -> bool:
    import pandas as pd

    if isinstance(dtype, pd.ArrowDtype):
        return str(dtype.pyarrow_dtype).startswith("dictionary")
    return isinstance(dtype, pd.SparseDtype)


def _plain(series: Any) -> Any:
    """Return a series of sparse values, or of a dictionary of Arrow, as plain values.

    So are whole numbers and booleans of types that could hold a missing one.
    """
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.SparseDtype):
        return series.sparse.to_dense()
    if _is_odd(dtype):
        labels = pd.Categorical(series.to_list())
        return pd.Series(labels, index=series.index, name=series.name)
    own = getattr(dtype, "numpy_dtype", None)
    if own is None or own.kind not in "biuf" or series.hasnans:
        return series
    return series.astype(own)


def _convert(X: Any, role: str) -> Any:
    """Return a frame or a series as pandas has it, anything else as it is."""
    import narwhals as nw

    if (pandas := sys.modules.get("pandas")) is not None:
        if isinstance(X, (pandas.DataFrame, pandas.Series)):
            return X
        if isinstance(X, (pandas.Index, pandas.api.extensions.ExtensionArray)):
            return pandas.Series(X)
    try:
        found = nw.from_native(X, pass_through=True, allow_series=True)
        if found is X and (shown := _shown_by_arrow(X)) is not None:
            found = nw.from_native(shown, allow_series=True)
    except nw.exceptions.DuplicateError as error:
        names = getattr(X, "column_names", None) or X.columns
        refuse_repeated(list(map(str, names)))
        raise DataError(f"column names must differ: {error}.") from error
    if isinstance(found, nw.LazyFrame):
        raise DataError(
            f"{role} is a lazy frame ({type(X).__module__.partition('.')[0]} "
            f"{type(X).__name__}), whose rows are not there yet; collect it first, "
            f"such as .collect() or .compute()."
        )
    if isinstance(found, nw.Series):
        return _series(found)
    if not isinstance(found, nw.DataFrame):
        return X
    if found.implementation.is_pandas_like():
        return found.to_pandas()
    import pandas as pd

    columns = {str(column.name): _series(column) for column in found.iter_columns()}
    return pd.DataFrame(columns, index=range(len(found)))


def _shown_by_arrow(X: Any) -> Any:
    """Return what has Arrow's PyCapsule interface as PyArrow, otherwise None."""
    stream = hasattr(X, "__arrow_c_stream__")
    if not (stream or hasattr(X, "__arrow_c_array__")):
        return None
    try:
        import pyarrow as pa
    except ImportError as error:
        raise DataError(
            f"a {type(X).__name__} is read through PyArrow, which is not installed: "
            f"pip install pyarrow."
        ) from error
    try:
        return pa.table(X)
    except pa.ArrowInvalid:  # no table: one column
        return pa.chunked_array(X if stream else [pa.array(X)])


def _series(column: Any) -> "pd.Series[Any]":
    """Return a column by its values; pandas' own conversions need PyArrow.

    Nulls are NaN among numbers, None among other values.
    """
    import narwhals as nw
    import pandas as pd

    if column.implementation.is_pandas_like():
        native: pd.Series[Any] = column.to_pandas()
        return native
    kind = column.dtype
    wide = kind in (nw.Int128, nw.UInt128)  # which NumPy does not have
    is_number = kind.is_numeric() and not kind.is_decimal() and not wide
    if is_number or kind == nw.Boolean:
        return pd.Series(column.to_numpy(), name=column.name)
    values = column.to_list()
    if kind in (nw.Categorical, nw.Enum):
        return pd.Series(pd.Categorical(values), name=column.name)
    return pd.Series(values, name=column.name, dtype=None if values else object)
