"""Size against loss: all trials, both fronts, and the best candidate of each size."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures import Cloud, Landmark, size_against_loss
from boostreg.figures.scale import count, fixed, signed, significant
from boostreg.report.results import CandidateData, Results
from boostreg.report.sections.table import Rows, Shown, number, trial_name
from boostreg.report.wording import (
    PICKS,
    TextTable,
    counted,
    engine_name,
    signed_percent,
)

__all__ = ["size_section"]

_MAX_FOLDS = 20_000
"""More losses of folds than this would make the page too large to send."""

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Limits of leaves within a power of ten, in about equal ratios."""

_MAX_LIMITS = 6
"""Limits in the table."""

_PURPOSES = {
    "one_se": "smallest within one SE",
    "knee": "knee of the front",
    "max_leaves": "at most {} leaves",
    "max_bytes": "at most {} bytes",
    "max_microseconds": "at most {} µs per row, estimated",
}

FoldLosses = dict[str, list[float | None]]


def size_section(
    results: Results, shown: Shown, places: int, fits: Rows = ()
) -> dict[str, Any] | None:
    """Return the chart and the limits on leaves, None where nothing was measured."""
    losses: FoldLosses = {}
    for row in fits:
        if row["outer_fold"] == "all":
            losses.setdefault(trial_name(row), []).append(number(row, "loss"))
    if sum(map(len, losses.values())) > _MAX_FOLDS:
        losses = {}
    clouds = [_cloud(results, engine, shown, losses) for engine in results["engines"]]
    drawn = sum(len(c.rows) for c in clouds)
    if not drawn and not any(c.front for c in clouds):
        return None
    marks = _landmarks(results)
    limits = _limits(clouds)
    wide, narrow = (
        size_against_loss(
            clouds,
            marks,
            loss=results["data"]["loss"],
            reach=max(limits, default=None),
            narrow=is_narrow,
        )
        for is_narrow in (False, True)
    )
    readings = [list(_readings(results, limit, places)) for limit in limits]
    return {
        "id": "size",
        "heading": results["text"]["headings"]["front"],
        "wide": wide,
        "narrow": narrow,
        "engines": [c.engine for c in clouds],
        "count": count(drawn),
        "loss": results["data"]["loss"],
        "folds": any(one for c in clouds for one in c.folds),
        "tied": count(sum(len(c.tied) for c in clouds)),
        "start": _start(results, limits),
        "limits": _limits_table(results, limits, readings),
        "purposes": _purposes_table(results, places),
        "island": {"limits": limits, "readings": readings},
    }


def _cloud(results: Results, engine: str, shown: Shown, losses: FoldLosses) -> Cloud:
    """Return the complete trials of an engine, its front, and the losses of folds."""
    own = [
        (k, row)
        for k, row in enumerate(shown.rows)
        if (row["engine"], row["state"]) == (engine, "complete")
        and number(row, "loss") is not None
        and number(row, "leaves") is not None
    ]
    found = results["engines"][engine]
    tied = set(found["ties"])
    # Equally long lists: a trial that was not resampled has fewer folds.
    folds = [losses.get(trial_name(row), []) for _, row in own]
    n_folds = max(map(len, folds), default=0)
    return Cloud(
        engine,
        tuple((number(row, "leaves"), number(row, "loss")) for _, row in own),
        tuple((p["leaves"], p["loss"]) for p in _front(results, engine)),
        tuple(k for k, _ in own),
        frozenset(k for k, row in own if row["trial"] in tied),
        tuple((*one, *(None,) * (n_folds - len(one))) for one in folds),
    )


def _front(results: Results, engine: str) -> list[CandidateData]:
    """Return the front of an engine from the fewest leaves to the lowest loss."""
    front = results["engines"][engine]["front"]
    return sorted(front, key=lambda one: (one["leaves"], one["loss"]))


def _landmarks(results: Results) -> list[Landmark]:
    """Return the picks; those that are one model share a label."""
    marks: dict[tuple[str, float, float], Landmark] = {}
    for engine, found in results["engines"].items():
        for pick in PICKS:
            # The front counts leaves as means over the inner folds.
            leaves, loss = found[pick]["inner"]["leaves"], found[pick]["inner"]["loss"]
            if loss is None or leaves is None:
                continue
            here = marks.get((engine, leaves, loss))
            facts = ENGINE_FACTS.get(engine)
            name = (facts and facts.short) or engine_name(engine)
            start = f"{here.words} and" if here else name
            mark = Landmark(engine, f"{start} {pick}", leaves, loss)
            marks[engine, leaves, loss] = mark
    return list(marks.values())


def _limits(clouds: Sequence[Cloud]) -> list[int]:
    """Return round limits from the smallest ensemble to the end of the last front."""
    sizes = [leaves for cloud in clouds for leaves, _ in cloud.front if leaves >= 1]
    if not sizes:
        return []
    decades = range(math.floor(math.log10(min(sizes))), 10)
    steps = sorted({round(step * 10.0**k) for k in decades for step in _STEPS})
    last = next(step for step in steps if step >= max(sizes))
    return [step for step in steps if min(sizes) <= step <= last]


def _best_under(
    results: Results, engine: str, limit: float
) -> tuple[CandidateData, float | None] | None:
    """Return the best candidate within a limit, and its change from the lowest loss."""
    front = _front(results, engine)
    within = [one for one in front if one["leaves"] <= limit]
    if not within:
        return None
    found, lowest = within[-1], front[-1]["loss"]
    return found, found["loss"] / lowest - 1 if lowest > 0 else None


def _readings(results: Results, limit: float, places: int) -> Iterator[str]:
    """Yield what each engine offers within a limit on leaves."""
    for engine in results["engines"]:
        best = _best_under(results, engine, limit)
        if best is None:
            yield f"{engine_name(engine)}: nothing this small"
            continue
        found, change = best
        yield (
            f"{engine_name(engine)}: {count(found['leaves'])} leaves, loss "
            f"{fixed(found['loss'], places)}, {signed_percent(change)} against its "
            f"lowest; trial {found['trial']} at {counted(found['rounds'], 'round')}"
        )


def _start(results: Results, limits: Sequence[int]) -> int:
    """Return the place of the smallest limit that holds a one_se of each engine."""
    picks = [
        found["one_se"]["inner"]["leaves"] for found in results["engines"].values()
    ]
    largest = max((leaves for leaves in picks if leaves is not None), default=0.0)
    within = [k for k, limit in enumerate(limits) if limit >= largest]
    return within[0] if within else max(len(limits) - 1, 0)


def _limits_table(
    results: Results, limits: Sequence[int], readings: Sequence[Sequence[str]]
) -> TextTable | None:
    """Return what a few of the limits offer."""
    if not limits:
        return None
    step = max(1, math.ceil(len(limits) / _MAX_LIMITS))
    chosen = [k for k in range(len(limits)) if (len(limits) - 1 - k) % step == 0]
    names = [engine_name(engine) for engine in results["engines"]]
    rows = tuple(
        (count(limits[k]), *(one.partition(": ")[2] for one in readings[k]))
        for k in chosen
    )
    caption = (
        "The best candidate of the search with at most so many leaves; losses are "
        "means over the inner folds"
    )
    columns = tuple(range(len(names) + 1))
    return TextTable(caption, ("at most", *names), rows, columns)


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
    caption = (
        "For a purpose: candidates of the search on all rows, without new fits. A "
        "candidate is a prefix of a trial, so that it may have fewer rounds and leaves "
        "than the trial in the table of all trials."
    )
    return TextTable(caption, heads, tuple(rows), (0, 1))
