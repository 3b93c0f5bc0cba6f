"""Runs calls in worker processes on this machine, isolated from each other.

If a call crashes natively, runs out of memory, hangs or exceeds a limit, only that call
fails: its worker is replaced and the others continue. With
``concurrent.futures.ProcessPoolExecutor``, the whole pool would break.
"""

import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, final

from typing_extensions import override

from boostreg.errors import FitError, RunError
from boostreg.fits.devices import Card, each_alone
from boostreg.fits.process import CallLimits, WorkerProcess, count_cores
from boostreg.fits.worker import SHIELDED, translate

__all__ = ["LocalExecutor"]

P = ParamSpec("P")
T = TypeVar("T")

_NO_LIMITS = CallLimits()


@final
class LocalExecutor(Executor):
    """Threads that each pass their calls to one worker process.

    Workers start at the first ``submit``, all at once, or at ``start``. Calls run in
    the order of ``submit``. Functions and arguments are pickled, so a function must be
    importable by name; workers do not import the caller's ``__main__``.

    Leaving a ``with`` block waits for all calls; an exception stops them.

    Parameters
    ----------
    workers : int, optional
        Number of workers. Default: available cores divided by ``threads``, or the
        number of ``cards``, which is the maximum if there are any.
    threads : int, default=1
        Threads of OpenMP and BLAS in each worker.
    limits : CallLimits, optional
        Of each call.
    preload : sequence of str
        Modules to import when a worker starts; ``boostreg.fits.work.PRELOAD`` for fits.
    cards : tuple of Card, default=()
        The CUDA devices of this machine; each worker sees one of them.

    Raises
    ------
    RunError
        If ``workers`` or ``threads`` is below 1, or if there are too few ``cards``.

    Examples
    --------
    >>> with LocalExecutor(workers=1) as executor:
    ...     executor.submit(divmod, 7, 2).result()
    (3, 1)
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        threads: int = 1,
        limits: CallLimits = _NO_LIMITS,
        preload: Sequence[str] = (),
        cards: tuple[Card, ...] = (),
    ) -> None:
        if workers is None:
            workers = len(cards) or max(count_cores() // threads, 1)
        for name, value in (("workers", workers), ("threads", threads)):
            if value < 1:
                raise RunError(f"{name} must be >= 1, got {value!r}.")
        if cards and workers > len(cards):
            raise RunError(
                f"workers must be at most the number of CUDA devices, {len(cards)}, "
                f"because a device runs one fit at a time, got {workers}."
            )
        self.workers, self.cards = workers, cards
        own = each_alone(cards) or ({},) * workers
        self._processes = [
            WorkerProcess(preload, threads, limits, variables)
            for variables in own[:workers]
        ]
        self._without_thread = self._processes.copy()
        self._of_thread = threading.local()
        self._threads = ThreadPoolExecutor(workers, initializer=self._begin_thread)
        self._started = False

    def start(self) -> None:
        """Start the workers now, without waiting for them."""
        if not self._started:
            self._started = True
            for _ in self._processes:  # a thread starts if no other one is idle
                self._threads.submit(int)

    @override
    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Queue ``fn(*args, **kwargs)``; its future raises only a ``BoostregError``.

        Raises
        ------
        RuntimeError
            After ``shutdown``.
        FitError
            If ``fn`` is defined in ``__main__``, which workers do not import.
        """
        if getattr(fn, "__module__", None) == "__main__":
            raise FitError(f"fn must be importable by name, got {fn!r} of __main__.")
        self.start()
        return self._threads.submit(self._call, fn, args, kwargs)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more work; optionally cancel queued calls; finish running ones."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            for process in self._processes:
                process.close()

    def kill_now(self) -> None:
        """Kill all workers, so that all calls fail, queued ones too.

        Safe to call from a signal handler: it takes no lock of the threads.
        """
        for process in self._processes:
            process.kill()

    @override
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self.kill_now()
        self.shutdown()

    def _begin_thread(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # Workers inherit the mask, so a signal cannot hit one before it ignores it.
            signal.pthread_sigmask(signal.SIG_BLOCK, SHIELDED)
        self._of_thread.process = process = self._without_thread.pop()
        process.start_early()

    def _call(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        try:
            return self._of_thread.process.call(function, args, kwargs)
        except BaseException as error:  # noqa: BLE001 - a future must never stay open
            raise translate(error) from None
