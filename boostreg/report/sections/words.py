"""The words of the page for engines, penalties and models, told once."""

from collections.abc import Mapping
from typing import Any

from boostreg.figures import encoding
from boostreg.figures.numerals import MISSING, fixed, signed

__all__ = [
    "PENALTY_WORDS",
    "PICKS",
    "dig",
    "engine_name",
    "model_name",
    "number",
    "picks",
    "span",
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
        return _BASELINES.get(name, name.replace("_", " "))
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
