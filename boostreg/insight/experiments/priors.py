r"""A penalty is a prior: maxima of posteriors against penalised estimates (A1-A3).

With noise of variance :math:`s^2` and a prior p on every weight, the log posterior is

.. math::

    -\frac{1}{2 s^2} \sum_i (y_i - f_i)^2 + \sum_j \log p(w_j) , \qquad
    \text{or} \quad \sum_i \log P(y_i \mid f_i) + \sum_j \log p(w_j)

for two classes. Here its maximum (MAP) is found without any penalised estimator: by
minimisation of that sum, the densities taken from the prior's standard deviation or
scale. It stands beside the penalised estimate whose strength
``boostreg.penalty.priors`` says is that prior: :math:`\lambda = s^2 / \sigma^2` for a
normal one ([1]_, 5.6.1 and 7.1.1), :math:`\alpha = s^2 / b` for Laplace's ([2]_,
section 5), no penalty for a uniform one.

``leafpriors`` says the same of the leaves of trees.

References
----------
.. [1] I. Goodfellow, Y. Bengio, A. Courville. "Deep Learning". MIT Press, 2016.
   https://www.deeplearningbook.org
.. [2] R. Tibshirani. "Regression Shrinkage and Selection via the Lasso". JRSS B 58,
   1996. https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
"""

from collections.abc import Mapping
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
from boostreg.insight.experiments.coefficients import Linear, coefficients
from boostreg.insight.experiments.measures import relative_difference
from boostreg.insight.experiments.posterior import Posterior
from boostreg.penalty.priors import laplace_scale, normal_std

__all__ = ["PROCEDURES", "coefficient_prior", "noise_variance"]

Array = NDArray[np.float64]

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
    """Return the posterior whose prior the penalty of ``_penalised`` is said to be.

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
