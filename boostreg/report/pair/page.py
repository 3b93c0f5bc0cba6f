"""The page of a comparison; its numbers and sentences come with ``compared``."""

from collections.abc import Iterator
from typing import Any, Literal

from boostreg.figures import Trace, curves_of_two, fronts_of_two
from boostreg.figures.scale import (
    MISSING,
    count,
    fixed,
    places,
    significant,
)
from boostreg.report.comparisons import Comparison
from boostreg.report.pair.result import Compared, LeafChange
from boostreg.report.results import PickData, Results
from boostreg.report.shell import fill
from boostreg.report.wording import PENALTY_WORDS, PICKS, TextTable

__all__ = ["render_pair"]

Measure = Literal["leaves", "loss"]

_STYLES, _SCRIPTS = ("report.css", "print.css", "pages.css"), ("tools.js",)


def render_pair(
    compared: Compared, a: Results, b: Results, links: tuple[str, str] = ("", "")
) -> str:
    """Return the page of a comparison from ``compare_runs``.

    Figures are drawn from both ``results.json``; ``links`` are each run's own page,
    relative to this one, empty where there is none.
    """
    shared = compared["same_loss"]
    traces = [
        Trace(
            engine,
            run is a,
            tuple((point["leaves"], point["loss"]) for point in found["front"]),
            tuple(
                (pick, leaves, loss)
                for pick in PICKS
                if (leaves := found[pick]["inner"]["leaves"]) is not None
                if (loss := found[pick]["inner"]["loss"]) is not None
            ),
        )
        for run in (a, b)
        for engine, found in run["engines"].items()
    ]
    drawn = shared and any(trace.points for trace in traces)
    return fill(
        "compare.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        compared=compared,
        runs=list(zip("AB", compared["names"], links, strict=True)),
        engines=list(dict.fromkeys([*a["engines"], *b["engines"]])),
        fronts=fronts_of_two(traces, loss=a["data"]["loss"]) if drawn else None,
        effects=list(_effects(a, b, with_loss=shared)),
        picks=_picks(compared),
        penalties=_penalties(compared),
        study=_changes("What differs in the studies", compared["study"]),
        environment=_changes("What differs around them", compared["environment"]),
    )


def _effects(a: Results, b: Results, *, with_loss: bool) -> Iterator[dict[str, Any]]:
    """Yield the paths of each penalty that both runs measured."""
    effects = [
        (run is a, engine, found)
        for run in (a, b)
        for engine, found in run["effects"].items()
    ]
    heads: dict[Measure, str] = {"leaves": "leaves over all trees, log axis"}
    if with_loss:
        heads["loss"] = "inner loss"
    for name in dict.fromkeys(name for _, _, found in effects for name in found):
        if len({is_a for is_a, _, found in effects if name in found}) < 2:
            continue
        panels = []
        for measure, head in heads.items():
            traces = [
                Trace(
                    engine,
                    is_a,
                    tuple(
                        (point["value"], value)
                        for point in found[name]["points"]
                        if (value := point[measure]) is not None
                    ),
                )
                for is_a, engine, found in effects
                if name in found
            ]
            log = measure == "leaves"
            figure = curves_of_two(traces, measure=measure, penalty=name, log=log)
            panels.append((head, figure))
        yield {"penalty": name, "words": PENALTY_WORDS.get(name, ""), "panels": panels}


def _picks(compared: Compared) -> TextTable:
    heads = (
        "model", "loss A", "loss B", "change", "95% interval", "finding",
        "leaves A", "leaves B", "change", "95% interval", "leaves of B",
    )  # fmt: skip
    picks = [pick for row in compared["rows"] for pick in (row["a"], row["b"]) if pick]
    losses = [v for pick in picks if (v := pick["outer"]["loss"]) is not None]
    decimals = places([min(losses, default=1.0)])

    def loss_words(pick: PickData | None) -> str:
        loss = pick["outer"]["loss"] if pick else None
        return fixed(loss, decimals if compared["same_loss"] else places([loss]))

    rows = tuple(
        (
            row["name"],
            loss_words(row["a"]),
            loss_words(row["b"]),
            *_cells(row["loss"]),
            count(row["a"] and row["a"]["outer_size"]["leaves"]),
            count(row["b"] and row["b"]["outer_size"]["leaves"]),
            *_cells(row["leaves"]),
        )
        for row in compared["rows"]
    )
    return TextTable("Means over the outer folds", heads, rows, (0, 5, 10))


def _cells(change: Comparison | LeafChange | None) -> tuple[str, str, str]:
    """Return a change, its interval and what the interval shows."""
    if change is None:
        return MISSING, MISSING, "not paired"
    return change.estimate, change.ends.removeprefix("95% CI "), change.word


def _penalties(compared: Compared) -> TextTable | None:
    picks = [
        (f"{row['name']}, {run}", pick)
        for row in compared["rows"]
        for run, pick in (("A", row["a"]), ("B", row["b"]))
        if pick and pick["penalty"]
    ]
    if not picks:
        return None
    names = list(dict.fromkeys(name for _, pick in picks for name in pick["penalty"]))
    differing = [
        n for n in names if len({str(pick["penalty"].get(n)) for _, pick in picks}) > 1
    ]
    rows = tuple(
        (
            model,
            count(pick["rounds"]),
            *(significant(pick["penalty"].get(name)) for name in differing),
        )
        for model, pick in picks
    )
    heads = ("model", "rounds", *(name.replace("_", " ") for name in differing))
    return TextTable("What was picked, on all rows; penalties that differ", heads, rows)


def _changes(caption: str, rows: list[list[str]]) -> TextTable | None:
    if not rows:
        return None
    return TextTable(caption, ("key", "A", "B"), tuple(map(tuple, rows)), (0, 1, 2))
