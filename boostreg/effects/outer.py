"""What tuning one penalty gains, on rows not used for its choice.

In each outer fold, the inner folds choose the value of one penalty, everything else at
the anchor. The refit at that value is judged on the outer test rows, against the refit
without the penalty and against the one at the library's own value. The intervals of all
penalties and engines around one anchor hold together: sentences speak of all of them.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostreg.arrays import Array
from boostreg.changes import Judges, LossChange, simultaneous_changes
from boostreg.effects.effects import FACTORS, OuterPoint, paired_ratio
from boostreg.statistics import Interval

__all__ = [
    "EFFECT_WORDS",
    "EffectWord",
    "OuterPath",
    "TunedPenalty",
    "chosen_places",
    "effect_word",
    "tuned_penalties",
]

EffectWord = Literal[
    "helps", "harms", "no effect that matters", "does no harm", "not settled"
]

EFFECT_WORDS: Mapping[str, EffectWord] = {
    "better": "helps",
    "worse": "harms",
    "same": "no effect that matters",
    "as good": "does no harm",
    "not settled": "not settled",
}
"""What a penalty does, by the word of its change of loss against no penalty."""


def effect_word(change: LossChange, tolerance: float) -> EffectWord:
    """Return what a penalty does, read off the interval against no penalty.

    >>> effect_word(LossChange(-0.1, -0.2, -0.05, ""), 0.01)
    'helps'
    >>> effect_word(LossChange(-0.1, -0.2, 0.005, ""), 0.01)
    'does no harm'
    """
    return EFFECT_WORDS[change.word(tolerance)]


@dataclass(frozen=True, slots=True)
class OuterPath:
    """A path judged on the outer folds, its first point without the penalty.

    ``default`` is the point at the library's own value, which may be one of ``points``;
    None where the library has none.
    """

    engine: str
    penalty: str
    points: tuple[OuterPoint, ...]
    default: OuterPoint | None = None
    raw_default: float | None = None


@dataclass(frozen=True, slots=True)
class TunedPenalty:
    """The value that the inner folds choose, judged on the outer test rows.

    Attributes
    ----------
    engine : str or None
        None for all engines together: the mean of their losses.
    penalty, anchor : str
    off : float
        The value without the penalty, or its weakest.
    default : float or None
        The library's own value, raw, if it is another one than ``off``.
    values : tuple of float
        The values chosen, by outer fold; empty for all engines together.
    against_off, against_default : LossChange
        The latter is None without a default. Neither has an interval if the limit on
        rounds cut the curves of the reference.
    factors : mapping
        Ratios of sizes to those without the penalty; empty for all engines together.
    trees : tuple of float
        Geometric means of trees, without the penalty and at the values chosen.
    cut : float
        Share of outer folds in which a value with a lower inner loss was not a
        candidate because the limit on rounds cut its curves.
    """

    engine: str | None
    penalty: str
    anchor: str
    off: float
    default: float | None
    values: tuple[float, ...]
    against_off: LossChange
    against_default: LossChange | None
    factors: Mapping[str, Interval]
    trees: tuple[float, float]
    cut: float

    def word(self, tolerance: float) -> EffectWord:
        """Return what tuning the penalty does against no penalty."""
        return effect_word(self.against_off, tolerance)


def chosen_places(points: Sequence[OuterPoint]) -> tuple[int, ...]:
    """Return the point with the lowest inner loss of each outer fold.

    Ties go to the weaker value; points that the limit on rounds cut are no candidates.
    """
    places = []
    for fold in range(len(points[0].inner)):
        whole = [k for k, one in enumerate(points) if not one.cut[fold]] or [0]
        places.append(min(whole, key=lambda k: (points[k].inner[fold], k)))
    return tuple(places)


_CUT = "no interval: rounds.max ended the curves {} while their loss still fell"


@dataclass(frozen=True, slots=True)
class _Question:
    """A comparison: two row losses by outer fold, or why there is none."""

    chosen: list[Array]
    reference: list[Array]
    unrated: str = ""


def tuned_penalties(
    paths: Sequence[OuterPath], anchor: str, judges: Judges
) -> list[TunedPenalty]:
    """Return what each penalty does with each engine, and with all engines together.

    ``paths`` are all of one anchor; with more than one engine, those of a penalty are
    followed by one for the engines together.
    """
    questions = _all_questions(paths)
    rated = {key: one for key, one in questions.items() if not one.unrated}
    pairs = [(one.chosen, one.reference) for one in rated.values()]
    found = dict(zip(rated, simultaneous_changes(pairs, judges), strict=True))
    nan = math.nan
    changes = {
        key: found.get(key, LossChange(nan, nan, nan, one.unrated))
        for key, one in questions.items()
    }
    made = [
        _of_engine(
            path,
            anchor,
            judges,
            changes[path.engine, path.penalty, "off"],
            changes.get((path.engine, path.penalty, "default")),
        )
        for path in paths
    ]
    starts = {path.penalty: path.points[0].value for path in reversed(paths)}
    made += [
        TunedPenalty(
            engine=None,
            penalty=penalty,
            anchor=anchor,
            off=starts[penalty],
            default=None,
            values=(),
            against_off=change,
            against_default=changes.get((None, penalty, "default")),
            factors={},
            trees=(nan, nan),
            cut=0.0,
        )
        for (engine, penalty, reference), change in changes.items()
        if engine is None and reference == "off"
    ]
    return made


_Key = tuple[str | None, str, str]
"""Engine (None: all together), penalty, and what it is compared with."""


def _all_questions(paths: Sequence[OuterPath]) -> dict[_Key, _Question]:
    """Return what is compared, by engine and for all engines together."""
    questions: dict[_Key, _Question] = {}
    for path in paths:
        for name, one in _questions(path):
            questions[path.engine, path.penalty, name] = one
    engines: dict[str, list[str]] = {}
    for path in paths:
        engines.setdefault(path.penalty, []).append(path.engine)
    for penalty, names in engines.items():
        for name in ("off", "default"):
            found = [questions.get((engine, penalty, name)) for engine in names]
            known = [one for one in found if one is not None]
            if len(known) == len(names) > 1:
                questions[None, penalty, name] = _together(known)
    return questions


def _questions(path: OuterPath) -> Iterator[tuple[str, _Question]]:
    places, off = chosen_places(path.points), path.points[0]
    chosen = _rows_at(path.points, places)
    why = _CUT.format("without the penalty") if any(off.cut) else ""
    yield "off", _Question(chosen, off.losses, why)
    if (default := path.default) is not None:
        why = _CUT.format("at the library's own value") if any(default.cut) else ""
        yield "default", _Question(chosen, default.losses, why)


def _rows_at(points: Sequence[OuterPoint], places: Sequence[int]) -> list[Array]:
    return [points[k].losses[fold] for fold, k in enumerate(places)]


def _together(questions: Sequence[_Question]) -> _Question:
    """Return the comparison of mean losses over engines, unrated if one of them is."""
    unrated = next((one.unrated for one in questions if one.unrated), "")

    def mean(losses: Callable[[_Question], list[Array]]) -> list[Array]:
        by_fold = zip(*map(losses, questions), strict=True)
        return [np.mean(np.stack(same), axis=0) for same in by_fold]

    chosen, reference = mean(lambda q: q.chosen), mean(lambda q: q.reference)
    return _Question(chosen, reference, unrated)


def _of_engine(
    path: OuterPath,
    anchor: str,
    judges: Judges,
    against_off: LossChange,
    against_default: LossChange | None,
) -> TunedPenalty:
    points, off = path.points, path.points[0]
    places = chosen_places(points)
    sizes = {
        name: (
            [points[k].size(name)[fold] for fold, k in enumerate(places)],
            off.size(name),
        )
        for name in FACTORS
    }
    passed = sum(
        any(one.cut[fold] and one.inner[fold] < points[k].inner[fold] for one in points)
        for fold, k in enumerate(places)
    )
    chosen, zero = (_geometric(values) for values in sizes["trees"])
    is_off = path.default is off
    return TunedPenalty(
        engine=path.engine,
        penalty=path.penalty,
        anchor=anchor,
        off=off.value,
        default=None if is_off else path.raw_default,
        values=tuple(points[k].value for k in places),
        against_off=against_off,
        against_default=against_default,
        factors={
            name: paired_ratio(*both, judges.ratio) for name, both in sizes.items()
        },
        trees=(zero, chosen),
        cut=passed / len(places),
    )


def _geometric(values: Sequence[float]) -> float:
    if min(values) <= 0:
        return float(np.mean(values))
    return float(np.exp(np.mean(np.log(values))))
