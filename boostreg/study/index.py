"""Pages about several runs: the index of a folder, comparisons, and the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import filelock

from boostreg.errors import DataError, RunError, StudyError, reason
from boostreg.evidence import (
    SearchEvidence,
    TableEvidence,
    gather,
    read_searches,
    read_tables,
    render_evidence,
    search_evidence,
    table_evidence,
)
from boostreg.evidence.meta import AFTER
from boostreg.report.index import index_row, render_index
from boostreg.report.pair import JudgedRows, compare_runs, pair_lines, render_pair
from boostreg.report.results import Results
from boostreg.report.shell import GENERATOR
from boostreg.study.files import read_json, write_json, write_text
from boostreg.study.run import (
    damage_as_data_error,
    read_results,
    read_table,
    require_runs,
    runs_in,
)

__all__ = ["Index", "compare_folders", "write_evidence", "write_index"]


@dataclass(frozen=True, slots=True)
class Index:
    """The written page, and the skipped folders with the reason."""

    page: Path
    left_out: tuple[tuple[str, str], ...]


def write_index(folder: Path) -> Index:
    """Write ``index.html`` of all runs in ``folder``.

    Raises DataError if ``folder`` contains no run or has an index that is not ours,
    RunError if the page cannot be written or locked.
    """
    require_runs(folder)
    page, locked = folder / "index.html", folder / ".index.lock"
    try:
        lock = filelock.FileLock(locked).acquire()
    except (OSError, NotImplementedError) as error:
        raise RunError(f"{locked} cannot be locked: {reason(error)}.") from error
    # If two runs finish together, the last one to write has read both.
    with lock:
        rows, left_out = [], []
        for run in runs_in(folder):
            try:
                results, has_page = read_results(run), (run / "report.html").exists()
                with damage_as_data_error(run):
                    rows.append(index_row(run.name, results, has_page=has_page))
            except DataError as error:
                left_out.append((run.name, str(error).replace(f"{folder}/", "")))
        if page.exists() and not _is_ours(page):
            raise DataError(
                f"{page} was not written by boostreg and was not changed; move it "
                "away to get an index of the runs."
            )
        compared = sorted(p.name for p in folder.glob("compare-*.html") if _is_ours(p))
        write_text(page, render_index(rows, left_out, compared))
    return Index(page, tuple(left_out))


def write_evidence(
    folder: Path, out: Path | None = None, add: Sequence[Path] = ()
) -> Index:
    """Write the page of what penalties do over all runs in ``folder``, one per table.

    ``evidence.json`` is written next to the page, whose default is ``report.html`` in
    ``folder``. A folder without runs may have an ``evidence.json`` instead, from which
    the same page is made. The runs of the folders ``add`` are added, to a page that
    ``out`` must name: that of ``folder`` stays. Raises DataError if a folder has
    neither, no run has judged paths, two runs of one name differ, or the page is not
    ours; RunError if a file cannot be written.
    """
    page = out or folder / "report.html"
    if add and out is None:
        raise DataError(
            f"name the page of all folders with --out; {page} is that of {folder} "
            "alone."
        )
    found, left_out, searches = _evidence_in(folder)
    for other in add:
        tables, skipped, more = _evidence_in(other)
        found += _new_runs(found, tables, other)
        searches += _new_runs(searches, more, other)
        left_out += [one for one in skipped if one not in left_out]
    if page.exists() and not _is_ours(page):
        raise DataError(
            f"{page} was not written by boostreg and was not changed; name another "
            "page with --out."
        )
    with damage_as_data_error(folder):
        evidence = gather(found, left_out, searches)
        content = render_evidence(evidence)
    page.parent.mkdir(parents=True, exist_ok=True)
    write_json(page.parent / "evidence.json", evidence.content)
    write_text(page, content)
    return Index(page, evidence.left_out)


_Found = tuple[list[TableEvidence], list[tuple[str, str]], list[SearchEvidence]]
"""Tables, what is left out with the reason, and searches."""


_RunT = TypeVar("_RunT", TableEvidence, SearchEvidence)


def _new_runs(
    known: Sequence[_RunT], more: Sequence[_RunT], folder: Path
) -> list[_RunT]:
    """Return the runs of ``folder`` that are not known.

    Raises DataError if a known one of the same name differs.
    """
    by_name = {one.name: one for one in known}
    for one in more:
        if by_name.get(one.name, one) != one:
            raise DataError(
                f"{folder}: there is another run {one.name!r} in an earlier folder, "
                "with other results; rename the folder of one of them, or leave it out."
            )
    return [one for one in more if one.name not in by_name]


def _evidence_in(folder: Path) -> _Found:
    """Return the evidence of the runs in a folder, or that of its ``evidence.json``."""
    numbers = folder / "evidence.json"
    if numbers.exists() and not runs_in(folder):
        return _kept_evidence(numbers)
    return _evidence_of_runs(folder)


def _evidence_of_runs(folder: Path) -> _Found:
    require_runs(folder)
    found, left_out, searches = [], [], []
    for run in runs_in(folder):
        try:
            results = read_results(run)
            with damage_as_data_error(run):
                if (search := search_evidence(run.name, results)) is not None:
                    searches.append(search)
                found.append(table_evidence(run.name, results, AFTER))
        except DataError as error:
            left_out.append((run.name, str(error).replace(f"{folder}/", "")))
    if not found:
        name, why = left_out[0]
        raise DataError(f"{folder} contains no evidence: {name}: {why}")
    return found, left_out, searches


def _kept_evidence(path: Path) -> _Found:
    match read_json(path):
        case {"runs": runs, "searches": searches, "left_out": list(left_out)}:
            try:
                found, others = read_tables(runs), read_searches(searches)
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
            skipped = [(str(name), str(why)) for name, why in left_out]
            return found, skipped, others
    raise DataError(f"{path} was not written by boostreg: it has no runs or searches.")


def _is_ours(page: Path) -> bool:
    """Return whether a page was written by boostreg."""
    if not page.is_file():
        return False
    with page.open("rb") as file:
        return GENERATOR.encode() in file.read(10_000)


def compare_folders(
    a: Path, b: Path, out: Path | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Write the page that compares two runs; return its path and lines to print.

    The default of ``out`` is ``compare-A-B.html`` in the parent folder of ``a``. Raises
    StudyError if both are the same folder, DataError if one has no results or the page
    is not ours, RunError if it cannot be written.
    """
    first, second = read_results(a), read_results(b)
    where = (a.resolve(), b.resolve())
    if where[0] == where[1]:
        raise StudyError(f"A and B must be two different runs; both are {a}.")
    short = where[0].name, where[1].name
    names = short
    if short[0] == short[1]:
        names = (
            f"{where[0].parent.name}/{short[0]}",
            f"{where[1].parent.name}/{short[1]}",
        )
    page = out or where[0].parent / f"compare-{short[0]}-{short[1]}.html"
    if page.exists() and not _is_ours(page):
        raise DataError(
            f"{page} was not written by boostreg and was not changed; name another "
            "page with --out."
        )
    links = []
    for run in where:  # links stay within the folder of the page
        beside = page.resolve().parent == run.parent and (run / "report.html").exists()
        name = quote(run.name, safe="", errors="replace")
        links.append(f"./{name}/report.html" if beside else "")
    first_rows, second_rows = (_judged_rows(a, first), _judged_rows(b, second))
    with damage_as_data_error(a.parent):
        compared = compare_runs(first, second, names, (first_rows, second_rows))
        content = render_pair(compared, first, second, (links[0], links[1]))
        lines = tuple(pair_lines(compared))
    write_text(page, content)
    if _is_ours(page.parent / "index.html"):
        write_index(page.parent)
    return page, lines


def _judged_rows(folder: Path, results: Results) -> JudgedRows:
    table = read_table(folder, "losses")
    with damage_as_data_error(folder):
        return JudgedRows.from_table(table, results)
