"""The tables behind the curves of a penalty."""

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
from boostreg.figures.scale import MISSING, count, fixed, percent, signed, significant
from boostreg.figures.scale import percent as share_of
from boostreg.penalty.space import by_strength
from boostreg.report.sections.words import (
    PENALTY_WORDS,
    PICKS,
    Table,
    dig,
    engine_name,
    number,
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

Found = Mapping[str, Mapping[str, Any]]

_COLUMNS = (
    "trees", "rounds", "depth", "features", "l1_norm", "l2_norm", "zero_share",
    "shrinkage",
)  # fmt: skip


def path_table(name: str, found: Found, places: int) -> Table:
    """Return every point of the path, one row an engine."""
    rows = [
        (
            significant(number(p["value"])),
            engine_name(engine),
            count(number(p.get("leaves"))),
            fixed(number(p.get("loss")), places),
            signed(number(p.get("difference")), places),
            span(p, places, sign=True),
            fixed(number(p.get("train_loss")), places),
            fixed(number(p.get("gap")), places),
            *(_size(column, number(p.get(column))) for column in _COLUMNS),
        )
        for engine, effect in found.items()
        for p in effect["points"]
    ]
    heads = (
        name, "engine", "leaves", "loss", "difference", "95% interval", "train loss",
        "gap", *(column.replace("_", " ") for column in _COLUMNS),
    )  # fmt: skip
    return Table(f"The path of {name}: means over folds", heads, tuple(rows), (0, 1))


def works_table(name: str, found: Found, places: int) -> Table | None:
    """Return shrinkage and structure effects, None where they were not measured."""
    rows = [
        (
            significant(number(point["value"])),
            engine_name(engine),
            *(_difference(dig(point, part, "loss"), places) for part in _PARTS),
            # New leaves on given trees change none of their number.
            _difference(dig(point, "structure", "leaves"), 0),
            *(
                signed(number(dig(point, part, "l2_norm", "difference")), 2)
                for part in _PARTS[:2]
            ),
        )
        for engine, effect in found.items()
        for point in effect.get("mechanism") or ()
    ]
    both = ("shrinkage", "structure", "both")
    heads = (
        name, "engine", *(f"loss, {part}" for part in both), "leaves, structure",
        *(f"L2 norm, {part}" for part in both[:2]),
    )  # fmt: skip
    caption = f"How {name} works: its effects on loss and size in two parts"
    return Table(caption, heads, tuple(rows), (0, 1)) if rows else None


def elsewhere_table(name: str, found: Found, places: int) -> Table | None:
    """Return the lowest point of every path of a penalty, None if there is but one."""
    rows = [
        _lowest(engine, path, places)
        for engine, effect in found.items()
        if effect.get("others")
        for path in (effect, *effect["others"])
        if path.get("flat")
    ]
    heads = (
        "around", "read", "engine", "lowest at", "difference to first", "leaves",
        "flat", "verdict",
    )  # fmt: skip
    caption = f"{name} elsewhere: the lowest point of each path"
    return Table(caption, heads, tuple(rows), (0, 1, 2, 7)) if rows else None


def _lowest(engine: str, path: Mapping[str, Any], places: int) -> tuple[str, ...]:
    measured = [p for p in path["points"] if number(p.get("loss")) is not None]
    low = min(measured, key=lambda point: float(point["loss"]))
    return (
        _ANCHORS[path["anchor"]],
        _READINGS[path["reading"]],
        engine_name(engine),
        significant(number(low["value"])),
        _difference(low, places),
        count(number(low.get("leaves"))),
        " to ".join(str(significant(number(end))) for end in path["flat"]),
        path["verdict"],
    )


_PARTS = ("shrinkage", "structure", "total")
_ANCHORS = {"fixed": "fixed values", "tuned": "tuned best"}
_READINGS = {"stopped": "where each stops", "equal": "at equal rounds"}


def _difference(interval: Any, places: int) -> str:
    difference = signed(number(dig(interval, "difference")), places)
    return f"{difference} ({span(interval, places, sign=True)})"


def _size(column: str, value: float | None) -> str:
    if column.endswith("share"):
        return percent(value)
    if column in ("l1_norm", "l2_norm", "shrinkage"):
        return significant(value)
    return count(value)


Points = Sequence[Mapping[str, Any]]

_EFFECTS_PARTS = ("shrinkage", "structure")
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

    return {name: part(name, banded=True) for name in _EFFECTS_PARTS} | {
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
        _shrinkage_curve(engine, grid, points, _pick(results, engine, name))
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


def _shrinkage_curve(
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


def matters_table(results: Mapping[str, Any]) -> Table | None:
    """Return what each penalty does to loss and size, None where none was moved."""
    effects = results.get("effects") or {}
    rows = tuple(
        _matters_row(results, engine, name)
        for name in strongest_first(effects)
        for engine, found in effects.items()
        if dig(found, name, "lowest")
    )
    if not rows:
        return None
    loss = dig(results, "data", "loss") or "loss"
    heads = (
        "penalty", "what it is", "engine", "finding", "least loss at",
        loss, "leaves", "share of variance",
    )  # fmt: skip
    caption = (
        "Which penalties matter: each moved alone, at its value of least loss against "
        "its weakest (zero where it can be), with 95% intervals"
    )
    if all(row[-1] == MISSING for row in rows):
        return Table(caption, heads[:-1], tuple(r[:-1] for r in rows), (0, 1, 2, 3))
    caption += "; and its share of the loss's variance"
    return Table(caption, heads, rows, (0, 1, 2, 3))


def _matters_row(results: Mapping[str, Any], engine: str, name: str) -> tuple[str, ...]:
    effect = results["effects"][engine][name]
    lowest = effect["lowest"]
    moved = lowest["value"] != effect["points"][0]["value"]
    importance = dig(results, "engines", engine, "importance", "loss")
    known = dig(importance, "determined")
    return (
        name,
        PENALTY_WORDS.get(name, ""),
        engine_name(engine),
        effect["verdict"],
        significant(number(lowest["value"])),
        _change(lowest["loss"]) if moved else "none lower",
        _change(lowest["leaves"]) if moved else MISSING,
        share_of(number(dig(importance, "main", name))) if known else MISSING,
    )


def _change(ends: tuple[Any, Any, Any]) -> str:
    """Return a share and its interval, a dash where it is not known."""
    estimate, low, high = (number(end) for end in ends)
    if estimate is None:
        return MISSING
    if low is None or high is None:
        return format_change(estimate)
    return f"{format_change(estimate)} ({format_change(low)} to {format_change(high)})"
