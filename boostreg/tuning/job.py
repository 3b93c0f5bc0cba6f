"""A tuning as a job of the scheduler."""

from collections.abc import Sequence
from typing import Any

from boostreg.fits.work import FitWork
from boostreg.tuning.tuning import Tuning

__all__ = ["TuningJob"]


class TuningJob:
    """Hands a tuning's fits out as work, and their records back."""

    def __init__(self, tuning: Tuning) -> None:
        self.tuning = tuning

    @property
    def done(self) -> bool:
        """Whether all trials have ended."""
        return self.tuning.done

    def ready(self) -> Sequence[FitWork]:
        """Return work that can be run now."""
        return [FitWork(fit) for fit in self.tuning.ready()]

    def receive(self, work: FitWork, record: Any) -> None:
        """Take the result of a fit, or the FitError that it ended in."""
        self.tuning.receive(work.fit, record)
