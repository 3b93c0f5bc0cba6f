"""Candidates for a purpose: under a limit on size or speed, or at the front's knee.

Every prefix of every complete trial is a candidate, so nothing is fitted again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import StudyError
from boostreg.tuning.selection import Candidate, TrialCurves
from boostreg.tuning.speed import Speed

__all__ = ["Purpose", "best_under", "knee"]


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
