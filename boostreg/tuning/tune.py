"""Searching from Python: ``suggest`` for Optuna objectives, ``tune`` for tables."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from boostreg.changes import TOLERANCE
from boostreg.data import Task
from boostreg.engines import get_engine
from boostreg.errors import Fault, PenaltyError, StudyError
from boostreg.fits.dataset import Dataset
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.fit import derive_seed
from boostreg.fits.journal import Journal
from boostreg.fits.ledger import Ledger
from boostreg.fits.schedule import Job, run_jobs
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.work import PRELOAD
from boostreg.penalty import PENALTIES, Penalty, Scale, Space, parse_space
from boostreg.penalty.priors import check_prior_scale, with_prior_values
from boostreg.penalty.space import acting, corners
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.engine_space import engine_space
from boostreg.tuning.measuring import FitSettings, Shrinkage
from boostreg.tuning.mirror import Link, Mirror, search_name
from boostreg.tuning.proposals import Proposer, Sampler, portfolio
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.search import Tuning, TuningJob
from boostreg.tuning.tuned import Tuned

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

__all__ = ["check_names", "run_here", "suggest", "tune"]

_log = logging.getLogger(__name__)

_RATE: Mapping[str, float | int | None] = MappingProxyType({"learning_rate": 0.1})

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


def tune(  # noqa: PLR0913  the arguments are those of a study, by name
    X: Any,
    y: Any,
    *,
    engine: str = "xgboost",
    space: str | Mapping[str, Any] = "standard",
    trials: int = 40,
    cv: Any = 5,
    seed: int = 0,
    rounds: int | None = None,
    patience: int | None = None,
    fixed: Mapping[str, Any] = _RATE,
    workers: int | None = None,
    task: Task | None = None,
    objective: str | dict[str, float] | None = None,
    sample_weight: Any = None,
    groups: Any = None,
    scale: Scale = "raw",
    sampler: Sampler = "tpe",
    racing: bool = True,
    in_flight: int = 4,
    timeout: float | None = None,
    tolerance: float = TOLERANCE,
    journal: str | Path | None = None,
    storage: str | None = None,
) -> Tuned:
    """Search the penalties of one engine by cross-validation.

    Results depend only on the arguments and on the library versions, not on
    ``workers``; with a ``timeout`` also on the machine. The candidates were selected on
    these folds, so their losses are optimistic: a study estimates the loss on rows that
    the search never saw.

    Parameters
    ----------
    X : frame, array-like or sparse matrix of shape (n_samples, n_features)
        A data frame (pandas, polars, PyArrow and others) may contain numbers, booleans,
        text and categories, everything else numbers. NaN is missing; an absent entry
        of a sparse matrix is 0.
    y : array-like of shape (n_samples,)
        Numbers or classes.
    engine : {"xgboost", "lightgbm", "sklearn"}
    space : str or mapping
        Name of a built-in space, or ranges and fixed values as in a study. Ranges of a
        built-in space that the engine does not support are removed (see
        ``Tuned.notes``).
    trials : int
        Number of configurations. The first ones of a space that searches the learning
        rate are a few typical ones, small ensembles first; those of other spaces are no
        penalty and our defaults.
    cv : int, splitter or iterable
        Number of folds, an object with scikit-learn's ``split``, or pairs of row
        positions.
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
        As in a study; None infers them from ``y``.
    sample_weight, groups : array-like of shape (n_samples,), optional
    scale : {"raw", "rows", "share"}
        Unit of the space's values.
    sampler : {"tpe", "sobol", "random", "nsga2", "gp"}
    racing : bool
        Stop hopeless trials before all folds.
    in_flight : int
        Maximum number of open trials, independent of the number of workers.
    timeout : float, optional
        Seconds after which no new trials are proposed.
    tolerance : float
        The relative change of loss that does not matter, for ``Tuned.smallest``.
    journal : path, optional
        Folder that stores every finished fit, so that the same call resumes after a
        kill.
    storage : str, optional
        URL of an Optuna storage to mirror trials to, for its dashboard. The name of the
        study there depends on everything that trials depend on, so searches do not
        mix.

    Returns
    -------
    Tuned

    Raises
    ------
    DataError, PenaltyError, StudyError, UnsupportedPenaltyError
        If an argument is invalid; nothing is computed then.
    FitError
        If no trial is complete.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> tuned = tune(X, y, engine="lightgbm", trials=4, rounds=30, cv=3, workers=1)
    >>> tuned.one_se.n_leaves <= tuned.best.n_leaves
    True
    >>> sorted(tuned.best.params("xgboost"))[:3]
    ['colsample_bytree', 'gamma', 'grow_policy']
    """
    _check_counts(trials=trials, in_flight=in_flight)
    optional = {"rounds": rounds, "patience": patience, "workers": workers}
    _check_counts(**{name: n for name, n in optional.items() if n is not None})
    if timeout is not None and not timeout > 0:
        raise StudyError.of(Fault(("timeout",), "above 0 seconds", timeout))
    if not 0 < tolerance < 1:
        raise StudyError.of(Fault(("tolerance",), "above 0 and below 1", tolerance))
    library = get_engine(engine)
    link = None if storage is None else Link(storage)
    for entries in (space, check_names(fixed)):
        check_prior_scale(entries, scale)
    searched = parse_space(space)
    named = searched.for_engine(engine)
    held = with_prior_values(fixed)
    if fixed is _RATE:  # a default, which the search overrides
        held = {name: value for name, value in held.items() if name not in named}
    dataset = read_dataset(
        X,
        y,
        cv=cv,
        seed=seed,
        task=task,
        objective=objective,
        sample_weight=sample_weight,
        groups=groups,
    )
    problem = dataset.problem(None, 0)
    settled = engine_space(engine, searched, dict(searched.fixed) | held, problem)
    for note in settled.notes:
        _log.info(note)
    first: tuple[Penalty, ...] = ()
    if "learning_rate" in settled.ranges:
        first = portfolio(settled.ranges, settled.fixed, scale)
    proposer = Proposer(
        space=settled.ranges,
        fixed=settled.fixed,
        scale=scale,
        sampler=sampler,
        seed=derive_seed(seed, "search", engine, None),
        in_flight=in_flight,
        n_trials=trials,
        guessed=not first,
        first=first,
    )
    limits = FitSettings(
        n_inner=dataset.splits.n_inner,
        n_rounds=rounds or _ROUNDS,
        patience=patience or _PATIENCE,
        seed=seed,
    )
    tuning = Tuning(
        engine=engine,
        outer=None,
        proposer=proposer,
        limits=limits,
        racing="moderated" if racing else None,
    )
    for penalty in corners(settled.ranges, settled.fixed, scale):
        library.check(penalty, problem)
    job = TuningJob(tuning, timeout=timeout)
    mirror = None
    if link is not None:
        name = search_name(f"tune/{engine}", tuning, dataset)
        mirror = Mirror(link, name, proposer.space)
    acting_job = ActingJob(job, tolerance)
    jobs: list[Job] = [job, acting_job]
    run_here(jobs, dataset, workers=workers, journal=journal, mirror=mirror)
    return Tuned.of(
        tuning,
        dataset,
        acting=acting_job,
        was_cut=job.was_cut,
        notes=settled.notes,
    )


def run_here(
    jobs: list[Job],
    dataset: Dataset,
    *,
    workers: int | None = None,
    journal: str | Path | None = None,
    mirror: Mirror | None = None,
) -> None:
    """Run jobs on local processes, on a data set of this process."""

    def after(job: Job) -> None:
        if mirror is not None and isinstance(job, TuningJob):
            mirror.update(job.tuning.trials)

    with ExitStack() as stack:
        executor = stack.enter_context(LocalExecutor(workers, preload=PRELOAD))
        executor.start()
        data = str(stack.enter_context(scratch_folder(dataset.save)))
        kept = None
        if journal is not None:
            Path(journal).mkdir(parents=True, exist_ok=True)
            kept = stack.enter_context(Journal(Path(journal) / "journal.db"))
        ledger = Ledger(dataset, data, executor, kept)
        run_jobs(jobs, ledger, slots=2 * executor.workers, after=after)


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


def _check_counts(**counts: int) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            expected = "a whole number of at least 1"
            raise StudyError.of(Fault((name,), expected, value))
