"""A temporary folder for a run's data, which no death of its owner leaves for long.

Whoever makes such a folder holds it by a lock that the kernel frees at any death. A
folder that is not empty and not held is what a killed run left: it has a copy of the
user's rows, and the next run removes it.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from boostreg.errors import RunError, reason

if sys.platform != "win32":
    import fcntl

__all__ = ["scratch_folder"]

_PREFIX = "boostreg-data-"


@contextmanager
def scratch_folder(fill: Callable[[Path], None]) -> Iterator[Path]:
    """Make a folder for the block, and remove it after; others' leavings go first.

    Parameters
    ----------
    fill : callable
        Writes what the folder is for.

    Raises
    ------
    RunError
        If there is no room for it.
    """
    with ExitStack() as stack:
        try:
            _remove_left()
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            # Empty folders are left alone: none is taken for left before it is held.
            if (held := _hold(folder)) is not None:
                stack.callback(os.close, held)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            fill(folder)
        except OSError as error:
            raise RunError(
                f"The temporary folder {_where()} cannot hold a copy of the data: "
                f"{reason(error)}. Free space there, or name another folder in the "
                "environment variable TMPDIR."
            ) from error
        yield folder


def _where() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # none of the usual ones can be written
        return os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - only to name it


def _hold(folder: Path) -> int | None:
    """Return an open file that locks a folder; None if another holds it, or none can.

    Locks of ``flock`` are of one machine and of all its containers, as folders are.
    """
    if sys.platform == "win32":
        return None
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        return None
    return number


def _remove_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            mine = sys.platform != "win32" and folder.lstat().st_uid == os.getuid()
            if mine and any(folder.iterdir()) and (held := _hold(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)
