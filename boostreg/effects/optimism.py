"""Optimism of a search: its inner losses compared with losses on unseen rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boostreg.arrays import Array
from boostreg.statistics import within_one_se
from boostreg.tuning import Candidate, Trial, TrialCurves

__all__ = ["OvertuningPoint", "incumbents", "overtuning", "ties", "winners_bias"]


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
    never saw.
    """

    trial: int
    inner: float
    outer: float


def overtuning(
    found: Sequence[Sequence[tuple[Candidate, float]]],
) -> tuple[OvertuningPoint, ...]:
    """Return inner and outer loss of the incumbent during the search.

    ``found`` has the incumbents of each outer fold in order, each with its outer loss.
    There is one point per trial after which the incumbent of some fold changed,
    starting when every fold has one.
    """
    if not found or not all(found):
        return ()
    start = max(fold[0][0].trial for fold in found)
    numbers = {candidate.trial for fold in found for candidate, _ in fold}
    points = []
    for number in sorted(n for n in numbers if n >= start):
        now = [[pair for pair in fold if pair[0].trial <= number][-1] for fold in found]
        points.append(
            OvertuningPoint(
                number,
                float(np.mean([candidate.loss for candidate, _ in now])),
                float(np.mean([loss for _, loss in now])),
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


def winners_bias(trials: Sequence[TrialCurves]) -> float:
    r"""Return the winner's bias: how optimistic the lowest mean loss is.

    With the loss :math:`e_k(\theta)` of candidate :math:`\theta` on fold :math:`k`,
    :math:`\hat\theta` the candidate with the lowest mean loss and :math:`\hat\theta_k`
    the one with the lowest loss on fold :math:`k`,

    .. math::

        \frac{1}{K} \sum_k \left(e_k(\hat\theta) - e_k(\hat\theta_k)\right),

    eq. 6 of R. J. Tibshirani, R. Tibshirani: "A Bias Correction for the Minimum Error
    Rate in Cross-Validation", Annals of Applied Statistics 3(2), 2009. Candidates are
    all prefixes of all trials, over the same folds. Add the result, which is never
    negative, to the lowest mean loss.
    """
    least_by_fold = np.min([curves.valid_loss.min(axis=1) for curves in trials], axis=0)
    best = min(trials, key=lambda curves: float(curves.mean_loss.min()))
    chosen: Array = best.valid_loss[:, best.n_rounds]
    return float(np.mean(chosen - least_by_fold))
