r"""Smoothness of predicted probabilities under L2.

Along straight lines between pairs of new rows, the probability p has a total variation
:math:`\sum |p_{k + 1} - p_k|`. If p is monotonic, the total variation is the difference
of the ends; the excess, the *detours*, is roughness. A linear model has none: its
boundary is straight under any penalty, and a penalty only changes how steep p is there.
The gradient's norm is :math:`p (1 - p) \|w\|`, so :math:`\|w\| / 4` on the boundary;
its mean over new rows is also measured, but it decreases *too* if the boundary is so
steep that few rows are on it. Trees have no gradient, only variation and detours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines.linear import Path
from boostreg.claims.experiments.base import (
    ENGINE,
    ROWS,
    Measured,
    Options,
    Sample,
    along_rows,
    along_strength,
    procedure,
    rounds_option,
    rows_option,
)
from boostreg.claims.experiments.coefficients import L1_RATIOS, Linear, coefficients
from boostreg.claims.experiments.grown import LEAF_PENALTIES, Grower
from boostreg.losses import sigmoid

__all__ = ["Variation", "smooth_line", "smooth_trees", "walk"]

_PAIRS = 60
_POINTS = 41


@dataclass(frozen=True, slots=True)
class Variation:
    """Means over lines: total variation, and what of it is beyond the ends."""

    total: float
    detours: float


def walk(
    score: Callable[[Array], Array], X: Array, seed: int, pairs: int = _PAIRS
) -> Variation:
    """Return how probabilities vary on lines between pairs of rows.

    ``score`` maps rows (n_samples, n_inputs) to raw scores (n_samples,).
    """
    ends = np.random.default_rng(seed).integers(0, len(X), (2, pairs))
    share = np.linspace(0.0, 1.0, _POINTS)[None, :, None]
    lines = (1 - share) * X[ends[0], None, :] + share * X[ends[1], None, :]
    p = sigmoid(score(lines.reshape(-1, X.shape[1]))).reshape(pairs, _POINTS)
    total = np.abs(np.diff(p, axis=1)).sum(axis=1)
    direct = np.abs(p[:, -1] - p[:, 0])
    return Variation(float(np.mean(total)), float(np.mean(total - direct)))


_STEEPNESS = {
    "steepness": "gradient norm of the probability on the boundary",
    "mean_gradient": "mean gradient norm on new rows",
}


@procedure(
    {
        f"{name}_{figure}_change": (
            f"{words} over the unpenalised model's, minus 1, at the strength of "
            f"minimum inner loss: {name.upper()}"
        )
        for name in L1_RATIOS
        for figure, words in _STEEPNESS.items()
    },
    panels=[
        along_strength(
            f"Steepness along {name.upper()}",
            f"{name}_share",
            "over the unpenalised",
            {f"{name}_{figure}": words for figure, words in _STEEPNESS.items()},
        )
        for name in L1_RATIOS
    ],
    objectives="logistic",
)
def smooth_line(sample: Sample, options: Options) -> Measured:
    """Measure how steeply probabilities of logistic regressions pass the boundary."""
    del options
    linear = Linear.of(sample)

    def mean_gradient(path: Path, at: int) -> float:
        """Return the mean norm of the gradient of p over new rows."""
        # |grad p| = p (1 - p) |w|
        p = sigmoid(path.raw(linear.X_new, at)[:, 0])
        return float(np.mean(p * (1 - p)) * np.linalg.norm(path.coefficients[at]))

    start = float(np.linalg.norm(linear.free()))
    start_mean = mean_gradient(linear.free_path(), 0)
    values, series = {}, {}
    for name, l1_ratio in L1_RATIOS.items():
        grid = linear.grid(l1_ratio)
        path = linear.path(grid, l1_ratio)
        steep = np.linalg.norm(coefficients(path), axis=1) / start
        mean = np.array([mean_gradient(path, k) / start_mean for k in range(len(grid))])
        best = linear.choose(l1_ratio, sample.seed)
        values[f"{name}_steepness_change"] = steep[best] - 1
        values[f"{name}_mean_gradient_change"] = mean[best] - 1
        series[f"{name}_share"] = grid[::-1] / grid[0]
        series[f"{name}_steepness"] = steep[::-1]
        series[f"{name}_mean_gradient"] = mean[::-1]
    return Measured.of(values, series)


_CHANGES = {
    "variation_change": (
        "total variation of the probability between new rows, over the unpenalised "
        "ensemble's, minus 1"
    ),
    "detour_change": (
        "variation of the probability between new rows beyond that of the ends, over "
        "the unpenalised ensemble's, minus 1"
    ),
    "detour_share_change": (
        "share of the variation of the probability that is beyond that of the ends, "
        "minus that of the unpenalised ensemble"
    ),
}


@procedure(
    {
        f"{name}_{change}": f"{words}: {penalty}"
        for name, penalty in LEAF_PENALTIES.items()
        for change, words in _CHANGES.items()
    },
    options={
        "engine": ENGINE,
        "rounds": rounds_option(40),
        "strength": rows_option(10.0),
    },
    panels=[
        along_rows(
            f"{words.capitalize()} along each penalty",
            words,
            {f"{name}_{figure}": penalty for name, penalty in LEAF_PENALTIES.items()},
        )
        for figure, words in (
            ("variation", "total variation"),
            ("detours", "variation beyond the ends"),
        )
    ],
    objectives="logistic",
)
def smooth_trees(sample: Sample, options: Options) -> Measured:
    """Measure how an ensemble's probabilities vary on lines between new rows."""
    grower, rounds = Grower.of(sample, options), int(options["rounds"])

    def under(penalty: str, rows: float) -> Variation:
        changes: dict[str, Any] = {penalty: rows}
        trees = grower.grow(rounds, **changes).trees
        return walk(
            lambda X: trees.predict(X)[:, 0] + trees.intercept[0],
            sample.X_new,
            sample.seed,
        )

    free = under("reg_lambda", 0.0)
    values: dict[str, float] = {}
    series: dict[str, tuple[float, ...]] = {"rows": ROWS}
    for name, penalty in LEAF_PENALTIES.items():
        found = under(penalty, float(options["strength"]))
        values[f"{name}_variation_change"] = _ratio(found.total, free.total) - 1
        values[f"{name}_detour_change"] = _ratio(found.detours, free.detours) - 1
        values[f"{name}_detour_share_change"] = _ratio(
            found.detours, found.total
        ) - _ratio(free.detours, free.total)
        along = [under(penalty, rows) for rows in ROWS]
        series[f"{name}_variation"] = tuple(one.total for one in along)
        series[f"{name}_detours"] = tuple(one.detours for one in along)
    return Measured.of(values, series)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
