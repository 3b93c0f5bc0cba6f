"""Tables of penalties: what the cards draw in numbers, and what is folded in them."""

from collections.abc import Mapping, Sequence

from boostreg.effects.effects import FACTORS
from boostreg.figures.scale import (
    MISSING,
    count,
    factor,
    fixed,
    percent,
    signed,
    significant,
)
from boostreg.report.parts import ChangeData, LossChangeData, Number
from boostreg.report.results import (
    DifferenceData,
    EffectData,
    EffectPointData,
    PathData,
    Results,
)
from boostreg.report.wording import (
    PICKS,
    TextTable,
    change_span,
    engine_name,
    signed_percent,
    span,
)

__all__ = [
    "Found", "Paths", "kept_table", "outer_loss", "path_table", "size_factors",
    "tuned_table", "works_table",
]  # fmt: skip

Found = Mapping[str, EffectData]
"""Effects of one penalty by engine, the leading engine first."""
Paths = Mapping[str, PathData]
"""One path of a penalty by engine."""


def size_factors(factors: Mapping[str, ChangeData]) -> tuple[str, str]:
    """Return the factors of trees and of leaves per tree."""
    trees, leaves = (factor(factors[name][0]) for name in FACTORS[:2])
    return trees, leaves


def outer_loss(point: EffectPointData) -> Number:
    """Return the loss on the outer folds, where it is known, otherwise on the inner."""
    return point["loss"] if point["judged"] is None else point["judged"]


def path_table(name: str, read: str, paths: Paths, places: int) -> TextTable:
    """Return every point of a path, one row per engine; ``read`` says how it is."""
    rows = tuple(
        (
            significant(p["value"]),
            engine_name(engine),
            fixed(outer_loss(p), places),
            _loss(p["against_off"]),
            _rating(p),
            *size_factors(p["factors"]),
            count(p["leaves"]),
            fixed(p["loss"], places),
            fixed(p["gap"], places),
        )
        for engine, path in paths.items()
        for p in path["points"]
    )
    heads = (
        name, "engine", "loss", "change", "finding", "trees",
        "leaves per tree", "leaves", "inner loss", "gap",
    )  # fmt: skip
    caption = f"The path of {name}, {read}: changes against the first value"
    return TextTable(caption, heads, rows, (0, 1, 4))


def _rating(point: EffectPointData) -> str:
    """Return the word for a change, or that the limit on rounds forbids one."""
    if point["cut"]:
        return f"cut by rounds.max in {percent(point['cut'])} of folds"
    return point["against_off"]["word"] if point["rated"] else "not rated"


def _difference(interval: DifferenceData, places: int) -> str:
    difference = signed(interval["difference"], places)
    return f"{difference} ({span(interval, places, sign=True)})"


def works_table(name: str, effects: Found, places: int) -> TextTable | None:
    """Return shrinkage and structure effects, None where they were not measured."""
    rows = tuple(
        (
            significant(point["value"]),
            engine_name(engine),
            _difference(point["shrinkage"]["loss"], places),
            _difference(point["structure"]["loss"], places),
            _difference(point["total"]["loss"], places),
            # Shrinkage keeps the given trees, so it has no effect on their leaves.
            _difference(point["structure"]["leaves"], 0),
            signed(point["shrinkage"]["l2_norm"]["difference"], 2),
            signed(point["structure"]["l2_norm"]["difference"], 2),
        )
        for engine, effect in effects.items()
        for point in effect["mechanism"] or ()
    )
    heads = (
        name, "engine", "loss, shrinkage", "loss, structure", "loss, both",
        "leaves, structure", "L2 norm, shrinkage", "L2 norm, structure",
    )  # fmt: skip
    caption = f"How {name} works: its effects on loss and size in two parts"
    return TextTable(caption, heads, rows, (0, 1)) if rows else None


def kept_table(results: Results) -> TextTable:
    """Return what L2 leaves of the leaf weights of the picks."""
    rows = []
    for engine, found in results["engines"].items():
        for pick in PICKS:
            size = found[pick]["size"]
            low, high = size["shrinkage_low"], size["shrinkage_high"]
            known_ends = low is not None and high is not None
            row = (
                f"{engine_name(engine)} {pick}",
                percent(size["shrinkage"]),
                f"{percent(low)} to {percent(high)}" if known_ends else MISSING,
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
    return TextTable(caption, heads, tuple(rows))


def tuned_table(
    results: Results, names: Sequence[str], anchor: str
) -> TextTable | None:
    """Return what tuning each penalty gains, a row per engine, None without a path."""
    effects, together = results["effects"], results["penalties"]
    rows: list[tuple[str, ...]] = []
    for name in names:
        one = together.get(name)
        if one is not None and len(one["engines"]) > 1:
            against = (one["against_off"], one["against_default"])
            row = (name, "together", one["word"], *map(_loss, against))
            rows.append((*row, MISSING, MISSING))
        for engine, found in effects.items():
            tuned = found[name]["tuned"] if name in found else None
            if tuned is None:
                continue
            alone = found[name]["alone"]
            rows.append(
                (
                    name,
                    engine_name(engine),
                    tuned["word"],
                    _loss(tuned["against_off"]),
                    _loss(tuned["against_default"]),
                    _loss(alone["against_off"] if alone else None),
                    ", ".join(size_factors(tuned["factors"])),
                )
            )
    if not rows:
        return None
    loss = "loss, others tuned" if anchor == "tuned" else "loss, alone"
    heads: tuple[str, ...] = (
        "penalty", "engine", "finding", loss,
        "against the library's own value", "loss, alone", "trees, leaves per tree",
    )  # fmt: skip
    if anchor == "fixed":
        heads = heads[:5] + heads[6:]
        rows = [row[:5] + row[6:] for row in rows]
    caption = (
        "What tuning each penalty changes: values that the inner folds chose, judged "
        "on the outer folds against no penalty; 95% intervals that hold together"
    )
    return TextTable(caption, heads, tuple(rows), (0, 1, 2))


def _loss(found: LossChangeData | None) -> str:
    """Return a change and its interval, a dash where it is not known."""
    if found is None or found["change"] is None:
        return MISSING
    change, ends = signed_percent(found["change"]), change_span(found)
    return change if ends == MISSING else f"{change} ({ends})"
