"""The first screen: the decision, short answers, two pictures, one line of code."""

import math
from collections.abc import Iterator
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures import (
    JudgedModel,
    PenaltyEffect,
    PenaltyRow,
    penalty_forest,
    sizes_and_losses,
)
from boostreg.figures.scale import count, is_number, known
from boostreg.report.claims import judges_claims
from boostreg.report.parts import ChangeData, LossChangeData, Number
from boostreg.report.results import Results, TunedPenaltyData
from boostreg.report.wording import (
    PENALTY_WORDS,
    PickName,
    engine_name,
    format_number,
    model_name,
)

__all__ = [
    "answer_section", "lead_engine", "named_ensemble", "one_line", "strongest_first",
]  # fmt: skip

_KINDS = {"default": "defaults", "unpenalised": "no penalty", "best": "tuned",
          "one_se": "small"}  # fmt: skip
"""Models of each engine as the picture labels them."""

_MAX_ROWS = 5
"""Penalties that the picture shows; more are counted."""


def answer_section(results: Results) -> dict[str, Any]:
    """Return what the first screen shows; of a run that judges claims, their counts."""
    text = results["text"]
    counted = judges_claims(results)
    section: dict[str, Any] = {
        "id": "answer",
        "verdict": next(iter(text["answer"]), ""),
        "answers": text["answers"],
        "judged": text["caveats"],
        "warnings": text["warnings"],
        "actions": results["answer"]["actions"] if results["answer"] else [],
        "counted": counted,
        "engines": list(results["engines"]),
        "simple": bool(_simple_models(results)),
        "sizes": None,
        "forest": None,
        "code": None,
    }
    if not counted:
        section |= {
            "sizes": _sizes_picture(results),
            "forest": _forest_picture(results),
            "code": _code(results),
        }
    return section


def lead_engine(results: Results) -> str:
    """Return the engine whose best has the lowest inner loss, otherwise the first.

    Outer rows do not influence the choice, so its outer loss is not biased by it.
    """

    def inner_loss(engine: str) -> float:
        loss = results["engines"][engine]["best"]["inner"]["loss"]
        return math.inf if loss is None else loss

    return min(results["engines"], key=inner_loss)


def named_ensemble(results: Results) -> tuple[str, PickName]:
    """Return engine and pick of the ensemble that the answer names.

    Without an answer, the ``one_se`` of the leading engine.
    """
    if answer := results["answer"]:
        return answer["settings"]["engine"], answer["settings"]["model"]
    return lead_engine(results), "one_se"


def strongest_first(results: Results) -> list[str]:
    """Return the penalties of any engine, by the loss that tuning them removes."""
    effects = results["effects"]

    def change(name: str) -> float:
        found = [v[name]["tuned"] for v in effects.values() if name in v]
        changes = [one["against_off"]["change"] for one in found if one is not None]
        return min(known(changes), default=0.0)

    names = dict.fromkeys(name for found in effects.values() for name in found)
    return sorted(names, key=change)


def _sizes_picture(results: Results) -> dict[str, Any] | None:
    """Return the picture of models by size and loss, None if nothing was judged."""
    models = [*_simple_models(results), *_ensembles(results)]
    if not any(is_number(m.size) and is_number(m.loss) for m in models):
        return None
    mean = results["baselines"].get("mean")
    content: dict[str, Any] = {
        "loss": results["data"]["loss"],
        "mean": mean["outer"]["loss"] if mean else None,
    }
    return {
        "title": _sizes_title(results),
        "wide": sizes_and_losses(models, **content),
        "narrow": sizes_and_losses(models, **content, narrow=True),
    }


def _ensembles(results: Results) -> Iterator[JudgedModel]:
    for kind, name in _KINDS.items():
        for engine, found in results["engines"].items():
            model: Any = found[kind]  # type: ignore[literal-required]  # keys of _KINDS
            outer = model["outer"]
            yield JudgedModel(
                name,
                engine,
                model.get("outer_size", model["size"])["leaves"],
                outer["loss"],
                outer["low"],
                outer["high"],
                filled=kind in ("best", "one_se"),
            )


def _simple_models(results: Results) -> list[JudgedModel]:
    """Return the models without trees, the best one labelled, small ones first."""
    found = {n: b for n, b in results["baselines"].items() if n != "mean"}

    def inner_loss(name: str) -> float:
        losses = [point["loss"] for point in found[name]["path"]]
        return min((v for v in losses if v is not None), default=math.inf)

    best = results["answer"]["simple"] if results["answer"] else None
    if best not in found:
        linear = [name for name in found if found[name]["linear"]]
        best = min(linear or found, key=inner_loss, default=None)
    made = []
    for name in sorted(found, key=lambda name: name == best):
        outer = found[name]["outer"]
        made.append(
            JudgedModel(
                model_name(name) if name == best else "",
                "",
                _rounded(found[name]["coefficients"]),
                outer["loss"],
                outer["low"],
                outer["high"],
                unit="coefficients" if found[name]["linear"] else "weights",
            )
        )
    return made


def _rounded(mean: Number) -> Number:
    return None if mean is None else float(round(mean))


def _sizes_title(results: Results) -> str:
    """Return how large and how good tuned trees are against the library's defaults."""
    lead = lead_engine(results)
    name, found = engine_name(lead), results["engines"][lead]
    before = count(found["default"]["size"]["leaves"])
    after = count(found["best"]["outer_size"]["leaves"])
    sizes = f"Tuned {name}: {after} leaves, defaults {before}"
    pairs = {(pair["a"], pair["b"]): pair for pair in results["comparisons"]}
    pair = pairs.get((f"{lead} best", f"{lead} default"))
    if pair is None or pair["change"] is None:
        return sizes
    share = f"{format_number(100 * abs(pair['change']), 2)}%"
    what = {
        "better": f"{share} less loss",
        "worse": f"{share} more loss",
        "same": "the same loss",
        "as good": "no higher loss",
        "not settled": "loss not settled",
    }[pair["word"]]
    return f"{sizes}; {what}"


def _forest_picture(results: Results) -> dict[str, Any] | None:
    """Return the picture of what each penalty does, None if no path was measured."""
    tuned = {
        name
        for found in results["effects"].values()
        for name, effect in found.items()
        if effect["tuned"] is not None
    }
    names = [name for name in strongest_first(results) if name in tuned]
    if not names:
        return None
    rows = [
        _penalty_row(results, name, _row_word(results, name))
        for name in names[:_MAX_ROWS]
    ]
    loss = results["data"]["loss"]
    return {
        "title": _forest_title(results),
        "wide": penalty_forest(rows, loss=loss),
        "narrow": penalty_forest(rows, loss=loss, narrow=True),
        "more": len(names) - len(rows),
        "both": len({e.with_others for row in rows for e in row.effects}) > 1,
        "with_others": rows[0].effects[0].with_others,
    }


def _forest_title(results: Results) -> str:
    """Return which penalties help, with all engines together."""
    found = results["penalties"]
    unrated = [one for one in found.values() if one["against_off"]["low"] is None]
    if 2 * len(unrated) > len(found):
        return "Most effects cannot be judged: rounds.max cut their curves"
    return results["text"]["headings"]["effects"]


def _row_word(results: Results, name: str) -> str:
    """Return the word of a penalty: that of all engines, else of those that have one.

    Where rounds.max cut the curves of an engine, all engines together have none.
    """
    together = results["penalties"].get(name)
    if together is None:
        return ""
    if together["against_off"]["low"] is not None:
        return together["word"]
    words = [
        f"{tuned['word']} in {engine_name(engine)}"
        for engine, found in results["effects"].items()
        if name in found and (tuned := found[name]["tuned"]) is not None
        if tuned["against_off"]["low"] is not None
    ]
    return ", ".join(words) or "cut by rounds.max"


def _penalty_row(results: Results, name: str, word: str) -> PenaltyRow:
    judged = [
        (engine, one)
        for kind in ("tuned", "alone")
        for engine, found in results["effects"].items()
        if name in found
        for one in (found[name]["tuned"] if kind == "tuned" else found[name]["alone"],)
        if one is not None
    ]
    effects = tuple(
        PenaltyEffect(
            engine,
            _change(one["against_off"]),
            _factor(one["factors"].get("leaves")),
            one["anchor"] == "tuned",
        )
        for engine, one in judged
    )
    what, note = PENALTY_WORDS.get(name, ""), _note([one for _, one in judged])
    return PenaltyRow(name, what, word, effects, note)


def _change(found: LossChangeData) -> tuple[float | None, float | None, float | None]:
    return found["change"], found["low"], found["high"]


def _factor(
    found: ChangeData | None,
) -> tuple[float | None, float | None, float | None]:
    return (found[0], found[1], found[2]) if found else (None, None, None)


_GROWS, _AS_LARGE = 1.5, 1.25
"""Factors on leaves from which on, and on leaves per tree up to which, it is noted."""


def _note(judged: list[TunedPenaltyData]) -> str:
    """Return that there are more trees, not larger ones, where leaves grow most."""

    def grown(one: TunedPenaltyData) -> float:
        leaves = _factor(one["factors"].get("leaves"))[0]
        per_tree = _factor(one["factors"].get("leaves_per_tree"))[0]
        if leaves is None or per_tree is None:
            return 0.0
        is_as_large = 1 / _AS_LARGE <= per_tree <= _AS_LARGE
        return leaves if is_as_large and leaves >= _GROWS else 0.0

    most = max(judged, key=grown, default=None)
    if most is None or not grown(most):
        return ""
    before, after = (count(round(n)) for n in most["trees"] if n is not None)
    lead = "" if most["anchor"] == "tuned" else "alone: "
    return f"{lead}{before} → {after} trees, as large"


def _code(results: Results) -> dict[str, Any] | None:
    """Return the model to use as one line, its name if it has no trees, and links."""
    answer, simple = results["answer"], results["simple_model"]
    engine, pick = named_ensemble(results)
    engines = [engine, *(name for name in results["engines"] if name != engine)]
    links = [(engine_name(name), f"{name}-{pick}") for name in engines]
    use = answer["use"] if answer else ""
    if simple is not None and use == simple["model"]:
        key = simple["model"]
        return {
            "line": f"load_model({simple['file']!r}).predict(new_rows)",
            "name": model_name(key),
            "links": [("boostreg", f"{key}-Python"), *links],
        }
    line = one_line(results, engine, pick)
    if not line:
        return None
    is_simple = use in results["baselines"] and use != "mean"
    forms = [(name, f"{engine}-{pick}-{name.lower()}") for name in ("boostreg", "YAML")]
    instead = [(model_name(use), "simple")] if is_simple else []
    return {
        "line": line,
        "name": "Trees" if is_simple else "",
        "links": [*instead, *links[1:], *forms],
    }


def one_line(results: Results, engine: str, pick: PickName) -> str:
    """Return a pick as the library's scikit-learn wrapper; numbers have 4 digits.

    Arguments that are the wrapper's defaults are omitted, unless they act.
    """
    if (facts := ENGINE_FACTS.get(engine)) is None:
        return ""
    wrapper, found = facts.wrapper, results["engines"][engine][pick]
    is_regression = results["data"]["task"] == "regression"
    columns = results["data"]["columns"]
    left_out = {*wrapper.without_effect}
    has_categories = any(column["kind"] == "category" for column in columns)
    if not has_categories:
        left_out |= {*wrapper.for_categories}
    if not is_regression:
        left_out |= {"objective", "loss"}
    acting = [facts.params.get(name, name) for name in found["acting"]]
    fixed = results["study"]["search"]["fixed"]
    acting += [facts.params.get(name, name) for name in fixed]
    params = found["params"]
    names = [name for name in acting if name in params]
    names += [
        name
        for name, value in params.items()
        if name not in wrapper.defaults or wrapper.defaults[name] != value
    ]
    parts = [f"{wrapper.rounds}={found['rounds']}"]
    parts += [
        f"{wrapper.names.get(name, name)}={_literal(params[name])}"
        for name in dict.fromkeys(names)
        if name not in left_out
    ]
    if has_categories:
        parts += [f"{name}={value}" for name, value in wrapper.with_categories.items()]
    kind = "Regressor" if is_regression else "Classifier"
    return f"{wrapper.name}{kind}({', '.join(parts)})"


def _literal(value: Any) -> str:
    return repr(float(f"{value:.4g}") if isinstance(value, float) else value)
