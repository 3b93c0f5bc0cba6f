"""The words of the page for engines, penalties and models, told once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from boostreg.baselines.names import BASELINE_LABELS
from boostreg.figures import Figure, encoding
from boostreg.figures.scale import MISSING, fixed, signed, significant
from boostreg.penalty.value import PENALTY_FACTS

__all__ = [
    "PENALTY_WORDS",
    "PICKS",
    "Cell",
    "Table",
    "dig",
    "engine_name",
    "model_name",
    "number",
    "picks",
    "plain",
    "span",
    "table_of",
]

PENALTY_WORDS = {name: facts.words for name, facts in PENALTY_FACTS.items()}
"""What each penalty does to a tree, in a few words."""

PICKS = ("one_se", "best")
"""The two candidates that a search picks, the smaller one first."""


def engine_name(engine: str) -> str:
    """Return an engine's name as its makers write it.

    >>> engine_name("lightgbm")
    'LightGBM'
    """
    return encoding(engine).name


def model_name(name: str) -> str:
    """Return the words for a model of ``comparisons``.

    >>> model_name("xgboost default"), model_name("elastic_net")
    ('XGBoost default', 'elastic net')
    """
    first, *rest = name.split(" ")
    if not rest:
        label = BASELINE_LABELS.get(name, name.replace("_", " "))
        return label.removeprefix("the ")
    return " ".join([engine_name(first), *rest])


def dig(content: Any, *keys: str) -> Any:
    """Return what lies under nested keys, None where there is nothing.

    >>> dig({"a": {"b": 1}}, "a", "b"), dig({"a": None}, "a", "b")
    (1, None)
    """
    for key in keys:
        if not isinstance(content, Mapping):
            return None
        content = content.get(key)
    return content


def number(value: Any) -> float | None:
    """Return a value as a finite float, None for what is none.

    Rows may come from a CSV file, so text that reads as a number is one.

    >>> number("0.5"), number(""), number(float("nan")), number(True)
    (0.5, None, None, None)
    """
    if value is None or isinstance(value, bool):
        return None
    try:
        read = float(value)
    except (TypeError, ValueError):
        return None
    return read if abs(read) < float("inf") else None


def picks(results: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return (engine, ``one_se`` or ``best``, pick) for every pick there is."""
    return [
        (engine, name, found[name])
        for engine, found in results["engines"].items()
        for name in PICKS
        if found.get(name)
    ]


def span(interval: Any, places: int, *, sign: bool = False) -> str:
    """Return the ends of an interval, a dash where there is none.

    >>> span({"low": 1.0, "high": 2.0}, 1)
    '1.0 to 2.0'
    """
    low, high = number(dig(interval, "low")), number(dig(interval, "high"))
    if low is None or high is None:
        return MISSING
    written = signed if sign else fixed
    return f"{written(low, places)} to {written(high, places)}"


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
