"""What a run measures besides its searches: importance, paths, effects, claims."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np

from boostreg.claims.experiments.base import Measured
from boostreg.claims.paths import PathQuestion, answer_path
from boostreg.claims.tables import FOLDS, TABLES, find_over_tables
from boostreg.claims.verdict import (
    Finding,
    Margin,
    bounded,
    judge,
    largest_deviation,
    replicate_t,
    resampled_t,
)
from boostreg.claims.work import ExperimentWork, Resample
from boostreg.data import planted_name
from boostreg.effects.effects import (
    Effect,
    OuterPoint,
    PathRow,
    penalty_effect,
)
from boostreg.effects.importance import ExplainWork, Importance
from boostreg.effects.mechanism import (
    MECHANISMS,
    Mechanism,
    RefreshWork,
    mechanism,
    why_not_split,
)
from boostreg.effects.optimism import OvertuningPoint, incumbents, overtuning
from boostreg.effects.outer import OuterPath, TunedPenalty, tuned_penalties
from boostreg.effects.paths import (
    PathPoint,
    equal_rounds,
    failed_points,
    own_default,
    path_rows,
)
from boostreg.effects.sketch import Sketch, SketchWork, sketched_points
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.fits.fit import derive_seed
from boostreg.fits.schedule import Batch, Job
from boostreg.fits.work import FitWork
from boostreg.report.records import ClaimRecord, TunedEngine
from boostreg.statistics import Interval
from boostreg.study.claim_checks import claim_engines, why_left_out
from boostreg.study.claim_spec import ExperimentClaim, PathClaim
from boostreg.study.path_grids import unsupported_penalty
from boostreg.study.plan import Plan
from boostreg.tuning import Candidate, Trial
from boostreg.tuning.measuring import Measuring, inner_fits
from boostreg.tuning.trial import Setting

__all__ = ["Claims", "Insights"]

_REPLICATES = 10
"""Default number of replicates of synthetic data."""


class _ImportanceStudy:
    """Requests the fits of a design, then the importance of penalties for them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._designs = {engine: plan.design(engine) for engine in plan.spec.engines}
        filling = [
            Setting(engine, outer, penalty)
            for engine, (_, penalties) in self._designs.items()
            for outer in plan.first_outer_folds
            for penalty in penalties
        ]
        self._filling = Measuring(filling, replace(plan.limits, n_inner=1))
        self._works: dict[str, dict[str, ExplainWork]] = {}
        self._explained = Batch([])

    def first(self) -> Job:
        """Return the job with the fits of the designs."""
        return self._filling

    def second(self) -> Job:
        """Return the job that computes the importance, once the fits are done."""
        self._works = {engine: self._explaining(engine) for engine in self._designs}
        works = [work for found in self._works.values() for work in found.values()]
        self._explained = Batch(works, needed=False)
        return self._explained

    def of(self, engine: str) -> dict[str, Importance]:
        """Return the importance of one engine's penalties, by measure."""
        records = self._explained.records
        return {
            # Limits are for fits: a surrogate that exceeded one is fitted here.
            measure: records[work] if work in records else work.explained()
            for measure, work in self._works[engine].items()
        }

    def _explaining(self, engine: str) -> dict[str, ExplainWork]:
        shares, penalties = self._designs[engine]
        folds = self._plan.first_outer_folds
        trials = [
            [self._filling.trials[Setting(engine, outer, one)] for outer in folds]
            for one in penalties
        ]
        whole = [all(t.state == "complete" for t in row) for row in trials]
        names = tuple(self._plan.ranges(engine))
        if not names or not any(whole):
            return {}
        kept = [row for row, is_whole in zip(trials, whole, strict=True) if is_whole]
        points = tuple(map(tuple, shares[whole].tolist()))
        seed = self._plan.spec.seed
        return {
            measure: ExplainWork(
                names,
                points,
                tuple(tuple(read(t) for t in r) for r in kept),
                seed,
                good=measure == "good",
            )
            for measure, read in _MEASURES.items()
        }


_MEASURES: Mapping[str, Callable[[Trial], float]] = {
    "good": lambda trial: trial.loss,
    "loss": lambda trial: trial.loss,
    "gap": lambda trial: trial.loss - trial.train_loss,
    "leaves": lambda trial: float(np.log1p(trial.sizes["n_leaves"])),
}


Searches = Mapping[tuple[str, int | None], TunedEngine]


def folds_around(plan: Plan, anchor: str) -> range:
    """Return the outer folds on which the paths around an anchor are measured.

    Paths around tuned values judge the chosen model, so they are as precise as the
    answer and have all repeats; the others have the first one.
    """
    return plan.outer_folds if anchor == "tuned" else plan.first_outer_folds


_Path = tuple[str, str, str]
"""Anchor, engine and penalty of a path."""


class Insights:
    """Requests work in three stages.

    Before the searches are finished, after them, and after the paths around their
    choices.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._folds = {name: folds_around(plan, name) for name in ("fixed", "tuned")}
        self._points = {"fixed": plan.paths()}
        self._defaults: dict[_Path, PathPoint] = {}
        self._fixed: dict[tuple[str, str], list[PathPoint]] = {}
        for point in self._points["fixed"]:
            self._fixed.setdefault((point.engine, point.name), []).append(point)
        self._paths = {"fixed": self._measuring("fixed")}
        self.importance = _ImportanceStudy(plan)
        self._sketches = {
            (engine, name, point.value): SketchWork(
                plan.refit(engine, None, point.penalty, 1, searched=True)
            )
            for (engine, name), path in self._fixed.items()
            for point in sketched_points(path)
        }
        self._sketched = Batch(list(self._sketches.values()), needed=False)
        self._refreshes: dict[tuple[str, str, int, int], RefreshWork] = {}
        self._incumbents: dict[tuple[str, int], list[tuple[Candidate, FitWork]]] = {}
        self._refits: dict[PathPoint, tuple[FitWork, ...]] = {}
        self._judged = {"fixed": Batch([]), "tuned": Batch([])}
        self._refreshed = self._overtuned = Batch([])

    def first(self) -> dict[str, list[Job]]:
        """Return the work that does not depend on the searches."""
        return {
            "paths": [self._paths["fixed"]],
            "importance": [self.importance.first()],
            "first trees": [self._sketched],
        }

    def second(self, tuned: Searches) -> dict[str, list[Job]]:
        """Return the rest: paths around the best, and outer losses of incumbents."""
        plan, problem = self._plan, self._plan.dataset.problem(None, None)
        self._points["tuned"] = [
            point
            for engine in plan.spec.engines
            for point in plan.paths_around(
                engine, [tuned[engine, k].penalty("best") for k in self._folds["tuned"]]
            )
            if not any(
                unsupported_penalty(engine, one, problem) for one in point.penalties
            )
        ]
        self._paths["tuned"] = self._measuring("tuned")
        self._refreshes = self._refresh_works()
        self._refreshed = Batch(list(self._refreshes.values()), needed=False)
        for engine in plan.spec.engines:
            for outer in plan.outer_folds:
                trials = tuned[engine, outer].trials
                self._incumbents[engine, outer] = [
                    (one, self._refit(engine, outer, trials[one.trial], one.n_rounds))
                    for one in incumbents(trials)
                ]
        judging = [work for found in self._incumbents.values() for _, work in found]
        self._overtuned = Batch(judging, needed=False)
        return {
            "surrogates": [self.importance.second()],
            "paths around the best": [self._paths["tuned"]],
            "mechanisms": [self._refreshed],
            "incumbents": [self._overtuned],
            "outer losses of paths": [self._judging("fixed")],
        }

    def third(self) -> dict[str, list[Job]]:
        """Return the work that needs the paths around the best: their outer losses."""
        return {"outer losses around the best": [self._judging("tuned")]}

    def sketches(self) -> dict[tuple[str, str, float], Sketch]:
        """Return first trees by engine, penalty and value."""
        records = self._sketched.records
        return {
            key: records[work]
            for key, work in self._sketches.items()
            if work in records
        }

    @property
    def rows(self) -> list[PathRow]:
        """All paths, by point and fold."""
        return [
            row
            for anchor, points in self._points.items()
            for row in path_rows(points, self._folds[anchor], self._paths[anchor])
        ]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on path values that could not be fitted."""
        return tuple(
            note
            for anchor, points in self._points.items()
            for note in failed_points(points, self._folds[anchor], self._paths[anchor])
        )

    def effects(self, rows: Sequence[PathRow]) -> list[Effect]:
        """Return the effect of each penalty, for every anchor and reading."""
        by_path: dict[tuple[str, ...], list[PathRow]] = {}
        for row in rows:
            key = (row.engine, row.penalty, row.anchor, row.reading)
            by_path.setdefault(key, []).append(row)
        judged = {
            (anchor, engine, name): found
            for anchor in self._points
            for (engine, name), found in self._outer_points(anchor).items()
        }
        ratio = self._plan.inner_ratio
        judges = {
            name: self._plan.judges(folds_around(self._plan, name), searched=True)
            for name in self._points
        }
        found = []
        for (engine, name, anchor, reading), path in by_path.items():
            if min(row.point for row in path) == 0:
                outer = judged.get((anchor, engine, name))
                given = outer if reading == "stopped" else None
                found.append(penalty_effect(path, ratio, given, judges[anchor]))
        return found

    def mechanisms(self, rows: Sequence[PathRow]) -> list[Mechanism]:
        """Return the mechanisms of penalties on leaf weights, around ``fixed``."""
        records, found = self._refreshed.records, []
        for engine in self._plan.spec.engines:
            for name in MECHANISMS:
                refreshed = {
                    (outer, inner): records[work]
                    for (*path, outer, inner), work in self._refreshes.items()
                    if path == [engine, name] and work in records
                }
                mine = [
                    row
                    for row in rows
                    if (row.engine, row.penalty) == (engine, name)
                    and (row.anchor, row.reading) == ("fixed", "equal")
                ]
                ratio = self._plan.inner_ratio
                if refreshed and (one := mechanism(mine, refreshed, ratio)):
                    found.append(one)
        return found

    def tuned(self) -> list[TunedPenalty]:
        """Return what tuning each penalty gains on the outer folds, by anchor."""
        made: list[TunedPenalty] = []
        for anchor in self._points:
            paths = []
            for (engine, name), points in self._outer_points(anchor).items():
                if 0 in points:
                    made_default = self._outer_default((anchor, engine, name), points)
                    grid = tuple(points[k] for k in sorted(points))
                    raw = ENGINE_FACTS[engine].defaults.get(name)
                    paths.append(OuterPath(engine, name, grid, made_default, raw))
            judges = self._plan.judges(folds_around(self._plan, anchor), searched=True)
            made += tuned_penalties(paths, anchor, judges)
        return made

    def _outer_points(
        self, anchor: str
    ) -> dict[tuple[str, str], dict[int, OuterPoint]]:
        """Return the points of an anchor that were judged on every outer fold."""
        found: dict[tuple[str, str], dict[int, OuterPoint]] = {}
        for point in self._points[anchor]:
            if judged := self._outer_point(point):
                by_number = found.setdefault((point.engine, point.name), {})
                by_number[point.point] = judged
        return found

    def _outer_point(self, point: PathPoint) -> OuterPoint | None:
        records = self._judged[point.anchor].records
        works = self._refits.get(point, ())
        if not works or any(work not in records for work in works):
            return None
        trials = self._paths[point.anchor].trials
        measured = [
            trials[setting] for setting in point.settings(self._folds[point.anchor])
        ]
        curves = [trial.curves for trial in measured]
        return OuterPoint(
            value=point.value,
            inner=tuple(trial.loss for trial in measured),
            cut=tuple(one is not None and one.stopped_by_max for one in curves),
            results=tuple(records[work] for work in works),
        )

    def _outer_default(
        self, path: _Path, points: Mapping[int, OuterPoint]
    ) -> OuterPoint | None:
        """Return the point at the library's own value, on the grid or beside it."""
        point = self._defaults.get(path)
        if point is None:
            return None
        for number, on_grid in points.items():
            if number >= 0 and math.isclose(on_grid.value, point.value, rel_tol=1e-9):
                return on_grid
        return self._outer_point(point)

    def overtuning(self, engine: str) -> tuple[OvertuningPoint, ...]:
        """Return inner and outer losses of the incumbents of one engine."""
        records, found = self._overtuned.records, []
        for outer in self._plan.outer_folds:
            pairs = self._incumbents[engine, outer]
            if any(work not in records for _, work in pairs):
                return ()
            found.append([(one, records[work].row_losses) for one, work in pairs])
        judges = self._plan.judges(self._plan.outer_folds, searched=True)
        return overtuning(found, judges)

    def _refit(self, engine: str, outer: int, trial: Trial, n_rounds: int) -> FitWork:
        plan = self._plan
        return FitWork(
            plan.refit(engine, outer, trial.penalty, n_rounds, searched=True)
        )

    def _settings(self, points: Sequence[PathPoint]) -> list[Setting]:
        return [
            s for point in points for s in point.settings(self._folds[point.anchor])
        ]

    def _measuring(self, anchor: str) -> Measuring:
        """Return the inner fits of an anchor's paths, and of the libraries' values."""
        plan, points = self._plan, self._points[anchor]
        problem = plan.dataset.problem(None, None)
        folds = self._folds[anchor]
        units = [plan.dataset.problem(f, "searched").standard.units for f in folds]
        starts = [point for point in points if point.point == 0]
        for start in starts:
            path = (anchor, start.engine, start.name)
            point = own_default(*path[1:], anchor, start.penalties, units)
            if point is not None and not any(
                unsupported_penalty(start.engine, one, problem)
                for one in point.penalties
            ):
                self._defaults[path] = point
        on_grid = {(p.engine, p.name, p.value) for p in points}
        beside = [
            point
            for (around, *_), point in self._defaults.items()
            if around == anchor
            if (point.engine, point.name, point.value) not in on_grid
        ]
        settings = self._settings([*points, *beside])
        return Measuring(settings, plan.limits, keep=True)

    def _judging(self, anchor: str) -> Job:
        """Return the refits of an anchor's points that all inner folds measured."""
        trials = self._paths[anchor].trials
        mine = [p for path, p in self._defaults.items() if path[0] == anchor]
        for point in (*self._points[anchor], *mine):
            settings = point.settings(self._folds[anchor])
            measured = [trials[one] for one in settings if one in trials]
            if len(measured) == len(settings) and all(
                trial.state == "complete" for trial in measured
            ):
                self._refits[point] = tuple(
                    self._refit(point.engine, fold, trial, trial.n_rounds)
                    for fold, trial in zip(self._folds[anchor], measured, strict=True)
                )
        works = [
            w for p, found in self._refits.items() if p.anchor == anchor for w in found
        ]
        self._judged[anchor] = Batch(works, needed=False)
        return self._judged[anchor]

    def _refresh_works(self) -> dict[tuple[str, str, int, int], RefreshWork]:
        """Return one piece of work per penalty and inner fold, by position."""
        plan, measured = self._plan, self._paths["fixed"]
        problem = plan.dataset.problem(None, None)
        works: dict[tuple[str, str, int, int], RefreshWork] = {}
        for (engine, name), points in self._fixed.items():
            path = [p for p in points if not why_not_split(p.penalty, problem)]
            settings = self._settings(path)
            done = all(setting in measured.results for setting in settings)
            if name not in MECHANISMS or not path or not done:
                continue
            rounds = equal_rounds(path, self._folds["fixed"], measured)
            values = tuple(point.value for point in path[1:])
            for outer in self._folds["fixed"]:
                free = Setting(engine, outer, path[0].penalty)
                for inner, fit in enumerate(inner_fits(free, plan.limits)):
                    cut = replace(fit, n_rounds=rounds[outer], patience=None)
                    works[engine, name, outer, inner] = RefreshWork(cut, name, values)
        return works


class Claims:
    """Requests the work of experiments, and measures every claim of a study."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._source = planted_name(plan.spec.data.source)
        by_claim = [
            self._works(claim, engine)
            for claim in plan.spec.claims
            if isinstance(claim, ExperimentClaim)
            for engine in self._engines(claim)
        ]
        # In turn, so that the time of every experiment is known early.
        works = [w for one in zip_longest(*by_claim) for w in one if w is not None]
        self.job = Batch(works, needed=False)

    def records(self, rows: Sequence[PathRow]) -> list[ClaimRecord]:
        """Return each claim with its finding for every engine."""
        return [
            self._of_experiment(claim)
            if isinstance(claim, ExperimentClaim)
            else self._of_path(claim, rows)
            for claim in self._plan.spec.claims
        ]

    def _engines(self, claim: PathClaim | ExperimentClaim) -> Sequence[str | None]:
        if isinstance(claim, ExperimentClaim) and not claim.procedure.by_engine:
            return (None,)
        return claim_engines(claim, self._plan.spec.engines, self._plan.grids)

    def _without(self, claim: PathClaim | ExperimentClaim) -> str | None:
        """Return a sentence on the engines that cannot measure a claim, if any."""
        why = why_left_out(claim, self._plan.spec.engines, self._plan.grids)
        return None if why is None else f"Without {why}"

    def _of_path(self, claim: PathClaim, rows: Sequence[PathRow]) -> ClaimRecord:
        plan = self._plan
        n_folds = len(folds_around(plan, claim.anchor)) * plan.splits.n_inner
        questions = [
            PathQuestion(
                engine=str(engine),
                measure=claim.measure,
                along=claim.along,
                against=claim.against,
                at=claim.at,
                anchor=claim.anchor,
                reading=claim.reading,
                expect=claim.expectation,
                margin=Margin.read(claim.limit),
                cut_from=plan.spec.rounds.max - plan.spec.rounds.patience + 1,
            )
            for engine in self._engines(claim)
        ]
        return ClaimRecord(
            claim=claim.as_dict() | {"kind": "path"},
            measured={"n": n_folds, "of": "folds", "how": self._without(claim)},
            findings=tuple(answer_path(q, rows, plan.inner_ratio) for q in questions),
        )

    def _of_experiment(self, claim: ExperimentClaim) -> ClaimRecord:
        procedure = claim.procedure
        how = " ".join(filter(None, (procedure.words, self._without(claim))))
        measured = {
            "what": procedure.measures[claim.measure],
            "how": how,
            "n": len(list(self._resamples(claim))),
            "of": "folds" if self._source is None else "replicates",
        }
        if procedure.over_tables:
            measured |= {"n": len(TABLES), "of": f"tables, {FOLDS} folds each"}
        return ClaimRecord(
            claim=claim.as_dict() | {"kind": "experiment"},
            measured=measured,
            findings=tuple(self._finding(claim, e) for e in self._engines(claim)),
            panels=procedure.panels,
        )

    def _finding(self, claim: ExperimentClaim, engine: str | None) -> Finding:
        works = self._works(claim, engine)
        if claim.procedure.over_tables:
            return self._over_tables(claim, engine, works)
        found = [self.job.records[w] for w in works if w in self.job.records]
        values = tuple(one.values[claim.measure] for one in found)
        change = claim.measure in claim.procedure.changes
        if n_failed := len(works) - len(found):
            reasons = [self.job.failures[w] for w in works if w in self.job.failures]
            why = f": {reasons[0]}".rstrip(".") if reasons else ""
            method = f"no interval: {n_failed} of {len(works)} resamples failed{why}"
            nan = float("nan")
            interval = Interval(nan, nan, nan, nan, len(values), method)
        elif claim.expectation == "identical":
            interval = largest_deviation(values, claim.than)
        elif self._source is None:
            interval = resampled_t(values, self._plan.inner_ratio, change=change)
        else:
            interval = replicate_t(values, change=change)
        interval = bounded(interval, [one.bounds.get(claim.measure) for one in found])
        least = Margin.read(claim.limit).value
        verdict = judge(interval, claim.expectation, least, claim.than)
        return Finding(engine, interval, verdict, values, _mean_series(found))

    def _over_tables(
        self,
        claim: ExperimentClaim,
        engine: str | None,
        works: Sequence[ExperimentWork],
    ) -> Finding:
        records = self.job.records
        changes: dict[str, list[float]] = {}
        for work in works:
            found = records.get(work)
            value = float("nan") if found is None else found.values[claim.measure]
            changes.setdefault(str(work.resample.table), []).append(value)
        least = Margin.read(claim.limit).value
        return replace(
            find_over_tables(engine, changes, (claim.expectation, least, claim.than)),
            series=_mean_series([records[w] for w in works if w in records]),
        )

    def _works(
        self, claim: ExperimentClaim, engine: str | None
    ) -> list[ExperimentWork]:
        options: Mapping[str, Any] = claim.options
        if engine is not None:
            options = {**options, "engine": engine}
        return [
            ExperimentWork.of(claim.experiment, options, resample)
            for resample in self._resamples(claim)
        ]

    def _resamples(self, claim: ExperimentClaim) -> Iterator[Resample]:
        plan, seed = self._plan, self._plan.spec.seed
        if claim.procedure.over_tables:
            for table in TABLES:
                for fold in range(FOLDS):
                    yield Resample(seed, fold, table=table)
            return
        if self._source is not None:
            for number in range(claim.replicates or _REPLICATES):
                drawn = derive_seed(seed, "replicate", number)
                target = plan.spec.data.target
                yield Resample(drawn, source=self._source, target=target)
            return
        for outer in plan.outer_folds:
            for inner in range(plan.splits.n_inner):
                yield Resample(derive_seed(seed, "fold", outer, inner), outer, inner)


def _mean_series(found: Sequence[Measured]) -> dict[str, tuple[float, ...]]:
    return {
        name: tuple(np.mean([one.series[name] for one in found], axis=0).tolist())
        for name in (found[0].series if found else ())
    }
