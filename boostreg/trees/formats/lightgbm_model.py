"""LightGBM's model text as arrays.

Each tree is a block of ``key=value`` lines:

=================  ==============================================================
line of a tree     meaning
=================  ==============================================================
``left_child``     split that ``x <= threshold`` leads to; ``~k`` is leaf k
``decision_type``  bit 0 categorical, bit 1 missing left, bits 2-3 what is missing:
                   0 nothing (NaN counts as 0), 1 zeros and NaN, 2 NaN
``threshold``      of a categorical split: number of its set in ``cat_boundaries``
``cat_threshold``  bits of the categories that go left, 32 a word
``leaf_value``     after shrinkage; the first trees may hold the intercept as well
``leaf_weight``    H of the leaf; not written for a tree of one leaf (of inner nodes
                   it has 6 digits only and is not read)
``shrinkage``      factor on all weights; 1 where an intercept was added
=================  ==============================================================

Sources: ``src/io/tree.cpp``, ``include/LightGBM/tree.h`` and ``src/boosting/
gbdt_model_text.cpp`` of LightGBM 4.7.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.errors import ModelError
from boostreg.trees.formats.lightgbm_intercept import FirstTree, find_intercepts
from boostreg.trees.formats.lightgbm_text import cut_text, join, numbers, real, whole
from boostreg.trees.structure import NO_SETS, RawForest

__all__ = ["read_lightgbm"]

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_NODE_KEYS = {
    "split_feature": np.int64,
    "split_gain": np.float64,
    "threshold": np.float64,
    "decision_type": np.int64,
    "left_child": np.int64,
    "right_child": np.int64,
}
_INTERCEPT = "boostreg_intercept"


@np.errstate(all="ignore")  # numbers that are none are told by what they lead to
def read_lightgbm(
    text: str,
    *,
    learning_rate: float | None = None,
    intercept: ArrayLike | None = None,
) -> RawForest:
    """Return the trees of a text as ``Booster.model_to_string`` gives it.

    Parameters
    ----------
    text : str
        The whole model.
    learning_rate : float, optional
        What leaves are divided by to get weights; the text's own shrinkage otherwise.
    intercept : float or array-like of shape (n_outputs,), optional
        What the leaves of each class's first tree hold beside their weights; 0 says
        that they are pure. Otherwise a line ``boostreg_intercept=`` in the head is
        asked, and then the trees, see ``find_intercepts``.
    """
    head, blocks, parameters = cut_text(text)
    n_outputs = whole(head, "num_tree_per_iteration", 1)
    n_trees = len(blocks)
    n_leaves = np.array([whole(block, "num_leaves") for block in blocks], np.int64)
    if (n_leaves < 1).any():
        raise ModelError("A tree of LightGBM must have a leaf, one has none.")
    splits = {
        key: join(blocks, key, n_leaves - 1, kind) for key, kind in _NODE_KEYS.items()
    }
    leaves = {
        "value": join(blocks, "leaf_value", n_leaves, np.float64),
        "hessian": _leaf_hessians(blocks, n_leaves),
    }
    if intercept is None and _INTERCEPT in head:
        intercept = numbers(head[_INTERCEPT], _INTERCEPT, np.float64)
    said = head | parameters
    rates = _rates(blocks, n_outputs, said)
    first = _first_trees(blocks, leaves, n_leaves, rates, n_outputs)
    found = find_intercepts(first, said, intercept)
    mixed = np.zeros(n_trees, dtype=np.bool_)
    mixed[: len(found)] = np.isnan(found)
    leaves["value"] = _subtract(leaves["value"], np.nan_to_num(found), n_leaves)
    known = np.zeros(n_outputs)
    known[: len(found)] = np.nan_to_num(found)
    if learning_rate is not None:
        rates = np.full(n_trees, learning_rate)
    return RawForest(
        **_nodes(splits, leaves, n_leaves),
        **_category_sets(blocks, splits, n_leaves),
        engine="lightgbm",
        n_features=whole(head, "max_feature_idx") + 1,
        n_outputs=n_outputs,
        n_rounds=-(-n_trees // n_outputs),
        tree_offsets=np.concatenate([[0], np.cumsum(2 * n_leaves - 1)]),
        output=(np.arange(n_trees) % n_outputs).astype(np.int32),
        round=(np.arange(n_trees) // n_outputs).astype(np.int32),
        learning_rates=rates,
        reg_lambda=real(parameters, "lambda_l2", np.nan),
        intercept=known,
        mixed=mixed,
    )


def _rates(
    blocks: list[dict[str, str]], n_outputs: int, said: dict[str, str]
) -> NDArray[np.float64]:
    """Return what weights were multiplied by; first trees may have lost their mark."""
    rates = np.array([real(block, "shrinkage", 1.0) for block in blocks])
    for tree in np.flatnonzero(rates[:n_outputs] == 1):
        later = tree + n_outputs
        rates[tree] = (
            rates[later] if later < len(rates) else real(said, "learning_rate", np.nan)
        )
    return rates


def _first_trees(
    blocks: list[dict[str, str]],
    leaves: dict[str, NDArray[np.float64]],
    n_leaves: NDArray[np.int64],
    rates: NDArray[np.float64],
    n_outputs: int,
) -> list[FirstTree]:
    ends = np.cumsum(n_leaves)
    return [
        FirstTree(
            value=leaves["value"][ends[tree] - n_leaves[tree] : ends[tree]],
            hessian=leaves["hessian"][ends[tree] - n_leaves[tree] : ends[tree]],
            shrinkage=real(blocks[tree], "shrinkage", 1.0),
            learning_rate=float(rates[tree]),
            has_sets=whole(blocks[tree], "num_cat", 0) > 0,
        )
        for tree in range(min(n_outputs, len(blocks)))
    ]


def _subtract(
    value: NDArray[np.float64],
    intercept: NDArray[np.float64],
    n_leaves: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return pure leaf values: those of the first trees without their intercept."""
    hidden = np.repeat(intercept, n_leaves[: len(intercept)])
    pure = value.copy()
    first = pure[: len(hidden)]
    first -= hidden
    # What rounding leaves of a zero weight, a few ulp of the intercept, is zero.
    first[(np.abs(first) <= 4 * np.spacing(np.abs(hidden))) & (hidden != 0)] = 0.0
    return pure


def _leaf_hessians(
    blocks: list[dict[str, str]], n_leaves: NDArray[np.int64]
) -> NDArray[np.float64]:
    written = np.array([bool(block.get("leaf_weight")) for block in blocks], np.bool_)
    hessian = np.full(int(n_leaves.sum()), np.nan)
    hessian[np.repeat(written, n_leaves)] = join(
        blocks, "leaf_weight", np.where(written, n_leaves, 0), np.float64
    )
    return hessian


def _places(n_leaves: NDArray[np.int64]) -> tuple[Any, Any, NDArray[np.int64]]:
    """Return where splits and leaves go, and the number of splits of each split's tree.

    Each tree has its splits first, as LightGBM numbers them, and then its leaves.
    """
    is_leaf = np.repeat(
        np.tile([False, True], len(n_leaves)),
        np.stack([n_leaves - 1, n_leaves], axis=1).ravel(),
    )
    return ~is_leaf, is_leaf, np.repeat(n_leaves - 1, n_leaves - 1)


def _nodes(
    splits: dict[str, NDArray[Any]],
    leaves: dict[str, NDArray[np.float64]],
    n_leaves: NDArray[np.int64],
) -> dict[str, NDArray[Any]]:
    at_split, at_leaf, n_splits = _places(n_leaves)
    kind = splits["decision_type"]
    children = {}
    for name in ("left", "right"):
        child = splits[f"{name}_child"]
        if ((child >= n_splits) | (~child > n_splits)).any():
            raise ModelError("A child in a LightGBM tree must be one of its nodes.")
        children[name] = np.where(child >= 0, child, n_splits + ~child)

    def place(of_splits: NDArray[Any], in_leaves: Any, dtype: Any) -> NDArray[Any]:
        values = np.empty(len(at_split), dtype=dtype)
        values[at_split], values[at_leaf] = of_splits, in_leaves
        return values

    return {
        "left": place(children["left"], -1, np.int32),
        "right": place(children["right"], -1, np.int32),
        "feature": place(splits["split_feature"], -1, np.int32),
        "threshold": place(splits["threshold"], np.nan, np.float64),
        "value": place(np.zeros(len(kind)), leaves["value"], np.float64),
        "hessian": place(np.full(len(kind), np.nan), leaves["hessian"], np.float64),
        "gain": place(splits["split_gain"], 0.0, np.float64),
        "default_left": place((kind & _DEFAULT_LEFT) > 0, False, np.bool_),
        "missing": place((kind >> 2) & 3, 0, np.uint8),
    }


def _category_sets(
    blocks: list[dict[str, str]],
    splits: dict[str, NDArray[Any]],
    n_leaves: NDArray[np.int64],
) -> dict[str, NDArray[Any]]:
    """Return the sets of categories; members go left, all else right."""
    at_split, _, _ = _places(n_leaves)
    set_index = np.full(len(at_split), -1, dtype=np.int32)
    categorical = (splits["decision_type"] & _CATEGORICAL) > 0
    if not categorical.any():
        return {"set_index": set_index, **NO_SETS}
    tree = np.repeat(np.arange(len(blocks)), n_leaves - 1)[categorical]
    number = splits["threshold"][categorical].astype(np.int64)
    offsets, words = _words(blocks)
    n_sets = np.array([whole(block, "num_cat", 0) for block in blocks], np.int64)
    if ((number < 0) | (number >= n_sets[tree])).any():
        raise ModelError("A categorical split of LightGBM must have a set.")
    which = number + (np.cumsum(n_sets) - n_sets)[tree]
    set_index[np.flatnonzero(at_split)[categorical]] = which
    bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
    place = np.flatnonzero(bits)
    set_of_word = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    set_of_bit = set_of_word[place // 32]
    return {
        "set_index": set_index,
        "set_offsets": np.searchsorted(set_of_bit, np.arange(len(offsets))),
        "categories": (place - 32 * offsets[set_of_bit]).astype(np.int32),
        "members_left": np.ones(len(offsets) - 1, dtype=np.bool_),
    }


def _words(
    blocks: list[dict[str, str]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each set's words start, over all trees, and the words."""
    starts, words, total = [np.zeros(1, np.int64)], [np.zeros(0, np.int64)], 0
    for block in blocks:
        n_sets = whole(block, "num_cat", 0)
        if not n_sets:
            continue
        ends = numbers(block.get("cat_boundaries", ""), "cat_boundaries", np.int64)
        bits = numbers(block.get("cat_threshold", ""), "cat_threshold", np.int64)
        if (
            len(ends) != n_sets + 1
            or ends[0] != 0
            or ends[-1] != len(bits)
            or (np.diff(ends) < 0).any()
        ):
            raise ModelError("LightGBM's 'cat_boundaries' must frame 'cat_threshold'.")
        starts.append(ends[1:] + total)
        words.append(bits)
        total += len(bits)
    return np.concatenate(starts), np.concatenate(words)
