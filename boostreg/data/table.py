"""A checked table: what every fit reads, as plain arrays with a fingerprint."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.data.columns import Column
from boostreg.errors import DataError, reason

__all__ = ["Table", "Task", "data_card"]

Task = Literal["regression", "binary", "multiclass"]

_ARRAYS = ("X", "y", "weights", "groups", "time")
_SAID = ("labels", "task_inferred", "notes")
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
        One a feature, in the order of ``X``.
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
    groups : ndarray of int64 of shape (n_samples,) or None
        Rows of one group never cross a fold.
    time : ndarray of float64 of shape (n_samples,) or None
        Folds go forward in it.
    task_inferred : bool
        The task was not stated.
    notes : tuple of str
        What the user should know: how the task was found, columns left out.
    """

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    columns: tuple[Column, ...]
    task: Task
    target: str
    classes: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()
    weights: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    time: NDArray[np.float64] | None = None
    task_inferred: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.X.shape != (len(self.y), len(self.columns)):
            raise DataError(
                f"X must be (n_samples, n_features), got {self.X.shape} with "
                f"{len(self.y)} targets and {len(self.columns)} columns."
            )
        for name in ("weights", "groups", "time"):
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
        return tuple(
            index
            for index, column in enumerate(self.columns)
            if column.categories is not None
        )

    @property
    def columns_later(self) -> tuple[Column, ...]:
        """Columns to read later rows by.

        One without any value has no categories, so that all it holds later is missing.
        """
        blank = np.atleast_1d(np.isnan(self.X).all(axis=0))
        return tuple(
            replace(column, categories=()) if is_blank else column
            for column, is_blank in zip(self.columns, blank, strict=True)
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that a fit can depend on, equal on every platform.

        ``labels``, ``notes`` and ``task_inferred`` are left out: how classes are
        written and what was said about a table change no fit.
        """
        digest = hashlib.sha256(_canonical(self._described()))
        for name in _ARRAYS:
            array = getattr(self, name)
            if array is not None:
                shape = "x".join(map(str, array.shape))
                digest.update(f"{name}:{shape};".encode())
                for block in _blocks(array):
                    digest.update(block)
        return digest.hexdigest()

    def rows(self, index: ArrayLike) -> "Table":
        """Return the table of the rows at the positions ``index``, in that order."""
        taken = np.asarray(index, dtype=np.int64)
        arrays: dict[str, Any] = {
            name: np.asarray(array)[taken]
            for name in _ARRAYS
            if (array := getattr(self, name)) is not None
        }
        return replace(self, **arrays)

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file an array and ``table.json`` into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            array = getattr(self, name)
            if array is not None:
                np.save(folder / f"{name}.npy", array, allow_pickle=False)
        described = self._described() | {name: getattr(self, name) for name in _SAID}
        (folder / "table.json").write_bytes(_canonical(described))

    @classmethod
    def load(cls, folder: Path) -> "Table":
        """Read what ``save`` wrote; ``X`` is mapped read-only, not copied.

        Raises
        ------
        DataError
            If a file is missing or damaged.
        """
        try:
            described: dict[str, Any] = json.loads((folder / "table.json").read_bytes())
            for name in described.pop("arrays"):
                mapped: Literal["r"] | None = "r" if name == "X" else None
                described[name] = np.load(
                    folder / f"{name}.npy", mmap_mode=mapped, allow_pickle=False
                )
            described["columns"] = tuple(
                Column(column["name"], _as_tuple(column["categories"]))
                for column in described["columns"]
            )
            described["classes"] = tuple(described["classes"])
            described["labels"] = tuple(described["labels"])
            described["notes"] = tuple(described["notes"])
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


def _blocks(array: NDArray[Any]) -> Iterator[bytes]:
    """Yield the numbers as little-endian bytes, with one zero and one NaN."""
    flat = array.reshape(-1)
    kind = "<i8" if array.dtype.kind == "i" else "<f8"
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK].astype(kind)
        if kind == "<f8":
            block[block == 0.0] = 0.0
            block[np.isnan(block)] = np.nan
        yield block.tobytes()


def _as_tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


_LARGE = 1e150


def data_card(table: Table, source: str) -> dict[str, Any]:
    """Return what ``table`` holds.

    Returns
    -------
    dict
        ``source, target, task, task_inferred, rows, features, columns`` (each with
        ``name``, ``kind``, ``missing``, ``distinct``), ``missing_share, classes``
        (each with ``label``, ``rows``; empty for regression), ``target_summary``
        (None for classes), ``weights, groups, time`` (None where there are none),
        ``fingerprint`` and ``notes``. No number is NaN or infinite.
    """
    columns = [_column_card(table, place) for place in range(table.n_features)]
    return {
        "source": source,
        "target": table.target,
        "task": table.task,
        "task_inferred": table.task_inferred,
        "rows": table.n_samples,
        "features": table.n_features,
        "columns": columns,
        "missing_share": sum(c["missing"] for c in columns) / table.X.size,
        "classes": _classes(table),
        "target_summary": None if table.classes else _summary(table.y),
        "weights": None if table.weights is None else _summary(table.weights),
        "groups": None if table.groups is None else len(np.unique(table.groups)),
        "time": None if table.time is None else len(np.unique(table.time)),
        "fingerprint": table.fingerprint,
        "notes": list(table.notes),
    }


def _column_card(table: Table, place: int) -> dict[str, Any]:
    column, values = table.columns[place], table.X[:, place]
    missing = int(np.isnan(values).sum())
    return {
        "name": column.name,
        "kind": "numeric" if column.categories is None else "category",
        "missing": missing,
        "distinct": len(np.unique(values)) - bool(missing),  # NaN is one value there
    }


def _classes(table: Table) -> list[dict[str, Any]]:
    if not table.classes:
        return []
    counts = np.bincount(table.y.astype(np.int64), minlength=len(table.classes))
    return [
        {"label": label, "rows": int(count)}
        for label, count in zip(table.classes, counts, strict=False)
    ]


def _summary(values: NDArray[np.float64]) -> dict[str, float]:
    """Return spread and place; ``sd`` with divisor n, so that one row has one."""
    least, most = float(values.min()), float(values.max())
    # Squares and sums of larger values overflow; a power of two is exact to take off.
    scale = 2.0**600 if max(-least, most) > _LARGE else 1.0
    values = values / scale
    return {
        "min": least,
        "median": float(np.median(values)) * scale,
        "mean": float(values.mean()) * scale,
        "max": most,
        "sd": float(values.std()) * scale,
    }
