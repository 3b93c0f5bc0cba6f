"""The claims of a study: what they ask of it, their work, and their findings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from boostreg.claims.experiments.base import Measured
from boostreg.claims.paths import PathQuestion, answer_path
from boostreg.claims.verdict import (
    Finding,
    Margin,
    judge,
    replicate_t,
    resampled_t,
)
from boostreg.claims.work import ExperimentWork, Resample
from boostreg.data import planted_name
from boostreg.effects.effects import PathRow
from boostreg.fits.fit import derive_seed
from boostreg.fits.schedule import Batch
from boostreg.report.records import ClaimRecord
from boostreg.statistics import Interval
from boostreg.study.claim_checks import claim_engines, why_left_out
from boostreg.study.claim_spec import ExperimentClaim, PathClaim
from boostreg.study.plan import Plan

__all__ = ["Claims"]

_REPLICATES = 10
"""Of planted data, where a claim does not say how many."""


class Claims:
    """Asks for the experiments' work, and answers every claim of a study."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        works = [
            work
            for claim in plan.spec.claims
            if isinstance(claim, ExperimentClaim)
            for engine in self._engines(claim)
            for work in self._works(claim, engine)
        ]
        self.job = Batch(works, needed=False)

    def records(self, rows: Sequence[PathRow]) -> list[ClaimRecord]:
        """Return each claim with what every engine says of it."""
        return [
            ClaimRecord(
                claim=claim.as_dict() | {"kind": _kind(claim)},
                measured=self._measured(claim),
                findings=tuple(
                    self._answer(claim, engine, rows) for engine in self._engines(claim)
                ),
                panels=claim.procedure.panels
                if isinstance(claim, ExperimentClaim)
                else (),
            )
            for claim in self._plan.spec.claims
        ]

    def _engines(self, claim: PathClaim | ExperimentClaim) -> Sequence[str | None]:
        if isinstance(claim, ExperimentClaim) and not claim.procedure.by_engine:
            return (None,)
        return claim_engines(claim, self._plan.spec.engines, self._plan.grids)

    def _answer(
        self,
        claim: PathClaim | ExperimentClaim,
        engine: str | None,
        rows: Sequence[PathRow],
    ) -> Finding:
        if isinstance(claim, ExperimentClaim):
            return self._experiment(claim, engine)
        question = PathQuestion(
            engine=str(engine),
            measure=claim.measure,
            along=claim.along,
            against=claim.against,
            at=claim.at,
            anchor=claim.anchor,
            reading=claim.reading,
            expect=claim.expectation,
            margin=Margin.read(claim.least),
        )
        return answer_path(question, rows, self._ratio)

    def _experiment(self, claim: ExperimentClaim, engine: str | None) -> Finding:
        works = self._works(claim, engine)
        found = [self.job.records[w] for w in works if w in self.job.records]
        values = tuple(one.values[claim.measure] for one in found)
        failures = [str(self.job.failures[w]) for w in works if w in self.job.failures]
        interval = self._interval(values, len(works), failures)
        least = float(claim.least)
        verdict = judge(interval, claim.expectation, least, claim.than)
        return Finding(engine, interval, verdict, values, _mean_series(found))

    def _interval(
        self, values: Sequence[float], wanted: int, failures: Sequence[str]
    ) -> Interval:
        if len(values) < wanted:
            nan, missing = float("nan"), wanted - len(values)
            why = f": {failures[0].rstrip('.')}" if failures else ""
            said = f"no interval: {missing} of {wanted} resamples failed{why}"
            return Interval(nan, nan, nan, nan, len(values), said)
        if self._source is not None:
            return replicate_t(values)
        return resampled_t(values, self._ratio)

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
        seed, source = self._plan.spec.seed, self._source
        if source is not None:
            for number in range(claim.replicates or _REPLICATES):
                drawn = derive_seed(seed, "replicate", number)
                yield Resample(drawn, source=source, target=self._plan.spec.data.target)
            return
        for outer in self._plan.outer_folds:
            for inner in range(self._plan.splits.n_inner):
                yield Resample(derive_seed(seed, "fold", outer, inner), outer, inner)

    def _measured(self, claim: PathClaim | ExperimentClaim) -> dict[str, Any]:
        """Return in words what is measured, and on how many resamples of what."""
        why = why_left_out(claim, self._plan.spec.engines, self._plan.grids)
        without = None if why is None else f"Without {why}"
        if isinstance(claim, ExperimentClaim):
            procedure = claim.procedure
            how = " ".join(filter(None, (procedure.words, without)))
            words = {"what": procedure.measures[claim.measure], "how": how}
            planted = self._source is not None
            count = claim.replicates or _REPLICATES if planted else self._n_folds
            return words | {"n": count, "of": "replicates" if planted else "folds"}
        return {"n": self._n_folds, "of": "folds", "how": without}

    @property
    def _source(self) -> str | None:
        return planted_name(self._plan.spec.data.source)

    @property
    def _n_folds(self) -> int:
        return len(self._plan.outer_folds) * self._plan.splits.n_inner

    @property
    def _ratio(self) -> float:
        folds = self._plan.inner_folds
        return 1 / (folds - 1) if folds > 1 else 1.0


def _kind(claim: PathClaim | ExperimentClaim) -> str:
    return "path" if isinstance(claim, PathClaim) else "experiment"


def _mean_series(found: Sequence[Measured]) -> dict[str, tuple[float, ...]]:
    if not found:
        return {}
    return {
        name: tuple(np.mean([one.series[name] for one in found], axis=0).tolist())
        for name in found[0].series
    }
