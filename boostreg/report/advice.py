"""What to use, in a sentence, and the headings that say it again with numbers."""

from collections.abc import Mapping

from boostreg.insight.effects import Effect
from boostreg.report.comparisons import Comparison
from boostreg.report.effect_words import listed
from boostreg.report.labels import LABELS
from boostreg.report.numbers import count, number, percent
from boostreg.report.records import EngineRecord, RunRecord

__all__ = [
    "advice",
    "effects_heading",
    "ends_of",
    "lead_engine",
    "loses_words",
    "setup_heading",
    "use_heading",
]

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
    size = f"{number(100 * abs(change), 2)}% {'fewer' if change < 0 else 'more'} leaves"
    if found.word == "better":
        return (
            f"Use {settings}: {_share(found)} less loss than {label}'s defaults "
            f"({ends_of(found)}), with {size}."
        )
    if found.word == "worse":
        return (
            f"Keep {label}'s defaults: tuned for few leaves its loss is "
            f"{_share(found)} higher ({ends_of(found)}), with {size}."
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
    where = f"{percent(_gain(most))} at {number(most.lowest.value, 3)} in "
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
    return "none" if value is None else number(value, 3)


def _outer_leaves(engine: EngineRecord, model: str) -> float:
    folds = engine.outer[model]
    return sum(fold.size.n_leaves for fold in folds) / len(folds)


def _gain(effect: Effect) -> float:
    zero, low = effect.points[0], effect.lowest
    return low.difference.estimate / zero.loss if zero.loss else 0.0


def _share(found: Comparison) -> str:
    share = abs(found.relative(found.interval.estimate))
    return f"{number(100 * share, 2)}%"


def _signed(found: Comparison) -> str:
    return percent(found.relative(found.interval.estimate))


def loses_words(found: Comparison) -> str:
    """Return what the smaller of two picks loses, as far as the data tell."""
    interval = found.interval
    if not interval.exists:
        return "what it loses has no interval"
    if interval.low > 0:
        return f"it loses {_share(found)} ({ends_of(found)})"
    if interval.high <= 0:
        return f"it loses nothing ({ends_of(found)})"
    if found.relative(interval.high) < _NOTABLE:
        return f"it is not shown to lose anything ({ends_of(found)})"
    return f"whether it loses, these data cannot tell ({ends_of(found)})"


def ends_of(found: Comparison) -> str:
    """Return the interval of a difference, as shares of the second's loss."""
    if not found.interval.exists:
        return "no interval"
    low, high = (percent(found.relative(v)) for v in _span(found))
    return f"95% CI {low} to {high}"


def _span(found: Comparison) -> tuple[float, float]:
    return found.interval.low, found.interval.high
