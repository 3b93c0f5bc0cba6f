"""The article whose statements the shipped claims test, by its questions.

An id such as ``B6`` is that of a statement; claims on it are ``B6`` and ``B6.NAME``.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from boostreg.claims.verdict import Verdict
from boostreg.figures.scale import MISSING
from boostreg.report.claims import tables_words
from boostreg.report.parts import ClaimData
from boostreg.report.sections.claims import claim_rows
from boostreg.report.wording import capitalize

__all__ = ["QUESTIONS", "finding_words", "is_article", "plain", "statement_of"]

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "Are the penalties priors, and which weights do they leave?": {
        "A1": "A zero-mean normal prior on each weight is the L2 penalty.",
        "A2": "A Laplace prior is the L1 penalty.",
        "A3": "A uniform prior leaves maximum likelihood.",
        "A4": "L1 sets most weights to exactly zero, L2 spreads weight evenly.",
        "A5": "The Laplace tails leave large weights large.",
    },
    "What do they do in linear models?": {
        "A6": "L1 can be used to select features.",
        "B1": "L1 copes with collinear features.",
        "B2": "Penalties in an SVM trade the margin for generalization, and L1 and L2 "
        "differ.",
    },
    "What do they do in neural networks?": {
        "B3": "L2 is weight decay; L1 gives sparse weights.",
        "C3": "L1 can kill neurons, and that harms the network.",
    },
    "What do they do in boosted ensembles?": {
        "B4": "L1 and L2 limit the size of individual trees.",
        "B5": "L1 shrinks the weights of the weak learners.",
        "B6": "L2 penalises the number of leaves.",
    },
    "How do they act on a weight, and on its training?": {
        "C1": "One L2 step shrinks each weight in proportion to it, one L1 step takes "
        "a constant from it.",
        "C2": "Under L2 large weights fall faster than small ones, under L1 small ones "
        "vanish first.",
        "C4": "The kink at zero makes gradient descent less effective under L1.",
    },
    "Are penalised models smoother, and better on new data?": {
        "C5": "L2 gives smoother decision boundaries.",
        "D1": "Penalties move the optimum away from the unpenalised one: worse on "
        "training data, better on new data.",
        "D2": "How far: for L2, (H + lambda I)^-1 H w*; for L1 with a diagonal H, "
        "sign(w*) max(abs(w*) - alpha/H, 0).",
    },
}
"""Statements by question and id."""


def statement_of(claim: str) -> str:
    """Return the id of the statement that a claim tests.

    >>> statement_of("B6.tables-gain")
    'B6'
    """
    return claim.partition(".")[0]


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
