r"""Effects of penalties, read from paths: losses as differences, sizes as ratios.

Sizes differ by factors and cannot be negative, so their ratios are averaged. With
:math:`r_k = a_k / b_k` of pair k, the estimate is the geometric mean
:math:`\exp(\tfrac{1}{K} \sum_k \log r_k)`, and the interval is the corrected resampled
t interval of the mean of :math:`\log r_k` (``boostreg.statistics``), transformed back.
It never extends below 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array
from boostreg.changes import TOLERANCE, Judges, LossChange, simultaneous_changes
from boostreg.figures.figure import notebook_table
from boostreg.fits.fit import FitResult
from boostreg.statistics import Interval, corrected_t, within_one_se
from boostreg.trees import SIZES, TreeSize

__all__ = [
    "FACTORS",
    "MEASURES",
    "NO_CHANGE",
    "Effect",
    "EffectPoint",
    "OuterPoint",
    "PathRow",
    "paired_ratio",
    "penalty_effect",
    "plain_size",
]


def paired_ratio(
    first: ArrayLike, second: ArrayLike, test_train_ratio: float
) -> Interval:
    """Return the ratio of paired sizes with a confidence interval.

    Parameters
    ----------
    first, second : array-like of shape (n_pairs,)
        Sizes at least 0, such as leaves, on the same splits.
    test_train_ratio : float
        As in ``corrected_t``.

    Returns
    -------
    Interval
        The p-value is for a ratio of 1. A model of only the intercept has size 0, so
        its logarithm does not exist: then there is no interval, and the estimate is the
        ratio of the means, NaN if the second mean is 0.

    Examples
    --------
    >>> round(paired_ratio([10, 20, 40], [20, 40, 80], 0.5).estimate, 3)
    0.5
    >>> paired_ratio([0, 20], [20, 20], 1.0).method
    'no interval: a model has no leaf'
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if not (np.all(a > 0) and np.all(b > 0)):
        estimate = float(a.sum() / b.sum()) if b.sum() > 0 else math.nan
        why, nan = "no interval: a model has no leaf", math.nan
        return Interval(estimate, nan, nan, nan, len(a), why)
    logs = corrected_t(np.log(a) - np.log(b), test_train_ratio)
    low, high = (
        math.inf if end > 700 else math.exp(end) for end in (logs.low, logs.high)
    )
    return replace(logs, estimate=math.exp(logs.estimate), low=low, high=high)


_UNCOMPARED = ("n_splits", "n_thresholds", "n_bytes")

MEASURES = (
    "loss",
    "train_loss",
    "gap",
    *(name.removeprefix("n_") for name in SIZES if name not in _UNCOMPARED),
)
"""Measures that are compared with the first point: losses and sizes."""


@dataclass(frozen=True, slots=True)
class PathRow:
    """One fold at one point of a path: a row of ``paths.csv``.

    ``anchor`` is the setting of everything else. For ``fixed``, it is ``search.fixed``;
    what that does not state is off if it is in ``UNPENALISED``, otherwise at our
    default. (``penalty_path`` holds its argument ``fixed`` and our defaults.) For
    ``tuned``, it is the best candidate of the outer fold's own search.
    ``reading`` is where the curve is read: ``stopped``, at the rounds with the lowest
    mean loss, or ``equal``, at the same rounds for all points of an outer fold.
    """

    engine: str
    penalty: str
    anchor: str
    reading: str
    point: int
    value: float
    outer_fold: int
    inner_fold: int
    rounds: int
    loss: float
    train_loss: float
    size: TreeSize
    seconds: float

    def measure(self, name: str) -> float:
        """Return a loss, the ``gap`` between both losses, or a size, by column name."""
        if name == "gap":
            return self.loss - self.train_loss
        if name in ("loss", "train_loss"):
            return float(getattr(self, name))
        return float(getattr(self.size, name if name in SIZES else f"n_{name}"))

    def as_dict(self) -> dict[str, object]:
        """Return the row as a flat mapping, in the column order of the file."""
        flat = {f.name: getattr(self, f.name) for f in fields(self)}
        size = flat.pop("size")
        seconds = flat.pop("seconds")
        return flat | plain_size(size) | {"seconds": seconds}


def plain_size(size: TreeSize) -> dict[str, float]:
    """Return a size by the names used in tables and reports, without ``n_``."""
    return {name.removeprefix("n_"): getattr(size, name) for name in SIZES}


@dataclass(frozen=True, slots=True)
class OuterPoint:
    """One value of a penalty, refitted and judged on every outer fold.

    Attributes
    ----------
    value : float
        Of the penalty.
    inner : tuple of float
        Mean inner loss of each outer fold, at the rounds of the refit.
    cut : tuple of bool
        Whether the limit on rounds ended the inner curves while the loss still fell.
    results : tuple of FitResult
        The refits, with their losses on the test rows.
    """

    value: float
    inner: tuple[float, ...]
    cut: tuple[bool, ...]
    results: tuple[FitResult, ...]

    @property
    def losses(self) -> list[Array]:
        """Losses of the test rows, by outer fold."""
        return [result.row_losses for result in self.results]

    def size(self, measure: str) -> list[float]:
        """Return ``trees``, ``leaves`` or ``leaves_per_tree``, by outer fold."""
        return [_counted(one.sizes.at(one.n_rounds), measure) for one in self.results]


FACTORS = ("trees", "leaves_per_tree", "leaves")
"""Sizes that are reported as factors; the third is the product of the others."""


def _counted(size: TreeSize, measure: str) -> float:
    if measure == "leaves_per_tree":
        return size.n_leaves / max(size.n_trees, 1)
    return float(getattr(size, f"n_{measure}"))


@dataclass(frozen=True, slots=True)
class EffectPoint:
    """One value of the penalty: means over inner folds, and the change against off.

    Attributes
    ----------
    value, loss, train_loss, rounds, size
        The penalty and means over all inner folds.
    differences : mapping
        Fold-paired differences to the first point on the inner folds, by measure.
    change : LossChange
        Change of loss against the first point. The intervals of a path hold together.
        On the test rows of the outer folds where points were refitted, otherwise by
        inner folds.
    factors : mapping
        Ratios of ``FACTORS`` to the first point, on the same folds as ``change``.
    judged_loss : float
        Mean loss on the outer folds; NaN where points were not refitted.
    cut : float
        Share of outer folds in which the limit on rounds ended the curves.
    """

    value: float
    loss: float
    train_loss: float
    rounds: float
    size: dict[str, float]
    differences: Mapping[str, Interval]
    change: LossChange
    factors: Mapping[str, Interval]
    judged_loss: float
    cut: float

    @property
    def gap(self) -> float:
        """Validation minus training loss."""
        return self.loss - self.train_loss


@dataclass(frozen=True, slots=True, repr=False)
class Effect:
    """The effect of one penalty of one engine, everything else at the anchor."""

    engine: str
    penalty: str
    anchor: str
    reading: str
    points: tuple[EffectPoint, ...]
    flat: tuple[float, float]
    """Ends of the contiguous range around the lowest point whose paired inner
    differences to it are within one standard error; the weaker end first."""

    @property
    def lowest(self) -> EffectPoint:
        """The point with the lowest mean inner loss, the first one if tied."""
        return min(self.points, key=lambda point: point.loss)

    def rated(self, point: EffectPoint) -> bool:
        """Whether a point's change may be rated: no limit on rounds cut the curves."""
        return point.change.exists and self.points[0].cut == point.cut == 0

    def safe(self, tolerance: float = TOLERANCE) -> tuple[float, float] | None:
        """Return the values from the first on that are shown to lose at most so much.

        The interval of each ends below ``tolerance``; the band stops before the first
        value whose interval does not, or that is not rated. None if that is the second.
        """
        start, *others = self.points
        kept = start
        for point in others:
            if not (self.rated(point) and point.change.high < tolerance):
                break
            kept = point
        return None if kept is start else (start.value, kept.value)

    @property
    def inside(self) -> int:
        """Number of points in the range ``flat``."""
        values = [point.value for point in self.points]
        start, end = (values.index(value) for value in self.flat)
        return end - start + 1

    def __repr__(self) -> str:
        rows = self._rows()
        return "\n".join([self._caption, *map("  ".join, rows)])

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        named = {row[0].strip(): row[1:] for row in rows}
        return notebook_table(self._caption, head[1:], named)

    @property
    def _caption(self) -> str:
        return (
            f"Effect of {self.penalty} in {self.engine}, all else {self.anchor}, read "
            f"{self.reading}; changes against the first value, with 95% intervals"
        )

    def _rows(self) -> list[list[str]]:
        """Return a head and one row per value, all cells of a column equally wide."""
        table = [[self.penalty, "loss", "change of loss", "leaves", "rounds"]]
        for point in self.points:
            change = "no interval"
            if point.change.exists:
                found = point.change
                ends = f"{found.low:+.1%} to {found.high:+.1%}"
                change = f"{found.estimate:+.1%} ({ends})"
            leaves = f"{point.size['leaves']:,.0f}"
            table.append(
                [f"{point.value:g}", f"{point.loss:.6g}", change, leaves,
                 f"{point.rounds:.0f}"]
            )  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return [
            [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
            for row in table
        ]


def penalty_effect(
    rows: Sequence[PathRow],
    test_train_ratio: float,
    outer: Mapping[int, OuterPoint] | None = None,
    judges: Judges | None = None,
) -> Effect:
    """Return the effect measured by the rows of one path.

    Parameters
    ----------
    rows : sequence of PathRow
        Rows of one engine, penalty, anchor and reading, every fold at every point; at
        point 0 the penalty has no effect, or its smallest.
    test_train_ratio : float
        Validation rows over training rows of an inner fold.
    outer, judges : optional
        The same points on the outer folds, by number, and the rows that judge them.
    """
    ordered = sorted(rows, key=lambda row: (row.point, row.outer_fold, row.inner_fold))
    by_point = [[*one] for _, one in groupby(ordered, key=lambda row: row.point)]
    zero = by_point[0]
    judged = [(outer or {}).get(one[0].point) for one in by_point]
    if judges is not None and judged[0] is not None:
        changes = _judged_changes(judged, judges)
        ratio = judges.ratio
    else:
        judged = [None] * len(by_point)
        changes = _inner_changes(by_point, test_train_ratio)
        ratio = test_train_ratio
    names = [name.removeprefix("n_") for name in SIZES]
    points = []
    for one, found, change in zip(by_point, judged, changes, strict=True):
        here, first = (
            {name: _factor(name, rows, point) for name in FACTORS}
            for rows, point in ((one, found), (zero, found and judged[0]))
        )
        points.append(
            EffectPoint(
                value=one[0].value,
                loss=_mean(one, "loss"),
                train_loss=_mean(one, "train_loss"),
                rounds=math.fsum(row.rounds for row in one) / len(one),
                size={name: _mean(one, name) for name in names},
                differences={
                    measure: corrected_t(
                        _measured(one, measure) - _measured(zero, measure),
                        test_train_ratio,
                    )
                    for measure in MEASURES
                },
                change=change,
                factors={
                    name: paired_ratio(here[name], first[name], ratio)
                    for name in FACTORS
                },
                judged_loss=math.nan
                if found is None or judges is None
                else judges.mean_loss(found.losses),
                cut=0.0 if found is None else sum(found.cut) / len(found.cut),
            )
        )
    losses = np.array([_measured(one, "loss") for one in by_point])
    low = high = best = int(losses.mean(axis=1).argmin())
    admitted = within_one_se(losses, best)
    while low > 0 and admitted[low - 1]:
        low -= 1
    while high < len(points) - 1 and admitted[high + 1]:
        high += 1
    first_row = rows[0]
    return Effect(
        engine=first_row.engine,
        penalty=first_row.penalty,
        anchor=first_row.anchor,
        reading=first_row.reading,
        points=tuple(points),
        flat=(points[low].value, points[high].value),
    )


NO_CHANGE = LossChange(0.0, 0.0, 0.0, "the same model")
_UNJUDGED = LossChange(
    math.nan, math.nan, math.nan, "no interval: a fit on the outer folds failed"
)


def _judged_changes(
    points: Sequence[OuterPoint | None], judges: Judges
) -> list[LossChange]:
    """Return the changes of a path against its first point, by outer test rows."""
    first = points[0]
    pairs = [(p.losses, first.losses) for p in points[1:] if p and first]
    found = iter(simultaneous_changes(pairs, judges))
    return [NO_CHANGE, *(next(found) if p else _UNJUDGED for p in points[1:])]


def _inner_changes(
    by_point: Sequence[Sequence[PathRow]], test_train_ratio: float
) -> list[LossChange]:
    """Return the same by inner folds, each a single number: their rows are unknown."""
    losses = [[np.array([row.loss]) for row in one] for one in by_point]
    folds = len(losses[0])
    judges = Judges(
        rows=tuple(np.array([fold]) for fold in range(folds)),
        weights=(None,) * folds,
        forward=True,  # so that fold means, not rows, give the variance
        ratio=test_train_ratio,
    )
    pairs = [(one, losses[0]) for one in losses[1:]]
    return [NO_CHANGE, *simultaneous_changes(pairs, judges)]


def _factor(
    measure: str, rows: Sequence[PathRow], point: OuterPoint | None
) -> list[float]:
    if point is not None:
        return point.size(measure)
    return [_counted(row.size, measure) for row in rows]


def _measured(rows: Sequence[PathRow], measure: str) -> Array:
    return np.array([row.measure(measure) for row in rows])


def _mean(rows: Sequence[PathRow], measure: str) -> float:
    return math.fsum(row.measure(measure) for row in rows) / len(rows)
