"""XGBoost's model as JSON, rewritten so that the bare library predicts alone.

The fields are those of ``src/tree/io_utils.h`` and ``src/gbm/gbtree_model.cc``. A
booster of ours was grown on a standardised target from a score that its file does not
hold; the rewriting scales the trees and writes the intercept as ``base_score``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.engines.problem import Standard
from boostreg.losses import Array, Objective

__all__ = ["rewrite"]


def rewrite(
    content: dict[str, Any], *, n_rounds: int, standard: Standard, objective: Objective
) -> dict[str, Any]:
    """Return the model of the first rounds in the user's units.

    Parameters
    ----------
    content : dict
        As ``Booster.save_raw("json")`` gives it; it is changed.
    n_rounds : int
        Rounds to keep.
    standard : Standard
        The scale that the trees were grown on.
    objective : Objective
    """
    learner = content["learner"]
    ensemble = learner["gradient_booster"]["model"]
    outputs = objective.n_outputs
    kept = n_rounds * outputs
    ensemble["trees"] = [_tree(tree, standard) for tree in ensemble["trees"][:kept]]
    ensemble["tree_info"] = ensemble["tree_info"][:kept]
    ensemble["iteration_indptr"] = list(range(0, kept + 1, outputs))
    ensemble["gbtree_model_param"]["num_trees"] = str(kept)
    scores = _shortest(_output_space(standard.intercept, objective))
    said = ",".join(str(np.float32(score)) for score in scores)
    learner["learner_model_param"]["base_score"] = f"[{said}]"
    return content


def _tree(tree: dict[str, Any], standard: Standard) -> dict[str, Any]:
    s = standard.leaf_scale
    leaf = np.array(tree["left_children"]) == -1
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    conditions[leaf] *= np.float32(s)
    return tree | {
        "split_conditions": _shortest(conditions),
        "base_weights": _shortest(np.array(tree["base_weights"], np.float32) * s),
        "sum_hessian": _shortest(
            np.array(tree["sum_hessian"], np.float32) * standard.hessian_scale
        ),
        "loss_changes": _shortest(
            np.array(tree["loss_changes"], np.float32) * standard.gain_scale
        ),
    }


def _shortest(values: NDArray[Any]) -> list[float]:
    # XGBoost reads at most nine digits exactly: write what names the float32.
    return [float(str(value)) for value in values.astype(np.float32)]


def _output_space(intercept: Array, objective: Objective) -> Array:
    if objective.name == "logistic":
        return objective.predict(intercept[None, :])[:, 1]
    if objective.log_link:
        return np.asarray(np.exp(intercept), dtype=np.float64)
    return intercept
