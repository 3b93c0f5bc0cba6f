"""Racing: a trial that is hopeless after some inner folds is not measured on the rest.

A trial races against the incumbent, the best of the complete trials that it may see:
those numbered up to its own number minus ``in_flight``. So who wins is a pure function
of what the sampler sees too, and does not depend on workers. The differences are paired
by fold, each fold of the trial being taken at its own best round, which favours it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from boostreg.fits.fit import FitResult

__all__ = ["RULES", "Race", "Rule"]

Array = NDArray[np.float64]
Rule = Literal["moderated", "wilcoxon"]

RULES = get_args(Rule)

_LEVEL = 0.16
"""Chance that a trial as good as the incumbent is as far behind, below which it is
given up: beyond one standard error the one-SE rule would not take it either."""
_RIVALS = 4
"""Trials beside the incumbent from which the usual variance is taken, at least."""
_PRIOR_FOLDS = 4.0
_WILCOXON_LEVEL = 0.1
_WILCOXON_FOLDS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """What a trial has to stand against.

    Attributes
    ----------
    losses : ndarray of shape (n_folds,)
        The incumbent's loss on each inner fold.
    variance : float
        Usual variance over folds of the difference between a trial and the incumbent.
    rule : {"moderated", "wilcoxon"}
        ``moderated``: a t statistic whose variance is drawn towards the usual one, as
        Smyth (2004, Stat. Appl. Genet. Mol. Biol. 3(1), eq. for the moderated t) does
        it for genes, so that it can tell after one fold already.
        ``wilcoxon``: the signed-rank test of Optuna's ``WilcoxonPruner`` with its
        defaults (``optuna/pruners/_wilcoxon.py``).
    """

    losses: Array
    variance: float
    rule: Rule

    @classmethod
    def among(cls, seen: Mapping[int, Array], rule: Rule) -> Self | None:
        """Return the race that trials see; None while they are too few to judge by.

        Parameters
        ----------
        seen : mapping of int to ndarray of shape (n_folds,)
            Losses of complete trials by number, each at its own rounds.
        rule : {"moderated", "wilcoxon"}
        """
        if len(seen) <= _RIVALS:
            return None
        numbers = sorted(seen)
        losses = np.array([seen[number] for number in numbers])
        best = int(losses.mean(axis=1).argmin())
        rivals = np.delete(losses, best, axis=0) - losses[best]
        return cls(losses[best], float(np.median(rivals.var(axis=1, ddof=1))), rule)

    def lost(self, results: Sequence[FitResult]) -> bool:
        """Say whether a trial is hopeless after its first folds.

        Parameters
        ----------
        results : sequence of FitResult
            Of the first inner folds, in their order, at least one.
        """
        behind = self._behind([float(result.valid_loss.min()) for result in results])
        if not np.isfinite(behind).all() or behind.mean() <= 0:
            return False  # what is not finite fails for a reason of its own
        if self.rule == "wilcoxon":
            return _lost_by_ranks(behind)
        return _lost_by_t(behind, self.variance)

    def estimate(self, losses: Sequence[float]) -> float:
        """Return the loss that a lost trial would have had, for the sampler.

        The incumbent's mean over all folds, and how far the trial was behind on those
        that it was measured on.
        """
        return float(self.losses.mean() + self._behind(losses).mean())

    def _behind(self, losses: Sequence[float]) -> Array:
        difference: Array = np.array(losses) - self.losses[: len(losses)]
        return difference


def _lost_by_t(behind: Array, usual: float) -> bool:
    from scipy.special import stdtr

    freedom = _PRIOR_FOLDS + len(behind) - 1
    spread = ((behind - behind.mean()) ** 2).sum()
    variance = (_PRIOR_FOLDS * usual + spread) / freedom
    if variance == 0:
        return True
    t = behind.mean() / np.sqrt(variance / len(behind))
    return bool(stdtr(freedom, -t) < _LEVEL)


def _lost_by_ranks(behind: Array) -> bool:
    from scipy.stats import wilcoxon

    if len(behind) < _WILCOXON_FOLDS:
        return False
    test = wilcoxon(behind, alternative="greater", zero_method="zsplit")
    return bool(test.pvalue < _WILCOXON_LEVEL)
