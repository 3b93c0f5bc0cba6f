"""Paths: losses and sizes along a grid of one penalty, everything else fixed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from boostreg.effects.effects import PathRow
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.errors import PenaltyError
from boostreg.penalty import Penalty, Units
from boostreg.penalty.space import Range, least_of
from boostreg.penalty.value import FALLING, PENALTY_FACTS, WHOLE
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.trial import Setting, common_rounds, cut_fold

__all__ = [
    "PathPoint",
    "equal_rounds",
    "failed_points",
    "own_default",
    "path_grid",
    "path_points",
    "path_rows",
]


@dataclass(frozen=True, slots=True)
class PathPoint:
    """One value of one penalty of one engine, everything else at ``anchor``.

    ``penalties`` is one for all outer folds, or one per outer fold, in their order:
    around tuned values, each outer fold has those that its own inner folds chose.
    """

    engine: str
    name: str
    anchor: str
    point: int
    penalties: tuple[Penalty, ...]

    @property
    def penalty(self) -> Penalty:
        """That of the first outer fold, or of all."""
        return self.penalties[0]

    @property
    def value(self) -> float:
        """The value of the varied penalty."""
        return float(getattr(self.penalty, self.name))

    def setting(self, outer: int | None) -> Setting:
        """Return what to measure in one outer fold."""
        shared = len(self.penalties) == 1
        penalty = self.penalties[0 if shared else int(outer or 0)]
        return Setting(self.engine, outer, penalty)

    def settings(self, outer_folds: Iterable[int | None]) -> list[Setting]:
        """Return the settings to measure, one per outer fold."""
        return [self.setting(outer) for outer in outer_folds]


def path_grid(name: str, searched: Range, points: int) -> tuple[float, ...]:
    """Return at most ``points`` values of a penalty, by increasing strength.

    The first has no effect, or the smallest (``least_of``); the others are evenly
    spaced over the range, on its own scale.

    >>> path_grid("reg_alpha", Range(low=0.01, high=100.0, log=True, zero=0.1), 4)
    (0.0, 0.01, 1.0, 100.0)
    >>> path_grid("max_leaves", Range(low=2, high=32, log=True, whole=True), 5)
    (32.0, 16.0, 8.0, 4.0, 2.0)
    """
    weakest, falls = least_of(name, searched.high), name in FALLING
    inside = searched.low <= weakest <= searched.high
    space = np.geomspace if searched.log else np.linspace
    low, high = float(searched.low), float(searched.high)  # as int64 may overflow
    values = space(low, high, points if inside else points - 1)
    # Rounded, so that a grid point is 0.1 and not 0.09999999999999999.
    found = (float(f"{value:.12g}") for value in values)
    rounded = {float(round(v)) if searched.whole else v for v in found if v > 0}
    return (float(weakest), *sorted(rounded - {float(weakest)}, reverse=falls))


def path_points(
    engine: str,
    base: Penalty | Sequence[Penalty],
    grids: Mapping[str, Sequence[float]],
    anchor: str = "fixed",
) -> list[PathPoint]:
    """Return the points of the paths of one engine, in the order of ``grids``.

    ``base`` has all other penalties; it may be one per outer fold.
    """
    bases = (base,) if isinstance(base, Penalty) else tuple(base)
    made = []
    for name, grid in grids.items():
        for number, value in enumerate(grid):
            penalties = tuple(_at(one, name, value) for one in bases)
            made.append(PathPoint(engine, name, anchor, number, penalties))
    return made


def own_default(
    engine: str,
    name: str,
    anchor: str,
    bases: Sequence[Penalty],
    units: Sequence[Units],
) -> PathPoint | None:
    """Return the point at the library's own value of a penalty, None where it has none.

    ``units`` are of the training rows of each outer fold: the value is raw in the
    library and in the study's scale here. Its number is -1, for it is on no grid.
    """
    raw = ENGINE_FACTS[engine].defaults.get(name, PENALTY_FACTS[name].idle)
    if raw is None:
        return None
    given = _at(Penalty(), name, raw)
    by_fold = bases if len(bases) > 1 else [*bases] * len(units)
    try:
        penalties = tuple(
            _at(base, name, float(getattr(given.to_scale(base.scale, own), name)))
            for base, own in zip(by_fold, units, strict=True)
        )
    except PenaltyError:
        return None  # this scale has no unit here
    return PathPoint(engine, name, anchor, -1, penalties)


def _at(base: Penalty, name: str, value: float) -> Penalty:
    whole = name in WHOLE and value == round(value)
    changed: dict[str, Any] = {name: int(value) if whole else value}
    return replace(base, **changed)


def path_rows(
    points: Iterable[PathPoint],
    outer_folds: Sequence[int | None],
    measuring: Measuring,
) -> list[PathRow]:
    """Return the rows of paths, with two readings per point and fold.

    Points that failed on a fold are omitted. Early stopping compensates a penalty with
    more trees: the reading ``stopped`` includes this, the reading ``equal`` does not.
    ``measuring`` is finished and kept its results.
    """
    complete = [
        point
        for point in points
        if all(s in measuring.results for s in point.settings(outer_folds))
    ]
    rows: list[PathRow] = []
    for path in _by_path(complete):
        equal = equal_rounds(path, outer_folds, measuring)
        for reading, point in product(("stopped", "equal"), path):
            for setting in point.settings(outer_folds):
                best = measuring.trials[setting].n_rounds
                cut = best if reading == "stopped" else equal[setting.outer]
                rows += _rows(point, reading, setting, cut, measuring)
    return rows


def _by_path(points: Iterable[PathPoint]) -> list[list[PathPoint]]:
    paths: dict[tuple[str, str, str], list[PathPoint]] = {}
    for point in points:
        key = (point.engine, point.name, point.anchor)
        paths.setdefault(key, []).append(point)
    return list(paths.values())


def failed_points(
    points: Iterable[PathPoint], outer_folds: Sequence[int | None], measuring: Measuring
) -> Iterator[str]:
    """Yield a sentence per path that misses points because a fit failed."""
    for path in _by_path(points):
        first = path[0]
        reasons = {
            point.point: trial.reason
            for point in path
            for setting in point.settings(outer_folds)
            if (trial := measuring.trials[setting]).state == "failed"
        }
        if reasons:
            place, reason = min(reasons.items())
            whole = ", the first among them, so that it shows no effect" * (place == 0)
            yield (
                f"{len(reasons)} of {len(path)} values of {first.name} around the "
                f"{first.anchor} values failed with {first.engine}{whole}: {reason}"
            )


def equal_rounds(
    path: Sequence[PathPoint],
    outer_folds: Sequence[int | None],
    measuring: Measuring,
) -> dict[int | None, int]:
    """Return the rounds at which all points of a path are compared, by outer fold.

    They have the lowest mean loss at the first point, where the penalty has no effect;
    fewer if another point has fewer rounds on some fold.
    """
    found: dict[int | None, int] = {}
    for outer in outer_folds:
        settings = [setting for p in path for setting in p.settings([outer])]
        results = [measuring.results[setting] for setting in settings]
        ends = [
            common_rounds(folds)
            for folds in results
            if not all(result.exhausted for result in folds)
        ]
        found[outer] = min([measuring.trials[settings[0]].n_rounds, *ends])
    return found


def _rows(
    point: PathPoint, reading: str, setting: Setting, cut: int, measuring: Measuring
) -> Iterator[PathRow]:
    for inner, result in enumerate(measuring.results[setting]):
        fold = cut_fold(inner, result, cut)
        yield PathRow(
            engine=point.engine,
            penalty=point.name,
            anchor=point.anchor,
            reading=reading,
            point=point.point,
            value=point.value,
            outer_fold=int(setting.outer or 0),
            inner_fold=fold.inner,
            rounds=cut,
            loss=fold.valid_loss,
            train_loss=fold.train_loss,
            size=fold.size,
            seconds=fold.seconds,
        )
