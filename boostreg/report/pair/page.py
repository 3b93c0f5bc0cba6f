"""The page of a comparison; its numbers and sentences come with ``compared``."""

from collections.abc import Iterator, Mapping
from typing import Any

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
from boostreg.report.sections.words import (
    PENALTY_WORDS,
    PICKS,
    Table,
    dig,
    number,
    span,
)
from boostreg.report.shell import fill

__all__ = ["render_pair"]

_STYLES, _SCRIPTS = ("report.css", "pages.css"), ("tools.js",)

Results = Mapping[str, Any]


def render_pair(
    compared: Mapping[str, Any],
    a: Results,
    b: Results,
    links: tuple[str, str] = ("", ""),
) -> str:
    """Return the page.

    Parameters
    ----------
    compared : mapping
        From ``compare_runs``.
    a, b : mapping
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
        loss_name=str(dig(a, "data", "loss") or "loss"),
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
    return fronts_of_two(traces, loss=str(dig(a, "data", "loss") or "loss"))


def _front(found: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    return tuple(
        (leaves, loss)
        for point in found.get("front") or ()
        if (leaves := number(point.get("leaves"))) is not None
        if (loss := number(point.get("loss"))) is not None
    )


def _marked(found: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    for pick in PICKS:
        leaves = number(dig(found, pick, "inner", "leaves"))
        loss = number(dig(found, pick, "inner", "loss"))
        if leaves is not None and loss is not None:
            yield pick, leaves, loss


def _effects(a: Results, b: Results, *, with_loss: bool) -> Iterator[dict[str, Any]]:
    names = [
        name
        for run in (a, b)
        for found in (run.get("effects") or {}).values()
        for name in found
    ]
    measures = ("leaves", "loss") if with_loss else ("leaves",)
    for name in dict.fromkeys(names):
        runs = [r for r in (a, b) if any(name in v for v in _found(r).values())]
        if len(runs) == 2:
            yield {
                "penalty": name,
                "words": PENALTY_WORDS.get(name, ""),
                "panels": [_panel(name, measure, a, b) for measure in measures],
            }


def _found(run: Results) -> Mapping[str, Mapping[str, Any]]:
    return run.get("effects") or {}


def _panel(name: str, measure: str, a: Results, b: Results) -> tuple[str, Figure]:
    traces = [
        Trace(engine, run is a, tuple(_curve(found[name], measure)))
        for run in (a, b)
        for engine, found in _found(run).items()
        if name in found
    ]
    drawn = curves_of_two(
        traces, measure=measure, penalty=name, log=measure == "leaves"
    )
    head = "leaves over all trees, log axis" if measure == "leaves" else "inner loss"
    return head, drawn


def _curve(effect: Mapping[str, Any], measure: str) -> Iterator[tuple[float, float]]:
    for point in effect["points"]:
        at, value = number(point.get("value")), number(point.get(measure))
        if at is not None and value is not None:
            yield at, value


def _picks(compared: Mapping[str, Any]) -> Table:
    heads = (
        "model", "loss A", "loss B", "B minus A", "95% interval", "loss of B",
        "leaves A", "leaves B", "change", "95% interval", "leaves of B",
    )  # fmt: skip
    alike = compared["comparable"]["loss"]
    losses = [number(row[side]["loss"]) for row in compared["rows"] for side in "ab"]
    decimals = places([min((v for v in losses if v is not None), default=1.0)])

    def written(loss: float | None) -> str:
        return fixed(loss, decimals if alike else places([loss]))

    rows = tuple(
        (
            row["name"],
            written(number(row["a"]["loss"])),
            written(number(row["b"]["loss"])),
            signed(number(dig(row["loss"], "difference")), decimals),
            span(row["loss"], decimals, sign=True),
            dig(row["loss"], "word") or "not paired",
            count(number(row["a"]["leaves"])),
            count(number(row["b"]["leaves"])),
            percent(number(dig(row["leaves"], "relative"))),
            _span_of_change(row["leaves"]),
            dig(row["leaves"], "word") or "not paired",
        )
        for row in compared["rows"]
    )
    return Table("Means over the outer folds", heads, rows, (0, 5, 10))


def _span_of_change(leaves: Mapping[str, Any] | None) -> str:
    low, high = number(dig(leaves, "low")), number(dig(leaves, "high"))
    if low is None or high is None:
        return MISSING
    return f"{percent(low)} to {percent(high)}"


def _penalties(compared: Mapping[str, Any]) -> Table | None:
    models = [
        (f"{row['name']}, {side.upper()}", row[side]["penalty"], row[side]["rounds"])
        for row in compared["rows"]
        for side in "ab"
        if row[side]["penalty"]
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
            count(number(rounds)),
            *(significant(number(penalty.get(key))) for key in differing),
        )
        for name, penalty, rounds in models
    )
    heads = ("model", "rounds", *(name.replace("_", " ") for name in differing))
    return Table("What was picked, on all rows; penalties that differ", heads, rows)


def _changes(caption: str, rows: list[list[str]]) -> Table | None:
    if not rows:
        return None
    return Table(caption, ("key", "A", "B"), tuple(map(tuple, rows)), (0, 1, 2))
