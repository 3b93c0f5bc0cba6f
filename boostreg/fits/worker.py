"""The program of a worker process, and the messages on its pipe.

A message is eight bytes of length, little-endian, followed by the content.
"""

import importlib
import os
import pickle
import select
import signal
import struct
import sys
import threading
import traceback
from typing import BinaryIO

from boostreg.errors import BoostregError, FitError

__all__ = ["READY", "SHIELDED", "main", "read_frame", "translate", "write_frame"]

_LENGTH = struct.Struct("<Q")


def write_frame(stream: BinaryIO, content: bytes) -> None:
    """Send ``content``; raises ``BrokenPipeError`` if the reader is gone."""
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next message, or None if the writer is gone, even mid-message.

    >>> import io
    >>> pipe = io.BytesIO()
    >>> write_frame(pipe, b"fit"), write_frame(pipe, b"torn")
    (None, None)
    >>> pipe = io.BytesIO(pipe.getvalue()[:-1])
    >>> read_frame(pipe), read_frame(pipe)
    (b'fit', None)
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else None


READY = b"ready"
"""The first message of a worker."""

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
    for name in sys.argv[1:]:
        _preload(name)
    write_frame(replies, READY)
    while (request := read_frame(requests)) is not None:
        write_frame(replies, _answer(request))


def _preload(name: str) -> None:
    module, _, function = name.partition(":")
    loaded = importlib.import_module(module)
    if function:
        getattr(loaded, function)()


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
        return pickle.dumps((False, _failure(error)), protocol=5)


def _failure(error: BaseException) -> BoostregError:
    """Return the exception for the future, with the traceback as a note for logs."""
    text = "".join(traceback.format_exception(error))
    failure = error if isinstance(error, BoostregError) else translate(error)
    failure.add_note(f"In the worker process:\n{text}")
    return failure


def translate(error: BaseException) -> FitError:
    """Return an exception as a ``FitError``.

    >>> translate(ZeroDivisionError("by zero")), translate(MemoryError())
    (FitError('ZeroDivisionError: by zero'), FitError('MemoryError'))
    """
    words = (type(error).__name__, str(error))
    return FitError(": ".join(word for word in words if word))


if __name__ == "__main__":
    main()
