"""The first tree under a rising penalty, small enough to be drawn.

All first trees of a data set answer to the same gradients, those at the intercept, so
what differs between them is the penalty's doing alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from boostreg.effects.paths import PathPoint
from boostreg.engines import get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, digest, grow
from boostreg.fits.work import FitWork, Work
from boostreg.record import decode_record, encode_record
from boostreg.trees import TreeEnsemble

__all__ = ["MOST_LEAVES", "Sketch", "SketchWork", "sketched_points", "written_tree"]

MOST_LEAVES = 64
"""Larger trees are counted and not written."""

N_SKETCHES = 4
"""Trees along one path, zero penalty among them."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """One tree: ``written`` as in ``written_tree``, empty where it is too large."""

    n_leaves: int
    written: str


@dataclass(frozen=True, slots=True)
class SketchWork(Work[Sketch]):
    """The first tree of a fit of one round."""

    fit: Fit

    @override
    def key(self, dataset: Dataset) -> str:
        return digest({"sketch": FitWork(self.fit).key(dataset)})

    @override
    def run(self, dataset: Dataset) -> bytes:
        training = grow(dataset, self.fit)
        trees = get_engine(self.fit.engine).trees(training.model)
        n_leaves, written = 1, "0"  # of a fit that grew no tree at all
        if trees.n_trees:
            nodes = slice(int(trees.tree_offsets[0]), int(trees.tree_offsets[1]))
            n_leaves = int((trees.left[nodes] < 0).sum())
            written = written_tree(trees) if n_leaves <= MOST_LEAVES else ""
        return encode_record([n_leaves, written])

    @override
    def decode(self, data: bytes) -> Sketch:
        return Sketch(*decode_record(data)[0])


def written_tree(trees: TreeEnsemble, tree: int = 0) -> str:
    """Return a tree in one line: a leaf is its value, a split ``(feature left right)``.

    A feature is the place of its column. ``(3 -0.5 (0 1 2))`` splits on column 3; its
    left child is a leaf of value -0.5, its right one splits on column 0.
    """
    offset = int(trees.tree_offsets[tree])

    def written(node: int) -> str:
        if trees.left[node] < 0:
            return f"{float(trees.value[node]):.4g}"
        left, right = written(int(trees.left[node])), written(int(trees.right[node]))
        return f"({int(trees.feature[node])} {left} {right})"

    return written(offset)


def sketched_points(path: Sequence[PathPoint]) -> list[PathPoint]:
    """Return the points of one path whose trees are drawn: both ends, some between."""
    last = len(path) - 1
    places = {round(k * last / (N_SKETCHES - 1)) for k in range(N_SKETCHES)}
    return [path[place] for place in sorted(places)]
