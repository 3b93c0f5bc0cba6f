"""The structure of trees: maps of columns, and nodes that are checked to be trees."""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.errors import ModelError

__all__ = [
    "NODE_FIELDS",
    "NO_SETS",
    "SPAN",
    "FeatureMap",
    "Forest",
    "RawForest",
    "list_members",
    "settle",
    "split_keys",
]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """An increasing map of each column.

    Attributes
    ----------
    shift : ndarray of shape (n_features,)
        Subtracted from each column; 0 for no change.
    ranks : dict of int to ndarray
        By position of a column: ascending values. ``x`` is replaced by the number of
        them that do not exceed it.

    Examples
    --------
    >>> days = FeatureMap(np.zeros(1), {0: np.array([20240115.0, 20240116.0])})
    >>> days.apply(np.array([[20240114.0], [20240115.0], [20240118.0]])).tolist()
    [[0.0], [1.0], [2.0]]
    """

    shift: Array
    ranks: dict[int, Array]

    @property
    def is_identity(self) -> bool:
        """Whether the map changes no column."""
        return not self.ranks and not self.shift.any()

    def apply(self, X: Array) -> Array:
        """Return mapped rows (n_samples, n_features), the input of the library.

        The result is ``X`` itself if no column is changed.
        """
        if self.is_identity:
            return X
        X = np.asarray(X - self.shift, dtype=np.float64)
        for place, values in self.ranks.items():
            known = ~np.isnan(X[:, place])
            rank = np.searchsorted(values, X[known, place], side="right")
            X[known, place] = rank.astype(np.float64)
        return X

    def undo(self, feature: NDArray[np.integer], values: Array) -> Array:
        """Return thresholds of columns ``feature`` in the columns' own units.

        A row goes left if its mapped value is at most the threshold. It goes the same
        way with its original value and the returned threshold.
        """
        own = np.asarray(values + self.shift[feature], dtype=np.float64)
        for place, ranked in self.ranks.items():
            here = feature == place
            # Up to rank k means below the value with that rank.
            above = np.append(ranked, np.inf)[np.floor(values[here]).astype(np.int64)]
            own[here] = np.nextafter(above, -np.inf)
        return own


NODE_FIELDS = (
    "left",
    "right",
    "feature",
    "threshold",
    "value",
    "hessian",
    "gain",
    "default_left",
    "missing",
    "set_index",
)
"""Fields with one entry per node."""

NO_SETS: dict[str, NDArray[Any]] = {
    "set_offsets": np.zeros(1, dtype=np.int64),
    "categories": np.zeros(0, dtype=np.int32),
    "members_left": np.zeros(0, dtype=np.bool_),
}
"""The fields of category sets in a forest without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawForest:
    """The output of a reader: the fields of ``TreeEnsemble`` before any check.

    Children are numbered from the root of their tree. Nodes that are not reachable from
    a root are allowed.
    """

    engine: str
    n_features: int
    n_outputs: int
    n_rounds: int
    tree_offsets: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    value: NDArray[np.float64]
    hessian: NDArray[np.float64]
    gain: NDArray[np.float64]
    default_left: NDArray[np.bool_]
    missing: NDArray[np.uint8]
    set_index: NDArray[np.int32]
    set_offsets: NDArray[np.int64]
    categories: NDArray[np.int32]
    members_left: NDArray[np.bool_]
    output: NDArray[np.int32]
    round: NDArray[np.int32]
    learning_rates: NDArray[np.float64]
    reg_lambda: float
    intercept: NDArray[np.float64]
    mixed: NDArray[np.bool_]

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.output)

    @property
    def n_nodes(self) -> int:
        """Leaves and splits."""
        return len(self.left)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest(RawForest):
    """A forest whose nodes form trees: the result of ``settle``."""

    depth: NDArray[np.int32]


@np.errstate(all="ignore")
def settle(raw: RawForest) -> dict[str, Any]:
    """Return the fields of a ``TreeEnsemble``: checked, linked, without dead nodes.

    Raises
    ------
    ModelError
        If the nodes do not form trees, or refer to invalid features or categories.
    """
    _check_lengths(raw)
    sizes = np.diff(raw.tree_offsets)
    start = np.repeat(raw.tree_offsets[:-1].astype(np.int32), sizes)
    size, leaf = np.repeat(sizes.astype(np.uint32), sizes), raw.left < 0
    for children in (raw.left, raw.right):
        # Unsigned: -1 becomes 0, and smaller numbers exceed any size.
        wrong = children.view(np.uint32) + np.uint32(1) > size
        if wrong.any():
            raise ModelError(
                "A node's child must be in the same tree, "
                f"got {children[wrong][0]} of {size[wrong][0]} nodes."
            )
    if ((raw.right < 0) != leaf).any():
        raise ModelError("A node must have two children or none; one has only one.")
    # Products instead of masks, because unpredictable branches are slow.
    left, right = ((side + start + 1) * ~leaf - 1 for side in (raw.left, raw.right))
    depth = _depths(raw.tree_offsets, left, right)
    found = {f.name: getattr(raw, f.name) for f in fields(raw)}
    found |= {"left": left, "right": right, "depth": depth}
    if depth.size and depth.min() < 0:
        keep = depth >= 0
        before = np.concatenate([[0], np.cumsum(keep)])
        for name in (*NODE_FIELDS, "depth"):
            found[name] = found[name][keep]
        for name in ("left", "right"):
            kept = before.astype(np.int32)[found[name]]
            found[name] = np.where(found[name] >= 0, kept, np.int32(-1))
        found["tree_offsets"] = before[found["tree_offsets"]]
        leaf = found["left"] < 0
    _check_splits(found, ~leaf)
    found["feature"] = (found["feature"] + np.int32(1)) * ~leaf - np.int32(1)
    found["value"] = found["value"] * leaf
    return found


def _check_lengths(raw: RawForest) -> None:
    n_nodes, n_trees = len(raw.left), len(raw.output)
    lengths = dict.fromkeys(NODE_FIELDS, n_nodes)
    lengths |= {"round": n_trees, "learning_rates": n_trees, "mixed": n_trees}
    lengths |= {"tree_offsets": n_trees + 1, "intercept": raw.n_outputs}
    for name, expected in lengths.items():
        if len(getattr(raw, name)) != expected:
            raise ModelError(
                f"The model must have {expected} entries in {name}, "
                f"got {len(getattr(raw, name))}."
            )
    if raw.tree_offsets[0] != 0 or raw.tree_offsets[-1] != n_nodes:
        raise ModelError("The model must not have nodes outside any tree.")
    if (np.diff(raw.tree_offsets) < 1).any():
        raise ModelError("Each tree must have a node; one has none.")
    if n_trees and not 0 <= raw.output.min() <= raw.output.max() < raw.n_outputs:
        raise ModelError(
            f"Each tree must add to one of {raw.n_outputs} outputs, "
            f"got output {raw.output.max()}."
        )
    if (np.diff(raw.round, prepend=0) < 0).any() or (raw.round >= raw.n_rounds).any():
        raise ModelError(
            f"Trees must be in order of their round, below {raw.n_rounds}."
        )


def _depths(
    offsets: NDArray[np.int64], left: NDArray[Any], right: NDArray[Any]
) -> NDArray[np.int32]:
    """Return the depth of each node, -1 if it is not reachable from a root."""
    # numpy indexes by pointer-sized integers; others are converted every time.
    left, right = left.astype(np.intp), right.astype(np.intp)
    depth = np.full(len(left), -1, dtype=np.int32)
    level, reached, frontier = 0, 0, offsets[:-1]
    while frontier.size:
        reached += frontier.size
        # Also ends a walk in a cycle.
        if reached > len(left):
            break
        depth[frontier] = level
        below = left.take(frontier)
        inner = np.flatnonzero(below >= 0)
        frontier = np.concatenate([below.take(inner), right.take(frontier.take(inner))])
        level += 1
    if reached != np.count_nonzero(depth >= 0):
        raise ModelError("A node must have one parent and a root none: it is no tree.")
    return depth


def _check_splits(found: dict[str, Any], inner: NDArray[np.bool_]) -> None:
    feature, n_features = found["feature"] * inner, found["n_features"]
    if inner.any() and not 0 <= feature.min() <= feature.max() < n_features:
        raise ModelError(
            f"A split must test one of {n_features} features, "
            f"got {feature.min()} to {feature.max()}."
        )
    index, n_sets = found["set_index"], len(found["members_left"])
    if index.size and not -1 <= index.min() <= index.max() < n_sets:
        raise ModelError(f"A split must use one of {n_sets} category sets.")
    offsets, categories = found["set_offsets"], found["categories"]
    if (
        len(offsets) != n_sets + 1
        or offsets[0] != 0
        or offsets[-1] != len(categories)
        or (np.diff(offsets) < 0).any()
        or (categories < 0).any()
    ):
        raise ModelError("Category sets must be lists of numbers >= 0.")


SPAN = np.int64(2**31)
"""Larger than any category: ``set * SPAN + category`` is unique per member."""


def list_members(trees: Forest) -> NDArray[np.int64]:
    """Return all members of all sets as ``set * SPAN + category``, sorted."""
    owner = np.repeat(np.arange(len(trees.members_left)), np.diff(trees.set_offsets))
    return np.sort(owner * SPAN + trees.categories)


def split_keys(trees: Forest) -> NDArray[np.float64]:
    """Return a number per node that is equal for equal thresholds.

    Equal category sets get equal numbers. They cannot collide with thresholds, because
    a column is either numeric or categorical.
    """
    if not len(trees.members_left):
        return trees.threshold
    numbers: dict[bytes, int] = {}
    members = list_members(trees) % SPAN
    keys = [
        numbers.setdefault(members[start:end].tobytes(), len(numbers))
        for start, end in pairwise(trees.set_offsets)
    ]
    known = np.append(np.array(keys, dtype=np.float64), np.nan)
    return np.where(trees.set_index >= 0, known[trees.set_index], trees.threshold)
