"""Sizes of every prefix of an ensemble, in one pass over its arrays."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError
from boostreg.trees.category_sets import split_keys
from boostreg.trees.medians import prefix_smallest
from boostreg.trees.size import SIZES, TreeSize
from boostreg.trees.structure import Forest

__all__ = ["SizeCurves", "measure_curves"]

Counts = NDArray[np.int64]
Reals = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SPLIT_BYTES, _LEAF_BYTES, _CATEGORY_BYTES = 20, 8, 4


@dataclass(frozen=True, slots=True)
class SizeCurves:
    """The sizes of ``TreeSize``, each of shape (n_rounds + 1,).

    Entry k belongs to the first k rounds. Without any round there are no trees: all
    figures are 0, but those of ``shrinkage`` are 1.
    """

    n_trees: Counts
    n_leaves: Counts
    n_splits: Counts
    depth: Counts
    n_features: Counts
    n_thresholds: Counts
    n_bytes: Counts
    l1_norm: Reals
    l2_norm: Reals
    zero_share: Reals
    shrinkage: Reals
    shrinkage_low: Reals
    shrinkage_high: Reals

    @property
    def n_rounds(self) -> int:
        """Rounds of the longest prefix."""
        return len(self.n_trees) - 1

    def at(self, n_rounds: int) -> TreeSize:
        """Return the size of the first ``n_rounds`` rounds.

        Raises
        ------
        ModelError
            If there are not that many.
        """
        if not 0 <= n_rounds <= self.n_rounds:
            raise ModelError(
                f"n_rounds must be between 0 and {self.n_rounds}, got {n_rounds}."
            )
        return TreeSize(*(getattr(self, name)[n_rounds].item() for name in SIZES))


@np.errstate(all="ignore")
def measure_curves(trees: Forest, reg_lambda: float) -> SizeCurves:
    """Return the sizes of all prefixes of ``trees``.

    Parameters
    ----------
    trees : Forest
        Its trees stand in the order of their rounds.
    reg_lambda : float
        What hessians are compared with for ``shrinkage``; NaN for unknown.
    """
    n_nodes = np.diff(trees.tree_offsets)
    leaf = trees.left < 0
    total = _Totals(trees.n_rounds, trees.round)
    # A tree with k splits has k + 1 leaves.
    n_leaves, n_splits = total.count((n_nodes + 1) // 2), total.count(n_nodes // 2)
    n_features, n_thresholds = _distinct(trees, np.flatnonzero(~leaf), n_nodes // 2)
    hessian = trees.hessian[np.flatnonzero(leaf)]
    rounds = np.repeat(trees.round, (n_nodes + 1) // 2)
    return SizeCurves(
        n_trees=total.count(np.ones_like(n_nodes)),
        n_leaves=n_leaves,
        n_splits=n_splits,
        depth=_depth(trees),
        n_features=n_features,
        n_thresholds=n_thresholds,
        n_bytes=_SPLIT_BYTES * n_splits
        + _LEAF_BYTES * n_leaves
        + _CATEGORY_BYTES * total.count(_set_sizes(trees)),
        **_weight_curves(trees, leaf, n_leaves, total),
        **_shrinkage(hessian, rounds, reg_lambda, trees.n_rounds),
    )


@dataclass(frozen=True, slots=True)
class _Totals:
    """Sums over the trees of the first k rounds, for all k at once."""

    n_rounds: int
    rounds: NDArray[np.int32]

    def sum(self, amounts: NDArray[Any]) -> Reals:
        """Return the sums of one amount a tree."""
        return np.cumsum(
            np.bincount(self.rounds + 1, amounts, minlength=self.n_rounds + 1)
        )

    def count(self, amounts: NDArray[Any]) -> Counts:
        """Return the sums of one whole number a tree."""
        return self.sum(amounts).astype(np.int64)


def _per_tree(trees: Forest, of_nodes: NDArray[Any]) -> NDArray[Any]:
    if not trees.n_trees:
        return np.zeros(0)
    sums: NDArray[Any] = np.add.reduceat(of_nodes, trees.tree_offsets[:-1])
    return sums


def _set_sizes(trees: Forest) -> NDArray[Any]:
    if not len(trees.members_left):
        return np.zeros(trees.n_trees)
    sizes = np.append(np.diff(trees.set_offsets), 0)
    return _per_tree(trees, sizes[trees.set_index])


def _depth(trees: Forest) -> Counts:
    deepest = np.zeros(trees.n_rounds + 1, dtype=np.int64)
    if trees.n_trees:
        of_tree = np.maximum.reduceat(trees.depth, trees.tree_offsets[:-1])
        np.maximum.at(deepest, trees.round + 1, of_tree)
    return np.maximum.accumulate(deepest)


def _distinct(
    trees: Forest, split: NDArray[np.int64], n_splits: NDArray[np.int64]
) -> tuple[Counts, Counts]:
    """Count features and thresholds, each in the round that first uses it."""
    feature = trees.feature[split]
    keys = _pair_keys(feature, split_keys(trees)[split])
    if trees.n_rounds <= 1:
        # Without prefixes there is no first use to know.
        counts = np.count_nonzero(np.bincount(feature)), _count_distinct(keys)
        n_features, n_thresholds = ([0, n][: trees.n_rounds + 1] for n in counts)
        return np.array(n_features), np.array(n_thresholds)
    order = np.argsort(keys)
    keys, rounds = keys[order], np.repeat(trees.round, n_splits)[order]
    new_feature = np.diff(keys >> 32, prepend=-1) != 0
    new_pair = np.diff(keys, prepend=-1) != 0
    return (
        _first_uses(rounds, new_feature, trees.n_rounds),
        _first_uses(rounds, new_pair, trees.n_rounds),
    )


def _count_distinct(keys: NDArray[np.int64]) -> int:
    """Return how many different keys there are, at a third of the time of a sort.

    Each key writes its place into a slot by its hash [1]_, and the last one stays. Of
    keys that find themselves there, one a slot did so; those that find another key are
    few, and none of theirs is among the former.

    References
    ----------
    .. [1] D. E. Knuth. "The Art of Computer Programming", vol. 3, sec. 6.4: Fibonacci
       hashing, by 2^64 over the golden ratio.
    """
    bits = max(len(keys).bit_length() + 2, 4)
    slot = (keys.view(np.uint64) * _GOLDEN >> np.uint64(64 - bits)).view(np.int64)
    place = np.arange(len(keys), dtype=np.int32)
    last = np.empty(1 << bits, dtype=np.int32)
    last[slot] = place
    holder = last.take(slot)
    lost = keys[keys.take(holder) != keys]
    return int(np.count_nonzero(holder == place)) + len(np.unique(lost))


def _pair_keys(
    feature: NDArray[np.int32], threshold: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the feature in the upper and the threshold in the lower 32 bits."""
    with np.errstate(over="ignore"):
        # Adding 0 makes -0 to 0, which is the same threshold.
        short = threshold.astype(np.float32) + np.float32(0)
    low: NDArray[Any] = short.view(np.uint32)
    if not np.array_equal(short, threshold):
        _, low = np.unique(threshold, return_inverse=True)
    return (feature.astype(np.int64) << 32) | low.astype(np.int64)


def _first_uses(
    rounds: NDArray[np.int32], new: NDArray[np.bool_], n_rounds: int
) -> Counts:
    if not rounds.size:
        return np.zeros(n_rounds + 1, dtype=np.int64)
    first = np.minimum.reduceat(rounds, np.flatnonzero(new))
    return np.cumsum(np.bincount(first + 1, minlength=n_rounds + 1))


def _weight_curves(
    trees: Forest, leaf: NDArray[np.bool_], n_leaves: Counts, total: _Totals
) -> dict[str, Reals]:
    absolute = _per_tree(trees, np.abs(trees.value))
    squared = _per_tree(trees, trees.value**2)
    zeros = _per_tree(trees, (leaf & (trees.value == 0)).astype(np.int64))
    rate = np.where(trees.mixed, np.nan, np.abs(trees.learning_rates))
    # Zero stays zero at any rate, also where dart has dropped a tree for good.
    some = (absolute != 0) | trees.mixed
    l1 = np.divide(absolute, rate, out=np.zeros_like(rate), where=some)
    l2 = np.divide(squared, rate**2, out=np.zeros_like(rate), where=some)
    zeros = np.where(trees.mixed, np.nan, zeros)
    return {
        "l1_norm": total.sum(l1),
        "l2_norm": np.sqrt(total.sum(l2)),
        "zero_share": total.sum(zeros) / np.maximum(n_leaves, 1),
    }


def _shrinkage(
    hessian: Reals, rounds: NDArray[np.int32], reg_lambda: float, n_rounds: int
) -> dict[str, Reals]:
    known = np.flatnonzero(~np.isnan(hessian))
    if np.isnan(reg_lambda) or not known.size:
        found = np.full((4, n_rounds), np.nan)
    else:
        found = prefix_smallest(hessian[known], rounds[known], n_rounds)
    # H / (H + reg_lambda) rises with H, so ranks stay ranks.
    low, middle, upper_middle, high = _share(found, reg_lambda)
    curves = {
        "shrinkage": (middle + upper_middle) / 2,
        "shrinkage_low": low,
        "shrinkage_high": high,
    }
    # Before the first tree there is nothing that could have been shrunk.
    n_empty = int(rounds[0]) if rounds.size else n_rounds
    return {
        name: np.concatenate([[1.0], np.full(n_empty, 1.0), curve[n_empty:]])
        for name, curve in curves.items()
    }


def _share(hessian: Reals, reg_lambda: float) -> Reals:
    if reg_lambda == 0:
        return np.where(np.isnan(hessian), np.nan, 1.0)
    return hessian / (hessian + reg_lambda)


if tuple(field.name for field in fields(SizeCurves)) != SIZES:
    raise TypeError("SizeCurves and TreeSize must have the same fields.")
