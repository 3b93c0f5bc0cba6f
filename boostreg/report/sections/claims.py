"""The claims of a study: a table of verdicts, and a part with a picture for each."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from boostreg.figures import (
    Curve,
    Figure,
    Ratio,
    VerdictRow,
    curve_panel,
    line_panel,
    measure_scale,
    ratio_chart,
    verdict_strip,
)
from boostreg.figures.scale import MISSING, significant
from boostreg.penalty.space import by_strength
from boostreg.report.claims import claims_sentences, quantity_words, tables_words
from boostreg.report.parts import ClaimData, ClaimFindingData
from boostreg.report.results import Results
from boostreg.report.wording import TextTable, capitalize, engine_name

__all__ = ["claim_rows", "claims_section"]


def claims_section(results: Results) -> dict[str, Any] | None:
    """Return the claims, None where a study makes none."""
    claims = results["claims"]
    if not claims:
        return None
    heads = ("claim", "statement", "engine", "verdict", "effect", "95% interval",
             "expected")  # fmt: skip
    rows = tuple(row for claim in claims for row in claim_rows(claim))
    parts, first = [], dict[str, str]()
    for claim in claims:
        # A picture is under the first claim that has it; the others link to that one.
        drawn = list(_pictures(claim))
        elsewhere = (first[f.svg] for _, f in drawn if f.svg in first)
        part = {
            "id": claim["id"],
            "says": claim["says"],
            "verdict": capitalize(claim["when"] or claim["verdict"]),
            "measured": claim["measured"],
            "expected": claim["expected"],
            "how": claim["how"],
            "resamples": claim["resamples"],
            "methods": list(dict.fromkeys(f["method"] for f in claim["findings"])),
            "places": list(_places(claim)),
            "tables": list(_tables(claim)),
            "strip": _strip(claim),
            "pictures": [pair for pair in drawn if pair[1].svg not in first],
            "elsewhere": list(dict.fromkeys(elsewhere)),
        }
        first = {figure.svg: claim["id"] for _, figure in drawn} | first
        parts.append(part)
    return {
        "id": "claims",
        "nav": "Claims and verdicts",
        "heading": claims_sentences(claims)[0].rstrip("."),
        "count": len(claims),
        "table": TextTable("Claims and their verdicts", heads, rows, (0, 1, 2, 3, 6)),
        "claims": parts,
    }


def claim_rows(claim: ClaimData) -> Iterator[tuple[str, ...]]:
    """Yield a row of text for each engine that a claim was measured with."""

    def effect(value: float | None) -> str:
        if value is None or not claim["share"]:
            return significant(value)
        return f"{significant(100 * value)}%"

    for finding in claim["findings"]:
        low, high = finding["low"], finding["high"]
        shown = f"{effect(low)} to {effect(high)}"
        if low is None or high is None:
            shown = f"at least {effect(low)}" if low is not None else MISSING
            shown = f"at most {effect(high)}" if high is not None else shown
        yield (
            claim["id"],
            claim["says"],
            _engine(finding) or MISSING,
            finding["verdict"],
            effect(finding["estimate"]),
            shown,
            claim["expected"],
        )


def _engine(finding: ClaimFindingData) -> str:
    return engine_name(finding["engine"]) if finding["engine"] else ""


def _places(claim: ClaimData) -> Iterator[str]:
    for finding in claim["findings"]:
        for penalty, values in finding["place"].items():
            ends = sorted({min(values), max(values)})
            where = " to ".join(map(significant, ends))
            yield f"{_engine(finding)}: {penalty} read at {where}"


def _tables(claim: ClaimData) -> Iterator[str]:
    """Yield a sentence for each engine on the tables in which the claim holds."""
    for finding in claim["findings"]:
        if words := tables_words(finding):
            yield capitalize(": ".join(filter(None, (_engine(finding), words)))) + "."


def _strip(claim: ClaimData) -> Figure:
    factor = 100 if claim["share"] else 1

    def scaled(*values: float | None) -> list[float | None]:
        return [None if value is None else factor * value for value in values]

    rows = [
        VerdictRow(f["engine"] or "", *scaled(f["estimate"], *_ends(f)))
        for f in claim["findings"]
    ]
    low, high = scaled(*claim["claimed"])
    unit = "effect in percent" if claim["share"] else "effect"
    return verdict_strip(rows, (low, high), unit=f"{unit}; shaded: as claimed")


def _ends(finding: ClaimFindingData) -> tuple[float | None, float | None]:
    """Return the ends of an interval; one of them is infinite for a bound."""
    low, high = finding["low"], finding["high"]
    if low is None and high is None:
        return None, None
    return -math.inf if low is None else low, math.inf if high is None else high


def _pictures(claim: ClaimData) -> Iterator[tuple[str, Figure]]:
    if claim["claim"]["kind"] == "path":
        yield from _paths(claim)
        return
    for finding in claim["findings"]:
        if finding.get("tables"):
            title = ": ".join(filter(None, (_engine(finding), "each table")))
            yield title, _forest(finding)
        series = finding["series"]
        for panel in claim["panels"]:
            if panel["x"] not in series:
                continue
            title = ": ".join(filter(None, (_engine(finding), panel["title"])))
            figure = line_panel(
                series[panel["x"]],
                [(label, series[name]) for name, label in panel["lines"].items()],
                title=title,
                x_label=panel["x_label"],
                y_label=panel["y_label"],
                x_log=panel["x_log"],
                y_log=panel["y_log"],
            )
            yield title, figure


def _forest(finding: ClaimFindingData) -> Figure:
    """Return the ratio on each table, their mean, and that of another table."""

    def row(name: str, changes: Sequence[float | None]) -> Ratio:
        ratio, low, high = (None if c is None else 1 + c for c in changes)
        return Ratio(name, ratio, low, high, engine=finding["engine"] or "")

    mean = finding["estimate"]
    rows = [
        row(one["name"], (one["estimate"], one["low"], one["high"]))
        for one in finding.get("tables", [])
    ]
    rows.append(row("mean", (mean, finding["low"], finding["high"])))
    if predicted := finding.get("predicted"):
        rows.append(row("another table (predicted)", (mean, *predicted)))
    return ratio_chart(rows, label="ratio to the reference, with 95% interval")


def _paths(claim: ClaimData) -> Iterator[tuple[str, Figure]]:
    """Yield the measure along each path, on one scale for both."""
    wanted = claim["claim"]
    measure, words = wanted["measure"], quantity_words(wanted["measure"])
    found = [f for f in claim["findings"] if f["series"]]
    if not found:
        return
    keys = {n: f"{measure}/{n}" for n in (wanted["along"], wanted["against"]) if n}
    scale = measure_scale(
        v for f in found for key in keys.values() for v in f["series"][key]
    )
    for name, key in keys.items():
        grid = by_strength(
            name, (v for f in found for v in f["series"][name] if v is not None)
        )
        curves = []
        for finding in found:
            series = finding["series"]
            at = dict(zip(series[name], series[key], strict=True))
            values = tuple(at.get(value) for value in grid)
            curves.append(Curve(finding["engine"] or "", values))
        figure = curve_panel(grid, curves, measure=words, penalty=name, y_scale=scale)
        yield f"{words} along {name}", figure
