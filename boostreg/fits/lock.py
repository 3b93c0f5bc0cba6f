"""One run per folder: the second is told which process holds the first."""

import json
import os
import platform
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self, final

import filelock
import psutil

from boostreg.errors import RunError, reason

__all__ = ["FolderLock", "Holder"]

_LONGEST = 1000
"""Bytes that the name of a holder has at most."""
_PATIENCE = 1.0
"""Seconds that a loser waits for the winner of a race to write its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that works in a folder.

    Attributes
    ----------
    pid : int
        Its number, on ``host``.
    host : str
        The machine, for folders that several machines share.
    started : str
        When it took the folder: local time with offset, to the second.
    """

    pid: int
    host: str
    started: str

    @classmethod
    def me(cls) -> Self:
        """Return the calling process, as of now."""
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        return cls(pid=os.getpid(), host=platform.node(), started=now)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the holder that ``path`` names, or None if it names none alive."""
        try:
            holder = cls(**json.loads(path.read_bytes()[:_LONGEST]))
        except (OSError, TypeError, ValueError, RecursionError):  # absent, half written
            return None
        pid, words = holder.pid, (holder.host, holder.started)
        if not (type(pid) is int and 0 < pid < 2**31) or not all(map(_plain, words)):
            return None  # of another's writing
        here = holder.host == platform.node()
        return None if here and not psutil.pid_exists(holder.pid) else holder

    def __str__(self) -> str:
        where = "" if self.host == platform.node() else f" on {self.host}"
        return f"process {self.pid}{where}, started {self.started}"


@final
class FolderLock:
    """A lock that its process cannot leave behind: the kernel frees it at any death.

    Parameters
    ----------
    path : Path
        The lock file, ``*.lock`` in the folder that it protects. It holds the name
        of the holder, and goes when the lock is released.

    Raises
    ------
    RunError
        If another process, or this one, holds the folder already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = filelock.FileLock(path, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise RunError(_refusal(path)) from None
        except (OSError, NotImplementedError) as error:
            raise RunError(f"{path} cannot be locked: {reason(error)}.") from error
        # A full disk must not keep anyone from what the folder already holds.
        with suppress(OSError):
            path.write_text(json.dumps(asdict(Holder.me())), "utf-8")

    def release(self) -> None:
        """Give the folder free; a second call does nothing."""
        if self._lock.is_locked:
            # Still held, so no one else's file is removed.
            with suppress(OSError):
                self._path.unlink()
            self._lock.release()


def _plain(word: object) -> bool:
    return isinstance(word, str) and word.isprintable()


def _refusal(path: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while (holder := Holder.read(path)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return (
        f"{path.parent} is in use by {holder or 'another process'}. "
        "Wait for it, stop it, or choose another folder."
    )
