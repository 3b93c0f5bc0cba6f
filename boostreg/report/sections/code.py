"""What a study picked, as code to paste: a library's own, ours, and YAML.

``X`` is the data frame of the features and ``y`` the target, as the study read them.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any

from boostreg.figures.numerals import count
from boostreg.report.sections.words import dig, engine_name, number

__all__ = ["boostreg_code", "python_code", "to_yaml", "yaml_code"]

_DATA = {
    "xgboost": "xgboost.DMatrix(X, y{more}, enable_categorical=True)",
    "lightgbm": "lightgbm.Dataset(X, y{more})",
}


def python_code(results: Mapping[str, Any], engine: str, name: str) -> str:
    """Return the pick in the library's own parameters, with the call that trains it."""
    pick = results["engines"][engine][name]
    listed = [f"    {k!r}: {v!r}," for k, v in (pick.get("params") or {}).items()]
    rounds = pick.get("rounds")
    lines = [_comment(engine, name, rounds), "params = {", *listed, "}"]
    if engine in _DATA:
        more = ", weight=weights" if dig(results, "data", "weights") else ""
        lines = [f"import {engine}", "", *lines, *_prepared(results)]
        lines.append(
            f"data = {_DATA[engine].format(more=more)}{_binning(results, engine)}"
        )
        lines.append(f"model = {engine}.train(params, data, num_boost_round={rounds})")
    return "\n".join(lines) + "\n"


def _binning(results: Mapping[str, Any], engine: str) -> str:
    """Return a comment where the library bins a column otherwise than ours does."""
    columns = dig(results, "data", "columns") or ()
    many = any(c["kind"] == "numeric" and c["distinct"] > 255 for c in columns)
    return "  # boostreg bins X - X.min()" if engine == "lightgbm" and many else ""


def _prepared(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the libraries want done first: text as categories, classes as codes.

    Codes are places in sorted order, as ours are.
    """
    columns = dig(results, "data", "columns") or ()
    kinds = {c["name"]: "category" for c in columns if c.get("kind") == "category"}
    if kinds:
        yield f"X = X.astype({kinds!r})"
    if dig(results, "data", "task") in ("binary", "multiclass"):
        yield "y = y.astype('category').cat.codes"


def boostreg_code(
    results: Mapping[str, Any], engine: str, name: str, penalty: Mapping[str, Any]
) -> str:
    """Return the pick as an estimator of ours; what is not named is the default."""
    regression = dig(results, "data", "task") == "regression"
    kind = "BoostedRegressor" if regression else "BoostedClassifier"
    rounds = results["engines"][engine][name].get("rounds")
    told = {"engine": engine, "n_estimators": rounds, **penalty, **_scale(results)}
    if objective := _objective(results):
        told["objective"] = objective
    listed = ",\n".join(f"    {key}={value!r}" for key, value in told.items())
    weights = ", sample_weight=weights" if dig(results, "data", "weights") else ""
    return (
        f"from boostreg import {kind}\n\n{_comment(engine, name, rounds)}\n"
        f"model = {kind}(\n{listed},\n).fit(X, y{weights})\n"
    )


def yaml_code(
    results: Mapping[str, Any], engine: str, name: str, penalty: Mapping[str, Any]
) -> str:
    """Return the pick as part of a study that searches nothing.

    Its two trials are the model without penalties and this one.
    """
    rounds = results["engines"][engine][name].get("rounds")
    content = {
        "engines": [engine],
        "rounds": {"max": rounds},
        "search": {"trials": 2, **_scale(results), "fixed": {**penalty}, "space": {}},
    }
    return f"{_comment(engine, name, rounds)}\n{to_yaml(content, flow=False)}"


def _comment(engine: str, name: str, rounds: Any) -> str:
    return f"# {engine_name(engine)}, {name}, {count(number(rounds))} rounds"


def _scale(results: Mapping[str, Any]) -> dict[str, str]:
    scale = str(dig(results, "study", "search", "scale") or "raw")
    return {} if scale == "raw" else {"scale": scale}


def _objective(results: Mapping[str, Any]) -> Any:
    """Return the study's objective where it names one that is not the task's."""
    return dig(results, "study", "data", "objective")


def to_yaml(content: Any, *, flow: bool = True) -> str:
    """Return JSON-ready content as YAML 1.2; ``flow``: innermost mappings in a line."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = None if flow else False
    yaml.width = 88
    yaml.representer.ignore_aliases = lambda *_: True
    yaml.representer.add_representer(type(None), _null)
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")
