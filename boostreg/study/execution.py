"""Stopping a run by hand: once to finish what is in flight, twice to stop now."""

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
from boostreg.fits.imports import PRELOAD
from boostreg.fits.journal import Journal
from boostreg.fits.ledger import Ledger
from boostreg.fits.process import CallLimits
from boostreg.fits.scratch import scratch_folder
from boostreg.study.plan import Plan
from boostreg.study.spec import Dask

__all__ = ["Execution", "Stop", "execute", "stop_on_signals"]


class Stop:
    """Whether a run was asked to stop, and by how many signals."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self._kill, self.asked = kill, 0

    def __call__(self) -> bool:
        """Return whether to start nothing new."""
        return self.asked > 0

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal: the second one ends what is in flight."""
        self.asked += 1
        if self.asked > 1:
            self._kill()


@contextmanager
def stop_on_signals(kill: Callable[[], None]) -> Iterator[Stop]:
    """Turn Ctrl-C and SIGTERM into ``Stop`` while the block runs.

    Only the main thread may handle signals; elsewhere they stay as they are.
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
"""Pieces of work handed out for each worker, so that none waits for this process."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What a run needs to have work done.

    Attributes
    ----------
    ledger : Ledger
    stop : Stop
        Whether a signal asked the run to end.
    workers : int
    """

    ledger: Ledger
    stop: Stop
    workers: int

    @property
    def slots(self) -> int:
        """Pieces of work to hand out at a time."""
        return _SLOTS * self.workers


@contextmanager
def execute(
    plan: Plan, folder: Path, *, workers: int | None = None, dask: str | None = None
) -> Iterator[Execution]:
    """Have work of a study done while the block runs.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Of the run; its journal is locked meanwhile.
    workers : int, optional
        Processes on this machine, by default one a core.
    dask : str, optional
        Address of a scheduler, in place of what the study says.

    Raises
    ------
    StudyError, RunError
        If the executor cannot be had, or another run has the folder.
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
