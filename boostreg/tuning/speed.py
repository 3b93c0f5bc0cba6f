"""How long a library takes to predict, as a function of trees and leaves.

A few ensembles are grown on made-up rows and timed on this machine, so that models that
nobody kept can be told apart by speed without fitting them again. It is an estimate:
caches and the data move the true figure, by a factor of 1.5 or so where it was tried.
"""

import time
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.engines import Growth, Model, get_engine
from boostreg.penalty import Penalty
from boostreg.tuning.rows import read_dataset

__all__ = ["Speed", "measure_speed"]

Array = NDArray[np.float64]

_LEAVES = (2, 4, 16, 64, 256)
_ROUNDS, _ROWS, _FEATURES, _REPEATS = 100, 2000, 10, 5


@dataclass(frozen=True, slots=True)
class Speed:
    """Microseconds a row and tree, by leaves of a tree; one thread, many rows a call.

    Attributes
    ----------
    leaves : tuple of float
        Rising.
    microseconds : tuple of float
        Of one tree of so many leaves, for one row.
    """

    leaves: tuple[float, ...]
    microseconds: tuple[float, ...]

    def estimate(self, n_trees: ArrayLike, n_leaves: ArrayLike) -> Array:
        """Return microseconds a row of ensembles.

        Between the measured leaf counts it is straight in their logarithm, as the way
        to a leaf is; beyond them it is that of the nearest.

        Parameters
        ----------
        n_trees, n_leaves : array-like of the same shape
            Of the whole ensemble.
        """
        trees = np.asarray(n_trees, dtype=np.float64)
        mean = np.asarray(n_leaves, dtype=np.float64) / np.maximum(trees, 1)
        each = np.interp(
            np.log2(np.maximum(mean, 1)), np.log2(self.leaves), self.microseconds
        )
        return np.asarray(trees * each, dtype=np.float64)


@cache
def measure_speed(engine: str) -> Speed:
    """Time an engine's prediction on this machine, in about a second."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(_ROWS, _FEATURES))
    y = X[:, 0] * X[:, 1] + rng.normal(size=_ROWS)
    new = rng.normal(size=(_ROWS, _FEATURES))
    found = {}
    for leaves in _LEAVES:
        model = _grow(engine, X, y, leaves)
        n_trees = model.n_rounds
        mean = get_engine(engine).trees(model).size().n_leaves / n_trees
        found[mean] = _seconds(engine, model, new) * 1e6 / (_ROWS * n_trees)
    grown = sorted(found)
    return Speed(tuple(grown), tuple(found[leaves] for leaves in grown))


def _grow(engine: str, X: Array, y: Array, leaves: int) -> Model:
    dataset = read_dataset(X, y, cv=2, seed=0)
    growth = Growth(n_rounds=_ROUNDS, patience=None, seed=0, threads=1)
    bins = dataset.bins(engine, None, None, 1)
    penalty = Penalty(reg_lambda=0.0, max_leaves=leaves)
    return get_engine(engine).fit(bins, penalty, growth).model


def _seconds(engine: str, model: Model, new: Array) -> float:
    """Return the least of a few times: what disturbs only ever adds."""
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        get_engine(engine).predict(model, new)
        times.append(time.perf_counter() - started)
    return min(times)
