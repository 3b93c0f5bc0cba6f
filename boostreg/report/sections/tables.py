"""A table as the template writes it: every cell is text or a figure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from boostreg.figures import Figure
from boostreg.figures.numerals import MISSING, significant

__all__ = ["Cell", "Table", "plain", "table_of"]

Cell = str | Figure


@dataclass(frozen=True, slots=True)
class Table:
    """Caption, column heads, and rows whose first cell is their head.

    ``left`` lists the columns (by place) that hold text, set flush left.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: tuple[int, ...] = (0,)


def plain(value: Any) -> str:
    """Return a JSON value in one line for a reader.

    >>> plain({"folds": 5, "repeats": None}), plain([1, "a"]), plain(True)
    ('folds 5, repeats none', '1, a', 'yes')
    """
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else significant(value, 5)
    if isinstance(value, Mapping):
        parts = [f"{_words(k)} {plain(v)}" for k, v in value.items()]
        return ", ".join(parts) or MISSING
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or MISSING
    return str(value)


def table_of(caption: str, records: Iterable[Mapping[str, Any]]) -> Table:
    """Return records with equal keys as a table of plain text.

    >>> table_of("t", [{"name": "a", "n_rows": 3}]).heads
    ('name', 'n rows')
    """
    listed = list(records)
    keys = list(dict.fromkeys(key for record in listed for key in record))
    rows = tuple(
        tuple(MISSING if r.get(k) is None else plain(r[k]) for k in keys)
        for r in listed
    )
    text = tuple(
        place
        for place, key in enumerate(keys)
        if any(isinstance(r.get(key), str | list | Mapping) for r in listed)
    )
    return Table(caption, tuple(_words(key) for key in keys), rows, text)


def _words(key: object) -> str:
    return str(key).replace("_", " ")
