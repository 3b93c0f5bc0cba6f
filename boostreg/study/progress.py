"""Progress of a run: the interface of displays, and what updates them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from boostreg.fits.schedule import Batch, Job
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.mirror import Mirror
from boostreg.tuning.search import TuningJob

__all__ = ["Progress", "Silent", "Watch"]


class Progress(Protocol):
    """A display of progress, called only from the coordinating thread."""

    def start(self, total: int) -> None:
        """Start; the run has ``total`` trials over all engines and outer folds."""

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Report a finished trial.

        Parameters
        ----------
        engine : str
        outer : int or None
            Outer fold of the trial; None for all rows.
        done : int
            Finished trials of the whole run.
        best_loss, best_leaves : float or None
            Lowest inner loss so far for that engine and outer fold, and the mean leaves
            of that candidate; None without a complete trial.
        """

    def stage(self, text: str) -> None:
        """Report the next stage of the run."""

    def fits(self, done: int, total: int) -> None:
        """Report a finished fit of ``total`` in the current stage."""

    def warn(self, text: str) -> None:
        """Report a warning before the run starts."""


class Silent:
    """A display that shows nothing."""

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
    """Reports trials while searches run, and then the other fits of the stage.

    Parameters
    ----------
    jobs : sequence of Job
        Jobs that run together, searches first.
    stage : str
        Name of the stage of the other fits.
    progress : Progress
    mirrors : mapping
        By engine and outer fold; each receives the trials of its search.
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
        self._announced = False

    def after(self, job: Job) -> None:
        """Handle a record that a job received."""
        if isinstance(job, TuningJob):
            self._after_trial(job)
        else:
            self._n_done += 1
        if all(one.done for one in self._searches):
            self._after_searches()

    def _after_searches(self) -> None:
        n_left = sum(job.n_left for job in self._others)
        if n_left and not self._announced:
            self._progress.stage(self._stage)
            self._announced = True
        if self._announced:
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
