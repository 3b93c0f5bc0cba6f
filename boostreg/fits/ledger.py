"""Finds each piece of work in the journal or has it run; the journal's only writer."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from boostreg.fits.dataset import Dataset
from boostreg.fits.journal import Journal
from boostreg.fits.work import Work, run_work

__all__ = ["Counts", "Ledger"]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """How much work was run, and how much was found in the journal."""

    run: int = 0
    found: int = 0


@dataclass(slots=True)
class Ledger:
    """Answers each piece of work at most once, however often it is asked for.

    Attributes
    ----------
    dataset : Dataset
        The data in this process, for keys.
    data : object
        What workers find the data by: a folder.
    executor : Executor
        Runs what is not in the journal.
    journal : Journal or None
        Where records are kept; None keeps none.
    """

    dataset: Dataset
    data: Any
    executor: Executor
    journal: Journal | None = None
    counts: Counts = field(default_factory=Counts)
    _running: dict[str, Future[bytes]] = field(default_factory=dict)

    def look_up(self, work: Work[Any]) -> bytes | None:
        """Return the record from the journal, or None."""
        if self.journal is None:
            return None
        found = self.journal.get(work.key(self.dataset))
        self.counts.found += found is not None
        return found

    def start(
        self, work: Work[Any], then: Callable[[Future[bytes]], None]
    ) -> Future[bytes]:
        """Run ``work``, or join its run if it is under way; call ``then`` at its end.

        ``then`` is called in a thread of the executor.
        """
        key = work.key(self.dataset)
        future = self._running.get(key)
        if future is None:
            future = self.executor.submit(run_work, self.data, work)
            self._running[key] = future
            self.counts.run += 1
        future.add_done_callback(then)
        return future

    def record(self, work: Work[Any], data: bytes) -> None:
        """Write a record to the journal."""
        key = work.key(self.dataset)
        if self._running.pop(key, None) is not None and self.journal is not None:
            self.journal.put(key, data)

    def forget(self, work: Work[Any]) -> None:
        """Drop a run that failed, so that it may be asked for again."""
        self._running.pop(work.key(self.dataset), None)
