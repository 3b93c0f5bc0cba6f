"""Messages on a pipe: eight bytes of length, little-endian, and as many of content."""

import struct
from typing import BinaryIO

__all__ = ["read_frame", "write_frame"]

_LENGTH = struct.Struct("<Q")


def write_frame(stream: BinaryIO, content: bytes) -> None:
    """Send ``content``; ``BrokenPipeError`` if the reader is gone."""
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next message; None if the writer is gone, in its midst too.

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
