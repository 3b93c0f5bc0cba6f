"""What executes the work of a run: its workers, its journal and its signals."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boostreg.fits.dask import DaskExecutor, check_address
from boostreg.fits.devices import Card
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.journal import Journal
from boostreg.fits.ledger import Ledger
from boostreg.fits.process import CallLimits
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.signals import stop_on_signals
from boostreg.fits.work import PRELOAD
from boostreg.study.plan import Plan
from boostreg.study.spec import Dask

__all__ = ["Execution", "execute"]


@dataclass(frozen=True, slots=True)
class Execution:
    """What executes the work of a run; ``stopped`` returns if a signal has arrived."""

    ledger: Ledger
    stopped: Callable[[], bool]
    workers: int
    cards: tuple[Card, ...] = ()
    """The CUDA devices of the workers; empty on the CPU."""


@contextmanager
def execute(
    plan: Plan, folder: Path, workers: int | None, dask: str | None
) -> Iterator[Execution]:
    """Provide the resources to execute the work of a study.

    The journal in ``folder`` is locked within the block. ``dask``, the address of a
    scheduler, overrides the study. Raises StudyError if the address is invalid,
    RunError if another run uses the folder.
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
        threads = plan.spec.compute.threads
        executor: DaskExecutor | LocalExecutor
        if address is None:
            executor = LocalExecutor(
                workers,
                threads=threads,
                limits=limits,
                preload=PRELOAD,
                cards=plan.cards,
            )
        else:
            executor = DaskExecutor(
                address,
                threads=threads,
                limits=limits,
                extras=plan.extra_packages,
                device=spec.compute.device,
            )
        stack.enter_context(executor)
        stopped = stack.enter_context(stop_on_signals(executor.kill_now, after=1))
        executor.start()
        data = stack.enter_context(scratch_folder(plan.dataset.save))
        shared: Any = str(data)
        if isinstance(executor, DaskExecutor):
            shared = executor.share(data)
        ledger = Ledger(plan.dataset, shared, executor, journal, limits)
        yield Execution(ledger, stopped, executor.workers, executor.cards)
