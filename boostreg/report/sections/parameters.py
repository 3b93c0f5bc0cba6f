"""What a study picked, as code to paste: a library's own, ours, and YAML.

``X`` is the data frame of the features and ``y`` the target, as the study read them.
"""

import io
from collections.abc import Mapping
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures import SearchedRange, range_strip
from boostreg.figures.scale import MISSING, count, significant
from boostreg.penalty import SCALED, Penalty
from boostreg.report.parts import Number
from boostreg.report.results import EngineData, PickData, Results
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.penalties import tolerance_words
from boostreg.report.wording import (
    PENALTY_WORDS,
    PICKS,
    Cell,
    PickName,
    TextTable,
    engine_name,
)

__all__ = ["parameters_section", "to_yaml"]

_DATA = {name: f.data_code for name, f in ENGINE_FACTS.items() if f.data_code}


def parameters_section(results: Results) -> dict[str, Any]:
    """Return a table and code for each engine."""
    engines = []
    for engine, found in results["engines"].items():
        names = _names(results, engine, found)
        engines.append(
            {
                "engine": engine,
                "name": engine_name(engine),
                "table": _table(results, engine, found, names),
                "picks": [_pick(results, engine, pick, names) for pick in PICKS],
            }
        )
    return {
        "id": "use",
        "nav": "Parameters to use",
        "heading": results["text"]["headings"]["use"],
        "lead": lead_engine(results),
        "tolerance": tolerance_words(results),
        "engines": engines,
    }


def _names(results: Results, engine: str, found: EngineData) -> list[str]:
    """Return the penalties to list: those searched, fixed, or not at their default."""
    defaults, fixed = Penalty().as_dict(), results["study"]["search"]["fixed"]
    known = dict.fromkeys(name for pick in PICKS for name in found[pick]["penalty"])

    def is_default(name: str) -> bool:
        values = [found[pick]["penalty"].get(name) for pick in PICKS]
        return all(value == defaults.get(name) for value in values)

    return [
        name
        for name in known
        if not is_default(name)
        or name in fixed
        or _entry(results, engine, name) is not None
    ]


def _entry(results: Results, engine: str, name: str) -> Any:
    """Return the space's entry for a penalty: a range or a value, None if neither."""
    space = results["study"]["search"]["space"]
    return space.get(engine, {}).get(name) or space.get(name)


def _table(
    results: Results, engine: str, found: EngineData, names: list[str]
) -> TextTable:
    defaults, rows = Penalty().as_dict(), []
    effects = results["effects"].get(engine, {})
    for name in names:
        values = {pick: found[pick]["penalty"].get(name) for pick in PICKS}
        picked = {str(pick): v for pick, v in values.items() if v is not None}
        safe = effects[name]["safe"] if name in effects else None
        ends = (safe[0], safe[1]) if safe else None
        range_words = "held fixed"
        strip: Cell = ""
        match _entry(results, engine, name):
            case {"low": low, "high": high, "log": log, "zero": zero}:
                range_words = f"{significant(low)} to {significant(high)}"
                range_words += ", log" * log + ", or 0" * bool(zero)
                if low < high and picked:
                    searched = SearchedRange(low, high, log, bool(zero))
                    strip = range_strip(searched, picked, engine=engine, safe=ends)
        row = (
            name,
            PENALTY_WORDS.get(name, ""),
            *map(_shown, values.values()),
            _shown(defaults.get(name)),
            " to ".join(map(significant, ends)) if ends else MISSING,
            range_words,
            strip,
        )
        rows.append(row)
    heads = (
        "penalty", "what it is", *PICKS, "default", "safe range", "range searched",
        "place in it",
    )  # fmt: skip
    caption = (
        f"{engine_name(engine)}: picked values, boostreg's defaults, and the range"
    )
    return TextTable(caption, heads, tuple(rows), left=(0, 1, len(heads) - 1))


def _shown(value: Number) -> str:
    return "none" if value is None else significant(value, 4)


def _pick(
    results: Results, engine: str, name: PickName, names: list[str]
) -> dict[str, Any]:
    """Return a pick's summary, and the code that trains it."""
    pick = results["engines"][engine][name]
    penalty = {key: pick["penalty"].get(key) for key in names}
    rounds, leaves = count(pick["rounds"]), count(pick["size"]["leaves"])
    flags = [f"{key} is at the edge of its range" for key in pick["at_edge"]]
    if pick["rounds_max_reached"]:
        flags.insert(0, "rounds.max stopped it: more rounds may lower the loss")
    scales = {scale: values for scale, values in pick["scales"].items() if values}
    in_scales = TextTable(
        f"{engine_name(engine)} {name} in each scale",
        ("penalty", *scales),
        tuple(
            (key, *(_shown(values.get(key)) for values in scales.values()))
            for key in SCALED
        ),
    )
    comment = f"# {engine_name(engine)}, {name}, {rounds} rounds\n"
    # A study that searches nothing: its trials are no penalty and this pick.
    search = {"trials": 2, **_scale(results), "fixed": {**penalty}, "space": {}}
    study = {"engines": [engine], "rounds": {"max": pick["rounds"]}, "search": search}
    return {
        "name": name,
        "id": f"{engine}-{name}",
        "summary": f"trial {pick['trial']}, {rounds} rounds, {leaves} leaves",
        "flags": flags,
        "prior": pick["prior"]["sentence"],
        "scales": in_scales if scales else None,
        "yaml": comment + to_yaml(study, flow=False),
        "boostreg": _boostreg_code(results, engine, pick["rounds"], penalty, comment),
        "python": _library_code(results, engine, pick, comment),
    }


def _library_code(results: Results, engine: str, pick: PickData, comment: str) -> str:
    """Return the pick in the library's own parameters, with the call that trains it."""
    lines = [f"    {name!r}: {value!r}," for name, value in pick["params"].items()]
    code = "\n".join([f"{comment}params = {{", *lines, "}"]) + "\n"
    if engine not in _DATA:
        return code
    columns = results["data"]["columns"]
    kinds = {c["name"]: "category" for c in columns if c["kind"] == "category"}
    if kinds:
        code += f"X = X.astype({kinds!r})\n"
    if results["data"]["task"] in ("binary", "multiclass"):
        # Codes are places in sorted order, as boostreg's are.
        code += "y = y.astype('category').cat.codes\n"
    weights = ", weight=weights" if results["data"]["weights"] else ""
    code += f"data = {_DATA[engine].format(more=weights)}"
    if engine == "lightgbm" and any(
        c["kind"] == "numeric" and c["distinct"] > 255 for c in columns
    ):
        code += "  # boostreg bins X - X.min()"
    train = f"train(params, data, num_boost_round={pick['rounds']})"
    return f"import {engine}\n\n{code}\nmodel = {engine}.{train}\n"


def _boostreg_code(
    results: Results,
    engine: str,
    rounds: int,
    penalty: Mapping[str, Number],
    comment: str,
) -> str:
    """Return the pick as an estimator of boostreg; omitted arguments are defaults."""
    regression = results["data"]["task"] == "regression"
    kind = "BoostedRegressor" if regression else "BoostedClassifier"
    arguments = {"engine": engine, "n_estimators": rounds, **penalty, **_scale(results)}
    if objective := results["study"]["data"]["objective"]:
        arguments["objective"] = objective
    lines = ",\n".join(f"    {key}={value!r}" for key, value in arguments.items())
    weights = ", sample_weight=weights" if results["data"]["weights"] else ""
    return (
        f"from boostreg import {kind}\n\n{comment}"
        f"model = {kind}(\n{lines},\n).fit(X, y{weights})\n"
    )


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
    yaml.representer.add_representer(
        type(None),
        lambda own, _: own.represent_scalar("tag:yaml.org,2002:null", "null"),
    )
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()
