"""Names, numbers, intervals and tables as sentences and pages write them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import ReadOnly, TypedDict

from boostreg.baselines.names import BASELINE_LABELS
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures import Figure, encoding
from boostreg.figures.scale import (
    MINUS,
    MISSING,
    count,
    fixed,
    is_number,
    signed,
    significant,
)
from boostreg.penalty.value import PENALTY_FACTS

__all__ = [
    "LABELS", "PENALTY_WORDS", "PICKS", "Cell", "PickName", "TextTable", "capitalize",
    "change_span", "counted", "counted_rows", "engine_name", "format_change",
    "format_number", "listed", "model_name", "plain", "signed_percent", "spaced",
    "span", "table_of", "used_rows",
]  # fmt: skip

LABELS = {name: facts.label for name, facts in ENGINE_FACTS.items()} | BASELINE_LABELS
"""Engines and baselines, as a sentence names them."""

PENALTY_WORDS = {name: facts.words for name, facts in PENALTY_FACTS.items()}
"""What each penalty does to a tree, in a few words."""


def counted_rows(card: Mapping[str, Any], study: Mapping[str, Any]) -> str:
    """Return the rows of a table that a study uses, in words.

    >>> counted_rows({"rows": 5000}, {"data": {"rows": 2000}})
    '2,000 of 5,000 rows'
    """
    n_rows, used = card["rows"], used_rows(card, study)
    return f"{used:,} of {n_rows:,} rows" if used < n_rows else f"{n_rows:,} rows"


def used_rows(card: Mapping[str, Any], study: Mapping[str, Any]) -> int:
    """Return the number of rows of a table that a study uses."""
    n_rows: int = card["rows"]
    used = study["data"].get("rows")
    return min(used, n_rows) if isinstance(used, int) else n_rows


PickName = Literal["one_se", "best"]
PICKS: tuple[PickName, ...] = ("one_se", "best")
"""The two candidates that a search picks, the smaller one first."""


def engine_name(engine: str) -> str:
    """Return an engine's name as its makers write it."""
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


def capitalize(sentence: str) -> str:
    """Return a sentence with a capital first letter; the rest stays as it is."""
    return sentence[:1].upper() + sentence[1:]


def counted(n: int, unit: str) -> str:
    """Return a number of things.

    >>> counted(1, "round"), counted(1200, "leaf weight")
    ('1 round', '1,200 leaf weights')
    """
    return f"{count(n)} {unit}{'s' * (n != 1)}"


def format_number(value: float, digits: int = 4) -> str:
    """Return a number with this many significant digits and a true minus sign.

    >>> format_number(3412.3456), format_number(0.000123456), format_number(12.0)
    ('3,412', '0.0001235', '12')
    """
    if not math.isfinite(value):
        return "not known"
    if value == 0:
        return "0"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def format_change(share: float, digits: int = 2) -> str:
    """Return a share as a signed percentage.

    >>> format_change(0.1234), format_change(0.05)
    ('+12%', '+5%')
    """
    if not math.isfinite(share):
        return "not known"
    sign = "+" if share > 0 else ""
    return f"{sign}{format_number(100 * share, digits)}%"


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


def signed_percent(share: float | None) -> str:
    """Return a change with its sign and one decimal, a dash where there is none.

    >>> signed_percent(0.0123)
    '+1.2%'
    """
    return MISSING if not is_number(share) else f"{signed(100 * share, 1)}%"


def change_span(ends: Ends | None) -> str:
    """Return the ends of a change, a dash where there is none.

    >>> change_span({"low": 0.1, "high": 0.2})
    '+10.0% to +20.0%'
    """
    if ends is None or not (is_number(ends["low"]) and is_number(ends["high"])):
        return MISSING
    return f"{signed_percent(ends['low'])} to {signed_percent(ends['high'])}"


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return names as a sentence lists them.

    >>> listed(["reg_alpha", "reg_lambda", "max_leaves"])
    'reg_alpha, reg_lambda and max_leaves'
    """
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


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
        parts = [f"{spaced(k)} {plain(v)}" for k, v in value.items()]
        return ", ".join(parts) or MISSING
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or MISSING
    return str(value)


def table_of(caption: str, records: Iterable[Mapping[str, Any]]) -> TextTable:
    """Return records with equal keys as a table of plain text."""
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
    return TextTable(caption, tuple(spaced(key) for key in keys), rows, text)


def spaced(key: object) -> str:
    """Return a key with spaces instead of underscores."""
    return str(key).replace("_", " ")
