"""Runs a study: from the study file to the files of the run."""

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from boostreg.data import as_table, is_frame
from boostreg.errors import (
    BoostregError,
    DataError,
    MissingExtraError,
    RunError,
    StudyError,
)
from boostreg.fits.dask import DaskExecutor, check_address
from boostreg.fits.devices import Card
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.journal import Journal
from boostreg.fits.ledger import Ledger
from boostreg.fits.process import CallLimits
from boostreg.fits.schedule import Batch, Job, run_jobs
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.signals import stop_on_signals
from boostreg.fits.work import PRELOAD
from boostreg.penalty.linter import LintFinding
from boostreg.progress import Event, Progress, bar, can_show_bar, silent
from boostreg.report.records import RunRecord, TunedEngine
from boostreg.report.results import RunData
from boostreg.report.summary import timed_data
from boostreg.study.allotment import FIRST_TRIALS, Allotment
from boostreg.study.draft import draft_study
from boostreg.study.forecast import estimates, forecast_run
from boostreg.study.index import write_index
from boostreg.study.load import Study, load_study, study_of, write_study
from boostreg.study.measurements import Claims, Insights
from boostreg.study.memory import cluster_warning
from boostreg.study.output import run_folder, write_run
from boostreg.study.picks import Picks, Where
from boostreg.study.placement import placed, versions_of
from boostreg.study.plan import Plan
from boostreg.study.run import Run, open_run
from boostreg.study.spec import Dask
from boostreg.study.watch import Jobs, Pace, Watch
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.mirror import Link, Mirror, located, search_name
from boostreg.tuning.purpose import measure_speed
from boostreg.tuning.search import TuningJob

__all__ = ["run_study", "run_table"]

_TIMED_ROWS = 1000
"""Rows of the table with which predictions are timed."""

_SLOTS = 2
"""Pieces of work in flight per worker, so that workers do not wait for us."""


def run_study(
    path: str | Path | Mapping[str, Any] | Study,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    dask: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Run a study and write its report; return the folder of the run.

    A run that was stopped at any time resumes when it is started again, because every
    finished fit is in the journal of the folder.

    Parameters
    ----------
    path : str, Path, mapping or Study
        The study's YAML file, a mapping with the same keys, or a study that is already
        read.
    out : str or Path, optional
        Folder for the folder of the run, which has the name of the study. Default:
        ``reports`` in the working directory.
    workers : int, optional
        Number of worker processes. Default: one per core, or per CUDA device if fits
        use them. Results do not depend on it.
    dask : str, optional
        Address of a Dask scheduler, instead of local processes.
    progress : callable, optional
        Called with an ``Event`` for each warning, trial and fit; ``print`` shows them.

    Returns
    -------
    Path
        The folder of the run, which ``open_run`` reads; it has ``report.html``.

    Raises
    ------
    StudyError, DataError, PenaltyError, UnsupportedPenaltyError
        If the study or its data are invalid; nothing is written then.
    FitError
        If an engine has no complete trial on some outer fold.
    InterruptedRunError
        If the run was stopped by a signal.
    RunError
        If the folder is in use or cannot be written, or if there is no device for
        ``compute.device: cuda``.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> study = {"name": "tiny", "engines": ["lightgbm"], "rounds": {"max": 8}}
    >>> study["data"] = {"source": "sklearn:diabetes", "target": "target"}
    >>> space = {"reg_lambda": {"low": 1, "high": 9}}
    >>> study["search"] = {"trials": 2, "space": space}
    >>> study["validation"] = {"outer": {"folds": 2}, "inner": {"folds": 2}}
    >>> study |= {"paths": {"points": 0}, "effects": {"points": 0}, "baselines": []}
    >>> run_study(study, out=mkdtemp(), workers=1).name
    'tiny'
    """
    started, clock = datetime.now(UTC), time.monotonic()
    if isinstance(path, Mapping):
        study = study_of(path)
    else:
        study = path if isinstance(path, Study) else load_study(path)
    folder = run_folder(study.path, study.spec.name, out)
    plan = placed(study, dask)
    progress, lint = progress or silent, plan.lint()
    remarks = [("note", note) for note in plan.notes]
    remarks += [("warning", str(one)) for one in (*lint, *plan.edge_findings(folder))]
    for stage, text in remarks:
        progress(Event(stage, text=text))
    folder.mkdir(parents=True, exist_ok=True)
    allotment = None if plan.spec.budget is None else Allotment(plan, folder)
    if allotment is not None:
        plan = allotment.before(estimates(plan, workers))
        if allotment.is_too_short:
            progress(Event("note", text=allotment.note(plan)))
    with _execute(plan, folder, workers, dask, progress) as execution:
        plan = plan.on(execution.cards)
        runner = _Runner(plan, execution, progress, lint, study.base, allotment, clock)
        record = runner.run()
        plan = runner.plan
    progress(Event("writing the report"))
    run = _run_facts(plan, record, execution, started, time.monotonic() - clock)
    write_study(replace(study, spec=plan.spec), folder / "study.yaml")
    write_run(folder, record, run, plan.table.X[:_TIMED_ROWS])
    try:
        write_index(folder.parent)
    except (DataError, RunError) as error:
        # The run is complete even without its entry in the index.
        progress(Event("warning", text=str(error)))
    return folder


def run_table(  # noqa: PLR0913  options, by keyword
    frame: Any,
    target: str,
    *,
    name: str = "table",
    out: str | Path | None = None,
    workers: int | None = None,
    verbose: bool = True,
    **keys: Any,
) -> Run:
    """Run a study of a data frame, as ``boostreg run TABLE --target COLUMN`` does.

    Parameters
    ----------
    frame : frame of shape (n_samples, n_columns)
        A data frame of pandas, polars, PyArrow or others, with the target. It is kept
        as a Parquet file in the folder of the run. Its index is left out.
    target : str
        The column to predict.
    name : str
        Name of the study, and of the folder of the run. A second call with the same
        name replaces the first run, and does not repeat fits that are equal.
    out : str or Path, optional
        Folder for the folder of the run. Default: ``reports`` in the working directory.
    workers : int, optional
        Number of processes. Default: one per core. Results do not depend on it.
    verbose : bool
        Show a bar, in a terminal or a notebook.
    **keys
        Keys of a study, such as ``preset="quick"`` or ``search={"trials": 10}``.

    Returns
    -------
    Run
        ``folder / "report.html"`` is the page.

    Raises
    ------
    StudyError, DataError, PenaltyError, UnsupportedPenaltyError
        If the frame, the target or a key is invalid; nothing is written then.
    MissingExtraError
        If PyArrow is missing, which writes the file.
    FitError, RunError
        As ``run_study``.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from sklearn.datasets import load_diabetes
    >>> frame = load_diabetes(as_frame=True).frame.head(80)
    >>> small = {"engines": ["lightgbm"], "search": {"trials": 2, "space": "default"}}
    >>> small |= {"paths": {"points": 0}, "effects": {"points": 0}, "baselines": []}
    >>> small["validation"] = {"outer": {"folds": 2}, "inner": {"folds": 2}}
    >>> run = run_table(frame, "target", preset="quick", out=mkdtemp(), **small)
    >>> (run.folder / "report.html").exists()
    True
    """
    draft = Path(f"{name}.yaml")
    folder = run_folder(draft, name, out)
    path = folder / f"{name}.parquet"
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else None
    _write_frame(frame, path)
    try:
        given = {"name": name, **keys}
        study = draft_study(str(path), target, folder / draft, given=given).study
    except BoostregError:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        if is_new:
            folder.rmdir()
        raise
    with bar() if verbose and can_show_bar() else nullcontext() as shown:
        run_study(study, out=out, workers=workers, progress=shown)
    return open_run(folder)


def _write_frame(frame: Any, path: Path) -> None:
    """Write a frame as Parquet."""
    table = as_table(frame)
    if not is_frame(table):
        kind = type(frame).__name__
        raise DataError(f"frame must be a data frame with named columns, got {kind}.")
    named = table.set_axis(list(map(str, table)), axis="columns")
    try:
        named.reset_index(drop=True).to_parquet(path)
    except ImportError as error:
        raise MissingExtraError(
            "A study of a data frame needs the extra 'parquet' of boostreg: "
            "pip install 'boostreg[parquet]'."
        ) from error
    except (TypeError, ValueError) as error:  # PyArrow's, for cells of mixed types
        raise DataError(f"The frame cannot be written as Parquet: {error}") from error


@dataclass(frozen=True, slots=True)
class _Execution:
    """What executes the work of a run; ``stopped`` returns if a signal has arrived."""

    ledger: Ledger
    stopped: Callable[[], bool]
    workers: int
    cards: tuple[Card, ...] = ()
    """The CUDA devices of the workers; none on the CPU."""


def _run_facts(
    plan: Plan,
    record: RunRecord,
    execution: _Execution,
    started: datetime,
    seconds: float,
) -> RunData:
    """Return the part ``run`` of ``results.json``; ``seconds`` is monotonic time."""
    finished, counts = started + timedelta(seconds=seconds), execution.ledger.counts
    facts: RunData = {
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "workers": execution.workers,
        "fits": counts.run + counts.found,
        "fits_from_journal": counts.found,
        "platform": f"{platform.system()} {platform.machine()}",
    }
    limit = plan.spec.select.max_microseconds
    if limit is not None:
        facts["select"] = {
            name: timed_data(engine.tuned[None], limit, measure_speed(name))
            for name, engine in record.engines.items()
        }
    return facts


@contextmanager
def _execute(
    plan: Plan,
    folder: Path,
    workers: int | None,
    dask: str | None,
    progress: Progress,
) -> Iterator[_Execution]:
    """Provide the resources to execute the work of a study.

    The journal in ``folder`` is locked within the block. ``dask``, the address of a
    scheduler, overrides the study. Raises StudyError if the address is invalid,
    or if several machines need a cluster, RunError if another run uses the folder.
    """
    spec = plan.spec
    limits = CallLimits(seconds=spec.limits.seconds_per_fit, memory=spec.limits.memory)
    cluster = spec.compute.executor if isinstance(spec.compute.executor, Dask) else None
    address = cluster.dask if dask is None and cluster is not None else dask
    if address is not None:
        insecure = cluster is not None and cluster.allow_insecure
        machines = spec.compute.machines
        check_address(address, allow_insecure=insecure, machines=machines)
    elif spec.compute.machines > 1:
        raise StudyError(
            f"compute.machines: {spec.compute.machines} machines need a Dask cluster; "
            "set compute.executor to {dask: ADDRESS}, or run with --dask ADDRESS."
        )
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(folder / "journal.db"))
        threads = plan.spec.compute.threads
        executor: DaskExecutor | LocalExecutor
        if address is None:
            executor = LocalExecutor(
                workers,
                threads=threads,
                limits=limits,
                preload=PRELOAD,
                cards=plan.cards,
            )
        else:
            executor = DaskExecutor(
                address,
                threads=threads,
                machines=spec.compute.machines,
                limits=limits,
                extras=plan.extra_packages,
                device=spec.compute.device,
            )
        stack.enter_context(executor)
        stopped = stack.enter_context(stop_on_signals(executor.kill_now, after=1))
        executor.start()
        data = stack.enter_context(scratch_folder(plan.dataset.save))
        shared: Any = str(data)
        if isinstance(executor, DaskExecutor):
            if warning := cluster_warning(plan, executor.memory_of_call()):
                progress(Event("warning", text=warning))
            shared = executor.share(data)
        ledger = Ledger(plan.dataset, shared, executor, journal, limits)
        yield _Execution(ledger, stopped, executor.workers, executor.cards)


@dataclass(slots=True)
class _Runner:
    """The steps of a run, in the order in which their work is started."""

    plan: Plan
    execution: _Execution
    progress: Progress
    lint: tuple[LintFinding, ...]
    base: Path
    """The folder of the study, to which the path of a storage is relative."""
    allotment: Allotment | None
    started: float

    def run(self) -> RunRecord:
        """Measure everything that the study requests."""
        plan = self.plan
        searches = {
            (engine, outer): TuningJob(
                plan.tuning(engine, outer), timeout=plan.spec.search.timeout
            )
            for engine in plan.spec.engines
            for outer in (*plan.outer_folds, None)
        }
        tolerance = plan.spec.tolerance
        acting = {where: ActingJob(job, tolerance) for where, job in searches.items()}
        given = Batch([*plan.references(), *plan.baselines()])
        timed = self.allotment is not None or self.progress is not silent
        forecast, slow = forecast_run(plan, self.execution.ledger, timed=timed)
        pace = Pace(self.execution.workers, slow)
        watch = Watch(plan, forecast, pace, self.progress, self._mirrors(searches))
        # First what tells the time of other work; then engines in turn.
        folds = (*plan.outer_folds, None)
        in_turn = [(engine, fold) for fold in folds for engine in plan.spec.engines]
        first: dict[str, list[Job]] = {
            "defaults": [given],
            "searches": [searches[where] for where in in_turn],
            "tests of penalties": [acting[where] for where in in_turn],
        }
        if self.allotment is not None:
            self._keep_budget(self.allotment, searches, first, watch)
            plan = self.plan
        insights, claims = Insights(plan), Claims(plan)
        self._drive({**first, "claims": [claims.job], **insights.first()}, watch)
        tuned = {
            where: TunedEngine(
                job.tuning.trials,
                acting[where].selection,
                job.prior,
                job.guesses,
                acting[where].reduced,
            )
            for where, job in searches.items()
        }
        picks = Picks(plan, tuned)
        self._drive({"rounds on all rows": [picks.rounds]}, watch)
        models = picks.fit_models()
        self._drive({"models": [models], **insights.second(tuned)}, watch)
        refits = picks.refit_all()
        self._drive({"refits": [refits], **insights.third()}, watch)
        notes = [*plan.notes, *insights.notes]
        if self.allotment is not None and (cut := self.allotment.note(plan)):
            notes.insert(0, cut)
        if n_cut := sum(job.was_cut for job in searches.values()):
            cut = f"search.timeout stopped {n_cut} searches early"
            notes.insert(0, f"{cut}: another run may find other trials.")
        rows = insights.rows
        return RunRecord(
            study=plan.spec.as_dict(),
            card=plan.card(),
            versions=versions_of(plan),
            engines={
                name: picks.engine(
                    name,
                    given.records,
                    insights.importance.of(name),
                    insights.overtuning(name),
                )
                for name in plan.spec.engines
            },
            baselines={
                name: {
                    work.outer: given.records[work]
                    for work in plan.baselines()
                    if work.name == name
                }
                for name in plan.baseline_names
            },
            ranges={name: plan.ranges(name) for name in plan.spec.engines},
            paths=rows,
            effects=insights.effects(rows),
            mechanisms=insights.mechanisms(rows),
            sketches=insights.sketches(),
            tuned=insights.tuned(),
            notes=tuple(notes),
            judges=plan.judges(plan.outer_folds),
            columns=plan.table.columns_later,
            y=plan.table.y,
            tolerance=tolerance,
            lint=self.lint,
            claims=claims.records(rows),
        )

    def _mirrors(self, searches: Mapping[Where, TuningJob]) -> dict[Where, Mirror]:
        plan, url = self.plan, self.plan.spec.search.storage
        if url is None:
            return {}
        link, mirrors = Link(located(url, self.base)), {}
        for (engine, outer), job in searches.items():
            fold = "all rows" if outer is None else f"fold {outer}"
            name = f"{plan.spec.name}/{engine}/{fold}"
            mirrors[engine, outer] = Mirror(
                link, search_name(name, job.tuning, plan.dataset), plan.ranges(engine)
            )
        return mirrors

    def _keep_budget(
        self,
        allotment: Allotment,
        searches: Mapping[Where, TuningJob],
        first: Jobs,
        watch: Watch,
    ) -> None:
        """Run the jobs of ``first``, the searches among them, and decide the plan."""

        def seconds(plan: Plan) -> float:
            return time.monotonic() - self.started + watch.seconds_with(plan)

        allotment.save()
        for job in searches.values():
            job.tuning.n_trials = min(FIRST_TRIALS, job.tuning.n_trials)
        self._drive({name: first[name] for name in ("defaults", "searches")}, watch)
        self.plan = allotment.after_first_trials(self.plan, seconds)
        allotment.save()
        watch.take(self.plan)
        for job in searches.values():
            job.tuning.n_trials = self.plan.spec.search.trials
        self._drive(first, watch)
        self.plan = allotment.after_searches(self.plan, seconds)
        allotment.save()
        watch.take(self.plan)

    def _drive(self, jobs: Jobs, watch: Watch) -> None:
        watch.begin(jobs)
        run_jobs(
            [job for own in jobs.values() for job in own],
            self.execution.ledger,
            slots=_SLOTS * self.execution.workers,
            stopped=self.execution.stopped,
            after=watch.after,
        )
        watch.end()
