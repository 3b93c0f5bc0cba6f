"""Two runs compared as plain data, and as lines for a terminal."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from boostreg.effects.effects import paired_ratio
from boostreg.figures.scale import count
from boostreg.report.comparisons import LEVEL
from boostreg.report.results import PickData, Results
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.setup import without_folders
from boostreg.report.wording import (
    PICKS,
    engine_name,
    format_change,
    format_number,
    plain,
)
from boostreg.statistics import Interval, corrected_t, holm

__all__ = ["Change", "Compared", "ComparedRow", "compare_runs", "pair_lines"]

_MISSING = "-"
_NO_INTERVAL = "no interval"


class Change(TypedDict):
    """A paired change from A to B, as a share of A, and its 95 % interval.

    ``adjusted`` is the p-value after Holm's rule over all changes of a comparison, on
    which ``word`` is based; ends and p-values are NaN where there are none.
    """

    relative: float
    low: float
    high: float
    p: float
    n: int
    same: bool
    adjusted: float
    word: str


class PairedChange(Change):
    """A change of the loss: ends are those of ``difference``, B minus A."""

    difference: float


class ComparedRow(TypedDict):
    """A pick of both runs, None if a run lacks it; no change if it cannot be paired."""

    name: str
    leads: bool
    a: PickData | None
    b: PickData | None
    loss: PairedChange | None
    leaves: Change | None


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
        "model", "loss A", "loss B", "B - A", "95% CI", "", "leaves A", "leaves B", "",
        "",
    )  # fmt: skip
    cells = []
    for row in compared["rows"]:
        loss, leaves = row["loss"], row["leaves"]
        ends = _MISSING
        if loss and not math.isnan(loss["low"]):
            ends = f"{format_number(loss['low'])} to {format_number(loss['high'])}"
        cells.append(
            (
                row["name"],
                _loss_words(row["a"]),
                _loss_words(row["b"]),
                format_number(loss["difference"]) if loss else _MISSING,
                ends,
                loss["word"] if loss else "",
                _leaves_words(row["a"]),
                _leaves_words(row["b"]),
                format_change(leaves["relative"]) if leaves else _MISSING,
                leaves["word"] if leaves else "",
            )
        )
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


def compare_runs(a: Results, b: Results, names: tuple[str, str]) -> Compared:
    """Return the comparison of run B with run A, JSON-ready except for NaN.

    ``names`` are how the runs are called, A first.
    """
    flags: dict[str, list[str]] = {what: [] for what in _CONDITIONS}
    for what, conditions in _CONDITIONS.items():
        for words, read in conditions:
            left, right = read(a), read(b)
            if left != right:
                values = f"{plain(left)} in A, {plain(right)} in B"
                shown = "are not the same" if what == "data" else values
                flags[what].append(f"The {what} differ: {words} {shown}.")
    all_flags = [flag for found in flags.values() for flag in found]
    rows = list(_rows(a, b, paired=not all_flags))
    changes: list[Change] = [
        one for row in rows for one in (row["loss"], row["leaves"]) if one
    ]
    adjusted = holm([one["p"] for one in changes]) if changes else ()
    for one, p_value in zip(changes, adjusted, strict=True):
        one["adjusted"] = float(p_value)
        if one["same"]:
            one["word"] = "the same"
        elif one["adjusted"] < LEVEL:
            one["word"] = "less" if one["relative"] < 0 else "more"
        elif not math.isnan(one["adjusted"]):
            one["word"] = "no detectable difference"
    lead = next((row for row in rows if row["leads"]), None)
    answer = ["No pick of the two runs was judged on the same outer folds."]
    if all_flags:
        unpaired = f"{names[1]} and {names[0]} cannot be paired"
        answer = [f"{unpaired}: what follows does not show which is better."]
    elif lead and lead["loss"]:
        answer = [
            _loss_sentence(lead, lead["loss"], names),
            _leaf_sentence(lead, names),
        ]
    return {
        "names": list(names),
        "flags": all_flags,
        "same_data": not flags["data"],
        "same_loss": not flags["losses"],
        "answer": answer,
        "notes": list(_notes(rows)),
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


def _rows(a: Results, b: Results, *, paired: bool) -> Iterator[ComparedRow]:
    """Yield the picks side by side; different leading engines are compared first."""
    ratio = a["outer_ratio"]

    def row(
        name: str, left: PickData | None, right: PickData | None, *, leads: bool
    ) -> ComparedRow:
        found: ComparedRow = {
            "name": name,
            "leads": leads,
            "a": left,
            "b": right,
            "loss": None,
            "leaves": None,
        }
        if paired and left and right:
            found["loss"] = _loss_change(left, right, ratio)
            found["leaves"] = _leaves_change(left, right, ratio)
        return found

    leads = (lead_engine(a), lead_engine(b))
    if leads[0] != leads[1]:
        yield row(
            f"{engine_name(leads[0])} in A, {engine_name(leads[1])} in B: "
            "one_se of the engine that leads",
            a["engines"][leads[0]]["one_se"],
            b["engines"][leads[1]]["one_se"],
            leads=True,
        )
    for engine in dict.fromkeys([*a["engines"], *b["engines"]]):
        left, right = a["engines"].get(engine), b["engines"].get(engine)
        for pick in PICKS:
            yield row(
                f"{engine_name(engine)} {pick}",
                left and left[pick],
                right and right[pick],
                leads=leads == (engine, engine) and pick == "one_se",
            )


def _loss_change(a: PickData, b: PickData, ratio: float) -> PairedChange | None:
    left, right = (np.array(p["outer"]["losses"], dtype=np.float64) for p in (a, b))
    if not len(left) or len(left) != len(right):
        return None
    change, base = right - left, float(left.mean())
    # One split has no interval.
    ends = corrected_t(change, ratio) if len(change) > 1 else None
    difference = ends.estimate if ends else float(change[0])
    relative = difference / base if base else math.nan
    same = bool(np.all(change == 0))
    changed = _change(relative, ends, 0.0, n=len(change), same=same)
    return {**changed, "difference": difference}


def _leaves_change(a: PickData, b: PickData, ratio: float) -> Change | None:
    """Return the ratio of leaves as a change: 0.9 is -10 %."""
    left, right = ([f["leaves"] for f in p["by_outer_fold"]] for p in (a, b))
    if not left or len(left) != len(right):
        return None
    known = len(left) > 1
    found = paired_ratio(right, left, ratio if known else 0.0)
    ends = found if known else None
    return _change(found.estimate - 1, ends, 1.0, n=found.n, same=left == right)


def _change(
    relative: float, ends: Interval | None, shift: float, *, n: int, same: bool
) -> Change:
    return {
        "relative": relative,
        "low": ends.low - shift if ends else math.nan,
        "high": ends.high - shift if ends else math.nan,
        "p": ends.p_value if ends else math.nan,
        "n": n,
        "same": same,
        "adjusted": math.nan,
        "word": _NO_INTERVAL,
    }


def _loss_sentence(
    lead: ComparedRow, found: PairedChange, names: tuple[str, str]
) -> str:
    a, b = names
    verdict = {
        "less": f"{b} is better than {a}",
        "more": f"{b} is worse than {a}",
        "the same": f"{b} has the loss of {a} on every outer fold",
        "no detectable difference": f"No detectable difference in loss between {b} and "
        f"{a}",
        _NO_INTERVAL: f"These data cannot show whether {b} is better than {a}",
    }[found["word"]]
    if found["word"] == "the same":
        return f"{verdict} ({lead['name']})."
    ends = _NO_INTERVAL
    if not math.isnan(found["low"]):
        low, high = format_number(found["low"]), format_number(found["high"])
        ends = f"95% CI of the difference {low} to {high}"
    return (
        f"{verdict}: {_loss_words(lead['b'])} against {_loss_words(lead['a'])}, "
        f"{format_change(found['relative'])} loss ({ends}; {lead['name']})."
    )


def _leaf_sentence(lead: ComparedRow, names: tuple[str, str]) -> str:
    found, a, b = lead["leaves"], _leaves_words(lead["a"]), _leaves_words(lead["b"])
    if found is None or _MISSING in (a, b):
        return "Leaves were not stored by outer fold."
    if found["word"] == "the same":
        return f"Both are equally large: {b} leaves."
    verdict = {
        "less": f"{names[1]} is smaller",
        "more": f"{names[1]} is larger",
        "no detectable difference": "No detectable difference in size",
        _NO_INTERVAL: "There is one measurement of each size",
    }[found["word"]]
    numbers, change = f"{b} leaves against {a}", format_change(found["relative"])
    if math.isnan(found["low"]):
        return f"{verdict}: {numbers}, {change} ({_NO_INTERVAL})."
    ends = f"95% CI {format_change(found['low'])} to {format_change(found['high'])}"
    return f"{verdict}: {numbers}, a change of {change} by fold ({ends})."


def _notes(rows: Sequence[ComparedRow]) -> Iterator[str]:
    found = [row["loss"] for row in rows if row["loss"]]
    if any(one["n"] == 1 for one in found):
        yield (
            "Both runs have one outer split, and results.json keeps no losses of "
            "single rows: there is no paired interval."
        )
    elif found:
        yield (
            "Differences of losses are B minus A, changes of leaves the geometric mean "
            f"of B / A, paired over {found[0]['n']} outer folds, with corrected "
            "resampled t intervals; the words are based on p-values adjusted by Holm's "
            "method over all losses and leaves in the table."
        )
    if any(math.isnan(one["low"]) and one["n"] > 1 for one in found):
        yield "Where an interval is missing, a loss is not finite."


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
