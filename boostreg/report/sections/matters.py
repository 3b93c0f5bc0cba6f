"""Which penalties matter, on the first screen: a row a penalty and engine."""

from collections.abc import Mapping
from typing import Any

from boostreg.figures.numerals import MISSING, significant
from boostreg.figures.numerals import percent as share_of
from boostreg.report.numbers import percent
from boostreg.report.sections.effects import strongest_first
from boostreg.report.sections.tables import Table
from boostreg.report.sections.words import PENALTY_WORDS, dig, engine_name, number

__all__ = ["matters_table"]


def matters_table(results: Mapping[str, Any]) -> Table | None:
    """Return what each penalty does to loss and size, None where none was moved."""
    effects = results.get("effects") or {}
    rows = tuple(
        _row(results, engine, name)
        for name in strongest_first(effects)
        for engine, found in effects.items()
        if dig(found, name, "lowest")
    )
    if not rows:
        return None
    loss = dig(results, "data", "loss") or "loss"
    heads = (
        "penalty", "what it is", "engine", "finding", "least loss at",
        loss, "leaves", "share of variance",
    )  # fmt: skip
    caption = (
        "Which penalties matter: each moved alone, at its value of least loss against "
        "its weakest (zero where it can be), with 95% intervals"
    )
    if all(row[-1] == MISSING for row in rows):
        return Table(caption, heads[:-1], tuple(r[:-1] for r in rows), (0, 1, 2, 3))
    caption += "; and its share of the loss's variance"
    return Table(caption, heads, rows, (0, 1, 2, 3))


def _row(results: Mapping[str, Any], engine: str, name: str) -> tuple[str, ...]:
    effect = results["effects"][engine][name]
    lowest = effect["lowest"]
    moved = lowest["value"] != effect["points"][0]["value"]
    importance = dig(results, "engines", engine, "importance", "loss")
    known = dig(importance, "determined")
    return (
        name,
        PENALTY_WORDS.get(name, ""),
        engine_name(engine),
        effect["verdict"],
        significant(number(lowest["value"])),
        _change(lowest["loss"]) if moved else "none lower",
        _change(lowest["leaves"]) if moved else MISSING,
        share_of(number(dig(importance, "main", name))) if known else MISSING,
    )


def _change(ends: tuple[Any, Any, Any]) -> str:
    """Return a share and its interval, a dash where it is not known."""
    estimate, low, high = (number(end) for end in ends)
    if estimate is None:
        return MISSING
    if low is None or high is None:
        return percent(estimate)
    return f"{percent(estimate)} ({percent(low)} to {percent(high)})"
