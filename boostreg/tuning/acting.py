"""Which penalties of a selected candidate act, and the candidate without the others.

A search keeps the luckiest of many values, also of a penalty that changes nothing.
Therefore each searched penalty of a pick is set to its weakest value, all else equal,
and measured on the same inner folds. It does not act if a prefix of that trial has no
more leaves than the pick, and a mean loss that is higher by no more than the tolerance:
the change that does not matter. So a penalty that only makes the model smaller acts,
because without it a model of that size has a higher loss. The standard error of the
difference plays no part: with it, a penalty without effect would be named in one of six
picks, for changes far below the tolerance.

Two penalties can each replace the other, so all that do not act alone are removed
together and measured again. While the result is not as good, the one whose removal
alone costs most is kept. The differences are always those to the pick of the search, so
that they do not add up.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.changes import TOLERANCE
from boostreg.errors import FitError
from boostreg.fits.fit import CutError, FitResult, TimeLimit
from boostreg.fits.work import FitWork
from boostreg.penalty import Penalty, Range
from boostreg.penalty.space import by_strength, least_of
from boostreg.penalty.value import PENALTY_FACTS
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.search import TuningJob
from boostreg.tuning.selection import Candidate, Selection, TrialCurves
from boostreg.tuning.trial import Setting, Trial

__all__ = ["KEPT", "PICKS", "ActingJob", "Reduced", "removable", "without"]

PICKS = ("best", "one_se")
"""Candidates whose penalties are tested."""

KEPT = ("capacity", "learning rate")
"""Groups of penalties that every model has, so that none can be removed."""

Measure = Generator[list[Penalty], Mapping[Penalty, Trial], "Reduced"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reduced:
    """A selected candidate without the penalties that do not act.

    Attributes
    ----------
    candidate : Candidate
        Its ``trial`` is the one that the search selected.
    penalty : Penalty
        Penalties that do not act have the weakest value that the space allows.
    curves : TrialCurves
        Of the measurement with ``penalty``.
    acting : tuple of str
        Searched penalties that act, and what every model has: capacity and learning
        rate.
    """

    candidate: Candidate
    penalty: Penalty
    curves: TrialCurves
    acting: tuple[str, ...]


def weakest(name: str, entry: Range) -> float:
    """Return the weakest value of a range: without effect, if it can be drawn.

    >>> weakest("reg_alpha", Range(low=1, high=10, zero=0.1))
    0.0
    >>> weakest("reg_alpha", Range(low=1, high=10))
    1
    >>> weakest("subsample", Range(low=0.5, high=0.9))
    0.9
    """
    idle = least_of(name, entry.high)
    if entry.contains(idle):
        return int(idle) if entry.whole else idle
    return by_strength(name, [entry.low, entry.high])[0]


def removable(penalty: Penalty, space: Mapping[str, Range]) -> tuple[str, ...]:
    """Return the searched penalties that are not at their weakest value."""
    return tuple(
        name
        for name, entry in space.items()
        if PENALTY_FACTS[name].group not in KEPT
        and getattr(penalty, name) != weakest(name, entry)
    )


def without(
    penalty: Penalty, names: Sequence[str], space: Mapping[str, Range]
) -> Penalty:
    """Return ``penalty`` with these at their weakest value."""
    values: dict[str, Any] = {name: weakest(name, space[name]) for name in names}
    return replace(penalty, **values)


@dataclass(frozen=True, slots=True)
class _Removal:
    """The best prefix without a penalty that has no more leaves than the pick."""

    n_rounds: int
    difference: float
    is_as_good: bool


def _removal(
    trial: Trial, losses: Array, n_leaves: float, tolerance: float
) -> _Removal | None:
    """Compare a trial with a pick of these losses by fold; None if it failed."""
    if trial.curves is None:
        return None
    (small,) = np.nonzero(trial.curves.n_leaves <= n_leaves)
    k = int(small[trial.curves.mean_loss[small].argmin()])
    mean = float(losses.mean())
    difference = float(trial.curves.mean_loss[k]) - mean
    return _Removal(k, difference, difference <= tolerance * mean)


def reduction(
    pick: Candidate,
    penalty: Penalty,
    curves: TrialCurves,
    space: Mapping[str, Range],
    tolerance: float,
) -> Measure:
    """Yield penalties to measure, take their trials, and return the reduced pick.

    ``penalty`` and ``curves`` are those of the pick's trial.
    """
    losses = curves.valid_loss[:, pick.n_rounds]
    chosen = Reduced(candidate=pick, penalty=penalty, curves=curves, acting=())
    names = removable(penalty, space)
    alone = {name: without(penalty, [name], space) for name in names}
    trials = yield list(alone.values())
    found = {
        name: _removal(trials[one], losses, pick.n_leaves, tolerance)
        for name, one in alone.items()
    }
    passed = {name: one for name, one in found.items() if one and one.is_as_good}
    off = sorted(passed, key=lambda name: passed[name].difference)
    while off:
        less = without(penalty, off, space)
        if less not in trials:
            trials = {**trials, **(yield [less])}
        removal = _removal(trials[less], losses, pick.n_leaves, tolerance)
        found_curves = trials[less].curves
        if removal and removal.is_as_good and found_curves is not None:
            numbered = replace(found_curves, number=pick.trial)
            chosen = Reduced(
                candidate=numbered.candidate(removal.n_rounds),
                penalty=less,
                curves=numbered,
                acting=(),
            )
            break
        off.pop()
    return replace(chosen, acting=_acting(chosen, space))


def _acting(chosen: Reduced, space: Mapping[str, Range]) -> tuple[str, ...]:
    if chosen.candidate.n_rounds == 0:
        return ()
    kept = removable(chosen.penalty, space)
    return tuple(n for n in space if n in kept or PENALTY_FACTS[n].group in KEPT)


class ActingJob:
    """Reduces the picks of a search, once it is done.

    ``reduced`` has the result by pick; it is empty if no trial is complete.

    With a budget of the search, it is skipped if it would not end in time, and stopped
    at its time limit; ``reduced`` is empty then, and ``was_cut`` true.
    """

    def __init__(
        self,
        search: TuningJob,
        tolerance: float = TOLERANCE,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search, self.tolerance, self._clock = search, tolerance, clock
        self.was_cut = False
        self._open: dict[str, Measure] | None = None
        self._engines: dict[str, str] = {}
        self._wanted: dict[str, list[Penalty]] = {}
        self._measuring: Measuring | None = None
        self.reduced: dict[str, Reduced] = {}
        self.n_received = 0
        """Number of fits whose result has arrived."""

    @property
    def selection(self) -> Selection:
        """The selection of the search, with reduced picks.

        Raises
        ------
        FitError
            If no trial is complete.
        """
        picks: dict[str, Any] = {n: one.candidate for n, one in self.reduced.items()}
        return replace(self._search.tuning.selection, **picks)

    @property
    def label(self) -> str:
        """The searched engines, in words."""
        return self._search.tuning.label

    @property
    def done(self) -> bool:
        """Whether all picks are reduced."""
        return self._open is not None and not self._open

    @property
    def n_left(self) -> int:
        """Number of missing fits, as far as it is known."""
        return 0 if self._measuring is None else self._measuring.n_left

    @property
    def limit(self) -> TimeLimit | None:
        """Current time limit of its work."""
        budget = self._search.budget
        if budget is None:
            return None
        return budget.of_acting(self._search.tuning.incumbent)

    def ready(self) -> Sequence[FitWork]:
        """Return work that can run now; none before the search is done."""
        if self._open is None and self._search.done:
            self._begin()
        self._check_limit()
        return () if self._measuring is None else self._measuring.ready()

    def receive(self, work: FitWork, record: FitResult | FitError) -> None:
        """Take the result of a fit, or its error."""
        self.n_received += 1
        if isinstance(record, CutError):
            self.end()
        if self._measuring is None:
            return
        self._measuring.receive(work, record)
        if self._measuring.done:
            self._advance(self._measuring.trials)

    def _begin(self) -> None:
        tuning = self._search.tuning
        trials = {trial.number: trial for trial in tuning.trials}
        self._open = {}
        if all(trial.curves is None for trial in tuning.trials):
            return
        budget, best = self._search.budget, tuning.incumbent
        if budget and not budget.has_time_for_acting(self._clock(), best):
            self.end()
            return
        for name in PICKS:
            pick: Candidate = getattr(tuning.selection, name)
            trial = trials[pick.trial]
            if trial.curves is not None:
                self._engines[name] = trial.engine
                self._open[name] = reduction(
                    pick,
                    trial.penalty,
                    trial.curves,
                    tuning.proposers[trial.engine].space,
                    self.tolerance,
                )
        for name, one in self._open.items():
            self._wanted[name] = next(one)
        self._measure()

    def _check_limit(self) -> None:
        limit = self.limit
        if limit is not None and self._open and self._clock() >= limit.until:
            self.end()

    def end(self) -> None:
        """End the test now; ``reduced`` is empty then."""
        self.was_cut = True
        self._open, self._measuring, self.reduced = {}, None, {}

    def _measure(self) -> None:
        """Start measuring what is wanted; go on at once if that is nothing."""
        settings = [
            self._setting(name, penalty)
            for name, wanted in self._wanted.items()
            for penalty in wanted
        ]
        self._measuring = Measuring(settings, self._search.tuning.limits)
        if self._measuring.done and self._open:
            self._advance({})

    def _advance(self, measured: Mapping[Setting, Trial]) -> None:
        for name, one in list((self._open or {}).items()):
            wanted = self._wanted.pop(name)
            mine = {each: measured[self._setting(name, each)] for each in wanted}
            try:
                self._wanted[name] = one.send(mine)
            except StopIteration as end:
                self.reduced[name] = end.value
                if self._open:
                    del self._open[name]
        if self._open:
            self._measure()
        elif len(self.reduced) == len(PICKS):
            self._order()

    def _setting(self, name: str, penalty: Penalty) -> Setting:
        return Setting(self._engines[name], self._search.tuning.outer, penalty)

    def _order(self) -> None:
        """Keep ``one_se`` the smaller pick: ``best`` may have become smaller."""
        best, one_se = (self.reduced[name] for name in PICKS)
        if best.candidate.n_leaves < one_se.candidate.n_leaves:
            self.reduced["one_se"] = best
