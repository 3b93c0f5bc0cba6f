"""Experiments that a claim may name, by their names.

One module a group; each ends in a mapping ``PROCEDURES`` and stands in ``_GROUPS``.
"""

from collections.abc import Mapping

from boostreg.insight.experiments import (
    collinearity,
    descent,
    ensembles,
    leafpriors,
    leafupdates,
    network,
    optimum,
    priors,
    selection,
    smoothness,
    sparsity,
    svm,
    updates,
)
from boostreg.insight.experiments.base import Procedure

__all__ = ["EXPERIMENTS"]

_GROUPS: tuple[Mapping[str, Procedure], ...] = (
    collinearity.PROCEDURES,
    descent.PROCEDURES,
    ensembles.PROCEDURES,
    leafpriors.PROCEDURES,
    leafupdates.PROCEDURES,
    network.PROCEDURES,
    optimum.PROCEDURES,
    priors.PROCEDURES,
    selection.PROCEDURES,
    smoothness.PROCEDURES,
    sparsity.PROCEDURES,
    svm.PROCEDURES,
    updates.PROCEDURES,
)

EXPERIMENTS: Mapping[str, Procedure] = {
    name: procedure for group in _GROUPS for name, procedure in group.items()
}
"""Every experiment; a name stands for one alone."""
