"""Our own format: the arrays as they are, in a numpy ``.npz`` without pickle."""

import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError, reason
from boostreg.trees.structure import RawForest

__all__ = ["read_arrays", "write_arrays"]

_VERSION = 1
_SCALARS = {"n_features": int, "n_outputs": int, "n_rounds": int, "reg_lambda": float}
_DTYPES = {
    "tree_offsets": np.int64,
    "left": np.int32,
    "right": np.int32,
    "feature": np.int32,
    "default_left": np.bool_,
    "missing": np.uint8,
    "set_index": np.int32,
    "set_offsets": np.int64,
    "categories": np.int32,
    "members_left": np.bool_,
    "output": np.int32,
    "round": np.int32,
    "mixed": np.bool_,
}
"""Of arrays that do not hold float64."""

_ENGINES = ("xgboost", "lightgbm", "sklearn")


def write_arrays(path: Path, found: dict[str, Any]) -> None:
    """Write the fields of a ``RawForest`` to ``path``."""
    with path.open("wb") as file:
        np.savez_compressed(file, version=_VERSION, **found)


def read_arrays(path: Path) -> RawForest:
    """Return what ``write_arrays`` wrote.

    Raises
    ------
    ModelError
        If the file is damaged, of a later version, or not ours.
    """
    try:
        # numpy closes only what it opened, and not when the archive is damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found: dict[str, Any] = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, TypeError) as error:
        raise ModelError(
            f"{path.name} must be an .npz of trees: {reason(error)}."
        ) from None
    names = {field.name for field in fields(RawForest)}
    version = found.pop("version", None)
    if set(found) != names or version is None or version.ndim or version != _VERSION:
        raise ModelError(
            f"{path.name} must hold trees in version {_VERSION} of boostreg's arrays."
        )
    return RawForest(**{name: _checked(name, found[name]) for name in names})


def _checked(name: str, array: NDArray[Any]) -> Any:
    if name == "engine":
        if array.ndim or str(array) not in _ENGINES:
            raise ModelError(f"engine must be one of {_ENGINES}, got {str(array)!r}.")
        return str(array)
    scalar, dtype = _SCALARS.get(name), np.dtype(_DTYPES.get(name, np.float64))
    if scalar is not None:
        dtype = np.dtype(scalar)
    if array.dtype != dtype or array.ndim != (scalar is None):
        raise ModelError(f"{name} must hold {dtype}, got {array.dtype}.")
    return array if scalar is None else scalar(array)
