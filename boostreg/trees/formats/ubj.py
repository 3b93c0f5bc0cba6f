"""A reader of Universal Binary JSON that survives any bytes.

Only what XGBoost writes is understood: objects, arrays, typed arrays of numbers, and
scalars. Typed arrays stay bytes until somebody asks for numbers, so that one array can
be made of the parts of many trees.

======  ============================  ======  ============================
marker  value                         marker  value
======  ============================  ======  ============================
``Z``   null                          ``d``   float32
``T F`` true, false                   ``D``   float64
``i``   int8                          ``S``   length, then UTF-8 text
``U``   uint8                         ``C``   one character
``I``   int16                         ``[``   array up to ``]``, or
``l``   int32                                 ``[#`` count, or
``L``   int64                                 ``[$`` type ``#`` count
``N``   nothing, skipped              ``{``   object up to ``}``
======  ============================  ======  ============================

All numbers are big endian; see https://ubjson.org.
"""

import struct
from typing import Any, TypeAlias

from boostreg.errors import ModelError
from boostreg.trees.formats.ubj_layout import Layout

__all__ = ["TypedArray", "parse_ubj"]

_FORMATS = {"i": "b", "U": "B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_SCALARS = {ord(marker): struct.Struct(form) for marker, form in _FORMATS.items()}
_DTYPES = {ord("i"): "i1", ord("U"): "u1", ord("I"): ">i2", ord("l"): ">i4"}
_DTYPES |= {ord("L"): ">i8", ord("d"): ">f4", ord("D"): ">f8"}
_CONSTANTS = {ord("Z"): None, ord("T"): True, ord("F"): False}
_WHOLE = frozenset(b"iUIlL")
_TEXT, _CHARACTER, _SKIP = ord("S"), ord("C"), ord("N")
_OPEN, _CLOSE, _ARRAY, _ARRAY_END = (ord(c) for c in "{}[]")
_TYPE, _COUNT, _INT64 = (ord(c) for c in "$#L")

# XGBoost nests 7 deep; more is an attack on the call stack.
_MAX_DEPTH = 64

_read_int64 = _SCALARS[_INT64].unpack_from


TypedArray: TypeAlias = tuple[str, bytes | bytearray]
"""Numbers of one type, still as bytes: ``numpy.frombuffer(bytes, dtype)``."""


def parse_ubj(data: bytes | bytearray) -> Any:
    """Return the value that ``data`` encodes, typed arrays as ``TypedArray``.

    In a counted array of objects, some that differ but in numbers may be one ``Run``.

    Raises
    ------
    ModelError
        If the bytes end too early, go on too long, nest too deep, or hold a marker
        that does not belong there.

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
    """Return the value whose marker stood before ``at``, and where it ends."""
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
    data: bytes | bytearray, at: int, depth: int, layout: Layout | None = None
) -> tuple[dict[str, Any], int]:
    """Read an object; ``layout`` is what to expect, or to learn where it is new."""
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
        return _typed_array(data, at + 1)
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
    """Read an array that starts with an object, alike ones faster."""
    layout = Layout(_value)
    values: list[Any] = []
    while count:
        start = at
        if data[at] != _OPEN:
            value, at = _value(data, at + 1, data[at], depth)
            values.append(value)
            count -= 1
            continue
        value, at = _object(data, at + 1, depth, layout)
        values.append(value)
        count -= 1
        run = None if layout.is_new else layout.find_run(data, start, at, count)
        if run is not None:
            values.append(run)
            at += run.count * (at - start)
            count -= run.count
    return values, at


def _typed_array(data: bytes | bytearray, at: int) -> tuple[TypedArray, int]:
    dtype = _DTYPES.get(data[at])
    if dtype is None or data[at + 1] != _COUNT:
        raise ModelError(
            f"UBJ array at byte {at} must be typed by one of iUIlLdD and counted, "
            f"got {data[at : at + 2]!r}."
        )
    count, at = _length(data, at + 2)
    end = at + count * int(dtype[-1])
    if end > len(data):
        raise IndexError
    return (dtype, data[at:end]), end


def _length(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """Return a count and where it ends; a count beyond the data is refused here."""
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
