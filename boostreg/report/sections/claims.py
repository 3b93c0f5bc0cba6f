"""The claims of a study: a table of verdicts, and a part with a picture for each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from boostreg.figures import (
    Curve,
    Figure,
    VerdictRow,
    curve_panel,
    line_panel,
    measure_scale,
    verdict_strip,
)
from boostreg.figures.scale import MISSING, significant
from boostreg.penalty.space import by_strength
from boostreg.report.claims import claims_sentences, quantity_words
from boostreg.report.results import ClaimData, ClaimFindingData, Results
from boostreg.report.sections.words import TextTable, engine_name

__all__ = ["claim_rows", "claims_section"]


def claims_section(results: Results) -> dict[str, Any] | None:
    """Return the claims, None where a study makes none."""
    claims = results["claims"]
    if not claims:
        return None
    return {
        "id": "claims",
        "nav": "Claims and verdicts",
        "heading": _heading(claims),
        "count": len(claims),
        "table": _table(claims),
        "claims": _parts(claims),
    }


def _heading(claims: Sequence[ClaimData]) -> str:
    return claims_sentences(claims)[0].rstrip(".")


def _table(claims: Iterable[ClaimData]) -> TextTable:
    rows = tuple(row for claim in claims for row in claim_rows(claim))
    heads = ("claim", "statement", "engine", "verdict", "effect", "95% interval",
             "expected")  # fmt: skip
    return TextTable("Claims and what came of them", heads, rows, (0, 1, 2, 3, 6))


def claim_rows(claim: ClaimData) -> Iterator[tuple[str, ...]]:
    """Yield a row of text for each engine that a claim was measured with."""
    for finding in claim["findings"]:
        yield (
            claim["id"],
            claim["says"],
            _engine(finding) or MISSING,
            finding["verdict"],
            _effect(claim, finding["estimate"]),
            _span(claim, finding),
            claim["expected"],
        )


def _engine(finding: ClaimFindingData) -> str:
    return engine_name(finding["engine"]) if finding["engine"] else ""


def _effect(claim: ClaimData, value: float | None) -> str:
    if value is None or not claim["share"]:
        return significant(value)
    return f"{significant(100 * value)}%"


def _span(claim: ClaimData, finding: ClaimFindingData) -> str:
    low, high = finding["low"], finding["high"]
    if low is None or high is None:
        return MISSING
    return f"{_effect(claim, low)} to {_effect(claim, high)}"


def _parts(claims: Iterable[ClaimData]) -> list[dict[str, Any]]:
    """Return the claims' parts; a picture stands under the first claim that has it."""
    first: dict[str, str] = {}
    parts = []
    for claim in claims:
        part = _part(claim)
        drawn = part["pictures"]
        part["pictures"] = [pair for pair in drawn if pair[1].svg not in first]
        part["elsewhere"] = list(
            dict.fromkeys(first[f.svg] for _, f in drawn if f.svg in first)
        )
        first = {figure.svg: claim["id"] for _, figure in drawn} | first
        parts.append(part)
    return parts


def _part(claim: ClaimData) -> dict[str, Any]:
    return {
        "id": claim["id"],
        "says": claim["says"],
        "verdict": _capital(claim["when"] or claim["verdict"]),
        "measured": claim["measured"],
        "expected": claim["expected"],
        "how": claim["how"],
        "resamples": claim["resamples"],
        "methods": list(dict.fromkeys(f["method"] for f in claim["findings"])),
        "places": list(_places(claim)),
        "strip": _strip(claim),
        "pictures": list(_pictures(claim)),
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]  # `capitalize` would spoil XGBoost


def _places(claim: ClaimData) -> Iterator[str]:
    for finding in claim["findings"]:
        for penalty, values in finding["place"].items():
            low, high = min(values), max(values)
            ends = significant(low)
            ends += f" to {significant(high)}" if high > low else ""
            yield f"{_engine(finding)}: {penalty} read at {ends}"


def _strip(claim: ClaimData) -> Figure:
    factor = 100 if claim["share"] else 1

    def scaled(value: float | None) -> float | None:
        return None if value is None else factor * value

    rows = [
        VerdictRow(
            f["engine"] or "",
            scaled(f["estimate"]),
            scaled(f["low"]),
            scaled(f["high"]),
        )
        for f in claim["findings"]
    ]
    low, high = map(scaled, claim["claimed"])
    unit = "effect in per cent" if claim["share"] else "effect"
    return verdict_strip(rows, (low, high), unit=f"{unit}; shaded: as claimed")


def _pictures(claim: ClaimData) -> Iterator[tuple[str, Figure]]:
    if claim["claim"]["kind"] == "path":
        yield from _paths(claim)
        return
    for finding in claim["findings"]:
        series = finding["series"]
        for panel in claim["panels"]:
            if panel["x"] not in series:
                continue
            lines = [(label, series[name]) for name, label in panel["lines"].items()]
            title = ": ".join(filter(None, (_engine(finding), panel["title"])))
            yield (
                title,
                line_panel(
                    series[panel["x"]],
                    lines,
                    title=title,
                    x_label=panel["x_label"],
                    y_label=panel["y_label"],
                    x_log=panel["x_log"],
                    y_log=panel["y_log"],
                ),
            )


def _paths(claim: ClaimData) -> Iterator[tuple[str, Figure]]:
    """Yield the measure along each path, on one scale for both."""
    said = claim["claim"]
    measure, words = said["measure"], quantity_words(said["measure"])
    names = [name for name in (said["along"], said["against"]) if name]
    found = [f for f in claim["findings"] if f["series"]]
    if not found:
        return
    keys = [f"{measure}/{name}" for name in names]
    scale = measure_scale(v for f in found for k in keys for v in f["series"][k])
    for name, key in zip(names, keys, strict=True):
        grid = by_strength(
            name, (v for f in found for v in f["series"][name] if v is not None)
        )
        curves = [
            Curve(
                f["engine"] or "", _aligned(grid, f["series"][name], f["series"][key])
            )
            for f in found
        ]
        figure = curve_panel(grid, curves, measure=words, penalty=name, y_scale=scale)
        yield f"{words} along {name}", figure


def _aligned(
    grid: Sequence[float],
    own: Sequence[float | None],
    values: Sequence[float | None],
) -> tuple[float | None, ...]:
    at = dict(zip(own, values, strict=True))
    return tuple(at.get(value) for value in grid)
