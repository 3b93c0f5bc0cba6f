"""What a run measures besides its searches: importance, paths, effects, claims."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from boostreg.claims.paths import PathQuestion, answer_path
from boostreg.claims.verdict import Finding, Margin, judge, replicate_t, resampled_t
from boostreg.claims.work import ExperimentWork, Resample
from boostreg.data import planted_name
from boostreg.effects.effects import Effect, PathRow, penalty_effect
from boostreg.effects.importance import ExplainWork, Importance
from boostreg.effects.mechanism import (
    MECHANISMS,
    Mechanism,
    RefreshWork,
    mechanism,
    why_not_split,
)
from boostreg.effects.optimism import OvertuningPoint, incumbents, overtuning
from boostreg.effects.outer import OuterEffect, Pair, chosen_points, outer_effect
from boostreg.effects.paths import PathPoint, equal_rounds, failed_points, path_rows
from boostreg.effects.sketch import Sketch, SketchWork, sketched_points
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
from boostreg.tuning.measuring import Measuring, Setting, inner_fits

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
            for outer in plan.outer_folds
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
        """Return the importance for loss, gap and leaves of one engine."""
        records = self._explained.records
        return {
            # Limits are for fits: a surrogate that exceeded one is fitted here.
            measure: records[work] if work in records else work.explained()
            for measure, work in self._works[engine].items()
        }

    def _explaining(self, engine: str) -> dict[str, ExplainWork]:
        shares, penalties = self._designs[engine]
        folds = self._plan.outer_folds
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
                names, points, tuple(tuple(read(t) for t in r) for r in kept), seed
            )
            for measure, read in _MEASURES.items()
        }


_MEASURES: Mapping[str, Callable[[Trial], float]] = {
    "loss": lambda trial: trial.loss,
    "gap": lambda trial: trial.loss - trial.train_loss,
    "leaves": lambda trial: float(np.log1p(trial.sizes["n_leaves"])),
}


Searches = Mapping[tuple[str, int | None], TunedEngine]


class Insights:
    """Requests work in two stages, before and after the searches are finished."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._points = {"fixed": plan.paths()}
        self._fixed: dict[tuple[str, str], list[PathPoint]] = {}
        for point in self._points["fixed"]:
            self._fixed.setdefault((point.engine, point.name), []).append(point)
        settings = self._settings(self._points["fixed"])
        self._paths = {"fixed": Measuring(settings, plan.limits, keep=True)}
        self.importance = _ImportanceStudy(plan)
        self._sketches = {
            (engine, name, point.value): SketchWork(
                plan.refit(engine, None, point.penalty, 1)
            )
            for (engine, name), path in self._fixed.items()
            for point in sketched_points(path)
        }
        self._sketched = Batch(list(self._sketches.values()), needed=False)
        self._refreshes: dict[tuple[str, str, int, int], RefreshWork] = {}
        self._incumbents: dict[tuple[str, int], list[tuple[Candidate, FitWork]]] = {}
        self._pairs: dict[tuple[str, str, int], tuple[float, FitWork, FitWork]] = {}
        self._refreshed = self._judged = self._alone = Batch([])

    def first(self) -> list[Job]:
        """Return the work that does not depend on the searches."""
        return [self._paths["fixed"], self.importance.first(), self._sketched]

    def second(self, tuned: Searches) -> list[Job]:
        """Return the rest: paths around the best, and outer losses of incumbents."""
        plan, problem = self._plan, self._plan.dataset.problem(None, None)
        self._points["tuned"] = [
            point
            for engine in plan.spec.engines
            for point in plan.paths_around(engine, tuned[engine, None].penalty("best"))
            if not unsupported_penalty(engine, point.penalty, problem)
        ]
        settings = self._settings(self._points["tuned"])
        self._paths["tuned"] = Measuring(settings, plan.limits, keep=True)
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
        self._judged = Batch(judging, needed=False)
        self._pairs = self._chosen_pairs()
        alone = [work for pair in self._pairs.values() for work in pair[1:]]
        self._alone = Batch(alone, needed=False)
        return [
            self.importance.second(),
            self._paths["tuned"],
            self._refreshed,
            self._judged,
            self._alone,
        ]

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
        folds = self._plan.outer_folds
        return [
            row
            for anchor, points in self._points.items()
            for row in path_rows(points, folds, self._paths[anchor])
        ]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on path values that could not be fitted."""
        folds = self._plan.outer_folds
        return tuple(
            note
            for anchor, points in self._points.items()
            for note in failed_points(points, folds, self._paths[anchor])
        )

    def effects(self, rows: Sequence[PathRow]) -> list[Effect]:
        """Return the effect of each penalty, for every anchor and reading."""
        by_path: dict[tuple[str, ...], list[PathRow]] = {}
        for row in rows:
            key = (row.engine, row.penalty, row.anchor, row.reading)
            by_path.setdefault(key, []).append(row)
        return [
            penalty_effect(path, self._plan.inner_ratio)
            for path in by_path.values()
            if min(row.point for row in path) == 0
        ]

    def mechanisms(self, rows: Sequence[PathRow]) -> list[Mechanism]:
        """Return the mechanisms of penalties on leaf weights, at the fixed values."""
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

    def outer_effects(self) -> list[OuterEffect]:
        """Return the effect on outer loss and leaves of tuning each penalty alone."""
        plan, records = self._plan, self._alone.records
        found: dict[tuple[str, str], dict[int, Pair]] = {}
        for (engine, name, outer), (value, zero, chosen) in self._pairs.items():
            if zero in records and chosen in records:
                weights = plan.test_weights(outer)
                pair = Pair(value, records[zero], records[chosen], weights)
                found.setdefault((engine, name), {})[outer] = pair
        ratio, grids = plan.splits.outer_ratio, plan.grids
        return [
            outer_effect(engine, name, grids[engine][name][0], pairs, ratio)
            for (engine, name), pairs in found.items()
            if len(pairs) == len(plan.outer_folds)
        ]

    def overtuning(self, engine: str) -> tuple[OvertuningPoint, ...]:
        """Return inner and outer losses of the incumbents of one engine."""
        records, found = self._judged.records, []
        for outer in self._plan.outer_folds:
            pairs = self._incumbents[engine, outer]
            if any(work not in records for _, work in pairs):
                return ()
            weights = self._plan.test_weights(outer)
            losses = [
                float(np.average(records[work].row_losses, weights=weights))
                for _, work in pairs
            ]
            candidates = [candidate for candidate, _ in pairs]
            found.append(list(zip(candidates, losses, strict=True)))
        return overtuning(found)

    def _refit(self, engine: str, outer: int, trial: Trial, n_rounds: int) -> FitWork:
        return FitWork(self._plan.refit(engine, outer, trial.penalty, n_rounds))

    def _settings(self, points: Sequence[PathPoint]) -> list[Setting]:
        return [s for point in points for s in point.settings(self._plan.outer_folds)]

    def _chosen_pairs(
        self,
    ) -> dict[tuple[str, str, int], tuple[float, FitWork, FitWork]]:
        """Return, by engine, penalty and outer fold, the selected value and two refits.

        The first refit is without the penalty, the second with that value.
        """
        trials = self._paths["fixed"].trials
        found: dict[tuple[str, str, int], tuple[float, FitWork, FitWork]] = {}
        for (engine, name), path in self._fixed.items():
            for outer in self._plan.outer_folds:
                measured = [(p, trials[p.settings([outer])[0]]) for p in path]
                if (both := chosen_points(measured)) is not None:
                    zero, chosen = (
                        self._refit(engine, outer, trial, trial.n_rounds)
                        for _, trial in both
                    )
                    found[engine, name, outer] = (both[1][0].value, zero, chosen)
        return found

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
            rounds = equal_rounds(path, plan.outer_folds, measured)
            values = tuple(point.value for point in path[1:])
            for outer in plan.outer_folds:
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
        works = [
            work
            for claim in plan.spec.claims
            if isinstance(claim, ExperimentClaim)
            for engine in self._engines(claim)
            for work in self._works(claim, engine)
        ]
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
        n_folds = len(plan.outer_folds) * plan.splits.n_inner
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
        return ClaimRecord(
            claim=claim.as_dict() | {"kind": "experiment"},
            measured=measured,
            findings=tuple(self._finding(claim, e) for e in self._engines(claim)),
            panels=procedure.panels,
        )

    def _finding(self, claim: ExperimentClaim, engine: str | None) -> Finding:
        works = self._works(claim, engine)
        found = [self.job.records[w] for w in works if w in self.job.records]
        values = tuple(one.values[claim.measure] for one in found)
        if n_failed := len(works) - len(found):
            reasons = [self.job.failures[w] for w in works if w in self.job.failures]
            why = f": {reasons[0]}".rstrip(".") if reasons else ""
            method = f"no interval: {n_failed} of {len(works)} resamples failed{why}"
            nan = float("nan")
            interval = Interval(nan, nan, nan, nan, len(values), method)
        elif self._source is None:
            interval = resampled_t(values, self._plan.inner_ratio)
        else:
            interval = replicate_t(values)
        least = float(claim.limit)
        verdict = judge(interval, claim.expectation, least, claim.than)
        series = {
            name: tuple(np.mean([one.series[name] for one in found], axis=0).tolist())
            for name in (found[0].series if found else ())
        }
        return Finding(engine, interval, verdict, values, series)

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
        if self._source is not None:
            for number in range(claim.replicates or _REPLICATES):
                drawn = derive_seed(seed, "replicate", number)
                target = plan.spec.data.target
                yield Resample(drawn, source=self._source, target=target)
            return
        for outer in plan.outer_folds:
            for inner in range(plan.splits.n_inner):
                yield Resample(derive_seed(seed, "fold", outer, inner), outer, inner)
