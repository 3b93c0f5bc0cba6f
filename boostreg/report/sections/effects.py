"""The tables behind the curves of a penalty."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from boostreg.figures import (
    Curve,
    Figure,
    PartCurve,
    Scale,
    curve_panel,
    measure_scale,
    parts_panel,
    parts_scale,
    robust_high,
)
from boostreg.figures.scale import MISSING, count, fixed, percent, signed, significant
from boostreg.penalty.space import by_strength
from boostreg.report.results import (
    ChangeData,
    DifferenceData,
    EffectData,
    EffectPointData,
    MechanismPointData,
    PathData,
    Results,
    SizeData,
)
from boostreg.report.sections.words import (
    PENALTY_WORDS,
    PICKS,
    TextTable,
    engine_name,
    span,
)
from boostreg.report.wording import format_change

__all__ = [
    "effects_section",
    "elsewhere_table",
    "matters_table",
    "path_table",
    "shrinkage_section",
    "strongest_first",
    "works_table",
]

Found = Mapping[str, EffectData]
"""Effects of one penalty by engine, or those of one engine by penalty."""

_Column = Literal[
    "trees", "rounds", "depth", "features", "l1_norm", "l2_norm", "zero_share",
    "shrinkage",
]  # fmt: skip
_COLUMNS: tuple[_Column, ...] = (
    "trees", "rounds", "depth", "features", "l1_norm", "l2_norm", "zero_share",
    "shrinkage",
)  # fmt: skip


def path_table(name: str, found: Found, places: int) -> TextTable:
    """Return every point of the path, one row an engine."""
    rows = [
        (
            significant(p["value"]),
            engine_name(engine),
            count(p["leaves"]),
            fixed(p["loss"], places),
            signed(p["difference"], places),
            span(p, places, sign=True),
            fixed(p["train_loss"], places),
            fixed(p["gap"], places),
            *(_size(column, p[column]) for column in _COLUMNS),
        )
        for engine, effect in found.items()
        for p in effect["points"]
    ]
    heads = (
        name, "engine", "leaves", "loss", "difference", "95% interval", "train loss",
        "gap", *(column.replace("_", " ") for column in _COLUMNS),
    )  # fmt: skip
    return TextTable(
        f"The path of {name}: means over folds", heads, tuple(rows), (0, 1)
    )


def works_table(name: str, found: Found, places: int) -> TextTable | None:
    """Return shrinkage and structure effects, None where they were not measured."""
    rows = [
        (
            significant(point["value"]),
            engine_name(engine),
            *(_difference(point[part]["loss"], places) for part in _PARTS),
            # New leaves on given trees change none of their number.
            _difference(point["structure"]["leaves"], 0),
            *(signed(point[part]["l2_norm"]["difference"], 2) for part in _PARTS[:2]),
        )
        for engine, effect in found.items()
        for point in effect["mechanism"] or ()
    ]
    both = ("shrinkage", "structure", "both")
    heads = (
        name, "engine", *(f"loss, {part}" for part in both), "leaves, structure",
        *(f"L2 norm, {part}" for part in both[:2]),
    )  # fmt: skip
    caption = f"How {name} works: its effects on loss and size in two parts"
    return TextTable(caption, heads, tuple(rows), (0, 1)) if rows else None


def elsewhere_table(name: str, found: Found, places: int) -> TextTable | None:
    """Return the lowest point of every path of a penalty, None if there is but one."""
    rows = [
        _lowest(engine, path, places)
        for engine, effect in found.items()
        if effect["others"]
        for path in (effect, *effect["others"])
        if path["flat"]
    ]
    heads = (
        "around", "read", "engine", "lowest at", "difference to first", "leaves",
        "flat", "verdict",
    )  # fmt: skip
    caption = f"{name} elsewhere: the lowest point of each path"
    return TextTable(caption, heads, tuple(rows), (0, 1, 2, 7)) if rows else None


def _lowest(engine: str, path: PathData, places: int) -> tuple[str, ...]:
    low = min(
        path["points"], key=lambda p: math.inf if p["loss"] is None else p["loss"]
    )
    return (
        _ANCHORS[path["anchor"]],
        _READINGS[path["reading"]],
        engine_name(engine),
        significant(low["value"]),
        _difference(low, places),
        count(low["leaves"]),
        " to ".join(map(significant, path["flat"])),
        path["verdict"],
    )


_Part = Literal["shrinkage", "structure", "total"]
_PARTS: tuple[_Part, ...] = ("shrinkage", "structure", "total")
_ANCHORS = {"fixed": "fixed values", "tuned": "tuned best"}
_READINGS = {"stopped": "where each stops", "equal": "at equal rounds"}


def _difference(interval: DifferenceData, places: int) -> str:
    difference = signed(interval["difference"], places)
    return f"{difference} ({span(interval, places, sign=True)})"


def _size(column: str, value: float | None) -> str:
    if column.endswith("share"):
        return percent(value)
    if column in ("l1_norm", "l2_norm", "shrinkage"):
        return significant(value)
    return count(value)


Points = Sequence[EffectPointData]
Aligned = Sequence[EffectPointData | None]
"""Points in the order of a grid, None where an engine has none."""
Measure = Literal["leaves", "loss", "gap"]
MEASURES: tuple[Measure, ...] = ("leaves", "loss", "gap")
Band = tuple[float, float] | tuple[None, None]

_SQUEEZED = 0.45
"""Losses end where the nearest four fifths would take less of the axis than this."""


def effects_section(
    results: Results, paths: Sequence[Mapping[str, object]], places: int
) -> dict[str, Any] | None:
    """Return a row for each penalty with a path, None where there is none."""
    effects = results["effects"]
    names = strongest_first(effects)
    if not names:
        return None
    scales = _shared_scales(effects)
    return {
        "id": "effects",
        "nav": "What each penalty does",
        "heading": results["text"]["headings"]["effects"],
        "loss": results["data"]["loss"],
        "engines": [engine for engine in effects if effects[engine]],
        "folds": _folds(paths),
        "cut": _is_cut(effects, scales["loss"]),
        "equal": any(
            _equal(effect) for found in effects.values() for effect in found.values()
        ),
        "parts": any(
            effect["mechanism"]
            for found in effects.values()
            for effect in found.values()
        ),
        "rows": [_row(results, name, scales, places) for name in names],
    }


def strongest_first(effects: Mapping[str, Found]) -> list[str]:
    """Return the penalties of any engine, the strongest first."""
    names = dict.fromkeys(name for found in effects.values() for name in found)
    return sorted(names, key=lambda name: _strength(effects, name))


def _folds(paths: Sequence[Mapping[str, object]]) -> int:
    return len({(row["outer_fold"], row["inner_fold"]) for row in paths})


def _points(effects: Mapping[str, Found]) -> Iterable[EffectPointData]:
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
        if name in found
        for point in found[name]["points"]
        if (difference := point["difference"]) is not None
        if (loss := point["loss"]) is not None and loss != difference
    ]
    return min(shares, default=0.0)


def _equal(effect: EffectData) -> Points:
    """Return the points of the same path read at equal rounds, if it was."""
    for other in effect["others"]:
        if (other["anchor"], other["reading"]) == ("fixed", "equal"):
            return other["points"]
    return ()


def _shared_scales(effects: Mapping[str, Found]) -> dict[str, Scale]:
    """Return one scale a measure for all penalties, so that rows compare."""
    points = list(_points(effects))
    gaps = [p["gap"] for p in points]
    losses = [p["loss"] for p in points]
    # No loss is below 0, though an interval of few folds may reach there.
    bands = [max(edge, 0.0) for p in points for edge in _band(p) if edge is not None]
    leaves = [p["leaves"] for p in points]
    return {
        "leaves": measure_scale(leaves, log=True, floor=1.0),
        "loss": measure_scale(
            [*losses, *bands], cut=robust_high([*losses, *bands], _SQUEEZED)
        ),
        "gap": measure_scale(gaps, cut=robust_high(gaps)),
    }


def _is_cut(effects: Mapping[str, Found], scale: Scale) -> bool:
    losses = (p["loss"] for p in _points(effects))
    return any(loss is not None and loss > scale.high for loss in losses)


def _band(point: EffectPointData, measure: Measure = "loss") -> Band:
    """Return the interval of the paired difference, carried to the measure's axis."""
    value = point[measure]
    if measure == "leaves":
        return _ratio_band(point, value)
    difference, low, high = point["differences"][measure]
    if value is None or difference is None or low is None or high is None:
        return (None, None)
    return (value - difference + low, value - difference + high)


def _ratio_band(point: EffectPointData, leaves: float | None) -> Band:
    change, low, high = point["leaves_change"]
    if leaves is None or change is None or low is None or high is None:
        return (None, None)
    at_first = leaves / (1 + change)
    return (at_first * (1 + low), at_first * (1 + high))


def _row(
    results: Results, name: str, scales: Mapping[str, Scale], places: int
) -> dict[str, Any]:
    found = {e: v[name] for e, v in results["effects"].items() if name in v}
    values = (p["value"] for v in found.values() for p in v["points"])
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
            for measure in MEASURES
        ],
        "parts": _parts(name, found),
        "table": path_table(name, found, places),
        "works": works_table(name, found, places),
        "elsewhere": elsewhere_table(name, found, places),
        "grid": grid,
        "readings": _readings(aligned, len(grid), places),
        "start": _nearest(grid, [v for v in picked.values() if v is not None]),
    }


def _said(engine: str, effect: EffectData) -> dict[str, str]:
    return {
        "name": engine_name(engine),
        "engine": engine,
        "verdict": effect["verdict"],
        "sentence": effect["sentence"],
        "alone": effect["outer"]["sentence"] if effect["outer"] else "",
    }


def _aligned(grid: Sequence[float], points: Points) -> Aligned:
    at = {p["value"]: p for p in points}
    return [at.get(value) for value in grid]


def _picked(results: Results, engine: str, name: str) -> float | None:
    return results["engines"][engine]["one_se"]["penalty"].get(name)


def _curve(
    engine: str,
    measure: Measure,
    points: Aligned,
    pick: float | None,
    effect: EffectData,
) -> Curve:
    values = tuple(p and p[measure] for p in points)
    bands = [_band(p, measure) if p else (None, None) for p in points]
    low, high = zip(*bands, strict=True)
    known = any(end is not None for end in low)
    at = {p["value"]: p[measure] for p in _equal(effect)}
    safe = effect["safe"] if measure == "loss" else None
    return Curve(
        engine,
        values,
        low if known else (),
        high if known else (),
        pick,
        (safe[0], safe[1]) if safe else None,
        tuple(p and at.get(p["value"]) for p in points) if at else (),
    )


def _parts(name: str, found: Found) -> list[tuple[str, Figure]]:
    """Return for each engine what shrinkage and structure do to the loss, if known."""
    works = {e: v["mechanism"] for e, v in found.items() if v["mechanism"]}
    parts = {e: _parts_of(points) for e, points in works.items()}
    scale = parts_scale([part for both in parts.values() for part in both.values()])
    return [
        (
            engine,
            parts_panel(
                [point["value"] for point in works[engine]],
                both,
                engine=engine,
                penalty=name,
                y_scale=scale,
            ),
        )
        for engine, both in parts.items()
    ]


def _parts_of(points: Sequence[MechanismPointData]) -> dict[str, PartCurve]:
    def part(key: _Part) -> PartCurve:
        losses = [point[key]["loss"] for point in points]
        return PartCurve(
            tuple(loss["difference"] for loss in losses),
            tuple(loss["low"] for loss in losses),
            tuple(loss["high"] for loss in losses),
        )

    return {
        "shrinkage": part("shrinkage"),
        "structure": part("structure"),
        "both": PartCurve(part("total").y),
    }


def _readings(
    aligned: Mapping[str, Aligned], n_points: int, places: int
) -> list[list[str]]:
    return [
        [_reading(engine, points[k], places) for engine, points in aligned.items()]
        for k in range(n_points)
    ]


def _reading(engine: str, point: EffectPointData | None, places: int) -> str:
    if point is None:
        return f"{engine_name(engine)}: not measured here"
    leaves = count(point["leaves"])
    loss = fixed(point["loss"], places)
    gap = fixed(point["gap"], places)
    return f"{engine_name(engine)}: {leaves} leaves, loss {loss}, gap {gap}"


def _nearest(grid: Sequence[float], picked: Sequence[float]) -> int:
    if not picked:
        return 0
    return min(range(len(grid)), key=lambda k: abs(grid[k] - picked[0]))


def shrinkage_section(results: Results) -> dict[str, Any] | None:
    """Return a panel for each penalty along which it was measured, if any."""
    effects = results["effects"]
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
        "heading": results["text"]["headings"]["shrinkage"],
        "engines": [engine for engine in effects if effects[engine]],
        "panels": panels,
        "table": _table(results),
    }


def _panel(results: Results, name: str, effects: Mapping[str, Found]) -> Figure | None:
    found = {e: v[name]["points"] for e, v in effects.items() if name in v}
    values = (p["value"] for points in found.values() for p in points)
    grid = by_strength(name, values)
    curves = [
        _shrinkage_curve(engine, grid, points, _picked(results, engine, name))
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


def _shrinkage_curve(
    engine: str,
    grid: Sequence[float],
    points: Points,
    pick: float | None,
) -> Curve:
    aligned = _aligned(grid, points)
    low = tuple(p and p["shrinkage_low"] for p in aligned)
    high = tuple(p and p["shrinkage_high"] for p in aligned)
    known = any(v is not None for v in low)
    return Curve(
        engine,
        tuple(p and p["shrinkage"] for p in aligned),
        low if known else (),
        high if known else (),
        pick,
    )


def _table(results: Results) -> TextTable:
    rows = tuple(
        (
            f"{engine_name(engine)} {pick}",
            percent(size["shrinkage"]),
            _span(size),
            percent(size["zero_share"]),
            significant(size["l1_norm"]),
            significant(size["l2_norm"]),
        )
        for engine, found in results["engines"].items()
        for pick in PICKS
        for size in (found[pick]["size"],)
    )
    heads = (
        "model on all rows", "median leaf keeps", "10% to 90% of leaves",
        "leaves of weight 0", "L1 norm", "L2 norm",
    )  # fmt: skip
    return TextTable("Leaf weights of the picks, before the learning rate", heads, rows)


def _span(size: SizeData) -> str:
    low, high = size["shrinkage_low"], size["shrinkage_high"]
    if low is None or high is None:
        return MISSING
    return f"{percent(low)} to {percent(high)}"


def matters_table(results: Results) -> TextTable | None:
    """Return what each penalty does to loss and size, None where none was moved."""
    effects = results["effects"]
    rows = tuple(
        _matters_row(results, engine, name)
        for name in strongest_first(effects)
        for engine, found in effects.items()
        if name in found
    )
    if not rows:
        return None
    loss = results["data"]["loss"]
    heads = (
        "penalty", "what it is", "engine", "finding", "least loss at",
        loss, "leaves", "share of variance",
    )  # fmt: skip
    caption = (
        "Which penalties matter: each moved alone, at its value of least loss against "
        "its weakest (zero where it can be), with 95% intervals"
    )
    if all(row[-1] == MISSING for row in rows):
        return TextTable(caption, heads[:-1], tuple(r[:-1] for r in rows), (0, 1, 2, 3))
    caption += "; and its share of the loss's variance"
    return TextTable(caption, heads, rows, (0, 1, 2, 3))


def _matters_row(results: Results, engine: str, name: str) -> tuple[str, ...]:
    effect = results["effects"][engine][name]
    lowest = effect["lowest"]
    moved = lowest["value"] != effect["points"][0]["value"]
    importance = results["engines"][engine]["importance"].get("loss")
    share = importance["main"].get(name) if importance else None
    known = importance and importance["determined"]
    return (
        name,
        PENALTY_WORDS.get(name, ""),
        engine_name(engine),
        effect["verdict"],
        significant(lowest["value"]),
        _change(lowest["loss"]) if moved else "none lower",
        _change(lowest["leaves"]) if moved else MISSING,
        percent(share) if known else MISSING,
    )


def _change(ends: ChangeData) -> str:
    """Return a share and its interval, a dash where it is not known."""
    estimate, low, high = ends
    if estimate is None:
        return MISSING
    if low is None or high is None:
        return format_change(estimate)
    return f"{format_change(estimate)} ({format_change(low)} to {format_change(high)})"
