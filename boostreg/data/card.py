"""The data card: what a report says about a table, JSON-ready."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.table import Table

__all__ = ["data_card"]

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
