"""The nodes of XGBoost's trees, gathered over all trees.

Of ``learner.gradient_booster.model.trees[t]`` these arrays over nodes are read:

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

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError
from boostreg.trees.formats.ubj_layout import Run
from boostreg.trees.structure import NO_SETS

__all__ = ["Columns", "read_list", "read_nodes", "read_sets"]

_PRUNED = 2147483647
_MISSING_NAN = 2


@dataclass(frozen=True, slots=True)
class Columns:
    """One array a key, over all trees: much cheaper than one a key and tree."""

    blocks: list[dict[str, Any]]
    """Trees; or runs of trees that have the same number of nodes."""
    counts: NDArray[np.int64]
    """Trees of each block."""
    sizes: NDArray[np.int64]
    """Nodes of each tree."""

    @classmethod
    def of(cls, trees: list[Any]) -> Self:
        """Return the columns of trees as long as their ``left_children``."""
        blocks = [tree.entries if isinstance(tree, Run) else tree for tree in trees]
        if not all(isinstance(block, dict) for block in blocks):
            raise ModelError("XGBoost's trees must be objects, got something else.")
        counts = [tree.count if isinstance(tree, Run) else 1 for tree in trees]
        bare = cls(blocks, np.array(counts, np.int64), np.zeros(0, np.int64))
        return replace(bare, sizes=bare.join("left_children", np.int32)[1])

    @property
    def n_trees(self) -> int:
        """Trees of all blocks."""
        return int(self.counts.sum())

    def array(self, key: str, dtype: type[Any] | None) -> NDArray[Any]:
        """Return one number a node, as stored if ``dtype`` is None."""
        joined, sizes = self.join(key, dtype)
        if not np.array_equal(sizes, self.sizes):
            raise ModelError(
                f"Arrays of a tree of XGBoost must be equally long, {key!r} is not."
            )
        return joined

    def reals(self, key: str) -> NDArray[np.float64]:
        """Return one float32 a node, as float64.

        JSON rounds float32 to decimals that are no float32, hence the way around.
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
            raise ModelError(f"A tree of XGBoost must have {key!r}, one has none.")
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
    """Return the fields of a ``RawForest`` that have one entry a node."""
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
    """Return the sets of categories; members go right, all else left."""
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
        raise ModelError("XGBoost's category sets must lie within their tree.")
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
