"""The table of trials: which are listed, in which order and columns, for a script."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boostreg.figures.scale import MISSING, count, fixed, significant
from boostreg.penalty import PENALTIES
from boostreg.report.results import Results
from boostreg.report.sections.setup import public
from boostreg.report.wording import PICKS

__all__ = [
    "Row", "Rows", "Shown", "marks_of", "number", "select_rows", "trial_name",
    "trials_section",
]  # fmt: skip

_MAX_ROWS = 2000
"""More trials than this are all drawn, but only the 1,000 best are listed."""

_BEST = 1000

_STATES = ("complete", "raced", "failed")
"""In the order of the table: a raced trial has a loss on some of the folds only."""

_MEASURES = (
    "loss", "loss_se", "train_loss", "leaves", "rounds", "trees", "depth", "features",
)  # fmt: skip
_ALWAYS = ("loss", "loss_se", "leaves", "rounds", "max_leaves")
"""Columns that are shown also where they are constant."""

_TEXTS = ("engine", "state", "reason")

_HEADS = {"loss_se": "SE", "train_loss": "train loss"}

Row = Mapping[str, object]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Shown:
    """The trials on the page: all of the final tuning, and which of them are listed.

    ``listed`` are places in ``rows``, the lowest loss first.
    """

    rows: tuple[Row, ...]
    listed: tuple[int, ...]
    elsewhere: int


def select_rows(results: Results, trials: Rows) -> Shown:
    """Return the trials of the final tuning, and those to list in the table."""
    rows = tuple(row for row in trials if row["outer_fold"] == "all")

    def order(k: int) -> tuple[int, float, int]:
        state, loss = str(rows[k]["state"]), number(rows[k], "loss")
        place = _STATES.index(state) if state in _STATES else len(_STATES)
        return (place, math.inf if loss is None else loss, k)

    listed = sorted(range(len(rows)), key=order)
    if len(rows) > _MAX_ROWS:
        best = set([k for k in listed if number(rows[k], "loss") is not None][:_BEST])
        listed = [k for k in listed if k in best or marks_of(results, rows[k])]
    return Shown(rows, tuple(listed), len(trials) - len(rows))


def number(row: Row, column: str) -> float | None:
    """Return a cell as a finite float, None for anything else.

    >>> number({"loss": 1}, "loss"), number({"loss": float("nan")}, "loss")
    (1.0, None)
    """
    value = row.get(column)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def trial_name(row: Row) -> str:
    """Return the name of a trial, which is also its address on the page.

    >>> trial_name({"engine": "xgboost", "trial": 3})
    'xgboost-3'
    """
    return f"{row['engine']}-{row['trial']}"


def marks_of(results: Results, row: Row) -> str:
    """Return ``p`` for a pick and ``f`` for a trial on its engine's front."""
    found, trial = results["engines"][str(row["engine"])], row["trial"]
    picked = any(found[pick]["trial"] == trial for pick in PICKS)
    front = any(point["trial"] == trial for point in found["front"])
    return "p" * picked + "f" * front


def trials_section(
    results: Results, shown: Shown, places: int
) -> dict[str, Any] | None:
    """Return the table of all trials with what a script needs to sort and export.

    A column whose cells are all equal is named in ``constant`` instead.
    """
    rows = shown.rows
    if not rows:
        return None
    listed = [(k, rows[k]) for k in shown.listed]
    known = (*_MEASURES, *PENALTIES)
    cells = {name: {_cell(row, name, places)[0] for row in rows} for name in known}
    same = [n for n in known if len(cells[n]) == 1 and n not in _ALWAYS]
    penalties = [n for n in PENALTIES if n not in same]
    # The limit on leaves, on which size depends most, is next to the leaves.
    penalties.sort(key=lambda name: name != "max_leaves")
    measures = [name for name in _MEASURES if name not in same]
    states = [str(row["state"]) for row in rows]
    texts = ["state"] * (set(states) != {"complete"})
    texts += ["reason"] * any(row.get("reason") for row in rows)
    columns = ("engine", "trial", *measures, *penalties, *texts)
    left_out = len(rows) - len(listed)
    return {
        "id": "trials",
        "nav": "All trials",
        "heading": results["text"]["headings"]["trials"],
        "columns": [_HEADS.get(column, column) for column in columns],
        "constant": [
            f"{_HEADS.get(name, name)} {next(iter(cells[name]))}"
            for name in same
            if cells[name] != {MISSING}
        ],
        # Each cell as (text, class), without the first two, which name the trial.
        "rows": [
            {
                "index": k,
                "id": trial_name(row),
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
        "island": _island(results, listed, columns) | {"penalties": penalties},
    }


def _cell(row: Row, column: str, places: int) -> tuple[str, str]:
    value = number(row, column)
    if column == "state":
        return (str(row[column]), "t")
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

    Columns in ``worded`` hold places in ``words``; ``index`` is the place of each row
    among all trials.
    """

    def exact(row: Row, column: str) -> str | float | int | None:
        if column in _TEXTS:
            return public(str(row.get(column) or ""))
        value = number(row, column)
        if value is None:
            return None
        return int(value) if value == int(value) else float(f"{value:.6g}")

    values = [[exact(row, name) for name in columns] for _, row in listed]
    worded = [k for k, name in enumerate(columns) if name in _TEXTS]
    words = list(dict.fromkeys(row[k] for row in values for k in worded))
    place = {word: k for k, word in enumerate(words)}
    for row in values:
        for k in worded:
            row[k] = place[row[k]]
    return {
        "columns": list(columns),
        "index": [k for k, _ in listed],
        "marks": [marks_of(results, row) for _, row in listed],
        "words": words,
        "worded": worded,
        "values": values,
    }
