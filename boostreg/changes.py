r"""How much lower one model's loss is than another's: a change, its interval, a word.

Two models are judged on the same test rows of the same outer folds. With the mean
losses :math:`\bar A` and :math:`\bar B` over folds, the change is
:math:`\bar A / \bar B - 1`; its interval is made on the scale of
:math:`\theta = \log \bar A - \log \bar B` and transformed back, so that no end lies
below -100 %.

The variance of :math:`\theta` has two parts.

1. Other test rows. Row i adds :math:`c_i` to :math:`\theta` at first order (the delta
   method): the sum, over the folds that test it, of its share of the fold's weight
   times :math:`a_i / \bar A - b_i / \bar B`, divided by the number of folds. Rows of a
   group count as one, rows of weight 0 not at all. Over the n rows,
   :math:`V_1 = \frac{n}{n-1} \sum_i c_i^2`: for one repeat this is the variance of the
   central limit theorem for cross-validation [1]_.
2. Other training rows. [1]_ speaks of the models that were fitted; a statement about
   the procedure needs more where fits are unstable. How much one fold's training rows
   add, :math:`\sigma^2`, is the larger of two estimates: by how much the variance of
   fold means exceeds the mean of the variances that their own rows explain, and, with
   repeated folds, the variance of :math:`\theta` over the repeats. A mean over J folds
   has :math:`V_2 = (1/J + r) \sigma^2`, with r test rows per training row, because the
   folds share training rows [3]_. J is that of one repeat: another one has the same
   rows.

The interval is that of Student's t with n - 1 degrees of freedom and variance
:math:`V_1 + V_2`; ``tests/benchmarks/coverage.md`` has its coverage. Folds that go
forward in time have dependent rows; there the corrected resampled t interval of the
fold means is used (``boostreg.statistics``).

References
----------
.. [1] P. Bayle, A. Bayle, L. Janson, L. Mackey. "Cross-validation Confidence Intervals
   for Test Error". NeurIPS 2020, theorem 1 and eq. 6. arXiv:2007.12671
.. [2] T. Hothorn, F. Bretz, P. Westfall. "Simultaneous Inference in General Parametric
   Models". Biometrical Journal 50, 346-363, 2008, sec. 3.1 (the max-t quantile).
.. [3] C. Nadeau, Y. Bengio. "Inference for the Generalization Error". Machine Learning
   52, 239-281, 2003, sec. 3 (the corrected resampled t).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostreg.arrays import Array, Indices

__all__ = [
    "TOLERANCE",
    "Judges",
    "LossChange",
    "Word",
    "change_of_loss",
    "simultaneous_changes",
]

Word = Literal["better", "worse", "same", "as good", "not settled"]

TOLERANCE = 0.01
"""Default relative change of loss that does not matter."""

_LEVEL = 0.95
_DRAWS, _SEED = 20_000, 20_080_622
"""Draws of the max-t quantile; its error is below 0.02 of the quantile."""

_BY_ROWS = "t over test rows and folds, on log ratios"
_ONE_FOLD = "t over test rows, on log ratios"
_BY_FOLDS = "corrected resampled t on log ratios"


@dataclass(frozen=True, slots=True)
class LossChange:
    """A relative change of loss, ``loss(a) / loss(b) - 1``, with its 95 % interval.

    Attributes
    ----------
    estimate : float
        -0.1 if the loss of ``a`` is 10 % lower; NaN if that of ``b`` is 0.
    low, high : float
        Ends of the interval; NaN if there is none.
    method : str
        The method, or why there is no interval.
    """

    estimate: float
    low: float
    high: float
    method: str

    @property
    def exists(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low)

    def word(self, tolerance: float) -> Word:
        """Return what the interval shows; a change within ``tolerance`` is ignored.

        Returns
        -------
        str
            ``same`` (all of it within the tolerance), ``better`` or ``worse`` (all of
            it on one side of 0), ``as good`` (all of it below the tolerance), otherwise
            ``not settled``.

        Examples
        --------
        >>> LossChange(-0.1, -0.2, -0.05, "").word(0.01)
        'better'
        >>> LossChange(0.001, -0.03, 0.008, "").word(0.01)
        'as good'
        >>> LossChange(-0.1, -0.25, 0.02, "").word(0.01)
        'not settled'
        """
        if not self.exists:
            return "not settled"
        if -tolerance < self.low and self.high < tolerance:
            return "same"
        if self.high < 0:
            return "better"
        if self.low > 0:
            return "worse"
        return "as good" if self.high < tolerance else "not settled"


@dataclass(frozen=True, slots=True)
class Judges:
    """The test rows of the outer folds.

    Attributes
    ----------
    rows : tuple of ndarray of int
        Positions in the table of each fold's test rows.
    weights : tuple of ndarray or None
        Their weights.
    groups : ndarray of shape (n_samples,), optional
        Codes of groups of dependent rows.
    forward : bool
        Whether folds go forward in time.
    ratio : float
        Test rows per training row of a fold.
    repeats : int
        Of the folds; those of one repeat are neighbours.
    """

    rows: tuple[Indices, ...]
    weights: tuple[Array | None, ...]
    groups: Indices | None = None
    forward: bool = False
    ratio: float = 0.25
    repeats: int = 1

    def mean_loss(self, losses: Sequence[Array]) -> float:
        """Return the mean over folds of the weighted mean over test rows."""
        return float(np.mean(self.fold_means(losses)))

    def fold_means(self, values: Sequence[Array]) -> Array:
        """Return the weighted mean over test rows, by fold."""
        pairs = zip(values, self.weights, strict=True)
        return np.array([np.average(v, weights=w) for v, w in pairs], dtype=np.float64)

    @property
    def clusters(self) -> Indices:
        """Row or group of each test row, fold after fold."""
        rows = np.concatenate(self.rows)
        return rows if self.groups is None else self.groups[rows]

    @property
    def by_folds(self) -> bool:
        """Whether an interval is made from the means of the folds, not from rows."""
        return self.forward and len(self.rows) > 1

    @property
    def n(self) -> int:
        """Number of folds, or of groups or rows of weight above 0, that judge."""
        if self.by_folds:
            return len(self.rows)
        counts = [
            np.ones(len(rows), np.bool_) if w is None else w > 0
            for rows, w in zip(self.rows, self.weights, strict=True)
        ]
        return len(np.unique(self.clusters[np.concatenate(counts)]))


@dataclass(frozen=True, slots=True)
class _Ratio:
    """A log ratio, what each row or group adds to it, and its variance."""

    theta: float
    parts: Array
    variance: float


def change_of_loss(
    a: Sequence[Array], b: Sequence[Array], judges: Judges
) -> LossChange:
    """Return the change of loss from model ``b`` to model ``a``.

    Parameters
    ----------
    a, b : sequence of ndarray
        Losses of the test rows, by outer fold.
    judges : Judges

    Examples
    --------
    >>> rows = (np.array([0, 2]), np.array([1, 3]))
    >>> judges = Judges(rows, (None, None))
    >>> b = (np.array([2.0, 2.2]), np.array([2.1, 2.0]))
    >>> found = change_of_loss((b[0] / 2, b[1] / 2 + 0.01), b, judges)
    >>> found.word(0.01)
    'better'
    """
    return simultaneous_changes([(a, b)], judges)[0]


def simultaneous_changes(
    pairs: Sequence[tuple[Sequence[Array], Sequence[Array]]], judges: Judges
) -> list[LossChange]:
    """Return changes whose intervals all hold at once, 95 times in 100.

    The quantile is that of the largest of several dependent t ratios [2]_ (see the
    module), with the correlations of what each cluster of rows adds. For one pair it
    is Student's.
    """
    found = [_ratio(a, b, judges) for a, b in pairs]
    known = [one for one in found if isinstance(one, _Ratio) and one.variance > 0]
    reach = _quantile(known)
    return [
        one if isinstance(one, LossChange) else _interval(one, reach, judges)
        for one in found
    ]


def _interval(one: _Ratio, reach: float, judges: Judges) -> LossChange:
    half = reach * math.sqrt(one.variance) if one.variance > 0 else 0.0
    ends = (one.theta, one.theta - half, one.theta + half)
    estimate, low, high = (math.expm1(min(end, 700.0)) for end in ends)
    by_rows = _BY_ROWS if len(judges.rows) > 1 else _ONE_FOLD
    return LossChange(estimate, low, high, _BY_FOLDS if judges.by_folds else by_rows)


def _ratio(
    a: Sequence[Array], b: Sequence[Array], judges: Judges
) -> "_Ratio | LossChange":
    """Return the log ratio, or the change without an interval where there is none."""
    mean_a, mean_b = judges.mean_loss(a), judges.mean_loss(b)
    nan = math.nan
    if not (math.isfinite(mean_a) and math.isfinite(mean_b)):
        return LossChange(nan, nan, nan, "no interval: a loss is not finite")
    if mean_b <= 0 or mean_a <= 0:
        estimate = mean_a / mean_b - 1 if mean_b > 0 else nan
        return LossChange(estimate, nan, nan, "no interval: a mean loss is 0")
    influences = [x / mean_a - y / mean_b for x, y in zip(a, b, strict=True)]
    theta = math.log(mean_a / mean_b)
    if judges.by_folds:
        folds = judges.fold_means(influences)
        # Nadeau and Bengio's variance, see boostreg.statistics.
        spread = float(np.var(folds, ddof=1)) * (1 / len(folds) + judges.ratio)
        return _Ratio(theta, folds, spread)
    parts = _parts(influences, judges)
    if len(parts) < 2:
        return LossChange(math.expm1(theta), nan, nan, "no interval: one row")
    n = len(parts)
    rows = n / (n - 1) * float(np.sum(parts**2))
    of_one_fold = _of_training_rows(influences, judges)
    training = of_one_fold * (judges.repeats / len(influences) + judges.ratio)
    return _Ratio(theta, parts, rows + training)


def _parts(influences: Sequence[Array], judges: Judges) -> Array:
    """Return what each row, or each group of rows, adds to the log ratio."""
    shares = [
        np.ones(len(u)) / len(u) if w is None else w / w.sum()
        for u, w in zip(influences, judges.weights, strict=True)
    ]
    added = np.concatenate(
        [share * u for share, u in zip(shares, influences, strict=True)]
    ) / len(influences)
    counts = np.concatenate(shares) > 0
    _, position = np.unique(judges.clusters[counts], return_inverse=True)
    return np.bincount(position, weights=added[counts]).astype(np.float64)


def _of_training_rows(influences: Sequence[Array], judges: Judges) -> float:
    """Return what one fold's training rows add, sigma squared of the module."""
    if len(influences) < 2:
        return 0.0
    means, explained = [], []
    for u, w, rows in zip(influences, judges.weights, judges.rows, strict=True):
        one = Judges((rows,), (w,), judges.groups)
        mean = float(np.average(u, weights=w))
        parts = _parts([u - mean], one)
        n = len(parts)
        means.append(mean)
        explained.append(n / (n - 1) * float(np.sum(parts**2)) if n > 1 else 0.0)
    excess = float(np.var(means, ddof=1)) - float(np.mean(explained))
    by_repeat = np.reshape(means, (judges.repeats, -1)).mean(axis=1)
    between = float(np.var(by_repeat, ddof=1)) if judges.repeats > 1 else 0.0
    return max(0.0, excess, between)


def _quantile(found: Sequence[_Ratio]) -> float:
    """Return the factor of standard errors that all intervals have in common."""
    from scipy.stats import t

    if not found:
        return math.nan
    degrees = min(len(one.parts) for one in found) - 1
    if len(found) == 1:
        return float(t.ppf((1 + _LEVEL) / 2, degrees))
    units = np.array([one.parts / np.linalg.norm(one.parts) for one in found])
    # Normal draws of the parts' correlations; its root may be singular.
    values, vectors = np.linalg.eigh(units @ units.T)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    rng = np.random.default_rng(_SEED)
    draws = rng.standard_normal((_DRAWS, len(found))) @ root.T
    scale = np.sqrt(rng.chisquare(degrees, _DRAWS) / degrees)
    return float(np.quantile(np.max(np.abs(draws), axis=1) / scale, _LEVEL))
