"""A trial: one setting, measured on every inner fold, and where its curve is cut."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.fits.fit import FitResult
from boostreg.penalty import Penalty
from boostreg.trees import SIZES, TreeSize
from boostreg.tuning.selection import TrialCurves

__all__ = [
    "FoldRecord",
    "Setting",
    "State",
    "Trial",
    "common_rounds",
    "cut_fold",
    "fault",
    "mean_curves",
    "measured_trial",
    "short_folds",
    "trial_row",
]

State = Literal["complete", "raced", "failed"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One penalty of one engine on the inner folds of one outer fold."""

    engine: str
    outer: int | None
    penalty: Penalty


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldRecord:
    """One inner fold of a trial, cut at ``n_rounds``, the same for all folds.

    ``n_grown`` rounds were grown in this fold; it is ``exhausted`` if the library found
    no further split. ``seconds`` is the time of the fit with this curve.
    """

    inner: int
    n_rounds: int
    n_grown: int
    exhausted: bool
    valid_loss: float
    train_loss: float
    size: TreeSize
    seconds: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trial:
    """The results of one engine and penalty on the inner folds.

    Attributes
    ----------
    number : int
        In order of proposal, from 0.
    engine, penalty
        The penalty is in the scale of the study.
    state, reason
        Whether it was measured in full, and why not. Losses and sizes of a raced trial
        are means over the folds on which it was measured.
    curves : TrialCurves or None
        Losses and leaves of every prefix; None unless complete.
    n_rounds, folds
        Rounds with the lowest mean loss, 0 if nothing was measured, and the inner folds
        in order, cut at these rounds.
    seconds : float
        Total time of all fits, including repeated ones.
    """

    number: int
    engine: str
    penalty: Penalty
    state: State
    reason: str | None = None
    curves: TrialCurves | None = None
    n_rounds: int = 0
    folds: tuple[FoldRecord, ...] = field(default=(), repr=False)
    seconds: float = 0.0

    @property
    def loss(self) -> float:
        """Mean validation loss at ``n_rounds``; NaN if nothing was measured."""
        if self.curves is None:
            return self._mean([fold.valid_loss for fold in self.folds])
        return self.curves.candidate(self.n_rounds).loss

    @property
    def loss_se(self) -> float:
        """Standard error of ``loss`` over inner folds; NaN with a single fold."""
        if self.curves is None:
            return math.nan
        return self.curves.candidate(self.n_rounds).loss_se

    @property
    def train_loss(self) -> float:
        """Mean training loss at ``n_rounds``; NaN if nothing was measured."""
        return self._mean([fold.train_loss for fold in self.folds])

    @property
    def sizes(self) -> dict[str, float]:
        """Mean of each size at ``n_rounds`` over inner folds, by name."""
        return {
            name: self._mean([float(getattr(fold.size, name)) for fold in self.folds])
            for name in SIZES
        }

    def raced(self) -> "Trial":
        """Return the trial as raced: it was stopped early and has no candidates."""
        reason = f"hopeless after {len(self.folds)} inner folds"
        return replace(self, state="raced", curves=None, reason=reason)

    @staticmethod
    def _mean(values: Sequence[float]) -> float:
        return fmean(values) if values else math.nan


def fault(results: Sequence[FitResult]) -> str | None:
    """Return why the curves cannot be used, or None if they can."""
    for inner, result in enumerate(results):
        (bad,) = np.nonzero(~np.isfinite(result.valid_loss))
        if len(bad):
            value = result.valid_loss[bad[0]]
            return f"inner fold {inner}: the loss is {value} at round {bad[0]}."
    return None


def short_folds(results: Sequence[FitResult]) -> tuple[int, tuple[int, ...]]:
    """Return the latest best round of any fold, and the folds that end before it.

    These folds must be fitted again up to that round without early stopping, so that
    the mean curve is defined. A curve that ended because the library found no further
    split continues unchanged, so it is never too short.
    """
    target = max(int(result.valid_loss.argmin()) for result in results)
    short = (
        inner
        for inner, result in enumerate(results)
        if not result.exhausted and result.n_rounds < target
    )
    return target, tuple(short)


def measured_trial(
    number: int,
    setting: Setting,
    results: Sequence[FitResult],
    *,
    n_rounds: int,
    patience: int | None,
) -> Trial:
    """Return the complete trial from the fits on all inner folds, in order.

    Repeated fits have replaced the shorter ones. ``n_rounds`` and ``patience`` are the
    limits of the study on rounds.
    """
    last = common_rounds(results)
    curves = mean_curves(number, results)
    best = curves.n_rounds
    free = last < n_rounds or all(result.exhausted for result in results)
    stopped = not free and best + (patience or 1) > n_rounds
    return Trial(
        number=number,
        engine=setting.engine,
        penalty=setting.penalty,
        state="complete",
        curves=replace(curves, stopped_by_max=stopped),
        n_rounds=best,
        folds=tuple(cut_fold(i, result, best) for i, result in enumerate(results)),
    )


def mean_curves(number: int, results: Sequence[FitResult]) -> TrialCurves:
    """Return the curves of a trial up to the rounds that every fold reached."""
    last = common_rounds(results)
    sizes = {
        name: np.mean([_continued(getattr(r.sizes, name), last) for r in results], 0)
        for name in ("n_leaves", "n_trees", "n_bytes")
    }
    loss = np.stack([_continued(r.valid_loss, last) for r in results])
    return TrialCurves(number=number, valid_loss=loss, **sizes)


def common_rounds(results: Sequence[FitResult]) -> int:
    """Return the rounds that every fold reached; an exhausted one reaches any."""
    ends = [result.n_rounds for result in results if not result.exhausted]
    return min(ends) if ends else max(result.n_rounds for result in results)


def _continued(curve: NDArray[np.generic], n_rounds: int) -> Array:
    values = curve[: n_rounds + 1].astype(np.float64)
    missing = n_rounds + 1 - len(values)
    return np.concatenate([values, np.full(missing, values[-1])])


def cut_fold(inner: int, result: FitResult, n_rounds: int) -> FoldRecord:
    """Return a fold at the first ``n_rounds``, or at its last if it is exhausted."""
    cut = min(n_rounds, result.n_rounds)
    return FoldRecord(
        inner=inner,
        n_rounds=n_rounds,
        n_grown=result.n_rounds,
        exhausted=result.exhausted,
        valid_loss=float(result.valid_loss[cut]),
        train_loss=float(result.train_loss[cut]),
        size=result.sizes.at(cut),
        seconds=result.seconds,
    )


def trial_row(trial: Trial) -> Mapping[str, Any]:
    """Return a trial as a row: engine, state, losses, mean sizes, penalties."""
    sizes = {name.removeprefix("n_"): trial.sizes[name] for name in SIZES}
    return {
        "engine": trial.engine,
        "trial": trial.number,
        "state": trial.state,
        "rounds": trial.n_rounds,
        "loss": trial.loss,
        "loss_se": trial.loss_se,
        "train_loss": trial.train_loss,
        **sizes,
        "seconds": trial.seconds,
        **trial.penalty.as_dict(),
        "reason": trial.reason,
    }
