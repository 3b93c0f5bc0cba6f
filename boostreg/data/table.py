"""A checked table: what every fit reads, as plain arrays with a fingerprint."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array, Indices
from boostreg.data.columns import Column
from boostreg.data.rows import FeatureRows, leave_to_the_file
from boostreg.data.stored import LARGE, columns_of, save_columns
from boostreg.errors import DataError, reason

__all__ = ["Table", "Task", "data_card"]

Task = Literal["regression", "binary", "multiclass"]

_ARRAYS = ("X", "y", "weights", "offset", "groups", "time")
_UNHASHED = ("labels", "task_inferred", "notes")
_LARGE = 1e150
_BLOCK = 1 << 20  # numbers hashed at a time, so that a mapped X is never copied whole


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Table:
    """Rows to learn from. ``prepare_table`` makes one from a DataFrame.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        float64 in C order; a category is its code, a missing value NaN.
    y : ndarray of shape (n_samples,)
        float64; class codes 0, 1, ... for classification.
    columns : tuple of Column
        One per feature, in the order of ``X``.
    task : {"regression", "binary", "multiclass"}
    target : str
        Name of the target column.
    classes : tuple of str
        Labels in the order of their codes: numbers by value, then text
        alphabetically. Empty for regression.
    labels : tuple
        The classes as the target holds them: whole numbers, numbers, booleans or text.
    weights : ndarray of shape (n_samples,) or None
        Row weights, finite and >= 0.
    offset : ndarray of shape (n_samples,) or None
        Part of the raw score that is known. No fit reads it: see
        ``Objective.without_offset``.
    groups : ndarray of int64 of shape (n_samples,) or None
        Rows of one group never cross a fold.
    time : ndarray of float64 of shape (n_samples,) or None
        Folds go forward in it.
    task_inferred : bool
        The task was not stated.
    notes : tuple of str
        What the user should know: how the task was found, columns left out.
    """

    X: Array
    y: Array
    columns: tuple[Column, ...]
    task: Task
    target: str
    classes: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()
    weights: Array | None = None
    offset: Array | None = None
    groups: Indices | None = None
    time: Array | None = None
    task_inferred: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.X.shape != (len(self.y), len(self.columns)):
            raise DataError(
                f"X must be (n_samples, n_features), got {self.X.shape} with "
                f"{len(self.y)} targets and {len(self.columns)} columns."
            )
        for name in ("weights", "offset", "groups", "time"):
            array = getattr(self, name)
            if array is not None and array.shape != self.y.shape:
                raise DataError(
                    f"{name} must be of shape {self.y.shape}, got {array.shape}."
                )

    @property
    def n_samples(self) -> int:
        """Rows."""
        return len(self.y)

    @property
    def n_features(self) -> int:
        """Columns of ``X``."""
        return len(self.columns)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the columns that hold category codes."""
        places = enumerate(self.columns)
        return tuple(place for place, column in places if column.categories is not None)

    @property
    def columns_later(self) -> tuple[Column, ...]:
        """Columns to read later rows with; any value of an empty column is missing."""
        blank = [bool(np.isnan(values).all()) for values in columns_of(self.X)]
        return tuple(
            replace(column, categories=()) if is_blank else column
            for column, is_blank in zip(self.columns, blank, strict=True)
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that a fit can depend on, equal on every platform.

        ``labels``, ``notes`` and ``task_inferred`` change no fit, so are left out.
        """
        digest = hashlib.sha256(_canonical(self._described()))
        for name in _ARRAYS:
            array = getattr(self, name)
            if array is not None:
                shape = "x".join(map(str, array.shape))
                digest.update(f"{name}:{shape};".encode())
                kind = array.dtype.kind
                n_rows = max(_BLOCK // max(array[:1].size, 1), 1)
                for start in range(0, len(array), n_rows):
                    block = array[start : start + n_rows]
                    block = block.astype("<i8" if kind == "i" else "<f8", order="C")
                    if kind != "i":  # one zero and one NaN
                        block[block == 0.0] = 0.0
                        block[np.isnan(block)] = np.nan
                    digest.update(block.tobytes())
                    leave_to_the_file(array)
        return digest.hexdigest()

    def features(self, index: Indices | None = None) -> FeatureRows:
        """Return the features of the rows at ``index``, which are copied when read."""
        return FeatureRows(self.X, self.columns, index)

    def rows(self, index: ArrayLike) -> "Table":
        """Return the table of the rows at the positions ``index``, in that order."""
        taken = np.asarray(index, dtype=np.int64)
        return replace(self.without_features(taken), X=self.features(taken).whole())

    def without_features(self, index: Indices | None = None) -> "Table":
        """Return the table with all features missing, which use no memory.

        With ``index``, only the rows at these positions.
        """
        arrays: dict[str, Any] = {}
        if index is not None:
            arrays = {
                name: array[index]
                for name in _ARRAYS[1:]
                if (array := getattr(self, name)) is not None
            }
        n_samples = len(self.y) if index is None else len(index)
        missing = np.broadcast_to(np.float64(np.nan), (n_samples, self.n_features))
        return replace(self, X=missing, **arrays)

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per array and ``table.json`` into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            array = getattr(self, name)
            if array is not None and array.ndim > 1 and array.size >= LARGE:
                save_columns(folder / f"{name}.npy", array)
            elif array is not None:
                np.save(folder / f"{name}.npy", array, allow_pickle=False)
        described = self._described() | {
            name: getattr(self, name) for name in _UNHASHED
        }
        (folder / "table.json").write_bytes(_canonical(described))

    @classmethod
    def load(cls, folder: Path) -> "Table":
        """Read what ``save`` wrote; ``X`` is mapped read-only, not copied."""
        try:
            described: dict[str, Any] = json.loads((folder / "table.json").read_bytes())
            for name in described.pop("arrays"):
                mapped: Literal["r"] | None = "r" if name == "X" else None
                described[name] = np.load(
                    folder / f"{name}.npy", mmap_mode=mapped, allow_pickle=False
                )
            for column in described["columns"]:
                labels = column["categories"]
                column["categories"] = None if labels is None else tuple(labels)
            described["columns"] = [Column(**column) for column in described["columns"]]
            for name in ("columns", "classes", "labels", "notes"):
                described[name] = tuple(described[name])
            return cls(**described)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{folder}: no table can be read here: {reason(error)}."
            ) from error

    def _described(self) -> dict[str, Any]:
        return {
            "arrays": [name for name in _ARRAYS if getattr(self, name) is not None],
            "columns": [asdict(column) for column in self.columns],
            "task": self.task,
            "target": self.target,
            "classes": self.classes,
        }


def _canonical(described: dict[str, Any]) -> bytes:
    # ASCII escapes carry any name, lone surrogates too.
    return json.dumps(described, sort_keys=True, separators=(",", ":")).encode("ascii")


def data_card(table: Table, source: str) -> dict[str, Any]:
    """Return what ``table`` holds, JSON-ready: no number is NaN or infinite.

    ``classes`` is empty for regression, ``target_summary`` None for classes; ``weights,
    groups, time`` are None without such a column.
    """
    columns: list[dict[str, Any]] = []
    for column, values in zip(table.columns, columns_of(table.X), strict=True):
        missing = int(np.isnan(values).sum())
        columns.append(
            {
                "name": column.name,
                "kind": "numeric" if column.categories is None else "category",
                "missing": missing,
                "distinct": len(np.unique(values)) - bool(missing),  # NaN counts as 1
            }
        )
    counts = []
    if table.classes:
        codes = table.y.astype(np.int64)
        counts = np.bincount(codes, minlength=len(table.classes)).tolist()
    return {
        "source": source,
        "target": table.target,
        "task": table.task,
        "task_inferred": table.task_inferred,
        "rows": table.n_samples,
        "features": table.n_features,
        "columns": columns,
        "missing_share": sum(c["missing"] for c in columns) / table.X.size,
        "classes": [
            {"label": label, "rows": count}
            for label, count in zip(table.classes, counts, strict=True)
        ],
        "target_summary": None if table.classes else _summary(table.y),
        "weights": None if table.weights is None else _summary(table.weights),
        "groups": None if table.groups is None else len(np.unique(table.groups)),
        "time": None if table.time is None else len(np.unique(table.time)),
        "fingerprint": table.fingerprint,
        "notes": list(table.notes),
    }


def _summary(values: Array) -> dict[str, float]:
    """Return location and spread; ``sd`` has divisor n, so one row has one too."""
    low, high = float(values.min()), float(values.max())
    # Squares and sums of larger values overflow; dividing by a power of two is exact.
    scale = 2.0**600 if max(-low, high) > _LARGE else 1.0
    values = values / scale
    return {
        "min": low,
        "median": float(np.median(values)) * scale,
        "mean": float(values.mean()) * scale,
        "max": high,
        "sd": float(values.std()) * scale,
    }
