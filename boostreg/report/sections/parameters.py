"""The model to use, as code to paste: a library's own, ours, YAML, and to predict.

``X`` is the data frame of the features and ``y`` the target, as the study read them.
Numbers that the search drew are pasted with four significant digits; YAML has all.
"""

import io
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures.scale import MISSING, count, significant
from boostreg.losses import Objective
from boostreg.penalty import SCALED, Penalty
from boostreg.penalty.value import PENALTY_FACTS
from boostreg.report.decision import NOTABLE_SIZE
from boostreg.report.parts import Number
from boostreg.report.results import EngineData, PickData, Results
from boostreg.report.sections.answer import named_ensemble
from boostreg.report.wording import (
    PENALTY_WORDS,
    PickName,
    TextTable,
    counted,
    engine_name,
    model_name,
)

__all__ = ["parameters_section", "to_yaml"]

_DATA = {name: f.data_code for name, f in ENGINE_FACTS.items() if f.data_code}
_DIGITS = 4
_MAX_COEFFICIENTS = 10
_SCALES = {
    "identity": "prediction",
    "log": "log of the prediction",
    "log-odds": "log-odds",
    "log share": "log share of a class",
}
"""What a linear model's coefficients add up to, by ``scale``."""

_UNITS = {"gradient": "summed gradients", "hessian": "summed hessians", "gain": "loss"}


class Form(NamedTuple):
    """A way to use a model: ``blocks`` have an id, a label and the code."""

    key: str
    label: str
    blocks: tuple[tuple[str, str, str], ...]


def parameters_section(results: Results) -> dict[str, Any]:
    """Return the models to use, that of the answer first, each with its code."""
    return {
        "id": "use",
        "nav": "Use it",
        "heading": results["text"]["headings"]["use"],
        "models": [
            *_simple_models(results),
            *(_model(results, *one) for one in _models(results)),
        ],
    }


def _simple_models(results: Results) -> Iterator[dict[str, Any]]:
    """Yield the linear model where the answer is to use it, or to start with it."""
    answer, simple = results["answer"], results["simple_model"]
    if answer is None or simple is None or answer["use"] != simple["model"]:
        return
    key, title = simple["model"], model_name(simple["model"])
    every = simple["coefficients"]
    kept = counted(len(every), "coefficient")
    rows = tuple(
        (
            one["input"]
            if one["output"] is None
            else f"{one['input']}, {one['output']}",
            significant(one["raw"], _DIGITS),
            significant(one["standardized"], _DIGITS),
        )
        for one in every[:_MAX_COEFFICIENTS]
    )
    start = simple["raw_intercept"]
    intercept = [("intercept", significant(start[0], _DIGITS), MISSING)]
    more = len(every) - len(rows)
    yield {
        "engine": key,
        "id": f"model-{key}",
        "title": title,
        "summary": f"{kept} that are not 0, {_kilobytes(simple['file_bytes'])}",
        "flags": "",
        "forms": [_predict_form(key, title, simple["file"])],
        "table": TextTable(
            f"{title}: coefficients of the {_SCALES[simple['scale']]}, largest first",
            ("input", "per unit", "per SD"),
            (*(intercept if len(start) == 1 else ()), *rows),
        ),
        "below": f"{count(more)} more in {simple['file']}." if more else "",
        "prior": "",
        "scales": None,
    }


def _kilobytes(size: int) -> str:
    """Return a number of bytes in kB.

    >>> _kilobytes(3400)
    '3.4 kB'
    """
    return f"{significant(size / 1000)} kB"


def _models(results: Results) -> list[tuple[str, PickName]]:
    """Return the pick of the answer, by engine, and other picks that differ from it."""
    lead, named = named_ensemble(results)
    other: PickName = "one_se" if named == "best" else "best"
    engines = results["engines"]
    order = [lead, *(engine for engine in engines if engine != lead)]
    return [
        *((engine, named) for engine in order),
        *((engine, other) for engine in order if _differ(engines[engine])),
    ]


def _differ(found: EngineData) -> bool:
    """Return whether the two picks of an engine are two models."""
    best, one_se = found["best"], found["one_se"]
    return any(best[key] != one_se[key] for key in ("trial", "rounds", "penalty"))


def _model(results: Results, engine: str, name: PickName) -> dict[str, Any]:
    """Return a model's table of parameters, its code and what to mind."""
    found = results["engines"][engine]
    pick, label = found[name], engine_name(engine)
    title = f"{label} {name}" if _differ(found) else label
    key = f"{engine}-{name}"
    scales = {scale: values for scale, values in pick["scales"].items() if values}
    in_scales = TextTable(
        f"{title} in each scale",
        ("penalty", *scales),
        tuple(
            (one, *(_shown(values.get(one)) for values in scales.values()))
            for one in SCALED
            if any(values.get(one) for values in scales.values())
        ),
    )
    comment = f"# {label} {name}\n"
    forms = [
        Form("library", label, ((f"{key}-python", f"{title}, Python",
             _library_code(results, engine, pick, comment)),)),
        Form("boostreg", "boostreg", ((f"{key}-boostreg", f"{title}, boostreg",
             _boostreg_code(results, engine, pick, comment)),)),
        Form("yaml", "YAML", ((f"{key}-yaml", f"{title}, exact values for a study",
             comment + _study(results, engine, pick)),)),
        _predict_form(key, title, f"models/{key}{ENGINE_FACTS[engine].suffix}"),
    ]  # fmt: skip
    off = ", ".join(_own(engine, one) for one in _off(results, engine, pick))
    return {
        "engine": engine,
        "id": key,
        "title": title,
        "summary": f"{counted(pick['rounds'], 'round')}, "
        f"{count(pick['size']['leaves'])} leaves, trial {pick['trial']}",
        "table": _table(results, engine, pick, title),
        "below": f"Searched and off: {off}." if off else "",
        "flags": "; ".join(_flags(results, engine, pick)),
        "forms": forms,
        "prior": pick["prior"]["sentence"],
        "scales": in_scales if in_scales.rows else None,
    }


def _own(engine: str, name: str) -> str:
    """Return the library's own name of a penalty."""
    return ENGINE_FACTS[engine].params.get(name, name)


def _acting(results: Results, pick: PickData) -> list[str]:
    """Return the penalties that act: those needed, and fixed ones, unless idle."""
    names = dict.fromkeys([*pick["acting"], *results["study"]["search"]["fixed"]])
    return [n for n in names if not _is_idle(n, pick["penalty"].get(n))]


def _is_idle(name: str, value: Number) -> bool:
    return value is None or value == PENALTY_FACTS[name].idle


def _off(results: Results, engine: str, pick: PickData) -> list[str]:
    """Return the penalties that were searched and are idle in the pick."""
    return [
        name
        for name, value in pick["penalty"].items()
        if _entry(results, engine, name) is not None and _is_idle(name, value)
    ]


def _entry(results: Results, engine: str, name: str) -> Any:
    """Return the space's entry for a penalty: a range or a value, None if neither."""
    space = results["study"]["search"]["space"]
    return space.get(engine, {}).get(name) or space.get(name)


def _table(results: Results, engine: str, pick: PickData, title: str) -> TextTable:
    """Return the parameters that act, raw, with the library's defaults."""
    defaults, params = ENGINE_FACTS[engine].defaults, pick["params"]
    rows = tuple(
        (
            _own(engine, name),
            # An objective may have a unit of its own in the library.
            _shown(params.get(_own(engine, name), pick["raw"].get(name))),
            _shown(defaults.get(name, PENALTY_FACTS[name].idle)),
            _meaning(name, pick),
        )
        for name in _acting(results, pick)
    )
    heads = ("parameter", "value", "default", "what it is")
    caption = f"{title}: parameters that act, and the library's defaults"
    return TextTable(caption, heads, rows, left=(0, 3))


def _meaning(name: str, pick: PickData) -> str:
    """Return what a penalty does, its raw unit, and as how many rows it counts."""
    unit, rows = PENALTY_FACTS[name].unit, (pick["scales"].get("rows") or {}).get(name)
    words = PENALTY_WORDS[name]
    if unit not in _UNITS:
        return words
    worth = f", worth {significant(rows)} rows" if rows else ""
    return f"{words}, in {_UNITS[unit]}{worth}"


def _flags(results: Results, engine: str, pick: PickData) -> Iterator[str]:
    """Yield what a reader should mind before using a pick."""
    for name in pick["at_edge"]:
        entry, value = _entry(results, engine, name), pick["penalty"][name]
        end = "lowest" if value is None or value <= entry["low"] else "highest"
        yield f"{_own(engine, name)} is the {end} value searched"
    if pick["rounds_max_reached"]:
        yield "rounds.max stopped it"
    delivered, judged = pick["size"]["leaves"], pick["outer_size"]["leaves"]
    ratio = delivered / judged if delivered and judged else 1.0
    if not 1 / NOTABLE_SIZE <= ratio <= NOTABLE_SIZE:
        yield f"{count(delivered)} leaves on all rows, {count(judged)} were judged"


def _shown(value: Number) -> str:
    return "none" if value is None else significant(value, _DIGITS)


def _pasted(results: Results, engine: str, name: str, value: Any) -> Any:
    """Return a value with four digits where the search or the scale made its digits."""
    if not isinstance(value, float):
        return value
    drawn = name in SCALED or isinstance(_entry(results, engine, name), Mapping)
    # 12 digits are all that a person writes, without the error of a product.
    return float(f"{value:.{_DIGITS if drawn else 12}g}")


def _library_code(results: Results, engine: str, pick: PickData, comment: str) -> str:
    """Return the pick in the library's own parameters, with the call that trains it.

    Parameters that act come first. Penalties at the library's default are left out, and
    what acts on categories if there are none.
    """
    ours = {_own(engine, name): name for name in PENALTY_FACTS}
    columns = results["data"]["columns"]
    kinds = {c["name"]: "category" for c in columns if c["kind"] == "category"}
    left_out = () if kinds else ENGINE_FACTS[engine].wrapper.for_categories
    params = {
        own: _pasted(results, engine, ours[own], value) if own in ours else value
        for own, value in pick["params"].items()
        if own not in left_out
        and (own not in ours or not _is_default(engine, ours[own], value, pick))
    }
    acting = [_own(engine, name) for name in _acting(results, pick)]
    first = {own: pick["params"][own] for own in acting if own in pick["params"]}
    first = {own: _pasted(results, engine, ours[own], v) for own, v in first.items()}
    rest = {own: value for own, value in params.items() if own not in first}
    lines = [*_entries(first), *_entries(rest)]
    code = "\n".join([f"{comment}params = {{", *lines, "}"]) + "\n"
    if engine not in _DATA:
        return code
    if kinds:
        code += f"X = X.astype({kinds!r})\n"
    if results["data"]["task"] in ("binary", "multiclass"):
        # Codes are places in sorted order, as boostreg's are.
        code += "y = y.astype('category').cat.codes\n"
    first_line = f"import {engine}\n"
    if results["study"]["data"].get("offset"):
        first_line += "import numpy as np\n"
        code += _rates(results)
    weights = ", weight=weights" if results["data"]["weights"] else ""
    code += f"data = {_DATA[engine].format(more=weights)}"
    if engine == "lightgbm" and any(
        c["kind"] == "numeric" and c["distinct"] > 255 for c in columns
    ):
        code += "  # boostreg bins X - X.min()"
    train = f"train(params, data, num_boost_round={pick['rounds']})"
    return f"{first_line}\n{code}\nmodel = {engine}.{train}\n"


def _rates(results: Results) -> str:
    """Return code that replaces an offset by rates and row weights."""
    data = results["study"]["data"]
    given = data["objective"]
    objective = Objective.for_task("regression", 0, given)
    before = "weights * " if data["weights"] else ""
    return (
        f"weights = {before}np.exp({objective.target_power:g} * offset)\n"
        "y = y / np.exp(offset)  # per unit of exposure\n"
    )


def _is_default(engine: str, name: str, value: Any, pick: PickData) -> bool:
    """Return whether a parameter is at the library's default."""
    default = ENGINE_FACTS[engine].defaults.get(name, PENALTY_FACTS[name].idle)
    if default is None:  # no limit, for which libraries have other numbers
        return pick["raw"].get(name) is None
    return bool(value == default)


def _entries(params: Mapping[str, Any]) -> list[str]:
    """Return the lines of a dictionary, none of which breaks within an entry."""
    entries = [
        f"{name!r}: {value!r},".replace(" ", "\0") for name, value in params.items()
    ]
    lines = textwrap.wrap(
        " ".join(entries), 80, initial_indent="    ", subsequent_indent="    ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace("\0", " ") for line in lines]


def _listed(results: Results, engine: str, pick: PickData) -> dict[str, Number]:
    """Return the penalties that were searched, fixed, or are not at our default."""
    defaults, fixed = Penalty().as_dict(), results["study"]["search"]["fixed"]
    return {
        name: value
        for name, value in pick["penalty"].items()
        if value != defaults.get(name)
        or name in fixed
        or _entry(results, engine, name) is not None
    }


def _boostreg_code(results: Results, engine: str, pick: PickData, comment: str) -> str:
    """Return the pick as an estimator of boostreg; omitted arguments are defaults."""
    regression = results["data"]["task"] == "regression"
    kind = "BoostedRegressor" if regression else "BoostedClassifier"
    defaults, fixed = Penalty().as_dict(), results["study"]["search"]["fixed"]
    arguments: dict[str, Any] = {"engine": engine, "n_estimators": pick["rounds"]}
    for name, value in _listed(results, engine, pick).items():
        if name in fixed or value != defaults.get(name):
            arguments[name] = _pasted(results, engine, name, value)
    if any(arguments.get(name) for name in SCALED):
        arguments |= _scale(results)
    if objective := results["study"]["data"]["objective"]:
        arguments["objective"] = objective
    lines = ",\n".join(f"    {key}={value!r}" for key, value in arguments.items())
    data = results["study"]["data"]
    weights = ", sample_weight=weights" if results["data"]["weights"] else ""
    if data.get("offset"):
        weights = ", sample_weight=weights" if data["weights"] else ""
        weights += ", offset=offset"
    return (
        f"from boostreg import {kind}\n\n{comment}"
        f"model = {kind}(\n{lines},\n).fit(X, y{weights})\n"
    )


def _study(results: Results, engine: str, pick: PickData) -> str:
    """Return the YAML of a study that fits this pick and searches nothing."""
    fixed = _listed(results, engine, pick)
    # Its trials are no penalty and this pick.
    search = {"trials": 2, **_scale(results), "fixed": fixed, "space": {}}
    study = {"engines": [engine], "rounds": {"max": pick["rounds"]}, "search": search}
    return to_yaml(study, flow=False)


def _predict_form(key: str, title: str, file: str) -> Form:
    """Return how to predict new rows with a saved model, in a shell and in Python."""
    codes = {
        "shell": "# in the folder of this page\n"
        f"boostreg predict . new_rows.csv --model {key}\n",
        "Python": "from boostreg import load_model\n\n"
        f"model = load_model({file!r})\nmodel.predict(new_rows)  # a data frame\n",
    }
    blocks = tuple(
        (f"{key}-{kind}", f"{title}, {kind} to predict", code)
        for kind, code in codes.items()
    )
    return Form("predict", "Predict", blocks)


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
