"""What a fit may use at most, and the meter that watches it."""

import math
import time
from dataclasses import dataclass
from typing import final

import psutil

from boostreg.errors import FitError

__all__ = ["STEP", "CrashError", "LimitError", "Limits", "Meter"]

STEP = 0.05
"""Seconds between two looks at a meter."""


class LimitError(FitError):
    """A fit passed one of its limits; the message says which."""


class CrashError(FitError):
    """A fit's worker died twice; the message says of what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one call may use; None for no limit.

    Attributes
    ----------
    seconds : float or None
        Of wall time, without the time that the machine, this process or the worker
        was suspended.
    memory : int or None
        Bytes that the worker occupies (resident set), its cached data included.

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


@final
class Meter:
    """Watches one call in one worker.

    Parameters
    ----------
    limits : Limits
        What the call may use.
    pid : int
        The worker.
    """

    def __init__(self, limits: Limits, pid: int) -> None:
        self._limits = limits
        self._pid = pid
        self._process: psutil.Process | None = None
        self._seconds = 0.0
        self._seen = time.monotonic()

    def excess(self) -> str | None:
        """Look at the worker; return which limit it has passed, as a sentence.

        To be called every ``STEP``. A longer silence means that this process was
        suspended, so it counts little.
        """
        now = time.monotonic()
        since, self._seen = now - self._seen, now
        try:
            # Not before the first look, which most calls never see.
            self._process = self._process or psutil.Process(self._pid)
            if self._process.status() != psutil.STATUS_STOPPED:
                self._seconds += min(since, 4 * STEP)
            occupied = self._process.memory_info().rss
        except psutil.Error:  # it has just died, which the pipe will tell
            return None
        return self._verdict(occupied)

    def _verdict(self, occupied: int) -> str | None:
        seconds, memory = self._limits.seconds, self._limits.memory
        if seconds is not None and self._seconds > seconds:
            return f"The fit ran longer than {seconds:g} seconds, its limit."
        if memory is not None and occupied > memory:
            return (
                f"The fit's worker occupied {occupied / 1e6:.0f} MB, "
                f"more than {memory / 1e6:.0f} MB, its limit."
            )
        return None
