"""What the shipped claims found, by the statements of the article that they test."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from boostreg.claims.verdict import Verdict
from boostreg.figures.scale import MISSING
from boostreg.report.claims import tables_words
from boostreg.report.parts import ClaimData
from boostreg.report.questions import QUESTIONS, statement_of
from boostreg.report.sections.claims import claim_rows
from boostreg.report.wording import capitalize

__all__ = ["finding_words", "is_article", "plain"]


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
