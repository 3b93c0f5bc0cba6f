"""The way of rows through all trees at once, one level a step."""

import numpy as np
from numpy.typing import NDArray

from boostreg.trees.category_sets import SPAN, list_members
from boostreg.trees.structure import Forest

__all__ = ["descend"]

# LightGBM's kZeroThreshold: smaller values are zeros where zeros are missing.
_ZERO = 1e-35
_MISSING_NONE, _MISSING_ZERO = 0, 1

# Cells of rows x trees walked together: a few MB, which stay in the cache.
_CELLS = 2**18


def descend(trees: Forest, X: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the leaf, as node of the ensemble, that each row reaches in each tree.

    Parameters
    ----------
    trees : Forest
        With at least one tree.
    X : ndarray of shape (n_samples, n_features)
        In the precision that the engine compares in.

    Returns
    -------
    ndarray of shape (n_samples, n_trees)
    """
    leaves = np.empty((len(X), trees.n_trees), dtype=np.int64)
    step = max(1, _CELLS // max(1, trees.n_trees))
    for start in range(0, len(X), step):
        leaves[start : start + step] = _walk(trees, X[start : start + step])
    return leaves


def _walk(trees: Forest, X: NDArray[np.float64]) -> NDArray[np.int64]:
    node = np.tile(trees.tree_offsets[:-1], len(X))
    row = np.repeat(np.arange(len(X)), trees.n_trees)
    active = np.flatnonzero(trees.left[node] >= 0)
    values = np.ascontiguousarray(X).ravel()
    has_sets = len(trees.members_left) > 0
    while active.size:
        here = node[active]
        x = values[row[active] * X.shape[1] + trees.feature[here]]
        goes_left = _numeric(trees, here, x)
        if has_sets:
            _overrule_categorical(trees, here, x, goes_left)
        here = np.where(goes_left, trees.left[here], trees.right[here])
        node[active] = here
        active = active[trees.left[here] >= 0]
    return node.reshape(len(X), trees.n_trees)


def _numeric(
    trees: Forest, here: NDArray[np.int64], x: NDArray[np.float64]
) -> NDArray[np.bool_]:
    threshold = trees.threshold[here]
    if trees.engine != "lightgbm":
        with np.errstate(invalid="ignore"):
            left = x < threshold if trees.engine == "xgboost" else x <= threshold
        missing = np.isnan(x)
        left[missing] = trees.default_left[here[missing]]
        return left
    kind, missing = trees.missing[here], np.isnan(x)
    left = np.where(missing, 0.0, x) <= threshold
    missing &= kind != _MISSING_NONE
    missing |= (kind == _MISSING_ZERO) & (np.abs(x) <= _ZERO)
    left[missing] = trees.default_left[here[missing]]
    return left


def _overrule_categorical(
    trees: Forest,
    here: NDArray[np.int64],
    x: NDArray[np.float64],
    goes_left: NDArray[np.bool_],
) -> None:
    """Decide splits on categories by their sets; a missing value is in none."""
    index = trees.set_index[here]
    place = np.flatnonzero(index >= 0)
    if not place.size:
        return
    index, x = index[place], x[place]
    member = _is_member(trees, index, x)
    left = member == trees.members_left[index]
    if trees.engine != "lightgbm":
        missing = np.isnan(x)
        left[missing] = trees.default_left[here[place[missing]]]
    goes_left[place] = left


def _is_member(
    trees: Forest, index: NDArray[np.int32], x: NDArray[np.float64]
) -> NDArray[np.bool_]:
    # A fraction belongs to the category below it in every library; -0.5 truncates to
    # category 0 in LightGBM alone, XGBoost and scikit-learn refuse what is negative.
    least = -1.0 if trees.engine == "lightgbm" else 0.0
    above = x > least if trees.engine == "lightgbm" else x >= least
    valid = above & (x < float(SPAN))
    code = np.where(valid, x, 0.0).astype(np.int64)
    # One sorted list of set and category serves all sets.
    wanted = index.astype(np.int64) * SPAN + code
    members = list_members(trees)
    found = np.searchsorted(members, wanted)
    found[found == len(members)] = 0
    if not len(members):
        return np.zeros(len(x), dtype=np.bool_)
    is_member: NDArray[np.bool_] = valid & (members[found] == wanted)
    return is_member
