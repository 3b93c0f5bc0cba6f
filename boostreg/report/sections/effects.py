"""What each penalty does: three panels a penalty, one line an engine."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from boostreg.figures import (
    Curve,
    Figure,
    Part,
    Scale,
    curve_panel,
    measure_scale,
    parts_panel,
    parts_scale,
    robust_high,
)
from boostreg.figures.numerals import count, fixed
from boostreg.penalty.direction import by_strength
from boostreg.report.sections.effect_tables import (
    elsewhere_table,
    path_table,
    works_table,
)
from boostreg.report.sections.words import PENALTY_WORDS, dig, engine_name, number

__all__ = ["effects_section", "strongest_first"]

Points = Sequence[Mapping[str, Any]]
Found = Mapping[str, Mapping[str, Any]]

_PARTS = ("shrinkage", "structure")
_SQUEEZED = 0.45
"""Losses end where the nearest four fifths would take less of the axis than this."""


def effects_section(
    results: Mapping[str, Any], paths: Sequence[Mapping[str, Any]], places: int
) -> dict[str, Any] | None:
    """Return a row for each penalty with a path, None where there is none."""
    effects = results.get("effects") or {}
    names = strongest_first(effects)
    if not names:
        return None
    scales = _shared_scales(effects)
    return {
        "id": "effects",
        "nav": "What each penalty does",
        "heading": dig(results, "text", "headings", "effects"),
        "loss": dig(results, "data", "loss") or "loss",
        "engines": [engine for engine in effects if effects[engine]],
        "folds": _folds(paths),
        "cut": _is_cut(effects, scales["loss"]),
        "equal": any(
            _equal(effect) for found in effects.values() for effect in found.values()
        ),
        "parts": any(
            effect.get("mechanism")
            for found in effects.values()
            for effect in found.values()
        ),
        "rows": [_row(results, name, scales, places) for name in names],
    }


def strongest_first(effects: Mapping[str, Found]) -> list[str]:
    """Return the penalties of any engine, the strongest first."""
    names = dict.fromkeys(name for found in effects.values() for name in found)
    return sorted(names, key=lambda name: _strength(effects, name))


def _folds(paths: Sequence[Mapping[str, Any]]) -> int:
    return len({(row.get("outer_fold"), row.get("inner_fold")) for row in paths})


def _points(effects: Mapping[str, Found]) -> Iterable[Mapping[str, Any]]:
    for found in effects.values():
        for effect in found.values():
            yield from effect["points"]


def _strength(effects: Mapping[str, Found], name: str) -> float:
    """Return the largest share of the loss that a penalty takes away, as it sorts.

    The strongest comes first: that of the most negative difference to its first value.
    """
    shares = [
        difference / (loss - difference)
        for found in effects.values()
        for point in (found.get(name) or {}).get("points", ())
        if (difference := number(point.get("difference"))) is not None
        if (loss := number(point.get("loss"))) is not None and loss != difference
    ]
    return min(shares, default=0.0)


def _equal(effect: Mapping[str, Any]) -> Points:
    """Return the points of the same path read at equal rounds, if it was."""
    for other in effect.get("others") or ():
        if (other.get("anchor"), other.get("reading")) == ("fixed", "equal"):
            points: Points = other["points"]
            return points
    return ()


def _shared_scales(effects: Mapping[str, Found]) -> dict[str, Scale]:
    """Return one scale a measure for all penalties, so that rows compare."""
    points = list(_points(effects))
    gaps = [number(p.get("gap")) for p in points]
    losses = [number(p.get("loss")) for p in points]
    # No loss is below 0, though an interval of few folds may reach there.
    bands = [max(edge, 0.0) for p in points for edge in _band(p) if edge is not None]
    leaves = [number(p.get("leaves")) for p in points]
    return {
        "leaves": measure_scale(leaves, log=True, floor=1.0),
        "loss": measure_scale(
            [*losses, *bands], cut=robust_high([*losses, *bands], _SQUEEZED)
        ),
        "gap": measure_scale(gaps, cut=robust_high(gaps)),
    }


def _is_cut(effects: Mapping[str, Found], scale: Scale) -> bool:
    losses = (number(p.get("loss")) for p in _points(effects))
    return any(loss is not None and loss > scale.high for loss in losses)


def _band(
    point: Mapping[str, Any], measure: str = "loss"
) -> tuple[float | None, float | None]:
    """Return the interval of the paired difference, carried to the measure's axis."""
    value = number(point.get(measure))
    if measure == "leaves":
        return _ratio_band(point, value)
    if measure == "loss":
        ends = [number(point.get(key)) for key in ("difference", "low", "high")]
    else:
        found = dig(point, "differences", measure) or (None, None, None)
        ends = [number(end) for end in found]
    difference, low, high = ends
    if value is None or difference is None or low is None or high is None:
        return (None, None)
    return (value - difference + low, value - difference + high)


def _ratio_band(
    point: Mapping[str, Any], leaves: float | None
) -> tuple[float | None, float | None]:
    found = dig(point, "leaves_change") or (None, None, None)
    change, low, high = (number(end) for end in found)
    if leaves is None or change is None or low is None or high is None:
        return (None, None)
    at_first = leaves / (1 + change)
    return (at_first * (1 + low), at_first * (1 + high))


def _row(
    results: Mapping[str, Any], name: str, scales: Mapping[str, Scale], places: int
) -> dict[str, Any]:
    found = {e: v[name] for e, v in results["effects"].items() if name in v}
    values = (float(p["value"]) for v in found.values() for p in v["points"])
    grid = by_strength(name, values)
    aligned = {e: _aligned(grid, v["points"]) for e, v in found.items()}
    picked = {e: _picked(results, e, name) for e in found}
    return {
        "penalty": name,
        "words": PENALTY_WORDS.get(name, ""),
        "said": [_said(engine, effect) for engine, effect in found.items()],
        "panels": [
            curve_panel(
                grid,
                [_curve(e, measure, aligned[e], picked[e], found[e]) for e in found],
                measure=measure,
                penalty=name,
                y_scale=scales[measure],
            )
            for measure in ("leaves", "loss", "gap")
        ],
        "parts": _parts(name, found),
        "table": path_table(name, found, places),
        "works": works_table(name, found, places),
        "elsewhere": elsewhere_table(name, found, places),
        "grid": grid,
        "readings": _readings(aligned, len(grid), places),
        "start": _nearest(grid, [v for v in picked.values() if v is not None]),
    }


def _said(engine: str, effect: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": engine_name(engine),
        "engine": engine,
        "verdict": effect.get("verdict") or "",
        "sentence": effect.get("sentence") or "",
        "alone": dig(effect, "outer", "sentence") or "",
    }


def _aligned(grid: Sequence[float], points: Points) -> list[Mapping[str, Any]]:
    at = {float(p["value"]): p for p in points}
    return [at.get(value, {}) for value in grid]


def _picked(results: Mapping[str, Any], engine: str, name: str) -> float | None:
    return number(dig(results, "engines", engine, "one_se", "penalty", name))


def _curve(
    engine: str,
    measure: str,
    points: Points,
    pick: float | None,
    effect: Mapping[str, Any],
) -> Curve:
    values = tuple(number(p.get(measure)) for p in points)
    low, high = zip(*(_band(p, measure) for p in points), strict=True)
    known = any(end is not None for end in low)
    grid = [number(p.get("value")) for p in points]
    at = {number(p.get("value")): number(p.get(measure)) for p in _equal(effect)}
    safe = effect.get("safe") if measure == "loss" else None
    return Curve(
        engine,
        values,
        low if known else (),
        high if known else (),
        pick,
        (safe[0], safe[1]) if safe else None,
        tuple(at.get(value) for value in grid) if at else (),
    )


def _parts(name: str, found: Found) -> list[tuple[str, Figure]]:
    """Return for each engine what shrinkage and structure do to the loss, if known."""
    works = {e: v["mechanism"] for e, v in found.items() if v.get("mechanism")}
    parts = {e: _parts_of(points) for e, points in works.items()}
    scale = parts_scale([part for both in parts.values() for part in both.values()])
    return [
        (
            engine,
            parts_panel(
                [float(point["value"]) for point in works[engine]],
                both,
                engine=engine,
                penalty=name,
                y_scale=scale,
            ),
        )
        for engine, both in parts.items()
    ]


def _parts_of(points: Points) -> dict[str, Part]:
    def part(key: str, *, banded: bool) -> Part:
        y, low, high = (
            tuple(number(dig(point, key, "loss", end)) for point in points)
            for end in ("difference", "low", "high")
        )
        return Part(y, low, high) if banded else Part(y)

    return {name: part(name, banded=True) for name in _PARTS} | {
        "both": part("total", banded=False)
    }


def _readings(
    aligned: Mapping[str, Points], n_points: int, places: int
) -> list[list[str]]:
    return [
        [_reading(engine, points[k], places) for engine, points in aligned.items()]
        for k in range(n_points)
    ]


def _reading(engine: str, point: Mapping[str, Any], places: int) -> str:
    if not point:
        return f"{engine_name(engine)}: not measured here"
    leaves = count(number(point.get("leaves")))
    loss = fixed(number(point.get("loss")), places)
    gap = fixed(number(point.get("gap")), places)
    return f"{engine_name(engine)}: {leaves} leaves, loss {loss}, gap {gap}"


def _nearest(grid: Sequence[float], picked: Sequence[float]) -> int:
    if not picked:
        return 0
    return min(range(len(grid)), key=lambda k: abs(grid[k] - picked[0]))
