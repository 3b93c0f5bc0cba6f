"""Forecasts the time of a run: its pieces of work by part, and the CPU seconds of each.

All parts are counted before the run from its plan. Counts of later parts depend on
what searches find, so they are typical values until the part begins. A piece of a part
that has not begun costs a typical multiple of the engine's mean fit in the searches.
Before the searches, the seconds of that fit are estimated from a few timed fits.

CPU seconds do not depend on other programs on the machine. The pace, wall time per CPU
second of a worker, is measured during the run.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import cache
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from boostreg.baselines.inputs import count_inputs
from boostreg.baselines.names import L1_RATIOS
from boostreg.claims.work import ExperimentWork
from boostreg.effects.importance import design_penalties
from boostreg.effects.mechanism import MECHANISMS
from boostreg.effects.sketch import N_SKETCHES
from boostreg.errors import FitError
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.fit import Fit
from boostreg.fits.ledger import Ledger
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.timing import Timing, time_fits
from boostreg.fits.work import (
    PRELOAD,
    BaselineWork,
    ModelWork,
    ReferenceWork,
    Work,
)
from boostreg.penalty.value import PENALTY_FACTS
from boostreg.progress import duration
from boostreg.study.load import Study
from boostreg.study.measurements import Claims
from boostreg.study.memory import available_memory, memory_lines
from boostreg.study.placement import count_workers, is_elsewhere, placed
from boostreg.study.plan import Plan
from boostreg.tuning.acting import KEPT, PICKS
from boostreg.tuning.guess import LeafWork
from boostreg.tuning.measuring import inner_fits
from boostreg.tuning.proposals import first_penalties
from boostreg.tuning.search import MAX_GUESS_FOLDS
from boostreg.tuning.trial import Setting, Trial

__all__ = [
    "REPEATED",
    "SECONDS_AFTER",
    "Forecast",
    "Part",
    "Races",
    "estimates",
    "forecast_run",
    "outline",
    "part_of",
    "time_line",
    "typical_pieces",
]

Part = tuple[str, str]
"""What is done, and the engine or baseline, empty if there is none."""

_FREE: Mapping[str, float] = MappingProxyType(
    {
        "guesses": 1.25,
        "paths": 1.1,
        "mechanisms": 0.8,
        "outer losses of paths": 1.1,
    }
)
"""Typical CPU seconds of fits with hardly any penalty, as a multiple of a fit of the
searches. Rounded from runs on eleven tables of 214 to 5,000 rows, as all that is
typical here."""
_TUNED: Mapping[str, float] = MappingProxyType(
    {
        "tests of penalties": 0.8,
        "rounds on all rows": 0.9,
        "refits": 0.9,
        "models": 1.1,
        "paths around the best": 0.7,
        "incumbents": 0.75,
        "outer losses around the best": 0.75,
    }
)
"""The same with chosen penalties. How large the chosen models are depends on the data,
so what is measured of one of these parts corrects the others."""
_OTHER: Mapping[str, float] = MappingProxyType(
    {"importance": 0.7, "first trees": 0.1, "defaults": 1.1}
)
_ON_ALL_ROWS = ("rounds on all rows", "defaults", "refits", "models")
"""Parts whose fits see all training rows, also if searches see fewer."""
REPEATED = ("tests of penalties", "paths", "paths around the best")
"""Parts with fits on inner folds that may be repeated, as in searches."""
_GROUPS = (_FREE, _TUNED, _OTHER)
_SECONDS: Mapping[str, float] = MappingProxyType({"surrogates": 0.7, "claims": 1.0})
"""Typical CPU seconds of a piece of work that is no fit of an engine."""
_PATH_SECONDS = {"least squares": 0.015, "one output": 0.05, "classes": 0.1}
_CELL_SECONDS = {"least squares": 5e-6, "one output": 1.2e-6, "classes": 2.5e-6}
"""Typical CPU seconds of a path of a linear baseline, and what each cell of its design
matrix and output adds."""
_IMPORT_SECONDS = 1.6
"""CPU seconds of each worker before its first least squares."""
_UNKNOWN_BASELINE = 0.2
"""CPU seconds of a baseline of which nothing is known."""
_TESTED = 2.0
"""Typical number of trials that test a penalty of the picks of a long search."""
_UNTESTED = 3
"""Number of the first trials of a search that have hardly a penalty to test."""
_KEPT_OF_RACED = 0.6
"""Typical share of its folds on which a trial that races is measured."""
_REPEATS_ARE_LONG = 1.25
"""Typical seconds of a fit, repeated ones included, as a multiple of a first one."""
_FITS_PER_FOLD = 1.2
"""Typical number of fits per fold: some are repeated with more rounds."""
_UNRACED = 9
"""Number of the first trials of a search that are measured on all folds."""
_WEIGHT = 3.0
"""Typical values count as so many observed ones."""
SECONDS_AFTER = 2.0
"""Typical CPU seconds after the last fit."""
_SECONDS_BEFORE = 5.0
"""Typical wall seconds of a run before the first fit, and of Python's own start and
end."""
_PROBE_SECONDS = 1.0
"""Wall seconds for which a worker times fits of an engine."""
_SPREAD = 3
"""Maximum number of fits spread over the space that are timed per engine."""


_NAMES: Mapping[type, str] = MappingProxyType(
    {
        LeafWork: "guesses",
        ReferenceWork: "defaults",
        BaselineWork: "baselines",
        ModelWork: "models",
    }
)
"""What work does that shares a job with other work."""


def part_of(name: str, work: Work[Any]) -> Part:
    """Return the part of a piece of work, given what its job does."""
    found: Any = work
    if isinstance(work, BaselineWork | ExperimentWork):
        of = work.name
    else:
        of = getattr(getattr(found, "fit", found), "engine", "")
    return _NAMES.get(type(work), name), str(of)


class Races:
    """The number of fits of trials: of all inner folds, or fewer if they race.

    A fit that stops long before those of other folds is repeated with more rounds.
    """

    def __init__(self, n_inner: int, *, racing: bool) -> None:
        self._n_inner, self._typical = n_inner, _KEPT_OF_RACED if racing else 1.0
        self._raced: dict[int, tuple[int, int]] = {}
        self._folds: Counter[int] = Counter()
        self._n_fits = 0

    @property
    def fits_per_fold(self) -> float:
        """Number of fits per fold on which a trial is measured."""
        n_folds = _WEIGHT * self._n_inner
        n_fits = _FITS_PER_FOLD * n_folds + self._n_fits
        return max(n_fits / (n_folds + self._folds.total()), 1.0)

    def note_fit(self) -> None:
        """Count a fit of a search."""
        self._n_fits += 1

    def note(self, search: int, trials: Sequence[Trial]) -> None:
        """Take the finished trials of a search; ``search`` is any number of its own."""
        self._folds[search] = sum(len(one.folds) for one in trials)
        folds = [len(one.folds) for one in trials if one.number >= _UNRACED]
        self._raced[search] = len(folds), sum(folds)

    def fits_left(self, n_ended: int, n_trials: int) -> float:
        """Return the number of fits of the trials of a search that have not ended."""
        n_raced, n_folds = map(sum, zip((0, 0), *self._raced.values(), strict=True))
        kept = _WEIGHT * self._typical * self._n_inner + n_folds
        each = max(kept / (_WEIGHT + n_raced), 1.0)
        n_full = max(min(n_trials, _UNRACED) - n_ended, 0)
        n_rest = max(n_trials - n_ended - n_full, 0)
        return (n_full * self._n_inner + n_rest * each) * self.fits_per_fold


def typical_pieces(plan: Plan, races: Races | None = None) -> dict[Part, float]:
    """Return the typical number of pieces of work of each part of a run."""
    spec, n_inner = plan.spec, plan.splits.n_inner
    n_outer, n_first = len(plan.outer_folds), len(plan.first_outer_folds)
    n_searches, n_trials = n_outer + 1, spec.search.trials
    races = races or Races(n_inner, racing=spec.search.racing)
    n_refits = n_outer * (len(PICKS) + 1)  # the last one is unpenalised
    n_rounds = n_refits + len(PICKS) if plan.splits.searched else 0
    found: dict[Part, float] = {}
    for engine in spec.engines:
        grids, ranges = plan.grids[engine], plan.ranges(engine)
        penalties = [n for n in ranges if PENALTY_FACTS[n].group not in KEPT]
        # Each path has one more value, the library's own; the first is shared.
        n_values = sum(map(len, grids.values())) + bool(grids)
        tested = _TESTED * max(1 - _UNTESTED / n_trials, 0) * len(penalties)
        pieces = {
            "searches": n_searches * races.fits_left(0, n_trials),
            "guesses": n_searches * min(n_inner, MAX_GUESS_FOLDS),
            "tests of penalties": n_searches * tested * n_inner,
            "paths": n_values * n_first * n_inner,
            "importance": (spec.effects.points if ranges else 0) * n_first,
            "first trees": len(grids) * N_SKETCHES,
            "defaults": n_outer,
            "rounds on all rows": n_rounds,
            "refits": n_refits,
            "models": len(PICKS),
            "paths around the best": n_values * n_outer * n_inner,
            "mechanisms": len({*MECHANISMS} & {*grids}) * n_first * n_inner,
            "incumbents": n_outer * min(n_trials, 2 + math.log(n_trials)),
            "outer losses of paths": n_values * n_first,
            "outer losses around the best": n_values * n_outer,
        }
        repeated = dict.fromkeys(REPEATED, races.fits_per_fold)
        found |= {(n, engine): k * repeated.get(n, 1.0) for n, k in pieces.items()}
    n_measures = 4 * len(spec.engines) if spec.effects.points else 0
    found["surrogates", ""] = float(n_measures)
    found |= {("baselines", one): n_outer + 1.0 for one in plan.baseline_names}
    claims = Counter(part_of("claims", work) for work in Claims(plan).job.new)
    return found | {part: float(count) for part, count in claims.items()}


def probed_fits(plan: Plan, engine: str) -> list[Fit]:
    """Return fits to time: without penalties, with our defaults, and spread.

    The latter are the additive recurrence of Roberts: coordinate j of point k is the
    fractional part of 1/2 + k / phi**j, where phi**(d + 1) = phi + 1. Each fit is on
    another outer fold, because folds need different numbers of rounds.
    """
    ranges, fixed = plan.ranges(engine), plan.spaces[engine].fixed
    n_ranges, phi = len(ranges), 2.0
    for _ in range(50):
        phi = (1 + phi) ** (1 / (n_ranges + 1))
    steps = phi ** -np.arange(1, n_ranges + 1)
    shares = (0.5 + np.outer(np.arange(_SPREAD), steps)) % 1
    made = design_penalties(ranges, shares, fixed, plan.spec.search.scale)
    penalties = (*first_penalties(fixed, plan.spec.search.scale), *made)
    folds = cycle((*plan.outer_folds, None))
    settings = [Setting(engine, next(folds), one) for one in penalties]
    return [inner_fits(one, plan.limits)[0] for one in settings]


_UNKNOWN = Timing(0.1, 0.1)
"""Assumed for a fit that was not timed."""


def time_engines(plan: Plan) -> dict[str, Timing]:
    """Time a few fits of each engine in workers of their own."""
    workers = min(count_workers(plan), len(plan.spec.engines))
    threads, cards = plan.limits.threads, plan.cards
    with (
        LocalExecutor(
            workers, threads=threads, preload=PRELOAD, cards=cards
        ) as executor,
        scratch_folder(plan.dataset.save) as data,
    ):
        executor.start()
        return _timed(plan, executor, str(data))


def _timed(plan: Plan, executor: Executor, data: str) -> dict[str, Timing]:
    """Return the time of a fit of the searches by engine.

    All engines are timed at the same time, if there is a worker for each.
    """
    ends = {
        engine: executor.submit(
            time_fits,
            data,
            probed_fits(plan, engine),
            _PROBE_SECONDS,
            plan.spec.search.trials,
        )
        for engine in plan.spec.engines
    }
    found = dict.fromkeys(ends, _UNKNOWN)
    for engine, end in ends.items():
        with suppress(FitError):  # its fits in the run will say why
            found[engine] = end.result()
    return found


def slowness(timings: Mapping[str, Timing]) -> float:
    """Return wall seconds per CPU second, at least 1."""
    cpu = sum(one.cpu for one in timings.values())
    return max(sum(one.wall for one in timings.values()) / max(cpu, 1e-3), 1.0)


def run_seconds(plan: Plan, timings: Mapping[str, Timing], workers: int) -> float:
    """Return the seconds that a run would take on cores that it has for itself."""
    work = forecast_of(plan, timings).seconds_left / plan.limits.threads / workers
    is_linear = plan.objective.name == "squared_error" and len(plan.baseline_names) > 1
    before = _SECONDS_BEFORE + (_IMPORT_SECONDS if is_linear else 0.0)
    return work + before + SECONDS_AFTER


def forecast_of(plan: Plan, timings: Mapping[str, Timing]) -> "Forecast":
    """Return the forecast of a run, given the time of fits by engine."""
    seconds = {name: _REPEATS_ARE_LONG * one.cpu for name, one in timings.items()}
    growth = row_growth(plan)
    return Forecast(typical_pieces(plan), seconds, baseline_seconds(plan), growth)


def row_growth(plan: Plan) -> float:
    """Return training rows of an outer fold per row that its search sees."""
    seen, whole = (len(plan.splits.rows(0, which)[0]) for which in ("searched", None))
    return whole / seen


def baseline_seconds(plan: Plan) -> dict[str, float]:
    """Return the typical CPU seconds of each baseline on one outer fold.

    Each L1 ratio needs a path per inner fold; the chosen one needs another.
    """
    n_inputs = count_inputs(plan.table.columns)
    n_rows, n_outputs = len(plan.splits.rows(0, 0)[0]), plan.objective.n_outputs
    kind = "classes" if n_outputs > 1 else "one output"
    if plan.objective.name == "squared_error":
        kind = "least squares"
    path = _PATH_SECONDS[kind] + _CELL_SECONDS[kind] * n_rows * n_inputs * n_outputs
    n_inner = plan.splits.n_inner
    return {
        name: path * (len(L1_RATIOS[name]) * n_inner + row_growth(plan))
        if name != "mean"
        else 0.01
        for name in plan.baseline_names
    }


def forecast_run(
    plan: Plan, ledger: Ledger, *, timed: bool
) -> tuple["Forecast", float]:
    """Return the forecast of a run, and the slowness of the machine.

    If the run is ``timed``, the workers time a few fits of each engine, all engines at
    the same time. Otherwise, and for fits that several workers share, a typical fit is
    assumed.
    """
    if not timed or plan.limits.machines > 1:
        return forecast_of(plan, dict.fromkeys(plan.spec.engines, _UNKNOWN)), 1.0
    found = _timed(plan, ledger.executor, ledger.data)
    return forecast_of(plan, found), slowness(found)


def estimates(plan: Plan, workers: int | None) -> Callable[[Plan], float]:
    """Return a function that returns the wall seconds from now of a run by its plan.

    Fits are timed at its first call.
    """
    timings = cache(lambda: time_engines(plan))
    n_workers = count_workers(plan) if workers is None else workers
    return lambda one: run_seconds(one, timings(), n_workers) * slowness(timings())


class Forecast:
    """The pieces of work of a run, and the CPU seconds of those that are left.

    Parameters
    ----------
    pieces : mapping
        Number of pieces by part.
    fit_seconds : mapping
        CPU seconds of a fit of the searches by engine.
    baseline_seconds : mapping
        CPU seconds on one outer fold by baseline.
    growth : float
        Training rows per row that a search sees.
    """

    def __init__(
        self,
        pieces: Mapping[Part, float],
        fit_seconds: Mapping[str, float],
        baseline_seconds: Mapping[str, float] = MappingProxyType({}),
        growth: float = 1.0,
    ) -> None:
        self._left = dict(pieces)
        self._fit_seconds = dict(fit_seconds)
        self._baseline_seconds = dict(baseline_seconds)
        self._growth = growth
        self._measured: dict[Part, tuple[int, float]] = {}
        self._done: Counter[Part] = Counter()

    @property
    def n_done(self) -> int:
        """Number of finished pieces."""
        return self._done.total()

    @property
    def n_total(self) -> int:
        """Number of pieces that are finished or left."""
        return self.n_done + round(sum(self._left.values()))

    @property
    def seconds_left(self) -> float:
        """CPU seconds of the pieces that are left."""
        return self._seconds(self._left)

    def seconds_with(self, pieces: Mapping[Part, float]) -> float:
        """Return the CPU seconds that would be left with other numbers of pieces."""
        return self._seconds(self._after_done(pieces))

    def take(self, pieces: Mapping[Part, float]) -> None:
        """Expect other numbers of pieces from now on, those that are done included."""
        self._left = self._after_done(pieces)

    def _after_done(self, pieces: Mapping[Part, float]) -> dict[Part, float]:
        return {part: max(n - self._done[part], 0) for part, n in pieces.items()}

    def _seconds(self, left: Mapping[Part, float]) -> float:
        return sum(n * self.seconds_of(part) for part, n in left.items() if n)

    @property
    def seconds_done(self) -> float:
        """CPU seconds of the pieces that were run."""
        return sum(seconds for _, seconds in self._measured.values())

    def expect(self, part: Part, n_left: float) -> None:
        """Set the number of pieces of a part that are left."""
        self._left[part] = n_left

    def recount(self, name: str, left: Mapping[Part, float]) -> None:
        """Set the number of pieces left of each part of one name; 0 if not given."""
        for part in self._left:
            if part[0] == name:
                self._left[part] = 0
        self._left.update(left)

    def finish(self, part: Part, seconds: float | None) -> None:
        """Count a finished piece; ``seconds`` is None if it was not run now."""
        self._done[part] += 1
        self._left[part] = max(self._left.get(part, 0) - 1, 0)
        if seconds is not None:
            n, total = self._measured.get(part, (0, 0.0))
            self._measured[part] = (n + 1, total + seconds)

    def seconds_of(self, part: Part) -> float:
        """Return the CPU seconds of a piece of a part."""
        n, total = self._measured.get(part, (0, 0.0))
        return (_WEIGHT * self._typical(part) + total) / (_WEIGHT + n)

    def _typical(self, part: Part) -> float:
        """Return the CPU seconds of a piece of which none is finished."""
        name, of = part
        if name == "searches":
            return self._fit_seconds[of] * self._ratio()
        for group in _GROUPS:
            if name in group:
                own = self._relative(group, name) * self._group_ratio(group, of)
                return own * self.seconds_of(("searches", of))
        if name == "baselines":
            own = self._baseline_seconds.get(of, _UNKNOWN_BASELINE)
            return own * self._baseline_ratio()
        seen = [one for (kind, _), one in self._measured.items() if kind == name]
        if seen:  # other experiments
            return sum(total for _, total in seen) / sum(n for n, _ in seen)
        return _SECONDS[name]

    def _relative(self, group: Mapping[str, float], name: str) -> float:
        """Return the typical seconds of a part as a multiple of a fit of searches."""
        return group[name] * (self._growth if name in _ON_ALL_ROWS else 1.0)

    def _group_ratio(self, group: Mapping[str, float], of: str) -> float:
        """Return measured seconds divided by typical ones in a group of an engine."""
        typical = total = _WEIGHT * self.seconds_of(("searches", of))
        if group is _OTHER:
            return 1.0
        for name in group:
            n, seconds = self._measured.get((name, of), (0, 0.0))
            ratio = self._relative(group, name)
            typical += n * ratio * self.seconds_of(("searches", of))
            total += seconds
        return total / typical

    def _baseline_ratio(self) -> float:
        """Return measured seconds of baselines divided by typical ones."""
        typical = total = sum(self._baseline_seconds.values(), _UNKNOWN_BASELINE)
        for (kind, of), (n, seconds) in self._measured.items():
            if kind == "baselines":
                typical += n * self._baseline_seconds.get(of, _UNKNOWN_BASELINE)
                total += seconds
        return total / typical

    def _ratio(self) -> float:
        """Return the seconds of fits of searches divided by those of timed fits."""
        timed = total = _WEIGHT * min(self._fit_seconds.values())
        for (kind, of), (n, seconds) in self._measured.items():
            if kind == "searches":
                timed += n * self._fit_seconds[of]
                total += seconds
        return total / timed


def time_line(plan: Plan) -> str:
    """Return how long a run would take here, from a few fits that are timed now."""
    if is_elsewhere(plan):
        needed = "devices" if plan.spec.compute.machines == 1 else "machines"
        return f"unknown, because only the cluster has the {needed} of the fits"
    workers = count_workers(plan)
    seconds = run_seconds(plan, time_engines(plan), workers)
    unit = "device" if plan.cards else "core"
    cores = f"on {workers} {unit}{'s' * (workers > 1)}"
    most = plan.spec.budget
    if most is not None and seconds > most:
        whole = f"about {duration(seconds)} without it"
        return f"{duration(most)} {cores} by its budget, {whole}"
    return f"about {duration(seconds)} {cores}"


def outline(study: Study, out: Path = Path("reports")) -> tuple[str, ...]:
    """Return lines on the data, the folds and the work of a study, and its time.

    Warnings come last, also on ranges that were too narrow in an earlier run in
    ``out``. Errors are those of ``Plan``.
    """
    plan, spec = placed(study), study.spec
    table, splits = plan.table, plan.splits
    n_outer, n_inner = splits.n_outer, splits.n_inner
    n_trials = len(spec.engines) * (n_outer + 1) * spec.search.trials
    pieces: dict[str, float] = {}
    for (name, _), count in typical_pieces(plan).items():
        pieces[name] = pieces.get(name, 0) + count
    n_pieces, timed = sum(pieces.values()), not is_elsewhere(plan)
    parts = ", ".join(f"{name} {n:,.0f}" for name, n in pieces.items() if n)
    data = (
        f"data: {spec.data.source}, {table.n_samples:,} rows, {table.n_features:,} "
        f"features, {table.task} of {table.target!r} by {plan.objective.name}"
    )
    machines = spec.compute.machines
    memory, too_much = (
        memory_lines(plan, count_workers(plan), available_memory())
        if machines == 1
        else memory_lines(plan, machines, None)  # it is elsewhere
    )
    return (
        spec.name if spec.title == spec.name else f"{spec.name}: {spec.title}",
        data,
        *(f"note: {note}" for note in table.notes),
        f"engines: {', '.join(spec.engines)}",
        f"folds: {n_outer} outer; {n_inner} inner within each, and on all rows",
        f"trials: {n_trials:,}, {spec.search.trials:,} per search",
        f"fits: about {n_pieces:,.0f} of at most {spec.rounds.max:,} rounds",
        f"fits by purpose: {parts}",
        *(f"devices: {len(plan.cards)} of {plan.device}" for _ in plan.cards[:1]),
        f"time: {time_line(plan)}" + (", by fits timed now" * timed),
        memory,
        *(f"note: {sentence}" for sentence in plan.notes),
        *(f"warning: {finding}" for finding in plan.lint()),
        *(f"warning: {finding}" for finding in plan.edge_findings(out / spec.name)),
        *too_much,
    )
