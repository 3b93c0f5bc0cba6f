"""Pages about several runs: the index of a folder, comparisons, and all claims."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import filelock

from boostreg.errors import DataError, RunError, StudyError, reason
from boostreg.report.index import index_row, render_index
from boostreg.report.pair import JudgedRows, compare_runs, pair_lines, render_pair
from boostreg.report.parts import ClaimData
from boostreg.report.questions import QUESTIONS, statement_of
from boostreg.report.results import Results
from boostreg.report.sections.claims import claim_rows
from boostreg.report.shell import GENERATOR
from boostreg.study.article import finding_words, is_article, plain
from boostreg.study.files import write_text
from boostreg.study.run import (
    damage_as_data_error,
    read_results,
    read_table,
    require_runs,
    runs_in,
)

__all__ = [
    "Index",
    "claim_lines",
    "claims_page",
    "compare_folders",
    "write_claims_page",
    "write_index",
]


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


_HEADS = ("claim", "statement", "engine", "verdict", "effect", "95% interval",
          "expected", "effect is", "study")  # fmt: skip
_NARROW = [name for name in _HEADS if name != "effect is"]
_WIDEST = 46
_ABOUT = (
    "Written by `boostreg claims --write` from the results of the runs next to this "
    "page; do not edit. A claim is supported if the whole 95% interval shows an effect "
    "of at least the required size, refuted if the whole interval falls short of it, "
    "and otherwise not settled. An identity (expected: identical) has no interval: it "
    "is supported if the largest deviation of all resamples is within rounding, and "
    "otherwise refuted. Verdicts are not adjusted for the number of claims. A claim "
    "over many tables is about their random-effects mean; the number of tables in "
    "which it holds by itself, and a prediction for another table, are next to it."
)

_OURS = b"`boostreg claims --write`"
_Row = tuple[str, ...]


def claim_lines(folder: Path) -> Iterator[str]:
    """Yield the claims of all runs in ``folder`` as the lines of a table.

    Raises DataError if no run in ``folder`` has a claim.
    """
    table = [_NARROW]
    for row in _rows(folder):
        cells = [row[_HEADS.index(name)] for name in _NARROW]
        table.append(
            [c if len(c) <= _WIDEST else f"{c[: _WIDEST - 1]}…" for c in cells]
        )
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join(padded).rstrip()


def claims_page(folder: Path) -> str:
    """Return the claims of all runs in ``folder`` as a page of Markdown.

    It begins with the findings by question where the claims are those of the article.
    """
    lines = ["# Claims and verdicts", "", _ABOUT, ""]
    lines += _questions(folder)
    lines += [_line(_HEADS), _line(tuple("---" for _ in _HEADS))]
    for row in _rows(folder):
        name, *cells, study = map(plain, row)
        page = f"{quote(row[-1], safe='', errors='replace')}/report.html"
        lines.append(
            _line(
                (f"[{name}]({_place(row[0], row[-1])})", *cells, f"[{study}]({page})")
            )
        )
    return "\n".join(lines) + "\n"


def _place(claim: str, study: str) -> str:
    page = f"{quote(study, safe='', errors='replace')}/report.html"
    return f"{page}#{quote(f'claim-{claim}', safe='', errors='replace')}"


def _questions(folder: Path) -> Iterator[str]:
    """Yield the findings by question of the article, nothing for other claims."""
    claims = sorted(_claims(folder), key=lambda pair: _natural(pair[0]["id"]))
    if not is_article([claim for claim, _ in claims]):
        return
    for question, statements in QUESTIONS.items():
        yield f"## {question}"
        yield ""
        for name, statement in statements.items():
            mine = [pair for pair in claims if statement_of(pair[0]["id"]) == name]
            links = {
                claim["id"]: f"[{plain(claim['id'])}]({_place(claim['id'], study)})"
                for claim, study in mine
            }
            found = finding_words([claim for claim, _ in mine], links)
            yield f"- **{name}. {plain(statement)}** {found}"
        yield ""
    yield "## All claims"
    yield ""


def write_claims_page(folder: Path) -> Path:
    """Write ``README.md`` into a folder of runs, and return its path.

    Raises DataError if no run has a claim, or there is a README that is not ours.
    """
    page, content = folder / "README.md", claims_page(folder)
    if page.exists() and not (page.is_file() and _OURS in page.read_bytes()):
        raise DataError(
            f"{page} was not written by boostreg and was not changed; move it away to "
            "get a table of the claims."
        )
    write_text(page, content)
    return page


def _claims(folder: Path) -> Iterator[tuple[ClaimData, str]]:
    """Yield the claims of all runs in a folder, each with the name of its run."""
    require_runs(folder)
    for run in runs_in(folder):
        results = read_results(run)
        with damage_as_data_error(run):
            yield from ((claim, run.name) for claim in results["claims"])


def _rows(folder: Path) -> list[_Row]:
    rows = [
        (*row, claim["measured"], study)
        for claim, study in _claims(folder)
        for row in claim_rows(claim)
    ]
    if not rows:
        raise DataError(f"{folder} contains no claim: no run in it has `claims`.")
    return sorted(rows, key=lambda row: (_natural(row[0]), row[-1]))


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a sort key with A2 before A10.

    >>> sorted(["A10", "A2", "A2.b"], key=_natural)
    ['A2', 'A2.b', 'A10']
    """
    parts = re.findall(r"\d+|\D+", name)
    # Python refuses to parse numbers with thousands of digits.
    return tuple((int(p[:999]), "") if p.isdigit() else (-1, p) for p in parts)


def _line(cells: _Row) -> str:
    return f"| {' | '.join(cells)} |"
