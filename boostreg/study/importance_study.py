"""Which penalties matter, as a part of a run: its design, and what explains it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from boostreg.fits.schedule import Batch, Job
from boostreg.insight.importance import ExplainWork, Importance
from boostreg.study.plan import Plan
from boostreg.tuning import Trial
from boostreg.tuning.measuring import Measuring, Setting

__all__ = ["ImportanceStudy"]


class ImportanceStudy:
    """Asks for the fits of a design, then for what explains their measures."""

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
        """Return the fits of the designs."""
        return self._filling

    def second(self) -> Job:
        """Return what explains them, once they are done."""
        self._works = {engine: self._explaining(engine) for engine in self._designs}
        works = [work for found in self._works.values() for work in found.values()]
        self._explained = Batch(works, needed=False)
        return self._explained

    def of(self, engine: str) -> dict[str, Importance]:
        """Return what explains loss, gap and leaves of one engine."""
        records = self._explained.records
        return {
            # The limits are those of fits: a surrogate that passes one is made here.
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
