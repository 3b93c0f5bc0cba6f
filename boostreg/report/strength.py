"""How strong a chosen penalty is: in three scales, and as a prior."""

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from boostreg.errors import PenaltyError
from boostreg.losses import Array
from boostreg.penalty import SCALED, Penalty, Scale, Units
from boostreg.penalty.priors import as_prior

__all__ = ["noise_variance", "penalty_scales", "prior_of"]

_LIKELIHOODS = ("logistic", "softmax", "poisson")
_DISPERSED = ("squared_error", "gamma", "tweedie")


def penalty_scales(
    penalty: Penalty, units: Units
) -> dict[str, dict[str, float] | None]:
    """Return the scaled penalties by scale, None for a scale without a unit."""
    content: dict[str, dict[str, float] | None] = {}
    for scale in get_args(Scale):
        try:
            same = penalty.to_scale(scale, units)
        except PenaltyError:
            content[scale] = None
        else:
            content[scale] = {name: getattr(same, name) for name in SCALED}
    return content


def prior_of(penalty: Penalty, units: Units, variance: float | None) -> dict[str, Any]:
    """Return what ``as_prior`` says, for a penalty in any scale."""
    return as_prior(penalty.to_raw(units), units, variance)


def noise_variance(
    objective: str, loss: float, weights: Sequence[Array | None]
) -> float | None:
    """Return s^2 of ``boostreg.penalty.priors``, None where the objective has none.

    Parameters
    ----------
    objective : str
        What was minimised.
    loss : float
        Mean loss on rows that were not trained on. For squared error it is the noise
        variance, for gamma and Tweedie, a mean deviance, about the dispersion.
    weights : sequence of arrays or None
        Row weights. They are taken for precisions: ``loss`` is then the variance of a
        row of mean weight, and a row of weight 1 has so much more.
    """
    known = [part for part in weights if part is not None]
    mean_weight = float(np.mean(np.concatenate(known))) if known else 1.0
    if objective in _DISPERSED:
        return loss * mean_weight
    return mean_weight if objective in _LIKELIHOODS else None
