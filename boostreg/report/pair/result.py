"""Two runs compared as plain data, and as lines for a terminal.

Both runs must have judged the same test rows on the same outer folds. The losses of
these rows, in ``losses.csv`` of each, give the change of loss from A to B with the
intervals and words of ``boostreg.changes``; the intervals of all picks hold together.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np

from boostreg.arrays import Array
from boostreg.changes import Judges, simultaneous_changes
from boostreg.effects.effects import paired_ratio
from boostreg.figures.scale import count
from boostreg.report.comparisons import Comparison
from boostreg.report.decision import tolerance_sentence
from boostreg.report.results import PickData, Results
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.setup import without_folders
from boostreg.report.wording import (
    PICKS,
    PickName,
    capitalize,
    engine_name,
    format_change,
    format_number,
    model_name,
    plain,
)

__all__ = [
    "Compared", "ComparedRow", "JudgedRows", "LeafChange", "compare_runs", "pair_lines",
]  # fmt: skip

_MISSING = "-"


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """The losses of a run's outer test rows, by model and outer fold."""

    judges: Judges
    losses: Mapping[str, tuple[Array, ...]]

    @classmethod
    def from_table(
        cls, table: Sequence[Mapping[str, Any]], results: Results
    ) -> "JudgedRows":
        """Return the content of ``losses.csv`` of the run with these results."""
        columns = {
            name: np.array([row[name] for row in table], np.float64)
            for name in table[0]
        }
        fold = columns.pop("outer_fold")
        folds = [fold == number for number in np.unique(fold)]
        rows = columns.pop("row").astype(np.int64)
        groups = None
        if "group" in columns:
            groups = np.zeros(rows.max() + 1, np.int64)
            groups[rows] = columns.pop("group")
        by_fold = {
            name: tuple(column[where] for where in folds)
            for name, column in columns.items()
        }
        study = results["study"]
        judges = Judges(
            rows=tuple(rows[where] for where in folds),
            weights=by_fold.pop("weight"),
            groups=groups,
            forward=study["data"]["time"] is not None,
            ratio=results["outer_ratio"],
            repeats=int(study["validation"]["outer"].get("repeats") or 1),
        )
        return cls(judges, by_fold)

    def shares_rows(self, other: "JudgedRows") -> bool:
        """Return whether both have the same rows, groups and weights in each fold."""
        mine, its = (
            [*judges.rows, *judges.weights, judges.clusters]
            for judges in (self.judges, other.judges)
        )
        same_number = len(mine) == len(its)
        return same_number and all(
            np.array_equal(np.asarray(x), np.asarray(y))
            for x, y in zip(mine, its, strict=True)
        )


@dataclass(frozen=True, slots=True)
class LeafChange:
    """Leaves of B per leaf of A, with a 95 % interval; NaN ends where there is none."""

    ratio: float
    low: float
    high: float

    @property
    def word(self) -> Literal["fewer", "more", "same", "not settled", "no interval"]:
        """What the interval shows about the leaves of B."""
        if math.isnan(self.low):
            return "no interval"
        if self.low == self.high == 1:
            return "same"
        if self.high < 1:
            return "fewer"
        return "more" if self.low > 1 else "not settled"

    @property
    def estimate(self) -> str:
        """The change in words."""
        return format_change(self.ratio - 1)

    @property
    def ends(self) -> str:
        """The interval in words."""
        if math.isnan(self.low):
            return "no interval"
        low, high = format_change(self.low - 1), format_change(self.high - 1)
        return f"95% CI {low} to {high}"


class ComparedRow(TypedDict):
    """A pick of both runs, None if a run lacks it; no change if it cannot be paired."""

    name: str
    leads: bool
    a: PickData | None
    b: PickData | None
    loss: Comparison | None
    leaves: LeafChange | None


class Compared(TypedDict):
    """Run B against run A; ``study`` and ``environment`` list what differs."""

    names: list[str]
    flags: list[str]
    same_data: bool
    same_loss: bool
    answer: list[str]
    notes: list[str]
    rows: list[ComparedRow]
    study: list[list[str]]
    environment: list[list[str]]


def pair_lines(compared: Compared) -> Iterator[str]:
    """Yield the lines of a comparison from ``compare_runs``, flags first."""
    a, b = compared["names"]
    yield f"A = {_line(a)}, B = {_line(b)}"
    for flag in compared["flags"]:
        yield f"WARNING: {_line(flag)}"
    yield ""
    yield from map(_line, compared["answer"])
    yield ""
    heads = (
        "model", "loss A", "loss B", "change", "", "finding", "leaves A", "leaves B",
        "change", "finding",
    )  # fmt: skip
    cells = [
        (
            row["name"],
            _loss_words(row["a"]),
            _loss_words(row["b"]),
            row["loss"].estimate if row["loss"] else _MISSING,
            row["loss"].ends if row["loss"] else _MISSING,
            row["loss"].word if row["loss"] else "not paired",
            _leaves_words(row["a"]),
            _leaves_words(row["b"]),
            row["leaves"].estimate if row["leaves"] else _MISSING,
            row["leaves"].word if row["leaves"] else "not paired",
        )
        for row in compared["rows"]
    ]
    yield from _table(heads, cells)
    for note in compared["notes"]:
        yield ""
        yield note
    for head, differing in (
        ("study", compared["study"]),
        ("environment", compared["environment"]),
    ):
        rows = [tuple(map(_line, row)) for row in differing]
        yield ""
        if rows:
            yield from _table((f"{head}: what differs", "A", "B"), rows)
        else:
            yield f"{head}: nothing differs"


def _loss_words(pick: PickData | None) -> str:
    loss = pick["outer"]["loss"] if pick else None
    return _MISSING if loss is None else format_number(loss)


def _leaves_words(pick: PickData | None) -> str:
    leaves = pick["outer_size"]["leaves"] if pick else None
    return _MISSING if leaves is None else count(leaves)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], max_width: int = 60
) -> Iterator[str]:
    lines = [[cell[:max_width] for cell in line] for line in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _line(text: str) -> str:
    """Return text that cannot move the cursor of a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


# What two runs must share for paired intervals: the words of each, and where it is.
# Folds are drawn from the rows, the task and the seed alone, so equal settings on equal
# rows give equal folds; the data's fingerprint shows whether rows are equal.
_CONDITIONS: dict[str, tuple[tuple[str, Callable[[Results], object]], ...]] = {
    "data": (("rows and columns", lambda run: run["data"]["fingerprint"]),),
    "outer folds": (
        ("seed", lambda run: run["study"]["seed"]),
        ("outer folds", lambda run: run["study"]["validation"]["outer"]),
        ("task", lambda run: run["data"]["task"]),
        ("groups", lambda run: run["study"]["data"]["groups"]),
        ("time", lambda run: run["study"]["data"]["time"]),
    ),
    "losses": (
        ("loss", lambda run: run["data"]["loss"]),
        ("objective", lambda run: run["data"]["objective"]),
        ("its parameter", lambda run: run["data"]["objective_parameter"]),
        ("row weights", lambda run: run["study"]["data"]["weights"]),
        ("class weights", lambda run: run["study"]["data"]["class_weights"]),
    ),
}


def compare_runs(
    a: Results,
    b: Results,
    names: tuple[str, str],
    tables: tuple[JudgedRows, JudgedRows],
) -> Compared:
    """Return the comparison of run B with run A.

    ``names`` are how the runs are called, ``tables`` their judged rows, A first.
    """
    flags = _flags(a, b, tables)
    all_flags = [flag for found in flags.values() for flag in found]
    pairs = list(_pairs(a, b))
    changes = {} if all_flags else _loss_changes(pairs, (a, b), tables)
    rows = [_row(pair, (a, b), changes.get(pair)) for pair in pairs]
    lead = next((row for row in rows if row["leads"]), None)
    answer = ["No pick of the two runs was judged on the same outer folds."]
    if all_flags:
        unpaired = f"{names[1]} and {names[0]} cannot be paired"
        answer = [f"{unpaired}: what follows does not show which is better."]
    elif lead and lead["loss"] and lead["leaves"]:
        answer = [
            _loss_sentence(lead, lead["loss"], names),
            _leaf_sentence(lead, lead["leaves"], names),
        ]
    return {
        "names": list(names),
        "flags": all_flags,
        "same_data": not flags["data"],
        "same_loss": not flags["losses"],
        "answer": answer,
        "notes": list(_notes(list(changes.values()))),
        "rows": rows,
        "study": _changed(
            dict(_flat({k: v for k, v in a["study"].items() if k != "name"})),
            dict(_flat({k: v for k, v in b["study"].items() if k != "name"})),
        ),
        "environment": _changed(
            a["versions"] | {"platform": a["run"]["platform"]},
            b["versions"] | {"platform": b["run"]["platform"]},
        ),
    }


def _flags(
    a: Results, b: Results, tables: tuple[JudgedRows, JudgedRows]
) -> dict[str, list[str]]:
    """Return why the runs cannot be paired, by what differs; nothing if they can."""
    flags: dict[str, list[str]] = {what: [] for what in _CONDITIONS}
    for what, conditions in _CONDITIONS.items():
        for words, read in conditions:
            left, right = read(a), read(b)
            if left != right:
                values = f"{plain(left)} in A, {plain(right)} in B"
                shown = "are not the same" if what == "data" else values
                flags[what].append(f"The {what} differ: {words} {shown}.")
    if not any(flags.values()) and not tables[0].shares_rows(tables[1]):
        flags["outer folds"].append(
            "The outer folds differ: rows, groups or weights in losses.csv are not the "
            "same."
        )
    return flags


@dataclass(frozen=True, slots=True)
class _Pair:
    """A pick of A and the same of B; their engines may differ."""

    name: str
    engines: tuple[str, str]
    pick: PickName
    leads: bool


def _pairs(a: Results, b: Results) -> Iterator[_Pair]:
    """Yield the picks to compare; different leading engines come first."""
    leads = (lead_engine(a), lead_engine(b))
    if leads[0] != leads[1]:
        name = (
            f"{engine_name(leads[0])} in A, {engine_name(leads[1])} in B: "
            "one_se of the engine that leads"
        )
        yield _Pair(name, leads, "one_se", leads=True)
    for engine in dict.fromkeys([*a["engines"], *b["engines"]]):
        for pick in PICKS:
            same = (engine, engine)
            is_lead = leads == same and pick == "one_se"
            yield _Pair(f"{engine_name(engine)} {pick}", same, pick, leads=is_lead)


def _loss_changes(
    pairs: Sequence[_Pair],
    runs: tuple[Results, Results],
    tables: tuple[JudgedRows, JudgedRows],
) -> dict[_Pair, Comparison]:
    """Return the change from A to B of each pick that both have; one family."""
    names = {
        pair: tuple(f"{engine} {pair.pick}" for engine in pair.engines)
        for pair in pairs
        if all(e in run["engines"] for e, run in zip(pair.engines, runs, strict=True))
    }
    losses = [
        (tables[1].losses[of_b], tables[0].losses[of_a])
        for of_a, of_b in names.values()
    ]
    judges = tables[0].judges
    changes = simultaneous_changes(losses, judges)
    # A change that matters in one of the studies matters here.
    tolerance = min(run["study"]["tolerance"] for run in runs)
    return {
        pair: Comparison(of_b, of_a, change, tolerance, judges.n, len(names))
        for (pair, (of_a, of_b)), change in zip(names.items(), changes, strict=True)
    }


def _row(
    pair: _Pair, runs: tuple[Results, Results], loss: Comparison | None
) -> ComparedRow:
    found = (run["engines"].get(e) for run, e in zip(runs, pair.engines, strict=True))
    a, b = (one and one[pair.pick] for one in found)
    leaves = _leaf_change(a, b, runs[0]["outer_ratio"]) if loss and a and b else None
    return {
        "name": pair.name,
        "leads": pair.leads,
        "a": a,
        "b": b,
        "loss": loss,
        "leaves": leaves,
    }


def _leaf_change(a: PickData, b: PickData, outer_ratio: float) -> LeafChange:
    left, right = ([f["leaves"] for f in p["by_outer_fold"]] for p in (a, b))
    found = paired_ratio(right, left, outer_ratio)
    return LeafChange(found.estimate, found.low, found.high)


def _loss_sentence(lead: ComparedRow, found: Comparison, names: tuple[str, str]) -> str:
    verdict = found.clause(names[1], names[0])
    if found.word == "not settled":  # otherwise a name comes first
        verdict = capitalize(verdict)
    return (
        f"{verdict}: {_loss_words(lead['b'])} against {_loss_words(lead['a'])}, "
        f"{found.estimate} loss ({found.ends}; {lead['name']})."
    )


def _leaf_sentence(lead: ComparedRow, found: LeafChange, names: tuple[str, str]) -> str:
    a, b = _leaves_words(lead["a"]), _leaves_words(lead["b"])
    verdict = {
        "fewer": f"{names[1]} is smaller",
        "more": f"{names[1]} is larger",
        "same": "Both are equally large",
        "not settled": "Not settled which is smaller",
        "no interval": "There is one measurement of each size",
    }[found.word]
    return f"{verdict}: {b} leaves against {a}, {found.estimate} ({found.ends})."


def _notes(changes: Sequence[Comparison]) -> Iterator[str]:
    if not changes:
        return
    first = changes[0]
    yield (
        "Changes of loss are from A to B on the same outer test rows; the intervals of "
        f"all {first.family} hold together. Ratios of leaves are geometric means over "
        "the outer folds, with a corrected resampled t interval each."
    )
    yield tolerance_sentence(first.tolerance)
    for one in changes:
        if not one.change.exists:
            reason = one.change.method.removeprefix("no interval: ")
            yield f"The change of {model_name(one.a)} has no interval: {reason}."


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[list[str]]:
    """Return what differs as rows of key, value in A, value in B."""

    def shown(values: Mapping[str, Any], key: str) -> str:
        return without_folders(plain(values[key])) if key in values else "not set"

    return [
        [key, shown(a, key), shown(b, key)]
        for key in dict.fromkeys([*a, *b])
        if key not in a or key not in b or a[key] != b[key]
    ]


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
