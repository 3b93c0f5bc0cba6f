"""The experiments that a claim may name, with one module per group."""

from collections.abc import Mapping

from boostreg.claims.experiments import (
    collinearity,
    descent,
    ensembles,
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

EXPERIMENTS: Mapping[str, Procedure] = {
    procedure.name: procedure
    for procedure in (
        collinearity.collinearity,
        descent.kink,
        ensembles.penalised_ensembles,
        grown.unsplit_trees,
        network.weight_decay,
        network.network_zeros,
        network.dead_units,
        optimum.losses_along_a_penalty,
        optimum.shifted_optimum,
        optimum.leaf_optimum,
        priors.coefficient_prior,
        priors.leaf_prior,
        selection.lasso_selection,
        selection.tree_selection,
        smoothness.smooth_line,
        smoothness.smooth_trees,
        sparsity.coefficient_sparsity,
        sparsity.largest_coefficients,
        sparsity.leaf_sparsity,
        sparsity.largest_leaves,
        svm.margins,
        updates.one_step,
        updates.order_of_falling,
        updates.leaf_steps,
        updates.leaf_order,
    )
}
"""All experiments, by name."""
