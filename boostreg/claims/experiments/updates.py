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

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    ENGINE,
    NORM,
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    along_strength,
    log_slope,
    mean_of_numbers,
    procedure,
    rank_correlation,
    rounds_option,
    rows_option,
    spread,
)
from boostreg.claims.experiments.coefficients import (
    L1_RATIOS,
    Linear,
    coefficients,
    matched,
)
from boostreg.claims.experiments.grown import (
    LEAF_PENALTIES,
    TREE_PANELS,
    Grower,
    one_tree,
)

__all__ = ["leaf_order", "leaf_steps", "one_step", "order_of_falling"]

_NUDGE = 1e-6
_LINES = ("largest weight", "a third down", "two thirds down", "smallest weight")
_RANKS = np.linspace(0.0, 1.0, 21)
_SLOPE = "slope of log(reduction) on log(size)"
_RANK = "rank correlation of a coefficient's size and"
_LEAF_OPTIONS = {
    "engine": ENGINE,
    "rounds": rounds_option(10),
    "strength": rows_option(1.0, low=1e-6),
}
_LEAF_RANK = "rank correlation of a leaf's size and"


@procedure(
    {
        "l1_slope": f"{_SLOPE} in one L1 step: 0 means constant",
        "l2_slope": f"{_SLOPE} in one L2 step: 1 means in proportion",
        "l1_slope_at_end": (
            f"{_SLOPE} at the lasso's optimum, of coefficients that are not 0: 0 means "
            "constant"
        ),
        "l2_slope_at_end": f"{_SLOPE} at the ridge's optimum: 1 means in proportion",
    },
    options={
        "strength": Option(
            0.05,
            "L1, as a share of the strength that zeroes all; L2 with equal mean pull",
            low=1e-6,
            high=1.0,
        )
    },
    panels=(
        Panel(
            "Reduction of coefficients by one step",
            x="size",
            x_label="coefficient, over the mean",
            y_label="reduction, over the mean",
            lines={"l1_taken": "L1", "l2_taken": "L2"},
        ),
    ),
)
def one_step(sample: Sample, options: Options) -> Measured:
    """Take one gradient step on the penalised loss from the unpenalised optimum.

    The gradient of the whole objective of a linear model is computed by central
    differences, so that no formula of the penalties is used.
    """
    linear, strength = Linear.of(sample), float(options["strength"])
    free = linear.free()
    size = np.abs(free)
    alpha = strength * linear.top(1.0)
    lam = alpha * float(np.sum(size) / np.sum(size**2))  # the same mean reduction
    order, ranks = np.argsort(size), np.linspace(0.0, 1.0, len(size))
    series = {"size": np.interp(_RANKS, ranks, size[order] / np.mean(size))}
    values = {}
    for name, factor, penalty in (
        ("l1", alpha, lambda w: float(np.sum(np.abs(w)))),
        ("l2", lam, lambda w: float(np.sum(w**2)) / 2),
    ):
        taken = np.sign(free) * _slope(linear, factor, penalty)
        relative = taken[order] / np.mean(taken)
        series[f"{name}_taken"] = np.interp(_RANKS, ranks, relative)
        path = linear.path(np.array([factor]), L1_RATIOS[name])
        left = np.abs(coefficients(path)[0])
        values[f"{name}_slope"] = log_slope(size, taken)
        values[f"{name}_slope_at_end"] = log_slope(
            size[left > 0], (size - left)[left > 0]
        )
    return Measured.of(values, series)


def _slope(linear: Linear, factor: float, penalty: Callable[[Array], float]) -> Array:
    """Return the objective's slope by each coefficient at the unpenalised optimum."""
    design, free = linear.design, linear.free_path()
    half = 0.5 if design.objective.name == "squared_error" else 1.0

    def objective(w: Array) -> float:
        raw = free.intercepts[0] + design.X @ w
        loss = design.objective.loss(design.y, raw[:, None])
        return half * loss + factor * penalty(w)

    w = coefficients(free)[0]
    # Central differences: (f(w + d) - f(w - d)) / (2 d)
    nudges = np.maximum(_NUDGE * np.abs(w), _NUDGE * 1e-3) * np.eye(len(w))
    slopes = [(objective(w + d) - objective(w - d)) / (2 * d.sum()) for d in nudges]
    return np.array(slopes)


@procedure(
    {
        "l1_fall_order": f"{_RANK} its reduction: lasso",
        "l2_fall_order": f"{_RANK} its reduction: ridge",
        "l1_share_order": f"{_RANK} its relative reduction: lasso",
        "l2_share_order": f"{_RANK} its relative reduction: ridge",
        "share_order_difference": (
            f"{_RANK} its relative reduction: ridge minus lasso, at equal length"
        ),
        "l1_vanish_order": f"{_RANK} the strength at which the lasso drops it",
        "l2_zeros": "share of coefficients that are 0 anywhere on the ridge path",
    },
    options={"norm": NORM},
    panels=[
        along_strength(
            f"Four coefficients along the {model} path",
            f"{name}_share",
            "size over the largest unpenalised",
            {f"{name}_weight{k}": words for k, words in enumerate(_LINES)},
        )
        for name, model in (("l1", "lasso"), ("l2", "ridge"))
    ],
)
def order_of_falling(sample: Sample, options: Options) -> Measured:
    """Rank coefficients by size and by reduction along the ridge and lasso paths."""
    linear, kept = Linear.of(sample), float(options["norm"])
    size = np.abs(linear.free())
    grids = {name: linear.grid(l1_ratio) for name, l1_ratio in L1_RATIOS.items()}
    paths = {
        name: np.abs(coefficients(linear.path(grid, L1_RATIOS[name])))
        for name, grid in grids.items()
    }
    present = paths["l1"] != 0
    entered = grids["l1"][np.argmax(present, axis=0)]
    values = {
        "l1_vanish_order": rank_correlation(
            size, np.where(present.any(axis=0), entered, 0)
        ),
        "l2_zeros": float(np.mean(paths["l2"] == 0)),
    }
    # Four coefficients by decreasing size, over the largest.
    order = np.argsort(size)[::-1]
    shown = order[np.linspace(0, len(order) - 1, len(_LINES)).round().astype(int)]
    series = {}
    for name, l1_ratio in L1_RATIOS.items():
        fall = size - np.abs(matched(linear, l1_ratio, kept, "norm"))
        values[f"{name}_fall_order"] = rank_correlation(size, fall)
        values[f"{name}_share_order"] = rank_correlation(size, fall / size)
        series[f"{name}_share"] = grids[name][::-1] / linear.top(l1_ratio)
        for k, j in enumerate(shown):
            series[f"{name}_weight{k}"] = paths[name][::-1, j] / np.max(size)
    l1, l2 = values["l1_share_order"], values["l2_share_order"]
    return Measured.of(values | {"share_order_difference": l2 - l1}, series)


@procedure(
    {
        "l1_slope": f"{_SLOPE} of leaves under L1: 0 means constant",
        "l2_slope": f"{_SLOPE} of leaves under L2: 1 means in proportion",
        **{
            f"{name}_amount_spread": (
                f"deviation over mean of the reduction of leaves by {name.upper()}: 0 "
                "means constant"
            )
            for name in LEAF_PENALTIES
        },
        **{
            f"{name}_share_spread": (
                f"deviation over mean of the relative reduction of leaves by "
                f"{name.upper()}: 0 means in proportion"
            )
            for name in LEAF_PENALTIES
        },
        "curvature_spread": "deviation over mean of the leaves' curvature H",
    },
    options=_LEAF_OPTIONS,
    panels=TREE_PANELS,
)
def leaf_steps(sample: Sample, options: Options) -> Measured:
    """Measure the reduction of the leaves of unpenalised trees by each penalty.

    Splits are unchanged.
    """
    grower, rows = Grower.of(sample, options), float(options["strength"])
    found: defaultdict[str, list[float]] = defaultdict(list)
    for leaves in grower.grow(int(options["rounds"])).tree_leaves():
        size = np.abs(leaves.free)
        for name, penalty in LEAF_PENALTIES.items():
            left = np.abs(leaves.weights(grower.in_rows(penalty, rows)))
            taken, kept, some = size - left, left > 0, size > 0
            found[f"{name}_slope"].append(log_slope(size[kept], taken[kept]))
            found[f"{name}_amount_spread"].append(spread(taken[kept]))
            found[f"{name}_share_spread"].append(spread(taken[some] / size[some]))
        found["curvature_spread"].append(spread(leaves.H))
    means = {name: mean_of_numbers(found[name]) for name in leaf_steps.measures}
    return Measured.of(means, one_tree(grower))


@procedure(
    {
        "l2_fall_order": f"{_LEAF_RANK} its reduction under reg_lambda",
        "l2_share_order": f"{_LEAF_RANK} its relative reduction under reg_lambda",
        "l1_share_order": f"{_LEAF_RANK} its relative reduction under reg_alpha",
        "share_order_difference": (
            f"{_LEAF_RANK} its relative reduction: reg_lambda minus reg_alpha"
        ),
        "l1_vanish_order": f"{_LEAF_RANK} the reg_alpha at which it vanishes",
    },
    options=_LEAF_OPTIONS,
    panels=TREE_PANELS,
)
def leaf_order(sample: Sample, options: Options) -> Measured:
    """Rank the leaves of unpenalised trees by size and by reduction under penalties.

    Splits are unchanged.
    """
    grower, rows = Grower.of(sample, options), float(options["strength"])
    raws = {name: grower.in_rows(p, rows) for name, p in LEAF_PENALTIES.items()}
    found: defaultdict[str, list[float]] = defaultdict(list)
    for leaves in grower.grow(int(options["rounds"])).tree_leaves():
        size = np.abs(leaves.free)
        falls = {n: size - np.abs(leaves.weights(raw)) for n, raw in raws.items()}
        found["l2_fall_order"].append(rank_correlation(size, falls["l2"]))
        orders = {}
        for name, fall in falls.items():
            share = np.divide(fall, size, out=np.zeros_like(size), where=size > 0)
            orders[name] = rank_correlation(size, share)
            found[f"{name}_share_order"].append(orders[name])
        found["share_order_difference"].append(orders["l2"] - orders["l1"])
        # |G| is the reg_alpha that sets the leaf to 0.
        found["l1_vanish_order"].append(rank_correlation(size, np.abs(leaves.G)))
    means = {name: mean_of_numbers(found[name]) for name in leaf_order.measures}
    return Measured.of(means, one_tree(grower))
