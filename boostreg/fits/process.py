"""Worker processes: started, called, watched for limits, reaped and restarted."""

import logging
import math
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, cast, final

import psutil

from boostreg.errors import FitError
from boostreg.fits.worker import READY, read_frame, write_frame

__all__ = ["CallLimits", "CrashError", "LimitError", "WorkerProcess", "count_cores"]

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def count_cores(quota: Path = _QUOTA) -> int:
    """Return the number of cores allowed by affinity and container quota, at least 1.

    Parameters
    ----------
    quota : Path
        A ``cpu.max`` file of Linux's cgroups: microseconds in each period, or ``max``.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        budget, period = quota.read_text("ascii").split()
        cores = min(cores, math.ceil(int(budget) / int(period)))
    except (OSError, ValueError):  # no cgroups, or no quota
        pass
    return max(cores, 1)


class LimitError(FitError):
    """A fit exceeded one of its limits; the message says which."""


class CrashError(FitError):
    """A fit's worker process died, repeatedly; the message gives the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Maximum resources of one call; None for no limit.

    Attributes
    ----------
    seconds : float or None
        Wall time, excluding time for which the machine, this process or the worker
        was suspended.
    memory : int or None
        Resident memory of the worker in bytes, including its cached data.

    Raises
    ------
    FitError
        If a limit is not a number above 0.
    """

    seconds: float | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("seconds", self.seconds), ("memory", self.memory)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise FitError(f"{name} must be finite and > 0, got {value!r}.")

    def __bool__(self) -> bool:
        return self.seconds is not None or self.memory is not None

    def excess(self, seconds: float, memory: int) -> str | None:
        """Return a sentence on the limit that a call exceeds, or None."""
        if self.seconds is not None and seconds > self.seconds:
            return f"The fit exceeded its limit of {self.seconds:g} seconds."
        if self.memory is not None and memory > self.memory:
            return (
                f"The fit's worker used {memory / 1e6:.0f} MB of memory and exceeded "
                f"its limit of {self.memory / 1e6:.0f} MB."
            )
        return None


log = logging.getLogger(__name__)

_STARTS = 3
_ATTEMPTS = 2
_STEP = 0.05
"""Seconds between two checks of the limits."""
_FAREWELL = 5.0
"""Seconds to wait for a process to exit before it is killed."""
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@final
class WorkerProcess:
    """One worker process, replaced when it dies.

    It imports the modules of ``preload`` when it starts, and limits OpenMP and BLAS to
    ``threads``. ``variables`` of its environment differ from those of this process.
    Only ``kill``, and ``close`` after it, may be called from another thread.
    """

    def __init__(
        self,
        preload: Sequence[str],
        threads: int,
        limits: CallLimits,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._command = [sys.executable, "-P", "-m", "boostreg.fits.worker", *preload]
        self._variables = dict.fromkeys(_THREAD_VARIABLES, str(threads))
        self._variables |= variables
        self._limits = limits
        # Reentrant: a signal handler may call kill within start.
        self._guard = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def start(self) -> None:
        """Start the process if it is not running.

        Raises
        ------
        FitError
            If it does not start in three attempts.
        """
        if self._process is not None and self._process.poll() is None:
            return
        for _ in range(_STARTS):
            self._reap()
            with self._guard:
                self._raise_if_killed()
                process = self._process = self._spawn()
            if read_frame(_pipe(process.stdout)) == READY:
                return
            cause = self._cause_of_death(process)
        raise FitError(f"A worker process could not start ({cause}).")

    def start_early(self) -> None:
        """Start the process before the first call, which reports any failure."""
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
        *,
        attempts: int = _ATTEMPTS,
    ) -> Any:
        """Return ``function(*args, **kwargs)``, computed in the worker.

        Raises
        ------
        BoostregError
            The exception of the call: a ``FitError`` if it was not our own, a
            ``LimitError`` if the call exceeded a limit, a ``CrashError`` if it killed
            its worker in all ``attempts``, 1 or 2.
        """
        request = pickle.dumps((function, args, kwargs), protocol=5)
        for _ in range(attempts):
            self.start()
            process = cast("subprocess.Popen[bytes]", self._process)
            reply = None
            with suppress(BrokenPipeError):
                write_frame(_pipe(process.stdin), request)
                self._watch(process)
                reply = read_frame(_pipe(process.stdout))
            if reply is not None:
                # The pipe connects only to the worker, which this process started.
                done, value = pickle.loads(reply)  # noqa: S301
                if not done:
                    raise value
                return value
            cause = self._cause_of_death(process)
            log.warning("A worker process died (%s).", cause)
        crashed = "crashed twice" if attempts > 1 else "crashed"
        raise CrashError(f"The fit's worker process {crashed} ({cause}).")

    def kill(self) -> None:
        """Kill the process and do not restart it; callable from any thread."""
        with self._guard:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Let the idle process exit."""
        process = self._process
        if process is None:
            return
        with suppress(OSError):
            _pipe(process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_FAREWELL)
        self._reap()

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the program, with the module search path of this process."""
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        try:
            return subprocess.Popen(  # noqa: S603 - our own interpreter
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | self._variables | {"PYTHONPATH": path},
            )
        except OSError as error:
            raise FitError(f"A worker process could not start: {error}.") from error

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the first byte of the reply, and check the limits meanwhile."""
        if not self._limits:
            return
        reply = select.poll()
        reply.register(_pipe(process.stdout), select.POLLIN)
        seconds, seen = 0.0, time.monotonic()
        while True:  # a check before the first wait sees fits shorter than a step
            now = time.monotonic()
            since, seen = now - seen, now
            try:
                worker = psutil.Process(process.pid)
                if worker.status() != psutil.STATUS_STOPPED:
                    # A longer gap means that this process was suspended.
                    seconds += min(since, 4 * _STEP)
                excess = self._limits.excess(seconds, worker.memory_info().rss)
            except psutil.Error:  # it has just died; the pipe will report it
                excess = None
            if excess:
                self._reap()
                raise LimitError(excess)
            if reply.poll(1000 * _STEP):
                return

    def _cause_of_death(self, process: subprocess.Popen[bytes]) -> str:
        # The pipe closes shortly before the process exits; kill one that does not.
        with suppress(subprocess.TimeoutExpired):
            process.wait(_FAREWELL)
        self._reap()
        self._raise_if_killed()
        status = process.returncode
        if status >= 0:
            return f"exit code {status}"
        name = signal.Signals(-status).name
        hint = ": out of memory, or killed by a user" if name == "SIGKILL" else ""
        return f"signal {-status}, {name}{hint}"

    def _raise_if_killed(self) -> None:
        if self._killed:
            raise FitError("The fit was stopped with its run.")

    def _reap(self) -> None:
        with self._guard:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                _pipe(pipe).close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", stream)
