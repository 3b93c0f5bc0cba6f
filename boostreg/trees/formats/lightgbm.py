"""Reads LightGBM's model text.

The text has a header of ``key=value`` lines, one block of such lines per tree, ``end of
trees``, and the parameters as ``[key: value]``.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.arrays import Array
from boostreg.errors import ModelError
from boostreg.trees.structure import NO_SETS, RawForest

__all__ = [
    "FirstTree",
    "cut_text",
    "find_intercepts",
    "join",
    "numbers",
    "read_lightgbm",
    "real",
    "whole",
]

_LARGEST = 2**31 - 1


def cut_text(text: str) -> tuple[dict[str, str], list[dict[str, str]], dict[str, str]]:
    """Return the lines of the header, of each tree, and of the parameters.

    Raises
    ------
    ModelError
        If it is not a complete model text, or has linear trees or a random forest.
    """
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
            "LightGBM's boosting='rf' averages its trees, so a prefix is not a "
            "model; it cannot be read."
        )
    whole(head, "max_feature_idx")
    if not 1 <= whole(head, "num_tree_per_iteration", 1) <= 2**20:
        raise ModelError("A LightGBM model must have 1 to 2**20 trees per round.")


def whole(lines: dict[str, str], key: str, default: int | None = None) -> int:
    """Return the integer of a line."""
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


def real(lines: dict[str, str], key: str, default: float) -> float:
    """Return the number of a line."""
    try:
        return float(lines.get(key, default))
    except ValueError:
        raise ModelError(
            f"A LightGBM model must have a number as {key!r}, got {lines[key]!r}."
        ) from None


def join(
    blocks: list[dict[str, str]],
    key: str,
    counts: NDArray[np.int64],
    kind: type[Any],
) -> NDArray[Any]:
    """Return one array over all trees, parsed in a single call."""
    found = numbers(" ".join([block.get(key, "") for block in blocks]), key, kind)
    if len(found) == int(counts.sum()) and all(
        block.get(key, "").count(" ") == max(count - 1, 0)
        for block, count in zip(blocks, counts.tolist(), strict=True)
    ):
        return found
    raise ModelError(
        f"LightGBM's {key!r} must have one number per node, "
        f"{int(counts.sum())} in total, "
        f"got {len(found)}."
    )


def numbers(text: str, key: str, kind: type[Any]) -> NDArray[Any]:
    """Return the numbers of a line."""
    if not text.strip():
        return np.zeros(0, dtype=kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            return np.fromstring(text, dtype=kind, sep=" ")
    except (ValueError, DeprecationWarning):
        raise ModelError(f"LightGBM's {key!r} must be numbers.") from None


# Losses whose initial score has a total gradient of zero.
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

    value: Array
    """Values of its leaves, as written."""
    hessian: Array
    shrinkage: float
    """As written; 1 indicates an intercept."""
    learning_rate: float
    has_sets: bool
    """Whether a split on categories may have used ``cat_l2``."""


def find_intercepts(
    trees: Sequence[FirstTree], settings: dict[str, str], given: ArrayLike | None
) -> Array:
    """Return the intercept that is included in the leaves of each first tree.

    Parameters
    ----------
    trees : sequence of FirstTree
        One per class.
    settings : dict
        Lines of the header and of the parameters.
    given : float, array-like of shape (n_trees,) or None
        The intercepts, if the caller knows them.

    Returns
    -------
    ndarray of shape (n_trees,)
        NaN if they cannot be separated from the weights.
    """
    if given is not None:
        return _given(given, len(trees))
    return np.array([_find(tree, settings) for tree in trees], dtype=np.float64)


def _find(tree: FirstTree, settings: dict[str, str]) -> float:
    if not _may_hold(tree.shrinkage, tree.value, settings):
        return 0.0
    if len(tree.value) == 1:
        # A first tree without a split is only the intercept.
        return float(tree.value[0])
    if (
        not _is_balanced(settings)
        or (tree.has_sets and _number(settings, "cat_l2") != 0)
        or np.isnan(tree.hessian).any()
        or not tree.learning_rate > 0
    ):
        return np.nan
    slope = (tree.hessian + _number(settings, "lambda_l2")) / tree.learning_rate
    return _balance(tree.value, slope, _number(settings, "lambda_l1"))


def _given(given: ArrayLike, n_outputs: int) -> Array:
    try:
        return np.broadcast_to(np.asarray(given, np.float64), (n_outputs,)).copy()
    except ValueError:
        raise ModelError(
            f"intercept must have 1 or {n_outputs} numbers, got {given!r}."
        ) from None


def _may_hold(shrinkage: float, value: Array, settings: dict[str, str]) -> bool:
    if shrinkage != 1 or not value.any():
        return False
    # With learning_rate 1, shrinkage 1 means nothing; only boost_from_average can
    # rule an intercept out.
    return len(value) == 1 or settings.get("boost_from_average") != "0"


def _balance(value: Array, slope: Array, reg_alpha: float) -> float:
    """Return the minimum of ``sum(slope / 2 (v - b)^2 + reg_alpha abs(v - b))``."""
    order = np.argsort(value, kind="stable")
    v, slope = value[order], slope[order]
    total, pull = slope.sum(), (slope * v).sum()
    # The minimum without reg_alpha, shifted by alpha times the number of leaves above
    # minus those below, if that is between the same leaves.
    n_below = np.arange(len(v) + 1)
    shifted = (pull + reg_alpha * (len(v) - 2 * n_below)) / total
    low = np.concatenate([[-np.inf], v])
    high = np.concatenate([v, [np.inf]])
    between = np.flatnonzero((low <= shifted) & (shifted <= high))
    if between.size:
        return float(shifted[between[0]])
    # Otherwise it is at a leaf: the first where the derivative is not negative.
    rises = shifted[1:] <= v
    return float(v[int(rises.argmax())]) if rises.any() else np.nan


def _is_balanced(settings: dict[str, str]) -> bool:
    objective = (settings.get("objective") or "none").split()[0]
    if objective not in _BALANCED or "lambda_l1" not in settings:
        return False
    sampled = _number(settings, "bagging_fraction") != 1
    if sampled and _number(settings, "bagging_freq") != 0:
        return False
    halves = ("pos_bagging_fraction", "neg_bagging_fraction")
    if any(_number(settings, key) != 1 for key in halves if key in settings):
        return False
    return all(_is(settings.get(key), neutral) for key, neutral in _NEUTRAL.items())


def _is(text: str | None, neutral: str | float) -> bool:
    if text is None or isinstance(neutral, str):
        return text is None or text == neutral
    try:
        return float(text) == neutral
    except ValueError:
        return False


def _number(settings: dict[str, str], key: str) -> float:
    try:
        return float(settings.get(key, "nan"))
    except ValueError:
        return np.nan


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
        default it is read from a header line ``boostreg_intercept=``, or inferred from
        the trees, see ``find_intercepts``.
    """
    head, blocks, parameters = cut_text(text)
    n_outputs = whole(head, "num_tree_per_iteration", 1)
    n_trees = len(blocks)
    n_leaves = np.array([whole(block, "num_leaves") for block in blocks], np.int64)
    if (n_leaves < 1).any():
        raise ModelError("A tree of LightGBM must have a leaf; one has none.")
    splits = {
        key: join(blocks, key, n_leaves - 1, kind) for key, kind in _NODE_KEYS.items()
    }
    leaves = {
        "value": join(blocks, "leaf_value", n_leaves, np.float64),
        "hessian": _leaf_hessians(blocks, n_leaves),
    }
    if intercept is None and _INTERCEPT in head:
        intercept = numbers(head[_INTERCEPT], _INTERCEPT, np.float64)
    settings = head | parameters
    rates = _rates(blocks, n_outputs, settings)
    first = _first_trees(blocks, leaves, n_leaves, rates, n_outputs)
    found = find_intercepts(first, settings, intercept)
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
    blocks: list[dict[str, str]], n_outputs: int, settings: dict[str, str]
) -> NDArray[np.float64]:
    """Return the factor on weights; in first trees, it may have been replaced by 1."""
    rates = np.array([real(block, "shrinkage", 1.0) for block in blocks])
    for tree in np.flatnonzero(rates[:n_outputs] == 1):
        later = tree + n_outputs
        rates[tree] = (
            rates[later]
            if later < len(rates)
            else real(settings, "learning_rate", np.nan)
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
    """Return leaf values without the intercept in the first trees."""
    hidden = np.repeat(intercept, n_leaves[: len(intercept)])
    pure = value.copy()
    first = pure[: len(hidden)]
    first -= hidden
    # A weight of a few ulp of the intercept is a zero with rounding error.
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
    """Return the start of each set's words over all trees, and the words."""
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
