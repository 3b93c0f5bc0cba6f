"""The first screen: sentences made elsewhere, four facts, warnings."""

from collections.abc import Mapping
from typing import Any

from boostreg.figures.numerals import count, fixed, signed
from boostreg.report.sections.words import dig, engine_name, number, span

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
    }


def lead_engine(results: Mapping[str, Any]) -> str | None:
    """Return the engine whose one_se has the least outer loss, None without any."""
    losses: dict[str, float | None] = {
        engine: number(dig(found, "one_se", "outer", "loss"))
        for engine, found in results["engines"].items()
        if found.get("one_se")
    }
    known = {engine: loss for engine, loss in losses.items() if loss is not None}
    if not known:
        return next(iter(losses), None)
    return min(known, key=lambda engine: known[engine])


def _facts(results: Mapping[str, Any], places: int) -> list[Fact]:
    engine = lead_engine(results)
    if engine is None:
        return []
    found = results["engines"][engine]
    facts = [
        _loss_fact(results, engine, places),
        _leaves_fact(found, engine),
        _difference_fact(results, engine, f"{engine} default", places),
        _difference_fact(results, engine, _best_linear(results), places),
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
    leaves = number(dig(found, "one_se", "size", "leaves"))
    if leaves is None:
        return None
    others = {
        "best": number(dig(found, "best", "size", "leaves")),
        "library defaults": number(dig(found, "default", "size", "leaves")),
    }
    told = "; ".join(f"{k}: {count(v)}" for k, v in others.items() if v is not None)
    return {
        "label": f"Leaves of {engine_name(engine)} one_se",
        "value": count(leaves),
        "note": told,
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
    return name.replace("_", " ")


def _best_linear(results: Mapping[str, Any]) -> str | None:
    losses = {
        name: number(dig(found, "outer", "loss"))
        for name, found in (results.get("baselines") or {}).items()
    }
    known = {n: v for n, v in losses.items() if v is not None}
    fitted = {n: v for n, v in known.items() if n != "mean"} or known
    return min(fitted, key=lambda name: fitted[name], default=None)


def _rounds_fact(found: Mapping[str, Any], engine: str) -> Fact | None:
    rounds = number(dig(found, "one_se", "rounds"))
    if rounds is None:
        return None
    best = count(number(dig(found, "best", "rounds")))
    note = f"{engine_name(engine)} one_se; best: {best}"
    return {"label": "Rounds", "value": count(rounds), "note": note}
