"""Turns the finished work of a run into events of its progress."""

from collections.abc import Mapping, Sequence

from boostreg.fits.schedule import Batch, Job
from boostreg.progress import Event, Progress
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.mirror import Mirror
from boostreg.tuning.search import TuningJob

__all__ = ["Watch"]


class Watch:
    """Reports trials while searches run, and then the other fits of the stage.

    ``n_trials`` counts the trials of all searches. Each mirror receives the trials of
    its search.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        stage: str,
        n_trials: int,
        progress: Progress,
        mirrors: Mapping[tuple[str, int | None], Mirror],
    ) -> None:
        self._progress, self._mirrors = progress, mirrors
        self._stage, self._n_trials = stage, n_trials
        self._searches = [job for job in jobs if isinstance(job, TuningJob)]
        counted = (ActingJob, Batch, Measuring)
        self._others = [job for job in jobs if isinstance(job, counted)]
        self._n_done = 0
        self._seen = dict.fromkeys(map(id, self._searches), 0)
        self._announced = False
        if self._searches:
            progress(Event("trials", 0, n_trials))

    def after(self, job: Job) -> None:
        """Handle a record that a job received."""
        if isinstance(job, TuningJob):
            self._after_trial(job)
        else:
            self._n_done += 1
        n_left = sum(job.n_left for job in self._others)
        if (n_left or self._announced) and all(one.done for one in self._searches):
            self._announced = True
            self._progress(Event(self._stage, self._n_done, self._n_done + n_left))

    def _after_trial(self, job: TuningJob) -> None:
        tuning = job.tuning
        if len(tuning.trials) == self._seen[id(job)]:
            return
        self._seen[id(job)] = len(tuning.trials)
        if self._mirrors:
            self._mirrors[tuning.label, tuning.outer].update(tuning.trials)
        n_done = sum(self._seen.values())
        self._progress(Event("trials", n_done, self._n_trials, tuning.standing))
