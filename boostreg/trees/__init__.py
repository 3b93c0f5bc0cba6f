"""Trees as plain arrays, whichever engine grew them, and their size."""

from boostreg.trees.ensemble import TreeEnsemble, tree_size
from boostreg.trees.size import SIZES, SizeCurves, TreeSize
from boostreg.trees.structure import FeatureMap

__all__ = [
    "SIZES",
    "FeatureMap",
    "SizeCurves",
    "TreeEnsemble",
    "TreeSize",
    "tree_size",
]
