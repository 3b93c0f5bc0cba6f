"""Trials: size against loss, picks for a purpose, the table of all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boostreg.figures import (
    PLOT,
    Cloud,
    Landmark,
    size_against_loss,
)
from boostreg.figures.scale import MISSING, count, fixed, signed, significant
from boostreg.penalty import PENALTIES
from boostreg.report.parts import Number
from boostreg.report.results import Results
from boostreg.report.sections.setup import public
from boostreg.report.wording import PICKS, TextTable, engine_name

__all__ = ["Shown", "front_section", "select_rows", "trials_section"]

_MAX_ROWS = 2000
"""More trials than this are all drawn, but only the 1,000 best are listed."""

_BEST = 1000

_MAX_FOLDS = 20_000
"""More losses of folds than this would make the page too large to send."""

_MEASURES = (
    "rounds", "loss", "loss_se", "train_loss", "leaves", "trees", "depth", "features",
)  # fmt: skip
_TEXTS = ("engine", "state", "reason")

_PURPOSES = {
    "one_se": "smallest within one SE",
    "knee": "knee of the front",
    "max_leaves": "at most {} leaves",
    "max_bytes": "at most {} bytes",
    "max_microseconds": "at most {} µs per row, estimated",
}

Row = Mapping[str, object]
Rows = Sequence[Row]
FoldLosses = dict[str, list[float | None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """The trials on the page: all of the final tuning, and which of them are listed."""

    rows: tuple[Row, ...]
    listed: tuple[int, ...]
    elsewhere: int


def select_rows(results: Results, trials: Rows) -> Shown:
    """Return the trials of the final tuning, and those to list in the table."""
    rows = tuple(row for row in trials if row["outer_fold"] == "all")
    listed = tuple(range(len(rows)))
    if len(rows) > _MAX_ROWS:
        losses = {k: v for k in listed if (v := _number(rows[k], "loss")) is not None}
        best = sorted(losses, key=lambda k: (losses[k], k))[:_BEST]
        marked = {k for k in listed if _marks(results, rows[k])}
        listed = tuple(sorted(marked | set(best)))
    return Shown(rows, listed, len(trials) - len(rows))


def _number(row: Row, column: str) -> float | None:
    """Return a cell as a finite float, None for anything else.

    >>> _number({"loss": 1}, "loss"), _number({"loss": float("nan")}, "loss")
    (1.0, None)
    """
    value = row.get(column)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _name(row: Row) -> str:
    return f"{row['engine']}-{row['trial']}"


def _marks(results: Results, row: Row) -> str:
    """Return ``p`` for a pick and ``f`` for a trial on its engine's front."""
    found, trial = results["engines"][str(row["engine"])], row["trial"]
    picked = any(found[pick]["trial"] == trial for pick in PICKS)
    front = any(point["trial"] == trial for point in found["front"])
    return "p" * picked + "f" * front


def front_section(
    results: Results, shown: Shown, places: int, fits: Rows = ()
) -> dict[str, Any] | None:
    """Return the chart of size against loss, None where nothing was measured."""
    losses: FoldLosses = {}
    for row in fits:
        if row["outer_fold"] == "all":
            losses.setdefault(_name(row), []).append(_number(row, "loss"))
    if sum(map(len, losses.values())) > _MAX_FOLDS:
        losses = {}
    clouds = [_cloud(results, engine, shown, losses) for engine in results["engines"]]
    landmarks = _landmarks(results)
    drawn = sum(len(c.rows) for c in clouds)
    if not drawn and not any(c.front for c in clouds):
        return None
    return {
        "id": "front",
        "nav": "Size against loss",
        "heading": results["text"]["headings"]["front"],
        "chart": size_against_loss(clouds, landmarks, loss=results["data"]["loss"]),
        "box": " ".join(map(str, PLOT)),
        "engines": [c.engine for c in clouds],
        "count": count(drawn),
        "purposes": _purposes_table(results, places),
        "folds": any(one for c in clouds for one in c.folds),
        "tied": count(sum(len(c.tied) for c in clouds)),
        "references": any(not mark.pick for mark in landmarks),
    }


def _cloud(results: Results, engine: str, shown: Shown, losses: FoldLosses) -> Cloud:
    """Return the complete trials of an engine, its front, and the losses of folds."""
    own = [
        (k, row)
        for k, row in enumerate(shown.rows)
        if (row["engine"], row["state"]) == (engine, "complete")
        and _number(row, "loss") is not None
        and _number(row, "leaves") is not None
    ]
    found = results["engines"][engine]
    tied = set(found["ties"])
    # Equally long lists: a trial that was not resampled has fewer folds.
    folds = [losses.get(_name(row), []) for _, row in own]
    n_folds = max(map(len, folds), default=0)
    return Cloud(
        engine,
        tuple((_number(row, "leaves"), _number(row, "loss")) for _, row in own),
        tuple(sorted((p["leaves"], p["loss"]) for p in found["front"])),
        tuple(k for k, _ in own),
        frozenset(k for k, row in own if row["trial"] in tied),
        tuple((*one, *(None,) * (n_folds - len(one))) for one in folds),
    )


def _landmarks(results: Results) -> list[Landmark]:
    """Return picks and library defaults; picks that are one model share a label."""
    marks: dict[tuple[str, float, float], Landmark] = {}
    for engine, found in results["engines"].items():
        default = found["default"]
        # The front counts leaves as means over the inner folds.
        measured: list[tuple[str, Number, Number]] = [
            (pick, found[pick]["inner"]["leaves"], found[pick]["inner"]["loss"])
            for pick in PICKS
        ]
        measured.append(
            ("default", default["size"]["leaves"], default["outer"]["loss"])
        )
        for kind, leaves, loss in measured:
            if loss is None or leaves is None:
                continue
            here = marks.get((engine, leaves, loss))
            start = f"{here.words} and" if here else engine_name(engine)
            mark = Landmark(engine, f"{start} {kind}", leaves, loss, pick=kind in PICKS)
            marks[engine, leaves, loss] = mark
    return list(marks.values())


def _purposes_table(results: Results, places: int) -> TextTable | None:
    """Return a row for each engine and purpose, None where there is none."""
    timed = results["run"].get("select", {})
    found = []
    for engine, by_engine in results["engines"].items():
        found += [(engine, one) for one in by_engine["purposes"]]
        if engine in timed:
            found.append((engine, timed[engine]))
    if not found:
        return None
    values = [one["penalty"] for _, one in found]
    names = [n for n in values[0] if len({value.get(n) for value in values}) > 1]
    rows = []
    for engine, one in found:
        above, error = signed(one["above_best"], places), one["above_best_se"]
        row = (
            _PURPOSES[one["purpose"]].format(significant(one["limit"])),
            engine_name(engine),
            count(one["trial"]),
            count(one["rounds"]),
            fixed(one["loss"], places),
            above if error is None else f"{above} ± {fixed(error, places)}",
            count(one["leaves"]),
            count(one["trees"]),
            count(one["bytes"]),
            *(significant(one["penalty"].get(name)) for name in names),
        )
        rows.append(row)
    heads = (
        "purpose", "engine", "trial", "rounds", "inner loss", "above the best",
        "leaves", "trees", "bytes", *names,
    )  # fmt: skip
    caption = "For a purpose: candidates of the search on all rows, without new fits"
    return TextTable(caption, heads, tuple(rows), (0, 1))


def trials_section(
    results: Results, shown: Shown, places: int
) -> dict[str, Any] | None:
    """Return the table of all trials with what a script needs to sort and export."""
    rows = shown.rows
    if not rows:
        return None
    varied = [p for p in PENALTIES if len({row.get(p) for row in rows}) > 1]
    reason = ("reason",) if any(row.get("reason") for row in rows) else ()
    columns = ("engine", "trial", "state", *_MEASURES, *varied, *reason)
    heads = {name: name.replace("_", " ") for name in _MEASURES} | {"loss_se": "SE"}
    listed = [(k, rows[k]) for k in shown.listed]
    left_out = len(rows) - len(listed)
    states = [str(row["state"]) for row in rows]
    return {
        "id": "trials",
        "nav": "All trials",
        "heading": results["text"]["headings"]["trials"],
        "columns": [heads.get(column, column) for column in columns],
        # Each cell as (text, class), without the first two, which name the trial.
        "rows": [
            {
                "index": k,
                "id": _name(row),
                "cells": [_cell(row, column, places) for column in columns[2:]],
            }
            for k, row in listed
        ],
        "engines": list(dict.fromkeys(str(row["engine"]) for row in rows)),
        "states": ", ".join(
            f"{count(states.count(state))} {state}" for state in dict.fromkeys(states)
        ),
        "left_out": count(left_out) if left_out else "",
        "elsewhere": count(shown.elsewhere) if shown.elsewhere else "",
        "island": _island(results, listed, columns),
    }


def _cell(row: Row, column: str, places: int) -> tuple[str, str]:
    value = _number(row, column)
    if column == "state":
        return (str(row[column]), "")
    if column == "reason":
        return (public(str(row.get(column) or "")), "t")
    if column in ("loss", "loss_se", "train_loss"):
        return (fixed(value, places), "")
    if column in _MEASURES:
        return (count(value), "")
    return (MISSING if value is None else significant(value), "")


def _island(
    results: Results, listed: Sequence[tuple[int, Row]], columns: Sequence[str]
) -> dict[str, Any]:
    """Return what the script needs to sort, filter, point at and export the rows.

    Columns in ``worded`` hold places in ``words``; ``index`` is None where all rows are
    listed, in their order.
    """

    def exact(row: Row, column: str) -> str | float | int | None:
        if column in _TEXTS:
            return public(str(row.get(column) or ""))
        value = _number(row, column)
        if value is None:
            return None
        return int(value) if value == int(value) else float(f"{value:.6g}")

    values = [[exact(row, name) for name in columns] for _, row in listed]
    worded = [k for k, name in enumerate(columns) if name in _TEXTS]
    words = list(dict.fromkeys(row[k] for row in values for k in worded))
    place = {word: k for k, word in enumerate(words)}
    index = [k for k, _ in listed]
    for row in values:
        for k in worded:
            row[k] = place[row[k]]
    return {
        "columns": list(columns),
        "index": None if index == list(range(len(index))) else index,
        "marks": [_marks(results, row) for _, row in listed],
        "words": words,
        "worded": worded,
        "values": values,
    }
