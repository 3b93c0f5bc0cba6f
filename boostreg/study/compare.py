"""Two folders of runs in, a page and lines out."""

from pathlib import Path
from urllib.parse import quote

from boostreg.errors import DataError, StudyError
from boostreg.report.pair import compare_runs, pair_lines, render_pair
from boostreg.study.files import write_text
from boostreg.study.index import is_ours, write_index
from boostreg.study.stored import as_a_run_leaves, read_results

__all__ = ["compare_folders"]


def compare_folders(
    a: Path, b: Path, out: Path | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Write the page that compares two runs; return its path and lines to print.

    Parameters
    ----------
    a, b : Path
        Folders that runs left.
    out : Path or None
        The page; by default ``compare-A-B.html`` in the folder that holds ``a``.

    Raises
    ------
    StudyError
        If both are the same folder.
    DataError
        If one holds no results of a run, or the page is not ours to replace.
    RunError
        If the page can not be written.
    """
    first, second = read_results(a), read_results(b)
    where = (a.resolve(), b.resolve())
    if where[0] == where[1]:
        raise StudyError(f"A and B must be two runs, both are {a}.")
    short = where[0].name, where[1].name
    names = (
        short
        if short[0] != short[1]
        else tuple(f"{p.parent.name}/{p.name}" for p in where)
    )
    page = out or where[0].parent / f"compare-{short[0]}-{short[1]}.html"
    if page.exists() and not (page.is_file() and is_ours(page)):
        raise DataError(f"{page} was not written by boostreg; name another with --out.")
    links = tuple(_link(page, path) for path in where)
    with as_a_run_leaves(a.parent):
        compared = compare_runs(first, second, (names[0], names[1]))
        content = render_pair(compared, first, second, (links[0], links[1]))
        lines = tuple(pair_lines(compared))
    write_text(page, content)
    _list_page(page)
    return page, lines


def _link(page: Path, run: Path) -> str:
    """Return the way from the page to a report; none leaves the page's own folder."""
    beside = page.resolve().parent == run.parent and (run / "report.html").exists()
    return (
        f"./{quote(run.name, safe='', errors='replace')}/report.html" if beside else ""
    )


def _list_page(page: Path) -> None:
    index = page.parent / "index.html"
    if index.is_file() and is_ours(index):
        write_index(page.parent)
