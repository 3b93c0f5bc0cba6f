"""A search as a state machine: it requests fits, takes results, and selects.

It does not train and does not know the executor. Its requests and its outcome are pure
functions of its arguments and of the results of the fits, in any order of arrival.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from boostreg.errors import FitError
from boostreg.fits.fit import CutError, Fit, FitResult, TimeLimit
from boostreg.fits.schedule import Batch
from boostreg.fits.work import FitWork, Work
from boostreg.tuning.budget import Budget
from boostreg.tuning.guess import GUESSED, LeafSums, LeafWork, Prior, guesses, prior
from boostreg.tuning.measuring import (
    FitSettings,
    Measuring,
    Race,
    Rule,
    inner_fits,
)
from boostreg.tuning.proposals import JointProposer, Proposer, first_penalties
from boostreg.tuning.selection import Selection, TrialCurves, select
from boostreg.tuning.trial import Setting, Trial, fault, measured_trial

__all__ = ["MAX_GUESS_FOLDS", "Tuning", "TuningJob"]


@dataclass(slots=True)
class _OpenTrial:
    """A trial with unfinished fits."""

    setting: Setting
    measuring: Measuring
    race: Race | None = None
    results: dict[int, FitResult] = field(default_factory=dict)
    """By inner fold; of a fit that was cut, the rounds grown until then."""
    seconds: float = 0.0
    twins: list[int] = field(default_factory=list)
    """Later trials of the same setting, which get the same result."""


@dataclass(kw_only=True)
class Tuning:
    """The search for the penalties of one or several engines in one outer fold.

    Until ``done``: get fits from ``ready``, run them anywhere, and pass each record to
    ``receive``.

    Attributes
    ----------
    outer : int or None
        Outer fold; None for all rows.
    proposers : mapping
        A proposer by engine, unused so far, see ``JointProposer``. They determine the
        number of trials of all engines together.
    limits : FitSettings
    racing : {"moderated", "wilcoxon"} or None
        Rule by which hopeless trials are stopped; None measures all trials in full.
        The first trials are always measured in full, because a race needs rivals, and
        so are all trials of a sampler that trades leaves for loss. A trial that may lie
        on the front of leaves and loss is kept, see ``Race``.
    """

    outer: int | None
    proposers: Mapping[str, Proposer]
    limits: FitSettings
    racing: Rule | None = None

    def __post_init__(self) -> None:
        self.proposer = JointProposer(self.proposers)
        self._open: dict[int, _OpenTrial] = {}
        self._owner: dict[Fit, int] = {}
        self._new: list[Fit] = []
        self._ended: dict[int, Trial] = {}
        self._curves: dict[int, TrialCurves] = {}
        self._first: dict[Setting, int] = {}
        self._estimates: dict[int, float | None] = {}
        self._incumbent: tuple[float, int, Trial] | None = None
        self._stopped = False
        self.n_trials = self.proposer.n_trials
        """Number of trials to propose, at most that of the proposers."""
        self.n_dropped = 0
        """Number of trials that a time limit dropped."""
        self.n_partial: int | None = None
        """Number of folds of the only trial, if ``end`` kept an incomplete one."""

    def ready(self) -> list[Fit]:
        """Return the fits that can run now, each once, in order of urgency."""
        while self.proposer.may_ask and not self._asked_all:
            self._open_trial()
        new, self._new = self._new, []
        return new

    def ahead(self) -> list[FitWork]:
        """Return work that open trials need unless they lose their race.

        The oldest trial comes first: it determines when the next one may open.
        """
        return [w for trial in self._open.values() for w in trial.measuring.ahead()]

    def receive(self, fit: Fit, record: FitResult | FitError) -> None:
        """Take the result of a fit, or its error, in any order.

        A fit that was cut at its time limit drops its trial; if no trial is complete,
        it stops the search. Fits of dropped trials are ignored.
        """
        number = self._owner.pop(fit, None)
        if number is None:
            return
        trial = self._open[number]
        so_far = record.so_far if isinstance(record, CutError) else record
        if isinstance(so_far, FitResult) and so_far.n_rounds:
            trial.results[int(fit.inner or 0)] = so_far
        if isinstance(record, CutError):
            if self._curves:
                self._drop(number)
            else:
                self._stopped = True
            return
        trial.measuring.receive(FitWork(fit), record)
        if isinstance(record, FitResult):
            trial.seconds += record.seconds
        if trial.measuring.done:
            self._end(number, self._open.pop(number))
        else:
            self._ask(number, trial)

    def stop(self) -> None:
        """Stop proposing; open trials are still measured."""
        self._stopped = True

    def stop_after(self, number: int) -> None:
        """Stop after a trial that has ended, as all before it have.

        The trials that may be open by then are still measured, so that the result does
        not depend on the workers: ``number + in_flight`` in all.
        """
        last = min(self.n_trials, number + self.proposer.in_flight)
        self.n_trials = max(last, self.proposer.n_asked)

    def end(self) -> None:
        """Stop proposing, and drop the open trials: they neither failed nor lost.

        If no trial is complete, the one with results of the most folds is kept, on
        these folds, up to the rounds that all of them reached.
        """
        self._stopped = True
        self._new.clear()
        measured = {
            number: list(dict(sorted(trial.results.items())).values())
            for number, trial in self._open.items()
            if trial.results
        }
        sound = {n: results for n, results in measured.items() if not fault(results)}
        if sound and not self._curves:
            number = max(sound, key=lambda n: (len(sound[n]), -n))
            trial, self.n_partial = self._open[number], len(sound[number])
            n_rounds, patience = self.limits.rounds_of(trial.setting.penalty)
            kept = measured_trial(
                number,
                trial.setting,
                sound[number],
                n_rounds=n_rounds,
                patience=patience,
            )
            self._estimates[number] = kept.loss
            self._record(replace(kept, seconds=trial.seconds), number)
        for number in list(self._open):
            self._drop(number)

    def _drop(self, number: int) -> None:
        trial = self._open.pop(number)
        self._owner = {fit: n for fit, n in self._owner.items() if n != number}
        for one in (number, *trial.twins):
            if one not in self._ended:
                self.n_dropped += 1
                self.proposer.tell(one, None)

    @property
    def done(self) -> bool:
        """Whether all trials have finished."""
        return self._asked_all and not self._open

    @property
    def _asked_all(self) -> bool:
        return self._stopped or self.proposer.n_asked >= self.n_trials

    @property
    def label(self) -> str:
        """The searched engines, in words."""
        return " and ".join(self.proposers)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Finished trials, by number."""
        return tuple(self._ended[number] for number in sorted(self._ended))

    @property
    def incumbent(self) -> Trial | None:
        """The complete trial with the lowest loss so far; ties by lower number."""
        return self._incumbent[-1] if self._incumbent else None

    @property
    def standing(self) -> str:
        """What is searched, and the best trial so far, in words."""
        fold = "all rows" if self.outer is None else f"fold {self.outer}"
        found, best = "no trial yet", self.incumbent
        if best is not None:
            leaves = best.sizes["n_leaves"]
            found = f"best loss {best.loss:.5g}, {leaves:,.0f} leaves"
        return f"{self.label}, {fold}: {found}"

    @property
    def selection(self) -> Selection:
        """The selection among the candidates of all complete trials.

        Raises
        ------
        FitError
            If no trial is complete.
        """
        curves = [trial.curves for trial in self.trials if trial.curves is not None]
        if curves:
            return select(curves)
        where = "all rows" if self.outer is None else f"outer fold {self.outer}"
        reasons = (f" The first failed: {trial.reason}" for trial in self.trials)
        raise FitError(
            f"No trial of {self.label} on {where} is complete.{next(reasons, '')}"
        )

    def _open_trial(self) -> None:
        number, (engine, penalty) = self.proposer.n_asked, self.proposer.ask()
        setting = Setting(engine, self.outer, penalty)
        first = self._first.setdefault(setting, number)
        if first in self._ended:
            self._record(_twin(self._ended[first], number), first)
        elif first in self._open:
            self._open[first].twins.append(number)
        else:
            race = None
            by_loss = self.proposer.sampler != "nsga2"
            if self.racing is not None and by_loss:
                last = number - self.proposer.in_flight
                seen = [self._curves[n] for n in sorted(self._curves) if n <= last]
                race = Race.among(seen, self.racing)
            measuring = Measuring([setting], self.limits, race=race)
            self._open[number] = _OpenTrial(setting, measuring, race)
            self._ask(number, self._open[number])

    def _ask(self, number: int, trial: _OpenTrial) -> None:
        new = [work.fit for work in trial.measuring.ready()]
        self._owner.update(dict.fromkeys(new, number))
        self._new.extend(new)

    def _end(self, number: int, trial: _OpenTrial) -> None:
        (measured,) = trial.measuring.trials.values()
        ended = replace(_twin(measured, number), seconds=trial.seconds)
        loss = ended.loss if ended.state == "complete" else None
        if ended.state == "raced" and trial.race is not None:
            loss = trial.race.estimate([fold.valid_loss for fold in ended.folds])
        self._estimates[number] = loss
        self._record(ended, number)
        for twin in trial.twins:
            self._record(_twin(ended, twin), number)

    def _record(self, trial: Trial, first: int) -> None:
        """Store a trial and report it; trial ``first`` has the same setting."""
        self._ended[trial.number] = trial
        if trial.curves is not None:
            self._curves[trial.number] = trial.curves
            place = (trial.loss, trial.number)
            if self._incumbent is None or place < self._incumbent[:2]:
                self._incumbent = (*place, trial)
        leaves = trial.sizes["n_leaves"]
        self.proposer.tell(trial.number, self._estimates[first], leaves)


def _twin(trial: Trial, number: int) -> Trial:
    """Return ``trial`` under another number, at no cost."""
    curves = trial.curves and replace(trial.curves, number=number)
    return replace(trial, number=number, curves=curves, seconds=0.0)


_GRACE = 1.0
"""Seconds to wait for other folds that are cut, if no trial is complete."""

MAX_GUESS_FOLDS = 5
"""Maximum number of inner folds on which leaves are measured for a guess."""


class TuningJob:
    """A search as a job: its fits become work, and records are passed back to it.

    If a single proposer of ``tuning`` takes guesses, they are computed here.

    With a ``timeout``, it stops proposing that many seconds after the first fit. Open
    trials are still measured, so the first trials, the references, always are. With a
    ``budget``, its fits have a time limit, and open trials are dropped at the end.
    """

    def __init__(
        self,
        tuning: Tuning,
        *,
        timeout: float | None = None,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tuning, self.budget = tuning, budget
        self._timeout, self._clock = timeout, clock
        self._started: float | None = None
        self._latest = math.inf
        self._ended = False
        (engine, self._guessed), *_ = tuning.proposers.items()
        fits = []
        if self._guessed.guess_numbers:
            free, _ = first_penalties(self._guessed.fixed, self._guessed.scale)
            setting = Setting(engine, tuning.outer, free)
            fits = inner_fits(setting, tuning.limits)[:MAX_GUESS_FOLDS]
        self._leaves = [LeafWork(fit) for fit in fits]
        self._guessing = Batch(self._leaves, needed=False)

    @property
    def done(self) -> bool:
        """Whether all trials have finished, or the time of the search is over."""
        skipped = self.budget is not None and self._ended
        return self.tuning.done and (skipped or self._guessing.done)

    @property
    def was_cut(self) -> bool:
        """Whether time ended it or a trial, so that results depend on the machine."""
        return self._ended or self.tuning.n_dropped > 0

    @property
    def limit(self) -> TimeLimit | None:
        """Current time limit of its work."""
        if self.budget is None:
            return None
        return self.budget.of_search(self.tuning.incumbent)

    @property
    def prior(self) -> Prior | None:
        """Prior estimated from the leaves of the unpenalised fit, if measured."""
        return prior(self._found)

    @property
    def guesses(self) -> Mapping[str, int]:
        """Numbers of the guessed trials, by penalty."""
        names = (name for name in GUESSED if name in self._guessed.space)
        return dict(zip(names, self._guessed.guess_numbers, strict=False))

    def ready(self) -> Sequence[Work[Any]]:
        """Return work that can run now."""
        self._check_timeout()
        leaves, fits = self._guessing.ready(), map(FitWork, self.tuning.ready())
        # The budget may end before the first trials if they come last.
        return [*leaves, *fits] if self.budget is None else [*fits, *leaves]

    def receive(self, work: FitWork | LeafWork, record: Any) -> None:
        """Take the result of a fit, or its FitError."""
        if isinstance(work, LeafWork):
            self._guessing.receive(work, record)
            if self._guessing.done:
                to = self._guessed
                to.take_guesses(guesses(self._found, to.space, to.fixed, to.scale))
        else:
            self.tuning.receive(work.fit, record)
            if isinstance(record, CutError) and self.tuning.incumbent is None:
                # Folds that started at the same time are cut at the same time.
                self._latest = min(self._latest, self._clock() + _GRACE)
        self._check_timeout()

    @property
    def _found(self) -> list[LeafSums]:
        """Measured leaves by inner fold, without failed folds."""
        records = self._guessing.records
        return [records[work] for work in self._leaves if work in records]

    def end(self) -> None:
        """End the search now, with the trials that are complete."""
        if not self.tuning.done:
            self._ended = True
            self.tuning.end()

    def _check_timeout(self) -> None:
        if self._ended or self.tuning.done:
            return
        now = self._clock()
        if self.limit is not None and now >= min(self.limit.until, self._latest):
            self.end()
        if self._timeout is None:
            return
        if self._started is None:
            self._started = now
        elif now - self._started >= self._timeout:
            self._ended = self.tuning.proposer.n_asked < self.tuning.proposer.n_trials
            self.tuning.stop()
