"""Sizes of boosted models, counted from their trees, for all prefixes at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array, Indices
from boostreg.errors import ModelError
from boostreg.figures import Figure, counts_chart
from boostreg.figures.figure import notebook_html, notebook_table
from boostreg.trees.structure import Forest, split_keys

__all__ = [
    "SIZES",
    "SizeCurves",
    "TreeSize",
    "band_ranks",
    "measure_curves",
    "prefix_smallest",
]


def band_ranks(n: Indices) -> tuple[Indices, Indices, Indices, Indices]:
    """Return the ranks, from 0, of the 10 % point, both middles and the 90 % point.

    The mean of the two middle ranks is the median. The outer two have a tenth of the
    other values below, and above; they are rounded outwards.

    >>> [int(rank) for rank in band_ranks(np.int64(31))]
    [3, 15, 15, 27]
    """
    tenth = (n - 1) // 10
    return tenth, (n - 1) // 2, n // 2, n - 1 - tenth


def prefix_smallest(
    values: Array,
    prefix: NDArray[np.integer],
    n_prefixes: int,
    ranks: Callable[[Indices], Sequence[Indices]] = band_ranks,
) -> Array:
    """Return the values at some ranks in each prefix.

    Prefix ``prefix[i]`` and all later ones contain ``values[i]``. ``ranks`` maps the
    number of values in each prefix to the requested ranks, from 0. The result is of
    shape (n_ranks, n_prefixes), NaN for an empty prefix.

    All values are sorted once; the k-th smallest of a prefix is then the k-th of the
    sorted values that belong to it. A table of counts per prefix and bucket of ranks
    finds the bucket, a second one the position inside. With about ``sqrt(n)`` buckets,
    both tables have ``n_prefixes * sqrt(n)`` cells, whereas two heaps would need ``n``
    steps in Python.

    >>> middles = lambda n: ((n - 1) // 2, n // 2)
    >>> prefix_smallest(np.array([5.0, 1.0, 3.0]), np.array([0, 1, 2]), 3, middles)
    array([[5., 1., 3.],
           [5., 5., 3.]])
    """
    filled = np.cumsum(np.bincount(prefix, minlength=n_prefixes))
    first = int((filled == 0).sum())
    wanted = ranks(filled[first:])
    found = np.full((len(wanted), n_prefixes), np.nan)
    if first == n_prefixes - 1:
        places = np.stack(wanted)
        found[:, first:] = np.partition(values, np.unique(places))[places]
    elif first < n_prefixes:
        found[:, first:] = _smallest(values, prefix - first, wanted)
    return found


def _smallest(
    values: Array, prefix: NDArray[np.integer], ranks: Sequence[Indices]
) -> list[Array]:
    """Return the values at some ranks in each prefix; no prefix is empty."""
    n, n_prefixes = len(values), len(ranks[0])
    width = int(np.sqrt(n)) + 1
    n_buckets = -(-n // width)
    order = np.argsort(values)
    # No prefix contains the padding of the last bucket.
    since = np.full(n_buckets * width, n_prefixes, dtype=np.int32)
    since[:n] = prefix[order]
    cells = since[:n] * n_buckets + np.repeat(np.arange(n_buckets), width)[:n]
    counts = np.bincount(cells, minlength=n_prefixes * n_buckets)
    counts = counts.reshape(n_prefixes, n_buckets).cumsum(axis=1).cumsum(axis=0)
    number, found = np.arange(n_prefixes), []
    for k in ranks:
        bucket = (counts <= k[:, None]).sum(axis=1)
        before = np.where(bucket > 0, counts[number, bucket - 1], 0)
        inside = since.reshape(-1, width)[bucket] <= number[:, None]
        reached = inside.cumsum(axis=1, dtype=np.int32) > (k - before)[:, None]
        found.append(values[order[bucket * width + reached.argmax(axis=1)]])
    return found


@dataclass(frozen=True, slots=True)
class TreeSize:
    """The size of a boosted model, counted from its trees.

    Leaf weights are before the learning rate (and before the scaling of dart), without
    the intercept. A size that needs a number that the model does not contain is NaN,
    see ``tree_size``.

    Attributes
    ----------
    n_trees, n_leaves, n_splits : int
        Counts over all trees in use; a tree without a split is one leaf.
    depth : int
        Number of splits above the deepest leaf.
    n_features : int
        Number of features used in splits.
    n_thresholds : int
        Distinct pairs of feature and threshold; a set of categories is one threshold.
    n_bytes : int
        Size as packed arrays, equal for equal trees of any engine: 20 bytes per split
        (int32 feature, float64 threshold, two int32 children), 8 per leaf, 4 per
        category in a set.
    l1_norm, l2_norm : float
        Sum of absolute leaf weights, and square root of their summed squares.
    zero_share : float
        Share of leaves with weight exactly 0.
    shrinkage : float
        Median over leaves of ``H / (H + reg_lambda)``, the factor of L2 on a weight.
        Leaves with unknown ``H`` are ignored.
    shrinkage_low, shrinkage_high : float
        Its 10 % and 90 % points.
    """

    n_trees: int
    n_leaves: int
    n_splits: int
    depth: int
    n_features: int
    n_thresholds: int
    n_bytes: int
    l1_norm: float
    l2_norm: float
    zero_share: float
    shrinkage: float
    shrinkage_low: float
    shrinkage_high: float

    def figure(self) -> Figure:
        """Return the counts on one logarithmic axis."""
        counts = {name: float(getattr(self, name)) for name in SIZES if name in _WHOLE}
        return counts_chart(counts, title="Size of a model")

    def _repr_html_(self) -> str:
        rows = {
            name: [format(getattr(self, name), "," if name in _WHOLE else ",.6g")]
            for name in SIZES
        }
        return notebook_html(notebook_table("TreeSize", (), rows), self.figure())


SIZES = tuple(field.name for field in fields(TreeSize))
"""Names of all sizes, in display order."""

_WHOLE = frozenset(field.name for field in fields(TreeSize) if field.type is int)


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SPLIT_BYTES, _LEAF_BYTES, _CATEGORY_BYTES = 20, 8, 4


@dataclass(frozen=True, slots=True)
class SizeCurves:
    """The sizes of ``TreeSize``, each of shape (n_rounds + 1,).

    Entry k is for the first k rounds. With 0 rounds there are no trees: all values are
    0, and ``shrinkage`` is 1.
    """

    n_trees: Indices
    n_leaves: Indices
    n_splits: Indices
    depth: Indices
    n_features: Indices
    n_thresholds: Indices
    n_bytes: Indices
    l1_norm: Array
    l2_norm: Array
    zero_share: Array
    shrinkage: Array
    shrinkage_low: Array
    shrinkage_high: Array

    @property
    def n_rounds(self) -> int:
        """Rounds of the longest prefix."""
        return len(self.n_trees) - 1

    def at(self, n_rounds: int) -> TreeSize:
        """Return the size of the first ``n_rounds`` rounds.

        Raises
        ------
        ModelError
            If there are fewer rounds.
        """
        if not 0 <= n_rounds <= self.n_rounds:
            raise ModelError(
                f"n_rounds must be between 0 and {self.n_rounds}, got {n_rounds}."
            )
        return TreeSize(*(getattr(self, name)[n_rounds].item() for name in SIZES))


@np.errstate(all="ignore")
def measure_curves(trees: Forest, reg_lambda: float) -> SizeCurves:
    """Return the sizes of all prefixes of ``trees``, which are in order of rounds.

    ``reg_lambda`` is the L2 penalty for ``shrinkage``; NaN if unknown.
    """

    def total(of_trees: NDArray[Any]) -> Array:
        """Return sums of one number per tree over the first k rounds, for all k."""
        sums = np.bincount(trees.round + 1, of_trees, minlength=trees.n_rounds + 1)
        return np.cumsum(sums)

    n_nodes, leaf = np.diff(trees.tree_offsets), trees.left < 0
    # A tree with k splits has k + 1 leaves.
    n_leaves = total((n_nodes + 1) // 2).astype(np.int64)
    n_splits = total(n_nodes // 2).astype(np.int64)
    n_features, n_thresholds = _distinct(trees, np.flatnonzero(~leaf), n_nodes // 2)
    n_categories = np.zeros(trees.n_trees)
    if len(trees.members_left):
        in_set = np.append(np.diff(trees.set_offsets), 0)
        n_categories = _per_tree(trees, in_set[trees.set_index])
    depth = np.zeros(trees.n_rounds + 1, dtype=np.int64)
    if trees.n_trees:
        of_tree = np.maximum.reduceat(trees.depth, trees.tree_offsets[:-1])
        np.maximum.at(depth, trees.round + 1, of_tree)
    # A leaf value is learning rate times weight.
    absolute = _per_tree(trees, np.abs(trees.value))
    squared = _per_tree(trees, trees.value**2)
    zeros = _per_tree(trees, (leaf & (trees.value == 0)).astype(np.int64))
    rate = np.where(trees.mixed, np.nan, np.abs(trees.learning_rates))
    # Zero stays zero at any rate, even if dart has dropped a tree for good.
    some = (absolute != 0) | trees.mixed
    l1 = np.divide(absolute, rate, out=np.zeros_like(rate), where=some)
    l2 = np.divide(squared, rate**2, out=np.zeros_like(rate), where=some)
    zeros = np.where(trees.mixed, np.nan, zeros)
    hessian = trees.hessian[np.flatnonzero(leaf)]
    rounds = np.repeat(trees.round, (n_nodes + 1) // 2)
    low, middle, high = _shrinkage(hessian, rounds, reg_lambda, trees.n_rounds)
    return SizeCurves(
        n_trees=total(np.ones_like(n_nodes)).astype(np.int64),
        n_leaves=n_leaves,
        n_splits=n_splits,
        depth=np.maximum.accumulate(depth),
        n_features=n_features,
        n_thresholds=n_thresholds,
        n_bytes=_SPLIT_BYTES * n_splits
        + _LEAF_BYTES * n_leaves
        + _CATEGORY_BYTES * total(n_categories).astype(np.int64),
        l1_norm=total(l1),
        l2_norm=np.sqrt(total(l2)),
        zero_share=total(zeros) / np.maximum(n_leaves, 1),
        shrinkage=middle,
        shrinkage_low=low,
        shrinkage_high=high,
    )


def _per_tree(trees: Forest, of_nodes: NDArray[Any]) -> NDArray[Any]:
    if not trees.n_trees:
        return np.zeros(0)
    sums: NDArray[Any] = np.add.reduceat(of_nodes, trees.tree_offsets[:-1])
    return sums


def _distinct(
    trees: Forest, split: NDArray[np.int64], n_splits: NDArray[np.int64]
) -> tuple[Indices, Indices]:
    """Count features and thresholds, each from the round that first uses it."""
    feature, threshold = trees.feature[split], split_keys(trees)[split]
    # A key has the feature in its upper 32 bits, and the threshold in the lower ones:
    # as float32 if that is exact, otherwise its rank. Adding 0 turns -0 into 0.
    short = threshold.astype(np.float32) + np.float32(0)
    low: NDArray[Any] = short.view(np.uint32)
    if not np.array_equal(short, threshold):
        _, low = np.unique(threshold, return_inverse=True)
    keys = (feature.astype(np.int64) << 32) | low.astype(np.int64)
    if trees.n_rounds <= 1:
        # Without prefixes, first uses do not matter.
        counts = np.count_nonzero(np.bincount(feature)), _count_distinct(keys)
        n_features, n_thresholds = ([0, n][: trees.n_rounds + 1] for n in counts)
        return np.array(n_features), np.array(n_thresholds)
    order = np.argsort(keys)
    keys, rounds = keys[order], np.repeat(trees.round, n_splits)[order]

    def first_uses(new: NDArray[np.bool_]) -> Indices:
        first = np.zeros(0, np.int64)
        if rounds.size:
            first = np.minimum.reduceat(rounds, np.flatnonzero(new)) + 1
        return np.cumsum(np.bincount(first, minlength=trees.n_rounds + 1))

    new_feature = np.diff(keys >> 32, prepend=-1) != 0
    return first_uses(new_feature), first_uses(np.diff(keys, prepend=-1) != 0)


def _count_distinct(keys: NDArray[np.int64]) -> int:
    """Return the number of distinct keys, in a third of the time of a sort.

    Each key writes its index into the slot of its hash [1]_; the last one stays. Every
    occupied slot counts as one distinct key. The few keys that differ from the one in
    their slot are counted separately; none of them is equal to a key in a slot.

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


def _shrinkage(
    hessian: Array, rounds: NDArray[np.int32], reg_lambda: float, n_rounds: int
) -> list[Array]:
    """Return 10 % point, median and 90 % point of H / (H + reg_lambda)."""
    known = np.flatnonzero(~np.isnan(hessian))
    found = np.full((4, n_rounds), np.nan)
    if known.size and not np.isnan(reg_lambda):
        # It increases with H, so that the order of H is kept.
        found = prefix_smallest(hessian[known], rounds[known], n_rounds)
        share = 1.0 if reg_lambda == 0 else found / (found + reg_lambda)
        found = np.where(np.isnan(found), np.nan, share)
    low, middle, upper_middle, high = found
    # Before the first tree there is nothing to shrink.
    n_empty = int(rounds[0]) if rounds.size else n_rounds
    return [
        np.concatenate([np.ones(n_empty + 1), curve[n_empty:]])
        for curve in (low, (middle + upper_middle) / 2, high)
    ]


if tuple(field.name for field in fields(SizeCurves)) != SIZES:
    raise TypeError("SizeCurves and TreeSize must have the same fields.")
