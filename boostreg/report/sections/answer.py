"""The first screen: the answer, four facts, warnings, what each penalty does."""

import math
from typing import Any, NamedTuple

from boostreg.figures.scale import count, fixed
from boostreg.report.claims import count_verdicts
from boostreg.report.records import GIVEN
from boostreg.report.results import Results
from boostreg.report.sections.penalties import matters_table
from boostreg.report.wording import (
    PICKS,
    change_span,
    engine_name,
    model_name,
    signed_percent,
    span,
)

__all__ = ["answer_section", "lead_engine"]


class Fact(NamedTuple):
    """A number of the first screen."""

    label: str
    value: str
    note: str


def answer_section(results: Results, places: int) -> dict[str, Any]:
    """Return the sentences, the facts and the warnings of the first screen."""
    text, claims = results["text"], results["claims"]
    facts = _facts(results, places)
    if claims and results["study"]["search"]["trials"] <= GIVEN:
        facts = [
            Fact(f"Claims {verdict}", str(n), f"of {len(claims)}")
            for verdict, n in count_verdicts(claims).items()
        ]
    return {
        "id": "answer",
        "nav": "Answer",
        "sentences": text["answer"],
        "caveats": text["caveats"],
        "warnings": text["warnings"],
        "facts": facts[:4],
        "matters": matters_table(results),
    }


def lead_engine(results: Results) -> str:
    """Return the engine whose best has the lowest inner loss, otherwise the first.

    Outer rows do not influence the choice, so its outer loss is not biased by it.
    """

    def inner_loss(engine: str) -> float:
        loss = results["engines"][engine]["best"]["inner"]["loss"]
        return math.inf if loss is None else loss

    return min(results["engines"], key=inner_loss)


def _facts(results: Results, places: int) -> list[Fact]:
    """Return numbers of the leading engine, without those that are not known."""
    engine = lead_engine(results)
    found, label = results["engines"][engine], engine_name(engine)
    best, one_se, default = found["best"], found["one_se"], found["default"]
    loss_name, facts = results["data"]["loss"], []
    if (loss := one_se["outer"]["loss"]) is not None:
        note = f"{label} one_se, 95% interval {span(one_se['outer'], places)}"
        facts.append(Fact(f"Outer {loss_name}", fixed(loss, places), note))
    if (leaves := one_se["outer_size"]["leaves"]) is not None:
        others = {
            "best": best["outer_size"]["leaves"],
            "library defaults": default["size"]["leaves"],
            "one_se on all rows": one_se["size"]["leaves"],
        }
        known = [f"{k} {count(v)}" for k, v in others.items() if v is not None]
        note = "; ".join(["mean over outer folds", *known])
        facts.append(Fact(f"Leaves of {label} one_se", count(leaves), note))
    pairs = {(p["a"], p["b"]): p for p in results["comparisons"]}
    for other in (f"{engine} default", "mean"):
        for pick in PICKS:
            if pair := pairs.get((f"{engine} {pick}", other)):
                name = model_name(other).replace(" default", " defaults")
                change = signed_percent(pair["change"])
                note = f"{loss_name}, {pick}; 95% interval {change_span(pair)}"
                facts.append(Fact(f"Against {name}", change, note))
                break
    gaps: dict[str, float | None] = {}
    for pick in PICKS:
        folds = [(f["loss"], f["train_loss"]) for f in found[pick]["by_outer_fold"]]
        ends_ = [a - b for a, b in folds if a is not None and b is not None]
        gaps[pick] = sum(ends_) / len(ends_) if ends_ else None
    if gaps["one_se"] is not None:
        note = f"outer minus training loss; best: {fixed(gaps['best'], places)}"
        facts.append(Fact("Overfitting gap", fixed(gaps["one_se"], places), note))
    note = f"{label} one_se; best: {count(best['rounds'])}"
    return [*facts, Fact("Rounds", count(one_se["rounds"]), note)]
