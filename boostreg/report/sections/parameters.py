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
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.words import (
    PENALTY_WORDS,
    PICKS,
    Cell,
    Table,
    dig,
    engine_name,
    number,
)

__all__ = ["boostreg_code", "parameters_section", "python_code", "to_yaml", "yaml_code"]

_DATA = {name: f.data_code for name, f in ENGINE_FACTS.items() if f.data_code}


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


def parameters_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a table and code for each engine, None where nothing was picked."""
    engines = [
        _engine(results, engine, found)
        for engine, found in results["engines"].items()
        if any(found.get(name) for name in PICKS)
    ]
    if not engines:
        return None
    return {
        "id": "use",
        "nav": "Parameters to use",
        "heading": dig(results, "text", "headings", "use"),
        "lead": lead_engine(results),
        "engines": engines,
    }


def _engine(
    results: Mapping[str, Any], engine: str, found: Mapping[str, Any]
) -> dict[str, Any]:
    there = {name: found[name] for name in PICKS if found.get(name)}
    names = _names(results, engine, there)
    return {
        "engine": engine,
        "name": engine_name(engine),
        "table": _table(results, engine, there, names),
        "picks": [_pick(results, engine, name, names) for name in there],
    }


def _pick(
    results: Mapping[str, Any], engine: str, name: str, names: list[str]
) -> dict[str, Any]:
    pick = results["engines"][engine][name]
    told = {key: _value(pick, key) for key in names}
    return {
        "name": name,
        "id": f"{engine}-{name}",
        "summary": _summary(pick),
        "flags": _flags(pick),
        "prior": str(dig(pick, "prior", "sentence") or ""),
        "scales": _scales(engine, name, pick),
        "yaml": yaml_code(results, engine, name, told),
        "boostreg": boostreg_code(results, engine, name, told),
        "python": python_code(results, engine, name),
    }


def _summary(pick: Mapping[str, Any]) -> str:
    leaves = count(dig(pick, "size", "leaves"))
    rounds = count(number(pick.get("rounds")))
    return f"trial {pick.get('trial')}, {rounds} rounds, {leaves} leaves"


def _scales(engine: str, name: str, pick: Mapping[str, Any]) -> Table | None:
    """Return the penalties that have a unit, once in each."""
    scales = {k: v for k, v in (pick.get("scales") or {}).items() if v}
    rows = tuple(
        (penalty, *(_shown(values.get(penalty)) for values in scales.values()))
        for penalty in SCALED
    )
    if not scales:
        return None
    return Table(
        f"{engine_name(engine)} {name} in each scale", ("penalty", *scales), rows
    )


def _flags(pick: Mapping[str, Any]) -> list[str]:
    flags: list[str] = []
    if pick.get("rounds_max_reached"):
        flags.append("rounds.max stopped it: more rounds may lower the loss")
    flags += [
        f"{name} lies at the edge of its range" for name in pick.get("at_edge") or ()
    ]
    return flags


def _table(
    results: Mapping[str, Any],
    engine: str,
    there: Mapping[str, Mapping[str, Any]],
    names: list[str],
) -> Table:
    heads = (
        "penalty",
        "what it is",
        *there,
        "default",
        "without loss",
        "range searched",
        "place in it",
    )
    rows = [
        _row(
            results,
            engine,
            name,
            {k: _value(p, name) for k, p in there.items()},
        )
        for name in names
    ]
    return Table(
        f"{engine_name(engine)}: picked values, boostreg's defaults, and the range",
        heads,
        tuple(rows),
        left=(0, 1, len(heads) - 1),
    )


def _row(
    results: Mapping[str, Any],
    engine: str,
    name: str,
    values: Mapping[str, Any],
) -> tuple[Cell, ...]:
    default = Penalty().as_dict().get(name)
    safe = dig(results, "effects", engine, name, "safe")
    without = f"{significant(safe[0])} to {significant(safe[1])}" if safe else MISSING
    return (
        name,
        PENALTY_WORDS.get(name, ""),
        *(_shown(value) for value in values.values()),
        _shown(default),
        without,
        _range_words(_range(results, engine, name)),
        _strip(results, engine, name, values) or "",
    )


def _names(
    results: Mapping[str, Any], engine: str, there: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the penalties to list: those searched, or set to other than default."""
    defaults = Penalty().as_dict()
    known = dict.fromkeys(n for p in there.values() for n in p.get("penalty") or ())
    fixed = dig(results, "study", "search", "fixed") or {}

    def telling(name: str) -> bool:
        values = [_value(pick, name) for pick in there.values()]
        moved = any(value != defaults.get(name) for value in values)
        return moved or name in fixed or _range(results, engine, name) is not None

    return [name for name in known if telling(name)]


def _value(pick: Mapping[str, Any], name: str) -> Any:
    return (pick.get("penalty") or {}).get(name)


def _shown(value: Any) -> str:
    return "none" if value is None else significant(number(value), 4)


def _range(results: Mapping[str, Any], engine: str, name: str) -> Any:
    space = dig(results, "study", "search", "space")
    return dig(space, engine, name) or dig(space, name)


def _range_words(entry: Any) -> str:
    """Return the ends of a range and how it was drawn from."""
    low, high = number(dig(entry, "low")), number(dig(entry, "high"))
    if low is None or high is None:
        return "held fixed"
    kinds = [
        w for w, on in (("log", entry.get("log")), ("or 0", entry.get("zero"))) if on
    ]
    return ", ".join([f"{significant(low)} to {significant(high)}", *kinds])


def _strip(
    results: Mapping[str, Any], engine: str, name: str, values: Mapping[str, Any]
) -> Cell | None:
    entry = _range(results, engine, name)
    low, high = number(dig(entry, "low")), number(dig(entry, "high"))
    picked = {k: v for k, raw in values.items() if (v := number(raw)) is not None}
    if low is None or high is None or low >= high or not picked:
        return None
    return range_strip(
        SearchedRange(low, high, bool(entry.get("log")), bool(entry.get("zero"))),
        picked,
        engine=engine,
        safe=dig(results, "effects", engine, name, "safe"),
    )
