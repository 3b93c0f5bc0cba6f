"""Objects that look alike, read many times faster than one by one.

The trees of an XGBoost model have the same keys in the same order. So what stood in one
tree is expected in the next, and whole entries are compared at once. Trees with equally
many nodes have every byte in the same place but the numbers: a run of them is a matrix
of bytes, and each array over all of them a block of its columns.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Layout", "Run"]

_CLOSE = ord("}")
_read_int64 = struct.Struct(">q").unpack_from


@dataclass(frozen=True, slots=True)
class Run:
    """Objects that differ in nothing but numbers, as one."""

    count: int
    entries: dict[str, Any]
    """Typed arrays of all objects one after the other, and what is equal in all."""


class _Entry(NamedTuple):
    head: bytes
    """Length, key, and for a typed array all up to the number of its count; with the
    empty arrays before it."""
    key: str | None
    """None for what is but empty arrays."""
    width: int
    """Bytes of one number of the typed array; 0 for any other value."""
    raw: bytes
    """The value as it was stored; of a typed array nothing."""
    value: Any
    """The value; of a typed array its dtype."""
    empty: dict[str, Any]
    """The empty arrays in the head."""


class Layout:
    """What an object of an array looked like, to be expected in the next one."""

    def __init__(
        self, read_value: Callable[[bytes | bytearray, int, int, int], tuple[Any, int]]
    ) -> None:
        self._entries: list[_Entry] = []
        self._read_value = read_value

    @property
    def is_new(self) -> bool:
        """Whether nothing was learned yet."""
        return not self._entries

    def learn(self, entries: list[tuple[bytes, str, bytes, Any]]) -> None:
        """Take the entries of the first object: length and key, key, bytes, value."""
        for head, key, raw, value in entries:
            self._learn(head, key, raw, value)

    def _learn(self, head: bytes, key: str, raw: bytes, value: Any) -> None:
        empty: dict[str, Any] = {}
        if self._entries and self._entries[-1].key is None:
            before = self._entries.pop()
            head, empty = before.head + head, before.empty
        dtype, numbers = value if isinstance(value, tuple) else ("", b"")
        before_count = raw[: len(raw) - len(numbers) - 8]
        if dtype and not numbers:
            empty = {**empty, key: value}
            entry = _Entry(head + raw, None, 0, b"", None, empty)
        elif dtype and before_count.endswith(b"#L"):
            width = int(dtype[-1])
            entry = _Entry(head + before_count, key, width, b"", dtype, empty)
        else:
            entry = _Entry(head, key, 0, raw, value, empty)
        self._entries.append(entry)

    def follow(
        self, data: bytes | bytearray, at: int, depth: int, found: dict[str, Any]
    ) -> int:
        """Read entries as far as they are as expected, and return where they end.

        A value determines its own length, so equal bytes are an equal value.
        """
        for head, key, width, raw, value, empty in self._entries:
            if not data.startswith(head, at):
                break
            at += len(head)
            if empty:
                found.update(empty)
            if width and key is not None:
                start = at + 8
                at = start + _read_int64(data, at)[0] * width
                if not start <= at <= len(data):
                    raise IndexError
                found[key] = (value, data[start:at])
            elif key is None:
                continue
            elif data.startswith(raw, at):
                found[key] = value
                at += len(raw)
            else:
                found[key], at = self._read_value(data, at + 1, data[at], depth)
        return at

    def find_run(
        self, data: bytes | bytearray, start: int, end: int, most: int
    ) -> Run | None:
        """Return the objects from ``end`` on that look like ``data[start:end]``.

        At most ``most`` of them; None if it is not worth while.
        """
        size = end - start
        begin = bytes(data[start : start + 9 + len(self._entries[0].head)])
        if not (
            most > 1
            and data.startswith(begin, end)
            and data.startswith(begin, end + size)
        ):
            return None
        model = bytes(data[start:end])
        places = self._places(model)
        if places is None:
            return None
        found, arrays, numbers = places
        fixed = np.ones(size, dtype=np.bool_)
        for first, last in (*arrays.values(), *numbers):
            fixed[first:last] = False
        most = min(most, (len(data) - end) // size)
        bytes_ = np.frombuffer(data, np.uint8, most * size, end).reshape(most, size)
        template = np.frombuffer(model, np.uint8)
        alike = (bytes_[:, fixed] == template[fixed]).all(axis=1)
        count = most if alike.all() else int(alike.argmin())
        if not count:
            return None
        for key, (first, last) in arrays.items():
            found[key] = (found[key], bytes_[:count, first:last].tobytes())
        return Run(count, found)

    def _places(
        self, model: bytes
    ) -> (
        tuple[dict[str, Any], dict[str, tuple[int, int]], list[tuple[int, int]]] | None
    ):
        """Return constants and dtypes, and where arrays and single numbers lie.

        None if the object has more than was expected.
        """
        found: dict[str, Any] = {}
        arrays: dict[str, tuple[int, int]] = {}
        numbers: list[tuple[int, int]] = []
        at = 1
        for entry in self._entries:
            if not model.startswith(entry.head, at):
                return None
            at += len(entry.head)
            found.update(entry.empty)
            if entry.key is None:
                continue
            if entry.width:
                first = at + 8
                at = first + _read_int64(model, at)[0] * entry.width
                found[entry.key], arrays[entry.key] = entry.value, (first, at)
                continue
            value, last = self._read_value(model, at + 1, model[at], 1)
            if isinstance(value, (int, float)):
                numbers.append((at + 1, last))
            else:
                found[entry.key] = value
            at = last
        return (found, arrays, numbers) if model[at] == _CLOSE else None
