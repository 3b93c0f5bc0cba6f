"""Scores the words of an answer against a known truth.

A truth is the expected log ratio of the losses of two procedures. A word is wrong if
its statement is false for the truth, right if it is true, and otherwise not settled.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

__all__ = [
    "Truth",
    "Verdict",
    "can_tell",
    "score_kind",
    "score_use",
    "score_word",
]

Verdict = Literal["right", "wrong", "not settled"]

Truth = Callable[[str, str], float]
"""The expected log ratio of the losses of two models, by their names."""

_REACH = 1.96 + 1.28
"""Standard errors between a border and the truth, so that 90 % of 95 % intervals are
clear of the border."""

_EFFECTS = {
    "helps": "better",
    "harms": "worse",
    "no effect that matters": "same",
    "does no harm": "as good",
}
"""Words on one penalty, as words on a change of loss."""


def score_word(word: str, truth: float, tolerance: float) -> Verdict:
    """Return whether a word on a change of loss, or on a penalty, is true.

    >>> score_word("better", -0.02, 0.01), score_word("as good", 0.02, 0.01)
    ('right', 'wrong')
    """
    margin = math.log1p(tolerance)
    statements = {
        "better": truth < 0,
        "worse": truth > 0,
        "same": abs(truth) < margin,
        "as good": truth < margin,
    }
    word = _EFFECTS.get(word, word)
    if word == "not settled":
        return "not settled"
    return "right" if statements[word] else "wrong"


def can_tell(truth: float, error: float, tolerance: float) -> bool:
    """Return whether ideal intervals give a word in 9 of 10 samples.

    A word other than ``not settled``, by the 95 % interval of a normal estimate with
    this standard error.

    >>> can_tell(-0.2, 0.06, 0.01), can_tell(0.2, 0.07, 0.01)
    (True, False)
    """
    reach = _REACH * error
    return truth + reach < math.log1p(tolerance) or truth - reach > 0


def score_kind(answer: Mapping[str, Any], truth: Truth) -> Verdict:
    """Return whether the kind of decision is true.

    ``simple``: the simple model is as good as all rivals. ``trees``: the champion is as
    good as the simple model. ``defaults``: tuning raises the loss. ``mean``: no tuned
    ensemble and no simple model is better by the tolerance; if one is, the data did not
    show it, and the decision counts as not settled.
    """
    margin, kind = math.log1p(answer["tolerance"]), answer["kind"]
    asked = {one["question"]: one["changes"] for one in answer["questions"]}
    rivals = [(one["a"], one["b"]) for one in asked.get("simple", ())]
    if kind == "simple":
        return _verdict(all(truth(*pair) < margin for pair in rivals))
    if kind == "trees":
        return _verdict(all(truth(b, a) < margin for a, b in rivals[:1]))
    if kind == "defaults":
        lead = answer["lead"]
        return _verdict(truth(f"{lead} best", f"{lead} default") > 0)
    if kind == "mean" and all(
        truth(one["a"], one["b"]) > -margin for one in asked["mean"]
    ):
        return "right"
    return "not settled"


def _verdict(is_true: bool) -> Verdict:
    return "right" if is_true else "wrong"


def score_use(
    answer: Mapping[str, Any], models: Iterable[str], truth: Truth
) -> Verdict:
    """Return whether no model has a loss lower than that of the model to use.

    Lower by more than the tolerance. The decisions ``mean`` and ``not settled`` do not
    say so; if another model is better, they count as not settled.
    """
    margin = math.log1p(answer["tolerance"])
    if all(truth(answer["use"], model) < margin for model in models):
        return "right"
    return "not settled" if answer["kind"] in {"mean", "not settled"} else "wrong"
