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
``base_weights``      weight of the node before the learning rate, if not a leaf
``categories*``       for categorical nodes the categories that go right
====================  =========================================================

Sources: ``src/tree/tree_model.cc`` and ``src/tree/io_utils.h`` of XGBoost 3.2 and 3.4.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.errors import ModelError
from boostreg.trees.formats.ubj import MergedObjects, parse_ubj
from boostreg.trees.structure import NO_SETS, RawForest

__all__ = [
    "Columns",
    "Recorded",
    "read_list",
    "read_nodes",
    "read_sets",
    "read_xgboost",
    "recover_rates",
]

_PRUNED = 2147483647
_MISSING_NAN = 2


@dataclass(frozen=True, slots=True)
class Columns:
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
        counts = [
            tree.count if isinstance(tree, MergedObjects) else 1 for tree in trees
        ]
        bare = cls(blocks, np.array(counts, np.int64), np.zeros(0, np.int64))
        return replace(bare, sizes=bare.join("left_children", np.int32)[1])

    @property
    def n_trees(self) -> int:
        """Trees of all blocks."""
        return int(self.counts.sum())

    def array(self, key: str, dtype: type[Any] | None) -> NDArray[Any]:
        """Return one number per node, as stored if ``dtype`` is None."""
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
        numbers = self.array(key, None)
        if numbers.dtype.itemsize != 4:
            numbers = _convert(numbers, key, np.float32)
        return numbers.astype(np.float64)

    def join(
        self, key: str, dtype: type[Any] | None
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the numbers of all trees, and how many each tree has."""
        joined, lengths = _join([self._get(block, key) for block in self.blocks], key)
        sizes = np.repeat(lengths // self.counts, self.counts)
        return _convert(joined, key, dtype), sizes

    def _get(self, block: dict[str, Any], key: str) -> Any:
        if key not in block:
            raise ModelError(f"A tree of XGBoost must have {key!r}; one has none.")
        return block[key]


def read_list(value: Any, key: str, dtype: type[Any]) -> NDArray[Any]:
    """Return the numbers of a typed array or a list; ``key`` is for the message."""
    return _convert(_join([value], key)[0], key, dtype)


def _join(parts: list[Any], key: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the numbers of all parts in one array, and how many each part has."""
    if set(map(type, parts)) == {tuple}:
        dtypes, raws = zip(*parts, strict=True)
        if len(set(dtypes)) == 1:
            sizes = np.array([*map(len, raws)], np.int64) // int(dtypes[0][-1])
            return np.frombuffer(b"".join(raws), dtype=dtypes[0]), sizes
    arrays = [
        np.frombuffer(part[1], part[0])
        if isinstance(part, tuple)
        else _numbers(part, key)
        for part in parts
    ]
    sizes = np.array([*map(len, arrays)], np.int64)
    return np.concatenate([np.zeros(0, np.int8), *arrays]), sizes


def _numbers(part: Any, key: str) -> NDArray[Any]:
    try:
        array = np.asarray(part)
    except ValueError:
        array = np.zeros(0, dtype=np.object_)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ModelError(f"XGBoost's {key!r} must be a list of numbers.")
    return array


def _convert(array: NDArray[Any], key: str, dtype: type[Any] | None) -> NDArray[Any]:
    if dtype is None:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        converted = array.astype(dtype)
    narrower = array.dtype.kind == "f" or array.dtype.itemsize > converted.itemsize
    if converted.dtype.kind == "i" and narrower and (converted != array).any():
        raise ModelError(f"XGBoost's {key!r} must be whole numbers.")
    return converted


def read_nodes(nodes: Columns) -> dict[str, NDArray[Any]]:
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


def read_sets(nodes: Columns) -> dict[str, NDArray[Any]]:
    """Return the sets of categories; members go right, all others left."""
    set_index = np.full(int(nodes.sizes.sum()), -1, dtype=np.int32)
    node, counts = nodes.join("categories_nodes", np.int64)
    if not node.size:
        return {"set_index": set_index, **NO_SETS}
    tree = np.repeat(np.arange(len(counts)), counts)
    categories, lengths = nodes.join("categories", np.int32)
    start, _ = nodes.join("categories_segments", np.int64)
    size, _ = nodes.join("categories_sizes", np.int64)
    if (
        not len(start) == len(size) == len(node)
        or not (
            (node >= 0)
            & (node < nodes.sizes[tree])
            & (start >= 0)
            & (size >= 0)
            & (size <= lengths[tree])
            & (start <= lengths[tree] - size)
        ).all()
    ):
        raise ModelError("XGBoost's category sets must be within their tree.")
    set_index[node + (np.cumsum(nodes.sizes) - nodes.sizes)[tree]] = np.arange(
        len(node)
    )
    offsets = np.concatenate([[0], np.cumsum(size)])
    first = start + (np.cumsum(lengths) - lengths)[tree]
    place = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], size)
    return {
        "set_index": set_index,
        "set_offsets": offsets,
        "categories": categories[place],
        "members_left": np.zeros(len(node), dtype=np.bool_),
    }


# float32 gains are accurate to about 1e-4 in small trees; a wrong rate is off by
# much more.
_TOLERANCE = 2e-3


# Format of the configuration.
_DEFAULT = 0.300000012


@dataclass(frozen=True, slots=True)
class Recorded:
    """Training parameters in the configuration of a booster."""

    learning_rate: float
    reg_lambda: float
    clipped: bool
    """Whether weights may be clipped; unknown for a loaded booster."""
    replaced: bool
    """Whether the loss replaces leaf weights."""

    @property
    def is_certain(self) -> bool:
        """Whether it is not a loaded booster, which has only default parameters."""
        return self.clipped or self.learning_rate != _DEFAULT


def recover_rates(
    nodes: dict[str, NDArray[Any]],
    base_weight: Array,
    offsets: NDArray[np.int64],
    n_parallel: int,
    recorded: Recorded | None,
) -> tuple[Array, float]:
    """Return the factor of each tree and reg_lambda, NaN if they are unknown.

    Parameters
    ----------
    nodes : dict of ndarray
        Of the file, children counted from the root of their own tree.
    base_weight : ndarray of shape (n_nodes,)
        Weights of split nodes, before the learning rate.
    offsets : ndarray of shape (n_trees + 1,)
        Start of the nodes of each tree.
    n_parallel : int
        Number of trees per step; the learning rate is divided by it.
    recorded : Recorded or None
        From the configuration; used only if consistent with the trees.
    """
    n_trees = len(offsets) - 1
    rates, reg_lambda = _stored_rates(nodes, base_weight, offsets), np.nan
    if recorded is not None:
        expected = recorded.learning_rate / n_parallel
        reg_lambda = recorded.reg_lambda
        if np.isnan(rates).all():
            rates = _rates(nodes, base_weight, offsets, reg_lambda)
        silent = recorded.clipped or recorded.replaced or not _known(rates).size
        if _agree(rates, expected) or (silent and recorded.is_certain):
            return np.full(n_trees, expected), reg_lambda
        rates = _stored_rates(nodes, base_weight, offsets)
    reg_lambda = _reg_lambda(nodes, base_weight, offsets)
    if np.isnan(rates).all():
        rates = _rates(nodes, base_weight, offsets, reg_lambda)
    common = float(np.median(_known(rates))) if _known(rates).size else np.nan
    if _agree(rates, common):
        return np.full(n_trees, _short(common * n_parallel) / n_parallel), reg_lambda
    return np.full(n_trees, np.nan), np.nan


def _known(rates: Array) -> Array:
    return rates[~np.isnan(rates)]


def _stored_rates(
    nodes: dict[str, NDArray[Any]], base_weight: Array, offsets: NDArray[np.int64]
) -> Array:
    """Return v / w if leaves have w, as with ``exact``, otherwise NaN."""
    rates = np.full(len(offsets) - 1, np.nan)
    value = nodes["value"]
    split_trees = np.flatnonzero(nodes["left"][offsets[:-1]] >= 0)
    if not split_trees.size:
        return rates
    one = slice(*offsets[split_trees[0] : split_trees[0] + 2])
    leaf = nodes["left"][one] < 0
    if (value[one] == np.where(leaf, base_weight[one], 0.0)).all():
        return rates
    reached = (nodes["left"] < 0) & (nodes["feature"] >= 0)
    sums = [
        np.add.reduceat(np.where(reached, np.abs(leaf), 0.0), offsets[:-1])
        for leaf in (value, base_weight)
    ]
    known = split_trees[sums[1][split_trees] > 0]
    rates[known] = sums[0][known] / sums[1][known]
    return rates


def _agree(rates: Array, expected: float) -> bool:
    known = _known(rates)
    return bool(known.size and (np.abs(known / expected - 1) <= _TOLERANCE).all())


def _short(number: float) -> float:
    # The user wrote 0.1, not 0.0999998.
    short = float(f"{number:.3g}")
    return short if abs(short / number - 1) < 1e-4 else number


def _rates(
    nodes: dict[str, NDArray[Any]],
    base_weight: Array,
    offsets: NDArray[np.int64],
    reg_lambda: float,
) -> Array:
    """Return the rate of each tree by the formula above, NaN without a gain."""
    root = offsets[:-1]
    if not root.size:
        return np.zeros(0)
    hessian = nodes["hessian"]
    leaves = np.add.reduceat(nodes["value"] ** 2 * (hessian + reg_lambda), root)
    # The gain of a leaf is 0, except for leaves pruned by exact.
    gain = np.add.reduceat(nodes["gain"], root)
    whole = gain + base_weight[root] ** 2 * (hessian[root] + reg_lambda)
    known = (nodes["left"][root] >= 0) & (whole > 0) & (leaves > 0)
    rates = np.full(len(root), np.nan)
    rates[known] = np.sqrt(leaves[known] / whole[known])
    return rates


def _reg_lambda(
    nodes: dict[str, NDArray[Any]], base_weight: Array, offsets: NDArray[np.int64]
) -> float:
    """Return the reg_lambda that explains the gains between inner nodes."""
    start = np.repeat(offsets[:-1], np.diff(offsets))
    split = nodes["left"] >= 0
    parent = np.flatnonzero(split)
    left, right = ((nodes[side] + start)[parent] for side in ("left", "right"))
    # Nodes are not checked yet: ignore children out of range.
    inside = (np.maximum(left, right) < len(split)) & (np.minimum(left, right) >= 0)
    inside[inside] = split[left[inside]] & split[right[inside]]
    parent, left, right = parent[inside], left[inside], right[inside]
    squared = base_weight**2
    x = squared[left] + squared[right] - squared[parent]
    energy = squared * nodes["hessian"]
    y = nodes["gain"][parent] + energy[parent] - energy[left] - energy[right]
    if not (x**2).sum() > 0:
        return np.nan
    found = float((x * y).sum() / (x**2).sum())
    rest = np.abs(y - found * x)
    scale = energy[left] + energy[right] + energy[parent]
    if not np.isfinite(found) or (rest > _TOLERANCE * scale).mean() > 0.05:
        return np.nan
    # Treat values within the rounding error of float32 gains as 0.
    noise = 1e-6 * float((np.abs(x) * scale).sum() / (x**2).sum())
    return _short(found) if found > noise else 0.0


_Kind = TypeVar("_Kind")

_LARGEST = 2**31 - 1
_LOGISTIC = ("binary:logistic", "reg:logistic")
_LOG = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox")


@np.errstate(all="ignore")  # invalid numbers are detected by their consequences
def read_xgboost(
    data: bytes | bytearray,
    *,
    learning_rate: float | None = None,
    recorded: Recorded | None = None,
) -> RawForest:
    """Return the trees of a model from ``Booster.save_raw`` or ``save_model``.

    Parameters
    ----------
    data : bytes
        UBJ or JSON.
    learning_rate : float, optional
        Learning rate of all trees, if the caller knows it.
    recorded : Recorded, optional
        From the configuration of the booster; checked against the trees.
    """
    learner = _get(_parse(data), "learner", dict)
    booster = _get(learner, "gradient_booster", dict)
    model = _model(booster)
    trees = _get(model, "trees", list)
    nodes = Columns.of(trees)
    _refuse_vector_leaves(nodes.blocks)
    if (nodes.sizes < 1).any():
        raise ModelError("Each tree must have a node; one has none.")
    fields = read_nodes(nodes) | read_sets(nodes)
    n_outputs = _n_outputs(learner)
    output, rounds, n_parallel = _order(model, nodes.n_trees, n_outputs)
    drop = _weight_drop(booster, model, nodes.n_trees)
    offsets = np.concatenate([[0], np.cumsum(nodes.sizes)])
    if learning_rate is None:
        rates, reg_lambda = recover_rates(
            fields,
            nodes.reals("base_weights"),
            offsets,
            n_parallel,
            recorded,
        )
    else:
        rates = np.full(nodes.n_trees, learning_rate / n_parallel)
        reg_lambda = np.nan
    if (drop != 1).any():
        fields["value"] = fields["value"] * np.repeat(drop, nodes.sizes)
    return RawForest(
        **fields,
        engine="xgboost",
        n_features=_whole(_get(learner, "learner_model_param", dict), "num_feature"),
        n_outputs=n_outputs,
        n_rounds=int(rounds[-1]) + 1 if len(rounds) else 0,
        tree_offsets=offsets,
        output=output,
        round=rounds,
        learning_rates=rates * drop,
        reg_lambda=reg_lambda,
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


def _refuse_vector_leaves(trees: list[dict[str, Any]]) -> None:
    if any(
        _whole(_get(tree, "tree_param", dict), "size_leaf_vector") > 1 for tree in trees
    ):
        raise ModelError(
            "XGBoost's multi_output_tree has vector leaves, which cannot be "
            "read; multi_strategy='one_output_per_tree' can."
        )


def _n_outputs(learner: dict[str, Any]) -> int:
    parameters = _get(learner, "learner_model_param", dict)
    n_outputs = max(
        _whole(parameters, "num_class"), _whole(parameters, "num_target", "1"), 1
    )
    if n_outputs > 2**20:
        raise ModelError(f"A model must have at most 2**20 outputs, got {n_outputs}.")
    return n_outputs


def _order(
    model: dict[str, Any], n_trees: int, n_outputs: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Return output and round of each tree, and the number of trees per step."""
    parameters = _get(model, "gbtree_model_param", dict)
    n_parallel = max(_whole(parameters, "num_parallel_tree", "1"), 1)
    output = read_list(model.get("tree_info", []), "tree_info", np.int32)
    if len(output) != n_trees or _whole(parameters, "num_trees") != n_trees:
        raise ModelError(
            f"XGBoost's 'num_trees' and 'tree_info' must agree with its {n_trees} "
            f"trees, got {parameters.get('num_trees')} and {len(output)}."
        )
    rounds = np.arange(n_trees) // (n_outputs * n_parallel)
    if "iteration_indptr" in model:
        ends = read_list(model["iteration_indptr"], "iteration_indptr", np.int64)
        if (
            not len(ends)
            or ends[0] != 0
            or ends[-1] != n_trees
            or (np.diff(ends) < 1).any()
        ):
            raise ModelError(
                f"XGBoost's 'iteration_indptr' must increase from 0 to {n_trees}."
            )
        rounds = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    return output, rounds.astype(np.int32), n_parallel


def _weight_drop(
    booster: dict[str, Any], model: dict[str, Any], n_trees: int
) -> NDArray[np.float64]:
    weights = booster.get("weight_drop") or model.get("weight_drop")
    if not weights:
        return np.ones(n_trees)
    drop = read_list(weights, "weight_drop", np.float32).astype(np.float64)
    if len(drop) != n_trees:
        raise ModelError(
            f"XGBoost's 'weight_drop' must have {n_trees} entries, got {len(drop)}."
        )
    return drop


def _intercept(learner: dict[str, Any], n_outputs: int) -> NDArray[np.float64]:
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
    name = _get(learner, "objective", dict).get("name")
    with np.errstate(divide="ignore", invalid="ignore"):
        if name in _LOGISTIC:
            return np.log(score / (1 - score))
        if name in _LOG:
            return np.log(score)
    return score + 0.0
