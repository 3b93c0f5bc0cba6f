"""Searching from Python: ``suggest`` for Optuna objectives, ``tune`` for tables."""

import logging
import math
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from boostreg.changes import TOLERANCE
from boostreg.data import Task
from boostreg.engines import Problem, get_engine
from boostreg.errors import (
    Fault,
    FitError,
    InterruptedRunError,
    PenaltyError,
    StudyError,
)
from boostreg.fits.dataset import Dataset
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.fit import TimeLimit, derive_seed
from boostreg.fits.journal import Journal
from boostreg.fits.ledger import Ledger
from boostreg.fits.process import count_cores
from boostreg.fits.schedule import Job, run_jobs
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.signals import stop_on_signals
from boostreg.fits.work import PRELOAD, Work
from boostreg.penalty import PENALTIES, Penalty, Scale, Space, parse_space
from boostreg.penalty.priors import check_prior_scale, with_prior_values
from boostreg.penalty.space import acting, corners, default_scale
from boostreg.progress import Event, Progress, bar, can_show_bar
from boostreg.spelling import SEARCH_NAMES, answers_names
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.budget import Budget
from boostreg.tuning.engine_space import EngineSpace, engine_space
from boostreg.tuning.measuring import FitSettings, Shrinkage
from boostreg.tuning.mirror import Callback, Callbacks, Link, Mirror, search_name
from boostreg.tuning.proposals import (
    GP_MAX_TRIALS,
    Proposer,
    Sampler,
    SamplerOf,
    portfolio,
)
from boostreg.tuning.rows import FOLDS, read_dataset
from boostreg.tuning.search import Tuning, TuningJob
from boostreg.tuning.tuned import Tuned, result_of

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

__all__ = ["check_names", "run_here", "suggest", "tune"]

_log = logging.getLogger(__name__)

_GRACE = 1.0
"""Seconds by which the last fit may pass the timeout before it is stopped."""

_AUTO = ("lightgbm", "xgboost")
"""The engines of ``auto``; first trials of LightGBM come first, they are cheaper."""

_RATE: Mapping[str, float | int | None] = MappingProxyType({"learning_rate": 0.1})

_TRIALS, _MOST_TRIALS = 40, 10_000
"""Default numbers of trials, without and with a timeout."""

_ROUNDS, _PATIENCE = Shrinkage(40.0), Shrinkage(3.0)
"""Default limits of a trial: 400 and 30 rounds at a learning rate of 0.1."""


def suggest(
    trial: "BaseTrial",
    space: str | Mapping[str, Any] | Space = "default",
    *,
    engine: str | None = None,
) -> Penalty:
    """Return the penalty that an Optuna trial proposes.

    Parameters
    ----------
    trial : optuna.Trial
        Its ``params`` are the values of the penalties. A penalty with a probability of
        being zero has a second parameter ``NAME_zero`` in [0, 1]: below the ``zero`` of
        its range, the penalty is exactly 0, regardless of ``NAME``. Both parameters are
        always suggested, because most samplers need a fixed set of parameters.
    space : str, mapping or Space
        Name of a built-in space, or ranges as in a study.
    engine : str, optional
        Adds the ranges that the space has for this engine only.

    Returns
    -------
    Penalty
        Penalties outside the space, and those whose condition is false, have our
        defaults.

    Raises
    ------
    PenaltyError
        If the space is unknown or invalid.

    Examples
    --------
    >>> import optuna
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    >>> study.optimize(lambda t: abs(suggest(t).reg_lambda - 5), n_trials=20)
    >>> sorted(study.best_params)[:3]
    ['max_leaves', 'min_split_gain', 'min_split_gain_zero']

    The best trial gives its penalty again:

    >>> abs(suggest(study.best_trial).reg_lambda - 5) == study.best_value
    True
    """
    parsed = space if isinstance(space, Space) else parse_space(space)
    ranges = parsed.for_engine(engine or "")
    values: dict[str, Any] = {}
    for name, entry in ranges.items():
        if entry.whole:
            low, high = int(entry.low), int(entry.high)
            values[name] = trial.suggest_int(name, low, high, log=entry.log)
            continue
        values[name] = trial.suggest_float(name, entry.low, entry.high, log=entry.log)
        if entry.zero and trial.suggest_float(f"{name}_zero", 0.0, 1.0) < entry.zero:
            values[name] = 0.0
    fixed: dict[str, Any] = dict(parsed.fixed)
    return Penalty(**fixed | acting(ranges, values))


@answers_names(SEARCH_NAMES)
def tune(  # noqa: PLR0913  the arguments are those of a study, by name
    X: Any,
    y: Any,
    *,
    engine: str | Sequence[str] = "auto",
    space: str | Mapping[str, Any] = "standard",
    trials: int | None = None,
    cv: Any = None,
    seed: int = 0,
    rounds: int | None = None,
    patience: int | None = None,
    fixed: Mapping[str, Any] = _RATE,
    workers: int | None = None,
    task: Task | None = None,
    objective: str | dict[str, float] | None = None,
    sample_weight: Any = None,
    groups: Any = None,
    offset: Any = None,
    scale: Scale | None = None,
    sampler: Sampler | SamplerOf = "tpe",
    racing: bool = True,
    in_flight: int = 4,
    timeout: float | None = None,
    tolerance: float = TOLERANCE,
    journal: str | Path | None = None,
    storage: str | None = None,
    callbacks: Sequence[Callback] = (),
    verbose: bool = True,
) -> Tuned:
    """Search engines and their penalties by cross-validation.

    Results depend only on the arguments and on the library versions, not on
    ``workers``; with a ``timeout`` also on the machine. The candidates were selected on
    these folds, so their losses are optimistic: a study estimates the loss on rows that
    the search never saw. Ctrl-C ends the search, and what was found is returned.

    Parameters
    ----------
    X : frame, array-like or sparse matrix of shape (n_samples, n_features)
        A data frame (pandas, polars, PyArrow and others) may contain numbers, booleans,
        text and categories, everything else numbers. NaN is missing; an absent entry
        of a sparse matrix is 0.
    y : array-like of shape (n_samples,)
        Numbers or classes.
    engine : {"auto", "xgboost", "lightgbm", "sklearn"} or sequence of str
        ``auto`` is LightGBM and XGBoost. Several engines share the trials: after the
        first ones of each, three of four are for the engine with the lowest loss so
        far, the fourth for another.
    space : str or mapping
        Name of a built-in space, or ranges and fixed values as in a study. Ranges of a
        built-in space that an engine does not support are removed for it (see
        ``Tuned.notes``).
    trials : int, optional
        Number of configurations of all engines together. Default: 40, or with a
        ``timeout`` as many as it allows. The first ones of a space that searches the
        learning rate are a few typical ones, small ensembles first; those of other
        spaces are no penalty and our defaults.
    cv : int, splitter or iterable, optional
        Number of folds, an object with scikit-learn's ``split``, or pairs of row
        positions. Default: five folds. If the ``timeout`` is too short for about 30
        trials on all of them, only the first 4, 3 or 2 of the five (see
        ``Tuned.notes``).
    seed : int
        Seed of folds, proposals and fits.
    rounds, patience : int
        Maximum boosting rounds, and rounds without improvement before a fit stops, in
        all trials. By default 40 and 3 divided by the learning rate of a trial.
    fixed : mapping
        Penalties that all trials share. ``learning_rate`` may be searched instead.
    workers : int, optional
        Number of processes. Default: one per core.
    task, objective
        As in a study; None infers them from ``y``, and ``Tuned.notes`` says how.
    sample_weight, groups : array-like of shape (n_samples,), optional
    offset : array-like of shape (n_samples,), optional
        What is added to the raw score, such as the logarithm of an exposure, for the
        objectives ``poisson``, ``gamma`` and ``tweedie``. Losses are then per unit of
        exposure, see ``BoostedRegressor.fit``.
    scale : {"raw", "rows", "share"}, optional
        Unit of the values in ``space`` and ``fixed``. Default: rows if ``space`` is
        ``default``, ``standard`` or ``wide`` and ``fixed`` has no penalty with a unit;
        otherwise raw, as in the libraries.
    sampler : {"tpe", "sobol", "random", "nsga2", "gp"} or callable
        A callable takes the seed of one proposal and returns a sampler of Optuna, for
        instance ``lambda seed: CmaEsSampler(seed=seed)``. Each proposal gets a new
        sampler. Results are reproducible if the sampler depends on that seed alone.
    racing : bool
        Stop hopeless trials before all folds.
    in_flight : int
        Maximum number of open trials, independent of the number of workers. Idle
        workers measure folds of open trials that may not be needed, so up to
        ``in_flight * cv`` workers are busy.
    timeout : float, optional
        Seconds of the whole call: the start of the workers, the search, the test of
        which penalties act, and the last fit on all rows. Fits in progress are stopped
        and their trials dropped. If no trial is complete by then, the result is one
        trial on the folds and rounds measured so far (see ``Tuned.notes``). The
        last fit is stopped one second after the timeout.
    tolerance : float
        The relative change of loss that does not matter, for ``Tuned.smallest``.
    journal : path, optional
        Folder that stores every finished fit, so that the same call resumes after a
        kill.
    storage : str, optional
        URL of an Optuna storage to mirror trials to, for its dashboard, with a study
        for each engine. The name of a study depends on everything that trials depend
        on, so searches do not mix.
    callbacks : sequence of callable
        Called with an ``optuna.Study`` in memory and with the ``FrozenTrial`` that has
        ended, in the order of their numbers, as by Optuna; the trial's ``user_attrs``
        have its engine. ``study.stop()`` ends the search: trials that may be open then
        are still measured (``in_flight - 1``), so the result does not depend on
        ``workers``.
    verbose : bool
        Show a bar, in a terminal or notebook.

    Returns
    -------
    Tuned

    Raises
    ------
    DataError, PenaltyError, StudyError, UnsupportedPenaltyError
        If an argument is invalid; nothing is computed then.
    FitError
        If no trial is complete, or nothing was measured within ``timeout``.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> tuned = tune(X, y, engine="lightgbm", trials=4, rounds=30, cv=3, workers=1)
    >>> tuned.one_se.n_leaves <= tuned.best.n_leaves
    True
    >>> sorted(tuned.best.params("xgboost"))[:3]
    ['colsample_bytree', 'gamma', 'grow_policy']
    >>> len(tuned.trials), tuned.pareto.n_leaves.is_monotonic_increasing
    (4, True)

    Smaller candidates, without fitting anything:

    >>> tuned.select(max_leaves=300).n_leaves <= 300
    True
    >>> max(tuned.smallest.n_leaves, tuned.knee.n_leaves) <= tuned.best.n_leaves
    True

    The model, its file, and a page:

    >>> tuned.predict(X).shape, tuned.fit(X[:300], y[:300]).predict(X).shape
    ((442,), (442,))
    >>> from tempfile import mkdtemp
    >>> folder = mkdtemp()
    >>> tuned.save(f"{folder}/model").name, tuned.report(f"{folder}/page.html").name
    ('model.txt', 'page.html')
    >>> tuned.figure().save(f"{folder}/search.svg").name
    'search.svg'
    """
    started = time.monotonic()
    _check_counts(in_flight=in_flight)
    optional = {
        "trials": trials,
        "rounds": rounds,
        "patience": patience,
        "workers": workers,
    }
    _check_counts(**{name: n for name, n in optional.items() if n is not None})
    _check_amounts(timeout, tolerance)
    engines = _engine_names(engine)
    if storage is not None and callable(sampler):
        raise StudyError("storage needs a sampler with a name, not a function.")
    link = None if storage is None else Link(storage)
    scale = scale or default_scale(space, fixed)
    for entries in (space, check_names(fixed)):
        check_prior_scale(entries, scale)
    searched = parse_space(space)
    dataset = read_dataset(
        X,
        y,
        cv=cv,
        seed=seed,
        task=task,
        objective=objective,
        sample_weight=sample_weight,
        groups=groups,
        offset=offset,
        core_seconds=(timeout or math.inf) * (workers or count_cores()),
    )
    problem = dataset.problem(None, 0)
    spaces = {name: _space_of(name, searched, fixed, problem) for name in engines}
    first_notes = list(dataset.table.notes[:1] if dataset.table.task_inferred else ())
    first_notes += [note for one in spaces.values() for note in one.notes]
    for note in first_notes:
        _log.info(note)
    asked = trials is not None
    if trials is None:
        most = GP_MAX_TRIALS if sampler == "gp" else _MOST_TRIALS
        trials = _TRIALS if timeout is None else most
    proposers = {
        name: _proposer_of(
            one,
            alone=len(spaces) == 1,
            leads=name == engines[0],
            scale=scale,
            sampler=sampler,
            seed=derive_seed(seed, "search", name, None),
            in_flight=in_flight,
            n_trials=trials,
        )
        for name, one in spaces.items()
    }
    limits = FitSettings(
        n_inner=dataset.splits.n_inner,
        n_rounds=rounds or _ROUNDS,
        patience=patience or _PATIENCE,
        seed=seed,
    )
    tuning = Tuning(
        outer=None,
        proposers=proposers,
        limits=limits,
        racing="moderated" if racing else None,
    )
    for name, one in spaces.items():
        for penalty in corners(one.ranges, one.fixed, scale):
            get_engine(name).check(penalty, problem)
    budget = None
    if timeout is not None:
        budget = Budget(
            started=started,
            timeout=timeout,
            reading=time.monotonic() - started,
            growth=1 + dataset.splits.inner_ratio,
            n_folds=dataset.splits.n_inner,
            n_penalties=max(len(one.ranges) for one in spaces.values()),
            workers=workers or count_cores(),
        )
    job = TuningJob(tuning, budget=budget)
    mirrors = {
        name: Mirror(link, search_name(f"tune/{name}", tuning, dataset), one.ranges)
        for name, one in spaces.items()
        if link is not None
    }
    ranges = {name: one.ranges for name, one in spaces.items()}
    called = Callbacks(callbacks, ranges)
    acting_job = ActingJob(job, tolerance)
    jobs: list[Job] = [job, acting_job]
    with bar() if verbose and can_show_bar() else nullcontext() as shown:
        was_stopped = run_here(
            jobs,
            dataset,
            workers=workers,
            journal=journal,
            mirrors=mirrors,
            callbacks=called,
            progress=shown,
            stoppable=True,
        )
    if was_stopped:
        _end(job, acting_job)
    called.update(tuning)  # those after a trial that a timeout dropped
    ended_by = "Ctrl-C" if was_stopped else "The timeout"
    notes = _notes_on_time(job, acting_job, asked=asked, ended_by=ended_by)
    notes += called.notes
    if cv is None and dataset.splits.n_inner < FOLDS:
        notes.insert(0, _few_folds(dataset.splits.n_inner))
    tuned = result_of(
        tuning,
        dataset,
        acting=acting_job,
        was_cut=job.was_cut or acting_job.was_cut,
        notes=(*first_notes, *notes),
    )
    return tuned.fit(
        X,
        y,
        sample_weight=sample_weight,
        offset=offset,
        until=math.inf if budget is None else budget.end + _GRACE,
    )


def _engine_names(engine: str | Sequence[str]) -> tuple[str, ...]:
    """Return the engines of ``tune``, each once; raise StudyError if one is unknown."""
    if engine == "auto":
        return _AUTO
    if isinstance(engine, str) or not isinstance(engine, Iterable):
        return (get_engine(engine).name,)
    names = tuple(dict.fromkeys(engine))
    if not names:
        raise StudyError.of(Fault(("engine",), "at least one engine", engine))
    return tuple(get_engine(name).name for name in names)


def _space_of(
    engine: str, space: Space, fixed: Mapping[str, Any], problem: Problem
) -> EngineSpace:
    """Return the search space of an engine, with the penalties that ``tune`` fixes."""
    held = with_prior_values(fixed)
    if fixed is _RATE:  # a default, which the search overrides
        named = space.for_engine(engine)
        held = {name: value for name, value in held.items() if name not in named}
    return engine_space(engine, space, dict(space.fixed) | held, problem)


def _proposer_of(
    space: EngineSpace, *, alone: bool, leads: bool, scale: Scale, **settings: Any
) -> Proposer:
    """Return the proposer of one engine; ``settings`` are those of ``Proposer``.

    It guesses trials if it is ``alone`` and its first trials are not typical ones. An
    engine that does not lead begins with two typical trials, which show whether it
    deserves more.
    """
    typical = portfolio(space.ranges, space.fixed, scale)
    first = typical if leads else typical[:1] + typical[2:3]
    return Proposer(
        space=space.ranges,
        fixed=space.fixed,
        scale=scale,
        guessed=alone and not first,
        first=first,
        **settings,
    )


def _few_folds(n_folds: int) -> str:
    return (
        f"Trials were measured on {n_folds} of {FOLDS} folds, because the timeout is "
        "short for a table of this size. cv sets their number."
    )


def _end(job: TuningJob, acting: ActingJob) -> None:
    """End a search after Ctrl-C; raise KeyboardInterrupt if it has no trial."""
    job.end()
    if not job.tuning.trials:
        raise KeyboardInterrupt
    if not acting.done:
        acting.end()


def _notes_on_time(
    job: TuningJob, acting: ActingJob, *, asked: bool, ended_by: str
) -> list[str]:
    """Return what ended early, and why; raise FitError if nothing was measured."""
    notes, tuning = [], job.tuning
    if job.budget is not None and not tuning.trials:
        raise FitError(
            f"Nothing was measured within the timeout of {job.budget.timeout:g} "
            "seconds, which includes the start of the workers. Use a longer timeout."
        )
    if job.was_cut:
        of_all = f" of {tuning.proposer.n_trials}" if asked else ""
        notes.append(
            f"{ended_by} ended the search: {len(tuning.trials)}{of_all} trials were "
            "measured."
        )
    if tuning.n_partial is not None:
        (trial,) = tuning.trials
        notes.append(
            f"No trial was complete: the only one was measured on {tuning.n_partial} "
            f"of {tuning.limits.n_inner} folds, up to round {trial.n_rounds}."
        )
    if acting.was_cut:
        notes.append(f"{ended_by} left no time to test which penalties act.")
    return notes


def run_here(  # noqa: PLR0913  the hooks of a search, by keyword
    jobs: list[Job],
    dataset: Dataset,
    *,
    workers: int | None = None,
    journal: str | Path | None = None,
    mirrors: Mapping[str, Mirror] = MappingProxyType({}),
    callbacks: Callbacks | None = None,
    progress: Progress | None = None,
    stoppable: bool = False,
) -> bool:
    """Run jobs on local processes; return whether Ctrl-C has stopped them.

    A mirror receives the trials of its engine, ``callbacks`` all trials. Unless jobs
    are ``stoppable``, Ctrl-C raises KeyboardInterrupt.
    """

    def after(job: Job, _work: Work[Any], _seconds: float | None) -> None:
        if not isinstance(job, TuningJob):
            return
        if progress is not None:
            most = 0 if job.budget else job.tuning.n_trials
            found = job.tuning.standing
            progress(Event("trials", len(job.tuning.trials), most, found))
        for engine, mirror in mirrors.items():
            own = (trial for trial in job.tuning.trials if trial.engine == engine)
            mirror.update(own)
        if callbacks is not None:
            callbacks.update(job.tuning)

    def ahead() -> list[Work[Any]]:
        searches = (job.tuning for job in jobs if isinstance(job, TuningJob))
        return [work for tuning in searches for work in tuning.ahead()]

    with ExitStack() as stack:
        executor = stack.enter_context(LocalExecutor(workers, preload=PRELOAD))
        executor.start()
        data = str(stack.enter_context(scratch_folder(dataset.save)))
        kept = None
        if journal is not None:
            Path(journal).mkdir(parents=True, exist_ok=True)
            kept = stack.enter_context(Journal(Path(journal) / "journal.db"))
        ledger = Ledger(dataset, data, executor, kept)
        stopped: Callable[[], bool] = lambda: False  # noqa: E731 - the default
        if stoppable:
            stopped = stack.enter_context(
                stop_on_signals(executor.kill_now, after=0, signals=(signal.SIGINT,))
            )
        with suppress(InterruptedRunError):
            run_jobs(
                jobs,
                ledger,
                slots=2 * executor.workers,
                stopped=stopped,
                after=after,
                ahead=ahead,
                limit=limit_of,
            )
        if any(map(limit_of, jobs)):
            executor.kill_now()  # fits in progress are not needed
        return stopped()


def limit_of(job: Job) -> TimeLimit | None:
    """Return the current time limit of a job's work, None without a timeout."""
    return job.limit if isinstance(job, TuningJob | ActingJob) else None


def check_names(fixed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``fixed``; raise PenaltyError if a name in it is not a penalty."""
    unknown = [
        Fault(("fixed", name), "penalty", value, PENALTIES, "unknown")
        for name, value in fixed.items()
        if name not in PENALTIES
    ]
    if unknown:
        raise PenaltyError.of(*unknown)
    return fixed


def _check_amounts(timeout: float | None, tolerance: float) -> None:
    if timeout is not None and not timeout > 0:
        raise StudyError.of(Fault(("timeout",), "above 0 seconds", timeout))
    if not 0 < tolerance < 1:
        raise StudyError.of(Fault(("tolerance",), "above 0 and below 1", tolerance))


def _check_counts(**counts: int) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            expected = "a whole number of at least 1"
            raise StudyError.of(Fault((name,), expected, value))
