"""Trees as plain arrays, whichever engine grew them, and their size."""

from boostreg.trees.curves import SizeCurves
from boostreg.trees.ensemble import TreeEnsemble
from boostreg.trees.features import FeatureMap
from boostreg.trees.model import tree_size
from boostreg.trees.size import SIZES, TreeSize

__all__ = [
    "SIZES",
    "FeatureMap",
    "SizeCurves",
    "TreeEnsemble",
    "TreeSize",
    "tree_size",
]
