"""Measures trials on inner folds; racing stops a hopeless trial before all folds.

A trial races against the incumbent: the best complete trial among those numbered up to
its own number minus ``in_flight``. The outcome is therefore a pure function of what the
sampler sees, and does not depend on the workers. Losses are compared paired by fold,
each fold of the trial at its own best round, which favours the trial.

A trial with a higher loss may still be the best of its size. It is kept while one of
its prefixes lies on the Pareto front of leaves and loss, together with those trials,
over the folds measured so far.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

import numpy as np

from boostreg.arrays import Array
from boostreg.errors import FitError
from boostreg.fits.fit import Fit, FitResult, derive_seed
from boostreg.fits.work import FitWork
from boostreg.penalty import Penalty
from boostreg.tuning.selection import TrialCurves
from boostreg.tuning.trial import (
    Setting,
    Trial,
    fault,
    mean_curves,
    measured_trial,
    short_folds,
)

__all__ = [
    "RULES",
    "FitSettings",
    "Measuring",
    "Race",
    "Rule",
    "Shrinkage",
    "inner_fits",
]

Rule = Literal["moderated", "wilcoxon"]

RULES = get_args(Rule)

_LEVEL = 0.16
"""p-value of a trial being as good as the incumbent, below which it is stopped. One
standard error: beyond it, the one-SE rule would not select the trial either."""
_RIVALS = 4
"""Minimum number of trials, besides the incumbent, to estimate the usual variance."""
_PRIOR_FOLDS = 4.0
_WILCOXON_LEVEL = 0.1
_WILCOXON_FOLDS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """The incumbent that a trial is compared with.

    Attributes
    ----------
    losses : ndarray of shape (n_folds,)
        The incumbent's loss on each inner fold.
    variance : float
        Usual variance over folds of the difference between a trial and the incumbent.
    rule : {"moderated", "wilcoxon"}
        ``moderated``: a t statistic whose variance is shrunk towards the usual one, as
        in Smyth (2004, Stat. Appl. Genet. Mol. Biol. 3(1), moderated t), so that it
        works after a single fold.
        ``wilcoxon``: the signed-rank test of Optuna's ``WilcoxonPruner`` with its
        defaults (``optuna/pruners/_wilcoxon.py``).
    rivals : tuple of TrialCurves
        The complete trials, with the incumbent.
    """

    losses: Array
    variance: float
    rule: Rule
    rivals: tuple[TrialCurves, ...] = ()

    @classmethod
    def among(cls, seen: Sequence[TrialCurves], rule: Rule) -> Self | None:
        """Return the race against complete trials; None if there are too few."""
        if len(seen) <= _RIVALS:
            return None
        losses = np.array([one.valid_loss[:, one.n_rounds] for one in seen])
        best = int(losses.mean(axis=1).argmin())
        rivals = np.delete(losses, best, axis=0) - losses[best]
        variance = float(np.median(rivals.var(axis=1, ddof=1)))
        return cls(losses[best], variance, rule, tuple(seen))

    def lost(self, results: Sequence[FitResult]) -> bool:
        """Return whether a trial is hopeless, given its first folds in order."""
        return self._is_behind(results) and not self._on_front(results)

    def _on_front(self, results: Sequence[FitResult]) -> bool:
        """Return whether no rival has a loss as low with as few leaves as a prefix."""
        if not self.rivals:
            return False
        n_folds = len(results)
        loss = np.concatenate(
            [one.valid_loss[:n_folds].mean(axis=0) for one in self.rivals]
        )
        leaves = np.concatenate([one.n_leaves for one in self.rivals])
        order = np.argsort(leaves, kind="stable")
        lowest = np.minimum.accumulate(loss[order])
        own = mean_curves(0, results)
        place = np.searchsorted(leaves[order], own.n_leaves, side="right") - 1
        return bool(np.any(own.mean_loss < lowest[place]))

    def _is_behind(self, results: Sequence[FitResult]) -> bool:
        from scipy.special import stdtr
        from scipy.stats import wilcoxon

        behind = self._behind([float(result.valid_loss.min()) for result in results])
        if not np.isfinite(behind).all() or behind.mean() <= 0:
            return False  # losses that are not finite fail elsewhere
        if self.rule == "wilcoxon":
            if len(behind) < _WILCOXON_FOLDS:
                return False
            test = wilcoxon(behind, alternative="greater", zero_method="zsplit")
            return bool(test.pvalue < _WILCOXON_LEVEL)
        # Moderated t: s^2 = (d0 s0^2 + sum (x - mean)^2) / (d0 + n - 1),
        # t = mean / (s / sqrt(n)), with d0 + n - 1 degrees of freedom.
        freedom = _PRIOR_FOLDS + len(behind) - 1
        spread = ((behind - behind.mean()) ** 2).sum()
        variance = (_PRIOR_FOLDS * self.variance + spread) / freedom
        if variance == 0:
            return True
        t = behind.mean() / np.sqrt(variance / len(behind))
        return bool(stdtr(freedom, -t) < _LEVEL)

    def estimate(self, losses: Sequence[float]) -> float:
        """Return an estimate of the loss of a lost trial, for the sampler.

        The incumbent's mean over all folds, plus the mean difference on the folds on
        which the trial was measured.
        """
        return float(self.losses.mean() + self._behind(losses).mean())

    def _behind(self, losses: Sequence[float]) -> Array:
        difference: Array = np.array(losses) - self.losses[: len(losses)]
        return difference


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """The number of rounds whose learning rates sum to ``total``.

    >>> Shrinkage(3.0).rounds(0.1), Shrinkage(3.0).rounds(0.04)
    (30, 75)
    """

    total: float

    def rounds(self, learning_rate: float) -> int:
        """Return the number of rounds at a learning rate, rounded up."""
        return math.ceil(self.total / learning_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """Settings that all fits of a study share.

    ``n_rounds`` is the maximum, ``patience`` the rounds without improvement before a
    fit stops, each a number or ``Shrinkage``; ``seed`` is that of the study, and
    ``threads`` and ``machines`` are per fit, and ``device`` is that of ``Fit``.
    """

    n_inner: int
    n_rounds: int | Shrinkage
    patience: int | Shrinkage | None
    seed: int
    threads: int = 1
    machines: int = 1
    device: str = "cpu"

    def rounds_of(self, penalty: Penalty) -> tuple[int, int | None]:
        """Return the maximum rounds and the patience of a penalty's fits."""
        most, patience = self.n_rounds, self.patience
        if isinstance(most, Shrinkage):
            most = most.rounds(penalty.learning_rate)
        if isinstance(patience, Shrinkage):
            patience = patience.rounds(penalty.learning_rate)
        return most, patience


def inner_fits(setting: Setting, limits: FitSettings) -> list[Fit]:
    """Return the fits of a setting, one per inner fold.

    The seed of a fit depends only on the seed of the study and the fold, so that
    penalties are compared at equal seeds.
    """
    n_rounds, patience = limits.rounds_of(setting.penalty)
    return [
        Fit(
            outer=setting.outer,
            inner=inner,
            engine=setting.engine,
            penalty=setting.penalty,
            n_rounds=n_rounds,
            patience=patience,
            seed=derive_seed(limits.seed, "fit", setting.outer, inner),
            threads=limits.threads,
            machines=limits.machines,
            device=limits.device,
        )
        for inner in range(limits.n_inner)
    ]


class Measuring:
    """A job that measures settings, each distinct one once.

    With a ``race``, folds are measured one after the other until the setting has lost.
    With ``keep``, ``results`` has the full curves of complete trials.
    """

    def __init__(
        self,
        settings: Iterable[Setting],
        limits: FitSettings,
        *,
        race: Race | None = None,
        keep: bool = False,
    ) -> None:
        self._limits, self._race, self._keep = limits, race, keep
        self._open: dict[Setting, dict[int, FitResult | FitError]] = {}
        self._missing: dict[Setting, int] = {}
        self._later: dict[Setting, list[Fit]] = {}
        self._owner: dict[Fit, Setting] = {}
        self._new: list[FitWork] = []
        self._repeated: set[Setting] = set()
        self.n_left = 0
        """Maximum number of missing fits; a lost race needs fewer."""
        self.trials: dict[Setting, Trial] = {}
        self.results: dict[Setting, tuple[FitResult, ...]] = {}
        for setting in dict.fromkeys(settings):
            self._open[setting] = {}
            fits = inner_fits(setting, limits)
            first = len(fits) if race is None else 1
            self._later[setting] = fits[first:]
            self.n_left += len(fits)
            self._ask(setting, fits[:first])

    @property
    def new(self) -> Sequence[FitWork]:
        """Work that ``ready`` returns next."""
        return tuple(self._new)

    @property
    def done(self) -> bool:
        """Whether every setting is measured."""
        return not self._open

    def ready(self) -> Sequence[FitWork]:
        """Return work that can run now; each piece is returned once."""
        new, self._new = self._new, []
        return new

    def ahead(self) -> Sequence[FitWork]:
        """Return the work of later folds, which a lost race does not need."""
        return [FitWork(fit) for later in self._later.values() for fit in later]

    def receive(self, work: FitWork, record: FitResult | FitError) -> None:
        """Take the result of a fit, or its error."""
        setting = self._owner.pop(work.fit)
        results = self._open[setting]
        results[int(work.fit.inner or 0)] = record
        self._missing[setting] -= 1
        self.n_left -= 1
        if self._missing[setting] == 0:
            self._complete(setting, results)

    def _ask(self, setting: Setting, fits: Sequence[Fit]) -> None:
        self._owner.update(dict.fromkeys(fits, setting))
        self._missing[setting] = len(fits)
        self._new.extend(FitWork(fit) for fit in fits)

    def _complete(
        self, setting: Setting, results: dict[int, FitResult | FitError]
    ) -> None:
        good = [r for _, r in sorted(results.items()) if isinstance(r, FitResult)]
        bad = [r for _, r in sorted(results.items()) if isinstance(r, FitError)]
        reason = str(bad[0]) if bad else fault(good)
        if reason is not None:
            failed = Trial(
                number=0,
                engine=setting.engine,
                penalty=setting.penalty,
                state="failed",
                reason=reason,
            )
            self._finish(setting, failed)
            return
        target, short = short_folds(good)
        short = () if setting in self._repeated else short
        later = self._later[setting]
        if self._race and (later or short) and self._race.lost(good):
            self._finish(setting, self._trial(setting, good).raced())
            return
        if later:
            self._later[setting] = later[1:]
            self._ask(setting, later[:1])
            return
        if short:
            self._repeated.add(setting)
            self.n_left += len(short)
            fits = inner_fits(setting, self._limits)
            again = [replace(fits[i], n_rounds=target, patience=None) for i in short]
            self._ask(setting, again)
            return
        if self._keep:
            self.results[setting] = tuple(good)
        self._finish(setting, self._trial(setting, good))

    def _trial(self, setting: Setting, results: Sequence[FitResult]) -> Trial:
        n_rounds, patience = self._limits.rounds_of(setting.penalty)
        return measured_trial(0, setting, results, n_rounds=n_rounds, patience=patience)

    def _finish(self, setting: Setting, trial: Trial) -> None:
        self.trials[setting] = trial
        self.n_left -= len(self._later.pop(setting))
        del self._open[setting]
