"""Candidates for a purpose, as a table: within a limit, or at the front's knee."""

from collections.abc import Iterable, Mapping
from typing import Any

from boostreg.figures.numerals import count, fixed, signed, significant
from boostreg.report.sections.tables import Table
from boostreg.report.sections.words import dig, engine_name, number

__all__ = ["purposes_table"]

_PURPOSES = {
    "one_se": "smallest within one SE",
    "knee": "knee of the front",
    "max_leaves": "at most {} leaves",
    "max_bytes": "at most {} bytes",
    "max_microseconds": "at most {} µs a row, estimated",
}


def purposes_table(results: Mapping[str, Any], places: int) -> Table | None:
    """Return a row for each engine and purpose, None where there is none."""
    found = list(_candidates(results))
    if not found:
        return None
    values = [one["penalty"] for _, one in found]
    names = [n for n in values[0] if len({value.get(n) for value in values}) > 1]
    heads = (
        "purpose", "engine", "trial", "rounds", "inner loss", "above the best",
        "leaves", "trees", "bytes", *names,
    )  # fmt: skip
    rows = tuple(
        (
            *_cells(engine, one, places),
            *(significant(number(one["penalty"].get(name))) for name in names),
        )
        for engine, one in found
    )
    caption = "For a purpose: candidates of the search on all rows, nothing fitted anew"
    return Table(caption, heads, rows, (0, 1))


def _candidates(
    results: Mapping[str, Any],
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    timed = dig(results, "run", "select") or {}
    for engine, found in results["engines"].items():
        for one in found.get("purposes") or ():
            yield engine, one
        if engine in timed:
            yield engine, timed[engine]


def _cells(engine: str, one: Mapping[str, Any], places: int) -> tuple[str, ...]:
    limit = significant(number(one.get("limit")))
    above = signed(number(one.get("above_best")), places)
    error = number(one.get("above_best_se"))
    return (
        _PURPOSES[one["purpose"]].format(limit),
        engine_name(engine),
        count(number(one["trial"])),
        count(number(one["rounds"])),
        fixed(number(one["loss"]), places),
        above if error is None else f"{above} ± {fixed(error, places)}",
        count(number(one["leaves"])),
        count(number(one["trees"])),
        count(number(one["bytes"])),
    )
