"""Sizes of every prefix of an ensemble, in one pass over its arrays."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError
from boostreg.trees.medians import prefix_middles
from boostreg.trees.size import SIZES, TreeSize

if TYPE_CHECKING:
    from boostreg.trees.ensemble import TreeEnsemble

__all__ = ["SizeCurves", "measure_curves"]

Counts = NDArray[np.int64]
Reals = NDArray[np.float64]

_SPLIT_BYTES, _LEAF_BYTES, _CATEGORY_BYTES = 20, 8, 4


@dataclass(frozen=True, slots=True)
class SizeCurves:
    """The sizes of ``TreeSize``, each of shape (n_rounds + 1,).

    Entry k belongs to the first k rounds. Without any round there are no trees: all
    figures are 0, but ``shrinkage`` is 1.
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


def measure_curves(trees: "TreeEnsemble", reg_lambda: float) -> SizeCurves:
    """Return the sizes of all prefixes of ``trees``.

    Parameters
    ----------
    trees : TreeEnsemble
        Its trees stand in the order of their rounds.
    reg_lambda : float
        What hessians are compared with for ``shrinkage``; NaN for unknown.
    """
    tree_of_node = np.repeat(np.arange(trees.n_trees), np.diff(trees.tree_offsets))
    leaves = np.flatnonzero(trees.left < 0)
    splits = np.flatnonzero(trees.left >= 0)
    round_of_leaf = trees.round[tree_of_node[leaves]]
    round_of_split = trees.round[tree_of_node[splits]]

    total = _Totals(trees.n_rounds)
    n_leaves, n_splits = total.count(round_of_leaf), total.count(round_of_split)
    n_features, n_thresholds = _distinct(trees, splits, round_of_split, total)
    set_sizes = np.append(np.diff(trees.set_offsets), 0)[trees.set_index[splits]]
    n_categories = total.sum(round_of_split, set_sizes).astype(np.int64)
    deepest = np.zeros(trees.n_rounds + 1, dtype=np.int64)
    if trees.n_trees:
        tree_depth = np.maximum.reduceat(trees.depth, trees.tree_offsets[:-1])
        np.maximum.at(deepest, trees.round + 1, tree_depth)
    return SizeCurves(
        n_trees=total.count(trees.round),
        n_leaves=n_leaves,
        n_splits=n_splits,
        depth=np.maximum.accumulate(deepest),
        n_features=n_features,
        n_thresholds=n_thresholds,
        n_bytes=_SPLIT_BYTES * n_splits
        + _LEAF_BYTES * n_leaves
        + _CATEGORY_BYTES * n_categories,
        **_weight_curves(trees, leaves, tree_of_node[leaves], total),
        shrinkage=_shrinkage(trees.hessian[leaves], round_of_leaf, reg_lambda, total),
    )


@dataclass(frozen=True, slots=True)
class _Totals:
    """Sums over the entries of the first k rounds, for all k at once."""

    n_rounds: int

    def sum(self, rounds: NDArray[Any], amounts: NDArray[Any]) -> Reals:
        return np.cumsum(np.bincount(rounds + 1, amounts, minlength=self.n_rounds + 1))

    def count(self, rounds: NDArray[Any]) -> Counts:
        return np.cumsum(np.bincount(rounds + 1, minlength=self.n_rounds + 1))


def _distinct(
    trees: "TreeEnsemble",
    splits: NDArray[np.int64],
    rounds: NDArray[np.int32],
    total: _Totals,
) -> tuple[Counts, Counts]:
    """Count features and thresholds, each in the round that first uses it."""
    if not splits.size:
        nothing = np.zeros(total.n_rounds + 1, dtype=np.int64)
        return nothing, nothing
    feature, threshold = trees.feature[splits], trees.split_keys()[splits]
    order = np.argsort(threshold)
    # Few features fit 16 bits, where numpy's stable sort is a radix sort.
    narrow = feature.astype(np.uint16) if feature.max() < 2**16 else feature
    order = order[np.argsort(narrow[order], kind="stable")]
    feature, threshold, rounds = feature[order], threshold[order], rounds[order]
    new_feature = np.diff(feature, prepend=-1) != 0
    new_pair = new_feature.copy()
    new_pair[1:] |= threshold[1:] != threshold[:-1]
    features = np.minimum.reduceat(rounds, np.flatnonzero(new_feature))
    pairs = np.minimum.reduceat(rounds, np.flatnonzero(new_pair))
    return total.count(features), total.count(pairs)


def _weight_curves(
    trees: "TreeEnsemble",
    leaves: NDArray[np.int64],
    tree_of_leaf: NDArray[np.int64],
    total: _Totals,
) -> dict[str, Reals]:
    rounds = trees.round[tree_of_leaf]
    value = trees.value[leaves]
    rate = np.where(trees.mixed, np.nan, trees.learning_rates)[tree_of_leaf]
    # A tree that dart has dropped for good has rate 0 and weighs nothing.
    weight = np.divide(value, rate, out=np.zeros_like(value), where=rate != 0)
    zero = np.where(trees.mixed[tree_of_leaf], np.nan, value == 0)
    return {
        "l1_norm": total.sum(rounds, np.abs(weight)),
        "l2_norm": np.sqrt(total.sum(rounds, weight**2)),
        "zero_share": total.sum(rounds, zero) / np.maximum(total.count(rounds), 1),
    }


def _shrinkage(
    hessian: Reals, rounds: NDArray[np.int32], reg_lambda: float, total: _Totals
) -> Reals:
    if np.isnan(reg_lambda):
        curve = np.full(total.n_rounds + 1, np.nan)
        curve[0] = 1.0
        return curve
    known = np.flatnonzero(~np.isnan(hessian))
    n_known, n_leaves = total.count(rounds[known]), total.count(rounds)
    low, high = prefix_middles(hessian[known], rounds[known], total.n_rounds)
    # H / (H + reg_lambda) rises with H, so middles stay middles.
    curve = (_share(low, reg_lambda) + _share(high, reg_lambda)) / 2
    empty = np.where(n_leaves[1:] == 0, 1.0, np.nan)
    return np.concatenate([[1.0], np.where(n_known[1:] > 0, curve, empty)])


def _share(hessian: Reals, reg_lambda: float) -> Reals:
    if reg_lambda == 0:
        return np.ones_like(hessian)
    return hessian / (hessian + reg_lambda)


if tuple(field.name for field in fields(SizeCurves)) != SIZES:
    raise TypeError("SizeCurves and TreeSize must have the same fields.")
