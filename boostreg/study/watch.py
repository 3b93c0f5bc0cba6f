"""Reports the progress of a run as events: one count of all its work, and time left."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boostreg.fits.schedule import Batch, Job
from boostreg.fits.work import Work
from boostreg.progress import Event, Progress
from boostreg.study.forecast import (
    REPEATED,
    SECONDS_AFTER,
    Forecast,
    Part,
    Races,
    part_of,
    typical_pieces,
)
from boostreg.study.plan import Plan
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.mirror import Mirror
from boostreg.tuning.search import TuningJob

__all__ = ["Jobs", "Pace", "Watch"]

Jobs = Mapping[str, Sequence[Job]]
"""Jobs by what they do, see ``Part``."""

_MEMORY = 60.0
"""Wall seconds after which earlier work counts a third."""
_PRIOR = 2.0
"""Weight of the initial pace, in CPU seconds of work."""


class Pace:
    """Wall seconds of a run per CPU second of its work; recent work counts more.

    The initial value is ``slow / workers``, where ``slow`` is the wall seconds of one
    worker per CPU second: 1 if it never waits and no other program uses its core.
    """

    def __init__(
        self,
        workers: int,
        slow: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workers, self._clock, self._last = workers, clock, clock()
        self._wall, self._cpu = _PRIOR * slow / workers, _PRIOR

    def add(self, cpu: float) -> None:
        """Add the CPU seconds of work that ended now."""
        now = self._clock()
        wall, self._last = now - self._last, now
        kept = math.exp(-wall / _MEMORY)
        self._wall = kept * self._wall + wall
        self._cpu = kept * self._cpu + cpu

    def wall(self, cpu: float) -> float:
        """Return the wall seconds of work of some CPU seconds."""
        return cpu * self._wall / self._cpu


class Watch:
    """Follows all jobs of a run, and passes on an event for each finished piece.

    Parameters
    ----------
    plan : Plan
    forecast : Forecast
        Of all work of the run; it is updated.
    pace : Pace
        Of the workers of the run; it is updated.
    progress : callable
    mirrors : mapping
        By engine and outer fold; each receives the trials of its search.
    """

    def __init__(
        self,
        plan: Plan,
        forecast: Forecast,
        pace: Pace,
        progress: Progress,
        mirrors: Mapping[tuple[str, int | None], Mirror],
    ) -> None:
        self._forecast, self._pace, self._progress = forecast, pace, progress
        self._mirrors = mirrors
        self._races = Races(plan.splits.n_inner, racing=plan.spec.search.racing)
        self._n_trials = plan.spec.search.trials
        self._names: dict[int, str] = {}
        self._jobs: Jobs = {}
        self._seen: Counter[int] = Counter()
        self._share = 0.0

    @property
    def seconds_left(self) -> float:
        """Wall seconds until the run has ended."""
        after = SECONDS_AFTER * self._pace.workers  # one process works
        return self._pace.wall(self._forecast.seconds_left + after)

    def seconds_with(self, plan: Plan) -> float:
        """Return the wall seconds until the end of the run, if it had this plan."""
        pieces = typical_pieces(plan, self._races)
        after = SECONDS_AFTER * self._pace.workers
        return self._pace.wall(self._forecast.seconds_with(pieces) + after)

    def take(self, plan: Plan) -> None:
        """Expect the work of another plan."""
        self._n_trials = plan.spec.search.trials
        self._forecast.take(typical_pieces(plan, self._races))

    def begin(self, jobs: Jobs) -> None:
        """Take the jobs of a stage, whose work is counted exactly where it is known."""
        self._jobs = jobs
        self._names = {id(job): name for name, own in jobs.items() for job in own}
        for name, own in jobs.items():
            known = [job for job in own if isinstance(job, Batch | Measuring)]
            if known:
                counted = Counter(
                    part_of(name, work) for job in known for work in job.new
                )
                each = self._races.fits_per_fold if name in REPEATED else 1.0
                self._forecast.recount(name, {p: n * each for p, n in counted.items()})

    def end(self) -> None:
        """Count the work of the stage as finished, except for paused searches."""
        for name in self._jobs:
            if name != "searches":
                self._forecast.recount(name, {})
            elif not self._paused:
                self._forecast.recount("searches", {})
                self._forecast.recount("guesses", {})

    def after(self, job: Job, work: Work[Any], seconds: float | None) -> None:
        """Handle a record that a job received."""
        part, text = part_of(self._names[id(job)], work), ""
        self._pace.add(seconds or 0.0)
        self._forecast.finish(part, seconds)
        if isinstance(job, TuningJob):
            text = job.tuning.standing
            if part[0] == "searches":
                self._races.note_fit()
            self._after_trial(job, part)
        elif isinstance(job, ActingJob):
            self._count_tests(part)
        self._report(part[0], text)

    @property
    def _paused(self) -> bool:
        searches = [j for j in self._jobs["searches"] if isinstance(j, TuningJob)]
        return any(job.tuning.n_trials < self._n_trials for job in searches)

    def _after_trial(self, job: TuningJob, part: Part) -> None:
        """Pass on an ended trial, and count the fits of the searches left."""
        tuning = job.tuning
        if len(tuning.trials) == self._seen[id(job)]:
            return
        self._seen[id(job)] = len(tuning.trials)
        if self._mirrors:
            self._mirrors[tuning.label, tuning.outer].update(tuning.trials)
        self._races.note(id(job), tuning.trials)
        left = sum(
            self._races.fits_left(len(one.tuning.trials), self._n_trials)
            for one in self._jobs["searches"]
            if isinstance(one, TuningJob) and one.tuning.label == tuning.label
        )
        self._forecast.expect(("searches", part[1]), left)

    def _count_tests(self, part: Part) -> None:
        """Count the fits left in the tests of an engine's picks."""
        own = [job for job in self._jobs[part[0]] if isinstance(job, ActingJob)]
        mine = [job for job in own if job.label == part[1]]
        ended = [job for job in mine if job.done]
        if ended:
            each = sum(job.n_received for job in ended) / len(ended)
            left = sum(
                max(job.n_left, each - job.n_received) for job in mine if not job.done
            )
            self._forecast.expect(part, left)

    def _report(self, stage: str, text: str) -> None:
        """Pass on an event; the share never falls."""
        forecast = self._forecast
        done, left = forecast.seconds_done, forecast.seconds_left
        self._share = max(self._share, done / (done + left) if left else 1.0)
        counts = forecast.n_done, forecast.n_total
        seconds = self.seconds_left
        self._progress(
            Event(stage, *counts, text, share=self._share, seconds_left=seconds)
        )
