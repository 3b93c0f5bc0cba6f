"""Runs a study: from the study file to the files of the run."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from boostreg.errors import DataError, RunError
from boostreg.fits.fit import Fit
from boostreg.fits.schedule import Batch, Job, run_jobs
from boostreg.fits.work import FitWork, ModelWork, Work, library_versions
from boostreg.penalty.linter import LintFinding
from boostreg.report.records import EngineRecord, OuterRecord, RunRecord, TunedEngine
from boostreg.study.claim_jobs import Claims
from boostreg.study.execution import Execution, execute
from boostreg.study.index import write_index
from boostreg.study.load import load_study, write_study
from boostreg.study.measurements import Insights
from boostreg.study.output import run_facts, run_folder, write_run
from boostreg.study.plan import PICKS, Plan
from boostreg.study.progress import Progress, Silent, Watch
from boostreg.tuning.mirror import Link, Mirror, located, search_name
from boostreg.tuning.search import TuningJob

__all__ = ["run_study"]


def run_study(
    path: str | Path,
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
    path : str or Path
        The study's YAML file.
    out : str or Path, optional
        Folder for the folder of the run, which has the name of the study. Default:
        ``reports`` in the working directory.
    workers : int, optional
        Number of worker processes. Default: one per core. Results do not depend on it.
    dask : str, optional
        Address of a Dask scheduler, instead of local processes.
    progress : Progress, optional
        Display of the progress.

    Raises
    ------
    StudyError, DataError, PenaltyError, UnsupportedPenaltyError
        If the study or its data are invalid; nothing is written then.
    FitError
        If an engine has no complete trial on some outer fold.
    InterruptedRunError
        If the run was stopped by a signal.
    RunError
        If the folder is in use or cannot be written.
    """
    study = load_study(Path(path))
    folder = run_folder(Path(path), study.spec.name, out)
    plan = Plan(study)
    progress, lint = progress or Silent(), plan.lint()
    for warning in (*plan.notes, *lint, *plan.edge_findings(folder)):
        progress.warn(str(warning))
    folder.mkdir(parents=True, exist_ok=True)
    started, clock = datetime.now(UTC), time.monotonic()
    with execute(plan, folder, workers=workers, dask=dask) as execution:
        runner = _Runner(plan, execution, progress, lint, study.base)
        record = runner.run()
    progress.stage("writing the report")
    run = run_facts(plan, record, execution, started, time.monotonic() - clock)
    write_study(replace(study, spec=plan.spec), folder / "study.yaml")
    write_run(folder, record, run, plan.table.columns_later)
    _list_run(folder.parent, progress)
    return folder


def _list_run(folder: Path, progress: Progress) -> None:
    try:
        write_index(folder)
    except (
        DataError,
        RunError,
    ) as error:  # the run is complete even without its entry in the index
        progress.warn(str(error))


@dataclass(slots=True)
class _Runner:
    """The steps of a run, in the order in which their work is started."""

    plan: Plan
    execution: Execution
    progress: Progress
    lint: tuple[LintFinding, ...]
    base: Path
    """The folder of the study, to which the path of a storage is relative."""

    def run(self) -> RunRecord:
        """Measure everything that the study requests."""
        plan = self.plan
        searches = self._tunings()
        insights, claims = Insights(plan), Claims(plan)
        given = Batch([*plan.references(), *plan.baselines()])
        self.progress.start(len(searches) * plan.spec.search.trials)
        jobs = [*searches.values(), *insights.first(), given, claims.job]
        mirrors = self._mirrors(searches)
        self._drive(jobs, "paths, effects, baselines and claims", mirrors)
        tuned = {
            where: TunedEngine(
                job.tuning.trials, job.tuning.selection, job.prior, job.guesses
            )
            for where, job in searches.items()
        }
        cut = sum(job.was_cut for job in searches.values())
        refits = Batch(self._refits(tuned))
        jobs = [refits, *insights.second(tuned)]
        self._drive(jobs, "refits, models and paths around the best")
        records = given.records | refits.records
        return replace(
            self._record(tuned, insights, records, cut),
            claims=claims.records(insights.rows),
        )

    def _refits(
        self, tuned: Mapping[tuple[str, int | None], TunedEngine]
    ) -> list[Work[Any]]:
        works: list[Work[Any]] = []
        for where, one in tuned.items():
            if where[1] is None:
                works += [ModelWork(self._refit(where, one, pick)) for pick in PICKS]
            else:
                picks = (*PICKS, "unpenalised")
                works += [FitWork(self._refit(where, one, pick)) for pick in picks]
        return works

    def _tunings(self) -> dict[tuple[str, int | None], TuningJob]:
        return {
            (engine, outer): TuningJob(
                self.plan.tuning(engine, outer), timeout=self.plan.spec.search.timeout
            )
            for engine in self.plan.spec.engines
            for outer in (*self.plan.outer_folds, None)
        }

    def _mirrors(
        self, searches: Mapping[tuple[str, int | None], TuningJob]
    ) -> dict[tuple[str, int | None], Mirror]:
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

    def _drive(
        self,
        jobs: list[Job],
        stage: str,
        mirrors: Mapping[tuple[str, int | None], Mirror] = MappingProxyType({}),
    ) -> None:
        run_jobs(
            jobs,
            self.execution.ledger,
            slots=self.execution.slots,
            stopped=self.execution.stop,
            after=Watch(jobs, stage, self.progress, mirrors).after,
        )

    def _refit(
        self, where: tuple[str, int | None], tuned: TunedEngine, pick: str
    ) -> Fit:
        engine, outer = where
        chosen = tuned.candidate(pick)
        return self.plan.refit(engine, outer, tuned.penalty(pick), chosen.n_rounds)

    def _record(
        self,
        tuned: Mapping[tuple[str, int | None], TunedEngine],
        insights: Insights,
        records: Mapping[Work[Any], Any],
        cut: int,
    ) -> RunRecord:
        plan, rows = self.plan, insights.rows
        return RunRecord(
            study=plan.spec.as_dict(),
            card=plan.card(),
            versions=library_versions(plan.extra_packages),
            engines={
                name: self._engine(name, tuned, insights, records)
                for name in plan.spec.engines
            },
            baselines={
                name: {
                    work.outer: records[work]
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
            outer_effects=insights.outer_effects(),
            notes=(*_timeout_notes(cut), *plan.notes, *insights.notes),
            outer_ratio=plan.splits.outer_ratio,
            outer_weights=tuple(map(plan.test_weights, plan.outer_folds)),
            lint=self.lint,
        )

    def _engine(
        self,
        name: str,
        tuned: Mapping[tuple[str, int | None], TunedEngine],
        insights: Insights,
        records: Mapping[Work[Any], Any],
    ) -> EngineRecord:
        plan = self.plan
        outer: dict[str, tuple[OuterRecord, ...]] = {}
        for pick in (*PICKS, "unpenalised"):
            fits = [
                FitWork(self._refit((name, fold), tuned[name, fold], pick))
                for fold in plan.outer_folds
            ]
            outer[pick] = tuple(
                OuterRecord.of_fit(records[fit], plan.test_weights(fold))
                for fold, fit in enumerate(fits)
            )
        outer["default"] = tuple(
            OuterRecord.of_reference(records[work])
            for work in plan.references()
            if work.engine == name
        )
        return EngineRecord(
            name=name,
            tuned={fold: tuned[name, fold] for fold in (*plan.outer_folds, None)},
            outer=outer,
            models={
                pick: records[
                    ModelWork(self._refit((name, None), tuned[name, None], pick))
                ]
                for pick in PICKS
            },
            importance=insights.importance.of(name),
            overtuning=insights.overtuning(name, tuned),
        )


def _timeout_notes(cut: int) -> list[str]:
    if cut == 0:
        return []
    return [
        f"search.timeout cut {cut} searches short: another run may find other trials."
    ]
