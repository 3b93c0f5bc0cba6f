"""Our own format: the arrays in a numpy ``.npz`` file, without pickle."""

import re
import struct
import zipfile
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.errors import ModelError, reason
from boostreg.trees.structure import RawForest

__all__ = ["read_arrays", "write_arrays"]

_VERSION = 1
_SCALARS = {
    "version": int,
    "n_features": int,
    "n_outputs": int,
    "n_rounds": int,
    "reg_lambda": float,
}
_DTYPES: dict[str, type[Any]] = {
    **dict.fromkeys(("tree_offsets", "set_offsets"), np.int64),
    **dict.fromkeys(("left", "right", "feature", "set_index"), np.int32),
    **dict.fromkeys(("categories", "output", "round"), np.int32),
    **dict.fromkeys(("default_left", "members_left", "mixed"), np.bool_),
    "missing": np.uint8,
}
"""Types of arrays other than float64."""

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SURE, _MOST_GROWTH = 2**26, 64
"""Maximum unpacked bytes of any file, and per byte of a larger file."""

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '(?P<kind>[<|][a-zA-Z]\d{1,2})', "
    rb"'fortran_order': False, 'shape': \((?P<shape>|\d{1,15},)\), \} *\n",
    re.DOTALL,
)
"""Header of an array with one axis or none."""

_DAMAGED = (OSError, ValueError, EOFError, RuntimeError, struct.error, zlib.error)
"""Exceptions of zipfile for damaged archives."""


def write_arrays(path: Path, found: dict[str, Any]) -> None:
    """Write the fields of a ``RawForest`` to ``path``."""
    with path.open("wb") as file:
        np.savez_compressed(file, version=_VERSION, **found)


def read_arrays(path: Path) -> RawForest:
    """Return the arrays that ``write_arrays`` wrote.

    Names and declared sizes are checked before anything is unpacked. Headers must match
    those that numpy writes for our arrays exactly, so nothing is evaluated. Raises
    ModelError if the file is damaged, of a later version, or not from boostreg.
    """
    names = {field.name for field in fields(RawForest)}
    other = f"{path.name} must hold trees in version {_VERSION} of boostreg's arrays."
    try:
        with zipfile.ZipFile(path) as archive:
            held = archive.infolist()
            expected = sorted(f"{name}.npy" for name in (*names, "version"))
            if sorted(info.filename for info in held) != expected:
                raise ModelError(other)
            packings = {info.compress_type for info in held} <= set(_PACKINGS)
            if not packings or any(info.flag_bits & 1 for info in held):
                raise ModelError(
                    f"{path.name} must be packed like numpy does, and not encrypted."
                )
            size = sum(info.file_size for info in held)
            if size > max(_SURE, _MOST_GROWTH * path.stat().st_size):
                raise ModelError(
                    f"{path.name} would unpack to {size / 2**20:,.0f} MiB, far more "
                    "than trees in a file of its size can be."
                )
            read = {n: archive.read(f"{n}.npy") for n in ("version", *names)}
            found = {name: _array(name, content) for name, content in read.items()}
    except (*_DAMAGED, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path.name} must be an .npz of trees: {reason(error)}."
        ) from None
    if found.pop("version") != _VERSION:
        raise ModelError(other)
    return RawForest(**found)


def _array(name: str, content: bytes) -> Any:
    """Return an array or a scalar from the bytes that numpy wrote."""
    whole = _HEADER.match(content)
    if whole is None:
        raise ModelError(f"{name} must be an array in numpy's format.")
    kind, shape = whole["kind"].decode(), whole["shape"].decode()
    scalar = name in _SCALARS or name == "engine"
    allowed = [np.dtype(_SCALARS.get(name, _DTYPES.get(name, np.float64))).str]
    if name == "engine":
        allowed = [f"<U{len(engine)}" for engine in ENGINE_FACTS]
    if kind not in allowed or (shape == "") != scalar:
        raise ModelError(f"{name} must hold {' or '.join(allowed)}, got {kind!r}.")
    body, dtype = content[whole.end() :], np.dtype(kind)
    count = int(shape.rstrip(",") or 1)
    if len(body) != count * dtype.itemsize:
        raise ModelError(f"{name} must have {count} entries, which its size belies.")
    array = np.frombuffer(body, dtype).copy()
    found = array[0].item() if scalar else array
    if name == "engine" and found not in ENGINE_FACTS:
        engines = tuple(ENGINE_FACTS)
        raise ModelError(f"engine must be one of {engines}, got {found!r}.")
    return found
