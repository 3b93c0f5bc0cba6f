"""Two runs compared as plain data: every number and sentence of page and terminal.

Differences of losses are B minus A, leaves are compared by their ratio. Where data,
outer folds and loss are the same they are paired by outer fold, with corrected
resampled t intervals; the words rest on p-values adjusted by Holm's rule over all of
the comparison. Where not, no difference of losses is stated at all.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostreg.insight.ratios import paired_ratio
from boostreg.losses import Array
from boostreg.report.numbers import count, number, percent
from boostreg.report.pair.match import Match, match_runs
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.setup import without_folders
from boostreg.report.sections.tables import plain
from boostreg.report.sections.words import PICKS, dig, engine_name
from boostreg.statistics import Interval, corrected_t, holm

__all__ = ["compare_runs"]

LEVEL = 0.05
_UNTOLD = "no interval"

Results = Mapping[str, Any]


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
        "leaves": _ratio(left["by_fold"], right["by_fold"], match) if pairs else None,
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


def _ratio(
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
    numbers = f"{number(lead['b']['loss'])} against {number(lead['a']['loss'])}"
    change = f"{percent(found['relative'])} loss"
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
    change = percent(found["relative"])
    verdict = {
        "less": f"{names[1]} is smaller",
        "more": f"{names[1]} is larger",
        "not told apart": "Their sizes are not told apart",
        _UNTOLD: "Of the sizes there is one measurement each",
    }[found["word"]]
    if math.isnan(found["low"]):
        return f"{verdict}: {numbers}, {change} ({_UNTOLD})."
    ends = f"95% CI {percent(found['low'])} to {percent(found['high'])}"
    return f"{verdict}: {numbers}, a change of {change} by fold ({ends})."


def _interval(found: Mapping[str, Any]) -> str:
    if math.isnan(found["low"]):
        return _UNTOLD
    low, high = number(found["low"], 4), number(found["high"], 4)
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
