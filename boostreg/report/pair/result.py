"""A comparison as lines of a terminal."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.effects.effects import paired_ratio
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.setup import without_folders
from boostreg.report.sections.words import PICKS, dig, engine_name, number, plain
from boostreg.report.wording import count, format_change, format_number
from boostreg.statistics import Interval, corrected_t, holm

__all__ = ["Match", "compare_runs", "match_runs", "pair_lines"]

_MISSING = "-"


def pair_lines(compared: Mapping[str, Any]) -> Iterator[str]:
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
    for head, part in (("study", "study"), ("environment", "environment")):
        rows = [tuple(map(_line, row)) for row in compared[part]]
        yield ""
        if rows:
            yield from _table((f"{head}: what differs", "A", "B"), rows)
        else:
            yield f"{head}: nothing differs"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
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


def _ends(loss: Mapping[str, Any] | None) -> str:
    if loss is None or math.isnan(loss["low"]):
        return _MISSING
    return f"{format_number(loss['low'])} to {format_number(loss['high'])}"


def _said(write: Any, value: float | None) -> str:
    return _MISSING if value is None else str(write(value))


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


Results = Mapping[str, Any]

# Where each condition is read, and its words.
_DATA = (("rows and columns", ("data", "fingerprint")),)
_FOLDS = (
    ("seed", ("study", "seed")),
    ("outer folds", ("study", "validation", "outer")),
    ("task", ("data", "task")),
    ("groups", ("study", "data", "groups")),
    ("time", ("study", "data", "time")),
)
_LOSS = (
    ("loss", ("data", "loss")),
    ("objective", ("data", "objective")),
    ("its parameter", ("data", "objective_parameter")),
    ("row weights", ("study", "data", "weights")),
    ("class weights", ("study", "data", "class_weights")),
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
        ratio=_ratio(a),
    )


def _differences(
    head: str,
    conditions: tuple[tuple[str, tuple[str, ...]], ...],
    a: Results,
    b: Results,
    *,
    show: bool = True,
) -> Iterator[str]:
    for words, keys in conditions:
        left, right = dig(a, *keys), dig(b, *keys)
        if left != right:
            values = f" {plain(left)} in A, {plain(right)} in B" if show else ""
            yield f"{head}: {words}{values or ' are not the same'}."


def _ratio(results: Results) -> float:
    ratio, folds = (
        number(dig(results, "outer_ratio")),
        number(dig(results, "study", "validation", "outer", "folds")),
    )
    if ratio is not None:
        return ratio
    # Forward in time each fold trains on fewer rows: the mean was not stored then.
    forward = dig(results, "study", "data", "time") is not None
    return math.nan if folds is None or forward else 1 / (folds - 1)


LEVEL = 0.05
_UNTOLD = "no interval"


@dataclass(frozen=True, slots=True)
class _Sides:
    """One model of each run."""

    name: str
    a: Mapping[str, Any] | None
    b: Mapping[str, Any] | None
    leads: bool = False


def compare_runs(a: Results, b: Results, names: tuple[str, str]) -> dict[str, Any]:
    """Return the comparison of run B with run A, JSON-ready but for NaN.

    Parameters
    ----------
    a, b : mapping
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
        "loss_name": [dig(a, "data", "loss"), dig(b, "data", "loss")],
        "paired": match.paired,
        "flags": match.flags,
        "comparable": {"data": not match.data, "loss": not match.loss},
        "answer": _answer(lead, match, names),
        "notes": list(_notes(rows, match)),
        "rows": rows,
        "study": _changed(_public(a), _public(b)),
        "environment": _changed(_environment(a), _environment(b)),
    }


def _sides(a: Results, b: Results) -> Iterator[_Sides]:
    leads = (lead_engine(a), lead_engine(b))
    if leads[0] != leads[1] and None not in leads:
        yield _Sides(
            f"{engine_name(str(leads[0]))} in A, {engine_name(str(leads[1]))} in B: "
            "one_se of the engine that leads",
            dig(a, "engines", str(leads[0]), "one_se"),
            dig(b, "engines", str(leads[1]), "one_se"),
            leads=True,
        )
    for engine in dict.fromkeys([*a["engines"], *b["engines"]]):
        for pick in PICKS:
            left, right = (dig(run, "engines", engine, pick) for run in (a, b))
            if left or right:
                leading = leads == (engine, engine) and pick == "one_se"
                name = f"{engine_name(engine)} {pick}"
                yield _Sides(name, left, right, leads=leading)


def _row(sides: _Sides, match: Match) -> dict[str, Any]:
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


def _told(pick: Mapping[str, Any] | None) -> dict[str, Any]:
    folds = dig(pick, "by_outer_fold") or ()
    return {
        "loss": dig(pick, "outer", "loss"),
        "low": dig(pick, "outer", "low"),
        "high": dig(pick, "outer", "high"),
        "losses": dig(pick, "outer", "losses") or [],
        "leaves": dig(pick, "outer_size", "leaves"),
        "model_leaves": dig(pick, "size", "leaves"),
        "by_fold": [fold["leaves"] for fold in folds],
        "rounds": dig(pick, "rounds"),
        "penalty": dig(pick, "penalty"),
    }


def _difference(
    a: Sequence[float | None], b: Sequence[float | None], match: Match
) -> dict[str, Any] | None:
    if not a or len(a) != len(b):
        return None
    left, right = (np.array(side, dtype=np.float64) for side in (a, b))
    change, base = right - left, float(left.mean())
    found = _untold(change, match) or corrected_t(change, match.ratio)
    return {
        "difference": found.estimate,
        "low": found.low,
        "high": found.high,
        "p": found.p_value,
        "n": found.n,
        "method": found.method,
        "relative": found.estimate / base if base else math.nan,
        "same": bool(np.all(change == 0)),
    }


def _result_ratio(
    a: Sequence[float], b: Sequence[float], match: Match
) -> dict[str, Any] | None:
    """Return the ratio of leaves as a change: 0.9 is -10 %."""
    if not a or len(a) != len(b):
        return None
    known = len(a) > 1 and not math.isnan(match.ratio)
    found = paired_ratio(b, a, match.ratio if known else 0.0)
    return {
        "relative": found.estimate - 1,
        "low": found.low - 1 if known else math.nan,
        "high": found.high - 1 if known else math.nan,
        "p": found.p_value if known else math.nan,
        "n": found.n,
        "method": found.method,
        "same": list(a) == list(b),
    }


def _untold(change: Array, match: Match) -> Interval | None:
    """Return a mean without an interval where there can be none."""
    if len(change) > 1 and not math.isnan(match.ratio):
        return None
    nan = math.nan
    why = "one split" if len(change) == 1 else "unknown sizes of folds"
    mean = float(change.mean())
    return Interval(mean, nan, nan, nan, len(change), f"{_UNTOLD}: {why}")


def _adjust(rows: Sequence[dict[str, Any]]) -> None:
    """Add adjusted p-values and words, over all differences together."""
    found = [row[key] for row in rows for key in ("loss", "leaves") if row[key]]
    if not found:
        return
    adjusted = holm([one["p"] for one in found])
    for one, p_value in zip(found, adjusted, strict=True):
        one["adjusted"] = float(p_value)
        one["word"] = _word(one)


def _word(one: Mapping[str, Any]) -> str:
    if one["same"]:
        return "the same"
    if math.isnan(one["adjusted"]):
        return _UNTOLD
    if not one["adjusted"] < LEVEL:
        return "not told apart"
    return "less" if one["relative"] < 0 else "more"


def _answer(
    lead: Mapping[str, Any] | None, match: Match, names: tuple[str, str]
) -> list[str]:
    if not match.paired:
        unpaired = f"{names[1]} and {names[0]} cannot be paired: what follows stands"
        return [f"{unpaired} side by side, and says nothing of which is better."]
    if lead is None or lead["loss"] is None:
        return ["No pick of the two runs was judged on the same outer folds."]
    return [_loss_sentence(lead, names), _leaf_sentence(lead, names)]


def _loss_sentence(lead: Mapping[str, Any], names: tuple[str, str]) -> str:
    found, (a, b) = lead["loss"], names
    verdict = {
        "less": f"{b} is better than {a}",
        "more": f"{b} is worse than {a}",
        "the same": f"{b} has the loss of {a} on every outer fold",
        "not told apart": f"The loss of {b} is not told apart from that of {a}",
        _UNTOLD: f"Whether {b} is better than {a} can not be told",
    }[found["word"]]
    if found["word"] == "the same":
        return f"{verdict} ({lead['name']})."
    numbers = (
        f"{format_number(lead['b']['loss'])} against {format_number(lead['a']['loss'])}"
    )
    change = f"{format_change(found['relative'])} loss"
    return f"{verdict}: {numbers}, {change} ({_interval(found)}; {lead['name']})."


def _leaf_sentence(lead: Mapping[str, Any], names: tuple[str, str]) -> str:
    found = lead["leaves"]
    if found is None or lead["a"]["leaves"] is None or lead["b"]["leaves"] is None:
        return "Leaves were not stored by outer fold."
    numbers = (
        f"{count(lead['b']['leaves'])} leaves against {count(lead['a']['leaves'])}"
    )
    if found["word"] == "the same":
        return f"It is as large: {count(lead['b']['leaves'])} leaves."
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


def _interval(found: Mapping[str, Any]) -> str:
    if math.isnan(found["low"]):
        return _UNTOLD
    low, high = format_number(found["low"], 4), format_number(found["high"], 4)
    return f"95% CI of the difference {low} to {high}"


def _notes(rows: Sequence[Mapping[str, Any]], match: Match) -> Iterator[str]:
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
        yield (
            "Where an interval is missing, a loss is not finite, or the sizes of the "
            "folds were not stored."
        )


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[list[str]]:
    """Return what differs as rows of key, value in A, value in B."""
    return [
        [key, _shown(a, key), _shown(b, key)]
        for key in dict.fromkeys([*a, *b])
        if a.get(key, _UNTOLD) != b.get(key, _UNTOLD)
    ]


def _shown(values: Mapping[str, Any], key: str) -> str:
    return without_folders(plain(values[key])) if key in values else "not there"


def _public(results: Results) -> dict[str, Any]:
    study = {k: v for k, v in (results.get("study") or {}).items() if k != "name"}
    return dict(_flat(study, ""))


def _flat(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _environment(results: Results) -> dict[str, Any]:
    versions = dict(results.get("versions") or {})
    return versions | {"platform": dig(results, "run", "platform")}
