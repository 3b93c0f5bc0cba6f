"""The experiments that a claim may name, with one module per group."""

from collections.abc import Mapping

from boostreg.claims.experiments import (
    chosen,
    collinearity,
    descent,
    ensembles,
    grown,
    network,
    network_effects,
    optimum,
    priors,
    selection,
    smoothness,
    sparsity,
    svm,
    svm_norms,
    updates,
    views,
)
from boostreg.claims.experiments.base import Procedure

__all__ = ["EXPERIMENTS"]

EXPERIMENTS: Mapping[str, Procedure] = {
    procedure.name: procedure
    for procedure in (
        chosen.chosen_collinearity,
        chosen.relative_sizes,
        collinearity.collinearity,
        descent.kink,
        ensembles.penalised_ensembles,
        grown.unsplit_trees,
        network.weight_decay,
        network.network_zeros,
        network.dead_units,
        network_effects.dead_unit_cost,
        network_effects.network_descent,
        network_effects.network_boundary,
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
        svm_norms.margins_by_norm,
        updates.one_step,
        updates.order_of_falling,
        updates.leaf_steps,
        updates.leaf_order,
        views.track_record,
        selection.wide_selection,
    )
}
"""All experiments, by name."""
