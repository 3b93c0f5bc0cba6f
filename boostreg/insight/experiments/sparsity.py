r"""Zeros, evenness and the largest weights under L1 and L2 (A4, A5).

Two penalties can only be compared where they are equally strong. Here they are where
they give up the same part of the training fit (A4), or leave the same Euclidean length
(A5). Evenness is told by the Gini coefficient of absolute weights, which falls to 0 as
all become alike and does not need a threshold for what is nearly zero [1]_.

For coefficients a zero is a feature that goes; for a leaf (``-sign(G) max(|G| -
alpha, 0) / H``) it is a region that keeps the intercept's prediction in that tree. A
tree may also answer a penalty by other splits, so leaves are compared twice: as grown
under it, and computed anew on the trees of no penalty.

References
----------
.. [1] N. Hurley, S. Rickard. "Comparing Measures of Sparsity". IEEE Transactions on
   Information Theory 55(10), 2009. doi:10.1109/TIT.2009.2027527
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.insight.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
)
from boostreg.insight.experiments.coefficients import (
    Linear,
    coefficients,
    fit_kept,
    matched,
)
from boostreg.insight.experiments.corner import CORNER_PANEL, corner
from boostreg.insight.experiments.grown import (
    ENGINE_NAMES,
    Grower,
    Grown,
    TreeLeaves,
    in_rows,
)
from boostreg.insight.experiments.measures import gini, mean_of_numbers, zero_share
from boostreg.insight.refresh import assign, leaf_weights, refresh

__all__ = [
    "PROCEDURES",
    "coefficient_sparsity",
    "largest_coefficients",
    "largest_leaves",
    "leaf_sparsity",
]

Array = NDArray[np.float64]

_KEPT = np.linspace(0.5, 0.98, 13)
_ROWS = np.concatenate([[0.0], np.geomspace(0.1, 1000.0, 15)])
_HALVINGS = 30
_RATIOS = (("l1", 1.0), ("l2", 0.0))
_PENALTIES = (("l1", "reg_alpha"), ("l2", "reg_lambda"))


def coefficient_sparsity(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare the coefficients of lasso and ridge at equal training loss."""
    linear, fit = Linear.of(sample), float(options["fit"])
    values: dict[str, float] = {}
    series = {"kept": tuple(_KEPT)}
    for name, l1_ratio in _RATIOS:
        weights = matched(linear, l1_ratio, fit, "fit")
        values |= _told(name, weights)
        path = linear.path(linear.grid(l1_ratio), l1_ratio)
        kept = fit_kept(linear, path)
        for figure, measure in _FIGURES.items():
            along = np.array([measure(w) for w in coefficients(path)])
            known = ~np.isnan(along)  # the strongest leave nothing to be uneven
            line = np.interp(_KEPT, kept[known], along[known])
            series[f"{name}_{figure}"] = tuple(line)
    return Measured(values | _differences(values), series | corner())


def largest_coefficients(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare what the largest coefficients keep under lasso and under ridge."""
    linear = Linear.of(sample)
    free = linear.free()
    largest = np.argsort(np.abs(free))[-int(options["largest"]) :]
    values = {}
    for name, l1_ratio in _RATIOS:
        weights = matched(linear, l1_ratio, float(options["norm"]), "norm")
        values[f"{name}_kept"] = float(np.mean(weights[largest] / free[largest]))
    values["difference"] = values["l1_kept"] - values["l2_kept"]
    series = {"norm": tuple(_KEPT[:-1])}
    for name, l1_ratio in _RATIOS:
        path = coefficients(linear.path(linear.grid(l1_ratio), l1_ratio))
        length = np.linalg.norm(path, axis=1) / np.linalg.norm(free)
        kept = np.mean(path[:, largest] / free[largest], axis=1)
        series[f"{name}_kept"] = tuple(np.interp(_KEPT[:-1], length, kept))
    return Measured(values, series)


def leaf_sparsity(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare the leaves of ensembles under each penalty at equal training loss."""
    grower, fit = Grower.of(sample, options), float(options["fit"])
    rounds = int(options["rounds"])
    free = grower.grow(rounds)
    values: dict[str, float] = {}
    same: dict[str, float] = {}
    series = {"rows": tuple(_ROWS)}
    for name, penalty in _PENALTIES:
        along = [free] + [grower.grow(rounds, **{penalty: r}) for r in _ROWS[1:]]
        kept = np.array([_fit_of(one, free) for one in along])
        for figure, measure in _FIGURES.items():
            line = np.array([measure(one.weights()) for one in along])
            values[f"{name}_{figure}"] = _at(fit, kept, line)
            series[f"{name}_{figure}"] = tuple(line)
        same |= _told(name, _same_trees(free, penalty, fit))
    values |= _differences(values)
    values |= {f"{k}_same_trees": v for k, v in _differences(same).items()}
    return Measured(values, series)


def largest_leaves(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare what the largest leaf of a tree keeps under L1 and L2, equally long."""
    grower = Grower.of(sample, options)
    trees = list(grower.grow(int(options["rounds"])).tree_leaves())
    norm = float(options["norm"])
    values = {}
    for name, penalty in _PENALTIES:
        kept = [_largest_kept(leaves, grower, penalty, norm) for leaves in trees]
        values[f"{name}_kept"] = mean_of_numbers(kept)
    return Measured(values | {"difference": values["l1_kept"] - values["l2_kept"]})


def _told(name: str, weights: Array) -> dict[str, float]:
    return {
        f"{name}_{figure}": measure(weights) for figure, measure in _FIGURES.items()
    }


def _differences(values: Mapping[str, float]) -> dict[str, float]:
    return {f"{f}_difference": values[f"l1_{f}"] - values[f"l2_{f}"] for f in _FIGURES}


def _fit_of(grown: Grown, free: Grown) -> float:
    """Return the share of the unpenalised gain in training loss that is kept."""
    start = grown.problem.start_loss(grown.problem.train)
    return (start - grown.train_loss) / (start - free.train_loss)


def _at(goal: float, kept: Array, line: Array) -> float:
    """Return ``line`` where ``kept`` first falls to ``goal``, between two points."""
    below = np.flatnonzero(kept <= goal)
    if not below.size or below[0] == 0:
        return float("nan")
    after = int(below[0])
    before = after - 1
    share = (kept[before] - goal) / (kept[before] - kept[after])
    return float(line[before] + share * (line[after] - line[before]))


def _same_trees(free: Grown, penalty: str, fit: float) -> Array:
    """Return leaf weights anew under the penalty that keeps ``fit`` of the fit."""
    leaves = assign(free.trees, free.problem)
    start = free.problem.start_loss(free.problem.train)

    def anew(rows: float) -> tuple[float, Array]:
        raw = in_rows(free.problem, penalty, rows)
        found = refresh(free.trees, leaves, free.problem, raw)
        weights = found.trees.value[found.trees.left < 0] / raw.learning_rate
        kept = (start - found.train_loss[-1]) / (start - free.train_loss)
        return float(kept), weights

    rows = _halved(lambda one: anew(one)[0], fit)
    return anew(rows)[1]


def _largest_kept(
    leaves: TreeLeaves, grower: Grower, penalty: str, norm: float
) -> float:
    free = -leaves.G / leaves.H
    length = float(np.linalg.norm(free))
    if length == 0:
        return float("nan")

    def weights(rows: float) -> Array:
        return leaf_weights(leaves.G, leaves.H, in_rows(grower.problem, penalty, rows))

    rows = _halved(lambda one: float(np.linalg.norm(weights(one))) / length, norm)
    largest = int(np.argmax(np.abs(free)))
    return float(weights(rows)[largest] / free[largest])


def _halved(kept: Callable[[float], float], goal: float) -> float:
    """Return the penalty in rows at which a falling share meets ``goal``."""
    low, high = 1e-3, 1e5
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if kept(middle) >= goal else (low, middle)
    return low


_FIGURES: Mapping[str, Callable[[Array], float]] = {
    "zero_share": zero_share,
    "gini": gini,
}
_MEASURES = {
    "l1_zero_share": "share of weights that are exactly 0 under L1",
    "l2_zero_share": "share of weights exactly 0 under L2, at equal training loss",
    "l1_gini": "Gini coefficient of absolute weights under L1: 0 is all alike",
    "l2_gini": "Gini coefficient of absolute weights under L2, at equal training loss",
    "zero_share_difference": "share of exact zeros under L1 less that under L2",
    "gini_difference": "Gini coefficient of absolute weights under L1 less under L2",
}
_SAME_TREES = {
    f"{name}_same_trees": f"{_MEASURES[name]}, leaves anew on unpenalised trees"
    for name in ("zero_share_difference", "gini_difference")
}
_KEEP = "what the largest weights keep of their unpenalised values"
_KEPT_MEASURES = {
    "l1_kept": f"{_KEEP} under L1",
    "l2_kept": f"{_KEEP} under L2, at equal length of all weights",
    "difference": f"{_KEEP} under L1, less under L2, at equal length of all",
}
_FIT = Option(0.9, "share of the unpenalised gain in training loss kept", 0.05, 0.999)
_NORM = Option(0.5, "share of the unpenalised length that is left", 0.01, 0.99)
_ENGINE = Option("xgboost", "who grows the trees", choices=ENGINE_NAMES)
_ROUNDS = Option(20, "boosting rounds", low=1, high=200)
_LINES = {"zero_share": "share of exact zeros", "gini": "Gini coefficient"}

PROCEDURES: Mapping[str, Procedure] = {
    "coefficient_sparsity": Procedure(
        run=coefficient_sparsity,
        words="Coefficients of lasso and ridge at equal training loss.",
        measures=_MEASURES,
        options={"fit": _FIT},
        panels=(
            *(
                Panel(
                    title=f"{words.capitalize()} at equal training loss",
                    x="kept",
                    x_label="share of the unpenalised fit that is kept",
                    y_label=words,
                    lines={f"l1_{figure}": "L1", f"l2_{figure}": "L2"},
                )
                for figure, words in _LINES.items()
            ),
            CORNER_PANEL,
        ),
        objectives="squared_error or logistic",
    ),
    "largest_coefficients": Procedure(
        run=largest_coefficients,
        words="What the largest coefficients keep under lasso and ridge, equally long.",
        measures=_KEPT_MEASURES,
        options={
            "norm": _NORM,
            "largest": Option(3, "how many of the largest count", low=1, high=1000),
        },
        panels=(
            Panel(
                title="What the largest coefficients keep",
                x="norm",
                x_label="length of all over the unpenalised",
                y_label="largest over their unpenalised",
                lines={"l1_kept": "L1", "l2_kept": "L2"},
            ),
        ),
        objectives="squared_error or logistic",
    ),
    "leaf_sparsity": Procedure(
        run=leaf_sparsity,
        words="Leaf weights under each penalty at equal training loss and rounds.",
        measures=_MEASURES | _SAME_TREES,
        options={"engine": _ENGINE, "rounds": _ROUNDS, "fit": _FIT},
        panels=tuple(
            Panel(
                title=f"{words.capitalize()} of leaf weights along each penalty",
                x="rows",
                x_label="penalty, in rows",
                y_label=words,
                lines={f"l1_{figure}": "reg_alpha", f"l2_{figure}": "reg_lambda"},
                x_log=True,
            )
            for figure, words in _LINES.items()
        ),
        by_engine=True,
        objectives="squared_error or logistic",
    ),
    "largest_leaves": Procedure(
        run=largest_leaves,
        words="What the largest leaf of each tree keeps under each penalty.",
        measures=_KEPT_MEASURES,
        options={"engine": _ENGINE, "rounds": _ROUNDS, "norm": _NORM},
        by_engine=True,
        objectives="squared_error or logistic",
    ),
}
