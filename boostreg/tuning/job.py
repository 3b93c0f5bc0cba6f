"""A tuning as a job of the scheduler, with a limit on its time."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from boostreg.fits.work import FitWork
from boostreg.tuning.tuning import Tuning

__all__ = ["TuningJob"]


class TuningJob:
    """Hands a tuning's fits out as work, and their records back.

    Parameters
    ----------
    tuning : Tuning
    timeout : float, optional
        Seconds from its first fit after which it proposes nothing more. What is open
        is still measured, so its first trials, the references, always are.
    clock : callable
        Seconds; tests bring their own.
    """

    def __init__(
        self,
        tuning: Tuning,
        *,
        timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tuning = tuning
        self._timeout, self._clock = timeout, clock
        self._started: float | None = None
        self.was_cut = False
        """Whether the limit ended it: its results then depend on the machine."""

    @property
    def done(self) -> bool:
        """Whether all trials have ended."""
        return self.tuning.done

    def ready(self) -> Sequence[FitWork]:
        """Return work that can be run now."""
        self._look_at_the_clock()
        return [FitWork(fit) for fit in self.tuning.ready()]

    def receive(self, work: FitWork, record: Any) -> None:
        """Take the result of a fit, or the FitError that it ended in."""
        self.tuning.receive(work.fit, record)
        self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        if self._timeout is None or self.was_cut or self.tuning.done:
            return
        now = self._clock()
        if self._started is None:
            self._started = now
        elif now - self._started >= self._timeout:
            self.was_cut = self.tuning.proposer.n_asked < self.tuning.proposer.n_trials
            self.tuning.stop()
