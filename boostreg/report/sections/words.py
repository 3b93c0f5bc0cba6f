"""The words of the page for engines, penalties and models, told once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import ReadOnly, TypedDict

from boostreg.baselines.names import BASELINE_LABELS
from boostreg.figures import Figure, encoding
from boostreg.figures.scale import MISSING, fixed, is_number, signed, significant
from boostreg.penalty.value import PENALTY_FACTS

__all__ = [
    "PENALTY_WORDS",
    "PICKS",
    "Cell",
    "PickName",
    "TextTable",
    "engine_name",
    "model_name",
    "plain",
    "span",
    "table_of",
]

PENALTY_WORDS = {name: facts.words for name, facts in PENALTY_FACTS.items()}
"""What each penalty does to a tree, in a few words."""

PickName = Literal["one_se", "best"]
PICKS: tuple[PickName, ...] = ("one_se", "best")
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


class Ends(TypedDict):
    """What has an interval."""

    low: ReadOnly[float | None]
    high: ReadOnly[float | None]


def span(interval: Ends | None, places: int, *, sign: bool = False) -> str:
    """Return the ends of an interval, a dash where there is none.

    >>> span({"low": 1.0, "high": 2.0}, 1)
    '1.0 to 2.0'
    """
    if interval is None:
        return MISSING
    low, high = interval["low"], interval["high"]
    if not (is_number(low) and is_number(high)):
        return MISSING
    written = signed if sign else fixed
    return f"{written(low, places)} to {written(high, places)}"


Cell = str | Figure


@dataclass(frozen=True, slots=True)
class TextTable:
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


def table_of(caption: str, records: Iterable[Mapping[str, Any]]) -> TextTable:
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
    return TextTable(caption, tuple(_words(key) for key in keys), rows, text)


def _words(key: object) -> str:
    return str(key).replace("_", " ")
