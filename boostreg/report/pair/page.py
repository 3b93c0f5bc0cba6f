"""The page of a comparison; its numbers and sentences come with ``compared``."""

import math
from collections.abc import Iterator
from typing import Any, Literal

from boostreg.figures import Figure, Trace, curves_of_two, fronts_of_two
from boostreg.figures.scale import (
    MISSING,
    count,
    fixed,
    percent,
    places,
    signed,
    significant,
)
from boostreg.report.pair.result import Change, Compared
from boostreg.report.results import EffectData, EngineData, Results
from boostreg.report.sections.words import (
    PENALTY_WORDS,
    PICKS,
    TextTable,
    span,
)
from boostreg.report.shell import fill

__all__ = ["render_pair"]

Measure = Literal["leaves", "loss"]

_STYLES, _SCRIPTS = ("report.css", "pages.css"), ("tools.js",)


def render_pair(
    compared: Compared,
    a: Results,
    b: Results,
    links: tuple[str, str] = ("", ""),
) -> str:
    """Return the page.

    Parameters
    ----------
    compared : mapping
        From ``compare_runs``.
    a, b : Results
        The content of each ``results.json``, for the figures.
    links : (str, str)
        Each run's own page, relative to this one; empty where there is none.
    """
    shared = compared["comparable"]["loss"]
    return fill(
        "compare.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        compared=compared,
        runs=list(zip("AB", compared["names"], links, strict=True)),
        engines=list(dict.fromkeys([*a["engines"], *b["engines"]])),
        fronts=_fronts(a, b) if shared else None,
        loss_name=a["data"]["loss"],
        effects=list(_effects(a, b, with_loss=shared)),
        picks=_picks(compared),
        penalties=_penalties(compared),
        study=_changes("What differs in the studies", compared["study"]),
        environment=_changes("What differs around them", compared["environment"]),
    )


def _fronts(a: Results, b: Results) -> Figure | None:
    traces = [
        Trace(engine, run is a, _front(found), tuple(_marked(found)))
        for run in (a, b)
        for engine, found in run["engines"].items()
    ]
    if not any(trace.points for trace in traces):
        return None
    return fronts_of_two(traces, loss=a["data"]["loss"])


def _front(found: EngineData) -> tuple[tuple[float, float], ...]:
    return tuple((point["leaves"], point["loss"]) for point in found["front"])


def _marked(found: EngineData) -> Iterator[tuple[str, float, float]]:
    for pick in PICKS:
        leaves, loss = found[pick]["inner"]["leaves"], found[pick]["inner"]["loss"]
        if leaves is not None and loss is not None:
            yield pick, leaves, loss


def _effects(a: Results, b: Results, *, with_loss: bool) -> Iterator[dict[str, Any]]:
    names = [
        name for run in (a, b) for found in run["effects"].values() for name in found
    ]
    measures: tuple[Measure, ...] = ("leaves", "loss") if with_loss else ("leaves",)
    for name in dict.fromkeys(names):
        runs = [r for r in (a, b) if any(name in v for v in r["effects"].values())]
        if len(runs) == 2:
            yield {
                "penalty": name,
                "words": PENALTY_WORDS.get(name, ""),
                "panels": [_panel(name, measure, a, b) for measure in measures],
            }


def _panel(name: str, measure: Measure, a: Results, b: Results) -> tuple[str, Figure]:
    traces = [
        Trace(engine, run is a, tuple(_curve(found[name], measure)))
        for run in (a, b)
        for engine, found in run["effects"].items()
        if name in found
    ]
    drawn = curves_of_two(
        traces, measure=measure, penalty=name, log=measure == "leaves"
    )
    head = "leaves over all trees, log axis" if measure == "leaves" else "inner loss"
    return head, drawn


def _curve(effect: EffectData, measure: Measure) -> Iterator[tuple[float, float]]:
    for point in effect["points"]:
        value = point[measure]
        if value is not None:
            yield point["value"], value


def _picks(compared: Compared) -> TextTable:
    heads = (
        "model", "loss A", "loss B", "B minus A", "95% interval", "loss of B",
        "leaves A", "leaves B", "change", "95% interval", "leaves of B",
    )  # fmt: skip
    alike = compared["comparable"]["loss"]
    sides = [side for row in compared["rows"] for side in (row["a"], row["b"])]
    losses = [side["loss"] for side in sides]
    decimals = places([min((v for v in losses if v is not None), default=1.0)])

    def written(loss: float | None) -> str:
        return fixed(loss, decimals if alike else places([loss]))

    rows = tuple(
        (
            row["name"],
            written(row["a"]["loss"]),
            written(row["b"]["loss"]),
            signed(row["loss"] and row["loss"]["difference"], decimals),
            span(row["loss"], decimals, sign=True),
            row["loss"]["word"] if row["loss"] else "not paired",
            count(row["a"]["leaves"]),
            count(row["b"]["leaves"]),
            percent(row["leaves"] and row["leaves"]["relative"]),
            _span_of_change(row["leaves"]),
            row["leaves"]["word"] if row["leaves"] else "not paired",
        )
        for row in compared["rows"]
    )
    return TextTable("Means over the outer folds", heads, rows, (0, 5, 10))


def _span_of_change(leaves: Change | None) -> str:
    if leaves is None or math.isnan(leaves["low"]):
        return MISSING
    return f"{percent(leaves['low'])} to {percent(leaves['high'])}"


def _penalties(compared: Compared) -> TextTable | None:
    models = [
        (f"{row['name']}, {name}", side["penalty"], side["rounds"])
        for row in compared["rows"]
        for name, side in (("A", row["a"]), ("B", row["b"]))
        if side["penalty"]
    ]
    names = list(dict.fromkeys(name for _, penalty, _ in models for name in penalty))
    differing = [
        name for name in names if len({str(p.get(name)) for _, p, _ in models}) > 1
    ]
    if not models:
        return None
    rows = tuple(
        (
            name,
            count(rounds),
            *(significant(penalty.get(key)) for key in differing),
        )
        for name, penalty, rounds in models
    )
    heads = ("model", "rounds", *(name.replace("_", " ") for name in differing))
    return TextTable("What was picked, on all rows; penalties that differ", heads, rows)


def _changes(caption: str, rows: list[list[str]]) -> TextTable | None:
    if not rows:
        return None
    return TextTable(caption, ("key", "A", "B"), tuple(map(tuple, rows)), (0, 1, 2))
