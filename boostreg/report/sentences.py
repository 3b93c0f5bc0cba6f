"""Sentences and headings about penalties, engines and models, from a run's records."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from boostreg.effects.effects import Effect
from boostreg.effects.optimism import ties
from boostreg.effects.outer import OuterEffect
from boostreg.figures.scale import count
from boostreg.report.comparisons import Comparison, best_linear
from boostreg.report.records import EngineRecord, RunRecord
from boostreg.report.wording import LABELS, capitalize, format_change, format_number
from boostreg.statistics import Interval

__all__ = [
    "Pairs", "advice", "alone_sentence", "baselines_heading", "effect_sentence",
    "effects_heading", "engines_heading", "flat_sentences", "front_heading",
    "importance_heading", "lead_engine", "listed", "loses_words", "mean_sentence",
    "outer_leaves", "promise_heading", "setup_heading", "shrinkage_heading",
    "ties_sentence", "trees_heading", "trials_heading", "use_heading",
    "verdicts_sentence",
]  # fmt: skip

Pairs = Mapping[tuple[str, str], Comparison]
"""Comparisons by the names of their two models."""

_MAX_LISTED = 4
"""Penalties that a sentence names; more are counted."""

_MAX_TREES = 3
"""Penalties whose first trees a heading describes."""

_NOTABLE = 0.05
"""A change of leaves below this share is not called smaller; a loss whose interval
allows for more than this share is not called undetectable."""


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


def lead_engine(record: RunRecord) -> EngineRecord:
    """Return the engine whose ``one_se`` has the lowest inner loss on all rows.

    Outer rows do not influence the choice, so its outer loss is not biased by it.
    """
    return min(
        record.engines.values(), key=lambda e: e.tuned[None].selection.one_se.loss
    )


def outer_leaves(engine: EngineRecord, model: str) -> float:
    """Return the mean number of leaves of a model over the outer folds."""
    folds = engine.outer[model]
    return sum(fold.size.n_leaves for fold in folds) / len(folds)


def advice(record: RunRecord, by_pair: Pairs) -> str:
    """Return which engine and penalties to use, or that the defaults are fine.

    'Fine' requires an interval that rules out a notable gain, and 'because it is
    smaller' one that rules out a notable loss; otherwise the data cannot show it.
    """
    engine = lead_engine(record)
    label, tuned = LABELS[engine.name], engine.tuned[None]
    found = by_pair[f"{engine.name} one_se", f"{engine.name} default"]
    interval = found.interval
    one_se, default = (outer_leaves(engine, m) for m in ("one_se", "default"))
    change = one_se / default - 1 if default else 0.0
    values = {
        n: getattr(tuned.penalty("one_se"), n) for n in record.ranges[engine.name]
    }
    parts = [
        f"{name} {'none' if value is None else format_number(value, 3)}"
        for name, value in values.items()
    ]
    rounds = f"{tuned.candidate('one_se').n_rounds} rounds"
    settings = f"{label} with {', '.join(parts)}{' and ' if parts else ''}{rounds}"
    fewer = "fewer" if change < 0 else "more"
    size = f"{format_number(100 * abs(change), 2)}% {fewer} leaves"
    if found.word == "better":
        return (
            f"Use {settings}: {_percent(found)} lower loss than {label}'s defaults "
            f"({found.ends}), with {size}."
        )
    if found.word == "worse":
        return (
            f"Keep {label}'s defaults: tuned for few leaves, its loss is "
            f"{_percent(found)} higher ({found.ends}), with {size}."
        )
    if change < -_NOTABLE:
        return _advice_on_size(found, settings, f"{size} than {label}'s defaults")
    if interval.exists and found.relative(interval.low) > -_NOTABLE:
        return (
            f"{label}'s defaults are fine: no detectable gain from tuning "
            f"({found.change} loss, {found.ends}), with {size}."
        )
    return (
        f"These data cannot show whether tuning {label} helps ({found.change} loss, "
        f"{found.ends}). The tuned model has {size}, so nothing speaks against the "
        "defaults."
    )


def _advice_on_size(found: Comparison, settings: str, size: str) -> str:
    """Return what to use if only the size is known to be better."""
    interval, numbers = found.interval, f"{found.change}, {found.ends}"
    smaller = f"Use {settings} because it is smaller: {size}"
    if interval.exists and interval.high <= 0:
        return (
            f"{smaller}. Its loss is lower ({numbers}), but not once adjusted for all "
            "comparisons here."
        )
    if interval.exists and found.relative(interval.high) < _NOTABLE:
        return f"{smaller}, no detectable change in loss ({numbers})."
    return (
        f"These data cannot show whether tuning lowers or raises the loss ({numbers}). "
        f"If size matters, use {settings}: {size}."
    )


def _percent(found: Comparison) -> str:
    return f"{format_number(100 * abs(found.relative(found.interval.estimate)), 2)}%"


def loses_words(found: Comparison) -> str:
    """Return what the smaller of two picks loses, as far as the data can show."""
    interval = found.interval
    if not interval.exists:
        return "the change of its loss has no interval"
    if interval.low > 0:
        return f"its loss is {_percent(found)} higher ({found.ends})"
    if interval.high <= 0:
        return f"its loss is not higher ({found.ends})"
    if found.relative(interval.high) < _NOTABLE:
        return f"no detectable increase in loss ({found.ends})"
    return f"these data cannot show whether its loss is higher ({found.ends})"


def mean_sentence(comparisons: Collection[Comparison]) -> str:
    """Return a sentence if neither a tuned nor a linear model beats the mean, or "".

    That is, if every interval, unadjusted, includes no gain: a few outer folds rarely
    pass the adjustment for all comparisons, and saying so of a model that halves the
    loss would mislead.
    """
    against = [one for one in comparisons if one.b == "mean"]
    known = all(one.interval.exists for one in against)
    if not against or not known or any(one.interval.high < 0 for one in against):
        return ""
    parts = []
    for one in against:
        engine, _, pick = one.a.partition(" ")
        name = f"tuned {LABELS[engine]}" if pick else LABELS[one.a]
        parts.append(f"{name} {one.change} ({one.ends})")
    return (
        "No model beats the mean, as far as these outer folds show. Loss against it: "
        f"{'; '.join(parts)}."
    )


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


def front_heading(record: RunRecord) -> str:
    """Return how many leaves the smallest model within one standard error saves."""

    def saving(engine: EngineRecord) -> float:
        chosen = engine.tuned[None].selection
        if chosen.best.n_leaves == 0:
            return 0.0
        return chosen.one_se.n_leaves / chosen.best.n_leaves - 1

    engine = min(record.engines.values(), key=saving)
    chosen = engine.tuned[None].selection
    return (
        f"{count(chosen.one_se.n_leaves)} leaves of {LABELS[engine.name]} are, within "
        f"one standard error, as good as its best with {count(chosen.best.n_leaves)} "
        f"({format_change(saving(engine))})"
    )


def engines_heading(record: RunRecord, by_pair: Pairs) -> str:
    """Return which engine is better."""
    names = list(record.engines)
    if len(names) < 2:
        return f"{LABELS[names[0]]} tuned, default and without penalties"
    found = by_pair[f"{names[1]} best", f"{names[0]} best"]
    clause = capitalize(found.clause(LABELS[names[1]], LABELS[names[0]]))
    how = "both tuned" if record.searched else "only rounds tuned"
    return f"{clause}: {found.change} loss ({found.ends}), {how}"


def baselines_heading(record: RunRecord, by_pair: Pairs) -> str:
    """Return whether the tuned model is better than the best linear model."""
    if mean_sentence(by_pair.values()):
        return "No model beats the mean"
    name = best_linear(record)
    if name is None:
        return "No linear model was fitted"
    engine = lead_engine(record).name
    found = by_pair[f"{engine} best", name]
    linear = f"the best linear model, {LABELS[name]}"
    clause = capitalize(found.clause(f"tuned {LABELS[engine]}", linear))
    return f"{clause}: {found.change} loss"


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
    """Return which penalty explains most of the loss among good settings."""
    found = {
        LABELS[engine.name]: engine.importance["good"]
        for engine in record.engines.values()
        if "good" in engine.importance
    }
    shares: dict[str, list[str]] = {}
    open_labels = []
    for label, one in found.items():
        if name := one.leader:
            share, low, high = (
                f"{format_number(100 * part, 2)}%"
                for part in (one.main[name], *one.interval[name])
            )
            words = f"{share} in {label} (95% CI {low} to {high})"
            shares.setdefault(name, []).append(words)
        else:
            open_labels.append(label)
    parts = [
        f"{name} explains more of the loss than any other penalty: {', '.join(words)}"
        for name, words in shares.items()
    ]
    if open_labels:
        parts.append(f"no penalty is shown to matter most in {listed(open_labels)}")
    if not parts:
        return "Which penalties matter"
    return f"Among good settings, {'; '.join(parts)}"


def promise_heading(record: RunRecord) -> str:
    """Return what the later half of the searches did to the outer loss, if shown."""
    tolerance = float(record.study.get("tolerance", 0.01))
    parts = []
    for engine in record.engines.values():
        half = len(engine.tuned[None].trials) // 2
        before = [point for point in engine.overtuning if point.trial < half]
        if not before:
            continue
        later, label = before[-1].later, LABELS[engine.name]
        word = later.word(tolerance)
        if word == "same":
            limit = format_change(tolerance).removeprefix("+")
            parts.append(f"changed {label}'s outer loss by less than {limit}")
        elif word in ("better", "worse"):
            change, low, high = map(
                format_change, (later.estimate, later.low, later.high)
            )
            parts.append(
                f"changed {label}'s outer loss by {change} (95% CI {low} to {high})"
            )
    if not parts:
        return "What the search promised"
    return f"The later half of the trials {'; '.join(parts)}"


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
