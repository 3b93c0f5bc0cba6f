"""Who is told how far a run is."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from boostreg.fits.schedule import Batch, Job
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.mirror import Mirror
from boostreg.tuning.search import TuningJob

__all__ = ["Progress", "Silent", "Watch"]


class Progress(Protocol):
    """Told how far a run is, from the coordinating thread only."""

    def start(self, total: int) -> None:
        """Begin; the run has ``total`` trials over all engines and outer folds."""

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Take note of an ended trial.

        Parameters
        ----------
        engine : str
        outer : int or None
            Outer fold within which the trial was; None for all rows.
        done : int
            Trials of the whole run that have ended.
        best_loss, best_leaves : float or None
            Least inner loss so far on that engine and outer fold, with the mean leaves
            of that candidate; None while no trial has succeeded.
        """

    def stage(self, text: str) -> None:
        """Take note of what the run does next."""

    def fits(self, done: int, total: int) -> None:
        """Take note of a fit that ended, of ``total`` of the stage that was told."""

    def warn(self, text: str) -> None:
        """Take note of what may mislead, before the run begins."""


class Silent:
    """Says nothing."""

    def start(self, total: int) -> None:
        """Do nothing."""

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Do nothing."""

    def stage(self, text: str) -> None:
        """Do nothing."""

    def fits(self, done: int, total: int) -> None:
        """Do nothing."""

    def warn(self, text: str) -> None:
        """Do nothing."""


class Watch:
    """Counts trials while searches run, and then the other fits of the same stage.

    Parameters
    ----------
    jobs : sequence of Job
        All that runs together; searches come first.
    stage : str
        What the other fits are for.
    progress : Progress
    mirrors : mapping
        By engine and outer fold; each is given the trials of its search.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        stage: str,
        progress: Progress,
        mirrors: Mapping[tuple[str, int | None], Mirror],
    ) -> None:
        self._progress, self._mirrors, self._stage = progress, mirrors, stage
        self._searches = [job for job in jobs if isinstance(job, TuningJob)]
        self._others = [job for job in jobs if isinstance(job, (Batch, Measuring))]
        self._n_done = 0
        self._seen: dict[int, int] = {}
        self._said = False

    def after(self, job: Job) -> None:
        """Take note of a record that a job received."""
        if isinstance(job, TuningJob):
            self._after_trial(job)
        else:
            self._n_done += 1
        if all(one.done for one in self._searches):
            self._after_searches()

    def _after_searches(self) -> None:
        n_left = sum(job.n_left for job in self._others)
        if n_left and not self._said:
            self._progress.stage(self._stage)
            self._said = True
        if self._said:
            self._progress.fits(self._n_done, self._n_done + n_left)

    def _after_trial(self, job: TuningJob) -> None:
        tuning = job.tuning
        n_trials = len(tuning.trials)
        if n_trials == self._seen.get(id(job)):
            return
        self._seen[id(job)] = n_trials
        if self._mirrors:
            self._mirrors[tuning.engine, tuning.outer].update(tuning.trials)
        best = tuning.incumbent
        self._progress.trial(
            tuning.engine,
            tuning.outer,
            sum(self._seen.values()),
            None if best is None else best.loss,
            None if best is None else best.sizes["n_leaves"],
        )
