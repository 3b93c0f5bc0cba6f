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
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array
from boostreg.statistics import Interval, corrected_t, holm, within_one_se
from boostreg.trees import SIZES, TreeSize

__all__ = [
    "MEASURES",
    "Effect",
    "EffectPoint",
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


LEVEL = 0.05

WORTH_HAVING, OF_HIGHEST = 0.01, 0.001
"""Minimum relevant decrease, relative to the loss at zero penalty; if that is close to
0, relative to the highest loss on the path."""

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

    ``anchor`` is the setting of all other penalties: ``fixed``, the study's fixed
    values and our defaults, or ``tuned``, the best candidate on all rows. ``reading``
    is where the curve is read: ``stopped``, at the rounds with the lowest mean loss, or
    ``equal``, at the same rounds for all points of an outer fold.
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
class EffectPoint:
    """Means over all folds at one value of the penalty.

    ``differences`` are fold-paired differences to the first point, by measure, and
    ``leaves_ratio`` is the fold-paired ratio of leaves. ``p_value`` is for the loss,
    Holm-adjusted over the points of the path.
    """

    value: float
    loss: float
    train_loss: float
    rounds: float
    size: dict[str, float]
    differences: Mapping[str, Interval]
    leaves_ratio: Interval
    p_value: float

    @property
    def difference(self) -> Interval:
        """The fold-paired loss difference to the first point."""
        return self.differences["loss"]

    @property
    def gap(self) -> float:
        """Validation minus training loss."""
        return self.loss - self.train_loss


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of one penalty of one engine, everything else at the anchor."""

    engine: str
    penalty: str
    anchor: str
    reading: str
    points: tuple[EffectPoint, ...]
    flat: tuple[float, float]
    """Ends of the contiguous range around the lowest point whose paired differences to
    it are within one standard error; the weaker end first."""

    @property
    def lowest(self) -> EffectPoint:
        """The point with the lowest mean loss, the first one if tied."""
        return min(self.points, key=lambda point: point.loss)

    @property
    def verdict(self) -> Literal["helps", "harms", "not determined"]:
        """``helps``, ``harms`` or ``not determined``.

        It helps if some value lowers the loss with a Holm-adjusted p-value below 0.05.
        It harms if some value raises the loss in this sense, and every value's 95 %
        interval rules out a relevant decrease. The second condition is needed because
        any penalty raises the loss once it is large enough. It rejects 'some value
        lowers the loss by that much' only if that is rejected for every value, which
        needs no adjustment [1]_. Otherwise the folds cannot tell.

        References
        ----------
        .. [1] R. L. Berger. "Multiparameter Hypothesis Testing and Acceptance
           Sampling". Technometrics 24, 295-300, 1982, on intersection-union tests.
        """
        shown = [p for p in self.points[1:] if p.p_value < LEVEL]
        if any(point.difference.estimate < 0 for point in shown):
            return "helps"
        losses = [abs(point.loss) for point in self.points]
        counts = max(WORTH_HAVING * losses[0], OF_HIGHEST * max(losses))
        if shown and all(point.difference.low > -counts for point in self.points[1:]):
            return "harms"
        return "not determined"

    @property
    def safe(self) -> tuple[float, float] | None:
        """The first value, and the strongest one without a detectable increase in loss.

        The strongest is the last before the first point whose 95 % interval is
        entirely above 0; None if that is the second point.
        """
        start, *others = self.points
        kept = start
        for point in others:
            if point.difference.low > 0:
                break
            kept = point
        return None if kept is start else (start.value, kept.value)

    @property
    def inside(self) -> int:
        """Number of points in the range ``flat``."""
        values = [point.value for point in self.points]
        start, end = (values.index(value) for value in self.flat)
        return end - start + 1


def penalty_effect(rows: Sequence[PathRow], test_train_ratio: float) -> Effect:
    """Return the effect measured by the rows of one path.

    Parameters
    ----------
    rows : sequence of PathRow
        Rows of one engine, penalty, anchor and reading, every fold at every point; at
        point 0 the penalty has no effect, or its smallest.
    test_train_ratio : float
        Validation rows over training rows of an inner fold.
    """
    ordered = sorted(rows, key=lambda row: (row.point, row.outer_fold, row.inner_fold))
    by_point = [[*one] for _, one in groupby(ordered, key=lambda row: row.point)]
    zero = by_point[0]
    differences = [
        {
            measure: corrected_t(
                _measured(one, measure) - _measured(zero, measure), test_train_ratio
            )
            for measure in MEASURES
        }
        for one in by_point
    ]
    adjusted = [1.0, *holm([each["loss"].p_value for each in differences[1:]])]
    points = []
    for one, intervals, p_value in zip(by_point, differences, adjusted, strict=True):
        leaves = _measured(one, "leaves"), _measured(zero, "leaves")
        names = [name.removeprefix("n_") for name in SIZES]
        points.append(
            EffectPoint(
                value=one[0].value,
                loss=_mean(one, "loss"),
                train_loss=_mean(one, "train_loss"),
                rounds=math.fsum(row.rounds for row in one) / len(one),
                size={name: _mean(one, name) for name in names},
                differences=intervals,
                leaves_ratio=paired_ratio(*leaves, test_train_ratio),
                p_value=float(p_value),
            )
        )
    losses = np.array([_measured(one, "loss") for one in by_point])
    low = high = best = int(losses.mean(axis=1).argmin())
    admitted = within_one_se(losses, best)
    while low > 0 and admitted[low - 1]:
        low -= 1
    while high < len(points) - 1 and admitted[high + 1]:
        high += 1
    first = rows[0]
    return Effect(
        engine=first.engine,
        penalty=first.penalty,
        anchor=first.anchor,
        reading=first.reading,
        points=tuple(points),
        flat=(points[low].value, points[high].value),
    )


def _measured(rows: Sequence[PathRow], measure: str) -> Array:
    return np.array([row.measure(measure) for row in rows])


def _mean(rows: Sequence[PathRow], measure: str) -> float:
    return math.fsum(row.measure(measure) for row in rows) / len(rows)
