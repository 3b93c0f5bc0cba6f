"""Trials: which are on the page, the table of all, and first trees."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boostreg.figures import SmallTree, small_trees
from boostreg.figures.scale import MISSING, count, fixed, significant
from boostreg.penalty import PENALTIES
from boostreg.report.results import Results
from boostreg.report.sections.setup import public
from boostreg.report.wording import PICKS

__all__ = ["Row", "Rows", "Shown", "select_rows", "trees_section", "trials_section"]

_MAX_ROWS = 2000
"""More trials than this are all drawn, but only the 1,000 best are listed."""

_BEST = 1000

_MEASURES = (
    "rounds", "loss", "loss_se", "train_loss", "leaves", "trees", "depth", "features",
)  # fmt: skip
_TEXTS = ("engine", "state", "reason")

Row = Mapping[str, object]
Rows = Sequence[Row]


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


def trees_section(results: Results) -> dict[str, Any] | None:
    """Return a strip of trees for each engine and penalty that has some, if any."""
    effects = results["effects"]
    columns = [column["name"] for column in results["data"]["columns"]]
    strips = []
    for name in dict.fromkeys(name for found in effects.values() for name in found):
        for engine, found in effects.items():
            sketches = found[name]["trees"] if name in found else []
            trees = [
                SmallTree(
                    f"{name} {significant(one['value'])}", one["leaves"], one["tree"]
                )
                for one in sketches
            ]
            if trees:
                title = f"First trees as {name} rises"
                chart = small_trees(trees, columns=columns, title=title)
                strips.append({"penalty": name, "engine": engine, "chart": chart})
    if not strips:
        return None
    return {
        "id": "trees",
        "nav": "Real trees",
        "heading": results["text"]["headings"]["trees"],
        "strips": strips,
    }


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
