"""What one penalty does, in sentences; every format_number comes from its records."""

import math
from collections.abc import Iterator, Mapping, Sequence

from boostreg.effects.effects import Effect
from boostreg.effects.optimism import ties
from boostreg.effects.outer import OuterEffect
from boostreg.report.comparisons import Comparison
from boostreg.report.records import EngineRecord, RunRecord
from boostreg.report.wording import LABELS, count, format_change, format_number
from boostreg.statistics import Interval

__all__ = [
    "advice",
    "alone_sentence",
    "effect_sentence",
    "effects_heading",
    "ends_of",
    "flat_sentences",
    "importance_heading",
    "lead_engine",
    "listed",
    "loses_words",
    "mean_sentences",
    "promise_heading",
    "setup_heading",
    "shrinkage_heading",
    "ties_sentence",
    "trees_heading",
    "use_heading",
    "verdicts_sentence",
]

_LISTED = 4
"""Penalties that a sentence names; more are counted."""


def effect_sentence(effect: Effect) -> str:
    """Return what one penalty does along its path, in one or two sentences."""
    zero, low, last = effect.points[0], effect.lowest, effect.points[-1]
    if zero.size["leaves"] == 0 or len(effect.points) == 1:
        return "Nothing was measured along this path."
    change = _ratio(last.leaves_ratio)
    ends = f"From {format_number(zero.value)} to {format_number(last.value)}"
    size = f"{ends}, leaves change by {change}."
    start = _start(effect.penalty, zero.value)
    if low is zero:
        return f"No value has a lower mean loss than {start}. {size}"
    alone = low.difference.high < 0 and effect.verdict != "helps"
    adjusted = (
        f", though not once adjusted for the {len(effect.points) - 1} values tried"
    )
    return (
        f"Lowest loss at {format_number(low.value)}: "
        f"{_share(low.difference, zero.loss)} against {start}"
        f"{adjusted if alone else ''}. {size}"
    )


def alone_sentence(effect: OuterEffect) -> str:
    """Return what tuning one penalty alone does on rows that no choice has seen."""
    low, high = min(effect.values), max(effect.values)
    chosen = (
        format_number(low)
        if low == high
        else f"{format_number(low)} to {format_number(high)}"
    )
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
    return f"{penalty} {format_number(value)}" if value else "zero penalty"


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
    said = format_change(estimate)
    if not interval.exists:
        return f"{said} ({interval.method})"
    return f"{said} (95% CI {format_change(low)} to {format_change(high)})"


Pairs = Mapping[tuple[str, str], Comparison]

_NOTABLE = 0.05
"""A change of leaves below this share is not called smaller; a loss whose interval
leaves room for more than this share is one that the data cannot tell."""


def lead_engine(record: RunRecord) -> EngineRecord:
    """Return the engine whose ``one_se`` has the least inner loss on all rows.

    Outer rows have no say in it, so what they say of it is not flattered.
    """
    return min(
        record.engines.values(), key=lambda e: e.tuned[None].selection.one_se.loss
    )


def advice(record: RunRecord, by_pair: Pairs) -> str:
    """Return which engine and penalties to use, or that the defaults are fine.

    'Fine' needs an interval that leaves no room for a gain that counts, and 'for its
    size' one that leaves no room for such a loss; else the data cannot tell.
    """
    engine = lead_engine(record)
    label = LABELS[engine.name]
    found = by_pair[f"{engine.name} one_se", f"{engine.name} default"]
    one_se, default = (_outer_leaves(engine, m) for m in ("one_se", "default"))
    change = one_se / default - 1 if default else 0.0
    settings = f"{label} with {_settings(record, engine)}"
    fewer = "fewer" if change < 0 else "more"
    size = f"{format_number(100 * abs(change), 2)}% {fewer} leaves"
    if found.word == "better":
        return (
            f"Use {settings}: {_advice_share(found)} less loss than {label}'s defaults "
            f"({ends_of(found)}), with {size}."
        )
    if found.word == "worse":
        return (
            f"Keep {label}'s defaults: tuned for few leaves its loss is "
            f"{_advice_share(found)} higher ({ends_of(found)}), with {size}."
        )
    change_of_loss = f"{_signed(found)} loss, {ends_of(found)}"
    if change < -_NOTABLE:
        return _for_size(found, settings, f"{size} than {label}'s defaults")
    if found.interval.exists and found.relative(found.interval.low) > -_NOTABLE:
        return (
            f"{label}'s defaults are fine: tuning is not shown to gain anything "
            f"({change_of_loss}), with {size}."
        )
    return (
        f"These data cannot tell whether tuning {label} helps ({change_of_loss}); "
        f"tuned it has {size}, so nothing speaks against the defaults."
    )


def _for_size(found: Comparison, settings: str, size: str) -> str:
    """Return what to use where only the size is known to be better."""
    interval = found.interval
    told = f"{_signed(found)}, {ends_of(found)}"
    if interval.exists and interval.high <= 0:
        return (
            f"Use {settings}, for its size: {size}. Its loss is lower ({told}), but "
            "not once adjusted for all comparisons here."
        )
    if interval.exists and found.relative(interval.high) < _NOTABLE:
        return (
            f"Use {settings}, for its size: {size} at a loss not told apart ({told})."
        )
    return (
        "These data cannot tell whether tuning lowers or raises the loss "
        f"({told}). If size counts, use {settings}: {size}."
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
    effects = [e for e in record.main_effects if len(e.points) > 1]
    if not effects:
        return "No path of a penalty was measured"
    helping = [e for e in effects if e.verdict == "helps"]
    most = min(helping or effects, key=_gain)
    where = f"{format_change(_gain(most))} at {format_number(most.lowest.value, 3)} in "
    where += LABELS[most.engine]
    if helping:
        ranked = sorted(helping, key=_gain)
        names = list(dict.fromkeys(e.penalty for e in ranked))
        if len(names) > 1:
            return f"Moved alone, {listed(names)} lower the loss ({where})"
        return (
            f"Moved alone, {names[0]} lowers the loss ({where}), no other is shown to"
        )
    if _gain(most) >= 0:
        return "Moved alone, every penalty raises the mean loss"
    return (
        "Moved alone, no penalty is shown to lower the loss; "
        f"{most.penalty} comes nearest ({where})"
    )


def setup_heading(record: RunRecord) -> str:
    """Return on how much the run rests."""
    rows, features = (record.card[name] for name in ("rows", "features"))
    outer = len(record.outer_weights)
    folds = f"{outer} outer folds" if outer > 1 else "one outer split"
    return (
        f"{rows:,} rows, {features:,} features, {folds}: what was fixed, the data, "
        "and how to run it again"
    )


def _settings(record: RunRecord, engine: EngineRecord) -> str:
    tuned = engine.tuned[None]
    penalty = tuned.penalty("one_se")
    parts = [
        f"{name} {_value(getattr(penalty, name))}"
        for name in record.ranges[engine.name]
    ]
    rounds = f"{tuned.candidate('one_se').n_rounds} rounds"
    return f"{', '.join(parts)} and {rounds}" if parts else rounds


def _value(value: float | None) -> str:
    return "none" if value is None else format_number(value, 3)


def _outer_leaves(engine: EngineRecord, model: str) -> float:
    folds = engine.outer[model]
    return sum(fold.size.n_leaves for fold in folds) / len(folds)


def _gain(effect: Effect) -> float:
    zero, low = effect.points[0], effect.lowest
    return low.difference.estimate / zero.loss if zero.loss else 0.0


def _advice_share(found: Comparison) -> str:
    share = abs(found.relative(found.interval.estimate))
    return f"{format_number(100 * share, 2)}%"


def _signed(found: Comparison) -> str:
    return format_change(found.relative(found.interval.estimate))


def loses_words(found: Comparison) -> str:
    """Return what the smaller of two picks loses, as far as the data tell."""
    interval = found.interval
    if not interval.exists:
        return "what it loses has no interval"
    if interval.low > 0:
        return f"it loses {_advice_share(found)} ({ends_of(found)})"
    if interval.high <= 0:
        return f"it loses nothing ({ends_of(found)})"
    if found.relative(interval.high) < _NOTABLE:
        return f"it is not shown to lose anything ({ends_of(found)})"
    return f"whether it loses, these data cannot tell ({ends_of(found)})"


def ends_of(found: Comparison) -> str:
    """Return the interval of a difference, as shares of the second's loss."""
    if not found.interval.exists:
        return "no interval"
    low, high = (format_change(found.relative(v)) for v in _span(found))
    return f"95% CI {low} to {high}"


def _span(found: Comparison) -> tuple[float, float]:
    return found.interval.low, found.interval.high


_ALL = 0.995
"""An estimated share from here on is called all; estimates may go beyond 1."""


def mean_sentences(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield a sentence where neither a tuned nor a linear model beats the mean.

    That is where every interval, unadjusted, leaves room for no gain: a few outer folds
    rarely pass the adjustment for all comparisons, and saying so of a model that halves
    the loss would mislead.
    """
    against = [one for one in comparisons if one.b == "mean"]
    known = all(one.interval.exists for one in against)
    if not against or not known or any(one.interval.high < 0 for one in against):
        return
    parts = [f"{_name(one.a)} {_change(one)}" for one in against]
    yield (
        "No model beats the mean, as far as these outer folds show. Loss against it: "
        f"{'; '.join(parts)}."
    )


def _name(model: str) -> str:
    """Return how a sentence calls what is compared with the mean."""
    engine, _, pick = model.partition(" ")
    return f"tuned {LABELS[engine]}" if pick else LABELS[model]


def _change(found: Comparison) -> str:
    share, low, high = (
        format_change(found.relative(value))
        for value in (found.interval.estimate, found.interval.low, found.interval.high)
    )
    return f"{share} (95% CI {low} to {high})"


def importance_heading(record: RunRecord) -> str:
    """Return which penalty explains most of how the loss varies, by engine."""
    found = {
        LABELS[engine.name]: engine.importance["loss"]
        for engine in record.engines.values()
        if "loss" in engine.importance
    }
    told = {
        label: max(one.main.items(), key=lambda pair: pair[1])
        for label, one in found.items()
        if one.determined
    }
    parts = [
        f"{name} explains the largest share of how the loss varies: "
        f"{_headlines_told(told, name)}"
        for name in dict.fromkeys(name for name, _ in told.values())
    ]
    if unknown := [f"{label}'s" for label in found if label not in told]:
        what = "what" if parts else "What"
        parts.append(f"{what} drives {listed(unknown)} loss is not determined")
    return "; ".join(parts) or "Which penalties matter"


def _headlines_told(told: Mapping[str, tuple[str, float]], name: str) -> str:
    """Return the shares of one penalty, engine by engine."""
    return ", ".join(
        f"{'all' if share >= _ALL else f'{format_number(100 * share, 2)}%'} in {label}"
        for label, (largest, share) in told.items()
        if largest == name
    )


def promise_heading(record: RunRecord) -> str:
    """Return what the later half of the searches gained, inside and outside."""
    parts = [
        said for engine in record.engines.values() for said in [_later(engine)] if said
    ]
    if not parts:
        return "What the search promised"
    return f"The later half of the trials changed {'; '.join(parts)}"


def _later(engine: EngineRecord) -> str | None:
    points = engine.overtuning
    if not points:
        return None
    half = len(engine.tuned[None].trials) // 2
    before = [point for point in points if point.trial < half]
    if not before or before[-1].inner == 0 or before[-1].outer == 0:
        return None
    inner = points[-1].inner / before[-1].inner - 1
    outer = points[-1].outer / before[-1].outer - 1
    return (
        f"{LABELS[engine.name]}'s inner loss by {format_change(inner)}, its outer by "
        f"{format_change(outer)}"
    )


def ties_sentence(engine: EngineRecord) -> str:
    """Return how many trials the inner folds do not tell from the best."""
    found = [t.curves for t in engine.tuned[None].trials if t.curves is not None]
    label, tied = LABELS[engine.name], len(ties(found))
    if tied == 1:
        return f"No other trial of {label} lies within one standard error of its best."
    return (
        f"{tied:,} of {len(found):,} complete trials of {label} lie within one "
        "standard error of its best: exact values matter less than they look."
    )


def flat_sentences(effects: Sequence[Effect]) -> Iterator[str]:
    """Yield a sentence for each penalty that the data do not pin down.

    That is where values within one standard error of the lowest point are more than
    half of the path, around the tuned best.
    """
    for effect in effects:
        if (effect.anchor, effect.reading) != ("tuned", "stopped"):
            continue
        low, high = effect.flat
        inside, tried = effect.inside, len(effect.points)
        if 2 * inside > tried:
            which = f"{inside} of the {tried}" if inside < tried else f"all {tried}"
            yield (
                f"{effect.penalty} is not identified in {LABELS[effect.engine]}: "
                f"around the tuned best, {which} values tried, from "
                f"{format_number(low)} to {format_number(high)}, are within one "
                "standard error of the lowest loss."
            )


def shrinkage_heading(record: RunRecord) -> str:
    """Return what L2 leaves of the median leaf's weight in the models to use."""
    kept = {
        LABELS[engine.name]: engine.models["one_se"].size.shrinkage
        for engine in record.engines.values()
    }
    known = {k: v for k, v in kept.items() if not math.isnan(v)}
    if not known:
        return "How much of its weight a leaf keeps"
    (label, share), *rest = known.items()
    told = [f"{format_number(100 * share, 2)}% of its weight in {label}"]
    told += [f"{format_number(100 * share, 2)}% in {label}" for label, share in rest]
    return f"The median leaf keeps {', '.join(told)}"


_TOLD = 3
"""Penalties whose first trees a heading tells of."""


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
    told = [
        f"{name} takes the first tree from {each[0]} to {_leaves(each[-1])}"
        for name, each in ranked[:_TOLD]
    ]
    if others := len(ranked[_TOLD:]):
        told.append(f"{others} more change{'s' * (others == 1)} it")
    if kept := [name for name in found if name not in moved]:
        told.append(f"the first tree keeps its leaves along {listed(kept)}")
    return f"In {LABELS[engine]}, {'; '.join(told)}"


def _leaves(n: int) -> str:
    return f"{n} leaf" if n == 1 else f"{n} leaves"
