"""One table in every kind of frame, and one column in every kind of series."""

import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
from scipy import sparse


class Capsule:
    """What shows itself through Arrow alone."""

    def __init__(self, shown):
        self.shown = shown

    def __arrow_c_stream__(self, requested_schema=None):
        """Return the stream of what is shown."""
        return self.shown.__arrow_c_stream__(requested_schema)


def plain(frame):
    """Return columns as lists, missing values as None."""
    whole = frame.astype(object).where(frame.notna(), None)
    return {name: whole[name].tolist() for name in frame}


def in_polars(frame, kind=pl.Categorical):
    """Return polars' own, category columns as ``kind``."""
    labels = list(frame.select_dtypes("category"))
    made = pl.DataFrame(plain(frame), strict=False)
    return made.with_columns(pl.col(labels).cast(kind)) if labels else made


def in_arrow(frame, *, coded=True):
    """Return a table of PyArrow, category columns as dictionaries or as text."""
    labels = set(frame.select_dtypes("category")) if coded else ()
    arrays = {name: pa.array(values) for name, values in plain(frame).items()}
    return pa.table(
        {n: a.dictionary_encode() if n in labels else a for n, a in arrays.items()}
    )


def with_index(frame):
    """Return a table of PyArrow whose first column pandas kept as its index."""
    return pa.Table.from_pandas(frame.set_index(frame.columns[0]))


FRAMES = {
    "pandas": lambda frame: frame,
    "pandas of Arrow": lambda frame: in_arrow(frame).to_pandas(
        types_mapper=pd.ArrowDtype
    ),
    "polars": in_polars,
    "polars enum": lambda frame: in_polars(frame, pl.Enum(["low", "mid", "high"])),
    "polars text": lambda frame: in_polars(frame, pl.String),
    "arrow": in_arrow,
    "arrow text": lambda frame: in_arrow(frame, coded=False),
    "arrow with an index": with_index,
    "record batch": lambda frame: in_arrow(frame).to_batches()[0],
    "capsule": lambda frame: Capsule(in_arrow(frame)),
    "narwhals": lambda frame: nw.from_native(in_polars(frame)),
}
"""Every kind of frame, by a function of the same table of pandas."""

SERIES = {
    "list": list,
    "pandas": pd.Series,
    "extension": lambda values: pd.Series(values).convert_dtypes(),
    "pandas of Arrow": lambda values: pd.Series(pa.array(values).to_pandas()).astype(
        pd.ArrowDtype(pa.array(values).type)
    ),
    "categories": pd.Categorical,
    "index": pd.Index,
    "polars": pl.Series,
    "polars frame": lambda values: pl.DataFrame({"y": values}),
    "arrow": pa.array,
    "arrow chunks": lambda values: pa.chunked_array([values[:5], values[5:]]),
    "dictionary": lambda values: pa.array(values).dictionary_encode(),
}
"""Every kind of series, by a function of a list."""

SPARSE = {
    f"{form}_{kind}": getattr(sparse, f"{form}_{kind}")
    for form in ("csr", "csc", "coo", "lil")
    for kind in ("matrix", "array")
}
"""Every kind of sparse matrix, by a function of a dense one."""
SPARSE["pandas"] = lambda dense: pd.DataFrame.sparse.from_spmatrix(
    sparse.csr_array(dense), columns=[f"x{k}" for k in range(dense.shape[1])]
)
