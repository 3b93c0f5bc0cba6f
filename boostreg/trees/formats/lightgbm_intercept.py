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

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.errors import ModelError

__all__ = ["separate_intercept"]

Reals = NDArray[np.float64]

# Losses whose starting score has a summed gradient of zero.
_BALANCED = frozenset(
    ("regression", "binary", "multiclass", "multiclassova", "poisson", "gamma")
    + ("tweedie", "cross_entropy")
)
# Parameters at any other value break the balance, or the formula of a leaf.
_NEUTRAL = {
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


def separate_intercept(  # noqa: PLR0913  # the six things a model text says of it
    leaves: dict[str, Reals],
    n_leaves: NDArray[np.int64],
    shrinkage: Reals,
    n_outputs: int,
    said: dict[str, str],
    given: ArrayLike | None,
) -> tuple[Reals, Reals, NDArray[np.bool_], Reals]:
    """Return pure leaf values, intercepts, mixed trees and the rate of each tree.

    Parameters
    ----------
    leaves : dict of ndarray
        ``value`` and ``hessian`` of all leaves, tree by tree.
    n_leaves : ndarray of shape (n_trees,)
        Leaves of each tree.
    shrinkage : ndarray of shape (n_trees,)
        As written.
    n_outputs : int
        Trees a round; the first ones may hold intercepts.
    said : dict
        Lines of the head and of the parameters.
    given : float, array-like of shape (n_outputs,) or None
        The intercepts, where the caller knows them.
    """
    value, rates = leaves["value"].copy(), shrinkage.copy()
    mixed = np.zeros(len(n_leaves), dtype=np.bool_)
    known = _given(given, n_outputs)
    found = np.zeros(n_outputs) if known is None else known.copy()
    starts = np.cumsum(n_leaves) - n_leaves
    for tree in range(min(n_outputs, len(n_leaves))):
        part = slice(starts[tree], starts[tree] + n_leaves[tree])
        if shrinkage[tree] == 1:
            rates[tree] = _rate(shrinkage, tree + n_outputs, said)
        if known is None:
            hidden = _may_hold(shrinkage[tree], value[part], said)
            found[tree] = (
                _balance(value[part], leaves["hessian"][part], rates[tree], said)
                if hidden
                else 0.0
            )
        mixed[tree] = np.isnan(found[tree])
        if mixed[tree]:
            found[tree] = 0.0
        value[part] = _subtract(value[part], found[tree])
    return value, found, mixed, rates


def _given(given: ArrayLike | None, n_outputs: int) -> Reals | None:
    if given is None:
        return None
    try:
        return np.broadcast_to(np.asarray(given, np.float64), (n_outputs,)).copy()
    except ValueError:
        raise ModelError(
            f"intercept must have 1 or {n_outputs} numbers, got {given!r}."
        ) from None


def _rate(shrinkage: Reals, later: int, said: dict[str, str]) -> float:
    if later < len(shrinkage):
        return float(shrinkage[later])
    return _number(said, "learning_rate")


def _may_hold(shrinkage: float, value: Reals, said: dict[str, str]) -> bool:
    if shrinkage != 1 or not value.any():
        return False
    # With learning_rate 1 the mark is no mark; then only the switch can rule it out.
    return len(value) == 1 or said.get("boost_from_average") != "0"


def _balance(value: Reals, hessian: Reals, rate: float, said: dict[str, str]) -> float:
    """Return the intercept that balances the gradients, NaN where they need not be."""
    if len(value) == 1:
        # A first tree without a split is nothing but the intercept.
        return float(value[0])
    if not _is_balanced(said) or np.isnan(hessian).any() or not rate > 0:
        return np.nan
    reg_alpha, reg_lambda = _number(said, "lambda_l1"), _number(said, "lambda_l2")
    slope = (hessian + reg_lambda) / rate
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
    if said.get("categorical_feature") and _number(said, "cat_l2") != 0:
        return False
    return all(_is(said.get(key), neutral) for key, neutral in _NEUTRAL.items())


def _is(text: str | None, neutral: Any) -> bool:
    if text is None or isinstance(neutral, str):
        return text in (None, neutral)
    try:
        return float(text) == neutral
    except ValueError:
        return False


def _number(said: dict[str, str], key: str) -> float:
    try:
        return float(said.get(key, "nan"))
    except ValueError:
        return np.nan


def _subtract(value: Reals, intercept: float) -> Reals:
    pure = value - intercept
    # What rounding leaves of a zero weight, a few ulp of the intercept, is zero.
    pure[np.abs(pure) <= 4 * np.spacing(abs(intercept))] = 0.0
    return pure if intercept else value
