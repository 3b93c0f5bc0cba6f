r"""Exact marginals of a forest over the unit cube.

A tree is constant on boxes. Its mean given some coordinates is, at a point of these,
the sum over the leaves that contain it of value times the box's volume in the other
coordinates [1]_. The mean over trees is constant between the thresholds of all of
them, so that its variance is a finite sum.

References
----------
.. [1] F. Hutter, H. Hoos, K. Leyton-Brown. "An Efficient Approach for Assessing
   Hyperparameter Importance". ICML 2014, sec. 3.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ForestLeaves", "forest_leaves", "variance_given"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ForestLeaves:
    """The leaves of all trees of a forest over the unit cube.

    Attributes
    ----------
    low, high : ndarray of shape (n_leaves, n_coordinates)
        Of each leaf's box.
    value : ndarray of shape (n_leaves,)
        Of each leaf, over the number of trees: a point's prediction is their sum.
    """

    low: Array
    high: Array
    value: Array


def forest_leaves(forest: Any, n_coordinates: int) -> ForestLeaves:
    """Return the leaves of a fitted scikit-learn forest of one output."""
    trees = [_tree_leaves(one.tree_, n_coordinates) for one in forest.estimators_]
    low, high, value = (np.concatenate(part) for part in zip(*trees, strict=True))
    return ForestLeaves(low, high, value / len(trees))


def _tree_leaves(tree: Any, n_coordinates: int) -> tuple[Array, Array, Array]:
    low = np.zeros((tree.node_count, n_coordinates))
    high = np.ones((tree.node_count, n_coordinates))
    for node in range(tree.node_count):  # parents come before their children
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            continue
        feature, threshold = tree.feature[node], tree.threshold[node]
        for child in (left, right):
            low[child], high[child] = low[node], high[node]
        high[left, feature] = low[right, feature] = threshold
    leaf = tree.children_left < 0
    return low[leaf], high[leaf], tree.value[leaf, 0, 0]


def variance_given(leaves: ForestLeaves, held: tuple[int, ...]) -> float:
    """Return the variance of the forest's mean given one or two coordinates."""
    widths = leaves.high - leaves.low
    others = [j for j in range(widths.shape[1]) if j not in held]
    mass = leaves.value * widths[:, others].prod(axis=1)
    edges = [np.unique([leaves.low[:, i], leaves.high[:, i]]) for i in held]
    # Each leaf adds its mass from its lower edges on and takes it back at its upper.
    change = np.zeros([len(edge) for edge in edges])
    for corner in np.ndindex(*[2] * len(held)):
        ends = [
            (leaves.low, leaves.high)[c][:, i]
            for c, i in zip(corner, held, strict=True)
        ]
        at = tuple(np.searchsorted(e, end) for e, end in zip(edges, ends, strict=True))
        np.add.at(change, at, mass * (-1) ** sum(corner))
    for axis in range(len(held)):
        change = change.cumsum(axis=axis)
    mean = change[tuple(slice(-1) for _ in held)]
    volume = np.diff(edges[0])
    for edge in edges[1:]:
        volume = np.multiply.outer(volume, np.diff(edge))
    centre = float((mean * volume).sum())
    return float(((mean - centre) ** 2 * volume).sum())
