"""The size of a model, in figures that mean the same for every engine."""

from dataclasses import dataclass, fields

from boostreg.figures import Figure, counts_chart
from boostreg.figures.notebook import notebook_html, notebook_table

__all__ = ["SIZES", "TreeSize"]


@dataclass(frozen=True, slots=True)
class TreeSize:
    """How large a boosted model is, counted from its trees.

    Leaf weights are those before the learning rate (and before what dart scales),
    without the intercept. A figure that a file does not tell is NaN, see
    ``TreeEnsemble``.

    Attributes
    ----------
    n_trees, n_leaves, n_splits : int
        Counts over all trees in use; a tree without a split is one leaf.
    depth : int
        Splits on the way to the deepest leaf.
    n_features : int
        Features that some split tests.
    n_thresholds : int
        Distinct pairs of feature and threshold; a set of categories is one threshold.
    n_bytes : int
        Size as packed arrays, equal for equal trees of any engine: 20 bytes a split
        (int32 feature, float64 threshold, two int32 children), 8 a leaf, 4 a category
        in a set.
    l1_norm, l2_norm : float
        Sum of absolute leaf weights, and square root of their summed squares.
    zero_share : float
        Share of leaves with weight exactly 0.
    shrinkage : float
        Median over leaves of ``H / (H + reg_lambda)``: what L2 leaves of a weight.
        Leaves of unknown ``H`` do not count.
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
            name: [f"{getattr(self, name):,}"]
            if name in _WHOLE
            else [f"{getattr(self, name):,.6g}"]
            for name in SIZES
        }
        return notebook_html(notebook_table("TreeSize", (), rows), self.figure())


SIZES = tuple(field.name for field in fields(TreeSize))
"""Names of all sizes, in the order they are printed."""

_WHOLE = frozenset(field.name for field in fields(TreeSize) if field.type is int)
