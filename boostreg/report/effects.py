"""What the penalties do, as plain data."""

from collections.abc import Mapping
from typing import Any

from boostreg.insight.effects import Effect
from boostreg.insight.mechanism import Mechanism
from boostreg.insight.outer import OuterEffect
from boostreg.report.effect_words import alone_sentence, effect_sentence
from boostreg.report.records import RunRecord
from boostreg.statistics import Interval

__all__ = ["effects_data", "interval_data"]


def interval_data(interval: Interval) -> dict[str, Any]:
    """Return an interval as a page and ``results.json`` give it."""
    return {
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "p": interval.p_value,
        "n": interval.n,
        "method": interval.method,
    }


def effects_data(record: RunRecord) -> dict[str, Any]:
    """Return every effect by engine and penalty, the main one on top."""
    content: dict[str, Any] = {}
    for effect in record.main_effects:
        others = [
            other
            for other in record.effects
            if (other.engine, other.penalty) == (effect.engine, effect.penalty)
            and other is not effect
        ]
        works = [
            one
            for one in record.mechanisms
            if (one.engine, one.penalty) == (effect.engine, effect.penalty)
        ]
        alone = [
            one
            for one in record.outer_effects
            if (one.engine, one.penalty) == (effect.engine, effect.penalty)
        ]
        content.setdefault(effect.engine, {})[effect.penalty] = _effect(effect) | {
            "sentence": effect_sentence(effect),
            "lowest": _lowest(effect),
            "outer": _outer_effect(alone[0]) if alone else None,
            "others": [_effect(other) for other in others],
            "mechanism": _mechanism(works[0]) if works else None,
            "trees": [
                {"value": value, "leaves": one.n_leaves, "tree": one.written}
                for (engine, name, value), one in record.sketches.items()
                if (engine, name) == (effect.engine, effect.penalty)
            ],
        }
    return content


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "anchor": effect.anchor,
        "reading": effect.reading,
        "points": [
            {
                "value": point.value,
                "loss": point.loss,
                "train_loss": point.train_loss,
                "gap": point.gap,
                "rounds": point.rounds,
                "adjusted": point.p_value,
            }
            | interval_data(point.difference)
            | point.size
            | {
                "differences": _ends(point.differences),
                "leaves_change": _change(point.leaves_ratio),
            }
            for point in effect.points
        ],
        "safe": effect.safe,
        "flat": list(effect.flat),
        "verdict": effect.verdict,
    }


def _lowest(effect: Effect) -> dict[str, Any]:
    """Return the changes at the least loss, as shares of the first point's values."""
    zero, low = effect.points[0], effect.lowest
    return {
        "value": low.value,
        "loss": _shares(low.difference, zero.loss),
        "leaves": _change(low.leaves_ratio),
    }


def _shares(interval: Interval, base: float) -> list[float]:
    ends = (interval.estimate, interval.low, interval.high)
    return [end / base if base else float("nan") for end in ends]


def _change(ratio: Interval) -> list[float]:
    """Return a ratio and its ends as changes: 0.9 is -10 %."""
    return [end - 1 for end in (ratio.estimate, ratio.low, ratio.high)]


def _ends(intervals: Mapping[str, Interval]) -> dict[str, list[float]]:
    """Return estimate, low and high end of each measure's difference to zero."""
    return {name: [i.estimate, i.low, i.high] for name, i in intervals.items()}


def _outer_effect(one: OuterEffect) -> dict[str, Any]:
    return {
        "sentence": alone_sentence(one),
        "values": list(one.values),
        "loss": interval_data(one.loss) | {"zero": one.zero_loss},
        "leaves": {"change": _change(one.leaves), "method": one.leaves.method},
    }


def _mechanism(found: Mechanism) -> list[dict[str, Any]]:
    return [
        {"value": point.value}
        | {
            part: {
                measure: interval_data(interval)
                for measure, interval in getattr(point, part).items()
            }
            for part in ("shrinkage", "structure", "total")
        }
        for point in found.points
    ]
