"""What each penalty does: three panels a penalty, one line an engine."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from boostreg.figures import Curve, Scale, curve_panel, measure_scale, robust_high
from boostreg.figures.numerals import count, fixed, percent, signed, significant
from boostreg.report.sections.tables import Table
from boostreg.report.sections.words import PENALTY_WORDS, dig, engine_name, number, span

__all__ = ["effects_section"]

Points = Sequence[Mapping[str, Any]]
Found = Mapping[str, Mapping[str, Any]]

_COLUMNS = (
    "trees", "rounds", "depth", "features", "l1_norm", "l2_norm", "zero_share",
    "shrinkage",
)  # fmt: skip


def effects_section(
    results: Mapping[str, Any], paths: Sequence[Mapping[str, Any]], places: int
) -> dict[str, Any] | None:
    """Return a row for each penalty with a path, None where there is none."""
    effects = results.get("effects") or {}
    names = list(dict.fromkeys(name for found in effects.values() for name in found))
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
        "rows": [_row(results, name, scales, places) for name in names],
    }


def _folds(paths: Sequence[Mapping[str, Any]]) -> int:
    return len({(row.get("outer_fold"), row.get("inner_fold")) for row in paths})


def _points(effects: Mapping[str, Found]) -> Iterable[Mapping[str, Any]]:
    for found in effects.values():
        for effect in found.values():
            yield from effect["points"]


def _shared_scales(effects: Mapping[str, Found]) -> dict[str, Scale]:
    """Return one scale a measure for all penalties, so that rows compare."""
    points = list(_points(effects))
    gaps = [number(p.get("gap")) for p in points]
    losses = [number(p.get("loss")) for p in points]
    bands = [edge for p in points for edge in _band(p)]
    return {
        "leaves": measure_scale((number(p.get("leaves")) for p in points), log=True),
        "loss": measure_scale([*losses, *bands], cut=robust_high([*losses, *bands])),
        "gap": measure_scale(gaps, cut=robust_high(gaps)),
    }


def _is_cut(effects: Mapping[str, Found], scale: Scale) -> bool:
    losses = (number(p.get("loss")) for p in _points(effects))
    return any(loss is not None and loss > scale.high for loss in losses)


def _band(point: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the interval of the paired difference, carried to the loss axis."""
    loss, difference, low, high = (
        number(point.get(key)) for key in ("loss", "difference", "low", "high")
    )
    if loss is None or difference is None or low is None or high is None:
        return (None, None)
    return (loss - difference + low, loss - difference + high)


def _row(
    results: Mapping[str, Any], name: str, scales: Mapping[str, Scale], places: int
) -> dict[str, Any]:
    found = {e: v[name] for e, v in results["effects"].items() if name in v}
    grid = sorted({float(p["value"]) for v in found.values() for p in v["points"]})
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
        "table": _table(name, found, places),
        "works": _works(name, found, places),
        "elsewhere": _elsewhere(name, found, places),
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
    if measure != "loss":
        return Curve(engine, values, pick=pick)
    low, high = zip(*(_band(p) for p in points), strict=True)
    safe = effect.get("safe")
    return Curve(engine, values, low, high, pick, (safe[0], safe[1]) if safe else None)


def _table(name: str, found: Found, places: int) -> Table:
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


def _works(name: str, found: Found, places: int) -> Table | None:
    """Return shrinkage and structure effects, None where they were not measured."""
    rows = [
        (
            significant(number(point["value"])),
            engine_name(engine),
            *(
                _difference(dig(point, part, "loss"), places)
                for part in ("shrinkage", "structure", "total")
            ),
            signed(number(dig(point, "total", "leaves", "difference")), 0),
        )
        for engine, effect in found.items()
        for point in effect.get("mechanism") or ()
    ]
    heads = (name, "engine", "shrinkage", "structure", "both", "leaves")
    caption = f"How {name} works: its effect on the loss in two parts"
    return Table(caption, heads, tuple(rows), (0, 1)) if rows else None


def _elsewhere(name: str, found: Found, places: int) -> Table | None:
    """Return the lowest point of every path of a penalty, None if there is but one."""
    rows = [
        _lowest(engine, path, places)
        for engine, effect in found.items()
        if effect.get("others")
        for path in (effect, *effect["others"])
        if path.get("flat")
    ]
    heads = (
        "around", "read", "engine", "lowest at", "difference to 0", "leaves", "flat",
        "verdict",
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
