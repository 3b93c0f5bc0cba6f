"""Trials: size against loss, picks for a purpose."""

from typing import Any

from boostreg.figures import (
    PLOT,
    Cloud,
    Landmark,
    size_against_loss,
)
from boostreg.figures.scale import count, fixed, signed, significant
from boostreg.report.parts import Number
from boostreg.report.results import Results
from boostreg.report.sections.table import Rows, Shown, number, trial_name
from boostreg.report.wording import PICKS, TextTable, engine_name

__all__ = ["front_section"]

_MAX_FOLDS = 20_000
"""More losses of folds than this would make the page too large to send."""

_PURPOSES = {
    "one_se": "smallest within one SE",
    "knee": "knee of the front",
    "max_leaves": "at most {} leaves",
    "max_bytes": "at most {} bytes",
    "max_microseconds": "at most {} µs per row, estimated",
}

FoldLosses = dict[str, list[float | None]]


def front_section(
    results: Results, shown: Shown, places: int, fits: Rows = ()
) -> dict[str, Any] | None:
    """Return the chart of size against loss, None where nothing was measured."""
    losses: FoldLosses = {}
    for row in fits:
        if row["outer_fold"] == "all":
            losses.setdefault(trial_name(row), []).append(number(row, "loss"))
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
