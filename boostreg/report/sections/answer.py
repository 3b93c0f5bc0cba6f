"""The first screen: sentences made elsewhere, four facts, warnings."""

from collections.abc import Mapping
from typing import Any

from boostreg.figures.scale import count, fixed, signed
from boostreg.report.claims import count_verdicts
from boostreg.report.records import GIVEN
from boostreg.report.sections.effects import matters_table
from boostreg.report.sections.words import (
    dig,
    engine_name,
    model_name,
    number,
    span,
)

__all__ = ["answer_section", "lead_engine"]

Fact = dict[str, str]


def answer_section(results: Mapping[str, Any], places: int) -> dict[str, Any]:
    """Return the sentences, the facts and the warnings of the first screen."""
    said = results["text"]
    return {
        "id": "answer",
        "nav": "Answer",
        "sentences": list(said.get("answer") or ()),
        "caveats": list(said.get("caveats") or ()),
        "warnings": list(said.get("warnings") or ()),
        "facts": said.get("facts") or _facts(results, places),
        "matters": matters_table(results),
    }


def lead_engine(results: Mapping[str, Any]) -> str | None:
    """Return the engine whose one_se has the least inner loss, None without any.

    Outer rows have no say in it, so what they say of it is not flattered.
    """
    losses: dict[str, float | None] = {
        engine: number(dig(found, "one_se", "inner", "loss"))
        for engine, found in results["engines"].items()
        if found.get("one_se")
    }
    known = {engine: loss for engine, loss in losses.items() if loss is not None}
    if not known:
        return next(iter(losses), None)
    return min(known, key=lambda engine: known[engine])


def _claim_facts(results: Mapping[str, Any]) -> list[Fact]:
    claims = results.get("claims") or []
    counts = count_verdicts(claims)
    return [
        {"label": f"Claims {verdict}", "value": str(n), "note": f"of {len(claims)}"}
        for verdict, n in counts.items()
    ][:4]


def _facts(results: Mapping[str, Any], places: int) -> list[Fact]:
    trials = number(dig(results, "study", "search", "trials"))
    if results.get("claims") and trials is not None and trials <= GIVEN:
        return _claim_facts(results)
    engine = lead_engine(results)
    if engine is None:
        return []
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


def _loss_fact(results: Mapping[str, Any], engine: str, places: int) -> Fact | None:
    outer = dig(results["engines"][engine], "one_se", "outer")
    loss = number(dig(outer, "loss"))
    if loss is None:
        return None
    note = f"{engine_name(engine)} one_se, 95% interval {span(outer, places)}"
    name = dig(results, "data", "loss") or "loss"
    return {"label": f"Outer {name}", "value": fixed(loss, places), "note": note}


def _leaves_fact(found: Mapping[str, Any], engine: str) -> Fact | None:
    """Return leaves as means over the outer folds, as the sentences say them."""
    leaves = number(dig(found, "one_se", "outer_size", "leaves"))
    if leaves is None:
        return None
    others = {
        "best": number(dig(found, "best", "outer_size", "leaves")),
        "library defaults": number(dig(found, "default", "size", "leaves")),
        "one_se on all rows": number(dig(found, "one_se", "size", "leaves")),
    }
    told = [f"{k} {count(v)}" for k, v in others.items() if v is not None]
    return {
        "label": f"Leaves of {engine_name(engine)} one_se",
        "value": count(leaves),
        "note": "; ".join(["mean over outer folds", *told]),
    }


def _difference_fact(
    results: Mapping[str, Any], engine: str, other: str | None, places: int
) -> Fact | None:
    pairs = {(p["a"], p["b"]): p for p in results.get("comparisons") or ()}
    for pick in ("one_se", "best"):
        pair = pairs.get((f"{engine} {pick}", other))
        if pair is not None and other is not None:
            return {
                "label": f"Against {_against(other)}",
                "value": signed(number(pair.get("difference")), places),
                "note": f"{dig(results, 'data', 'loss') or 'loss'}, {pick}; "
                f"95% interval {span(pair, places, sign=True)}",
            }
    return None


def _against(name: str) -> str:
    first, _, rest = name.partition(" ")
    if rest == "default":
        return f"{engine_name(first)} defaults"
    return model_name(name)


def _linear(results: Mapping[str, Any], engine: str) -> str | None:
    """Return the linear model that the run compares an engine with, if any."""
    for pair in results.get("comparisons") or ():
        known = pair["b"] in (results.get("baselines") or {}) and pair["b"] != "mean"
        if pair["a"] == f"{engine} best" and known:
            return str(pair["b"])
    return None


def _gap_fact(found: Mapping[str, Any], places: int) -> Fact | None:
    """Return outer minus training loss, means over the outer folds."""
    gaps: dict[str, float | None] = {}
    for pick in ("one_se", "best"):
        folds = dig(found, pick, "by_outer_fold") or ()
        known = [(number(f["loss"]), number(f["train_loss"])) for f in folds]
        ends = [a - b for a, b in known if a is not None and b is not None]
        gaps[pick] = sum(ends) / len(ends) if ends else None
    if gaps["one_se"] is None:
        return None
    return {
        "label": "Overfitting gap",
        "value": fixed(gaps["one_se"], places),
        "note": f"outer minus training loss; best: {fixed(gaps['best'], places)}",
    }


def _rounds_fact(found: Mapping[str, Any], engine: str) -> Fact | None:
    rounds = number(dig(found, "one_se", "rounds"))
    if rounds is None:
        return None
    best = count(number(dig(found, "best", "rounds")))
    note = f"{engine_name(engine)} one_se; best: {best}"
    return {"label": "Rounds", "value": count(rounds), "note": note}
