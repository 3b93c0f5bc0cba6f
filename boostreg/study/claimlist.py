"""All claims of the runs in a folder: for the terminal, and as a page kept in git."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from boostreg.errors import DataError
from boostreg.report.sections.claims import claim_rows
from boostreg.study.files import write_text
from boostreg.study.stored import (
    as_a_run_leaves,
    read_results,
    refuse_no_runs,
    runs_in,
)

__all__ = ["claim_lines", "claims_page", "write_claims_page"]

_HEADS = ("claim", "statement", "engine", "verdict", "effect", "95% interval",
          "expected", "effect is", "study")  # fmt: skip
_NARROW = [name for name in _HEADS if name != "effect is"]
_WIDEST = 46
_ABOUT = (
    "Written by `boostreg claims --write` from the results of the runs beside this "
    "page; not to be edited. A claim is supported where the whole 95% interval shows "
    "an effect of at least the size that counts, refuted where the whole interval "
    "falls short of it, and not settled else. Verdicts are not adjusted for their "
    "number."
)

_MARKUP = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")
_OURS = b"`boostreg claims --write`"
_Row = tuple[str, ...]


def claim_lines(folder: Path) -> Iterator[str]:
    """Yield the claims of all runs in ``folder`` as the lines of a table.

    Raises
    ------
    DataError
        If the folder is not there, or no run in it makes a claim.
    """
    kept = [_HEADS.index(name) for name in _NARROW]
    cut = ([_short(row[k]) for k in kept] for row in _rows(folder))
    rows: list[Sequence[str]] = [_NARROW, *cut]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def claims_page(folder: Path) -> str:
    """Return the claims of all runs in ``folder`` as a page of Markdown.

    Raises
    ------
    DataError
        As ``claim_lines``.
    """
    lines = [
        "# Claims and what came of them",
        "",
        _ABOUT,
        "",
        _line(_HEADS),
        _line(tuple("---" for _ in _HEADS)),
        *(_line(_linked(row)) for row in _rows(folder)),
    ]
    return "\n".join(lines) + "\n"


def write_claims_page(folder: Path) -> Path:
    """Write ``README.md`` into a folder of runs, and return its path.

    Raises
    ------
    DataError
        As ``claim_lines``, or if there is a README of another's making.
    RunError
        If it can not be written.
    """
    page, content = folder / "README.md", claims_page(folder)
    if page.exists() and not (page.is_file() and _OURS in page.read_bytes()):
        raise DataError(
            f"{page} was not written by boostreg and stays as it is; move it away to "
            "have a table of the claims."
        )
    write_text(page, content)
    return page


def _rows(folder: Path) -> list[_Row]:
    refuse_no_runs(folder)
    rows = [row for run in runs_in(folder) for row in _rows_of(run)]
    if not rows:
        raise DataError(
            f"{folder} holds no claim: no run in it makes one under `claims`."
        )
    return sorted(rows, key=lambda row: (_natural(row[0]), row[-1]))


def _rows_of(run: Path) -> list[_Row]:
    results = read_results(run)
    with as_a_run_leaves(run):
        return [
            (*row, claim["measured"], run.name)
            for claim in results.get("claims") or []
            for row in claim_rows(claim)
        ]


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key by which A2 stands before A10.

    >>> sorted(["A10", "A2", "A2.b"], key=_natural)
    ['A2', 'A2.b', 'A10']
    """
    parts = re.findall(r"\d+|\D+", name)
    # Python refuses to read a number of thousands of digits.
    return tuple((int(p[:999]), "") if p.isdigit() else (-1, p) for p in parts)


def _linked(row: _Row) -> _Row:
    name, study = row[0], row[-1]
    page = f"{quote(study, safe='', errors='replace')}/report.html"
    anchor = quote(f"claim-{name}", safe="", errors="replace")
    cells = tuple(map(_plain, row[1:-1]))
    return (f"[{_plain(name)}]({page}#{anchor})", *cells, f"[{_plain(study)}]({page})")


def _plain(text: str) -> str:
    r"""Return text that Markdown shows as it is, in one cell of a table.

    >>> print(_plain("<b> of [a](b) | c"), _plain("two\nlines"))
    &lt;b&gt; of \[a\](b) \| c two lines
    """
    line = " ".join(text.split()).replace("&", "&amp;")
    line = line.replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\g<0>", line)


def _line(cells: _Row) -> str:
    return f"| {' | '.join(cells)} |"


def _short(cell: str) -> str:
    return cell if len(cell) <= _WIDEST else f"{cell[: _WIDEST - 1]}…"
