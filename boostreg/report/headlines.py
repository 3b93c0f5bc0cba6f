"""Sentences on the mean, importance, what searches promised, and flat optima."""

import math
from collections.abc import Iterator, Mapping, Sequence

from boostreg.insight.effects import Effect
from boostreg.insight.honesty import ties
from boostreg.report.comparisons import Comparison
from boostreg.report.effect_words import listed
from boostreg.report.labels import LABELS
from boostreg.report.numbers import number, percent
from boostreg.report.records import EngineRecord, RunRecord

__all__ = [
    "flat_sentences",
    "importance_heading",
    "mean_sentences",
    "promise_heading",
    "shrinkage_heading",
    "ties_sentence",
    "trees_heading",
]

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
        percent(found.relative(value))
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
        f"{name} explains the largest share of how the loss varies: {_told(told, name)}"
        for name in dict.fromkeys(name for name, _ in told.values())
    ]
    if unknown := [f"{label}'s" for label in found if label not in told]:
        what = "what" if parts else "What"
        parts.append(f"{what} drives {listed(unknown)} loss is not determined")
    return "; ".join(parts) or "Which penalties matter"


def _told(told: Mapping[str, tuple[str, float]], name: str) -> str:
    """Return the shares of one penalty, engine by engine."""
    return ", ".join(
        f"{'all' if share >= _ALL else f'{number(100 * share, 2)}%'} in {label}"
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
        f"{LABELS[engine.name]}'s inner loss by {percent(inner)}, its outer by "
        f"{percent(outer)}"
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
                f"around the tuned best, {which} values tried, from {number(low)} to "
                f"{number(high)}, are within one standard error of the lowest loss."
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
    told = [f"{number(100 * share, 2)}% of its weight in {label}"]
    told += [f"{number(100 * share, 2)}% in {label}" for label, share in rest]
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
