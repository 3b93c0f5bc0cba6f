"""The first tree under an increasing penalty, small enough to draw.

The first tree of every fit on a data set sees the same gradients, those at the
intercept, so any difference between these trees is due to the penalty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from boostreg.effects.paths import PathPoint
from boostreg.engines import get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, digest, grow
from boostreg.fits.work import FittedWork, FitWork
from boostreg.record import decode_record, encode_record
from boostreg.trees import TreeEnsemble

__all__ = ["MOST_LEAVES", "Sketch", "SketchWork", "sketched_points", "written_tree"]

MOST_LEAVES = 64
"""Larger trees are only counted."""

N_SKETCHES = 4
"""Number of trees along one path, including zero penalty."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """One tree: ``written`` is from ``written_tree``, empty if too large."""

    n_leaves: int
    written: str


@dataclass(frozen=True, slots=True)
class SketchWork(FittedWork[Sketch]):
    """The first tree of a fit with one round."""

    fit: Fit

    @override
    def key(self, dataset: Dataset) -> str:
        return digest({"sketch": FitWork(self.fit).key(dataset)})

    @override
    def run(self, dataset: Dataset) -> bytes:
        training = grow(dataset, self.fit)
        trees = get_engine(self.fit.engine).trees(training.model)
        n_leaves, written = 1, "0"  # for a fit without any tree
        if trees.n_trees:
            nodes = slice(int(trees.tree_offsets[0]), int(trees.tree_offsets[1]))
            n_leaves = int((trees.left[nodes] < 0).sum())
            written = written_tree(trees) if n_leaves <= MOST_LEAVES else ""
        return encode_record([n_leaves, written])

    @override
    def decode(self, data: bytes) -> Sketch:
        return Sketch(*decode_record(data)[0])


def written_tree(trees: TreeEnsemble, tree: int = 0) -> str:
    """Return a tree as one line: a leaf is its value, a split ``(feature left right)``.

    A feature is the position of its column. ``(3 -0.5 (0 1 2))`` splits on column 3;
    its left child is a leaf of value -0.5, its right one splits on column 0.
    """
    offset = int(trees.tree_offsets[tree])

    def written(node: int) -> str:
        if trees.left[node] < 0:
            return f"{float(trees.value[node]):.4g}"
        left, right = written(int(trees.left[node])), written(int(trees.right[node]))
        return f"({int(trees.feature[node])} {left} {right})"

    return written(offset)


def sketched_points(path: Sequence[PathPoint]) -> list[PathPoint]:
    """Return the points of a path whose trees are drawn: both ends and some between."""
    last = len(path) - 1
    places = {round(k * last / (N_SKETCHES - 1)) for k in range(N_SKETCHES)}
    return [path[place] for place in sorted(places)]
