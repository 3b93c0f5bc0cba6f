"""A comparison as lines of a terminal."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from boostreg.report.numbers import count, number, percent

__all__ = ["pair_lines"]

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
        _said(number, row["a"]["loss"]),
        _said(number, row["b"]["loss"]),
        number(loss["difference"]) if loss else _MISSING,
        _ends(loss),
        loss["word"] if loss else "",
        _said(count, row["a"]["leaves"]),
        _said(count, row["b"]["leaves"]),
        percent(leaves["relative"]) if leaves else _MISSING,
        leaves["word"] if leaves else "",
    )


def _ends(loss: Mapping[str, Any] | None) -> str:
    if loss is None or math.isnan(loss["low"]):
        return _MISSING
    return f"{number(loss['low'])} to {number(loss['high'])}"


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
