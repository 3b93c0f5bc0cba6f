"""The program of a worker process, and the messages on its pipe.

A message is the pickle of bytes, so that its end is known before its content is read.
"""

import importlib
import os
import pickle
import select
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import IO, BinaryIO

from boostreg.errors import BoostregError, FitError

__all__ = ["READY", "SHIELDED", "main", "read_frame", "translate", "write_frame"]


def write_frame(stream: IO[bytes], content: bytes) -> None:
    """Send ``content``; raises ``BrokenPipeError`` if the reader is gone."""
    pickle.dump(content, stream, protocol=5)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next message, or None if the writer is gone, even mid-message.

    >>> import io
    >>> pipe = io.BytesIO()
    >>> write_frame(pipe, b"fit"), write_frame(pipe, b"torn")
    (None, None)
    >>> pipe = io.BytesIO(pipe.getvalue()[:-3])
    >>> read_frame(pipe), read_frame(pipe)
    (b'fit', None)
    """
    try:
        content: bytes = pickle.load(stream)  # noqa: S301 - see the callers
    except (EOFError, pickle.UnpicklingError):
        return None
    return content


READY = b"ready"
"""The first message of a worker."""

_OPTIONAL = ("dask", "matplotlib", "pandas", "sklearn")
"""What XGBoost or LightGBM import for their frames, plots and wrappers."""

SHIELDED = (signal.SIGINT, signal.SIGTERM)
"""Signals that only the coordinator handles."""


def main() -> None:
    """Serve the coordinator until it exits."""
    requests, replies = _take_channel()
    for number in SHIELDED:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        # The coordinator starts workers with these signals blocked.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SHIELDED)
    if hasattr(select, "poll"):
        threading.Thread(target=_leave_with, args=(requests,), daemon=True).start()
    _preload(sys.argv[1:])
    write_frame(replies, READY)
    while (request := read_frame(requests)) is not None:
        write_frame(replies, _answer(request))


def _preload(names: Sequence[str]) -> None:
    """Import modules, without the packages that they import only if installed.

    No fit needs those, and they take most of the time of a start. Work that does need
    one, such as a linear model, imports it later.
    """
    hidden = [name for name in _OPTIONAL if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: absent
    for name in names:
        importlib.import_module(name)
    for name in hidden:
        del sys.modules[name]


def _take_channel() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes away from standard input and output."""
    sys.stdout.flush()
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _leave_with(requests: BinaryIO) -> None:
    """Exit with the coordinator, even during a call."""
    hangup = select.poll()
    hangup.register(requests, 0)  # becomes readable only when the writer exits
    hangup.poll()
    os._exit(0)


def _answer(request: bytes) -> bytes:
    try:
        # The pipe connects only to the coordinator, which started this process.
        function, args, kwargs = pickle.loads(request)  # noqa: S301
        return pickle.dumps((True, function(*args, **kwargs)), protocol=5)
    except BaseException as error:  # noqa: BLE001 - an exception is a valid answer
        failure = translate(error)
        trace = "".join(traceback.format_exception(error))
        failure.add_note(f"In the worker process:\n{trace}")
        return pickle.dumps((False, failure), protocol=5)


def translate(error: BaseException) -> BoostregError:
    """Return our own exceptions unchanged, any other as a ``FitError``.

    >>> translate(ZeroDivisionError("by zero")), translate(MemoryError())
    (FitError('ZeroDivisionError: by zero'), FitError('MemoryError'))
    """
    if isinstance(error, BoostregError):
        return error
    words = (type(error).__name__, str(error))
    return FitError(": ".join(word for word in words if word))


if __name__ == "__main__":
    main()
