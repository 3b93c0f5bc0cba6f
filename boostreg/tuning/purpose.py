"""Prediction time of a library by trees and leaves, and selection under limits.

A few ensembles are grown on synthetic rows and timed on this machine, so that models
that were not kept can be compared by speed without refitting. It is an estimate: caches
and the data change the true value, by a factor of about 1.5 in our measurements.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.arrays import Array
from boostreg.engines import Growth, get_engine
from boostreg.errors import Fault, StudyError
from boostreg.penalty import Penalty
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.selection import Candidate, TrialCurves

__all__ = ["Purpose", "Speed", "best_under", "knee", "measure_speed"]

_LEAVES = (2, 4, 16, 64, 256)
_ROUNDS, _ROWS, _FEATURES, _REPEATS = 100, 2000, 10, 5


@dataclass(frozen=True, slots=True)
class Speed:
    """Microseconds per row and tree, by increasing leaves per tree.

    For one thread and large batches.
    """

    leaves: tuple[float, ...]
    microseconds: tuple[float, ...]

    def estimate(self, n_trees: ArrayLike, n_leaves: ArrayLike) -> Array:
        """Return microseconds per row of ensembles.

        Between the measured leaf counts it is linear in their logarithm, like the depth
        of a leaf; beyond them it is constant. Counts are of the whole ensembles.
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
    library, found = get_engine(engine), {}
    bins = read_dataset(X, y, cv=2, seed=0).bins(engine, None, None, 1)
    growth = Growth(n_rounds=_ROUNDS, patience=None, seed=0, threads=1)
    for leaves in _LEAVES:
        penalty = Penalty(reg_lambda=0.0, max_leaves=leaves)
        model = library.fit(bins, penalty, growth).model
        n_trees = model.n_rounds
        mean = library.trees(model).size().n_leaves / n_trees
        seconds = []
        for _ in range(_REPEATS):
            started = time.perf_counter()
            library.predict(model, new)
            seconds.append(time.perf_counter() - started)
        # The minimum, because disturbances only add time.
        found[mean] = min(seconds) * 1e6 / (_ROWS * n_trees)
    grown = sorted(found)
    return Speed(tuple(grown), tuple(found[leaves] for leaves in grown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Limits on the cost of a model, compared with means over inner folds.

    Attributes
    ----------
    max_leaves : float
        Leaves of all trees together.
    max_bytes : float
        Bytes of the packed arrays, see ``TreeSize``.
    max_microseconds : float
        Time to predict one row, estimated by ``Speed`` for this machine.

    Raises
    ------
    StudyError
        If a limit is not above 0.
    """

    max_leaves: float = math.inf
    max_bytes: float = math.inf
    max_microseconds: float = math.inf

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not value > 0:
                raise StudyError.of(Fault((name,), "above 0", value))

    def admits(self, curves: TrialCurves, speed: Speed | None) -> NDArray[np.bool_]:
        """Return which prefixes of a trial are within the limits.

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
    """Return the candidate with the lowest loss within the limits of a purpose.

    Ties are broken by fewer leaves, fewer rounds, lower trial number. A candidate
    always exists, because the intercept alone costs nothing.
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
    """Return the knee of the front, beyond which further leaves help little.

    It is the candidate farthest below the line between the ends of the front, with
    ``log(1 + leaves)`` and the loss both scaled to [0, 1]. V. Satopaa et al., "Finding
    a Kneedle in a Haystack", ICDCS Workshops 2011, sec. II, do this for a whole curve.
    Ties go to fewer leaves; for a front of one or two, it is the last.
    """
    if len(front) < 3:
        return front[-1]
    leaves = np.log1p([one.n_leaves for one in front])
    losses = np.array([one.loss for one in front])
    along = (leaves - leaves[0]) / (leaves[-1] - leaves[0])
    down = (losses[0] - losses) / (losses[0] - losses[-1])
    return front[int(np.argmax(down - along))]
