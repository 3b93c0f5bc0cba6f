r"""Leaves of two models compared on the same outer folds, by their ratio.

Leaves differ by factors and cannot fall below 0, so ratios are what is averaged: with
:math:`r_k = a_k / b_k` of fold k, the geometric mean
:math:`\exp(\tfrac{1}{K} \sum_k \log r_k)`, and the corrected resampled t interval of
the mean of :math:`\log r_k`, carried back. No such interval reaches below -100 %.
"""

import math
from typing import Any

import numpy as np

from boostreg.losses import Array
from boostreg.report.records import RunRecord
from boostreg.statistics import corrected_t

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
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(first) - np.log(second)
    # A model of the intercept alone has no leaf, and no ratio.
    interval = corrected_t(
        np.where(np.isfinite(logs), logs, np.nan), record.outer_ratio
    )
    ends = (interval.estimate, interval.low, interval.high)
    ratio, low, high = (math.exp(end) for end in ends)
    return {
        "a": a,
        "b": b,
        "ratio": ratio,
        "low": low,
        "high": high,
        "folds": np.exp(logs).tolist(),
        "method": interval.method,
    }


def _leaves(name: str, record: RunRecord) -> Array:
    engine, _, model = name.partition(" ")
    folds = record.engines[engine].outer[model]
    return np.array([float(fold.size.n_leaves) for fold in folds])
