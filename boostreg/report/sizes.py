"""Leaves of two models compared on the same outer folds, by their ratio."""

from typing import Any

import numpy as np

from boostreg.insight.ratios import paired_ratio
from boostreg.losses import Array
from boostreg.report.records import RunRecord

__all__ = ["sizes_data"]


def sizes_data(record: RunRecord) -> list[dict[str, Any]]:
    """Return one ratio of leaves a pair: tuned to default, small to best, engines."""
    names = list(record.engines)
    pairs = []
    for engine in names:
        pairs.append((f"{engine} best", f"{engine} default"))
        pairs.append((f"{engine} one_se", f"{engine} default"))
        pairs.append((f"{engine} one_se", f"{engine} best"))
    pairs += [
        (f"{b} {pick}", f"{a} {pick}")
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        for pick in ("best", "one_se")
    ]
    return [_ratio(a, b, record) for a, b in pairs]


def _ratio(a: str, b: str, record: RunRecord) -> dict[str, Any]:
    first, second = (_leaves(name, record) for name in (a, b))
    found = paired_ratio(first, second, record.outer_ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        folds = first / second
    return {
        "a": a,
        "b": b,
        "ratio": found.estimate,
        "low": found.low,
        "high": found.high,
        "folds": folds.tolist(),
        "method": found.method,
    }


def _leaves(name: str, record: RunRecord) -> Array:
    engine, _, model = name.partition(" ")
    folds = record.engines[engine].outer[model]
    return np.array([float(fold.size.n_leaves) for fold in folds])
