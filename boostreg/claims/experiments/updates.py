r"""How the penalties reduce weights: proportionally (L2) or by a constant (L1).

A gradient step of length :math:`\eta` on the penalty alone subtracts

.. math:: \eta \lambda w \quad \text{(L2)}, \qquad
    \eta \alpha \operatorname{sign}(w) \quad \text{(L1)}

from a weight ([1]_, eq. 7.5 and 7.20). The slope of log(reduction) on log(size)
distinguishes them: 1 is proportional, 0 is constant. At the unpenalised optimum the
gradient of the loss is 0, so the first step on the whole objective shows only the
penalty. Where the steps *end* also depends on the curvature of the loss.

References
----------
.. [1] I. Goodfellow, Y. Bengio, A. Courville. "Deep Learning". MIT Press, 2016.
   https://www.deeplearningbook.org
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
    log_slope,
    mean_of_numbers,
    rank_correlation,
    spread,
)
from boostreg.claims.experiments.coefficients import Linear, coefficients, matched
from boostreg.claims.experiments.grown import (
    ENGINE_NAMES,
    TREE_PANELS,
    Grower,
    TreeLeaves,
    in_rows,
    one_tree,
)
from boostreg.effects.mechanism import leaf_weights

__all__ = [
    "LEAF_PROCEDURES",
    "PROCEDURES",
    "leaf_order",
    "leaf_steps",
    "one_step",
    "order_of_falling",
]

_NUDGE = 1e-6
_LINES = 4
_RANKS = np.linspace(0.0, 1.0, 21)


def one_step(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Take one gradient step from the unpenalised optimum, and go to the end.

    The gradient of the whole objective is computed by central differences, so that no
    formula of the penalties is used.
    """
    linear, strength = Linear.of(sample), float(options["strength"])
    free = linear.free()
    size = np.abs(free)
    alpha = strength * linear.top(1.0)
    lam = alpha * float(np.sum(size) / np.sum(size**2))  # the same mean reduction
    order = np.argsort(size)
    series = {"size": _at_ranks(size[order] / np.mean(size))}
    values = {}
    for name, factor, penalty in (
        ("l1", alpha, lambda w: float(np.sum(np.abs(w)))),
        ("l2", lam, lambda w: float(np.sum(w**2)) / 2),
    ):
        taken = np.sign(free) * _slope(linear, factor, penalty)
        series[f"{name}_taken"] = _at_ranks(taken[order] / np.mean(taken))
        path = linear.path(np.array([factor]), 1.0 if name == "l1" else 0.0)
        left = np.abs(coefficients(path)[0])
        values[f"{name}_slope"] = log_slope(size, taken)
        values[f"{name}_slope_at_end"] = log_slope(
            size[left > 0], (size - left)[left > 0]
        )
    return Measured(values, series)


def order_of_falling(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Say in which order coefficients fall along the ridge and the lasso path."""
    linear, kept = Linear.of(sample), float(options["norm"])
    free = linear.free()
    size = np.abs(free)
    values = {}
    for name, l1_ratio in (("l1", 1.0), ("l2", 0.0)):
        fall = size - np.abs(matched(linear, l1_ratio, kept, "norm"))
        values[f"{name}_fall_order"] = rank_correlation(size, fall)
        values[f"{name}_share_order"] = rank_correlation(size, fall / size)
    grid = linear.grid(1.0)
    lasso = coefficients(linear.path(grid, 1.0))
    entered = np.where((lasso != 0).any(axis=0), grid[np.argmax(lasso != 0, axis=0)], 0)
    ridge = np.abs(coefficients(linear.path(linear.grid(0.0), 0.0)))
    values["l1_vanish_order"] = rank_correlation(size, entered)
    values["l2_zeros"] = float(np.mean(ridge == 0))
    series = _falling(size, np.abs(lasso), ridge)
    series["l1_share"] = tuple(grid[::-1] / grid[0])
    series["l2_share"] = tuple(linear.grid(0.0)[::-1] / linear.top(0.0))
    return Measured(values, series)


def _slope(linear: Linear, factor: float, penalty: Callable[[Array], float]) -> Array:
    """Return the objective's slope by each coefficient at the unpenalised optimum."""
    design, free = linear.design, linear.free_path()
    half = 0.5 if design.objective.name == "squared_error" else 1.0

    def objective(w: Array) -> float:
        raw = free.intercepts[0] + design.X @ w
        loss = design.objective.loss(design.y, raw[:, None])
        return half * loss + factor * penalty(w)

    w = coefficients(free)[0]
    nudges = np.maximum(_NUDGE * np.abs(w), _NUDGE * 1e-3) * np.eye(len(w))
    slopes = [(objective(w + d) - objective(w - d)) / (2 * d.sum()) for d in nudges]
    return np.array(slopes)


def _falling(size: Array, lasso: Array, ridge: Array) -> dict[str, tuple[float, ...]]:
    """Return paths of four coefficients, by decreasing size, over their start."""
    order = np.argsort(size)[::-1]
    chosen = order[np.linspace(0, len(order) - 1, _LINES).round().astype(int)]
    series: dict[str, tuple[float, ...]] = {}
    for name, path in (("l1", lasso), ("l2", ridge)):
        for k, j in enumerate(chosen):
            series[f"{name}_weight{k}"] = tuple(path[::-1, j] / np.max(size))
    return series


def _at_ranks(values: Array) -> tuple[float, ...]:
    return tuple(np.interp(_RANKS, np.linspace(0.0, 1.0, len(values)), values))


_PATH_LINES = ("largest weight", "a third down", "two thirds down", "least weight")

PROCEDURES: Mapping[str, Procedure] = {
    "one_step": Procedure(
        run=one_step,
        words=(
            "One gradient step on the penalised loss of a linear model from its "
            "unpenalised optimum: what L1 and L2 take from each coefficient."
        ),
        measures={
            "l1_slope": (
                "slope of log(taken) on log(size) in one L1 step: 0 is a constant"
            ),
            "l2_slope": (
                "slope of log(taken) on log(size) in one L2 step: 1 is in proportion"
            ),
            "l1_slope_at_end": (
                "slope of log(taken) on log(size) at the lasso's optimum, of "
                "coefficients that are not 0: 0 is a constant"
            ),
            "l2_slope_at_end": (
                "slope of log(taken) on log(size) at the ridge's optimum: 1 is in "
                "proportion"
            ),
        },
        options={
            "strength": Option(
                0.05,
                "L1, as a share of what forbids all coefficients; L2 pulls as much",
                low=1e-6,
                high=1.0,
            )
        },
        panels=(
            Panel(
                title="What one step takes",
                x="size",
                x_label="coefficient, over the mean",
                y_label="taken, over the mean",
                lines={"l1_taken": "L1", "l2_taken": "L2"},
            ),
        ),
        objectives="squared_error or logistic",
    ),
    "order_of_falling": Procedure(
        run=order_of_falling,
        words="The order in which coefficients fall along the ridge and lasso paths.",
        measures={
            "l1_fall_order": (
                "rank correlation of a coefficient's size and its fall: lasso"
            ),
            "l2_fall_order": (
                "rank correlation of a coefficient's size and its fall: ridge"
            ),
            "l1_share_order": (
                "rank correlation of a coefficient's size and the share that falls: "
                "lasso"
            ),
            "l2_share_order": (
                "rank correlation of a coefficient's size and the share that falls: "
                "ridge"
            ),
            "l1_vanish_order": (
                "rank correlation of a coefficient's size and the strength at which "
                "the lasso drops it"
            ),
            "l2_zeros": "share of coefficients that are 0 anywhere on the ridge path",
        },
        options={
            "norm": Option(0.5, "share of the length that is left", low=0.01, high=0.99)
        },
        panels=tuple(
            Panel(
                title=f"Four coefficients along {words}",
                x=f"{name}_share",
                x_label="strength, as a share of the strongest",
                y_label="size over the largest unpenalised",
                lines={f"{name}_weight{k}": _PATH_LINES[k] for k in range(_LINES)},
                x_log=True,
            )
            for name, words in (("l1", "the lasso path"), ("l2", "the ridge path"))
        ),
        objectives="squared_error or logistic",
    ),
}


def leaf_steps(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Take penalties from the leaves of unpenalised trees, splits unchanged."""
    grower = Grower.of(sample, options)
    trees = list(grower.grow(int(options["rounds"])).tree_leaves())
    rows = float(options["strength"])
    found: dict[str, list[float]] = {name: [] for name in _LEAF_STEPS}
    for leaves in trees:
        size = np.abs(leaves.G / leaves.H)
        for name, penalty in (("l1", "reg_alpha"), ("l2", "reg_lambda")):
            raw = in_rows(grower.problem, penalty, rows)
            left = np.abs(leaf_weights(leaves.G, leaves.H, raw))
            taken = size - left
            found[f"{name}_slope"].append(log_slope(size[left > 0], taken[left > 0]))
            found[f"{name}_amount_spread"].append(spread(taken[left > 0]))
            with_size = size > 0
            found[f"{name}_share_spread"].append(
                spread(taken[with_size] / size[with_size])
            )
        found["curvature_spread"].append(spread(leaves.H))
    return Measured({k: mean_of_numbers(v) for k, v in found.items()}, one_tree(grower))


def leaf_order(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Say in which order the leaves of unpenalised trees fall, splits unchanged."""
    grower = Grower.of(sample, options)
    trees = list(grower.grow(int(options["rounds"])).tree_leaves())
    orders = [
        _leaf_orders(leaves, grower, float(options["strength"])) for leaves in trees
    ]
    names = ("l2_fall_order", "l2_share_order", "l1_vanish_order")
    return Measured(
        {
            name: mean_of_numbers([one[k] for one in orders])
            for k, name in enumerate(names)
        },
        one_tree(grower),
    )


def _leaf_orders(
    leaves: TreeLeaves, grower: Grower, rows: float
) -> tuple[float, float, float]:
    size = np.abs(leaves.G / leaves.H)
    raw = in_rows(grower.problem, "reg_lambda", rows)
    fall = size - np.abs(leaf_weights(leaves.G, leaves.H, raw))
    share = np.divide(fall, size, out=np.zeros_like(size), where=size > 0)
    vanish = np.abs(leaves.G)  # the reg_alpha that sets the leaf to 0
    return (
        rank_correlation(size, fall),
        rank_correlation(size, share),
        rank_correlation(size, vanish),
    )


_LEAF_STEPS = {
    "l1_slope": "slope of log(taken) on log(size) of leaves under L1: 0 is a constant",
    "l2_slope": (
        "slope of log(taken) on log(size) of leaves under L2: 1 is in proportion"
    ),
    "l1_amount_spread": (
        "deviation over mean of what L1 takes from leaves: 0 is a constant"
    ),
    "l2_amount_spread": (
        "deviation over mean of what L2 takes from leaves: 0 is a constant"
    ),
    "l1_share_spread": (
        "deviation over mean of the share that L1 takes of leaves: 0 is in proportion"
    ),
    "l2_share_spread": (
        "deviation over mean of the share that L2 takes of leaves: 0 is in proportion"
    ),
    "curvature_spread": "deviation over mean of the leaves' curvature H",
}
_ENGINE = Option("xgboost", "who grows the trees", choices=ENGINE_NAMES)
_ROUNDS = Option(10, "boosting rounds without a penalty", low=1, high=200)
_STRENGTH = Option(1.0, "the penalty, in rows", low=1e-6, high=1e6)

LEAF_PROCEDURES: Mapping[str, Procedure] = {
    "leaf_steps": Procedure(
        run=leaf_steps,
        words="What each penalty takes from the leaves of unpenalised trees.",
        measures=_LEAF_STEPS,
        options={"engine": _ENGINE, "rounds": _ROUNDS, "strength": _STRENGTH},
        panels=TREE_PANELS,
        by_engine=True,
        objectives="squared_error or logistic",
    ),
    "leaf_order": Procedure(
        run=leaf_order,
        words="The order in which leaves of unpenalised trees fall under penalties.",
        measures={
            "l2_fall_order": (
                "rank correlation of a leaf's size and its fall under reg_lambda"
            ),
            "l2_share_order": (
                "rank correlation of a leaf's size and the share that falls under "
                "reg_lambda"
            ),
            "l1_vanish_order": (
                "rank correlation of a leaf's size and the reg_alpha at which it "
                "vanishes"
            ),
        },
        options={"engine": _ENGINE, "rounds": _ROUNDS, "strength": _STRENGTH},
        panels=TREE_PANELS,
        by_engine=True,
        objectives="squared_error or logistic",
    ),
}
