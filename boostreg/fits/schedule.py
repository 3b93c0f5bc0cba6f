"""Runs the work of several jobs on the workers, in a fixed order of priority.

The timing of requests and the order of records depend on the workers. The set of
requests and the results do not, because the next work of a job is a function of the
records that it has received. That also holds for work that is run ahead of a decision:
its record is passed on only if its job requests it.
"""

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from boostreg.errors import FitError, InterruptedRunError
from boostreg.fits.fit import TimeLimit
from boostreg.fits.ledger import Ledger
from boostreg.fits.work import Timed, Work

__all__ = ["Batch", "Job", "run_jobs"]

_PATIENCE = 0.5
_STEP = 0.02
"""Maximum and minimum seconds to wait for a record before jobs are asked again."""


class Job(Protocol):
    """A source of work, with a state that depends on the records received."""

    @property
    def done(self) -> bool:
        """Whether all work is finished."""

    def ready(self) -> Sequence[Work[Any]]:
        """Return work that can run now; each piece is returned once."""

    def receive(self, work: Any, record: Any) -> None:
        """Take the record of a piece of work, or the FitError that it raised."""


After = Callable[[Job, Work[Any], float | None], None]
"""Takes a job, its work, and the CPU seconds of a worker if it was run now."""


class Batch:
    """A job whose work is known from the start.

    Unless it is ``needed``, failed work is recorded as a failure. ``n_left`` is the
    number of missing records.
    """

    def __init__(self, works: Sequence[Work[Any]], *, needed: bool = True) -> None:
        self._needed = needed
        self._new = list(dict.fromkeys(works))
        self.n_left = len(self._new)
        self.records: dict[Work[Any], Any] = {}
        self.failures: dict[Work[Any], FitError] = {}

    @property
    def new(self) -> Sequence[Work[Any]]:
        """Work that ``ready`` returns next."""
        return tuple(self._new)

    @property
    def done(self) -> bool:
        """Whether all records have arrived."""
        return self.n_left == 0

    def ready(self) -> Sequence[Work[Any]]:
        """Return all work on the first call, nothing afterwards."""
        new, self._new = self._new, []
        return new

    def receive(self, work: Work[Any], record: Any) -> None:
        """Take a record.

        Raises
        ------
        FitError
            If needed work failed: there is no report without it.
        """
        self.n_left -= 1
        if not isinstance(record, FitError):
            self.records[work] = record
        elif self._needed:
            raise FitError(
                f"{work.label} failed, but the report needs it: {record}"
            ) from record
        else:
            self.failures[work] = record


def run_jobs(  # noqa: PLR0913  the hooks of a run, by keyword
    jobs: Sequence[Job],
    ledger: Ledger,
    *,
    slots: int,
    stopped: Callable[[], bool] = lambda: False,
    after: After = lambda _job, _work, _seconds: None,
    ahead: Callable[[], Sequence[Work[Any]]] = tuple,
    limit: Callable[[Job], TimeLimit | None] = lambda _: None,
) -> None:
    """Run jobs to completion; earlier jobs have priority.

    Parameters
    ----------
    jobs : sequence of Job
    ledger : Ledger
    slots : int
        Maximum pieces of work in the executor; twice the number of workers keeps them
        busy while this process proposes and writes.
    stopped : callable
        Checked between records; once true, no new work is started.
    after : callable
        Called with a job, its work and the CPU seconds after each of its records; the
        seconds are None if the work was found or failed.
    ahead : callable
        Returns work that a job may request later, most likely first. It runs only on
        workers that would be idle; ``slots`` is twice their number.
    limit : callable
        Returns the current time limit of a job's work. With a limit, jobs may be done
        before all of their work has ended; the rest is dropped.

    Raises
    ------
    InterruptedRunError
        If ``stopped`` became true; work in flight has been recorded.
    """
    _Scheduler(ledger, slots, stopped, after, ahead, limit).run(jobs)


@dataclass(slots=True)
class _Scheduler:
    _ledger: Ledger
    _slots: int
    _stopped: Callable[[], bool]
    _after: After
    _ahead: Callable[[], Sequence[Work[Any]]]
    _limit: Callable[[Job], TimeLimit | None]
    _in_flight: int = 0
    _prepared: set[Work[Any]] = field(default_factory=set)
    _waiting: dict[int, list[Work[Any]]] = field(default_factory=dict)
    _ended: queue.SimpleQueue[tuple[Job | None, Work[Any], Future[Timed]]] = field(
        default_factory=queue.SimpleQueue
    )

    def run(self, jobs: Sequence[Job]) -> None:
        open_jobs = list(jobs)
        while open_jobs and not self._stopped():
            self._fill(open_jobs)
            self._fill_ahead(open_jobs)
            open_jobs = [job for job in open_jobs if not job.done]
            if open_jobs and self._in_flight:
                self._take_one(self._patience(open_jobs))
        while self._in_flight and not any(map(self._limit, jobs)):
            self._take_one()
        self._ledger.drop()
        if any(not job.done for job in jobs):
            raise InterruptedRunError("The run was stopped.")

    def _fill(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            waiting = self._waiting.setdefault(id(job), [])
            if self._limit(job):  # it checks the time when asked
                waiting[:0] = reversed(job.ready())
            while self._in_flight < self._slots and not self._stopped():
                if not waiting:
                    waiting.extend(reversed(job.ready()))
                if job.done:  # at its time limit
                    waiting.clear()
                if not waiting:
                    break
                self._start(job, waiting.pop())

    def _start(self, job: Job, work: Work[Any]) -> None:
        found = self._ledger.look_up(work)
        if found is not None:
            job.receive(work, found)
            self._after(job, work, None)
            return
        self._in_flight += 1
        self._prepared.discard(work)
        limit = self._limit(job)
        self._ledger.start(work, lambda end: self._ended.put((job, work, end)), limit)

    def _fill_ahead(self, jobs: Sequence[Job]) -> None:
        """Give idle workers work that may be requested later."""
        n_idle = self._slots // 2 - self._in_flight - len(self._prepared)
        if n_idle <= 0 or self._stopped():
            return
        limit = next(filter(None, map(self._limit, jobs)), None)
        for work in self._ahead():
            if work in self._prepared:
                continue
            if n_idle <= 0:
                return
            if self._ledger.prepare(work, partial(self._note, work), limit):
                self._prepared.add(work)
                n_idle -= 1

    def _note(self, work: Work[Any], end: Future[Timed]) -> None:
        self._ended.put((None, work, end))

    def _patience(self, jobs: Sequence[Job]) -> float:
        """Return the seconds to wait for a record: at most until a time limit."""
        moments = [limit.until for limit in map(self._limit, jobs) if limit]
        if not moments:
            return _PATIENCE
        return min(_PATIENCE, max(min(moments) - time.monotonic(), _STEP))

    def _take_one(self, patience: float = _PATIENCE) -> None:
        # With a timeout, the main thread handles signals on every platform.
        try:
            job, work, end = self._ended.get(timeout=patience)
        except queue.Empty:
            return
        if job is None:
            self._prepared.discard(work)
            return
        self._in_flight -= 1
        seconds = None
        try:
            data, seconds = end.result()
        except FitError as error:
            self._ledger.forget(work)
            if self._stopped():  # perhaps killed by us; the next run tries it again
                return
            job.receive(work, error)
        else:
            self._ledger.record(work, data)
            job.receive(work, work.decode(data))
        self._after(job, work, seconds)
