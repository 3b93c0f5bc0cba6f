"""The page that lists all runs of a folder, written after each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from boostreg.errors import DataError, RunError, reason
from boostreg.report.index import IndexRow, index_row, render_index
from boostreg.report.shell import GENERATOR
from boostreg.study.files import write_text
from boostreg.study.stored import (
    as_a_run_leaves,
    read_results,
    refuse_no_runs,
    runs_in,
)

__all__ = ["Index", "is_ours", "write_index"]


@dataclass(frozen=True, slots=True)
class Index:
    """What was written: the page, and the folders that it could not show, with why."""

    page: Path
    shown: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def write_index(folder: Path) -> Index:
    """Write ``index.html`` of all runs in ``folder``.

    Raises
    ------
    DataError
        If the folder is not there, holds no run, or has an index of another's making.
    RunError
        If the page can not be written, or its lock not be had.
    """
    refuse_no_runs(folder)
    page = folder / "index.html"
    # Two runs that end together: whoever writes last has read what both left.
    with _locked(folder / ".index.lock"):
        rows, left_out = _read(folder)
        if page.exists() and not (page.is_file() and is_ours(page)):
            raise DataError(
                f"{page} was not written by boostreg and stays as it is; move it away "
                "to have an index of the studies."
            )
        write_text(page, render_index(rows, left_out, _comparisons(folder)))
    return Index(page, tuple(row.folder for row in rows), tuple(left_out))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = filelock.FileLock(path)
    try:
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        raise RunError(f"{path} cannot be locked: {reason(error)}.") from error
    try:
        yield
    finally:
        lock.release()


def is_ours(page: Path) -> bool:
    """Say whether a page was written by boostreg."""
    with page.open("rb") as file:
        return GENERATOR.encode() in file.read(10_000)


def _read(folder: Path) -> tuple[list[IndexRow], list[tuple[str, str]]]:
    rows, left_out = [], []
    for run in runs_in(folder):
        try:
            rows.append(_row(run))
        except DataError as error:
            left_out.append((run.name, str(error).replace(f"{folder}/", "")))
    return rows, left_out


def _row(run: Path) -> IndexRow:
    results, has_page = read_results(run), (run / "report.html").exists()
    with as_a_run_leaves(run):
        return index_row(run.name, results, has_page=has_page)


def _comparisons(folder: Path) -> list[str]:
    pages = sorted(path.name for path in folder.glob("compare-*.html"))
    return [p for p in pages if (folder / p).is_file() and is_ours(folder / p)]
