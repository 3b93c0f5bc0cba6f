r"""How the two penalties take from the leaves of trees (C1, C2).

For the leaf of a tree, with gradient sum G and curvature H, the end is reached at once:
:math:`-G / (H + \lambda)` keeps the share :math:`H / (H + \lambda)`, and
:math:`-\operatorname{sign}(G) \max(|G| - \alpha, 0) / H` loses :math:`\alpha / H`. So
the statement holds among leaves of equal curvature and no others: leaves of few rows
pay more.

What they take from coefficients is in ``updates``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from boostreg.insight.experiments.base import Measured, Option, Procedure, Sample
from boostreg.insight.experiments.grown import (
    ENGINE_NAMES,
    TREE_PANELS,
    Grower,
    TreeLeaves,
    in_rows,
    one_tree,
)
from boostreg.insight.experiments.measures import (
    log_slope,
    mean_of_numbers,
    rank_correlation,
    spread,
)
from boostreg.insight.refresh import leaf_weights

__all__ = ["PROCEDURES", "leaf_order", "leaf_steps"]


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
    vanish = np.abs(leaves.G)  # the reg_alpha that takes the whole leaf
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

PROCEDURES: Mapping[str, Procedure] = {
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
