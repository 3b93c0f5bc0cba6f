"""Losses and sizes along a grid of one penalty, all else fixed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boostreg.insight.effects import PathRow
from boostreg.penalty import Penalty
from boostreg.penalty.ranges import Range
from boostreg.tuning.measuring import Setting
from boostreg.tuning.trial import Trial

__all__ = ["PathPoint", "path_grid", "path_points", "path_rows"]


@dataclass(frozen=True, slots=True)
class PathPoint:
    """One value of one penalty of one engine, all else at ``anchor``'s values."""

    engine: str
    name: str
    anchor: str
    point: int
    penalty: Penalty

    @property
    def value(self) -> float:
        """The value of the penalty that is varied."""
        return float(getattr(self.penalty, self.name))

    def settings(self, outer_folds: Iterable[int | None]) -> list[Setting]:
        """Return what has to be measured, one setting an outer fold."""
        return [Setting(self.engine, outer, self.penalty) for outer in outer_folds]


def path_grid(searched: Range, points: int) -> tuple[float, ...]:
    """Return 0 and ``points - 1`` values over a range, even on its own scale.

    >>> path_grid(Range(low=0.01, high=100.0, log=True, zero=0.1), 4)
    (0.0, 0.01, 1.0, 100.0)
    """
    space = np.geomspace if searched.log else np.linspace
    values = space(searched.low, searched.high, points - 1)
    # Rounded, so that a grid point reads 0.1 and not 0.09999999999999999.
    return (0.0, *(float(f"{value:.12g}") for value in values if value > 0))


def path_points(
    engine: str,
    base: Penalty,
    grids: Mapping[str, Sequence[float]],
    anchor: str = "fixed",
) -> list[PathPoint]:
    """Return the points of the paths of one engine, in the order of ``grids``."""
    return [
        PathPoint(engine, name, anchor, number, _with(base, name, value))
        for name, grid in grids.items()
        for number, value in enumerate(grid)
    ]


def _with(base: Penalty, name: str, value: float) -> Penalty:
    changed: dict[str, Any] = {name: value}
    return replace(base, **changed)


def path_rows(
    points: Iterable[PathPoint],
    outer_folds: Sequence[int | None],
    trials: Mapping[Setting, Trial],
) -> list[PathRow]:
    """Return one row a point and fold; points that failed on a fold are left out."""
    rows: list[PathRow] = []
    for point in points:
        measured = [(s, trials[s]) for s in point.settings(outer_folds)]
        if any(trial.state != "complete" for _, trial in measured):
            continue
        for setting, trial in measured:
            rows.extend(_rows(point, int(setting.outer or 0), trial))
    return rows


def _rows(point: PathPoint, outer: int, trial: Trial) -> list[PathRow]:
    return [
        PathRow(
            engine=point.engine,
            penalty=point.name,
            anchor=point.anchor,
            point=point.point,
            value=point.value,
            outer_fold=outer,
            inner_fold=fold.inner,
            rounds=trial.n_rounds,
            loss=fold.valid_loss,
            train_loss=fold.train_loss,
            size=fold.size,
            seconds=fold.seconds,
        )
        for fold in trial.folds
    ]
