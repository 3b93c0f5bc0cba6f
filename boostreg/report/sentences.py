"""Sentences and headings about penalties, engines and models, from a run's records."""

import math
from collections.abc import Iterator, Mapping, Sequence

from boostreg.changes import LossChange
from boostreg.effects.effects import FACTORS
from boostreg.effects.optimism import ties
from boostreg.effects.outer import TunedPenalty
from boostreg.figures.scale import count, factor
from boostreg.penalty.value import UNPENALISED
from boostreg.report.comparisons import best_linear, lead_engine
from boostreg.report.decision import Decision, Pairs, find
from boostreg.report.records import EngineRecord, RunRecord
from boostreg.report.wording import (
    LABELS,
    capitalize,
    counted_rows,
    format_change,
    format_number,
    listed,
    model_name,
)

__all__ = [
    "NOT_MEASURED", "alone_sentences", "anchor_words", "baselines_heading",
    "effect_sentence", "effects_heading", "engines_heading", "flat_sentences",
    "front_heading", "importance_heading", "of_all_engines",
    "promise_heading", "setup_heading", "shrinkage_heading",
    "ties_sentence", "trees_heading", "trials_heading", "use_heading",
    "verdicts_sentence",
]  # fmt: skip

_MAX_LISTED = 4
"""Penalties that a sentence names; more are counted."""

_MIN_HALVED = 2.0
"""Leaves from which on a heading states what half as many cost."""

_MAX_TREES = 3
"""Penalties whose first trees a heading describes."""


NOT_MEASURED = "Nothing was judged on the outer folds."

_ANCHORS = {"tuned": "With the others tuned", "fixed": "Alone"}


def of_all_engines(record: RunRecord) -> dict[str, TunedPenalty]:
    """Return what each penalty does with all engines together, or with the only one.

    Keys are the penalties as a sentence names them: one whose path only one of several
    engines has is said to be of that engine, so that no sentence speaks for the others.
    """
    found: dict[str, TunedPenalty] = {}
    for one in record.main_tuned():
        if one.engine is None or one.penalty not in found:
            found[one.penalty] = one
    return {
        f"{name} ({LABELS[one.engine]} only)"
        if one.engine is not None and len(record.engines) > 1
        else name: one
        for name, one in found.items()
    }


def effect_sentence(one: TunedPenalty) -> str:
    """Return what tuning one penalty of one engine does on rows no choice has seen."""
    lead, name = _ANCHORS[one.anchor], one.penalty
    start = _start(name, one.off)
    if not one.against_off.exists:
        return f"{lead}, {name} is not rated: {_reason(one.against_off)}."
    ends = sorted({min(one.values), max(one.values)})
    if ends == [one.off]:
        first = f"{lead}, the inner folds never chose another value than {start}."
    else:
        chosen = " to ".join(map(format_number, ends))
        first = (
            f"{lead}, at {name} {chosen} as the inner folds chose: "
            f"{_loss_words(one.against_off)} loss on unseen rows against {start}."
        )
    parts = [first]
    if one.default is not None and one.against_default is not None:
        own = f"{LABELS[str(one.engine)]}'s own {name} {format_number(one.default)}"
        words = (
            f"{_loss_words(one.against_default)} loss"
            if one.against_default.exists
            else _reason(one.against_default)
        )
        parts.append(f"Against {own}: {words}.")
    if ends != [one.off]:
        parts.append(f"{capitalize(_size_words(one))}.")
    if one.cut:
        parts.append(
            f"In {format_number(100 * one.cut, 2)}% of the outer folds, rounds.max cut "
            "a value with a lower inner loss: raise rounds.max."
        )
    return " ".join(parts)


def _size_words(one: TunedPenalty) -> str:
    before, after = map(format_number, one.trees, (3, 3))
    trees, leaves = (one.factors[name].estimate for name in FACTORS[:2])
    return (
        f"trees {factor(trees)} ({before} to {after}), leaves per tree {factor(leaves)}"
    )


def _start(penalty: str, value: float) -> str:
    return f"{penalty} {format_number(value)}"


def _loss_words(change: LossChange) -> str:
    """Return a change of loss with its interval."""
    estimate, low, high = map(format_change, (change.estimate, change.low, change.high))
    return f"{estimate} ({low} to {high})"


def _reason(change: LossChange) -> str:
    return change.method.removeprefix("no interval: ")


def verdicts_sentence(found: Mapping[str, TunedPenalty], tolerance: float) -> str:
    """Return what penalties do to the loss, each word read off its interval."""
    by_word: dict[str, list[str]] = {}
    for name, one in found.items():
        by_word.setdefault(one.word(tolerance), []).append(name)
    parts: list[str] = []

    def add(word: str, one: str, several: str) -> None:
        if names := by_word.get(word):
            counted = f"{len(names)} {'others' if parts else 'penalties'}"
            subject = listed(names) if len(names) <= _MAX_LISTED else counted
            parts.append((one if len(names) == 1 else several).format(subject))

    add("helps", "{} lowers the loss", "{} lower the loss")
    add("harms", "tuning {} raises the loss", "tuning {} raises the loss")
    less = f"the loss by less than {format_number(100 * tolerance)}%"
    add("no effect that matters", f"{{}} changes {less}", f"{{}} change {less}")
    add("does no harm", "{} does no harm", "{} do no harm")
    add("not settled", "the effect of {} is not settled", "that of {} is not settled")
    if by_word.get("not settled"):
        parts[-1] = parts[-1].replace("that of", "the effect of")
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def anchor_words(record: RunRecord) -> str:
    """Return what is held around each penalty, as a sentence begins."""
    return _ANCHORS[record.anchor]


def alone_sentences(record: RunRecord) -> Iterator[str]:
    """Yield what stays on where a penalty is judged alone: what the study fixes."""
    search = record.study["search"]
    on = [
        f"{name} {format_number(value)}"
        for name, idle in UNPENALISED.items()
        if (value := search["fixed"].get(name, idle)) != idle
    ]
    if on and record.main_effects:
        yield (
            "Where a penalty is judged alone, the other penalties on leaf weights and "
            f"splits are off, except {listed(on)} of search.fixed (scale: "
            f"{search['scale']})."
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


def flat_sentences(record: RunRecord) -> Iterator[str]:
    """Yield a sentence for each penalty whose value the inner folds do not determine.

    That is, if no value of its whole path is further than one standard error from the
    lowest inner loss, and no interval on the outer folds shows an effect.
    """
    shown = {
        (one.engine, one.penalty)
        for one in record.main_tuned()
        if one.word(record.tolerance) in ("helps", "harms")
    }
    for effect in record.main_effects:
        is_shown = {(effect.engine, effect.penalty), (None, effect.penalty)} & shown
        if 1 < effect.inside == len(effect.points) and not is_shown:
            low, high = map(format_number, effect.flat)
            yield (
                f"{effect.penalty} is not identified in {LABELS[effect.engine]}: the "
                f"inner losses of all {effect.inside} values tried, from {low} to "
                f"{high}, are within one standard error of the lowest."
            )


def use_heading(record: RunRecord, decision: Decision | None) -> str:
    """Return the model that the answer names, and the ensemble if it is another one."""
    if decision is None:
        sizes = [
            f"{count(e.models['one_se'].size.n_leaves)} leaves of {LABELS[e.name]}"
            for e in record.engines.values()
        ]
        return f"Nothing was searched: as fixed, {listed(sizes)}"
    engine, pick = decision.smallest.split(" ")
    leaves = count(record.engines[engine].models[pick].size.n_leaves)
    ensemble = f"{LABELS[engine]} with {leaves} leaves"
    if decision.use == decision.smallest:
        return f"Use {ensemble}"
    return f"Use {model_name(decision.use)}, or {ensemble}"


def effects_heading(record: RunRecord) -> str:
    """Return which penalties are shown to lower the loss at the chosen model."""
    found, tolerance = of_all_engines(record), record.tolerance
    if not found:
        return "No path of a penalty was measured"
    lead = anchor_words(record)
    helping = {n: one for n, one in found.items() if one.word(tolerance) == "helps"}
    if not helping:
        if {one.word(tolerance) for one in found.values()} == {
            "no effect that matters"
        }:
            least = f"{format_number(100 * tolerance)}%"
            return f"{lead}, no penalty changes the loss by as much as {least}"
        return f"{lead}, no penalty is shown to lower the loss"
    names = sorted(helping, key=lambda name: helping[name].against_off.estimate)
    where = _loss_words(helping[names[0]].against_off)
    if len(names) > 1:
        return f"{lead}, {listed(names)} lower the loss ({names[0]}: {where})"
    others = ", no other is shown to" if len(found) > 1 else ""
    return f"{lead}, {names[0]} lowers the loss: {where}{others}"


def front_heading(
    fronts: Mapping[str, Sequence[tuple[float, float]]], tolerance: float
) -> str:
    """Return from how many leaves on the loss is within ``tolerance`` of the lowest.

    And what half as many cost. ``fronts`` are leaves and inner loss of each engine, by
    ascending leaves and falling loss.

    >>> front_heading({"xgboost": [(0, 3.0), (40, 1.1), (100, 1.0), (300, 1.0)]}, 0.01)
    'Within 1% of its lowest loss: XGBoost from 100 leaves on; half as many cost +10%'
    """
    found: list[str] = []
    costs: list[str] = []
    for engine, front in fronts.items():
        lowest = front[-1][1]
        leaves = next(n for n, loss in front if loss <= lowest * (1 + tolerance))
        unit = "" if found else " leaves on"
        found.append(f"{LABELS[engine]} from {count(leaves)}{unit}")
        half = [loss for n, loss in front if n <= leaves / 2]
        if half and leaves >= _MIN_HALVED and lowest > 0:
            costs.append(format_change(half[-1] / lowest - 1))
    share = format_change(tolerance).removeprefix("+")
    start = f"Within {share} of its lowest loss: {', '.join(found)}"
    if len(costs) < len(found):
        return start
    return f"{start}; half as many cost {listed(list(dict.fromkeys(costs)))}"


def engines_heading(record: RunRecord, by_pair: Pairs) -> str:
    """Return which engine is better, by the interval of their own difference."""
    names = list(record.engines)
    if len(names) < 2:
        return f"{LABELS[names[0]]} tuned, default and without penalties"
    lead = lead_engine(record).name
    parts = []
    for other in names:
        if other != lead:
            found = by_pair[f"{other} best", f"{lead} best"]
            clause = found.clause(LABELS[other], LABELS[lead])
            parts.append(f"{clause}: {found.estimate} loss ({found.ends})")
    how = "only rounds tuned"
    if record.searched:
        how = "both tuned" if len(names) == 2 else "all tuned"
    return f"{capitalize('; '.join(parts))}, {how}"


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
    rows = counted_rows(record.card, record.study)
    outer = len(record.outer_weights)
    folds = f"{outer} outer folds" if outer > 1 else "one outer split"
    return f"{rows}, {record.card['features']:,} features, {folds}"


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
    """Return what the later half of the searches did to the outer loss, if shown.

    If it is shown of one engine, the intervals of the others are stated as well.
    """
    shown, open_ = [], []
    for engine in record.engines.values():
        half = len(engine.tuned[None].trials) // 2
        before = [point for point in engine.overtuning if point.trial < half]
        if not before:
            continue
        later, label = before[-1].later, LABELS[engine.name]
        word = later.word(record.tolerance)
        change, *ends = map(format_change, (later.estimate, later.low, later.high))
        interval = f"95% CI {' to '.join(ends)}" if later.exists else "no interval"
        if word == "same":
            limit = format_change(record.tolerance).removeprefix("+")
            shown.append(f"changed {label}'s outer loss by less than {limit}")
        elif word in ("better", "worse"):
            shown.append(f"changed {label}'s outer loss by {change} ({interval})")
        elif word == "as good":
            open_.append(f"did not raise that of {label} ({interval})")
        else:
            open_.append(f"have no settled effect on that of {label} ({interval})")
    if not shown:
        return "What the search promised"
    return f"The later half of the trials {'; '.join([*shown, *open_])}"


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
