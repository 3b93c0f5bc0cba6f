"""The first screen: sentences made elsewhere, four facts, warnings."""

import math
from typing import Any

from boostreg.figures.scale import count, fixed, signed
from boostreg.report.claims import count_verdicts
from boostreg.report.records import GIVEN
from boostreg.report.results import EngineData, Results
from boostreg.report.sections.effects import matters_table
from boostreg.report.sections.words import PICKS, engine_name, model_name, span

__all__ = ["answer_section", "lead_engine"]

Fact = dict[str, str]


def answer_section(results: Results, places: int) -> dict[str, Any]:
    """Return the sentences, the facts and the warnings of the first screen."""
    said = results["text"]
    return {
        "id": "answer",
        "nav": "Answer",
        "sentences": said["answer"],
        "caveats": said["caveats"],
        "warnings": said["warnings"],
        "facts": _facts(results, places),
        "matters": matters_table(results),
    }


def lead_engine(results: Results) -> str:
    """Return the engine whose one_se has the least inner loss, the first without any.

    Outer rows have no say in it, so what they say of it is not flattered.
    """

    def inner_loss(engine: str) -> float:
        loss = results["engines"][engine]["one_se"]["inner"]["loss"]
        return math.inf if loss is None else loss

    return min(results["engines"], key=inner_loss)


def _claim_facts(results: Results) -> list[Fact]:
    claims = results["claims"]
    counts = count_verdicts(claims)
    return [
        {"label": f"Claims {verdict}", "value": str(n), "note": f"of {len(claims)}"}
        for verdict, n in counts.items()
    ][:4]


def _facts(results: Results, places: int) -> list[Fact]:
    if results["claims"] and results["study"]["search"]["trials"] <= GIVEN:
        return _claim_facts(results)
    engine = lead_engine(results)
    found = results["engines"][engine]
    facts = [
        _loss_fact(results, engine, places),
        _leaves_fact(found, engine),
        _difference_fact(results, engine, f"{engine} default", places),
        _difference_fact(results, engine, _linear(results, engine), places),
        _gap_fact(found, places),
        _rounds_fact(found, engine),
    ]
    return [fact for fact in facts if fact is not None][:4]


def _loss_fact(results: Results, engine: str, places: int) -> Fact | None:
    outer = results["engines"][engine]["one_se"]["outer"]
    loss = outer["loss"]
    if loss is None:
        return None
    note = f"{engine_name(engine)} one_se, 95% interval {span(outer, places)}"
    name = results["data"]["loss"]
    return {"label": f"Outer {name}", "value": fixed(loss, places), "note": note}


def _leaves_fact(found: EngineData, engine: str) -> Fact | None:
    """Return leaves as means over the outer folds, as the sentences say them."""
    leaves = found["one_se"]["outer_size"]["leaves"]
    if leaves is None:
        return None
    others = {
        "best": found["best"]["outer_size"]["leaves"],
        "library defaults": found["default"]["size"]["leaves"],
        "one_se on all rows": found["one_se"]["size"]["leaves"],
    }
    told = [f"{k} {count(v)}" for k, v in others.items() if v is not None]
    return {
        "label": f"Leaves of {engine_name(engine)} one_se",
        "value": count(leaves),
        "note": "; ".join(["mean over outer folds", *told]),
    }


def _difference_fact(
    results: Results, engine: str, other: str | None, places: int
) -> Fact | None:
    pairs = {(p["a"], p["b"]): p for p in results["comparisons"]}
    for pick in PICKS:
        if other is not None and (pair := pairs.get((f"{engine} {pick}", other))):
            return {
                "label": f"Against {_against(other)}",
                "value": signed(pair["difference"], places),
                "note": f"{results['data']['loss']}, {pick}; "
                f"95% interval {span(pair, places, sign=True)}",
            }
    return None


def _against(name: str) -> str:
    first, _, rest = name.partition(" ")
    if rest == "default":
        return f"{engine_name(first)} defaults"
    return model_name(name)


def _linear(results: Results, engine: str) -> str | None:
    """Return the linear model that the run compares an engine with, if any."""
    for pair in results["comparisons"]:
        known = pair["b"] in results["baselines"] and pair["b"] != "mean"
        if pair["a"] == f"{engine} best" and known:
            return pair["b"]
    return None


def _gap_fact(found: EngineData, places: int) -> Fact | None:
    """Return outer minus training loss, means over the outer folds."""
    gaps: dict[str, float | None] = {}
    for pick in PICKS:
        known = [(f["loss"], f["train_loss"]) for f in found[pick]["by_outer_fold"]]
        ends = [a - b for a, b in known if a is not None and b is not None]
        gaps[pick] = sum(ends) / len(ends) if ends else None
    if gaps["one_se"] is None:
        return None
    return {
        "label": "Overfitting gap",
        "value": fixed(gaps["one_se"], places),
        "note": f"outer minus training loss; best: {fixed(gaps['best'], places)}",
    }


def _rounds_fact(found: EngineData, engine: str) -> Fact:
    note = f"{engine_name(engine)} one_se; best: {count(found['best']['rounds'])}"
    return {"label": "Rounds", "value": count(found["one_se"]["rounds"]), "note": note}
