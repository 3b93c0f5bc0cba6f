"""Calls for several workers of a Dask cluster, importable by their children."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np

from boostreg.engines.collective import member, summed
from boostreg.errors import DataError
from boostreg.fits.work import run_work


def sum_of_ranks(_folder):
    """Return rank and number of the first worker, and the sum over all ranks."""
    own = member()
    return own.rank, own.size, float(summed(np.array([own.rank]))[0])


def fail_alone(_folder, rank):
    """Raise in one worker while the others wait for it."""
    if member().rank == rank:
        raise DataError(f"rank {rank} alone cannot read its rows")
    return float(summed(np.zeros(1))[0])


def crash_alone(_folder, rank):
    """End one process as a native fault does, while the others wait for it."""
    if member().rank == rank:
        os.kill(os.getpid(), signal.SIGSEGV)
    return float(summed(np.zeros(1))[0])


def count_and_run(folder, work, marks, kill):
    """Run work, and leave a mark; if ``kill``, the first call ends a Dask worker."""
    own, marks = member(), Path(marks)
    if own.rank == 0:
        (marks / f"{work.fit.inner}-{len(list(marks.iterdir()))}").touch()
    if kill and own.rank == 1 and not (marks / "killed").exists():
        (marks / "killed").touch()
        os.kill(os.getppid(), signal.SIGKILL)
    return run_work(folder, work)


def sleep(_folder, marks):
    """Leave a mark, and stay long after the end of a test."""
    (Path(marks) / str(member().rank)).touch()
    time.sleep(600)


def forget(files, dask_worker):
    """Remove the files of a worker, as its restart does."""
    shutil.rmtree(files.folder(dask_worker))


def contents(folder):
    """Return what the files of a worker contain."""
    return [path.read_bytes() for path in sorted(Path(folder).iterdir())]
