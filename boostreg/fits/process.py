"""A worker process as its coordinator sees it: started, asked, mourned, replaced."""

import logging
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast, final

from boostreg.errors import FitError
from boostreg.fits.frames import read_frame, write_frame
from boostreg.fits.limits import STEP, CrashError, LimitError, Limits, Meter
from boostreg.fits.worker import READY

__all__ = ["WorkerProcess"]

log = logging.getLogger(__name__)

_STARTS = 3
_ATTEMPTS = 2
_FAREWELL = 5.0
"""Seconds that an idle worker has to leave before it is killed."""

_STOPPED = "The fit was stopped with its run."

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class _DeathError(Exception):
    """The worker died of something that is not our doing."""


@final
class WorkerProcess:
    """One worker, replaced when it dies. For one thread, but for ``kill``.

    Parameters
    ----------
    preload : sequence of str
        Modules to import, and functions to call (``module:function``), when the worker
        starts, so that no call waits for them.
    threads : int
        Told to OpenMP and the BLAS libraries before they load.
    limits : Limits
        Of each call.
    """

    def __init__(self, preload: Sequence[str], threads: int, limits: Limits) -> None:
        self._command = [sys.executable, "-P", "-m", "boostreg.fits.worker", *preload]
        self._threads = threads
        self._limits = limits
        self._guard = threading.RLock()  # a signal's handler may kill while we kill
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def start(self) -> None:
        """Start the process if none runs.

        Raises
        ------
        FitError
            If it does not come up in three attempts.
        """
        if self._process is not None and self._process.poll() is None:
            return
        for _ in range(_STARTS):
            self._bury()
            process = self._spawn()
            if read_frame(_stdout(process)) == READY:
                return
            cause = self._cause_of_death(process)
        raise FitError(f"A worker process could not start ({cause}).")

    def start_early(self) -> None:
        """Start the process ahead of work; if it cannot, the first call will tell."""
        try:
            self.start()
        except FitError as error:
            if not self._killed:
                log.warning("%s", error)

    def call(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Return ``function(*args, **kwargs)``, computed in the worker.

        Raises
        ------
        BoostregError
            The call's own, whatever the call raised. As a ``FitError`` where it was
            none of ours, a ``LimitError`` where the call passed a limit, a
            ``CrashError`` where it killed its worker twice.
        """
        request = pickle.dumps((function, args, kwargs), protocol=5)
        for _ in range(_ATTEMPTS):
            self.start()
            try:
                reply = self._exchange(request)
            except _DeathError as death:
                cause = str(death)
                log.warning("A worker process died (%s).", cause)
            else:
                # The pipe is private to the worker, which this process started.
                done, value = pickle.loads(reply)  # noqa: S301
                if not done:
                    raise value
                return value
        raise CrashError(f"The fit's worker process crashed twice ({cause}).")

    def kill(self) -> None:
        """End the process at once, and start no other; from any thread."""
        with self._guard:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Let the idle process leave."""
        if self._process is None:
            return
        with suppress(OSError):
            cast("BinaryIO", self._process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL)
        self._bury()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._killed:
                raise FitError(_STOPPED)
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=_environment(self._threads),
                )
            except OSError as error:
                raise FitError(f"A worker process could not start: {error}.") from error
            return self._process

    def _exchange(self, request: bytes) -> bytes:
        process = cast("subprocess.Popen[bytes]", self._process)
        reply = None
        with suppress(BrokenPipeError):
            write_frame(cast("BinaryIO", process.stdin), request)
            self._watch(process)
            reply = read_frame(_stdout(process))
        if reply is None:
            raise _DeathError(self._cause_of_death(process))
        return reply

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the reply's first byte, with an eye on the limits if there are."""
        if not self._limits:
            return
        meter = Meter(self._limits, process.pid)
        reply = select.poll()
        reply.register(_stdout(process), select.POLLIN)
        while not reply.poll(1000 * STEP):
            if excess := meter.excess():
                self._bury()
                raise LimitError(excess)

    def _cause_of_death(self, process: subprocess.Popen[bytes]) -> str:
        # The pipe ends a moment before the process; one that lives on is of no use.
        with suppress(subprocess.TimeoutExpired):
            process.wait(_FAREWELL)
        self._bury()
        if self._killed:
            raise FitError(_STOPPED)
        return _cause(process.returncode)

    def _bury(self) -> None:
        with self._guard:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                cast("BinaryIO", pipe).close()


def _stdout(process: subprocess.Popen[bytes]) -> BinaryIO:
    return cast("BinaryIO", process.stdout)


def _environment(threads: int) -> dict[str, str]:
    """Return the environment of a worker: it finds the modules that we find."""
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    limits = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    return os.environ | limits | {"PYTHONPATH": path}


def _cause(status: int) -> str:
    """Say how a process ended.

    >>> _cause(-11), _cause(3)
    ('signal 11, SIGSEGV', 'exit code 3')
    """
    if status >= 0:
        return f"exit code {status}"
    name = signal.Signals(-status).name
    hint = ": out of memory, or killed by someone" if name == "SIGKILL" else ""
    return f"signal {-status}, {name}{hint}"
