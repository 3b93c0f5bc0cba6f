"""A comparison as lines of a terminal."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from boostreg.arrays import Array
from boostreg.effects.effects import paired_ratio
from boostreg.report.results import Number, Penalties, PickData, Results, StudyData
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.setup import without_folders
from boostreg.report.sections.words import PICKS, engine_name, plain
from boostreg.report.wording import count, format_change, format_number
from boostreg.statistics import Interval, corrected_t, holm

__all__ = ["Change", "Compared", "Match", "compare_runs", "match_runs", "pair_lines"]

_MISSING = "-"


class Change(TypedDict):
    """A paired change from A to B, as a share of A, and its 95 % interval.

    ``adjusted`` is the p-value after Holm's rule over all changes of a comparison, on
    which ``word`` rests; ends and p-values are NaN where there are none.
    """

    relative: float
    low: float
    high: float
    p: float
    n: int
    method: str
    same: bool
    adjusted: float
    word: str


class LossChange(Change):
    """A change of the loss: ends are those of ``difference``, B minus A."""

    difference: float


class Side(TypedDict):
    """A pick of one run; None and nothing where the run has none."""

    loss: Number
    low: Number
    high: Number
    losses: list[Number]
    leaves: Number
    model_leaves: Number
    by_fold: list[float]
    rounds: int | None
    penalty: Penalties | None


class ComparedRow(TypedDict):
    """A pick of both runs; no change where it cannot be paired."""

    name: str
    leads: bool
    a: Side
    b: Side
    loss: LossChange | None
    leaves: Change | None


class Comparable(TypedDict):
    """What two runs have in common."""

    data: bool
    loss: bool


class Compared(TypedDict):
    """Run B against run A; ``study`` and ``environment`` list what differs."""

    names: list[str]
    loss_name: list[str]
    paired: bool
    flags: list[str]
    comparable: Comparable
    answer: list[str]
    notes: list[str]
    rows: list[ComparedRow]
    study: list[list[str]]
    environment: list[list[str]]


def pair_lines(compared: Compared) -> Iterator[str]:
    """Yield the lines of a comparison, flags first.

    Parameters
    ----------
    compared : mapping
        From ``compare_runs``.
    """
    a, b = compared["names"]
    yield f"A = {_line(a)}, B = {_line(b)}"
    for flag in compared["flags"]:
        yield f"WARNING: {_line(flag)}"
    yield ""
    yield from map(_line, compared["answer"])
    yield ""
    yield from _table(
        ("model", "loss A", "loss B", "B - A", "95% CI", "", "leaves A", "leaves B", "",
         ""),
        [_cells(row) for row in compared["rows"]],
    )  # fmt: skip
    for note in compared["notes"]:
        yield ""
        yield note
    for head, part in (
        ("study", compared["study"]),
        ("environment", compared["environment"]),
    ):
        rows = [tuple(map(_line, row)) for row in part]
        yield ""
        if rows:
            yield from _table((f"{head}: what differs", "A", "B"), rows)
        else:
            yield f"{head}: nothing differs"


def _cells(row: ComparedRow) -> tuple[str, ...]:
    loss, leaves = row["loss"], row["leaves"]
    return (
        row["name"],
        _said(format_number, row["a"]["loss"]),
        _said(format_number, row["b"]["loss"]),
        format_number(loss["difference"]) if loss else _MISSING,
        _ends(loss),
        loss["word"] if loss else "",
        _said(count, row["a"]["leaves"]),
        _said(count, row["b"]["leaves"]),
        format_change(leaves["relative"]) if leaves else _MISSING,
        leaves["word"] if leaves else "",
    )


def _ends(loss: LossChange | None) -> str:
    if loss is None or math.isnan(loss["low"]):
        return _MISSING
    return f"{format_number(loss['low'])} to {format_number(loss['high'])}"


def _said(write: Callable[[float], str], value: float | None) -> str:
    return _MISSING if value is None else write(value)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], most: int = 60
) -> Iterator[str]:
    lines = [[cell[:most] for cell in line] for line in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _line(text: str) -> str:
    """Return text that can not move the cursor of a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


# The words of each condition, and where it is read.
Conditions = tuple[tuple[str, Callable[[Results], object]], ...]

_DATA: Conditions = (("rows and columns", lambda run: run["data"]["fingerprint"]),)
_FOLDS: Conditions = (
    ("seed", lambda run: run["study"]["seed"]),
    ("outer folds", lambda run: run["study"]["validation"]["outer"]),
    ("task", lambda run: run["data"]["task"]),
    ("groups", lambda run: run["study"]["data"]["groups"]),
    ("time", lambda run: run["study"]["data"]["time"]),
)
_LOSS: Conditions = (
    ("loss", lambda run: run["data"]["loss"]),
    ("objective", lambda run: run["data"]["objective"]),
    ("its parameter", lambda run: run["data"]["objective_parameter"]),
    ("row weights", lambda run: run["study"]["data"]["weights"]),
    ("class weights", lambda run: run["study"]["data"]["class_weights"]),
)


@dataclass(frozen=True, slots=True)
class Match:
    """What agrees between two runs.

    Attributes
    ----------
    data, folds, loss : tuple of str
        A sentence on each difference; empty where all agrees.
    ratio : float
        Test rows by training rows of an outer fold.
    """

    data: tuple[str, ...]
    folds: tuple[str, ...]
    loss: tuple[str, ...]
    ratio: float

    @property
    def flags(self) -> list[str]:
        """All that forbids a paired interval."""
        return [*self.data, *self.folds, *self.loss]

    @property
    def paired(self) -> bool:
        """Fold k of one run judges on the rows, and by the loss, of the other's."""
        return not self.flags


def match_runs(a: Results, b: Results) -> Match:
    """Return whether the losses of two runs may be paired, and if not, why.

    Folds are drawn from the rows, the task and the seed alone, so equal settings on
    equal rows give equal folds; the data's fingerprint says whether rows are equal.
    """
    return Match(
        data=tuple(_differences("The data differ", _DATA, a, b, show=False)),
        folds=tuple(_differences("The outer folds differ", _FOLDS, a, b)),
        loss=tuple(_differences("The losses differ", _LOSS, a, b)),
        ratio=a["outer_ratio"],
    )


def _differences(
    head: str,
    conditions: Conditions,
    a: Results,
    b: Results,
    *,
    show: bool = True,
) -> Iterator[str]:
    for words, read in conditions:
        left, right = read(a), read(b)
        if left != right:
            values = f" {plain(left)} in A, {plain(right)} in B" if show else ""
            yield f"{head}: {words}{values or ' are not the same'}."


LEVEL = 0.05
_UNTOLD = "no interval"


@dataclass(frozen=True, slots=True)
class _Sides:
    """One model of each run."""

    name: str
    a: PickData | None
    b: PickData | None
    leads: bool = False


def compare_runs(a: Results, b: Results, names: tuple[str, str]) -> Compared:
    """Return the comparison of run B with run A, JSON-ready but for NaN.

    Parameters
    ----------
    a, b : Results
        The content of each ``results.json``.
    names : (str, str)
        How the runs are called, A first.
    """
    match = match_runs(a, b)
    rows = [_row(sides, match) for sides in _sides(a, b)]
    _adjust(rows)
    lead = next((row for row in rows if row["leads"]), None)
    return {
        "names": list(names),
        "loss_name": [a["data"]["loss"], b["data"]["loss"]],
        "paired": match.paired,
        "flags": match.flags,
        "comparable": {"data": not match.data, "loss": not match.loss},
        "answer": _answer(lead, match, names),
        "notes": list(_notes(rows, match)),
        "rows": rows,
        "study": _changed(_public(a["study"]), _public(b["study"])),
        "environment": _changed(_environment(a), _environment(b)),
    }


def _sides(a: Results, b: Results) -> Iterator[_Sides]:
    leads = (lead_engine(a), lead_engine(b))
    if leads[0] != leads[1]:
        yield _Sides(
            f"{engine_name(leads[0])} in A, {engine_name(leads[1])} in B: "
            "one_se of the engine that leads",
            a["engines"][leads[0]]["one_se"],
            b["engines"][leads[1]]["one_se"],
            leads=True,
        )
    for engine in dict.fromkeys([*a["engines"], *b["engines"]]):
        left, right = a["engines"].get(engine), b["engines"].get(engine)
        for pick in PICKS:
            leading = leads == (engine, engine) and pick == "one_se"
            yield _Sides(
                f"{engine_name(engine)} {pick}",
                left and left[pick],
                right and right[pick],
                leads=leading,
            )


def _row(sides: _Sides, match: Match) -> ComparedRow:
    left, right = _told(sides.a), _told(sides.b)
    pairs = match.paired and sides.a and sides.b
    return {
        "name": sides.name,
        "leads": sides.leads,
        "a": left,
        "b": right,
        "loss": _difference(left["losses"], right["losses"], match) if pairs else None,
        "leaves": _result_ratio(left["by_fold"], right["by_fold"], match)
        if pairs
        else None,
    }


def _told(pick: PickData | None) -> Side:
    if pick is None:
        return {
            "loss": None,
            "low": None,
            "high": None,
            "losses": [],
            "leaves": None,
            "model_leaves": None,
            "by_fold": [],
            "rounds": None,
            "penalty": None,
        }
    return {
        "loss": pick["outer"]["loss"],
        "low": pick["outer"]["low"],
        "high": pick["outer"]["high"],
        "losses": pick["outer"]["losses"],
        "leaves": pick["outer_size"]["leaves"],
        "model_leaves": pick["size"]["leaves"],
        "by_fold": [fold["leaves"] for fold in pick["by_outer_fold"]],
        "rounds": pick["rounds"],
        "penalty": pick["penalty"],
    }


def _difference(
    a: Sequence[float | None], b: Sequence[float | None], match: Match
) -> LossChange | None:
    if not a or len(a) != len(b):
        return None
    left, right = (np.array(side, dtype=np.float64) for side in (a, b))
    change, base = right - left, float(left.mean())
    found = _untold(change) if len(a) == 1 else corrected_t(change, match.ratio)
    return {
        "difference": found.estimate,
        "low": found.low,
        "high": found.high,
        "p": found.p_value,
        "n": found.n,
        "method": found.method,
        "relative": found.estimate / base if base else math.nan,
        "same": bool(np.all(change == 0)),
        "adjusted": math.nan,
        "word": _UNTOLD,
    }


def _result_ratio(
    a: Sequence[float], b: Sequence[float], match: Match
) -> Change | None:
    """Return the ratio of leaves as a change: 0.9 is -10 %."""
    if not a or len(a) != len(b):
        return None
    known = len(a) > 1
    found = paired_ratio(b, a, match.ratio if known else 0.0)
    return {
        "relative": found.estimate - 1,
        "low": found.low - 1 if known else math.nan,
        "high": found.high - 1 if known else math.nan,
        "p": found.p_value if known else math.nan,
        "n": found.n,
        "method": found.method,
        "same": list(a) == list(b),
        "adjusted": math.nan,
        "word": _UNTOLD,
    }


def _untold(change: Array) -> Interval:
    """Return the difference on one split, which has no interval."""
    nan = math.nan
    return Interval(float(change[0]), nan, nan, nan, 1, f"{_UNTOLD}: one split")


def _adjust(rows: Sequence[ComparedRow]) -> None:
    """Set adjusted p-values and words, over all differences together."""
    found: list[Change] = [
        one for row in rows for one in (row["loss"], row["leaves"]) if one
    ]
    if not found:
        return
    adjusted = holm([one["p"] for one in found])
    for one, p_value in zip(found, adjusted, strict=True):
        one["adjusted"] = float(p_value)
        one["word"] = _word(one)


def _word(one: Change) -> str:
    if one["same"]:
        return "the same"
    if math.isnan(one["adjusted"]):
        return _UNTOLD
    if not one["adjusted"] < LEVEL:
        return "not told apart"
    return "less" if one["relative"] < 0 else "more"


def _answer(
    lead: ComparedRow | None, match: Match, names: tuple[str, str]
) -> list[str]:
    if not match.paired:
        unpaired = f"{names[1]} and {names[0]} cannot be paired: what follows stands"
        return [f"{unpaired} side by side, and says nothing of which is better."]
    if lead is None or lead["loss"] is None:
        return ["No pick of the two runs was judged on the same outer folds."]
    return [_loss_sentence(lead, lead["loss"], names), _leaf_sentence(lead, names)]


def _loss_sentence(lead: ComparedRow, found: LossChange, names: tuple[str, str]) -> str:
    a, b = names
    verdict = {
        "less": f"{b} is better than {a}",
        "more": f"{b} is worse than {a}",
        "the same": f"{b} has the loss of {a} on every outer fold",
        "not told apart": f"The loss of {b} is not told apart from that of {a}",
        _UNTOLD: f"Whether {b} is better than {a} can not be told",
    }[found["word"]]
    if found["word"] == "the same":
        return f"{verdict} ({lead['name']})."
    numbers = " against ".join(
        _said(format_number, side["loss"]) for side in (lead["b"], lead["a"])
    )
    change = f"{format_change(found['relative'])} loss"
    return f"{verdict}: {numbers}, {change} ({_interval(found)}; {lead['name']})."


def _leaf_sentence(lead: ComparedRow, names: tuple[str, str]) -> str:
    found, (a, b) = lead["leaves"], (lead["a"]["leaves"], lead["b"]["leaves"])
    if found is None or a is None or b is None:
        return "Leaves were not stored by outer fold."
    numbers = f"{count(b)} leaves against {count(a)}"
    if found["word"] == "the same":
        return f"It is as large: {count(b)} leaves."
    change = format_change(found["relative"])
    verdict = {
        "less": f"{names[1]} is smaller",
        "more": f"{names[1]} is larger",
        "not told apart": "Their sizes are not told apart",
        _UNTOLD: "Of the sizes there is one measurement each",
    }[found["word"]]
    if math.isnan(found["low"]):
        return f"{verdict}: {numbers}, {change} ({_UNTOLD})."
    ends = f"95% CI {format_change(found['low'])} to {format_change(found['high'])}"
    return f"{verdict}: {numbers}, a change of {change} by fold ({ends})."


def _interval(found: LossChange) -> str:
    if math.isnan(found["low"]):
        return _UNTOLD
    low, high = format_number(found["low"], 4), format_number(found["high"], 4)
    return f"95% CI of the difference {low} to {high}"


def _notes(rows: Sequence[ComparedRow], match: Match) -> Iterator[str]:
    found = [row["loss"] for row in rows if row["loss"]]
    if match.paired and any(one["n"] == 1 for one in found):
        yield (
            "Both runs have one outer split, and results.json keeps no losses of "
            "single rows: there is no paired interval."
        )
    elif match.paired and found:
        yield (
            "Differences of losses are B minus A, changes of leaves the geometric mean "
            f"of B by A, paired over {found[0]['n']} outer folds, with corrected "
            "resampled t intervals; the words rest on p-values adjusted by Holm's rule "
            "over all losses and leaves in the table."
        )
    if match.paired and any(math.isnan(one["low"]) and one["n"] > 1 for one in found):
        yield "Where an interval is missing, a loss is not finite."


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[list[str]]:
    """Return what differs as rows of key, value in A, value in B."""
    return [
        [key, _shown(a, key), _shown(b, key)]
        for key in dict.fromkeys([*a, *b])
        if a.get(key, _UNTOLD) != b.get(key, _UNTOLD)
    ]


def _shown(values: Mapping[str, Any], key: str) -> str:
    return without_folders(plain(values[key])) if key in values else "not there"


def _public(study: StudyData) -> dict[str, Any]:
    return dict(_flat({k: v for k, v in study.items() if k != "name"}, ""))


def _flat(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _environment(results: Results) -> dict[str, str]:
    return results["versions"] | {"platform": results["run"]["platform"]}
