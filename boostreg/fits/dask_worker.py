"""What a Dask worker does for a run: it keeps the data on disk, and runs calls.

These functions run in the process of the Dask worker, which must stay responsive.
Calls therefore run in supervised child processes: one per thread of the worker, and one
for fits that several workers share.
"""

import asyncio
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from boostreg.engines.collective import Member, joined, start_tracker
from boostreg.errors import FitError, RunError, reason
from boostreg.fits.process import CallLimits, WorkerProcess
from boostreg.fits.work import PRELOAD

__all__ = [
    "Calls",
    "Files",
    "Group",
    "NoFilesError",
    "complete",
    "end_member",
    "has_files",
    "leave",
    "memory_limit",
    "open_group",
    "start_member",
    "supervise",
    "take_part",
    "write_piece",
]

_PIECE = 4 * 2**20
"""Maximum bytes of a file in one message; the scheduler has one for each worker."""


class NoFilesError(FitError):
    """A Dask worker, named by its address, has no copy of the data."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a data set, which each worker has in a folder of its own.

    ``name`` is that of the folder; ``sizes`` has the name and the bytes of each file.
    """

    name: str
    sizes: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, folder: Path, run: str) -> "Files":
        """Describe the files in a folder; the name begins with that of the run."""
        sizes = ((path.name, path.stat().st_size) for path in sorted(folder.iterdir()))
        return cls(f"{run}-{uuid.uuid4().hex}", tuple(sizes))

    def pieces(self, folder: Path) -> Iterator[tuple[str, int, bytes]]:
        """Yield the content of ``folder``: name, offset and bytes of each piece."""
        for name, size in self.sizes:
            with (folder / name).open("rb") as file:
                for offset in range(0, max(size, 1), _PIECE):
                    yield name, offset, file.read(_PIECE)

    def folder(self, worker: Any) -> Path:
        """Return the folder of a Dask worker, on the disk that it was given.

        Dask removes that disk space after the worker, even if it was killed.
        """
        return Path(worker.local_directory) / self.name


def has_files(files: Files, dask_worker: Any) -> bool:
    """Return whether a worker has all files."""
    return files.folder(dask_worker).is_dir()


def write_piece(
    files: Files, name: str, offset: int, piece: bytes, dask_worker: Any
) -> None:
    """Write one piece of a file.

    Raises
    ------
    RunError
        If the disk of the worker has no room.
    """
    folder = _incomplete(files, dask_worker)
    try:
        folder.mkdir(exist_ok=True)
        with (folder / name).open("ab" if offset else "wb") as file:
            file.write(piece)
    except OSError as error:
        raise RunError(
            f"The folder {dask_worker.local_directory} of Dask worker "
            f"{dask_worker.address} cannot hold a copy of the data: {reason(error)}. "
            "Free some space, or start the worker with another --local-directory."
        ) from error


def complete(files: Files, dask_worker: Any) -> None:
    """Let a worker use the files, if all pieces have arrived."""
    written = _incomplete(files, dask_worker)
    with suppress(OSError):
        if all((written / n).stat().st_size == size for n, size in files.sizes):
            written.rename(files.folder(dask_worker))


def _incomplete(files: Files, worker: Any) -> Path:
    return files.folder(worker).with_suffix(".part")


@dataclass(frozen=True, slots=True)
class Calls:
    """What all calls of a run share: the data, the threads and the limits of each."""

    run: str
    files: Files
    threads: int
    limits: CallLimits


_CHILDREN: dict[tuple[str, int], WorkerProcess] = {}
"""Child processes by the run and the thread that call them."""
_MEMBER = -1
"""In place of a thread, in the key of the child that shares fits with others."""


def _child(calls: Calls, thread: int) -> WorkerProcess:
    key = (calls.run, thread)
    if key not in _CHILDREN:
        _CHILDREN[key] = WorkerProcess(PRELOAD, calls.threads, calls.limits)
    return _CHILDREN[key]


def supervise(function: Callable[..., Any], calls: Calls, *args: Any) -> Any:
    """Return ``function(folder, *args)``, computed in the child of this thread.

    Raises
    ------
    NoFilesError
        If this worker has no files, because it joined late.
    """
    from distributed import get_worker

    worker: Any = get_worker()
    if not has_files(calls.files, worker):
        raise NoFilesError(worker.address)
    folder = str(calls.files.folder(worker))
    return _child(calls, threading.get_ident()).call(function, (folder, *args), {})


async def start_member(calls: Calls, dask_worker: Any) -> None:
    """Start the child of this worker that shares fits, if it does not run."""
    del dask_worker
    await _in_thread(_child(calls, _MEMBER).start)


async def open_group(calls: Calls, size: int, dask_worker: Any) -> dict[str, str | int]:
    """Start a tracker in the child of this worker, for so many workers."""
    host = urlsplit(dask_worker.address).hostname
    started = await _in_thread(_call_member, calls, start_tracker, (host, size))
    return dict(started)


@dataclass(frozen=True, slots=True)
class Group:
    """Workers that run a call together, and what ``open_group`` returned."""

    addresses: tuple[str, ...]
    tracker: Mapping[str, str | int]


async def take_part(
    calls: Calls,
    group: Group,
    function: Callable[..., Any],
    args: Sequence[Any],
    dask_worker: Any,
) -> Any:
    """Compute ``function(folder, *args)`` with the other workers of a group.

    The first of them returns the result, the others None. If the call fails, the
    child ends, and with it the calls of the others.
    """
    rank = group.addresses.index(dask_worker.address)
    own = Member(rank, len(group.addresses))
    folder = str(calls.files.folder(dask_worker))
    called = (group.tracker, own, function, folder, *args)
    return await _in_thread(_call_member, calls, _together, called)


def _together(
    tracker: Mapping[str, str | int],
    own: Member,
    function: Callable[..., Any],
    *args: Any,
) -> Any:
    """Run in the child: call ``function`` as one of several processes."""
    with joined(tracker, own):
        result = function(*args)
    return result if own.rank == 0 else None


def _call_member(
    calls: Calls, function: Callable[..., Any], args: Sequence[Any]
) -> Any:
    child = _child(calls, _MEMBER)
    try:
        return child.call(function, args, {}, attempts=1)
    except BaseException:
        _CHILDREN.pop((calls.run, _MEMBER), None)
        child.close()
        raise


def memory_limit(dask_worker: Any) -> tuple[int | None, int]:
    """Return the bytes that a worker may use, None for no limit, and its threads."""
    return dask_worker.memory_manager.memory_limit, dask_worker.state.nthreads


def end_member(run: str) -> None:
    """End the call of ``take_part`` that runs on this worker."""
    child = _CHILDREN.pop((run, _MEMBER), None)
    if child is not None:
        child.kill()


def leave(run: str, dask_worker: Any) -> None:
    """End the child processes of a run, and remove its files."""
    for key in [key for key in _CHILDREN if key[0] == run]:
        child = _CHILDREN.pop(key)
        child.kill()
        child.close()
    for folder in Path(dask_worker.local_directory).glob(f"{run}-*"):
        shutil.rmtree(folder, ignore_errors=True)


async def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Await a call in a thread that does not keep the worker from exiting."""
    ended: Future[Any] = Future()
    ended.set_running_or_notify_cancel()  # Dask cannot cancel it

    def run() -> None:
        try:
            ended.set_result(function(*args))
        except Exception as error:  # noqa: BLE001 - passed on
            ended.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(ended)
