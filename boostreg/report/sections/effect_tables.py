"""The tables behind the curves of a penalty."""

from collections.abc import Mapping
from typing import Any

from boostreg.figures.numerals import count, fixed, percent, signed, significant
from boostreg.report.sections.tables import Table
from boostreg.report.sections.words import dig, engine_name, number, span

__all__ = ["elsewhere_table", "path_table", "works_table"]

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
