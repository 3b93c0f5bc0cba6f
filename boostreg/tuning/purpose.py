"""How long a library takes to predict, as a function of trees and leaves.

A few ensembles are grown on made-up rows and timed on this machine, so that models that
nobody kept can be told apart by speed without fitting them again. It is an estimate:
caches and the data move the true figure, by a factor of 1.5 or so where it was tried.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.arrays import Array
from boostreg.engines import Growth, Model, get_engine
from boostreg.errors import StudyError
from boostreg.penalty import Penalty
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.selection import Candidate, TrialCurves

__all__ = ["Purpose", "Speed", "best_under", "knee", "measure_speed"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a model may cost at most; means over inner folds are held against it.

    Attributes
    ----------
    max_leaves : float
        Leaves of all trees together.
    max_bytes : float
        As packed arrays, see ``TreeSize``.
    max_microseconds : float
        To predict a row, as ``Speed`` estimates it for this machine.

    Raises
    ------
    StudyError
        If a limit is not above 0.
    """

    max_leaves: float = math.inf
    max_bytes: float = math.inf
    max_microseconds: float = math.inf

    def __post_init__(self) -> None:
        for name in ("max_leaves", "max_bytes", "max_microseconds"):
            value = getattr(self, name)
            if isinstance(value, bool) or not value > 0:
                raise StudyError(f"{name} must be above 0, got {value!r}.")

    def admits(self, curves: TrialCurves, speed: Speed | None) -> NDArray[np.bool_]:
        """Say which prefixes of a trial keep within the limits.

        Raises
        ------
        StudyError
            If there is a limit on time and no speed to estimate it with.
        """
        kept = (curves.n_leaves <= self.max_leaves) & (curves.n_bytes <= self.max_bytes)
        if math.isinf(self.max_microseconds):
            return kept
        if speed is None:
            raise StudyError("max_microseconds needs the speed of the engine.")
        times = speed.estimate(curves.n_trees, curves.n_leaves)
        return kept & (times <= self.max_microseconds)


def best_under(
    trials: Sequence[TrialCurves], purpose: Purpose, speed: Speed | None = None
) -> Candidate:
    """Return the candidate of least loss that keeps within a purpose's limits.

    Ties go to fewer leaves, fewer rounds, the lower trial. There always is one: the
    intercept alone costs nothing.
    """
    found = []
    for curves in trials:
        (k,) = np.nonzero(purpose.admits(curves, speed))
        loss, leaves = curves.mean_loss[k], curves.n_leaves[k]
        first = np.lexsort((k, leaves, loss))[0]
        found.append(
            (float(loss[first]), float(leaves[first]), int(k[first]), curves.number)
        )
    _, _, n_rounds, number = min(found)
    return next(c for c in trials if c.number == number).candidate(n_rounds)


def knee(front: Sequence[Candidate]) -> Candidate:
    """Return the candidate from which on further leaves pay least.

    The one farthest below the line between the front's ends, leaves taken in their
    logarithm (plus 1) and both axes scaled to [0, 1]: V. Satopaa et al., "Finding a
    Kneedle in a Haystack", ICDCS Workshops 2011, sec. II, for a whole curve. Ties go
    to fewer leaves; a front of one or two is its last.

    Parameters
    ----------
    front : sequence of Candidate
        From the fewest leaves to the least loss.
    """
    if len(front) < 3:
        return front[-1]
    leaves = np.log1p([one.n_leaves for one in front])
    losses = np.array([one.loss for one in front])
    along = (leaves - leaves[0]) / (leaves[-1] - leaves[0])
    down = (losses[0] - losses) / (losses[0] - losses[-1])
    return front[int(np.argmax(down - along))]
