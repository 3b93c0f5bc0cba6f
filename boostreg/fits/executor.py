"""Runs calls in worker processes on this machine, each call on its own fate.

A call that crashes natively, is killed for memory, hangs or passes a limit fails alone:
its worker is replaced, all others go on. ``concurrent.futures.ProcessPoolExecutor``
gives up the whole pool instead.
"""

import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, final

from typing_extensions import override

from boostreg.errors import BoostregError, FitError, RunError
from boostreg.fits.process import Limits, WorkerProcess, count_cores
from boostreg.fits.worker import SHIELDED, translate

__all__ = ["LocalExecutor"]

P = ParamSpec("P")
T = TypeVar("T")

_NO_LIMITS = Limits()
_PATIENCE = 2.0
"""Seconds that ``kill_now`` waits for each thread to see that its worker is dead."""


@dataclass(frozen=True, slots=True)
class _Task:
    future: Future[Any]
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self, worker: WorkerProcess) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = worker.call(self.function, self.args, self.kwargs)
        except BoostregError as error:
            self.future.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - a future must never stay open
            self.future.set_exception(translate(error))
        else:
            self.future.set_result(result)


@final
class LocalExecutor(Executor):
    """Worker processes behind the interface of ``concurrent.futures``.

    Workers start at the first ``submit``, all at once, or at ``start``. Calls run in
    the order of ``submit``. Functions and arguments are pickled, so a function must be
    importable by name; the caller's ``__main__`` is not imported.

    Leaving a ``with`` block waits for all calls; leaving it by an error stops them.

    Parameters
    ----------
    workers : int, optional
        How many; by default the cores left to this process, divided by ``threads``.
    threads : int, default=1
        Threads of OpenMP and BLAS in each worker.
    limits : Limits, optional
        Of each call.
    preload : sequence of str
        Modules that workers import when they start, and functions that they call, as
        ``module:function``. ``boostreg.fits.imports.PRELOAD`` is what fits need.

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
        limits: Limits = _NO_LIMITS,
        preload: Sequence[str] = (),
    ) -> None:
        if workers is None:
            workers = max(count_cores() // threads, 1)
        for name, value in (("workers", workers), ("threads", threads)):
            if value < 1:
                raise RunError(f"{name} must be >= 1, got {value!r}.")
        self.workers = workers
        self._processes = [
            WorkerProcess(preload, threads, limits) for _ in range(workers)
        ]
        self._threads: list[threading.Thread] = []
        # Reentrant both, so that a signal's handler may stop what it interrupts.
        self._guard = threading.RLock()
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._closed = False

    def start(self) -> None:
        """Start the workers without waiting for them, or for work."""
        with self._guard:
            if self._threads or self._closed:
                return
            for process in self._processes:
                thread = threading.Thread(
                    target=self._serve, args=(process,), daemon=True
                )
                self._threads.append(thread)
                thread.start()

    @override
    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Queue ``fn(*args, **kwargs)``; its future raises a ``BoostregError`` or none.

        Raises
        ------
        RunError
            After ``shutdown`` or ``kill_now``.
        FitError
            If ``fn`` is of the caller's ``__main__``, which no worker imports.
        """
        if getattr(fn, "__module__", None) == "__main__":
            raise FitError(f"fn must be importable by name, got {fn!r} of __main__.")
        with self._guard:
            if self._closed:
                raise RunError("The executor takes no more work: it was shut down.")
            self.start()
            future: Future[T] = Future()
            self._tasks.put(_Task(future, fn, args, kwargs))
            return future

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; cancel what waits if asked; finish what is in flight."""
        with self._guard:
            first, self._closed = not self._closed, True
            if cancel_futures:
                self._cancel_waiting()
            if first or cancel_futures:
                self._tasks.put(None)
        if wait:
            self._join()

    def kill_now(self) -> None:
        """Kill all workers: what waits is cancelled, what is in flight fails.

        May be called by the handler of a signal.
        """
        self.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
        # A handler may have interrupted what a callback in a thread now waits for.
        self._join(_PATIENCE)

    @override
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.shutdown()
        else:
            self.kill_now()

    def _serve(self, process: WorkerProcess) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # Workers inherit this: none is struck before it can ignore them.
            signal.pthread_sigmask(signal.SIG_BLOCK, SHIELDED)
        process.start_early()
        while (task := self._tasks.get()) is not None:
            task.run(process)
            del task  # or its arguments would live until the next one comes
        self._tasks.put(None)  # for the next thread
        process.close()

    def _cancel_waiting(self) -> None:
        try:
            while True:
                task = self._tasks.get_nowait()
                if task is not None:
                    task.future.cancel()
        except Empty:
            pass

    def _join(self, patience: float | None = None) -> None:
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(patience)
