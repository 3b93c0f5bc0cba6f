r"""The weight of a leaf is the maximum of a posterior of one number (A1-A3).

A leaf moves all its rows by one number w. With noise of variance :math:`s^2` and a
prior p its log posterior is

.. math:: -\frac{1}{s^2} \sum_i (g_i w + h_i w^2 / 2) + \log p(w)

over the rows' first and second derivatives at the scores before the tree: exact for
squared error, the second-order expansion of other losses. Its maximum is
:math:`-\operatorname{sign}(G) \max(|G| - \alpha, 0) / (H + \lambda)` under a normal
prior of variance :math:`s^2 / \lambda` and a Laplace prior of scale
:math:`s^2 / \alpha`. Here it is found by bisection from the rows, beside the weight
that a library stored; and so is the maximum with the likelihood itself, from which a
weight differs by what one Newton step leaves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
from boostreg.insight.experiments.coefficients import Linear
from boostreg.insight.experiments.grown import (
    ENGINE_NAMES,
    Grower,
    Grown,
    TreeLeaves,
    in_rows,
)
from boostreg.insight.experiments.measures import relative_difference
from boostreg.insight.experiments.posterior import leaf_maximum
from boostreg.insight.experiments.priors import noise_variance
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.penalty.priors import laplace_scale, normal_std

__all__ = ["PROCEDURES", "leaf_prior"]

Array = NDArray[np.float64]
Slope = Callable[[float], float]

_ROWS = np.concatenate([[0.0], np.geomspace(0.1, 1000.0, 24)])
_WEIGHTS = np.linspace(-0.5, 1.5, 81)


def leaf_prior(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare every leaf of an ensemble with the maximum of its posterior."""
    grower = Grower.of(sample, options)
    penalty, rows = _LEAF_PENALTY[options["prior"]], float(options["strength"])
    changes: dict[str, Any] = {penalty: rows} if penalty else {}
    grown = grower.grow(int(options["rounds"]), **changes)
    noise = noise_variance(sample, Linear.of(sample))
    prior = _Prior.of(grown.raw, noise)
    found: dict[str, list[Array]] = {"stored": [], "expanded": [], "exact": []}
    free = []
    for leaves in grown.tree_leaves():
        found["stored"].append(leaves.weight)
        found["expanded"].append(prior.maxima(_expanded(leaves, noise)))
        found["exact"].append(prior.maxima(_exact(leaves, grown, noise)))
        free.append(-leaves.G / leaves.H)
    stored, expanded, exact = (_joined(parts) for parts in found.values())
    return Measured(
        {
            "difference": relative_difference(stored, expanded),
            "exact_difference": relative_difference(stored, exact),
            "moved": relative_difference(_joined(free), stored),
        },
        _one_leaf(grower, noise),
    )


@dataclass(frozen=True, slots=True)
class _Prior:
    """Standard deviation and scale of the priors of a leaf, infinite for none."""

    std: float
    scale: float

    @classmethod
    def of(cls, raw: Penalty, noise: float) -> "_Prior":
        return cls(
            normal_std(raw.reg_lambda, noise), laplace_scale(raw.reg_alpha, noise)
        )

    def maxima(self, slopes: Iterable[Slope]) -> Array:
        return np.array(
            [leaf_maximum(one, std=self.std, scale=self.scale) for one in slopes]
        )


def _expanded(leaves: TreeLeaves, noise: float) -> Iterator[Slope]:
    """Yield for each leaf the slope of its rows' second-order expansion."""
    for leaf in range(len(leaves.weight)):
        g, h = leaves.g[leaves.rows == leaf], leaves.h[leaves.rows == leaf]
        yield partial(_expanded_slope, g / noise, h / noise)


def _exact(leaves: TreeLeaves, grown: Grown, noise: float) -> Iterator[Slope]:
    """Yield for each leaf the slope of its rows' own negative log-likelihood."""
    objective, target = grown.problem.objective, grown.problem.train.y
    for leaf in range(len(leaves.weight)):
        rows = leaves.rows == leaf
        y, raw = target[rows], leaves.raw[rows, None]
        yield partial(_exact_slope, objective, y, raw, noise)


def _expanded_slope(g: Array, h: Array, w: float) -> float:
    return float(np.sum(g + h * w))


def _exact_slope(
    objective: Objective, y: Array, raw: Array, noise: float, w: float
) -> float:
    return float(np.sum(objective.gradient(y, raw + w))) / noise


def _one_leaf(grower: Grower, noise: float) -> dict[str, tuple[float, ...]]:
    """Return the MAP of the first tree's largest leaf, and the densities behind it."""
    leaves = next(grower.grow(1).tree_leaves(), None)
    if leaves is None:
        nothing = (np.nan,) * len(_ROWS), (np.nan,) * len(_WEIGHTS)
        return _drawn([nothing[0]] * 2, [nothing[1]] * 5)
    at = int(np.argmax(np.abs(leaves.G / leaves.H)))
    slope = list(_expanded(leaves, noise))[at]
    free = float(-leaves.G[at] / leaves.H[at])
    maps = []
    for penalty in ("reg_lambda", "reg_alpha"):
        raws = [in_rows(grower.problem, penalty, rows) for rows in _ROWS]
        found = [_Prior.of(raw, noise).maxima([slope])[0] for raw in raws]
        maps.append(tuple(np.array(found) / free))
    # Priors that halve the leaf, over w / free; all densities have 1 as their largest.
    pull = float(leaves.H[at]) * free**2 / noise
    likelihood = pull * (_WEIGHTS - 1) ** 2 / 2
    normal, laplace = pull * _WEIGHTS**2 / 2, pull * np.abs(_WEIGHTS) / 2
    densities = [
        tuple(np.exp(np.min(one) - one))
        for one in (
            likelihood,
            normal,
            laplace,
            likelihood + normal,
            likelihood + laplace,
        )
    ]
    return _drawn(maps, densities)


def _drawn(
    maps: Sequence[tuple[float, ...]], densities: Sequence[tuple[float, ...]]
) -> dict[str, tuple[float, ...]]:
    drawn: dict[str, tuple[float, ...]] = {
        "rows": tuple(_ROWS),
        "weight": tuple(_WEIGHTS),
    }
    drawn |= dict(zip(("map_normal", "map_laplace"), maps, strict=True))
    return drawn | dict(zip(_DENSITIES, densities, strict=True))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)


_LEAF_PENALTY = {"normal": "reg_lambda", "laplace": "reg_alpha", "uniform": ""}
_DENSITIES = {
    "likelihood": "likelihood",
    "normal_prior": "normal prior",
    "laplace_prior": "Laplace prior",
    "normal_posterior": "posterior, normal",
    "laplace_posterior": "posterior, Laplace",
}
_PRIOR = Option("normal", "the prior", choices=tuple(_LEAF_PENALTY))

PROCEDURES: Mapping[str, Procedure] = {
    "leaf_prior": Procedure(
        run=leaf_prior,
        words="Every leaf of an ensemble against the maximum of its posterior.",
        measures={
            "difference": (
                "largest difference of a leaf to the maximum of the posterior with the "
                "likelihood expanded to the second order, over the largest maximum"
            ),
            "exact_difference": (
                "largest difference of a leaf to the maximum of the posterior with the "
                "likelihood itself, over the largest maximum"
            ),
            "moved": "largest change of a leaf by the prior, over the largest weight",
        },
        options={
            "engine": Option("xgboost", "who grows the trees", choices=ENGINE_NAMES),
            "prior": _PRIOR,
            "rounds": Option(10, "boosting rounds", low=1, high=200),
            "strength": Option(5.0, "the penalty, in rows", low=1e-6, high=1e6),
        },
        panels=(
            Panel(
                title="The maximum of one leaf as the penalty grows",
                x="rows",
                x_label="penalty, in rows",
                y_label="weight over the unpenalised",
                lines={"map_normal": "normal prior", "map_laplace": "Laplace prior"},
                x_log=True,
            ),
            Panel(
                title="Two priors that halve the same leaf",
                x="weight",
                x_label="weight over the unpenalised",
                y_label="density over its largest",
                lines=_DENSITIES,
            ),
        ),
        by_engine=True,
        objectives="squared_error or logistic",
    ),
}
