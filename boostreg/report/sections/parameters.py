"""What a study picked, as code to paste: a library's own, ours, and YAML.

``X`` is the data frame of the features and ``y`` the target, as the study read them.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures import SearchedRange, range_strip
from boostreg.figures.scale import MISSING, count, significant
from boostreg.penalty import SCALED, Penalty
from boostreg.report.results import EngineData, Number, PickData, Results
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.words import (
    PENALTY_WORDS,
    PICKS,
    Cell,
    PickName,
    TextTable,
    engine_name,
)

__all__ = ["boostreg_code", "parameters_section", "python_code", "to_yaml", "yaml_code"]

_DATA = {name: f.data_code for name, f in ENGINE_FACTS.items() if f.data_code}


def python_code(results: Results, engine: str, name: PickName) -> str:
    """Return the pick in the library's own parameters, with the call that trains it."""
    pick = results["engines"][engine][name]
    listed = [f"    {k!r}: {v!r}," for k, v in pick["params"].items()]
    rounds = pick["rounds"]
    lines = [_comment(engine, name, rounds), "params = {", *listed, "}"]
    if engine in _DATA:
        more = ", weight=weights" if results["data"]["weights"] else ""
        lines = [f"import {engine}", "", *lines, *_prepared(results)]
        lines.append(
            f"data = {_DATA[engine].format(more=more)}{_binning(results, engine)}"
        )
        lines.append(f"model = {engine}.train(params, data, num_boost_round={rounds})")
    return "\n".join(lines) + "\n"


def _binning(results: Results, engine: str) -> str:
    """Return a comment where the library bins a column otherwise than ours does."""
    columns = results["data"]["columns"]
    many = any(c["kind"] == "numeric" and c["distinct"] > 255 for c in columns)
    return "  # boostreg bins X - X.min()" if engine == "lightgbm" and many else ""


def _prepared(results: Results) -> Iterator[str]:
    """Yield what the libraries want done first: text as categories, classes as codes.

    Codes are places in sorted order, as ours are.
    """
    columns = results["data"]["columns"]
    kinds = {c["name"]: "category" for c in columns if c["kind"] == "category"}
    if kinds:
        yield f"X = X.astype({kinds!r})"
    if results["data"]["task"] in ("binary", "multiclass"):
        yield "y = y.astype('category').cat.codes"


def boostreg_code(
    results: Results, engine: str, name: PickName, penalty: Mapping[str, Number]
) -> str:
    """Return the pick as an estimator of ours; what is not named is the default."""
    regression = results["data"]["task"] == "regression"
    kind = "BoostedRegressor" if regression else "BoostedClassifier"
    rounds = results["engines"][engine][name]["rounds"]
    told = {"engine": engine, "n_estimators": rounds, **penalty, **_scale(results)}
    if objective := results["study"]["data"]["objective"]:
        told["objective"] = objective
    listed = ",\n".join(f"    {key}={value!r}" for key, value in told.items())
    weights = ", sample_weight=weights" if results["data"]["weights"] else ""
    return (
        f"from boostreg import {kind}\n\n{_comment(engine, name, rounds)}\n"
        f"model = {kind}(\n{listed},\n).fit(X, y{weights})\n"
    )


def yaml_code(
    results: Results, engine: str, name: PickName, penalty: Mapping[str, Number]
) -> str:
    """Return the pick as part of a study that searches nothing.

    Its two trials are the model without penalties and this one.
    """
    rounds = results["engines"][engine][name]["rounds"]
    content = {
        "engines": [engine],
        "rounds": {"max": rounds},
        "search": {"trials": 2, **_scale(results), "fixed": {**penalty}, "space": {}},
    }
    return f"{_comment(engine, name, rounds)}\n{to_yaml(content, flow=False)}"


def _comment(engine: str, name: str, rounds: int) -> str:
    return f"# {engine_name(engine)}, {name}, {count(rounds)} rounds"


def _scale(results: Results) -> dict[str, str]:
    scale = results["study"]["search"]["scale"]
    return {} if scale == "raw" else {"scale": scale}


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


def parameters_section(results: Results) -> dict[str, Any]:
    """Return a table and code for each engine."""
    return {
        "id": "use",
        "nav": "Parameters to use",
        "heading": results["text"]["headings"]["use"],
        "lead": lead_engine(results),
        "engines": [
            _engine(results, engine, found)
            for engine, found in results["engines"].items()
        ],
    }


def _engine(results: Results, engine: str, found: EngineData) -> dict[str, Any]:
    names = _names(results, engine, found)
    return {
        "engine": engine,
        "name": engine_name(engine),
        "table": _table(results, engine, found, names),
        "picks": [_pick(results, engine, name, names) for name in PICKS],
    }


def _pick(
    results: Results, engine: str, name: PickName, names: list[str]
) -> dict[str, Any]:
    pick = results["engines"][engine][name]
    told = {key: pick["penalty"].get(key) for key in names}
    return {
        "name": name,
        "id": f"{engine}-{name}",
        "summary": _summary(pick),
        "flags": _flags(pick),
        "prior": pick["prior"]["sentence"],
        "scales": _scales(engine, name, pick),
        "yaml": yaml_code(results, engine, name, told),
        "boostreg": boostreg_code(results, engine, name, told),
        "python": python_code(results, engine, name),
    }


def _summary(pick: PickData) -> str:
    leaves, rounds = count(pick["size"]["leaves"]), count(pick["rounds"])
    return f"trial {pick['trial']}, {rounds} rounds, {leaves} leaves"


def _scales(engine: str, name: str, pick: PickData) -> TextTable | None:
    """Return the penalties that have a unit, once in each."""
    scales = {k: v for k, v in pick["scales"].items() if v}
    rows = tuple(
        (penalty, *(_shown(values.get(penalty)) for values in scales.values()))
        for penalty in SCALED
    )
    if not scales:
        return None
    return TextTable(
        f"{engine_name(engine)} {name} in each scale", ("penalty", *scales), rows
    )


def _flags(pick: PickData) -> list[str]:
    flags = [f"{name} lies at the edge of its range" for name in pick["at_edge"]]
    if pick["rounds_max_reached"]:
        flags.insert(0, "rounds.max stopped it: more rounds may lower the loss")
    return flags


def _table(
    results: Results, engine: str, found: EngineData, names: list[str]
) -> TextTable:
    heads = (
        "penalty",
        "what it is",
        *PICKS,
        "default",
        "without loss",
        "range searched",
        "place in it",
    )
    rows = [
        _row(results, engine, name, {k: found[k]["penalty"].get(name) for k in PICKS})
        for name in names
    ]
    return TextTable(
        f"{engine_name(engine)}: picked values, boostreg's defaults, and the range",
        heads,
        tuple(rows),
        left=(0, 1, len(heads) - 1),
    )


def _row(
    results: Results,
    engine: str,
    name: str,
    values: Mapping[str, Number],
) -> tuple[Cell, ...]:
    default = Penalty().as_dict().get(name)
    safe, searched = _safe(results, engine, name), _searched(results, engine, name)
    without = f"{significant(safe[0])} to {significant(safe[1])}" if safe else MISSING
    return (
        name,
        PENALTY_WORDS.get(name, ""),
        *(_shown(value) for value in values.values()),
        _shown(default),
        without,
        _range_words(searched),
        _strip(engine, searched, values, safe) or "",
    )


def _safe(results: Results, engine: str, name: str) -> tuple[float, float] | None:
    effect = results["effects"].get(engine, {}).get(name)
    if effect is None or effect["safe"] is None:
        return None
    low, high = effect["safe"]
    return low, high


def _names(results: Results, engine: str, found: EngineData) -> list[str]:
    """Return the penalties to list: those searched, or set to other than default."""
    defaults = Penalty().as_dict()
    known = dict.fromkeys(name for pick in PICKS for name in found[pick]["penalty"])
    fixed = results["study"]["search"]["fixed"]

    def telling(name: str) -> bool:
        values = [found[pick]["penalty"].get(name) for pick in PICKS]
        moved = any(value != defaults.get(name) for value in values)
        return moved or name in fixed or _entry(results, engine, name) is not None

    return [name for name in known if telling(name)]


def _shown(value: Number) -> str:
    return "none" if value is None else significant(value, 4)


def _entry(results: Results, engine: str, name: str) -> Any:
    """Return what the space says of a penalty: a range or a value, None if nothing."""
    space = results["study"]["search"]["space"]
    return space.get(engine, {}).get(name) or space.get(name)


def _searched(results: Results, engine: str, name: str) -> SearchedRange | None:
    match _entry(results, engine, name):
        case {"low": low, "high": high, "log": log, "zero": zero}:
            return SearchedRange(low, high, log, bool(zero))
    return None


def _range_words(searched: SearchedRange | None) -> str:
    """Return the ends of a range and how it was drawn from."""
    if searched is None:
        return "held fixed"
    kinds = [w for w, on in (("log", searched.log), ("or 0", searched.zero)) if on]
    ends = f"{significant(searched.low)} to {significant(searched.high)}"
    return ", ".join([ends, *kinds])


def _strip(
    engine: str,
    searched: SearchedRange | None,
    values: Mapping[str, Number],
    safe: tuple[float, float] | None,
) -> Cell | None:
    picked = {k: value for k, value in values.items() if value is not None}
    if searched is None or searched.low >= searched.high or not picked:
        return None
    return range_strip(searched, picked, engine=engine, safe=safe)
