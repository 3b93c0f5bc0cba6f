"""Reads UBJSON; runs of similar objects are read many times faster than one by one.

The trees of an XGBoost model have the same keys in the same order. The reader therefore
expects the layout of one tree in the next, and compares whole entries at once. Trees
with the same number of nodes differ only in their numbers: a run of them is a matrix of
bytes, and each array over all of them is a block of its columns.
"""

import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from boostreg.errors import ModelError

__all__ = ["MergedObjects", "parse_ubj"]

_FORMATS = {"i": "b", "U": "B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_SCALARS = {ord(marker): struct.Struct(form) for marker, form in _FORMATS.items()}
_DTYPES = {ord("i"): "i1", ord("U"): "u1", ord("I"): ">i2", ord("l"): ">i4"}
_DTYPES |= {ord("L"): ">i8", ord("d"): ">f4", ord("D"): ">f8"}
_CONSTANTS = {ord("Z"): None, ord("T"): True, ord("F"): False}
_WHOLE = frozenset(b"iUIlL")
_TEXT, _CHARACTER, _SKIP = ord("S"), ord("C"), ord("N")
_OPEN, _CLOSE, _ARRAY, _ARRAY_END = (ord(c) for c in "{}[]")
_TYPE, _COUNT, _INT64 = (ord(c) for c in "$#L")

# XGBoost nests 7 levels; more could overflow the call stack.
_MAX_DEPTH = 64

_read_int64 = _SCALARS[_INT64].unpack_from


@dataclass(frozen=True, slots=True)
class MergedObjects:
    """Objects that differ only in numbers, as one."""

    count: int
    entries: dict[str, Any]
    """Concatenated typed arrays of all objects, and the values that all share."""


class _Entry(NamedTuple):
    head: bytes
    """Length and key; for a typed array, everything up to its count. Preceding empty
    arrays are included."""
    key: str | None
    """None if there are only empty arrays."""
    width: int
    """Bytes of one number of the typed array; 0 for any other value."""
    raw: bytes
    """The stored bytes of the value; empty for a typed array."""
    value: Any
    """The value; for a typed array, its dtype."""
    empty: dict[str, Any]
    """The empty arrays in the head."""


class _Layout:
    """The layout of an object in an array, expected in the next one."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    @property
    def is_new(self) -> bool:
        """Whether no layout is known yet."""
        return not self._entries

    def learn(self, entries: list[tuple[bytes, str, bytes, Any]]) -> None:
        """Learn the entries of the first object: length and key, key, bytes, value."""
        before = b""
        empty: dict[str, Any] = {}
        for head, key, raw, value in entries:
            dtype, numbers = value if isinstance(value, tuple) else ("", b"")
            before_count = raw[: len(raw) - len(numbers) - 8]
            if dtype and not numbers:
                before, empty = before + head + raw, {**empty, key: value}
                continue
            if dtype and before_count.endswith(b"#L"):
                start, width = before + head + before_count, int(dtype[-1])
                entry = _Entry(start, key, width, b"", dtype, empty)
            else:
                entry = _Entry(before + head, key, 0, raw, value, empty)
            self._entries.append(entry)
            before, empty = b"", {}
        if empty:
            self._entries.append(_Entry(before, None, 0, b"", None, empty))

    def follow(
        self, data: bytes | bytearray, at: int, depth: int, found: dict[str, Any]
    ) -> int:
        """Read entries as long as they match the layout, and return where they end.

        A value determines its own length, so equal bytes mean equal values.
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
                found[key], at = _value(data, at + 1, data[at], depth)
        return at

    def find_run(
        self, data: bytes | bytearray, start: int, end: int, limit: int
    ) -> MergedObjects | None:
        """Return objects from ``end`` that have the layout of ``data[start:end]``.

        At most ``limit`` of them; None if it is not worthwhile.
        """
        size = end - start
        begin = bytes(data[start : start + 9 + len(self._entries[0].head)])
        if not (
            limit > 1
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
        limit = min(limit, (len(data) - end) // size)
        bytes_ = np.frombuffer(data, np.uint8, limit * size, end).reshape(limit, size)
        template = np.frombuffer(model, np.uint8)
        alike = (bytes_[:, fixed] == template[fixed]).all(axis=1)
        count = limit if alike.all() else int(alike.argmin())
        if not count:
            return None
        for key, (first, last) in arrays.items():
            found[key] = (found[key], bytes_[:count, first:last].tobytes())
        return MergedObjects(count, found)

    def _places(
        self, model: bytes
    ) -> (
        tuple[dict[str, Any], dict[str, tuple[int, int]], list[tuple[int, int]]] | None
    ):
        """Return constants, dtypes, and positions of arrays and single numbers.

        None if the object has more entries than expected.
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
            value, last = _value(model, at + 1, model[at], 1)
            if isinstance(value, (int, float)):
                numbers.append((at + 1, last))
            else:
                found[entry.key] = value
            at = last
        return (found, arrays, numbers) if model[at] == _CLOSE else None


def parse_ubj(data: bytes | bytearray) -> Any:
    """Return the value that ``data`` encodes, typed arrays as dtype and bytes.

    In a counted array of objects, those that differ only in numbers may be one
    ``MergedObjects``.

    Raises
    ------
    ModelError
        If the bytes end too early or too late, nest too deep, or have an unexpected
        marker.

    Examples
    --------
    >>> parse_ubj(b"{U" + bytes([1]) + b"ai" + bytes([7]) + b"}")
    {'a': 7}
    """
    try:
        value, end = _value(data, 1, data[0], 0)
    except (IndexError, struct.error):
        raise ModelError(
            f"UBJ data must be complete, but its {len(data)} bytes end too early."
        ) from None
    except UnicodeDecodeError as error:
        raise ModelError(f"UBJ text must be UTF-8: {error}.") from None
    if end != len(data):
        raise ModelError(
            f"UBJ data must end with its value, got {len(data) - end} bytes more."
        )
    return value


def _value(
    data: bytes | bytearray, at: int, marker: int, depth: int
) -> tuple[Any, int]:
    """Return the value whose marker is before ``at``, and where it ends."""
    if marker == _ARRAY:
        return _array(data, at, depth + 1)
    if marker == _OPEN:
        return _object(data, at, depth + 1)
    if marker == _TEXT:
        size, at = _length(data, at)
        return data[at : at + size].decode(), at + size
    if marker in _SCALARS:
        form = _SCALARS[marker]
        return form.unpack_from(data, at)[0], at + form.size
    if marker in _CONSTANTS:
        return _CONSTANTS[marker], at
    if marker == _CHARACTER:
        return chr(data[at]), at + 1
    raise ModelError(
        f"UBJ marker at byte {at - 1} must be one of ZTFiUIlLdDSC[{{, "
        f"got {bytes([marker])!r}."
    )


def _object(
    data: bytes | bytearray, at: int, depth: int, layout: _Layout | None = None
) -> tuple[dict[str, Any], int]:
    """Read an object; ``layout`` is the expected one, or is learned if empty."""
    _check_depth(depth, at)
    found: dict[str, Any] = {}
    learned: list[tuple[bytes, str, bytes, Any]] = []
    if layout and not layout.is_new:
        at = layout.follow(data, at, depth, found)
    while (marker := data[at]) != _CLOSE:
        if marker == _SKIP:
            at += 1
            continue
        start = at
        size, at = _length(data, at)
        key, at = data[at : at + size].decode(), at + size
        found[key], end = _value(data, at + 1, data[at], depth)
        if layout and layout.is_new:
            entry = bytes(data[start:at]), key, bytes(data[at:end]), found[key]
            learned.append(entry)
        at = end
    if layout:
        layout.learn(learned)
    return found, at + 1


def _array(data: bytes | bytearray, at: int, depth: int) -> tuple[Any, int]:
    marker = data[at]
    if marker == _TYPE:
        dtype = _DTYPES.get(data[at + 1])
        if dtype is None or data[at + 2] != _COUNT:
            raise ModelError(
                f"UBJ array at byte {at + 1} must be typed by one of iUIlLdD and "
                f"counted, got {data[at + 1 : at + 3]!r}."
            )
        count, at = _length(data, at + 3)
        end = at + count * int(dtype[-1])
        if end > len(data):
            raise IndexError
        return (dtype, data[at:end]), end
    _check_depth(depth, at)
    if marker == _COUNT:
        count, at = _length(data, at + 1)
        if count and data[at] == _OPEN:
            return _objects(data, at, count, depth + 1)
    values: list[Any] = []
    while len(values) < count if marker == _COUNT else data[at] != _ARRAY_END:
        scalar = _SCALARS.get(data[at])
        if scalar is not None:
            values.append(scalar.unpack_from(data, at + 1)[0])
            at += 1 + scalar.size
            continue
        value, at = _value(data, at + 1, data[at], depth)
        values.append(value)
    return values, at + (marker != _COUNT)


def _objects(
    data: bytes | bytearray, at: int, count: int, depth: int
) -> tuple[list[Any], int]:
    """Read an array that starts with an object, similar ones in runs."""
    layout = _Layout()
    values: list[Any] = []
    while count:
        start, is_object = at, data[at] == _OPEN
        if is_object:
            value, at = _object(data, at + 1, depth, layout)
        else:
            value, at = _value(data, at + 1, data[at], depth)
        values.append(value)
        count -= 1
        if not is_object or layout.is_new:
            continue
        run = layout.find_run(data, start, at, count)
        if run is not None:
            values.append(run)
            at += run.count * (at - start)
            count -= run.count
    return values, at


def _length(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """Return a count and where it ends; raises if it exceeds the data."""
    marker = data[at]
    if marker == _INT64:
        (size,), at = _read_int64(data, at + 1), at + 9
    elif marker in _WHOLE:
        form = _SCALARS[marker]
        (size,), at = form.unpack_from(data, at + 1), at + 1 + form.size
    else:
        raise ModelError(
            f"UBJ length at byte {at} must be a whole number, got marker "
            f"{bytes([marker])!r}."
        )
    if size < 0:
        raise ModelError(f"UBJ length at byte {at} must be >= 0, got {size}.")
    if at + size > len(data):
        raise IndexError
    return size, at


def _check_depth(depth: int, at: int) -> None:
    if depth > _MAX_DEPTH:
        raise ModelError(
            f"UBJ data must nest at most {_MAX_DEPTH} deep, byte {at} is deeper."
        )
