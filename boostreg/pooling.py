r"""Random effects: the mean of one effect over many tables, and what moves it.

Table k shows the effect :math:`y_k` with variance :math:`s_k^2`. Tables differ, so

.. math:: y_k \sim N(\theta_k, s_k^2), \qquad \theta_k \sim N(\mu, \tau^2).

- :math:`\tau^2` solves :math:`\sum_k w_k (y_k - \hat\mu)^2 = K - 1` with
  :math:`w_k = 1 / (s_k^2 + \tau^2)`, or is 0 if the sum is smaller at 0 [1]_;
- the interval of :math:`\mu` is that of [2]_: :math:`\hat\mu \pm t_{K-1} \sqrt{q /
  \sum w_k}`, with q the sum above over K - 1, but at least 1, so that it is never
  narrower than without differences between tables;
- the prediction interval of the effect on another table is :math:`\hat\mu \pm t_{K-2}
  \sqrt{\tau^2 + q / \sum w_k}` [3]_.

If the effect depends on a property x of the table, :math:`\mu` is :math:`a + b x_k`,
the sums have K - 2 degrees of freedom, and the interval of b is made in the same way
with its element of :math:`(X' W X)^{-1}` [4]_.

References
----------
.. [1] R. C. Paule, J. Mandel. "Consensus Values and Weighting Factors". Journal of
   Research of the National Bureau of Standards 87(5), 1982. doi:10.6028/jres.087.022
.. [2] J. Hartung, G. Knapp. "A Refined Method for the Meta-Analysis of Controlled
   Clinical Trials with Binary Outcome". Statistics in Medicine 20, 2001.
   doi:10.1002/sim.1009
.. [3] J. P. T. Higgins, S. G. Thompson, D. J. Spiegelhalter. "A Re-Evaluation of
   Random-Effects Meta-Analysis". JRSS A 172, 2009. doi:10.1111/j.1467-985X.2008.00552.x
.. [4] G. Knapp, J. Hartung. "Improved Tests for a Random Effects Meta-Regression with a
   Single Covariate". Statistics in Medicine 22, 2003. doi:10.1002/sim.1482
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array

__all__ = ["Pooled", "Slope", "pool", "pool_slope"]

_VARIANCE = 1e-8
"""Lowest variance of the effect on one table, so that no table has all the weight."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """The mean effect of several tables, and what another table may show.

    ``between`` is the standard deviation of true effects between tables.
    """

    estimate: float
    low: float
    high: float
    predicted: tuple[float, float]
    between: float


@dataclass(frozen=True, slots=True)
class Slope:
    """By how much the effect changes per unit of a property of the table."""

    estimate: float
    low: float
    high: float


def pool(effects: ArrayLike, variances: ArrayLike, level: float = 0.95) -> Pooled:
    """Return the random-effects mean, see the module docstring.

    At least three tables are needed.

    >>> found = pool([0.1, 0.3, 0.35, 0.65], [0.02, 0.01, 0.02, 0.03])
    >>> round(found.estimate, 2), round(found.between, 2)
    (0.33, 0.16)
    """
    from scipy.stats import t

    y, v = _known(effects, variances)
    degrees = len(y) - 1

    def weighted(between: float) -> tuple[Array, float, float]:
        """Return weights, their mean effect, and the weighted sum of squares."""
        w = 1 / (v + between)
        mean = float(w @ y / w.sum())
        return w, mean, float(w @ (y - mean) ** 2)

    start = float(np.sum((y - y.mean()) ** 2))
    between = _between(lambda tau: weighted(tau)[2], start, degrees)
    w, mean, squares = weighted(between)
    variance = max(squares / degrees, 1.0) / float(w.sum())
    reach = float(t.ppf((1 + level) / 2, degrees)) * math.sqrt(variance)
    far = float(t.ppf((1 + level) / 2, degrees - 1)) * math.sqrt(variance + between)
    return Pooled(
        mean, mean - reach, mean + reach, (mean - far, mean + far), math.sqrt(between)
    )


def pool_slope(
    effects: ArrayLike, variances: ArrayLike, x: ArrayLike, level: float = 0.95
) -> Slope:
    """Return the slope of the effect along a property of the tables.

    At least four tables and two values of ``x`` are needed.

    >>> found = pool_slope([0.0, 1.1, 1.9, 3.0], [0.01] * 4, [0, 1, 2, 3])
    >>> round(found.estimate, 2)
    0.98
    """
    from scipy.stats import t

    y, v = _known(effects, variances)
    X = np.column_stack([np.ones(len(y)), np.asarray(x, dtype=np.float64)])
    degrees = len(y) - 2

    def weighted(between: float) -> tuple[Array, Array, float]:
        """Return coefficients, their covariance, and the weighted sum of squares."""
        w = 1 / (v + between)
        inverse = np.linalg.inv(X.T @ (w[:, None] * X))
        covariance = np.asarray(inverse, dtype=np.float64)
        coefficients = covariance @ (X.T @ (w * y))
        return coefficients, covariance, float(w @ (y - X @ coefficients) ** 2)

    line = np.linalg.lstsq(X, y, rcond=None)[0]
    start = float(np.sum((y - X @ line) ** 2))
    between = _between(lambda tau: weighted(tau)[2], start, degrees)
    coefficients, covariance, squares = weighted(between)
    variance = max(squares / degrees, 1.0) * float(covariance[1, 1])
    reach = float(t.ppf((1 + level) / 2, degrees)) * math.sqrt(variance)
    slope = float(coefficients[1])
    return Slope(slope, slope - reach, slope + reach)


def _known(effects: ArrayLike, variances: ArrayLike) -> tuple[Array, Array]:
    y = np.asarray(effects, dtype=np.float64)
    return y, np.maximum(np.asarray(variances, dtype=np.float64), _VARIANCE)


def _between(
    squares: Callable[[float], float], unweighted: float, degrees: int
) -> float:
    """Return the variance between tables at which the squares equal the degrees."""
    from scipy.optimize import brentq

    if squares(0.0) <= degrees:
        return 0.0
    # The sum is at most the unweighted squares / between, so the root lies below.
    highest = 1.01 * unweighted / degrees
    return float(brentq(lambda tau: squares(tau) - degrees, 0.0, highest, xtol=1e-14))
