"""The claims of a study: the work that they need, and their findings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from boostreg.claims.paths import PathQuestion, answer_path
from boostreg.claims.verdict import (
    Finding,
    Least,
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
"""Default number of replicates of synthetic data."""


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
                least=Least.read(claim.least),
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
        least = float(claim.least)
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
