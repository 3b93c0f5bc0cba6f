"""Runs calls in worker processes on this machine, isolated from each other.

If a call crashes natively, runs out of memory, hangs or exceeds a limit, only that call
fails: its worker is replaced and the others continue. With
``concurrent.futures.ProcessPoolExecutor``, the whole pool would break.
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
from boostreg.fits.process import CallLimits, WorkerProcess, count_cores
from boostreg.fits.worker import SHIELDED, translate

__all__ = ["LocalExecutor"]

P = ParamSpec("P")
T = TypeVar("T")

_NO_LIMITS = CallLimits()
_PATIENCE = 2.0
"""Seconds that ``kill_now`` waits for each thread to notice its dead worker."""


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
    importable by name; workers do not import the caller's ``__main__``.

    Leaving a ``with`` block waits for all calls; an exception stops them.

    Parameters
    ----------
    workers : int, optional
        Number of workers. Default: available cores divided by ``threads``.
    threads : int, default=1
        Threads of OpenMP and BLAS in each worker.
    limits : CallLimits, optional
        Of each call.
    preload : sequence of str
        Modules to import when a worker starts, and functions to call, as
        ``module:function``. ``boostreg.fits.imports.PRELOAD`` is for fits.

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
        # Both reentrant: a signal handler may run while this thread holds one.
        self._guard = threading.RLock()
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._closed = False

    def start(self) -> None:
        """Start the workers now, without waiting for them."""
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
        """Queue ``fn(*args, **kwargs)``; its future raises only a ``BoostregError``.

        Raises
        ------
        RunError
            After ``shutdown`` or ``kill_now``.
        FitError
            If ``fn`` is defined in ``__main__``, which workers do not import.
        """
        if getattr(fn, "__module__", None) == "__main__":
            raise FitError(f"fn must be importable by name, got {fn!r} of __main__.")
        with self._guard:
            if self._closed:
                raise RunError("The executor was shut down and accepts no more work.")
            self.start()
            future: Future[T] = Future()
            self._tasks.put(_Task(future, fn, args, kwargs))
            return future

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more work; optionally cancel queued calls; finish running ones."""
        with self._guard:
            first, self._closed = not self._closed, True
            if cancel_futures:
                self._cancel_waiting()
            if first or cancel_futures:
                self._tasks.put(None)
        if wait:
            self._join()

    def kill_now(self) -> None:
        """Kill all workers: queued calls are cancelled, running calls fail.

        Safe to call from a signal handler.
        """
        self.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
        # A callback in a thread may wait for code that a signal handler interrupted.
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
            # Workers inherit the mask, so a signal cannot hit one before it ignores it.
            signal.pthread_sigmask(signal.SIG_BLOCK, SHIELDED)
        process.start_early()
        while (task := self._tasks.get()) is not None:
            task.run(process)
            del task  # otherwise its arguments stay alive until the next task
        self._tasks.put(None)  # wake up the next thread
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
