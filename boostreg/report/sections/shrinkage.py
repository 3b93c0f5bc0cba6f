"""Effective shrinkage: how much of its weight a leaf keeps, along each penalty."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures import Curve, Figure, curve_panel, measure_scale
from boostreg.figures.numerals import MISSING, percent, significant
from boostreg.penalty.direction import by_strength
from boostreg.report.sections.tables import Table
from boostreg.report.sections.words import PICKS, dig, engine_name, number

__all__ = ["shrinkage_section"]

_ENDS = ("shrinkage_low", "shrinkage_high")


def shrinkage_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a panel for each penalty along which it was measured, if any."""
    effects = results.get("effects") or {}
    names = dict.fromkeys(name for found in effects.values() for name in found)
    panels = [
        (name, panel)
        for name in names
        if (panel := _panel(results, name, effects)) is not None
    ]
    if not panels:
        return None
    return {
        "id": "shrinkage",
        "nav": "Effective shrinkage",
        "heading": dig(results, "text", "headings", "shrinkage"),
        "engines": [engine for engine in effects if effects[engine]],
        "panels": panels,
        "table": _table(results),
    }


def _panel(
    results: Mapping[str, Any], name: str, effects: Mapping[str, Any]
) -> Figure | None:
    found = {e: v[name]["points"] for e, v in effects.items() if name in v}
    values = (float(p["value"]) for points in found.values() for p in points)
    grid = by_strength(name, values)
    curves = [
        _curve(engine, grid, points, _pick(results, engine, name))
        for engine, points in found.items()
    ]
    if not any(v is not None for curve in curves for v in curve.y):
        return None
    return curve_panel(
        grid,
        curves,
        measure="effective shrinkage",
        penalty=name,
        y_scale=measure_scale([0.0, 1.0]),
    )


def _pick(results: Mapping[str, Any], engine: str, name: str) -> float | None:
    return number(dig(results, "engines", engine, "one_se", "penalty", name))


def _curve(
    engine: str,
    grid: Sequence[float],
    points: Sequence[Mapping[str, Any]],
    pick: float | None,
) -> Curve:
    at = {float(p["value"]): p for p in points}
    aligned: list[Mapping[str, Any]] = [at.get(value, {}) for value in grid]
    low, high = (tuple(number(p.get(end)) for p in aligned) for end in _ENDS)
    known = any(v is not None for v in low)
    return Curve(
        engine,
        tuple(number(p.get("shrinkage")) for p in aligned),
        low if known else (),
        high if known else (),
        pick,
    )


def _table(results: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            f"{engine_name(engine)} {pick}",
            percent(number(size.get("shrinkage"))),
            _span(size),
            percent(number(size.get("zero_share"))),
            significant(number(size.get("l1_norm"))),
            significant(number(size.get("l2_norm"))),
        )
        for engine, found in results["engines"].items()
        for pick in PICKS
        if (size := dig(found, pick, "size"))
    )
    heads = (
        "model on all rows", "median leaf keeps", "10% to 90% of leaves",
        "leaves of weight 0", "L1 norm", "L2 norm",
    )  # fmt: skip
    return Table("Leaf weights of the picks, before the learning rate", heads, rows)


def _span(size: Mapping[str, Any]) -> str:
    low, high = (number(size.get(end)) for end in _ENDS)
    if low is None or high is None:
        return MISSING
    return f"{percent(low)} to {percent(high)}"
