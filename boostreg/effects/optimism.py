r"""Optimism of a search: its inner losses compared with losses on unseen rows.

The **nested gap** is how much higher the loss of the selected candidates is on the rows
of the outer folds than the inner loss that selected them. With the inner loss
:math:`I_k` and the outer loss :math:`O_k` of the candidate selected in outer fold k, it
is :math:`\bar O / \bar I - 1`.

Easy and difficult rows cancel in it: all rows are judged once by an outer fold, and
each of them counts in the inner losses of the other :math:`K - 1` folds. The
jackknife's pseudo-values [1]_ :math:`P_k = K \bar I - (K - 1) I_k` assign the inner
losses to the rows of fold k, and :math:`O_k / \bar O - P_k / \bar I` then varies by
the gap alone. The interval is Student's t of these K differences, on the log scale.
``tests/benchmarks/nested_gap.md`` has its coverage.

References
----------
.. [1] B. Efron. "The Jackknife, the Bootstrap and Other Resampling Plans". SIAM, 1982,
   chapter 2. doi:10.1137/1.9781611970319
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array
from boostreg.changes import Judges, LossChange, change_of_loss
from boostreg.statistics import within_one_se
from boostreg.tuning import Candidate, Trial, TrialCurves

__all__ = ["OvertuningPoint", "incumbents", "nested_gap", "overtuning", "ties"]

_LEVEL = 0.95
_NESTED = "t over outer folds, on jackknife pseudo-values"
_FORWARD = "corrected t over outer folds"


def incumbents(trials: Sequence[Trial]) -> tuple[Candidate, ...]:
    """Return the best candidate after each trial that improved it."""
    found: list[Candidate] = []
    for trial in trials:
        if trial.curves is None:
            continue
        candidate = trial.curves.candidate(trial.n_rounds)
        if not found or candidate.loss < found[-1].loss:
            found.append(candidate)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class OvertuningPoint:
    """The incumbents after ``trial``, means over outer folds.

    ``inner`` is the loss used for selection, ``outer`` the loss on rows that the search
    never saw. ``later`` is the change of outer loss from these incumbents to the last
    ones, that is by all later trials.
    """

    trial: int
    inner: float
    outer: float
    later: LossChange


def overtuning(
    found: Sequence[Sequence[tuple[Candidate, Array]]], judges: Judges
) -> tuple[OvertuningPoint, ...]:
    """Return inner and outer loss of the incumbent during the search.

    ``found`` has the incumbents of each outer fold in order, each with its losses on
    the test rows. There is one point per trial after which the incumbent of some fold
    changed, starting when every fold has one.
    """
    if not found or not all(found):
        return ()
    start = max(fold[0][0].trial for fold in found)
    numbers = {candidate.trial for fold in found for candidate, _ in fold}
    last = [fold[-1][1] for fold in found]
    points = []
    for number in sorted(n for n in numbers if n >= start):
        now = [[pair for pair in fold if pair[0].trial <= number][-1] for fold in found]
        losses = [rows for _, rows in now]
        points.append(
            OvertuningPoint(
                number,
                float(np.mean([candidate.loss for candidate, _ in now])),
                judges.mean_loss(losses),
                change_of_loss(last, losses, judges),
            )
        )
    return tuple(points)


def ties(trials: Sequence[TrialCurves]) -> tuple[int, ...]:
    """Return the trials within one standard error of the best.

    Each at its own best number of rounds, by fold-paired differences. The numbers
    include the best.
    """
    losses = np.array([curves.valid_loss[:, curves.n_rounds] for curves in trials])
    admitted = within_one_se(losses, int(losses.mean(axis=1).argmin()))
    return tuple(
        curves.number for curves, tied in zip(trials, admitted, strict=True) if tied
    )


def nested_gap(inner: ArrayLike, outer: ArrayLike, judges: Judges) -> LossChange:
    """Return how much higher the outer loss of the selected candidates is.

    Parameters
    ----------
    inner, outer : array-like of shape (n_folds,)
        Losses of the candidate selected within each outer fold: the mean over inner
        folds that selected it, and the loss on the test rows of the outer fold.
    judges : Judges
        The outer folds. Those that go forward in time have no pseudo-values; there the
        folds' own differences and the corrected t interval are used.

    Examples
    --------
    Rows differ, and every fold has 10 % more outer than inner loss:

    >>> rows = np.array([1.0, 2.0, 6.0])
    >>> inner = (rows.sum() - rows) / 2
    >>> folds = Judges((np.arange(3),) * 3, (None,) * 3)
    >>> gap = nested_gap(inner, 1.1 * rows, folds)
    >>> round(gap.low, 6), round(gap.high, 6)
    (0.1, 0.1)
    """
    from scipy.stats import t

    i, o = np.asarray(inner, np.float64), np.asarray(outer, np.float64)
    nan, n = math.nan, len(i) // judges.repeats
    if not (np.isfinite(i).all() and np.isfinite(o).all()):
        return LossChange(nan, nan, nan, "no interval: a loss is not finite")
    if i.mean() <= 0 or o.mean() <= 0:
        estimate = float(o.mean() / i.mean() - 1) if i.mean() > 0 else nan
        return LossChange(estimate, nan, nan, "no interval: a mean loss is 0")
    theta = math.log(o.mean() / i.mean())
    if n < 2:
        estimate = math.expm1(theta)
        return LossChange(estimate, nan, nan, "no interval: one outer fold")
    by_repeat = i.reshape(judges.repeats, n)
    pseudo = n * by_repeat.mean(axis=1, keepdims=True) - (n - 1) * by_repeat
    paired = by_repeat if judges.forward else pseudo
    parts = o.reshape(judges.repeats, n) / o.mean() - paired / i.mean()
    # Repeats share their rows: they do not reduce the variance.
    shared = judges.ratio if judges.forward else 0.0
    variance = float(np.var(parts, axis=1, ddof=1).mean()) * (1 / n + shared)
    half = float(t.ppf((1 + _LEVEL) / 2, n - 1)) * math.sqrt(variance)
    ends = (theta, theta - half, theta + half)
    estimate, low, high = (math.expm1(min(end, 700.0)) for end in ends)
    method = _FORWARD if judges.forward else _NESTED
    return LossChange(estimate, low, high, method)
