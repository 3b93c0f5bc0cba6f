r"""The intercept that LightGBM hides in its first trees.

``boost_from_average`` adds the intercept to every leaf of each class's first tree, sets
that tree's ``shrinkage`` to 1 and forgets the number. For losses whose intercept makes
the summed gradient zero, it is what makes the first tree's gradients cancel: with
:math:`u = (v - b) / \eta` the weight of a leaf of value v, its gradient is
:math:`-u (H + \lambda) - \alpha \operatorname{sign} u`, so b is the one minimum of the
strictly convex

.. math::

    \sum_\text{leaves} \frac{H + \lambda}{2 \eta} (v - b)^2 + \alpha |v - b|.

Where reg_alpha has made leaves zero, they hold exactly b, and the minimum lies there.
Where the loss, row sampling or another penalty breaks the condition, the intercept
stays unknown and the tree ``mixed``: its norms are NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.errors import ModelError

__all__ = ["FirstTree", "find_intercepts"]

Reals = NDArray[np.float64]

# Losses whose starting score has a summed gradient of zero.
_BALANCED = (
    "regression",
    "binary",
    "multiclass",
    "multiclassova",
    "poisson",
    "gamma",
    "tweedie",
    "cross_entropy",
)
# Parameters at any other value break the balance, or the formula of a leaf.
_NEUTRAL: dict[str, str | float] = {
    "boosting": "gbdt",
    "data_sample_strategy": "bagging",
    "max_delta_step": 0.0,
    "path_smooth": 0.0,
    "is_unbalance": 0.0,
    "scale_pos_weight": 1.0,
    "use_quantized_grad": 0.0,
    "monotone_constraints": "",
    "forcedsplits_filename": "",
}


@dataclass(frozen=True, slots=True)
class FirstTree:
    """The first tree of a class, which may hold its intercept."""

    value: Reals
    """Of its leaves, as written."""
    hessian: Reals
    shrinkage: float
    """As written; 1 is the mark of an intercept."""
    learning_rate: float
    has_sets: bool
    """Whether a split on categories may have brought ``cat_l2`` in."""


def find_intercepts(
    trees: Sequence[FirstTree], said: dict[str, str], given: ArrayLike | None
) -> Reals:
    """Return what the leaves of each first tree hold beside their weights.

    Parameters
    ----------
    trees : sequence of FirstTree
        One a class.
    said : dict
        Lines of the head and of the parameters.
    given : float, array-like of shape (n_trees,) or None
        The intercepts, where the caller knows them.

    Returns
    -------
    ndarray of shape (n_trees,)
        NaN where they cannot be told from the weights.
    """
    if given is not None:
        return _given(given, len(trees))
    return np.array([_find(tree, said) for tree in trees], dtype=np.float64)


def _find(tree: FirstTree, said: dict[str, str]) -> float:
    if not _may_hold(tree.shrinkage, tree.value, said):
        return 0.0
    if len(tree.value) == 1:
        # A first tree without a split is nothing but the intercept.
        return float(tree.value[0])
    if (
        not _is_balanced(said)
        or (tree.has_sets and _number(said, "cat_l2") != 0)
        or np.isnan(tree.hessian).any()
        or not tree.learning_rate > 0
    ):
        return np.nan
    slope = (tree.hessian + _number(said, "lambda_l2")) / tree.learning_rate
    return _balance(tree.value, slope, _number(said, "lambda_l1"))


def _given(given: ArrayLike, n_outputs: int) -> Reals:
    try:
        return np.broadcast_to(np.asarray(given, np.float64), (n_outputs,)).copy()
    except ValueError:
        raise ModelError(
            f"intercept must have 1 or {n_outputs} numbers, got {given!r}."
        ) from None


def _may_hold(shrinkage: float, value: Reals, said: dict[str, str]) -> bool:
    if shrinkage != 1 or not value.any():
        return False
    # With learning_rate 1 the mark is no mark; then only the switch can rule it out.
    return len(value) == 1 or said.get("boost_from_average") != "0"


def _balance(value: Reals, slope: Reals, reg_alpha: float) -> float:
    """Return the minimum of ``sum(slope / 2 (v - b)^2 + reg_alpha abs(v - b))``."""
    order = np.argsort(value, kind="stable")
    v, slope = value[order], slope[order]
    total, pull = slope.sum(), (slope * v).sum()
    # The minimum without reg_alpha, shifted by as many alphas as leaves lie above
    # rather than below, if that lies between these leaves.
    n_below = np.arange(len(v) + 1)
    shifted = (pull + reg_alpha * (len(v) - 2 * n_below)) / total
    low = np.concatenate([[-np.inf], v])
    high = np.concatenate([v, [np.inf]])
    between = np.flatnonzero((low <= shifted) & (shifted <= high))
    if between.size:
        return float(shifted[between[0]])
    # Otherwise it lies on a leaf: the first where the derivative is no longer negative.
    rises = shifted[1:] <= v
    return float(v[int(rises.argmax())]) if rises.any() else np.nan


def _is_balanced(said: dict[str, str]) -> bool:
    objective = (said.get("objective") or "none").split()[0]
    if objective not in _BALANCED or "lambda_l1" not in said:
        return False
    if _number(said, "bagging_fraction") != 1 and _number(said, "bagging_freq") != 0:
        return False
    halves = ("pos_bagging_fraction", "neg_bagging_fraction")
    if any(_number(said, key) != 1 for key in halves if key in said):
        return False
    return all(_is(said.get(key), neutral) for key, neutral in _NEUTRAL.items())


def _is(text: str | None, neutral: str | float) -> bool:
    if text is None or isinstance(neutral, str):
        return text is None or text == neutral
    try:
        return float(text) == neutral
    except ValueError:
        return False


def _number(said: dict[str, str], key: str) -> float:
    try:
        return float(said.get(key, "nan"))
    except ValueError:
        return np.nan
