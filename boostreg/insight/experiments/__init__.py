"""Experiments that a claim may name, by their names.

One module a group; each ends in a mapping ``PROCEDURES`` and stands in ``_GROUPS``.
"""

from collections.abc import Mapping

from boostreg.insight.experiments import (
    descent,
    leafpriors,
    network,
    optimum,
    priors,
    selection,
    sparsity,
    updates,
)
from boostreg.insight.experiments.base import Procedure

__all__ = ["EXPERIMENTS"]

_GROUPS: tuple[Mapping[str, Procedure], ...] = (
    descent.PROCEDURES,
    leafpriors.PROCEDURES,
    network.PROCEDURES,
    optimum.PROCEDURES,
    priors.PROCEDURES,
    selection.PROCEDURES,
    sparsity.PROCEDURES,
    updates.PROCEDURES,
)

EXPERIMENTS: Mapping[str, Procedure] = {
    name: procedure for group in _GROUPS for name, procedure in group.items()
}
"""Every experiment; a name stands for one alone."""
