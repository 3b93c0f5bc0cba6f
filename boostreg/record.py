"""The format of the records that workers send and the journal keeps.

A record is the length of its header in four little-endian bytes, the header as JSON,
and a body of raw bytes, usually arrays. There is no pickle: reading it runs no code.
"""

import json
import struct
from typing import Any

import numpy as np

__all__ = ["decode_record", "encode_record"]

_LENGTH = struct.Struct("<I")


def encode_record(header: Any, body: bytes = b"") -> bytes:
    r"""Return a header and a body as one record.

    Parameters
    ----------
    header : JSON-ready value
        Scalars of numpy are written as numbers.
    body : bytes
        The header describes its layout.

    Raises
    ------
    TypeError
        If the header cannot be written as JSON.

    Examples
    --------
    >>> encode_record({"a": 1}, b"xy")
    b'\x08\x00\x00\x00{"a": 1}xy'
    """
    head = json.dumps(header, default=_plain).encode()
    return _LENGTH.pack(len(head)) + head + body


def decode_record(data: bytes) -> tuple[Any, bytes]:
    """Return the header and the body of a record.

    Raises
    ------
    ValueError, struct.error
        If the bytes are not a record.

    Examples
    --------
    >>> decode_record(encode_record([1, "a"], b"xy"))
    ([1, 'a'], b'xy')
    """
    (length,) = _LENGTH.unpack_from(data)
    start = _LENGTH.size + length
    return json.loads(data[_LENGTH.size : start]), data[start:]


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot write {type(value).__name__} as JSON.")
