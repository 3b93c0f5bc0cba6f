"""Divides the wall time of ``tune``: the search, the test of penalties, the last fit.

Times of later parts are estimated from the seconds of finished fits. A trial may become
the pick at the end of its last fold, so a fit is stopped once a fit of the same
penalty on all rows would no longer end in time, see ``TimeLimit``.
"""

import math
from dataclasses import dataclass

from boostreg.fits.fit import TimeLimit
from boostreg.tuning.trial import Trial

__all__ = ["Budget"]

_MARGIN = 1.3
"""Estimated seconds are multiplied by it."""
_MAX_ACTING = 0.1
"""Maximum share of the time for the test of which penalties act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The wall time of one search, and estimates of what follows it.

    Attributes
    ----------
    started, timeout : float
        Start in seconds of ``time.monotonic``, and total seconds.
    reading : float
        Seconds to read the table, which the last fit does again.
    growth : float
        All rows divided by the training rows of a fold.
    n_folds, n_penalties, workers : int
        Folds, searched penalties, and fits at the same time.
    """

    started: float
    timeout: float
    reading: float
    growth: float
    n_folds: int
    n_penalties: int
    workers: int

    @property
    def end(self) -> float:
        """Moment at which everything must have ended."""
        return self.started + self.timeout

    def of_search(self, best: Trial | None) -> TimeLimit:
        """Return the limit of a fit of the search, while ``best`` is the best trial."""
        return self._limit(best, self._reserved(best))

    def of_acting(self, best: Trial | None) -> TimeLimit:
        """Return the limit of a fit of the test of which penalties act."""
        return self._limit(best, 0.0)

    def has_time_for_acting(self, now: float, best: Trial | None) -> bool:
        """Return whether the test of which penalties act will probably end in time.

        The estimate is of the most fits; about half of them are needed, because a pick
        has few of the penalties.
        """
        return now + self._acting(best) / 2 <= self.of_acting(best).until

    def _limit(self, best: Trial | None, reserved: float) -> TimeLimit:
        end = self.end - self.reading
        follow = _MARGIN * self.growth
        return TimeLimit(end - follow * _seconds(best) - reserved, end, follow)

    def _reserved(self, best: Trial | None) -> float:
        seconds = self._acting(best)
        return seconds if seconds <= _MAX_ACTING * self.timeout else 0.0

    def _acting(self, best: Trial | None) -> float:
        """Return the seconds to measure two picks without each penalty, and all."""
        n_fits = 2 * (self.n_penalties + 1) * self.n_folds
        return math.ceil(n_fits / self.workers) * _seconds(best)


def _seconds(trial: Trial | None) -> float:
    """Return the mean seconds of a fit of a trial; 0 without one."""
    if trial is None or not trial.folds:
        return 0.0
    return sum(fold.seconds for fold in trial.folds) / len(trial.folds)
