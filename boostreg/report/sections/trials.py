"""Candidates for a purpose, as a table: within a limit, or at the front's knee."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boostreg.figures import (
    PLOT,
    Cloud,
    Figure,
    Landmark,
    SmallTree,
    size_against_loss,
    small_trees,
)
from boostreg.figures.scale import MISSING, count, fixed, signed, significant
from boostreg.penalty import PENALTIES
from boostreg.report.results import Number, PurposeData, Results, TreeData
from boostreg.report.sections.setup import public
from boostreg.report.sections.words import PICKS, TextTable, engine_name

__all__ = [
    "MOST_ROWS",
    "Shown",
    "front_section",
    "purposes_table",
    "select_rows",
    "trees_section",
    "trials_section",
]

_PURPOSES = {
    "one_se": "smallest within one SE",
    "knee": "knee of the front",
    "max_leaves": "at most {} leaves",
    "max_bytes": "at most {} bytes",
    "max_microseconds": "at most {} µs a row, estimated",
}


def purposes_table(results: Results, places: int) -> TextTable | None:
    """Return a row for each engine and purpose, None where there is none."""
    found = list(_candidates(results))
    if not found:
        return None
    values = [one["penalty"] for _, one in found]
    names = [n for n in values[0] if len({value.get(n) for value in values}) > 1]
    heads = (
        "purpose", "engine", "trial", "rounds", "inner loss", "above the best",
        "leaves", "trees", "bytes", *names,
    )  # fmt: skip
    rows = tuple(
        (
            *_cells(engine, one, places),
            *(significant(one["penalty"].get(name)) for name in names),
        )
        for engine, one in found
    )
    caption = "For a purpose: candidates of the search on all rows, nothing fitted anew"
    return TextTable(caption, heads, rows, (0, 1))


def _candidates(results: Results) -> Iterable[tuple[str, PurposeData]]:
    timed = results["run"].get("select", {})
    for engine, found in results["engines"].items():
        for one in found["purposes"]:
            yield engine, one
        if engine in timed:
            yield engine, timed[engine]


def _cells(engine: str, one: PurposeData, places: int) -> tuple[str, ...]:
    limit = significant(one["limit"])
    above, error = signed(one["above_best"], places), one["above_best_se"]
    return (
        _PURPOSES[one["purpose"]].format(limit),
        engine_name(engine),
        count(one["trial"]),
        count(one["rounds"]),
        fixed(one["loss"], places),
        above if error is None else f"{above} ± {fixed(error, places)}",
        count(one["leaves"]),
        count(one["trees"]),
        count(one["bytes"]),
    )


def trees_section(results: Results) -> dict[str, Any] | None:
    """Return a strip of trees for each engine and penalty that has some, if any."""
    effects = results["effects"]
    names = dict.fromkeys(name for found in effects.values() for name in found)
    strips = [
        {
            "penalty": name,
            "engine": engine,
            "chart": _strip(results, name, found[name]["trees"]),
        }
        for name in names
        for engine, found in effects.items()
        if name in found and found[name]["trees"]
    ]
    if not strips:
        return None
    return {
        "id": "trees",
        "nav": "Real trees",
        "heading": results["text"]["headings"]["trees"],
        "strips": strips,
    }


def _strip(results: Results, name: str, trees: Iterable[TreeData]) -> Figure:
    return small_trees(
        [
            SmallTree(
                f"{name} {significant(tree['value'])}", tree["leaves"], tree["tree"]
            )
            for tree in trees
        ],
        columns=[column["name"] for column in results["data"]["columns"]],
        title=f"First trees as {name} rises",
    )


MOST_ROWS = 2000
"""More trials than this are all drawn, but only the 1,000 best are listed."""

_BEST = 1000

_MEASURES = (
    "rounds", "loss", "loss_se", "train_loss", "leaves", "trees", "depth", "features",
)  # fmt: skip

_TEXTS = ("engine", "state", "reason")

_MOST_FOLDS = 20_000
"""Losses of folds beyond this number would make the page too large to send."""

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
    if len(rows) <= MOST_ROWS:
        listed = tuple(range(len(rows)))
    else:
        marked = {k for k, row in enumerate(rows) if _marks(results, row)}
        known = [k for k in range(len(rows)) if _loss(rows[k]) is not None]
        best = sorted(known, key=lambda k: (_loss(rows[k]) or 0.0, k))[:_BEST]
        listed = tuple(sorted(marked | set(best)))
    return Shown(rows, listed, len(trials) - len(rows))


def front_section(
    results: Results, shown: Shown, places: int, fits: Rows = ()
) -> dict[str, Any] | None:
    """Return the chart of size against loss, None where nothing was measured."""
    folds = _fold_losses(fits)
    clouds = [_cloud(results, engine, shown, folds) for engine in results["engines"]]
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
        "purposes": purposes_table(results, places),
        "folds": any(one for c in clouds for one in c.folds),
        "tied": count(sum(len(c.tied) for c in clouds)),
        "references": any(not mark.pick for mark in landmarks),
    }


def trials_section(
    results: Results, shown: Shown, places: int
) -> dict[str, Any] | None:
    """Return the table of all trials with what a script needs to sort and export."""
    if not shown.rows:
        return None
    reason = ("reason",) if any(row.get("reason") for row in shown.rows) else ()
    columns = ("engine", "trial", "state", *_MEASURES, *_varied(shown.rows), *reason)
    listed = [(k, shown.rows[k]) for k in shown.listed]
    left_out = len(shown.rows) - len(listed)
    return {
        "id": "trials",
        "nav": "All trials",
        "heading": results["text"]["headings"]["trials"],
        "columns": [
            {"loss_se": "SE"}.get(c, c.replace("_", " ")) if (c in _MEASURES) else c
            for c in columns
        ],
        "rows": [
            {"index": k, "id": _name(row), "cells": _trials_cells(row, columns, places)}
            for k, row in listed
        ],
        "engines": _engines(shown.rows),
        "states": _states(shown.rows),
        "left_out": count(left_out) if left_out else "",
        "elsewhere": count(shown.elsewhere) if shown.elsewhere else "",
        "island": _island(results, listed, columns),
    }


def _island(
    results: Results,
    listed: Sequence[tuple[int, Row]],
    columns: Sequence[str],
) -> dict[str, Any]:
    """Return what the script needs to sort, filter, point at and export the rows.

    Columns in ``worded`` hold places in ``words``; ``index`` is None where all rows are
    listed, in their order.
    """
    values = [[_exact(row, name) for name in columns] for _, row in listed]
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


def _engines(rows: Rows) -> list[str]:
    return list(dict.fromkeys(str(row["engine"]) for row in rows))


def _states(rows: Rows) -> str:
    states = [str(row["state"]) for row in rows]
    return ", ".join(f"{count(states.count(s))} {s}" for s in dict.fromkeys(states))


def _number(row: Row, column: str) -> float | None:
    """Return a cell as a finite float, None for what is none.

    >>> _number({"loss": 1}, "loss"), _number({"loss": float("nan")}, "loss")
    (1.0, None)
    """
    value = row.get(column)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _loss(row: Row) -> float | None:
    return _number(row, "loss")


def _name(row: Row) -> str:
    return f"{row['engine']}-{row['trial']}"


def _fold_losses(fits: Rows) -> FoldLosses:
    """Return the losses of the final tuning's folds by trial, none if too many."""
    found: FoldLosses = {}
    for row in fits:
        if row["outer_fold"] == "all":
            found.setdefault(_name(row), []).append(_loss(row))
    return found if sum(map(len, found.values())) <= _MOST_FOLDS else {}


def _cloud(results: Results, engine: str, shown: Shown, losses: FoldLosses) -> Cloud:
    mine = [
        (k, row)
        for k, row in enumerate(shown.rows)
        if (row["engine"], row["state"]) == (engine, "complete")
        and _loss(row) is not None
        and _number(row, "leaves") is not None
    ]
    found = results["engines"][engine]
    tied = set(found["ties"])
    return Cloud(
        engine,
        tuple((_number(row, "leaves"), _loss(row)) for _, row in mine),
        tuple(sorted((p["leaves"], p["loss"]) for p in found["front"])),
        tuple(k for k, _ in mine),
        frozenset(k for k, row in mine if row["trial"] in tied),
        _even([tuple(losses.get(_name(row), ())) for _, row in mine]),
    )


def _even(
    losses: Sequence[tuple[float | None, ...]],
) -> tuple[tuple[float | None, ...], ...]:
    """Return lists made equally long, as a trial that was not resampled has none."""
    most = max(map(len, losses), default=0)
    return tuple((*one, *(None,) * (most - len(one))) for one in losses)


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
            words = f"{here.words} and {kind}" if here else _words(engine, kind)
            mark = Landmark(engine, words, leaves, loss, pick=kind in PICKS)
            marks[engine, leaves, loss] = mark
    return list(marks.values())


def _words(engine: str, kind: str) -> str:
    return f"{engine_name(engine)} {kind}"


def _varied(rows: Rows) -> list[str]:
    return [p for p in PENALTIES if len({row.get(p) for row in rows}) > 1]


def _marks(results: Results, row: Row) -> str:
    """Return ``p`` for a pick and ``f`` for a trial on its engine's front."""
    found, trial = results["engines"][str(row["engine"])], row["trial"]
    picked = any(found[pick]["trial"] == trial for pick in PICKS)
    front = any(point["trial"] == trial for point in found["front"])
    return "p" * picked + "f" * front


def _trials_cells(
    row: Row, columns: Sequence[str], places: int
) -> list[tuple[str, str]]:
    """Return (text, class) of each cell but the first two, which name the trial."""
    return [_cell(row, column, places) for column in columns[2:]]


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


def _exact(row: Row, column: str) -> str | float | int | None:
    if column in _TEXTS:
        return public(str(row.get(column) or ""))
    value = _number(row, column)
    if value is None:
        return None
    return int(value) if value == int(value) else float(f"{value:.6g}")
