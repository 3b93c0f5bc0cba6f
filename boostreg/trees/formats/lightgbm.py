"""Reads LightGBM's model text.

The text has a header of ``key=value`` lines, one block of such lines per tree, ``end of
trees``, and the parameters as ``[key: value]`` (``src/boosting/gbdt_model_text.cpp``,
``src/io/tree.cpp``).
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.arrays import Array
from boostreg.errors import ModelError
from boostreg.trees.structure import NO_SETS, RawForest

__all__ = ["read_lightgbm"]

_LARGEST = 2**31 - 1
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


@np.errstate(all="ignore")  # invalid numbers are detected by their consequences
def read_lightgbm(
    text: str,
    *,
    learning_rate: float | None = None,
    intercept: ArrayLike | None = None,
) -> RawForest:
    """Return the trees of a text from ``Booster.model_to_string``.

    Parameters
    ----------
    text : str
        The complete model text.
    learning_rate : float, optional
        Divisor from leaf values to weights. Default: the shrinkage in the text.
    intercept : float or array-like of shape (n_outputs,), optional
        The intercept in the leaves of the first tree of each class; 0 for none. By
        default it is read from a header line ``boostreg_intercept=``, or computed
        where the loss determines it, see ``_hidden_intercept``.
    """
    head, blocks, parameters = _cut(text)
    n_outputs, n_trees = _whole(head, "num_tree_per_iteration", 1), len(blocks)
    n_leaves = np.array([_whole(block, "num_leaves") for block in blocks], np.int64)
    if (n_leaves < 1).any():
        raise ModelError("A tree of LightGBM must have a leaf; one has none.")
    splits = {
        key: _join(blocks, key, n_leaves - 1, kind) for key, kind in _NODE_KEYS.items()
    }
    value = _join(blocks, "leaf_value", n_leaves, np.float64)
    written = np.array([bool(block.get("leaf_weight")) for block in blocks], np.bool_)
    hessian = np.full(len(value), np.nan)
    hessian[np.repeat(written, n_leaves)] = _join(
        blocks, "leaf_weight", np.where(written, n_leaves, 0), np.float64
    )
    if intercept is None and _INTERCEPT in head:
        intercept = _numbers(head[_INTERCEPT], _INTERCEPT, np.float64)
    settings = head | parameters
    rates = _rates(blocks, n_outputs, settings)
    hidden = np.zeros(n_outputs)
    if intercept is not None:
        try:
            hidden[:] = np.asarray(intercept, np.float64)
        except ValueError:
            raise ModelError(
                f"intercept must have 1 or {n_outputs} numbers, got {intercept!r}."
            ) from None
    else:
        ends = np.cumsum(n_leaves)
        for tree, block in enumerate(blocks[:n_outputs]):
            leaves = slice(ends[tree] - n_leaves[tree], ends[tree])
            hidden[tree] = _hidden_intercept(
                value[leaves], hessian[leaves], rates[tree], block, settings
            )
    mixed = np.zeros(n_trees, dtype=np.bool_)
    mixed[:n_outputs] = np.isnan(hidden)[:n_trees]
    hidden = np.nan_to_num(hidden)
    added = np.repeat(hidden[:n_trees], n_leaves[:n_outputs])
    first = value[: len(added)]
    first -= added
    # A weight of a few ulp of the intercept is a zero with rounding error.
    first[(np.abs(first) <= 4 * np.spacing(np.abs(added))) & (added != 0)] = 0.0
    return RawForest(
        **_nodes(splits, {"value": value, "hessian": hessian}, n_leaves),
        **_category_sets(blocks, splits, n_leaves),
        engine="lightgbm",
        n_features=_whole(head, "max_feature_idx") + 1,
        n_outputs=n_outputs,
        n_rounds=-(-n_trees // n_outputs),
        tree_offsets=np.concatenate([[0], np.cumsum(2 * n_leaves - 1)]),
        output=(np.arange(n_trees) % n_outputs).astype(np.int32),
        round=(np.arange(n_trees) // n_outputs).astype(np.int32),
        learning_rates=rates
        if learning_rate is None
        else np.full(n_trees, learning_rate),
        reg_lambda=_real(parameters, "lambda_l2", np.nan),
        intercept=hidden,
        mixed=mixed,
    )


def _cut(text: str) -> tuple[dict[str, str], list[dict[str, str]], dict[str, str]]:
    """Return the lines of the header, of each tree, and of the parameters.

    Raises ModelError if it is not a complete model text, or has linear trees or a
    random forest.
    """
    body, end, tail = text.partition("end of trees")
    top, *blocks = body.split("\nTree=")
    if not end or not top.startswith("tree"):
        raise ModelError(
            "A LightGBM model must start with 'tree' and hold 'end of trees', "
            f"got {text[:20]!r}."
        )
    head, *trees = [
        dict(row.split("=", 1) for row in block.split("\n") if "=" in row)
        for block in (top, *blocks)
    ]
    if "\naverage_output" in top:
        raise ModelError(
            "LightGBM's boosting='rf' averages its trees, so a prefix is not a "
            "model; it cannot be read."
        )
    _whole(head, "max_feature_idx")
    if not 1 <= _whole(head, "num_tree_per_iteration", 1) <= 2**20:
        raise ModelError("A LightGBM model must have 1 to 2**20 trees per round.")
    if any(tree.get("is_linear", "0").strip() != "0" for tree in trees):
        raise ModelError(
            "LightGBM's linear_tree has a regression in each leaf, which cannot be "
            "read; only constant leaves can."
        )
    listed = tail.partition("\nparameters:\n")[2].partition("end of parameters")[0]
    pairs = [line.strip("[]").partition(": ") for line in listed.split("\n")]
    return head, trees, {key: value for key, _, value in pairs if key}


def _whole(lines: dict[str, str], key: str, default: int | None = None) -> int:
    text = lines.get(key, default)
    try:
        number = int(text)  # type: ignore[arg-type]  # None raises, as it should
    except (TypeError, ValueError):
        number = _LARGEST + 1
    if abs(number) > _LARGEST:
        raise ModelError(
            f"A LightGBM model must have a whole number of 32 bits as {key!r}, "
            f"got {str(text)[:40]!r}."
        )
    return number


def _real(lines: dict[str, str], key: str, default: float) -> float:
    try:
        return float(lines.get(key, default))
    except ValueError:
        raise ModelError(
            f"A LightGBM model must have a number as {key!r}, got {lines[key]!r}."
        ) from None


def _join(
    blocks: list[dict[str, str]], key: str, counts: NDArray[np.int64], kind: type[Any]
) -> NDArray[Any]:
    """Return one array over all trees, parsed in a single call."""
    found = _numbers(" ".join([block.get(key, "") for block in blocks]), key, kind)
    if len(found) == int(counts.sum()) and all(
        block.get(key, "").count(" ") == max(count - 1, 0)
        for block, count in zip(blocks, counts.tolist(), strict=True)
    ):
        return found
    raise ModelError(
        f"LightGBM's {key!r} must have one number per node, "
        f"{int(counts.sum())} in total, got {len(found)}."
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


def _rates(
    blocks: list[dict[str, str]], n_outputs: int, settings: dict[str, str]
) -> Array:
    """Return the factor on weights; a first tree with an intercept has 1 instead."""
    rates = np.array([_real(block, "shrinkage", 1.0) for block in blocks])
    for tree in np.flatnonzero(rates[:n_outputs] == 1):
        later = tree + n_outputs
        trained = _real(settings, "learning_rate", np.nan)
        rates[tree] = rates[later] if later < len(rates) else trained
    return rates


# Losses whose gradients sum to 0 at the initial score.
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
# Other values of these parameters break that balance, or the formula of a leaf.
_NEUTRAL = {
    "boosting": "gbdt",
    "data_sample_strategy": "bagging",
    "bagging_freq": "0",
    "pos_bagging_fraction": "1",
    "neg_bagging_fraction": "1",
    "lambda_l1": "0",
    "max_delta_step": "0",
    "path_smooth": "0",
    "is_unbalance": "0",
    "scale_pos_weight": "1",
    "use_quantized_grad": "0",
    "monotone_constraints": "",
    "forcedsplits_filename": "",
}


def _hidden_intercept(
    value: Array,
    hessian: Array,
    rate: float,
    block: dict[str, str],
    settings: dict[str, str],
) -> float:
    """Return the intercept in the leaves of a first tree, NaN if it is unknown.

    LightGBM adds b to the leaves after growth: v = b - rate G / (H + lambda_l2)
    (``src/boosting/gbdt.cpp``, ``AddBias``). If the G of the leaves sum to 0, b is
    the mean of their v with weights H + lambda_l2.
    """
    if _real(block, "shrinkage", 1.0) != 1 or not value.any():
        return 0.0
    if len(value) == 1:  # a first tree without a split is only the intercept
        return float(value[0])
    # With learning_rate 1, shrinkage 1 means nothing.
    if settings.get("boost_from_average") == "0":
        return 0.0
    balanced = (settings.get("objective") or "none").split()[0] in _BALANCED
    neutral = all(settings.get(key, text) == text for key, text in _NEUTRAL.items())
    has_sets = _whole(block, "num_cat", 0) > 0
    own_l2 = has_sets and settings.get("cat_l2") != "0"
    if not (balanced and neutral and "lambda_l1" in settings and rate > 0) or own_l2:
        return np.nan
    order = np.argsort(value, kind="stable")
    pull = ((hessian + _real(settings, "lambda_l2", np.nan)) / rate)[order]
    return float((pull * value[order]).sum() / pull.sum())


def _places(n_leaves: NDArray[np.int64]) -> tuple[Any, Any, NDArray[np.int64]]:
    """Return positions of splits and leaves, and the splits in the tree of each split.

    In each tree, splits come first, in LightGBM's order, and then the leaves.
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
    """Return the sets of categories; members go left, all others right."""
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
    """Return the start of each set's words over all trees, and the words."""
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
