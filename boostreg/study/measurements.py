"""Measurements of a run besides its searches: importance, paths and effects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

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
from boostreg.engines import get_engine
from boostreg.errors import UnsupportedPenaltyError
from boostreg.fits.schedule import Batch, Job
from boostreg.fits.work import FitWork, Work
from boostreg.report.records import TunedEngine
from boostreg.study.plan import Plan
from boostreg.tuning import Trial
from boostreg.tuning.measuring import Measuring, Setting, inner_fits

__all__ = ["ImportanceStudy", "Insights"]


class ImportanceStudy:
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
            # The limits are for fits: a surrogate that exceeds one is fitted here.
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
        settings = self._settings(self._points["fixed"])
        self._paths = {"fixed": Measuring(settings, plan.limits, keep=True)}
        self.importance = ImportanceStudy(plan)
        self._refreshed = Batch([])
        self._judged = Batch([])
        self._alone = Batch([])
        self._sketched = Batch(list(self._sketches().values()), needed=False)

    def first(self) -> list[Job]:
        """Return the work that does not depend on the searches."""
        return [self._paths["fixed"], self.importance.first(), self._sketched]

    def second(self, tuned: Searches) -> list[Job]:
        """Return the rest: paths around the best, and outer losses of incumbents."""
        points = [
            point
            for engine in self._plan.spec.engines
            for point in self._plan.paths_around(
                engine, tuned[engine, None].penalty("best")
            )
        ]
        problem = self._plan.dataset.problem(None, None)
        self._points["tuned"] = [p for p in points if _is_possible(p, problem)]
        settings = self._settings(self._points["tuned"])
        self._paths["tuned"] = Measuring(settings, self._plan.limits, keep=True)
        works: list[Work[Any]] = list(self._refresh_works().values())
        self._refreshed = Batch(works, needed=False)
        judging = [
            work for found in self._incumbents(tuned).values() for _, work in found
        ]
        self._judged = Batch(judging, needed=False)
        alone = [work for pair in self._pairs().values() for work in pair[1:]]
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
        works, records = self._sketches(), self._sketched.records
        return {key: records[work] for key, work in works.items() if work in records}

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
        notes = (
            failed_points(p, folds, self._paths[a]) for a, p in self._points.items()
        )
        return tuple(chain.from_iterable(notes))

    def effects(self, rows: Sequence[PathRow]) -> list[Effect]:
        """Return the effect of each penalty, for every anchor and reading."""
        by_path: dict[tuple[str, ...], list[PathRow]] = {}
        for row in rows:
            key = (row.engine, row.penalty, row.anchor, row.reading)
            by_path.setdefault(key, []).append(row)
        return [
            penalty_effect(path, self._ratio)
            for path in by_path.values()
            if min(row.point for row in path) == 0
        ]

    def mechanisms(self, rows: Sequence[PathRow]) -> list[Mechanism]:
        """Return the mechanisms of penalties on leaf weights, at the fixed values."""
        works = self._refresh_works()
        found = []
        for engine in self._plan.spec.engines:
            for name in MECHANISMS:
                refreshed = {
                    (outer, inner): self._refreshed.records[work]
                    for (e, n, outer, inner), work in works.items()
                    if (e, n) == (engine, name) and work in self._refreshed.records
                }
                mine = [
                    row
                    for row in rows
                    if (row.engine, row.penalty) == (engine, name)
                    and (row.anchor, row.reading) == ("fixed", "equal")
                ]
                if refreshed and (one := mechanism(mine, refreshed, self._ratio)):
                    found.append(one)
        return found

    def outer_effects(self) -> list[OuterEffect]:
        """Return the effect on outer loss and leaves of tuning each penalty alone."""
        found: dict[tuple[str, str], dict[int, Pair]] = {}
        records = self._alone.records
        for (engine, name, outer), (value, zero, chosen) in self._pairs().items():
            if zero in records and chosen in records:
                pair = Pair(
                    value,
                    records[zero],
                    records[chosen],
                    self._plan.test_weights(outer),
                )
                found.setdefault((engine, name), {})[outer] = pair
        ratio, grids = self._plan.splits.outer_ratio, self._plan.grids
        return [
            outer_effect(engine, name, grids[engine][name][0], pairs, ratio)
            for (engine, name), pairs in found.items()
            if len(pairs) == len(self._plan.outer_folds)
        ]

    def overtuning(self, engine: str, tuned: Searches) -> tuple[OvertuningPoint, ...]:
        """Return inner and outer losses of the incumbents of one engine."""
        found = []
        for outer, pairs in self._incumbents(tuned).items():
            if outer[0] != engine:
                continue
            if any(work not in self._judged.records for _, work in pairs):
                return ()
            weights = self._plan.test_weights(outer[1])
            found.append(
                [
                    (
                        candidate,
                        float(
                            np.average(
                                self._judged.records[work].row_losses, weights=weights
                            )
                        ),
                    )
                    for candidate, work in pairs
                ]
            )
        return overtuning(found)

    def _pairs(self) -> dict[tuple[str, str, int], tuple[float, FitWork, FitWork]]:
        """Return, by engine, penalty and outer fold, the selected value and two refits.

        The first refit is without the penalty, the second with that value.
        """
        paths: dict[tuple[str, str], list[PathPoint]] = {}
        for point in self._points["fixed"]:
            paths.setdefault((point.engine, point.name), []).append(point)
        trials = self._paths["fixed"].trials
        found: dict[tuple[str, str, int], tuple[float, FitWork, FitWork]] = {}
        for (engine, name), path in paths.items():
            for outer in self._plan.outer_folds:
                measured = [(p, trials[p.settings([outer])[0]]) for p in path]
                both = chosen_points(measured)
                if both is not None:
                    zero, chosen = (
                        FitWork(
                            self._plan.refit(
                                engine, outer, trial.penalty, trial.n_rounds
                            )
                        )
                        for _, trial in both
                    )
                    found[engine, name, outer] = (both[1][0].value, zero, chosen)
        return found

    @property
    def _ratio(self) -> float:
        folds = self._plan.inner_folds
        return 1 / (folds - 1) if folds > 1 else 1.0

    def _sketches(self) -> dict[tuple[str, str, float], SketchWork]:
        paths: dict[tuple[str, str], list[PathPoint]] = {}
        for point in self._points["fixed"]:
            paths.setdefault((point.engine, point.name), []).append(point)
        return {
            (*key, point.value): SketchWork(
                self._plan.refit(point.engine, None, point.penalty, 1)
            )
            for key, path in paths.items()
            for point in sketched_points(path)
        }

    def _settings(self, points: Sequence[PathPoint]) -> list[Setting]:
        return [s for point in points for s in point.settings(self._plan.outer_folds)]

    def _incumbents(
        self, tuned: Searches
    ) -> dict[tuple[str, int], list[tuple[Any, FitWork]]]:
        plan = self._plan
        found: dict[tuple[str, int], list[tuple[Any, FitWork]]] = {}
        for engine in plan.spec.engines:
            for outer in plan.outer_folds:
                trials = tuned[engine, outer].trials
                found[engine, outer] = [
                    (one, FitWork(self._refit(engine, outer, trials[one.trial], one)))
                    for one in incumbents(trials)
                ]
        return found

    def _refit(self, engine: str, outer: int, trial: Trial, candidate: Any) -> Any:
        return self._plan.refit(engine, outer, trial.penalty, candidate.n_rounds)

    def _refresh_works(self) -> dict[tuple[str, str, int, int], RefreshWork]:
        """Return one piece of work per penalty and inner fold, by position."""
        paths: dict[tuple[str, str], list[PathPoint]] = {}
        measured = self._paths["fixed"]
        problem = self._plan.dataset.problem(None, None)
        for point in self._points["fixed"]:
            if point.name in MECHANISMS and not why_not_split(point.penalty, problem):
                paths.setdefault((point.engine, point.name), []).append(point)
        works: dict[tuple[str, str, int, int], RefreshWork] = {}
        for (engine, name), path in paths.items():
            settings = self._settings(path)
            if not all(setting in measured.results for setting in settings):
                continue
            rounds = equal_rounds(path, self._plan.outer_folds, measured)
            values = tuple(point.value for point in path[1:])
            for outer in self._plan.outer_folds:
                free = Setting(engine, outer, path[0].penalty)
                for inner, fit in enumerate(inner_fits(free, self._plan.limits)):
                    cut = replace(fit, n_rounds=rounds[outer], patience=None)
                    works[engine, name, outer, inner] = RefreshWork(cut, name, values)
        return works


def _is_possible(point: PathPoint, problem: Any) -> bool:
    """Return whether the engine supports a penalty together with the tuned others."""
    try:
        get_engine(point.engine).check(point.penalty, problem)
    except UnsupportedPenaltyError:
        return False
    return True
