"""The words of the page for engines, penalties and models, told once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import ReadOnly, TypedDict

from boostreg.figures import Figure, encoding
from boostreg.figures.scale import MISSING, fixed, is_number, signed, significant

__all__ = [
    "PENALTY_WORDS",
    "PICKS",
    "Cell",
    "PickName",
    "Table",
    "engine_name",
    "model_name",
    "plain",
    "span",
    "table_of",
]

PENALTY_WORDS = {
    "reg_alpha": "L1 on leaf weights",
    "reg_lambda": "L2 on leaf weights",
    "min_split_gain": "least gain of a split",
    "min_child_weight": "least hessian in a leaf",
    "min_child_samples": "least rows in a leaf",
    "max_leaves": "most leaves of a tree",
    "max_depth": "most splits on the way to a leaf",
    "max_delta_step": "largest leaf weight",
    "path_smooth": "pull of a leaf to its parent",
    "cat_l2": "L2 on splits of categories",
    "subsample": "share of rows a round",
    "colsample_bytree": "share of columns a tree",
    "learning_rate": "factor on leaf weights",
}
"""What each penalty does to a tree, in a few words."""

_BASELINES = {
    "svm_l2": "SVM, L2",
    "svm_l1": "SVM, L1",
    "mlp": "network, L2",
    "keras_l1": "Keras network, L1",
    "keras_l2": "Keras network, L2",
    "keras_l1l2": "Keras network, L1 and L2",
    "keras_decay": "Keras network, decay",
}

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
        return _BASELINES.get(name, name.replace("_", " "))
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
