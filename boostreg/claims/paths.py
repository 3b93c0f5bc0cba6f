"""Claims on the paths of a study: one measure, read at two places of each fold.

Without a second path the quantity is the *change*: the measure at a value of the
penalty minus that at the path's first value, on the same fold. ``against`` another path
it is the *difference*: the measure on the one path minus that on the other. If the
minimum effect is a share, both are over the second value of the same fold.

A path is read at ``end``, its strongest value; at ``lowest``, the value (other than the
first) with the lowest mean loss over the *other* inner folds of the same outer fold, so
that no fold is used for both selection and evaluation; or at the grid value nearest to
a given one, by ratio.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from boostreg.claims.verdict import Expectation, Finding, Margin, judge, resampled_t
from boostreg.effects.effects import PathRow
from boostreg.statistics import Interval
from boostreg.trees import SIZES

__all__ = ["PATH_MEASURES", "PathQuestion", "answer_path"]

_SIZES = {name.removeprefix("n_"): name for name in SIZES}

_DERIVED = {
    "gap": lambda row: row.loss - row.train_loss,
    "both_losses": lambda row: row.loss + row.train_loss,
    "leaves_per_tree": lambda row: row.size.n_leaves / max(row.size.n_trees, 1),
}

PATH_MEASURES = (
    "loss", "train_loss", "gap", "both_losses", "rounds", "leaves_per_tree", *_SIZES
)  # fmt: skip
"""Columns of ``paths.csv`` that a claim may measure, and derived ones.

``both_losses`` is the sum of loss and training loss: it falls if the one falls by more
than the other rises.
"""

Fold = tuple[int, int]
Place = Literal["end", "lowest"] | float


@dataclass(frozen=True, slots=True)
class PathQuestion:
    """A claim about the paths of one engine.

    ``cut_from`` is the number of rounds from which on ``rounds.max`` may have stopped a
    fit before its patience ended; None for no such limit.
    """

    engine: str
    measure: str
    along: str
    against: str | None
    at: Place
    anchor: str
    reading: str
    expect: Expectation
    margin: Margin
    cut_from: int | None = None


def answer_path(
    question: PathQuestion, rows: Sequence[PathRow], test_train_ratio: float
) -> Finding:
    """Return the finding for one engine, from all paths of the study.

    ``test_train_ratio`` is validation rows over training rows of an inner fold.
    """
    paths: dict[str, _Path] = {}
    for name in (question.along, question.against or question.along):
        path = _Path.of(question, name, rows)
        if path is None:
            nan = math.nan
            method = "no interval: the path was not measured on every fold"
            interval = Interval(nan, nan, nan, nan, 0, method)
            return Finding(question.engine, interval, "not settled", ())
        paths[name] = path
    along, second = paths[question.along], paths[question.against or question.along]
    places = {name: path.places(question.at) for name, path in paths.items()}
    there = dict.fromkeys(along.folds, 0)
    if question.against is not None:
        there = places[question.against]
    here, other, n_cut = [], [], 0
    for fold in along.folds:
        first, last = (
            second.at[fold, there[fold]],
            along.at[fold, places[along.name][fold]],
        )
        other.append(_read(first, question.measure))
        here.append(_read(last, question.measure))
        n_cut += _is_cut(question, first) or _is_cut(question, last)
    share = question.margin.share
    values = np.array(here) - np.array(other)
    if share:
        below = np.array(other)
        nothing = np.full(len(below), math.nan)
        values = np.divide(values, below, out=nothing, where=below > 0)
    interval = resampled_t(values, test_train_ratio, change=share)
    if n_cut:
        why = f"no interval: rounds.max stopped {n_cut} of {len(values)} folds"
        nan = math.nan
        interval = replace(interval, low=nan, high=nan, p_value=nan, method=why)
    return Finding(
        question.engine,
        interval,
        judge(interval, question.expect, question.margin.value),
        tuple(values.tolist()),
        series={k: v for path in paths.values() for k, v in path.series(question)},
        place={
            name: tuple(path.values[places[name][fold]] for fold in path.folds)
            for name, path in paths.items()
        },
    )


def _read(row: PathRow, measure: str) -> float:
    if measure in _DERIVED:
        return float(_DERIVED[measure](row))
    source: Any = row.size if measure in _SIZES else row
    return float(getattr(source, _SIZES.get(measure, measure)))


def _is_cut(question: PathQuestion, row: PathRow) -> bool:
    limit = question.cut_from
    return question.reading == "stopped" and limit is not None and row.rounds >= limit


@dataclass(frozen=True, slots=True)
class _Path:
    """One path by fold and point, by increasing strength of the penalty."""

    name: str
    at: Mapping[tuple[Fold, int], PathRow]
    folds: tuple[Fold, ...]
    values: tuple[float, ...]

    @classmethod
    def of(
        cls, question: PathQuestion, name: str, rows: Sequence[PathRow]
    ) -> "_Path | None":
        """Return the path, or None if its first point or any fold is missing."""
        wanted = (question.engine, name, question.anchor, question.reading)
        mine = [r for r in rows if (r.engine, r.penalty, r.anchor, r.reading) == wanted]
        values = {row.point: row.value for row in mine}
        folds = tuple(sorted({(row.outer_fold, row.inner_fold) for row in mine}))
        place = {point: number for number, point in enumerate(sorted(values))}
        at = {((r.outer_fold, r.inner_fold), place[r.point]): r for r in mine}
        whole = len(at) == len(folds) * len(values)
        if len(values) < 2 or 0 not in values or not whole:
            return None
        return cls(name, at, folds, tuple(values[point] for point in place))

    def places(self, at: Place) -> dict[Fold, int]:
        """Return the point at which each fold is read."""
        if at == "lowest":
            return {fold: self._lowest_without(fold) for fold in self.folds}
        if at == "end":
            return dict.fromkeys(self.folds, len(self.values) - 1)
        wanted = math.log(float(at))
        distance = [abs(math.log(value) - wanted) for value in self.values[1:]]
        return dict.fromkeys(self.folds, 1 + int(np.argmin(distance)))

    def _lowest_without(self, fold: Fold) -> int:
        others = [f for f in self.folds if f[0] == fold[0] and f != fold]
        means = [
            math.fsum(self.at[other, point].loss for other in others)
            for point in range(1, len(self.values))
        ]
        return 1 + int(np.argmin(means))

    def series(self, question: PathQuestion) -> Sequence[tuple[str, tuple[float, ...]]]:
        """Return the grid, and the mean of the measure at each of its values."""
        means = tuple(
            math.fsum(_read(self.at[f, point], question.measure) for f in self.folds)
            / len(self.folds)
            for point in range(len(self.values))
        )
        return [(self.name, self.values), (f"{question.measure}/{self.name}", means)]
