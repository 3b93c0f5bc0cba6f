"""A tuning as a job of the scheduler, with a limit on its time."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boostreg.fits.fit import Fit
from boostreg.fits.work import FitWork, Work
from boostreg.tuning.guess import GUESSED, Guessing, LeafWork, Prior, guesses, prior
from boostreg.tuning.measuring import Setting, inner_fits
from boostreg.tuning.proposals import first_penalties
from boostreg.tuning.tuning import Tuning

__all__ = ["TuningJob"]

_MOST_FOLDS = 5
"""Inner folds on which leaves are measured for a guess, at most."""


class TuningJob:
    """Hands a tuning's fits out as work, and their records back.

    Parameters
    ----------
    tuning : Tuning
        Where its proposer takes guesses, they are made here.
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
        self._guessing = Guessing(_guess_fits(tuning))

    @property
    def done(self) -> bool:
        """Whether all trials have ended."""
        return self.tuning.done and self._guessing.done

    @property
    def prior(self) -> Prior | None:
        """What the leaves of the unpenalised model suggest, if they were measured."""
        return prior(self._guessing.found)

    @property
    def guesses(self) -> Mapping[str, int]:
        """Numbers of the trials that were guessed, by penalty."""
        proposer = self.tuning.proposer
        names = (name for name in GUESSED if name in proposer.space)
        return dict(zip(names, proposer.guess_numbers, strict=False))

    def ready(self) -> Sequence[Work[Any]]:
        """Return work that can be run now."""
        self._look_at_the_clock()
        return [*self._guessing.ready(), *map(FitWork, self.tuning.ready())]

    def receive(self, work: FitWork | LeafWork, record: Any) -> None:
        """Take the result of a fit, or the FitError that it ended in."""
        if isinstance(work, LeafWork):
            self._guessing.receive(work, record)
            if self._guessing.done:
                self._guess()
        else:
            self.tuning.receive(work.fit, record)
        self._look_at_the_clock()

    def _guess(self) -> None:
        to = self.tuning.proposer
        to.take_guesses(guesses(self._guessing.found, to.space, to.fixed, to.scale))

    def _look_at_the_clock(self) -> None:
        if self._timeout is None or self.was_cut or self.tuning.done:
            return
        now = self._clock()
        if self._started is None:
            self._started = now
        elif now - self._started >= self._timeout:
            self.was_cut = self.tuning.proposer.n_asked < self.tuning.proposer.n_trials
            self.tuning.stop()


def _guess_fits(tuning: Tuning) -> list[Fit]:
    """Return the unpenalised fits whose leaves are measured, on a few inner folds."""
    proposer = tuning.proposer
    if not proposer.guess_numbers:
        return []
    free, _ = first_penalties(proposer.fixed, proposer.scale)
    setting = Setting(tuning.engine, tuning.outer, free)
    return inner_fits(setting, tuning.limits)[:_MOST_FOLDS]
