"""The experiments that a claim may name.

There is one module per group; each ends with a mapping ``PROCEDURES``.
"""

from collections.abc import Mapping

from boostreg.claims.experiments import (
    collinearity,
    descent,
    grown,
    network,
    optimum,
    priors,
    selection,
    smoothness,
    sparsity,
    svm,
    updates,
)
from boostreg.claims.experiments.base import Procedure

__all__ = ["EXPERIMENTS"]

_GROUPS: tuple[Mapping[str, Procedure], ...] = (
    collinearity.PROCEDURES,
    descent.PROCEDURES,
    grown.PROCEDURES,
    priors.LEAF_PROCEDURES,
    updates.LEAF_PROCEDURES,
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
"""All experiments, by name."""
