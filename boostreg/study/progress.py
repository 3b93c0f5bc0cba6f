"""Progress of a run: its events, and what turns finished work into events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from boostreg.fits.schedule import Batch, Job
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.mirror import Mirror
from boostreg.tuning.search import TuningJob

__all__ = ["Event", "Progress", "Watch"]


@dataclass(frozen=True, slots=True)
class Event:
    """What a run reports while it works.

    Attributes
    ----------
    stage : str
        ``warning``, ``trials``, or the name of a later stage, which runs fits.
    done, total : int
        Finished and requested trials of the run, or fits of the stage.
    text : str
        The warning, or the best candidate so far of the search whose trial ended.
    """

    stage: str
    done: int = 0
    total: int = 0
    text: str = ""


Progress = Callable[[Event], object]
"""A display of progress, called only from the coordinating thread."""


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
        tuning, best = job.tuning, job.tuning.incumbent
        if len(tuning.trials) == self._seen[id(job)]:
            return
        self._seen[id(job)] = len(tuning.trials)
        if self._mirrors:
            self._mirrors[tuning.label, tuning.outer].update(tuning.trials)
        fold = "all rows" if tuning.outer is None else f"fold {tuning.outer}"
        found = "no trial yet"
        if best is not None:
            leaves = best.sizes["n_leaves"]
            found = f"best loss {best.loss:.5g}, {leaves:,.0f} leaves"
        text = f"{tuning.label}, {fold}: {found}"
        n_done = sum(self._seen.values())
        self._progress(Event("trials", n_done, self._n_trials, text))
