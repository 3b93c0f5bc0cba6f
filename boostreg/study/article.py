"""The page of all claims of a folder: by question of the article, and as a table."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args
from urllib.parse import quote

from boostreg.claims.verdict import Verdict
from boostreg.errors import DataError
from boostreg.figures.scale import MISSING
from boostreg.report.claims import tables_words
from boostreg.report.parts import ClaimData
from boostreg.report.questions import QUESTIONS, statement_of
from boostreg.report.sections.claims import claim_rows
from boostreg.report.wording import capitalize
from boostreg.study.files import write_text
from boostreg.study.run import (
    damage_as_data_error,
    read_results,
    require_runs,
    runs_in,
)

__all__ = [
    "claim_lines", "claims_page", "finding_words", "is_article", "plain",
    "write_claims_page",
]  # fmt: skip


def is_article(claims: Sequence[ClaimData]) -> bool:
    """Return whether all statements of the article are tested, and no others."""
    known = {name for statements in QUESTIONS.values() for name in statements}
    return {statement_of(claim["id"]) for claim in claims} == known


def plain(text: str) -> str:
    r"""Escape text for one cell of a Markdown table.

    >>> print(plain("<b> of [a](b) | c"), plain("two\nlines"))
    &lt;b&gt; of \[a\](b) \| c two lines
    """
    line = " ".join(text.split()).replace("&", "&amp;")
    line = line.replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\g<0>", line)


def finding_words(claims: Sequence[ClaimData], links: Mapping[str, str]) -> str:
    """Return what the claims on one statement found, in Markdown.

    The first claim is quoted with its effect, and so is that over many tables. Others
    are counted, and refuted ones quoted. ``links`` has the link to each claim by id.
    """
    first, *others = claims
    over = [one for one in others if one["id"] == f"{statement_of(first['id'])}.tables"]
    parts = [_quoted(one, links) for one in (first, *over)]
    rest = [one for one in others if one not in over]
    counts = Counter(one["verdict"] for one in rest)
    if rest:
        counted = [f"{counts[v]} {v}" for v in get_args(Verdict) if counts[v]]
        noun = "claim" if len(rest) == 1 else "claims"
        parts.append(f"{len(rest)} more {noun}: {', '.join(counted)}.")
    if counts["refuted"]:
        refuted = (one for one in rest if one["verdict"] == "refuted")
        quoted = (f"{plain(one['says'])} ({links[one['id']]})" for one in refuted)
        parts.append(f"Refuted: {'; '.join(quoted)}.")
    return " ".join(parts)


def _quoted(claim: ClaimData, links: Mapping[str, str]) -> str:
    effects = []
    rows = zip(claim["findings"], claim_rows(claim), strict=True)
    for finding, (_, _, engine, _, effect, interval, _) in rows:
        words = effect if engine == MISSING else f"{engine} {effect}"
        known = finding["low"] is not None or finding["high"] is not None
        words += f", {interval}" if known else ""
        tables = tables_words(finding)
        effects.append(f"{words}, {tables}" if tables else words)
    verdict = claim["when"] or claim["verdict"]
    many = any(finding.get("tables") for finding in claim["findings"])
    shown = f"Over many tables **{verdict}**" if many else f"**{capitalize(verdict)}**"
    return f"{shown} ({links[claim['id']]}: {'; '.join(map(plain, effects))})."


_MARKUP = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")


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
