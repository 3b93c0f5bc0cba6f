"""Reads XGBoost models, in UBJ or JSON.

These arrays over nodes are read from ``learner.gradient_booster.model.trees[t]``:

====================  =========================================================
key                   meaning
====================  =========================================================
``left_children``     child that ``x < split_conditions`` leads to, -1 in leaves
``split_indices``     feature; 2147483647 marks a node that ``exact`` pruned
``split_conditions``  threshold; in leaves their value, after the learning rate
``sum_hessian``       H of the node
``loss_changes``      gain of the split, without the factor 1/2
``categories*``       for categorical nodes the categories that go right
====================  =========================================================

A model contains neither its learning rate nor its ``reg_lambda``. Sources:
``src/tree/tree_model.cc`` and ``src/tree/io_utils.h`` of XGBoost 3.2 and 3.4.
"""

import json
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError
from boostreg.trees.formats.ubj import MergedObjects, parse_ubj
from boostreg.trees.structure import NO_SETS, RawForest

__all__ = ["read_xgboost"]

_PRUNED = 2147483647
_MISSING_NAN = 2
_LARGEST = 2**31 - 1
# Objectives whose base_score is a probability, and those whose base_score is a mean.
_LOGISTIC = ("binary:logistic", "reg:logistic")
_LOG = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox")

_Kind = TypeVar("_Kind")


@np.errstate(all="ignore")  # invalid numbers are detected by their consequences
def read_xgboost(
    data: bytes | bytearray, *, learning_rate: float | None = None
) -> RawForest:
    """Return the trees of a model from ``Booster.save_raw`` or ``save_model``.

    ``learning_rate`` is that of all trees, if the caller knows it.
    """
    learner = _get(_parse(data), "learner", dict)
    booster = _get(learner, "gradient_booster", dict)
    model = _model(booster)
    nodes = _Columns.of(_get(model, "trees", list))
    parameters = _get(learner, "learner_model_param", dict)
    if any(
        _whole(_get(tree, "tree_param", dict), "size_leaf_vector") > 1
        for tree in nodes.blocks
    ):
        raise ModelError(
            "XGBoost's multi_output_tree has vector leaves, which cannot be "
            "read; multi_strategy='one_output_per_tree' can."
        )
    if (nodes.sizes < 1).any():
        raise ModelError("Each tree must have a node; one has none.")
    fields = _nodes(nodes) | _sets(nodes)
    n_outputs = max(
        _whole(parameters, "num_class"), _whole(parameters, "num_target", "1"), 1
    )
    if n_outputs > 2**20:
        raise ModelError(f"A model must have at most 2**20 outputs, got {n_outputs}.")
    output, rounds, n_parallel = _order(model, nodes.n_trees, n_outputs)
    # dart multiplies each tree by its weight when it predicts.
    drop = np.ones(nodes.n_trees)
    if weights := booster.get("weight_drop") or model.get("weight_drop"):
        drop = _list(weights, "weight_drop", np.float32).astype(np.float64)
    if len(drop) != nodes.n_trees:
        raise ModelError(
            f"XGBoost's 'weight_drop' must have {nodes.n_trees} entries, "
            f"got {len(drop)}."
        )
    if (drop != 1).any():
        fields["value"] = fields["value"] * np.repeat(drop, nodes.sizes)
    # Parallel trees share one step: eta / num_parallel_tree is the rate of each.
    rate = np.nan if learning_rate is None else learning_rate / n_parallel
    return RawForest(
        **fields,
        engine="xgboost",
        n_features=_whole(parameters, "num_feature"),
        n_outputs=n_outputs,
        n_rounds=int(rounds[-1]) + 1 if len(rounds) else 0,
        tree_offsets=np.concatenate([[0], np.cumsum(nodes.sizes)]),
        output=output,
        round=rounds,
        learning_rates=rate * drop,
        reg_lambda=np.nan,
        intercept=_intercept(learner, n_outputs),
        mixed=np.zeros(nodes.n_trees, dtype=np.bool_),
    )


def _parse(data: bytes | bytearray) -> Any:
    # UBJ continues with a length marker, JSON with a quote or white space.
    if data[:1] != b"{":
        raise ModelError(
            "An XGBoost model must be UBJ or JSON, which start with '{', "
            f"got {bytes(data[:8])!r}."
        )
    if data[1:2] in (b"L", b"i", b"U", b"I", b"l"):
        return parse_ubj(data)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"An XGBoost model must be valid JSON: {error}.") from None


def _get(document: Any, key: str, kind: type[_Kind]) -> _Kind:
    value = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, kind):
        raise ModelError(
            f"An XGBoost model must have {key!r} as {kind.__name__}, "
            f"got {type(value).__name__}."
        )
    return value


def _whole(document: dict[str, Any], key: str, default: str = "0") -> int:
    text = document.get(key, default)
    try:
        number = int(text)
    except (TypeError, ValueError, OverflowError):
        number = _LARGEST + 1
    if abs(number) > _LARGEST:
        raise ModelError(
            f"An XGBoost model must have a whole number of 32 bits as {key!r}, "
            f"got {str(text)[:40]!r}."
        )
    return number


def _model(booster: dict[str, Any]) -> dict[str, Any]:
    name = booster.get("name")
    if name == "gblinear":
        raise ModelError("XGBoost's gblinear has coefficients, not trees.")
    if name not in ("gbtree", "dart"):
        raise ModelError(
            f"An XGBoost booster must be 'gbtree' or 'dart' to be read, got {name!r}."
        )
    # Before 3.4, dart wraps gbtree.
    return _get(booster.get("gbtree", booster), "model", dict)


def _order(
    model: dict[str, Any], n_trees: int, n_outputs: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Return output and round of each tree, and the number of trees per step."""
    parameters = _get(model, "gbtree_model_param", dict)
    n_parallel = max(_whole(parameters, "num_parallel_tree", "1"), 1)
    output = _list(model.get("tree_info", []), "tree_info", np.int32)
    if len(output) != n_trees or _whole(parameters, "num_trees") != n_trees:
        raise ModelError(
            f"XGBoost's 'num_trees' and 'tree_info' must agree with its {n_trees} "
            f"trees, got {parameters.get('num_trees')} and {len(output)}."
        )
    rounds = np.arange(n_trees) // (n_outputs * n_parallel)
    if "iteration_indptr" in model:
        ends = _list(model["iteration_indptr"], "iteration_indptr", np.int64)
        frames = len(ends) > 0 and ends[0] == 0 and ends[-1] == n_trees
        if not frames or (np.diff(ends) < 1).any():
            raise ModelError(
                f"XGBoost's 'iteration_indptr' must increase from 0 to {n_trees}."
            )
        rounds = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    return output, rounds.astype(np.int32), n_parallel


def _intercept(learner: dict[str, Any], n_outputs: int) -> NDArray[np.float64]:
    """Return the raw score of ``base_score``, which is in output space."""
    text = _get(learner, "learner_model_param", dict).get("base_score", "0")
    try:
        scores = [float(score) for score in text.strip("[]").split(",")]
    except (AttributeError, ValueError):
        raise ModelError(
            f"XGBoost's base_score must be numbers, got {text!r}."
        ) from None
    if len(scores) not in (1, n_outputs):
        raise ModelError(
            f"XGBoost's base_score must have 1 or {n_outputs} numbers, "
            f"got {len(scores)}."
        )
    score = np.broadcast_to(np.asarray(scores, dtype=np.float64), (n_outputs,))
    # ProbToMargin: src/objective/regression_loss.h, src/objective/regression_obj.cu
    name = _get(learner, "objective", dict).get("name")
    if name in _LOGISTIC:
        return np.log(score / (1 - score))
    return np.log(score) if name in _LOG else score + 0.0


@dataclass(frozen=True, slots=True)
class _Columns:
    """One array per key over all trees, which is much cheaper than one per tree."""

    blocks: list[dict[str, Any]]
    """Trees, or runs of trees with the same number of nodes."""
    counts: NDArray[np.int64]
    """Number of trees per block."""
    sizes: NDArray[np.int64]
    """Number of nodes per tree."""

    @classmethod
    def of(cls, trees: list[Any]) -> Self:
        """Return the columns of trees as long as their ``left_children``."""
        blocks = [
            tree.entries if isinstance(tree, MergedObjects) else tree for tree in trees
        ]
        if not all(isinstance(block, dict) for block in blocks):
            raise ModelError("XGBoost's trees must be objects, got something else.")
        counts = np.array(
            [tree.count if isinstance(tree, MergedObjects) else 1 for tree in trees],
            np.int64,
        )
        _, sizes = cls(blocks, counts, counts).join("left_children", np.int32)
        return cls(blocks, counts, sizes)

    @property
    def n_trees(self) -> int:
        """Trees of all blocks."""
        return int(self.counts.sum())

    def array(self, key: str, dtype: type[Any]) -> NDArray[Any]:
        """Return one number per node."""
        joined, sizes = self.join(key, dtype)
        if not np.array_equal(sizes, self.sizes):
            raise ModelError(
                f"Arrays of an XGBoost tree must have the same length; {key!r} has not."
            )
        return joined

    def reals(self, key: str) -> NDArray[np.float64]:
        """Return one float32 per node, as float64.

        JSON rounds float32 to decimals, so the values are converted to float32 first.
        """
        return self.array(key, np.float32).astype(np.float64)

    def join(
        self, key: str, dtype: type[Any]
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the numbers of all trees, and how many each tree has."""
        if not all(key in block for block in self.blocks):
            raise ModelError(f"A tree of XGBoost must have {key!r}; one has none.")
        joined, lengths = _join([block[key] for block in self.blocks], key)
        sizes = np.repeat(lengths // self.counts, self.counts)
        return _convert(joined, key, dtype), sizes


def _list(value: Any, key: str, dtype: type[Any]) -> NDArray[Any]:
    """Return the numbers of a typed array or a list; ``key`` is for the message."""
    return _convert(_join([value], key)[0], key, dtype)


def _join(parts: list[Any], key: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the numbers of all parts in one array, and how many each part has."""
    if set(map(type, parts)) == {tuple}:
        dtypes, raws = zip(*parts, strict=True)
        if len(set(dtypes)) == 1:
            sizes = np.array([*map(len, raws)], np.int64) // int(dtypes[0][-1])
            return np.frombuffer(b"".join(raws), dtype=dtypes[0]), sizes
    arrays: list[NDArray[Any]] = []
    for part in parts:
        try:
            typed = isinstance(part, tuple)
            array = np.frombuffer(part[1], part[0]) if typed else np.asarray(part)
        except ValueError:  # lists of different lengths
            array = np.zeros(0, dtype=np.object_)
        if array.ndim != 1 or array.dtype.kind not in "biuf":
            raise ModelError(f"XGBoost's {key!r} must be a list of numbers.")
        arrays.append(array)
    sizes = np.array([*map(len, arrays)], np.int64)
    return np.concatenate([np.zeros(0, np.int8), *arrays]), sizes


def _convert(array: NDArray[Any], key: str, dtype: type[Any]) -> NDArray[Any]:
    converted = array.astype(dtype)
    narrower = array.dtype.kind == "f" or array.dtype.itemsize > converted.itemsize
    if converted.dtype.kind == "i" and narrower and (converted != array).any():
        raise ModelError(f"XGBoost's {key!r} must be whole numbers.")
    return converted


def _nodes(nodes: _Columns) -> dict[str, NDArray[Any]]:
    """Return the fields of a ``RawForest`` with one entry per node."""
    feature = nodes.array("split_indices", np.int32)
    left = nodes.array("left_children", np.int32)
    right = nodes.array("right_children", np.int32)
    condition = nodes.reals("split_conditions")
    pruned = feature == _PRUNED
    if pruned.any():
        for dead, mark in ((left, -1), (right, -1), (feature, -1), (condition, 0)):
            dead[pruned] = mark
    leaf = left < 0
    return {
        "left": left,
        "right": right,
        "feature": feature,
        "threshold": condition * ~leaf,
        "value": condition * leaf,
        "hessian": nodes.reals("sum_hessian"),
        "gain": nodes.reals("loss_changes"),
        "default_left": nodes.array("default_left", np.bool_),
        "missing": np.full(len(left), _MISSING_NAN, dtype=np.uint8),
    }


def _sets(nodes: _Columns) -> dict[str, NDArray[Any]]:
    """Return the sets of categories; members go right, all others left.

    In each tree, node ``categories_nodes[k]`` has the ``categories_sizes[k]`` entries
    of ``categories`` from ``categories_segments[k]`` (``src/tree/tree_model.cc``,
    ``SaveCategoricalSplit``).
    """
    set_index = np.full(int(nodes.sizes.sum()), -1, dtype=np.int32)
    node, counts = nodes.join("categories_nodes", np.int64)
    if not node.size:
        return {"set_index": set_index, **NO_SETS}
    tree = np.repeat(np.arange(len(counts)), counts)
    categories, lengths = nodes.join("categories", np.int32)
    start, _ = nodes.join("categories_segments", np.int64)
    size, _ = nodes.join("categories_sizes", np.int64)
    n_categories = lengths[tree]
    if (
        not len(start) == len(size) == len(node)
        or ((node < 0) | (node >= nodes.sizes[tree])).any()
        or ((size < 0) | (size > n_categories)).any()
        or ((start < 0) | (start > n_categories - size)).any()
    ):
        raise ModelError("XGBoost's category sets must be within their tree.")
    of_all_trees = node + (np.cumsum(nodes.sizes) - nodes.sizes)[tree]
    set_index[of_all_trees] = np.arange(len(node))
    offsets = np.concatenate([[0], np.cumsum(size)])
    first = start + (np.cumsum(lengths) - lengths)[tree]
    place = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], size)
    return {
        "set_index": set_index,
        "set_offsets": offsets,
        "categories": categories[place],
        "members_left": np.zeros(len(node), dtype=np.bool_),
    }
