"""Maxima of posteriors, found by minimisation and by bisection, never by a formula."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boostreg.insight.experiments.coefficients import Linear

__all__ = ["Posterior", "leaf_maximum"]

Array = NDArray[np.float64]

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
        Of a row for squared error; 1 for classes, whose loss is a log-likelihood.
    std : float
        Of the normal prior of every coefficient; infinite for none.
    scale : float
        Of the Laplace prior of every coefficient; infinite for none.
    mean : float
        Where both priors stand.
    """

    linear: Linear
    noise_variance: float
    std: float = math.inf
    scale: float = math.inf
    mean: float = 0.0

    def maximum(self) -> Array:
        """Return the coefficients (n_inputs,) of the largest posterior density.

        L-BFGS-B over intercept, positive and negative parts of what differs from the
        mean (a density with a kink is smooth in them), then Newton steps among the
        coefficients that are not exactly at the mean.
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
        # A coefficient that would change its side belongs on the kink.
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
        Of the normal and the Laplace prior with mean 0; infinite for none.

    Notes
    -----
    The derivative of the negative log posterior rises with the number, and jumps at the
    kink of a Laplace prior; the point where it passes 0 is found by Brent's bisection.
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
