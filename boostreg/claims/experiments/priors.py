"""Maxima of posteriors, found by minimisation and by bisection, never by a formula."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    ENGINE,
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    along_rows,
    procedure,
    relative_difference,
    rounds_option,
    rows_option,
)
from boostreg.claims.experiments.coefficients import Linear, coefficients
from boostreg.claims.experiments.grown import Grower, TreeLeaves, joined
from boostreg.engines import Problem
from boostreg.penalty import Penalty
from boostreg.penalty.priors import laplace_scale, normal_std

__all__ = ["coefficient_prior", "leaf_prior"]

Slope = Callable[[float], float]

_POLISH = 8
_MAX_STEPS = 2000
_NEAR, _FAR = 1e-300, 1e12


@dataclass(frozen=True, slots=True, eq=False)
class _Posterior:
    """The negative log posterior of a linear model with a free intercept.

    ``std`` is that of the normal prior of every coefficient, ``scale`` that of the
    Laplace prior, infinite for no prior; ``mean`` is the mean of both.
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
            partial(self._value_and_slope, A),
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

    def _value_and_slope(self, A: Array, parts: Array) -> tuple[float, Array]:
        """Return value and slope by the intercept and both parts."""
        theta, kink = _whole(parts), 1 / self.scale
        objective, y = self.linear.design.objective, self.linear.design.y
        half = 0.5 if objective.name == "squared_error" else 1.0
        losses = objective.row_losses(y, self._raw(A, theta))
        # -log posterior = sum_i loss_i / s^2 + |w|^2 / (2 std^2) + |w|_1 / scale
        value = half * float(np.sum(losses)) / self.noise_variance
        value += float(np.sum(theta[1:] ** 2)) / (2 * self.std**2)
        value += kink * float(np.sum(parts[1:]))
        slope = self._slope(A, theta)
        kinks = np.r_[0.0, np.full(len(parts) - 1, kink)]
        return value, np.concatenate([slope, -slope[1:]]) + kinks

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
        # (A'HA / s^2 + I / std^2) step = slope + kink, among free coefficients
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


@dataclass(frozen=True, slots=True)
class _LeafPrior:
    """Standard deviation and scale of the priors of a leaf, infinite for no prior."""

    std: float
    scale: float

    @classmethod
    def of(cls, raw: Penalty, noise: float) -> "_LeafPrior":
        return cls(
            normal_std(raw.reg_lambda, noise), laplace_scale(raw.reg_alpha, noise)
        )

    def maximum(self, slope: Slope) -> float:
        """Return the weight of the largest posterior density.

        ``slope`` is the derivative of the negative log-likelihood by the weight. That
        of the negative log posterior, slope(w) + w / std^2 + sign(w) / scale, is
        increasing and jumps at the kink of a Laplace prior; Brent's method finds its
        zero.
        """
        from scipy.optimize import brentq

        def whole(w: float) -> float:
            return slope(w) + w / self.std**2 + math.copysign(1.0, w) / self.scale

        if slope(0.0) - 1 / self.scale <= 0 <= slope(0.0) + 1 / self.scale:
            return 0.0
        reach = -math.copysign(1.0, slope(0.0))
        while whole(reach) * reach < 0:
            reach *= 2
            if abs(reach) > _FAR:
                return math.nan
        near = math.copysign(_NEAR, reach)
        return float(brentq(whole, near, reach, xtol=1e-15, rtol=1e-14))


_SHARES = np.geomspace(0.01, 3.0, 9)
_SHARE_WORDS = "penalty, as a share of all rows' hessian or gradient"


@procedure(
    {
        "difference": (
            "largest difference of a penalised coefficient to the maximum of the "
            "posterior, over the largest coefficient"
        ),
        "moved": (
            "largest change of a coefficient by the prior, over the largest coefficient"
        ),
    },
    options={
        "prior": Option("normal", "prior", choices=("normal", "laplace", "uniform")),
        "strength": Option(0.1, _SHARE_WORDS, 1e-6, 1e3),
        "mean": Option(0.0, "mean of the prior, in its scales", -100.0, 100.0),
    },
    panels=[
        Panel(
            f"The maximum under a {words} prior",
            x="share",
            x_label=_SHARE_WORDS,
            y_label="length over the unpenalised",
            lines={f"{prior}_penalised": estimate, f"{prior}_maximum": "MAP"},
            x_log=True,
        )
        for prior, words, estimate in (
            ("normal", "normal", "L2"),
            ("laplace", "Laplace", "L1"),
        )
    ],
)
def coefficient_prior(sample: Sample, options: Options) -> Measured:
    """Compare penalised coefficients with the maximum of the posterior.

    The maximum is found by minimisation, without a formula.
    """
    linear, kind = Linear.of(sample), str(options["prior"])
    share, mean = float(options["strength"]), float(options["mean"])
    noise = _noise_variance(sample, linear)
    penalised = _penalised(linear, kind, share)
    free = _penalised(linear, "uniform", share)
    maximum = _posterior(linear, kind, share, noise, mean).maximum()
    length = float(np.linalg.norm(linear.free()))
    series = {"share": _SHARES}
    for prior in ("normal", "laplace"):
        estimates = [_penalised(linear, prior, s) for s in _SHARES]
        maxima = [_posterior(linear, prior, s, noise).maximum() for s in _SHARES]
        for name, found in (("penalised", estimates), ("maximum", maxima)):
            series[f"{prior}_{name}"] = np.linalg.norm(found, axis=1) / length
    return Measured.of(
        {
            "difference": relative_difference(maximum, penalised),
            "moved": relative_difference(free, penalised),
        },
        series,
    )


def _noise_variance(sample: Sample, linear: Linear) -> float:
    """Return the true variance if known, or that of residuals; 1 for classes.

    The loss of classes is a log-likelihood as it is.
    """
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
) -> _Posterior:
    """Return the posterior with the prior that is equivalent to the penalty.

    ``mean`` is in standard deviations or scales of the prior.
    """
    units, n = linear.design.objective.units(linear.design.y), len(linear.design.y)
    if kind == "normal":
        std = normal_std(share * n * units.hessian, noise)
        return _Posterior(linear, noise, std=std, mean=mean * std)
    if kind == "laplace":
        scale = laplace_scale(share * n * units.gradient, noise)
        return _Posterior(linear, noise, scale=scale, mean=mean * scale)
    return _Posterior(linear, noise)


_ROWS = np.concatenate([[0.0], np.geomspace(0.1, 1000.0, 24)])
_WEIGHTS = np.linspace(-0.5, 1.5, 81)
_LEAF_PENALTY = {"normal": "reg_lambda", "laplace": "reg_alpha", "uniform": ""}
_DENSITIES = {
    "likelihood": "likelihood",
    "normal_prior": "normal prior",
    "laplace_prior": "Laplace prior",
    "normal_posterior": "posterior, normal",
    "laplace_posterior": "posterior, Laplace",
}


@procedure(
    {
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
        "engine": ENGINE,
        "prior": Option("normal", "prior", choices=tuple(_LEAF_PENALTY)),
        "rounds": rounds_option(10),
        "strength": rows_option(5.0, low=1e-6),
    },
    panels=(
        along_rows(
            "The maximum of one leaf as the penalty grows",
            "weight over the unpenalised",
            {"map_normal": "normal prior", "map_laplace": "Laplace prior"},
        ),
        Panel(
            "Two priors that halve the same leaf",
            x="weight",
            x_label="weight over the unpenalised",
            y_label="density over its largest",
            lines=_DENSITIES,
        ),
    ),
)
def leaf_prior(sample: Sample, options: Options) -> Measured:
    """Compare every leaf of an ensemble with the maximum of its posterior.

    The maximum is found by bisection, without a formula.
    """
    grower = Grower.of(sample, options)
    penalty, rows = _LEAF_PENALTY[options["prior"]], float(options["strength"])
    changes: dict[str, Any] = {penalty: rows} if penalty else {}
    grown = grower.grow(int(options["rounds"]), **changes)
    noise = _noise_variance(sample, Linear.of(sample))
    maximum = _LeafPrior.of(grown.raw, noise).maximum
    trees = list(grown.tree_leaves())
    stored = joined([leaves.weight for leaves in trees])
    expanded, exact = [], []
    for leaves in trees:
        for leaf in range(len(leaves.weight)):
            expanded.append(maximum(_expanded_slope(leaves, leaf, noise)))
            exact.append(maximum(_exact_slope(leaves, leaf, noise, grown.problem)))
    return Measured.of(
        {
            "difference": relative_difference(stored, np.array(expanded)),
            "exact_difference": relative_difference(stored, np.array(exact)),
            "moved": relative_difference(joined([t.free for t in trees]), stored),
        },
        _largest_leaf(grower, noise),
    )


def _expanded_slope(leaves: TreeLeaves, leaf: int, noise: float) -> Slope:
    """Return the slope of the second-order expansion of a leaf's rows."""
    rows = leaves.rows == leaf
    g, h = leaves.g[rows] / noise, leaves.h[rows] / noise
    return lambda w: float(np.sum(g + h * w))


def _exact_slope(
    leaves: TreeLeaves, leaf: int, noise: float, problem: Problem
) -> Slope:
    """Return the slope of the negative log-likelihood itself of a leaf's rows."""
    rows = leaves.rows == leaf
    y, raw = problem.train.y[rows], leaves.raw[rows, None]
    return lambda w: float(np.sum(problem.objective.gradient(y, raw + w))) / noise


def _largest_leaf(grower: Grower, noise: float) -> dict[str, Array]:
    """Return the MAP of the first tree's largest leaf, and the densities behind it."""
    maps, densities = (
        np.full((2, len(_ROWS)), np.nan),
        np.full((5, len(_WEIGHTS)), np.nan),
    )
    leaves = next(grower.grow(1).tree_leaves(), None)
    if leaves is not None:
        at = int(np.argmax(np.abs(leaves.free)))
        slope = _expanded_slope(leaves, at, noise)
        free = float(leaves.free[at])
        for place, penalty in enumerate(("reg_lambda", "reg_alpha")):
            raws = [grower.in_rows(penalty, rows) for rows in _ROWS]
            found = [_LeafPrior.of(raw, noise).maximum(slope) for raw in raws]
            maps[place] = np.array(found) / free
        # Priors that halve the leaf, over w / free; the maximum of all densities is 1.
        pull = float(leaves.H[at]) * free**2 / noise
        likelihood = pull * (_WEIGHTS - 1) ** 2 / 2
        normal, laplace = pull * _WEIGHTS**2 / 2, pull * np.abs(_WEIGHTS) / 2
        posteriors = likelihood + normal, likelihood + laplace
        costs = np.array([likelihood, normal, laplace, *posteriors])
        densities = np.exp(np.min(costs, axis=1, keepdims=True) - costs)
    return {
        "rows": _ROWS,
        "weight": _WEIGHTS,
        "map_normal": maps[0],
        "map_laplace": maps[1],
        **dict(zip(_DENSITIES, densities, strict=True)),
    }
