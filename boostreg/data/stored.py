"""Matrices and cells in files, so that none of them is in memory as a whole.

Files are written, not mapped for writing: on a full disk, a write to mapped memory ends
the process.
"""

import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data.rows import leave_to_the_file
from boostreg.errors import RunError, reason

__all__ = [
    "LARGE",
    "columns_of",
    "no_room",
    "save_columns",
    "save_parts",
    "scratch_file",
    "stacked",
    "write_scratch",
]

LARGE = 2**25
"""Number of values from which a matrix is kept in a file, 256 MB in float64."""


def columns_of(matrix: Array) -> Iterator[Array]:
    """Yield the columns of a matrix; those of a file leave memory again."""
    for place in range(matrix.shape[1]):
        yield matrix[:, place]
        leave_to_the_file(matrix)


def stacked(columns: Iterable[Array], *, n_values: int, n_rows: int) -> Array:
    """Return columns as a matrix (n_rows, n_columns), taking one at a time.

    If there may be ``LARGE`` or more values, the matrix is a read-only temporary file
    in Fortran order, which disappears with it.

    Raises RunError if there is not enough disk space.
    """
    if n_values < LARGE:
        X = np.empty((n_rows, n_values // max(n_rows, 1)))
        n_columns = 0
        for values in columns:
            X[:, n_columns] = values
            n_columns += 1
        return X[:, :n_columns] if n_columns < X.shape[1] else X
    n_columns = 0
    try:
        with tempfile.TemporaryFile() as file:
            for values in columns:
                file.write(np.ascontiguousarray(values, dtype=np.float64).data)
                n_columns += 1
            if n_columns == 0:
                return np.empty((n_rows, 0))
            file.flush()
            shape = (n_rows, n_columns)
            return np.memmap(file, np.float64, "r", shape=shape, order="F")
    except OSError as error:
        raise no_room(error) from error


def scratch_file(owner: object) -> IO[bytes]:
    """Return a temporary file that disappears with its owner.

    Raises RunError if there is no folder for it.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # its owner closes it
    except OSError as error:
        raise no_room(error) from error
    weakref.finalize(owner, _close, file)
    return file


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # on a full disk, closing tries to write again
        file.close()


def write_scratch(file: IO[bytes], *parts: bytes | memoryview) -> None:
    """Write to a temporary file; RunError is raised on a full disk."""
    try:
        for part in parts:
            file.write(part)
        file.flush()
    except OSError as error:
        raise no_room(error) from error


def no_room(error: OSError) -> RunError:
    """Return the error of a copy of the data that could not be written."""
    # None if no usual temporary folder is writable.
    place = tempfile.tempdir or os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    return RunError(
        f"The temporary folder {place} cannot hold a copy of the data: "
        f"{reason(error)}. Free some space, or set the environment variable TMPDIR to "
        "another folder."
    )


def save_columns(path: Path, matrix: Array) -> None:
    """Write a matrix as ``.npy`` in Fortran order."""
    save_parts(path, columns_of(matrix), matrix.shape, matrix.dtype)


def save_parts(
    path: Path,
    parts: Iterable[NDArray[Any]],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> None:
    """Write consecutive parts of an array as ``.npy``, in Fortran order."""
    described = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": True,
        "shape": shape,
    }
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, described)
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype=dtype).data)
