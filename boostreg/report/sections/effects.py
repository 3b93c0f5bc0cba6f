"""What each penalty does: curves, tables, effective shrinkage."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from boostreg.effects.effects import FACTORS
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
from boostreg.report.parts import ChangeData, LossChangeData, Number
from boostreg.report.results import (
    DifferenceData,
    EffectData,
    EffectPointData,
    Results,
)
from boostreg.report.sentences import factor
from boostreg.report.wording import (
    PENALTY_WORDS,
    PICKS,
    TextTable,
    change_span,
    engine_name,
    format_number,
    signed_percent,
    span,
)

__all__ = ["effects_section", "matters_table", "shrinkage_section", "tolerance_words"]

Found = Mapping[str, EffectData]
"""Effects of one penalty by engine, or those of one engine by penalty."""
Points = Sequence[EffectPointData]
Aligned = Sequence[EffectPointData | None]
"""Points in the order of a grid, None where an engine has none."""
Measure = Literal["leaves", "loss", "gap"]
MEASURES: tuple[Measure, ...] = ("leaves", "loss", "gap")
Band = tuple[float, float] | tuple[None, None]

_Column = Literal["trees", "features", "l1_norm", "l2_norm", "zero_share"]
_COLUMNS: tuple[_Column, ...] = get_args(_Column)
_Part = Literal["shrinkage", "structure", "total"]
_PARTS: tuple[_Part, ...] = get_args(_Part)
_ANCHORS = {"fixed": "fixed values", "tuned": "tuned best"}
_READINGS = {"stopped": "where each stops", "equal": "at equal rounds"}

_SQUEEZED = 0.45
"""The loss axis is cut if four fifths of the losses would take less of it than this."""


def effects_section(
    results: Results, paths: Sequence[Mapping[str, object]], places: int
) -> dict[str, Any] | None:
    """Return a row for each penalty with a path, None where there is none."""
    effects = results["effects"]
    names = _strongest_first(effects)
    if not names:
        return None
    all_effects = [effect for found in effects.values() for effect in found.values()]
    points = [point for effect in all_effects for point in effect["points"]]
    losses, gaps = [_height(p, "loss") for p in points], [p["gap"] for p in points]
    bands = [
        end
        for effect in all_effects
        for p in effect["points"]
        for end in _band(p, "loss", effect["points"][0])
        if end is not None
    ]
    scales = {
        "leaves": measure_scale([p["leaves"] for p in points], log=True, floor=1.0),
        "loss": measure_scale(
            [*losses, *bands], cut=robust_high([*losses, *bands], _SQUEEZED)
        ),
        "gap": measure_scale(gaps, cut=robust_high(gaps)),
    }
    return {
        "id": "effects",
        "nav": "What each penalty does",
        "heading": results["text"]["headings"]["effects"],
        "loss": results["data"]["loss"],
        "engines": [engine for engine in effects if effects[engine]],
        "folds": len({(row["outer_fold"], row["inner_fold"]) for row in paths}),
        "cut": any(v is not None and v > scales["loss"].high for v in losses),
        "tuned": all_effects[0]["anchor"] == "tuned",
        "tolerance": tolerance_words(results),
        "equal": any(map(_equal_rounds, all_effects)),
        "parts": any(effect["mechanism"] for effect in all_effects),
        "rows": [_row(results, name, scales, places) for name in names],
    }


def tolerance_words(results: Results) -> str:
    """Return the change of loss that does not matter in the study, as a share."""
    return f"{format_number(100 * results['study']['tolerance'])}%"


def _strongest_first(effects: Mapping[str, Found]) -> list[str]:
    """Return the penalties of any engine, by the loss that tuning them removes."""

    def change(name: str) -> float:
        found = [v[name]["tuned"] for v in effects.values() if name in v]
        changes = [one["against_off"]["change"] for one in found if one is not None]
        return min((c for c in changes if c is not None), default=0.0)

    names = dict.fromkeys(name for found in effects.values() for name in found)
    return sorted(names, key=change)


def _equal_rounds(effect: EffectData) -> Points:
    """Return the points of the same path read at equal rounds, if it was."""
    for other in effect["others"]:
        if (other["anchor"], other["reading"]) == (effect["anchor"], "equal"):
            return other["points"]
    return ()


def _height(point: EffectPointData, measure: Measure) -> Number:
    """Return what is drawn: of the loss that on the outer folds, where it is known."""
    judged = point["judged"] if measure == "loss" else None
    return point[measure] if judged is None else judged


def _band(point: EffectPointData, measure: Measure, first: EffectPointData) -> Band:
    """Return the interval of the change against the first point, on the axis."""
    value, zero = point[measure], _height(first, measure)
    if measure == "gap":
        change, low, high = point["differences"]["gap"]
        if value is None or change is None or low is None or high is None:
            return (None, None)
        return (value - change + low, value - change + high)
    if measure == "loss":
        found = point["against_off"]
        low, high = found["low"], found["high"]
        if zero is None or low is None or high is None:
            return (None, None)
        return (zero * (1 + low), zero * (1 + high))
    ratio, low, high = point["factors"]["leaves"]
    if value is None or not ratio or low is None or high is None:
        return (None, None)
    return (value / ratio * low, value / ratio * high)


def _row(
    results: Results, name: str, scales: Mapping[str, Scale], places: int
) -> dict[str, Any]:
    """Return all that the page shows of one penalty."""
    found = {e: v[name] for e, v in results["effects"].items() if name in v}
    grid = by_strength(name, (p["value"] for v in found.values() for p in v["points"]))
    aligned = {e: _aligned(grid, v["points"]) for e, v in found.items()}
    picked = {e: _picked(results, e, name) for e in found}
    marked = [v for v in picked.values() if v is not None]

    def reading(engine: str, point: EffectPointData | None) -> str:
        if point is None:
            return f"{engine_name(engine)}: not measured here"
        leaves = count(point["leaves"])
        loss = fixed(_height(point, "loss"), places)
        gap = fixed(point["gap"], places)
        return f"{engine_name(engine)}: {leaves} leaves, loss {loss}, gap {gap}"

    return {
        "penalty": name,
        "words": PENALTY_WORDS.get(name, ""),
        "findings": [
            {
                "name": engine_name(engine),
                "engine": engine,
                "word": effect["tuned"]["word"] if effect["tuned"] else "not judged",
                "sentence": effect["sentence"],
                "alone": effect["alone"]["sentence"] if effect["alone"] else "",
            }
            for engine, effect in found.items()
        ],
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
        "parts": _parts_panels(name, found),
        "table": _path_table(name, found, places),
        "works": _works_table(name, found, places),
        "elsewhere": _elsewhere_table(name, found),
        "grid": grid,
        "readings": [
            [reading(engine, points[k]) for engine, points in aligned.items()]
            for k in range(len(grid))
        ],
        "start": min(range(len(grid)), key=lambda k: abs(grid[k] - marked[0]))
        if marked
        else 0,
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
    first = effect["points"][0]
    bands = [_band(p, measure, first) if p else (None, None) for p in points]
    low, high = zip(*bands, strict=True)
    known = any(end is not None for end in low)
    # Losses at equal rounds are of inner folds, on another level than those judged.
    equal = () if measure == "loss" else _equal_rounds(effect)
    at = {p["value"]: p[measure] for p in equal}
    safe = effect["safe"] if measure == "loss" else None
    return Curve(
        engine,
        tuple(p and _height(p, measure) for p in points),
        low if known else (),
        high if known else (),
        pick,
        (safe[0], safe[1]) if safe else None,
        tuple(p and at.get(p["value"]) for p in points) if at else (),
    )


def _parts_panels(name: str, found: Found) -> list[tuple[str, Figure]]:
    """Return for each engine what shrinkage and structure do to the loss, if known."""
    measured = {e: v["mechanism"] for e, v in found.items() if v["mechanism"]}
    parts: dict[str, dict[str, PartCurve]] = {}
    for engine, points in measured.items():
        losses = {part: [point[part]["loss"] for point in points] for part in _PARTS}
        parts[engine] = {
            part: PartCurve(
                tuple(loss["difference"] for loss in losses[part]),
                tuple(loss["low"] for loss in losses[part]),
                tuple(loss["high"] for loss in losses[part]),
            )
            for part in _PARTS[:2]
        }
        total = tuple(loss["difference"] for loss in losses["total"])
        parts[engine]["both"] = PartCurve(total)
    scale = parts_scale([part for both in parts.values() for part in both.values()])
    panels = []
    for engine, points in measured.items():
        values = [point["value"] for point in points]
        figure = parts_panel(
            values, parts[engine], engine=engine, penalty=name, y_scale=scale
        )
        panels.append((engine, figure))
    return panels


def _path_table(name: str, found: Found, places: int) -> TextTable:
    """Return every point of the path, one row per engine."""

    def size_words(column: str, value: float | None) -> str:
        if column.endswith("share"):
            return percent(value)
        is_count = column not in ("l1_norm", "l2_norm")
        return count(value) if is_count else significant(value)

    rows = tuple(
        (
            significant(p["value"]),
            engine_name(engine),
            count(p["leaves"]),
            fixed(_height(p, "loss"), places),
            _loss(p["against_off"]),
            _rating(p),
            ", ".join(_factor(p["factors"][name]) for name in FACTORS[:2]),
            fixed(p["loss"], places),
            fixed(p["gap"], places),
            *(size_words(column, p[column]) for column in _COLUMNS),
        )
        for engine, effect in found.items()
        for p in effect["points"]
    )
    heads = (
        name, "engine", "leaves", "loss", "change", "finding",
        "trees, leaves per tree", "inner loss", "gap",
        *(column.replace("_", " ") for column in _COLUMNS),
    )  # fmt: skip
    return TextTable(f"The path of {name}: means over folds", heads, rows, (0, 1, 5))


def _rating(point: EffectPointData) -> str:
    """Return the word for a change, or that the limit on rounds forbids one."""
    if point["cut"]:
        return f"cut by rounds.max in {percent(point['cut'])} of folds"
    return point["against_off"]["word"] if point["rated"] else "not rated"


def _factor(ends: ChangeData) -> str:
    return MISSING if ends[0] is None else factor(ends[0])


def _difference(interval: DifferenceData, places: int) -> str:
    difference = signed(interval["difference"], places)
    return f"{difference} ({span(interval, places, sign=True)})"


def _works_table(name: str, found: Found, places: int) -> TextTable | None:
    """Return shrinkage and structure effects, None where they were not measured."""
    rows = tuple(
        (
            significant(point["value"]),
            engine_name(engine),
            *(_difference(point[part]["loss"], places) for part in _PARTS),
            # Shrinkage keeps the given trees, so it has no effect on their leaves.
            _difference(point["structure"]["leaves"], 0),
            *(signed(point[part]["l2_norm"]["difference"], 2) for part in _PARTS[:2]),
        )
        for engine, effect in found.items()
        for point in effect["mechanism"] or ()
    )
    heads = (
        name, "engine", "loss, shrinkage", "loss, structure", "loss, both",
        "leaves, structure", "L2 norm, shrinkage", "L2 norm, structure",
    )  # fmt: skip
    caption = f"How {name} works: its effects on loss and size in two parts"
    return TextTable(caption, heads, rows, (0, 1)) if rows else None


def _elsewhere_table(name: str, found: Found) -> TextTable | None:
    """Return what every path of a penalty leaves open, None if there is but one."""
    paths = [
        (engine, path)
        for engine, effect in found.items()
        if effect["others"]
        for path in (effect, *effect["others"])
        if path["flat"]
    ]
    rows = tuple(
        (
            _ANCHORS[path["anchor"]],
            _READINGS[path["reading"]],
            engine_name(engine),
            " to ".join(map(significant, path["safe"])) if path["safe"] else MISSING,
            " to ".join(map(significant, path["flat"])),
            _loss(path["points"][-1]["against_off"]),
            _rating(path["points"][-1]),
        )
        for engine, path in paths
    )
    heads = (
        "around", "read", "engine", "safe range", "flat inside", "loss at the end",
        "finding",
    )  # fmt: skip
    caption = f"{name} elsewhere: each path from its first value to its last"
    return TextTable(caption, heads, rows, (0, 1, 2, 6)) if rows else None


def shrinkage_section(results: Results) -> dict[str, Any] | None:
    """Return a panel for each penalty along which it was measured, if any."""
    effects = results["effects"]
    panels = []
    for name in dict.fromkeys(name for found in effects.values() for name in found):
        paths = {e: v[name]["points"] for e, v in effects.items() if name in v}
        grid = by_strength(name, (p["value"] for path in paths.values() for p in path))
        curves = []
        for engine, path in paths.items():
            aligned = _aligned(grid, path)
            low = tuple(p and p["shrinkage_low"] for p in aligned)
            high = tuple(p and p["shrinkage_high"] for p in aligned)
            known = any(v is not None for v in low)
            curve = Curve(
                engine,
                tuple(p and p["shrinkage"] for p in aligned),
                low if known else (),
                high if known else (),
                _picked(results, engine, name),
            )
            curves.append(curve)
        if any(v is not None for curve in curves for v in curve.y):
            figure = curve_panel(
                grid,
                curves,
                measure="effective shrinkage",
                penalty=name,
                y_scale=measure_scale([0.0, 1.0]),
            )
            panels.append((name, figure))
    if not panels:
        return None
    rows = []
    for engine, found in results["engines"].items():
        for pick in PICKS:
            size = found[pick]["size"]
            low_end, high_end = size["shrinkage_low"], size["shrinkage_high"]
            known = low_end is not None and high_end is not None
            row = (
                f"{engine_name(engine)} {pick}",
                percent(size["shrinkage"]),
                f"{percent(low_end)} to {percent(high_end)}" if known else MISSING,
                percent(size["zero_share"]),
                significant(size["l1_norm"]),
                significant(size["l2_norm"]),
            )
            rows.append(row)
    heads = (
        "model on all rows", "median leaf keeps", "10% to 90% of leaves",
        "leaves of weight 0", "L1 norm", "L2 norm",
    )  # fmt: skip
    caption = "Leaf weights of the picks, before the learning rate"
    return {
        "id": "shrinkage",
        "nav": "Effective shrinkage",
        "heading": results["text"]["headings"]["shrinkage"],
        "engines": [engine for engine in effects if effects[engine]],
        "panels": panels,
        "table": TextTable(caption, heads, tuple(rows)),
    }


def matters_table(results: Results) -> TextTable | None:
    """Return what tuning each penalty gains, a row per engine, None without a path."""
    effects, together = results["effects"], results["penalties"]
    rows: list[tuple[str, ...]] = []
    for name in _strongest_first(effects):
        what = PENALTY_WORDS.get(name, "")
        one = together.get(name)
        if one is not None and len(one["engines"]) > 1:
            against = (one["against_off"], one["against_default"])
            row = (name, what, "together", one["word"], *map(_loss, against))
            rows.append((*row, MISSING, MISSING))
        for engine, found in effects.items():
            tuned = found[name]["tuned"] if name in found else None
            if tuned is None:
                continue
            alone = found[name]["alone"]
            rows.append(
                (
                    name,
                    what,
                    engine_name(engine),
                    tuned["word"],
                    _loss(tuned["against_off"]),
                    _loss(tuned["against_default"]),
                    _loss(alone["against_off"] if alone else None),
                    ", ".join(_factor(tuned["factors"][size]) for size in FACTORS[:2]),
                )
            )
    if not rows:
        return None
    anchors = {v[name]["anchor"] for v in effects.values() for name in v}
    loss = "loss, others tuned" if "tuned" in anchors else "loss, alone"
    heads: tuple[str, ...] = (
        "penalty", "what it is", "engine", "finding", loss,
        "against the library's own value", "loss, alone", "trees, leaves per tree",
    )  # fmt: skip
    if "tuned" not in anchors:
        heads = heads[:6] + heads[7:]
        rows = [row[:6] + row[7:] for row in rows]
    caption = (
        "What tuning each penalty changes: values that the inner folds chose, judged "
        "on the outer folds against no penalty; 95% intervals that hold together"
    )
    return TextTable(caption, heads, tuple(rows), (0, 1, 2, 3))


def _loss(found: LossChangeData | None) -> str:
    """Return a change and its interval, a dash where it is not known."""
    if found is None or found["change"] is None:
        return MISSING
    change, ends = signed_percent(found["change"]), change_span(found)
    return change if ends == MISSING else f"{change} ({ends})"
