"""A temporary folder for the data of a run, removed even after the run was killed.

The process that creates the folder holds a lock, which the kernel releases when the
process dies. A folder that is neither empty nor locked was left by a killed run. It has
a copy of the user's rows, so the next run removes it.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from boostreg.data.stored import no_room

if sys.platform != "win32":
    import fcntl

__all__ = ["scratch_folder"]

_PREFIX = "boostreg-data-"


@contextmanager
def scratch_folder(fill: Callable[[Path], None]) -> Iterator[Path]:
    """Create a folder for the block; first remove folders of killed runs.

    Parameters
    ----------
    fill : callable
        Writes the content of the folder.

    Raises
    ------
    RunError
        If there is not enough disk space.
    """
    with ExitStack() as stack:
        try:
            _remove_left()
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            # Empty folders are kept: another run may be about to lock one.
            if (held := _hold(folder)) is not None:
                stack.callback(os.close, held)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            fill(folder)
        except OSError as error:
            raise no_room(error) from error
        yield folder


def _hold(folder: Path) -> int | None:
    """Lock a folder; return the open file, or None if it cannot be locked.

    Like folders, ``flock`` locks are shared by all containers on a machine.
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
