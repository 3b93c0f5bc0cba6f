"""Executing the work of a study, and stopping it by signals."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from boostreg.fits.dask import DaskExecutor, check_address
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.journal import Journal
from boostreg.fits.ledger import Ledger
from boostreg.fits.process import CallLimits
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.work import PRELOAD
from boostreg.study.plan import Plan
from boostreg.study.spec import Dask

__all__ = ["Execution", "Stop", "execute", "stop_on_signals"]


class Stop:
    """Whether signals requested a stop, and how many.

    One signal finishes the work in flight, a second one stops it at once.
    """

    def __init__(self, kill: Callable[[], None]) -> None:
        self._kill, self.asked = kill, 0

    def __call__(self) -> bool:
        """Return whether to stop starting new work."""
        return self.asked > 0

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal; the second one kills work in flight."""
        self.asked += 1
        if self.asked > 1:
            self._kill()


@contextmanager
def stop_on_signals(kill: Callable[[], None]) -> Iterator[Stop]:
    """Turn Ctrl-C and SIGTERM into ``Stop`` while the block runs.

    Only the main thread can handle signals; in other threads this does nothing.
    """
    stop = Stop(kill)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop.ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_SLOTS = 2
"""Pieces of work in flight per worker, so that workers do not wait for us."""


@dataclass(frozen=True, slots=True)
class Execution:
    """The resources of a run to execute work.

    Attributes
    ----------
    ledger : Ledger
    stop : Stop
        Whether a signal requested a stop.
    workers : int
    """

    ledger: Ledger
    stop: Stop
    workers: int

    @property
    def slots(self) -> int:
        """Maximum pieces of work in flight."""
        return _SLOTS * self.workers


@contextmanager
def execute(
    plan: Plan, folder: Path, *, workers: int | None = None, dask: str | None = None
) -> Iterator[Execution]:
    """Provide the resources to execute the work of a study.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Folder of the run; its journal is locked within the block.
    workers : int, optional
        Number of local processes. Default: one per core.
    dask : str, optional
        Address of a scheduler, overriding the study.

    Raises
    ------
    StudyError, RunError
        If the executor is not available, or another run uses the folder.
    """
    spec = plan.spec
    limits = CallLimits(seconds=spec.limits.seconds_per_fit, memory=spec.limits.memory)
    cluster = spec.compute.executor if isinstance(spec.compute.executor, Dask) else None
    address = cluster.dask if dask is None and cluster is not None else dask
    if address is not None:
        insecure = cluster is not None and cluster.allow_insecure
        check_address(address, allow_insecure=insecure)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(folder / "journal.db"))
        executor = _executor(address, workers, plan, limits)
        stack.enter_context(executor)
        stop = stack.enter_context(stop_on_signals(executor.kill_now))
        executor.start()
        data = stack.enter_context(scratch_folder(plan.dataset.save))
        shared: Any = str(data)
        if isinstance(executor, DaskExecutor):
            shared = executor.share(data)
        ledger = Ledger(plan.dataset, shared, executor, journal, limits)
        yield Execution(ledger, stop, executor.workers)


def _executor(
    address: str | None, workers: int | None, plan: Plan, limits: CallLimits
) -> DaskExecutor | LocalExecutor:
    threads = plan.spec.compute.threads
    if address is not None:
        return DaskExecutor(
            address, threads=threads, limits=limits, extras=plan.extra_packages
        )
    return LocalExecutor(workers, threads=threads, limits=limits, preload=PRELOAD)
