"""Maxima of posteriors, found by minimisation and by bisection, never by a formula."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
    relative_difference,
)
from boostreg.claims.experiments.coefficients import Linear, coefficients
from boostreg.claims.experiments.grown import (
    ENGINE_NAMES,
    Grower,
    Grown,
    TreeLeaves,
    in_rows,
)
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.penalty.priors import laplace_scale, normal_std

__all__ = [
    "LEAF_PROCEDURES",
    "PROCEDURES",
    "Posterior",
    "coefficient_prior",
    "leaf_maximum",
    "leaf_prior",
    "noise_variance",
]

_POLISH = 8
_MAX_STEPS = 2000
_NEAR, _FAR = 1e-300, 1e12


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """The negative log posterior of a linear model with a free intercept.

    Attributes
    ----------
    linear : Linear
    noise_variance : float
        Per row for squared error; 1 for classes, whose loss is a log-likelihood.
    std : float
        Of the normal prior of every coefficient; infinite for no prior.
    scale : float
        Of the Laplace prior of every coefficient; infinite for no prior.
    mean : float
        Mean of both priors.
    """

    linear: Linear
    noise_variance: float
    std: float = math.inf
    scale: float = math.inf
    mean: float = 0.0

    def maximum(self) -> Array:
        """Return the coefficients (n_inputs,) of the largest posterior density.

        L-BFGS-B over the intercept and the positive and negative parts of the
        deviations from the mean (in which the Laplace density is smooth), then Newton
        steps for the coefficients that are not exactly at the mean.
        """
        from scipy.optimize import minimize

        design = self.linear.design
        p = design.X.shape[1]
        A = np.column_stack([np.ones(len(design.y)), design.X])
        start = np.concatenate([design.intercept, np.zeros(2 * p)])
        found = minimize(
            partial(self._split, A),
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(None, None)] + [(0, None)] * (2 * p),
            options={"maxiter": _MAX_STEPS, "ftol": 1e-14, "gtol": 1e-6},
        )
        theta = _whole(found.x)
        for _ in range(_POLISH):
            theta = self._newton(A, theta)
        return np.asarray(theta[1:] + self.mean)

    def _split(self, A: Array, parts: Array) -> tuple[float, Array]:
        """Return value and slope by the intercept and both parts."""
        theta, kink = _whole(parts), 1 / self.scale
        objective, y = self.linear.design.objective, self.linear.design.y
        half = 0.5 if objective.name == "squared_error" else 1.0
        losses = objective.row_losses(y, self._raw(A, theta))
        value = half * float(np.sum(losses)) / self.noise_variance
        value += float(np.sum(theta[1:] ** 2)) / (2 * self.std**2)
        value += kink * float(np.sum(parts[1:]))
        slope = self._slope(A, theta)
        return value, np.concatenate([slope, -slope[1:]]) + np.r_[
            0.0, np.full(len(parts) - 1, kink)
        ]

    def _raw(self, A: Array, theta: Array) -> Array:
        weights = theta + self.mean
        weights[0] = theta[0]
        raw: Array = (A @ weights)[:, None]
        return raw

    def _slope(self, A: Array, theta: Array) -> Array:
        """Return the slope of all but the Laplace prior."""
        objective, y = self.linear.design.objective, self.linear.design.y
        gradient = objective.gradient(y, self._raw(A, theta))[:, 0]
        slope: Array = A.T @ gradient / self.noise_variance
        slope[1:] += theta[1:] / self.std**2
        return slope

    def _newton(self, A: Array, theta: Array) -> Array:
        """Return the next point among coefficients off the kink or pulled off it."""
        design, slope, kink = self.linear.design, self._slope(A, theta), 1 / self.scale
        side = np.where(theta != 0, np.sign(theta), -np.sign(slope))
        moves = (theta != 0) | (np.abs(slope) > kink)
        moves[0], side[0] = True, 0.0
        hessian = design.objective.curvature(design.y, self._raw(A, theta))
        free = A[:, moves]
        curvature = free.T @ (hessian * free) / self.noise_variance
        prior = np.full(len(curvature), 1 / self.std**2)
        prior[0] = 0.0
        step = np.linalg.solve(curvature + np.diag(prior), (slope + kink * side)[moves])
        new = theta.copy()
        new[moves] -= step
        # A coefficient that would change its sign is at the kink.
        crossed = (new * side < 0) & (kink > 0)
        new[crossed] = 0.0
        return new


def _whole(parts: Array) -> Array:
    p = (len(parts) - 1) // 2
    return np.concatenate([parts[:1], parts[1 : p + 1] - parts[p + 1 :]])


def leaf_maximum(slope: Callable[[float], float], *, std: float, scale: float) -> float:
    """Return where the posterior of one number has its largest density.

    Parameters
    ----------
    slope : callable
        Derivative of the negative log-likelihood by the number.
    std, scale : float
        Of the normal and the Laplace prior with mean 0; infinite for no prior.

    Notes
    -----
    The derivative of the negative log posterior is increasing, and jumps at the kink of
    a Laplace prior. Its zero is found by Brent's method.
    """
    from scipy.optimize import brentq

    def whole(w: float) -> float:
        return slope(w) + w / std**2 + math.copysign(1.0, w) / scale

    if slope(0.0) - 1 / scale <= 0 <= slope(0.0) + 1 / scale:
        return 0.0
    reach = -math.copysign(1.0, slope(0.0))
    while whole(reach) * reach < 0:
        reach *= 2
        if abs(reach) > _FAR:
            return math.nan
    return float(
        brentq(whole, math.copysign(_NEAR, reach), reach, xtol=1e-15, rtol=1e-14)
    )


_SHARES = np.geomspace(0.01, 3.0, 9)


def coefficient_prior(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare penalised coefficients with the maximum of the posterior."""
    linear, kind = Linear.of(sample), str(options["prior"])
    share, mean = float(options["strength"]), float(options["mean"])
    noise = noise_variance(sample, linear)
    penalised = _penalised(linear, kind, share)
    free = _penalised(linear, "uniform", share)
    maximum = _posterior(linear, kind, share, noise, mean).maximum()
    values = {
        "difference": relative_difference(maximum, penalised),
        "moved": relative_difference(free, penalised),
    }
    return Measured(values, _lengths(linear, noise))


def noise_variance(sample: Sample, linear: Linear) -> float:
    """Return what is known, or what least squares leave; 1 for classes."""
    if sample.objective.name != "squared_error":
        return 1.0
    known = (sample.truth or {}).get("noise_variance")
    if known:
        return float(known)
    train, _ = linear.losses(linear.free_path())
    n, p = linear.design.X.shape
    return float(train[0] * n / max(n - p - 1, 1))


def _penalised(linear: Linear, kind: str, share: float) -> Array:
    """Return the penalised estimate; shares as of ``Penalty(scale="share")``."""
    units = linear.design.objective.units(linear.design.y)
    strength = {"uniform": 0.0, "normal": units.hessian, "laplace": units.gradient}
    path = linear.path(
        np.array([share * strength[kind]]), 1.0 if kind == "laplace" else 0.0
    )
    found: Array = coefficients(path)[0]
    return found if path.converged[0] else np.full_like(found, np.nan)


def _posterior(
    linear: Linear, kind: str, share: float, noise: float, mean: float = 0.0
) -> Posterior:
    """Return the posterior with the prior that is equivalent to the penalty.

    ``mean`` is in standard deviations or scales of the prior.
    """
    units, n = linear.design.objective.units(linear.design.y), len(linear.design.y)
    if kind == "normal":
        std = normal_std(share * n * units.hessian, noise)
        return Posterior(linear, noise, std=std, mean=mean * std)
    if kind == "laplace":
        scale = laplace_scale(share * n * units.gradient, noise)
        return Posterior(linear, noise, scale=scale, mean=mean * scale)
    return Posterior(linear, noise)


def _lengths(linear: Linear, noise: float) -> dict[str, tuple[float, ...]]:
    """Return how long coefficients are under growing penalties, and their MAP."""
    free = float(np.linalg.norm(linear.free()))
    series: dict[str, tuple[float, ...]] = {"share": tuple(_SHARES)}
    for kind in ("normal", "laplace"):
        estimates = [_penalised(linear, kind, s) for s in _SHARES]
        maxima = [_posterior(linear, kind, s, noise).maximum() for s in _SHARES]
        for name, found in (("penalised", estimates), ("maximum", maxima)):
            series[f"{kind}_{name}"] = tuple(np.linalg.norm(found, axis=1) / free)
    return series


_PRIOR = Option("normal", "the prior", choices=("normal", "laplace", "uniform"))

PROCEDURES: Mapping[str, Procedure] = {
    "coefficient_prior": Procedure(
        run=coefficient_prior,
        words=(
            "Penalised coefficients against the maximum of the posterior, found by "
            "minimisation."
        ),
        measures={
            "difference": (
                "largest difference of a penalised coefficient to the maximum of the "
                "posterior, over the largest coefficient"
            ),
            "moved": (
                "largest change of a coefficient by the prior, over the largest "
                "coefficient"
            ),
        },
        options={
            "prior": _PRIOR,
            "strength": Option(
                0.1, "the penalty, as a share of what all rows are worth", 1e-6, 1e3
            ),
            "mean": Option(
                0.0,
                "where the prior stands, in its standard deviations or scales",
                -100.0,
                100.0,
            ),
        },
        panels=tuple(
            Panel(
                title=f"The maximum under a {words} prior",
                x="share",
                x_label="penalty, as a share of what all rows are worth",
                y_label="length over the unpenalised",
                lines={f"{kind}_penalised": estimate, f"{kind}_maximum": "MAP"},
                x_log=True,
            )
            for kind, words, estimate in (
                ("normal", "normal", "L2"),
                ("laplace", "Laplace", "L1"),
            )
        ),
        objectives="squared_error or logistic",
    ),
}


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
    """Standard deviation and scale of the priors of a leaf, infinite for no prior."""

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
_LEAFPRIORS_PRIOR = Option("normal", "the prior", choices=tuple(_LEAF_PENALTY))

LEAF_PROCEDURES: Mapping[str, Procedure] = {
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
            "prior": _LEAFPRIORS_PRIOR,
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
