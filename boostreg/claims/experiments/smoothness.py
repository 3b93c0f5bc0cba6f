r"""Smoothness of predicted probabilities under L2.

Along straight lines between pairs of new rows, the probability p has a total variation
:math:`\sum |p_{k + 1} - p_k|`. If p is monotonic, the total variation is the difference
of the ends; the excess, the *detours*, is roughness. A linear model has none: its
boundary is straight under any penalty, and a penalty only changes how steep p is there.
The gradient's norm is :math:`p (1 - p) \|w\|`, so :math:`\|w\| / 4` on the boundary;
its mean over new rows is also measured, but it decreases *too* if the boundary is so
steep that few rows are on it. Trees have no gradient, only variation and detours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines.linear import Path
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
)
from boostreg.claims.experiments.coefficients import Linear, coefficients
from boostreg.claims.experiments.grown import ENGINE_NAMES, Grower, Grown
from boostreg.losses import sigmoid

__all__ = ["PROCEDURES", "Variation", "smooth_line", "smooth_trees", "walk"]

_PAIRS = 60
_POINTS = 41
_ROWS = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True, slots=True)
class Variation:
    """Means over lines: total variation, and what of it is beyond the ends."""

    total: float
    detours: float


def walk(
    score: Callable[[Array], Array], X: Array, seed: int, pairs: int = _PAIRS
) -> Variation:
    """Return how probabilities vary on lines between pairs of rows.

    Parameters
    ----------
    score : callable
        From rows (n_samples, n_inputs) to raw scores (n_samples,).
    X : ndarray of shape (n_samples, n_inputs)
    seed : int
        Seed for the pairs.
    """
    ends = np.random.default_rng(seed).integers(0, len(X), (2, pairs))
    share = np.linspace(0.0, 1.0, _POINTS)[None, :, None]
    lines = (1 - share) * X[ends[0], None, :] + share * X[ends[1], None, :]
    p = sigmoid(score(lines.reshape(-1, X.shape[1]))).reshape(pairs, _POINTS)
    total = np.abs(np.diff(p, axis=1)).sum(axis=1)
    direct = np.abs(p[:, -1] - p[:, 0])
    return Variation(float(np.mean(total)), float(np.mean(total - direct)))


def smooth_line(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare the steepness of logistic regressions with the unpenalised one's."""
    del options
    linear = Linear.of(sample)
    free = linear.free_path()
    start, start_mean = float(np.linalg.norm(linear.free())), _gradient(linear, free, 0)
    values: dict[str, float] = {}
    series: dict[str, tuple[float, ...]] = {}
    for name, l1_ratio in (("l1", 1.0), ("l2", 0.0)):
        grid = linear.grid(l1_ratio)
        path = linear.path(grid, l1_ratio)
        steep = np.linalg.norm(coefficients(path), axis=1) / start
        mean = [_gradient(linear, path, k) / start_mean for k in range(len(grid))]
        best = linear.choose(l1_ratio, sample.seed)
        values[f"{name}_steepness_change"] = float(steep[best] - 1)
        values[f"{name}_mean_gradient_change"] = mean[best] - 1
        series[f"{name}_share"] = tuple(grid[::-1] / grid[0])
        series[f"{name}_steepness"] = tuple(steep[::-1])
        series[f"{name}_mean_gradient"] = tuple(mean[::-1])
    return Measured(values, series)


def smooth_trees(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare the variation of ensembles under a penalty with that without one."""
    grower, rounds = Grower.of(sample, options), int(options["rounds"])

    def under(penalty: str, rows: float) -> Variation:
        changes: dict[str, Any] = {penalty: rows}
        return _tree_variation(grower.grow(rounds, **changes), sample)

    free = under("reg_lambda", 0.0)
    values: dict[str, float] = {}
    series: dict[str, tuple[float, ...]] = {"rows": _ROWS}
    for name, penalty in (("l1", "reg_alpha"), ("l2", "reg_lambda")):
        found = under(penalty, float(options["strength"]))
        values[f"{name}_variation_change"] = _ratio(found.total, free.total) - 1
        values[f"{name}_detour_change"] = _ratio(found.detours, free.detours) - 1
        values[f"{name}_detour_share_change"] = _ratio(
            found.detours, found.total
        ) - _ratio(free.detours, free.total)
        along = [under(penalty, rows) for rows in _ROWS]
        series[f"{name}_variation"] = tuple(one.total for one in along)
        series[f"{name}_detours"] = tuple(one.detours for one in along)
    return Measured(values, series)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _gradient(linear: Linear, path: Path, at: int) -> float:
    """Return the mean norm of the gradient of p over new rows."""
    p = sigmoid(path.raw(linear.X_new, at)[:, 0])
    return float(np.mean(p * (1 - p)) * np.linalg.norm(path.coefficients[at]))


def _tree_variation(grown: Grown, sample: Sample) -> Variation:
    trees = grown.trees
    return walk(
        lambda X: trees.predict(X)[:, 0] + trees.intercept[0], sample.X_new, sample.seed
    )


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
        "less that of the unpenalised ensemble"
    ),
}
_STEEPNESS = {
    "steepness": "gradient norm of the probability on the boundary",
    "mean_gradient": "mean gradient norm on new rows",
}
_PENALTIES = {"l1": "reg_alpha", "l2": "reg_lambda"}

PROCEDURES: Mapping[str, Procedure] = {
    "smooth_line": Procedure(
        run=smooth_line,
        words="How steeply probabilities of logistic regressions pass the boundary.",
        measures={
            f"{name}_{figure}_change": (
                f"{words} over the unpenalised model's, minus 1, at the strength of "
                f"least inner loss: {name.upper()}"
            )
            for name in _PENALTIES
            for figure, words in _STEEPNESS.items()
        },
        panels=tuple(
            Panel(
                title=f"Steepness along {name.upper()}",
                x=f"{name}_share",
                x_label="strength, as a share of the strongest",
                y_label="over the unpenalised",
                lines={f"{name}_{figure}": w for figure, w in _STEEPNESS.items()},
                x_log=True,
            )
            for name in _PENALTIES
        ),
        objectives="logistic",
    ),
    "smooth_trees": Procedure(
        run=smooth_trees,
        words="How much an ensemble's probabilities vary on lines between new rows.",
        measures={
            f"{name}_{change}": f"{words}: {penalty}"
            for name, penalty in _PENALTIES.items()
            for change, words in _CHANGES.items()
        },
        options={
            "engine": Option("xgboost", "who grows the trees", choices=ENGINE_NAMES),
            "rounds": Option(40, "boosting rounds", low=1, high=500),
            "strength": Option(10.0, "the penalty, in rows", low=0.0, high=1e6),
        },
        panels=tuple(
            Panel(
                title=f"{words.capitalize()} along each penalty",
                x="rows",
                x_label="penalty, in rows",
                y_label=words,
                lines={f"{k}_{figure}": penalty for k, penalty in _PENALTIES.items()},
                x_log=True,
            )
            for figure, words in (
                ("variation", "total variation"),
                ("detours", "variation beyond the ends"),
            )
        ),
        by_engine=True,
        objectives="logistic",
    ),
}
