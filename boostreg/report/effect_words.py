"""What one penalty does, in sentences; every number comes from its records."""

import math
from collections.abc import Sequence

from boostreg.insight.effects import Effect
from boostreg.insight.outer import OuterEffect
from boostreg.report.numbers import number, percent
from boostreg.statistics import Interval

__all__ = ["alone_sentence", "effect_sentence", "listed", "verdicts_sentence"]


_LISTED = 4
"""Penalties that a sentence names; more are counted."""


def effect_sentence(effect: Effect) -> str:
    """Return what one penalty does along its path, in one or two sentences."""
    zero, low, last = effect.points[0], effect.lowest, effect.points[-1]
    if zero.size["leaves"] == 0 or len(effect.points) == 1:
        return "Nothing was measured along this path."
    change = _ratio(last.leaves_ratio)
    ends = f"From {number(zero.value)} to {number(last.value)}"
    size = f"{ends}, leaves change by {change}."
    start = _start(effect.penalty, zero.value)
    if low is zero:
        return f"No value has a lower mean loss than {start}. {size}"
    alone = low.difference.high < 0 and effect.verdict != "helps"
    adjusted = (
        f", though not once adjusted for the {len(effect.points) - 1} values tried"
    )
    return (
        f"Lowest loss at {number(low.value)}: {_share(low.difference, zero.loss)} "
        f"against {start}{adjusted if alone else ''}. {size}"
    )


def alone_sentence(effect: OuterEffect) -> str:
    """Return what tuning one penalty alone does on rows that no choice has seen."""
    low, high = min(effect.values), max(effect.values)
    chosen = number(low) if low == high else f"{number(low)} to {number(high)}"
    loss = _share(effect.loss, effect.zero_loss)
    leaves = _ratio(effect.leaves)
    return (
        f"Tuned alone (the inner folds chose {chosen}), it changes the outer loss by "
        f"{loss} and leaves by {leaves} against {_start(effect.penalty, effect.start)}."
    )


def verdicts_sentence(effects: Sequence[Effect]) -> str:
    """Return what the penalties of one engine do to its loss, each along its path."""
    by_verdict: dict[str, list[str]] = {}
    for effect in effects:
        by_verdict.setdefault(effect.verdict, []).append(effect.penalty)
    said = []
    if helping := by_verdict.get("helps"):
        said.append(f"{listed(helping)} {_verb('lower', helping)} the loss")
    if harming := by_verdict.get("harms"):
        raises = f"{listed(harming)} {_verb('raise', harming)} the loss"
        said.append(f"{raises} and {_verb('lower', harming)} it notably at no value")
    if unclear := by_verdict.get("not determined"):
        none = _none_of(unclear, alone=not said)
        said.append(f"{none} is shown to lower the loss")
    return " and ".join(said) if len(said) < 3 else ", ".join(said)


def _none_of(names: Sequence[str], *, alone: bool) -> str:
    if len(names) <= _LISTED:
        return f"no value of {listed(names, 'or')}"
    return (
        f"none of the {len(names)} penalties"
        if alone
        else (f"none of the other {len(names)}")
    )


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return names as a sentence lists them.

    >>> listed(["reg_alpha", "reg_lambda", "max_leaves"])
    'reg_alpha, reg_lambda and max_leaves'
    """
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last


def _verb(verb: str, subjects: Sequence[str]) -> str:
    return f"{verb}s" if len(subjects) == 1 else verb


def _start(penalty: str, value: float) -> str:
    return f"{penalty} {number(value)}" if value else "zero penalty"


def _share(interval: Interval, base: float) -> str:
    """Return a difference and its interval as shares of ``base``."""
    if base == 0:
        return "an unknown share of 0"
    ends = (interval.estimate, interval.low, interval.high)
    return _told(interval, *(end / base for end in ends))


def _ratio(interval: Interval) -> str:
    """Return a ratio and its interval as changes."""
    if math.isnan(interval.estimate):
        return "an unknown share of 0"
    ends = (interval.estimate, interval.low, interval.high)
    return _told(interval, *(end - 1 for end in ends))


def _told(interval: Interval, estimate: float, low: float, high: float) -> str:
    said = percent(estimate)
    if not interval.exists:
        return f"{said} ({interval.method})"
    return f"{said} (95% CI {percent(low)} to {percent(high)})"
