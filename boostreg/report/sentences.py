"""Sentences and headings about penalties, engines and models, from a run's records."""

import math
from collections.abc import Callable, Iterator, Sequence

from boostreg.effects.effects import Effect
from boostreg.effects.optimism import ties
from boostreg.effects.outer import OuterEffect
from boostreg.figures.scale import count
from boostreg.report.comparisons import best_linear, lead_engine
from boostreg.report.decision import Pairs, find
from boostreg.report.records import EngineRecord, RunRecord
from boostreg.report.wording import LABELS, capitalize, format_change, format_number
from boostreg.statistics import Interval

__all__ = [
    "alone_sentence", "baselines_heading", "effect_sentence", "effects_heading",
    "engines_heading", "flat_sentences", "importance_heading",
    "listed", "promise_heading", "setup_heading", "shrinkage_heading",
    "ties_sentence", "trees_heading", "trials_heading", "use_heading",
    "verdicts_sentence",
]  # fmt: skip

_MAX_LISTED = 4
"""Penalties that a sentence names; more are counted."""

_MAX_TREES = 3
"""Penalties whose first trees a heading describes."""

_ALL = 0.995
"""An estimated share of at least this is called all; estimates may exceed 1."""


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return names as a sentence lists them.

    >>> listed(["reg_alpha", "reg_lambda", "max_leaves"])
    'reg_alpha, reg_lambda and max_leaves'
    """
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


def effect_sentence(effect: Effect) -> str:
    """Return what one penalty does along its path, in one or two sentences."""
    zero, low, last = effect.points[0], effect.lowest, effect.points[-1]
    if zero.size["leaves"] == 0 or len(effect.points) == 1:
        return "Nothing was measured along this path."
    ends = f"From {format_number(zero.value)} to {format_number(last.value)}"
    size = f"{ends}, leaves change by {_ratio(last.leaves_ratio)}."
    start = _start(effect.penalty, zero.value)
    if low is zero:
        return f"No value has a lower mean loss than {start}. {size}"
    unadjusted = low.difference.high < 0 and effect.verdict != "helps"
    why = f", though not once adjusted for the {len(effect.points) - 1} values tried"
    return (
        f"Lowest loss at {format_number(low.value)}: "
        f"{_share(low.difference, zero.loss)} against {start}"
        f"{why if unadjusted else ''}. {size}"
    )


def alone_sentence(effect: OuterEffect) -> str:
    """Return what tuning one penalty alone does on rows that no choice has seen."""
    ends = sorted({min(effect.values), max(effect.values)})
    return (
        f"Tuned alone (the inner folds chose {' to '.join(map(format_number, ends))}), "
        f"it changes the outer loss by {_share(effect.loss, effect.zero_loss)} and "
        f"leaves by {_ratio(effect.leaves)} against "
        f"{_start(effect.penalty, effect.start)}."
    )


def _start(penalty: str, value: float) -> str:
    return f"{penalty} {format_number(value)}" if value else "zero penalty"


def _share(interval: Interval, base: float) -> str:
    """Return a difference and its interval as shares of ``base``."""
    if base == 0:
        return "an unknown share of 0"
    return _with_ends(interval, lambda end: end / base)


def _ratio(interval: Interval) -> str:
    """Return a ratio and its interval as changes."""
    if math.isnan(interval.estimate):
        return "an unknown share of 0"
    return _with_ends(interval, lambda end: end - 1)


def _with_ends(interval: Interval, share: Callable[[float], float]) -> str:
    change, low, high = (
        format_change(share(end))
        for end in (interval.estimate, interval.low, interval.high)
    )
    ends = f"95% CI {low} to {high}" if interval.exists else interval.method
    return f"{change} ({ends})"


def verdicts_sentence(effects: Sequence[Effect]) -> str:
    """Return what the penalties of one engine do to its loss, each along its path."""
    by_verdict: dict[str, list[str]] = {}
    for effect in effects:
        by_verdict.setdefault(effect.verdict, []).append(effect.penalty)
    parts = []
    if helping := by_verdict.get("helps"):
        verb = "lowers" if len(helping) == 1 else "lower"
        parts.append(f"{listed(helping)} {verb} the loss")
    if harming := by_verdict.get("harms"):
        verb = "raises" if len(harming) == 1 else "raise"
        parts.append(f"{listed(harming)} {verb} the loss without improving it anywhere")
    if unclear := by_verdict.get("not determined"):
        n = len(unclear)
        counted = f"other {n}" if parts else f"{n} penalties"
        named = f"no value of {listed(unclear, 'or')}"
        subject = named if n <= _MAX_LISTED else f"none of the {counted}"
        parts.append(f"{subject} is shown to lower the loss")
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts)


def ties_sentence(engine: EngineRecord) -> str:
    """Return how many trials are as good as the best on the inner folds."""
    found = [t.curves for t in engine.tuned[None].trials if t.curves is not None]
    label, tied = LABELS[engine.name], len(ties(found))
    if tied == 1:
        return f"No other trial of {label} is within one standard error of its best."
    return (
        f"{tied:,} of {len(found):,} complete trials of {label} are within one "
        "standard error of its best: exact values matter less than they seem to."
    )


def flat_sentences(effects: Sequence[Effect]) -> Iterator[str]:
    """Yield a sentence for each penalty whose best value the data do not determine.

    That is, if values within one standard error of the lowest point are more than half
    of the path around the tuned best.
    """
    for effect in effects:
        inside, tried = effect.inside, len(effect.points)
        is_around_tuned = (effect.anchor, effect.reading) == ("tuned", "stopped")
        if is_around_tuned and 2 * inside > tried:
            low, high = map(format_number, effect.flat)
            which = f"{inside} of the {tried}" if inside < tried else f"all {tried}"
            yield (
                f"{effect.penalty} is not identified in {LABELS[effect.engine]}: "
                f"around the tuned best, {which} values tried, from {low} to {high}, "
                "are within one standard error of the lowest loss."
            )


def use_heading(record: RunRecord) -> str:
    """Return how large the models to use are, or that none was searched for."""
    sizes = [
        f"{count(e.models['one_se'].size.n_leaves)} leaves of {LABELS[e.name]}"
        for e in record.engines.values()
    ]
    if not record.searched:
        return f"Nothing was searched: as fixed, {' and '.join(sizes)}"
    return f"Parameters to use: {' or '.join(sizes)}"


def effects_heading(record: RunRecord) -> str:
    """Return which penalty, moved alone, changes the loss most."""

    def gain(effect: Effect) -> float:
        zero, low = effect.points[0], effect.lowest
        return low.difference.estimate / zero.loss if zero.loss else 0.0

    effects = [e for e in record.main_effects if len(e.points) > 1]
    if not effects:
        return "No path of a penalty was measured"
    helping = sorted((e for e in effects if e.verdict == "helps"), key=gain)
    largest = min(helping or effects, key=gain)
    at, engine = format_number(largest.lowest.value, 3), LABELS[largest.engine]
    where = f"{format_change(gain(largest))} at {at} in {engine}"
    names = list(dict.fromkeys(e.penalty for e in helping))
    if len(names) > 1:
        return f"Moved alone, {listed(names)} lower the loss ({where})"
    if names:
        return (
            f"Moved alone, {names[0]} lowers the loss ({where}), no other is shown to"
        )
    if gain(largest) >= 0:
        return "Moved alone, every penalty raises the mean loss"
    return (
        "Moved alone, no penalty is shown to lower the loss; "
        f"{largest.penalty} comes closest ({where})"
    )


def engines_heading(record: RunRecord, by_pair: Pairs) -> str:
    """Return which engine is better, by the interval of their own difference."""
    names = list(record.engines)
    if len(names) < 2:
        return f"{LABELS[names[0]]} tuned, default and without penalties"
    lead = lead_engine(record).name
    other = next(name for name in names if name != lead)
    found = by_pair[f"{other} best", f"{lead} best"]
    clause = capitalize(found.clause(LABELS[other], LABELS[lead]))
    how = "both tuned" if record.searched else "only rounds tuned"
    return f"{clause}: {found.estimate} loss ({found.ends}), {how}"


def baselines_heading(record: RunRecord, by_pair: Pairs) -> str:
    """Return whether the best linear model is as good as the tuned ensemble."""
    name = best_linear(record)
    if name is None:
        return "No linear model was fitted"
    engine = lead_engine(record).name
    found = find(by_pair, name, f"{engine} best")
    clause = capitalize(found.clause(LABELS[name], f"tuned {LABELS[engine]}"))
    return f"{clause}: {found.estimate} loss ({found.ends})"


def trials_heading(record: RunRecord) -> str:
    """Return which trial of each engine is the best."""
    searches = {LABELS[e.name]: e.tuned[None] for e in record.engines.values()}
    parts = [
        f"{label}'s best is trial {tuned.selection.best.trial} of {len(tuned.trials)}"
        for label, tuned in searches.items()
    ]
    return f"{', '.join(parts)}, counted from 0"


def setup_heading(record: RunRecord) -> str:
    """Return how much data the run is based on."""
    rows, features = (record.card[name] for name in ("rows", "features"))
    outer = len(record.outer_weights)
    folds = f"{outer} outer folds" if outer > 1 else "one outer split"
    return (
        f"{rows:,} rows, {features:,} features, {folds}: what was fixed, the data, "
        "and how to run it again"
    )


def importance_heading(record: RunRecord) -> str:
    """Return which penalty explains most of how the loss varies, by engine."""
    found = {
        LABELS[engine.name]: engine.importance["loss"]
        for engine in record.engines.values()
        if "loss" in engine.importance
    }
    shares: dict[str, list[str]] = {}
    for label, one in found.items():
        if one.determined:
            name, share = max(one.main.items(), key=lambda pair: pair[1])
            words = "all" if share >= _ALL else f"{format_number(100 * share, 2)}%"
            shares.setdefault(name, []).append(f"{words} in {label}")
    parts = [
        f"{name} explains the largest share of how the loss varies: {', '.join(words)}"
        for name, words in shares.items()
    ]
    if unknown := [f"{label}'s" for label in found if not found[label].determined]:
        what = "what" if parts else "What"
        parts.append(f"{what} drives {listed(unknown)} loss is not determined")
    return "; ".join(parts) or "Which penalties matter"


def promise_heading(record: RunRecord) -> str:
    """Return what the later half of the searches gained, inside and outside."""
    parts = []
    for engine in record.engines.values():
        half = len(engine.tuned[None].trials) // 2
        before = [point for point in engine.overtuning if point.trial < half]
        if before and before[-1].inner and before[-1].outer:
            inner = engine.overtuning[-1].inner / before[-1].inner - 1
            outer = engine.overtuning[-1].outer / before[-1].outer - 1
            parts.append(
                f"{LABELS[engine.name]}'s inner loss by {format_change(inner)}, its "
                f"outer by {format_change(outer)}"
            )
    if not parts:
        return "What the search promised"
    return f"The later half of the trials changed {'; '.join(parts)}"


def shrinkage_heading(record: RunRecord) -> str:
    """Return what L2 leaves of the median leaf's weight in the models to use."""
    kept = {
        LABELS[engine.name]: engine.models["one_se"].size.shrinkage
        for engine in record.engines.values()
    }
    parts = [
        f"{format_number(100 * share, 2)}% in {label}"
        for label, share in kept.items()
        if not math.isnan(share)
    ]
    if not parts:
        return "How much of its weight a leaf keeps"
    return f"Of its weight, the median leaf keeps {', '.join(parts)}"


def trees_heading(record: RunRecord) -> str:
    """Return from how many leaves to how many the first trees go."""
    counts: dict[str, dict[str, list[int]]] = {}
    for (engine, name, _), one in record.sketches.items():
        by_name = counts.setdefault(engine, {})
        by_name.setdefault(name, []).append(one.n_leaves)
    if not counts:
        return "Real trees as a penalty rises"
    engine, found = next(iter(counts.items()))
    moved = {name: n for name, n in found.items() if n[0] != n[-1]}
    ranked = sorted(moved.items(), key=lambda pair: pair[1][-1] / pair[1][0])
    parts = [
        f"{name} takes the first tree from {n[0]} to {n[-1]} "
        f"{'leaf' if n[-1] == 1 else 'leaves'}"
        for name, n in ranked[:_MAX_TREES]
    ]
    if others := len(ranked[_MAX_TREES:]):
        parts.append(f"{others} more change{'s' * (others == 1)} it")
    if kept := [name for name in found if name not in moved]:
        parts.append(f"the first tree keeps its leaves along {listed(kept)}")
    return f"In {LABELS[engine]}, {'; '.join(parts)}"
