"""LightGBM's model text as arrays.

A head of ``key=value`` lines, one block a tree, and a list of the parameters used:

=================  ==============================================================
line of a tree     meaning
=================  ==============================================================
``left_child``     split that ``x <= threshold`` leads to; ``~k`` is leaf k
``decision_type``  bit 0 categorical, bit 1 missing left, bits 2-3 what is missing:
                   0 nothing (NaN counts as 0), 1 zeros and NaN, 2 NaN
``threshold``      of a categorical split: number of its set in ``cat_boundaries``
``cat_threshold``  bits of the categories that go left, 32 a word
``leaf_value``     after shrinkage; the first trees may hold the intercept as well
``leaf_weight``    H of the leaf; not written for a tree of one leaf
``shrinkage``      factor on all weights; 1 where an intercept was added
=================  ==============================================================

Sources: ``src/io/tree.cpp``, ``include/LightGBM/tree.h`` and ``src/boosting/
gbdt_model_text.cpp`` of LightGBM 4.7.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.errors import ModelError
from boostreg.trees.formats.lightgbm_intercept import separate_intercept
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
    "internal_weight": np.float64,
}
_INTERCEPT = "boostreg_intercept"


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
        asked, and then the trees, see ``separate_intercept``.
    """
    head, blocks, parameters = _cut(text)
    n_outputs = _whole(head, "num_tree_per_iteration", 1)
    n_trees = len(blocks)
    n_leaves = np.array([_whole(block, "num_leaves") for block in blocks], np.int64)
    if (n_leaves < 1).any():
        raise ModelError("A tree of LightGBM must have a leaf, one has none.")
    splits = {
        key: _join(blocks, key, n_leaves - 1, kind) for key, kind in _NODE_KEYS.items()
    }
    leaves = {
        "value": _join(blocks, "leaf_value", n_leaves, np.float64),
        "hessian": _leaf_hessians(blocks, n_leaves),
    }
    if intercept is None and _INTERCEPT in head:
        intercept = _numbers(head[_INTERCEPT], _INTERCEPT, np.float64)
    shrinkage = np.array([_real(block, "shrinkage", 1.0) for block in blocks])
    leaves["value"], known, mixed, rates = separate_intercept(
        leaves, n_leaves, shrinkage, n_outputs, head | parameters, intercept
    )
    if learning_rate is not None:
        rates = np.full(n_trees, learning_rate)
    return RawForest(
        **_nodes(splits, leaves, n_leaves),
        **_category_sets(blocks, splits, n_leaves),
        engine="lightgbm",
        n_features=_whole(head, "max_feature_idx") + 1,
        n_outputs=n_outputs,
        n_rounds=-(-n_trees // n_outputs),
        tree_offsets=np.concatenate([[0], np.cumsum(2 * n_leaves - 1)]),
        output=(np.arange(n_trees) % n_outputs).astype(np.int32),
        round=(np.arange(n_trees) // n_outputs).astype(np.int32),
        learning_rates=rates,
        reg_lambda=_real(parameters, "lambda_l2", np.nan),
        intercept=known,
        mixed=mixed,
    )


def _cut(text: str) -> tuple[dict[str, str], list[dict[str, str]], dict[str, str]]:
    """Return the lines of head, of each tree, and of the parameters."""
    body, end, tail = text.partition("end of trees")
    top, *blocks = body.split("\nTree=")
    if not end or not top.startswith("tree"):
        raise ModelError(
            "A LightGBM model must start with 'tree' and hold 'end of trees', "
            f"got {text[:20]!r}."
        )
    head = _lines(top)
    _refuse(head, top)
    trees = [_lines(block) for block in blocks]
    if any(tree.get("is_linear", "0").strip() != "0" for tree in trees):
        raise ModelError(
            "LightGBM's linear_tree has a regression in each leaf, which cannot be "
            "read; only constant leaves can."
        )
    listed = tail.partition("\nparameters:\n")[2].partition("end of parameters")[0]
    pairs = [line.strip("[]").partition(": ") for line in listed.split("\n")]
    return head, trees, {key: value for key, _, value in pairs if key}


def _lines(block: str) -> dict[str, str]:
    pairs = [line.partition("=") for line in block.split("\n")]
    return {key: value for key, _, value in pairs}


def _refuse(head: dict[str, str], top: str) -> None:
    if "\naverage_output" in top:
        raise ModelError(
            "LightGBM's boosting='rf' averages its trees, so a prefix is no model; "
            "it cannot be read."
        )
    _whole(head, "max_feature_idx")
    if not 1 <= _whole(head, "num_tree_per_iteration", 1) <= 2**20:
        raise ModelError("A LightGBM model must have 1 to 2**20 trees a round.")


def _whole(lines: dict[str, str], key: str, default: int | None = None) -> int:
    text = lines.get(key, default)
    try:
        return int(text)  # type: ignore[arg-type]  # None raises, as it should
    except (TypeError, ValueError):
        raise ModelError(
            f"A LightGBM model must have a whole number as {key!r}, got {text!r}."
        ) from None


def _real(lines: dict[str, str], key: str, default: float) -> float:
    try:
        return float(lines.get(key, default))
    except ValueError:
        raise ModelError(
            f"A LightGBM model must have a number as {key!r}, got {lines[key]!r}."
        ) from None


def _join(
    blocks: list[dict[str, str]],
    key: str,
    counts: NDArray[np.int64],
    kind: type[Any],
) -> NDArray[Any]:
    """Return one array over all trees: one call of the parser for all of them."""
    numbers = _numbers(" ".join([block.get(key, "") for block in blocks]), key, kind)
    if len(numbers) == int(counts.sum()) and all(
        block.get(key, "").count(" ") == max(count - 1, 0)
        for block, count in zip(blocks, counts.tolist(), strict=True)
    ):
        return numbers
    raise ModelError(
        f"LightGBM's {key!r} must have one number a node, {int(counts.sum())} in all, "
        f"got {len(numbers)}."
    )


def _numbers(text: str, key: str, kind: type[Any]) -> NDArray[Any]:
    if not text.strip():
        return np.zeros(0, dtype=kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            return np.fromstring(text, dtype=kind, sep=" ")
    except (ValueError, DeprecationWarning):
        raise ModelError(f"LightGBM's {key!r} must be numbers.") from None


def _leaf_hessians(
    blocks: list[dict[str, str]], n_leaves: NDArray[np.int64]
) -> NDArray[np.float64]:
    written = np.array([bool(block.get("leaf_weight")) for block in blocks], np.bool_)
    hessian = np.full(int(n_leaves.sum()), np.nan)
    hessian[np.repeat(written, n_leaves)] = _join(
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
        "left": place(children["left"], -1, np.int64),
        "right": place(children["right"], -1, np.int64),
        "feature": place(splits["split_feature"], -1, np.int32),
        "threshold": place(splits["threshold"], np.nan, np.float64),
        "value": place(np.zeros(len(kind)), leaves["value"], np.float64),
        "hessian": place(splits["internal_weight"], leaves["hessian"], np.float64),
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
    n_sets = np.array([_whole(block, "num_cat", 0) for block in blocks], np.int64)
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
        n_sets = _whole(block, "num_cat", 0)
        if not n_sets:
            continue
        ends = _numbers(block.get("cat_boundaries", ""), "cat_boundaries", np.int64)
        bits = _numbers(block.get("cat_threshold", ""), "cat_threshold", np.int64)
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
