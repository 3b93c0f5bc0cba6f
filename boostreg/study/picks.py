"""From what the searches chose to models: rounds, saved models, refits and losses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from boostreg.effects.importance import Importance
from boostreg.effects.optimism import OvertuningPoint, nested_gap
from boostreg.fits.fit import Fit, FitResult
from boostreg.fits.schedule import Batch
from boostreg.fits.work import FitWork, ModelRecord, ModelWork, PickWork, Work
from boostreg.report.records import (
    EngineRecord,
    FeatureUse,
    OuterRecord,
    TunedEngine,
)
from boostreg.study.plan import Plan
from boostreg.tuning.acting import PICKS

__all__ = ["Picks", "Where"]

Where = tuple[str, int | None]
"""Engine and outer fold of a search; None for all rows."""

_JUDGED = (*PICKS, "unpenalised")
"""Models of a search that are refitted on each outer fold."""

_MAX_FEATURES = 20
"""Columns of a pick whose use is measured and reported."""


class Picks:
    """Requests the models of the picks in stages, each once the one before is done.

    Attributes
    ----------
    tuned : dict
        The searches, by engine and outer fold, after ``fit_models`` with the rounds
        that were found on all rows.
    """

    def __init__(self, plan: Plan, tuned: Mapping[Where, TunedEngine]) -> None:
        self._plan, self.tuned = plan, dict(tuned)
        self._rounds: dict[tuple[Where, str], FitWork] = {}
        if plan.splits.searched:
            self._rounds = {
                (where, pick): FitWork(plan.rounds_fit(*where, one.penalty(pick)))
                for where, one in tuned.items()
                for pick in _judged(where)
            }
        self.rounds = Batch(list(self._rounds.values()))
        self.models = Batch([])
        self.refits = Batch([])
        self._refits: dict[tuple[str, int, str], PickWork] = {}

    def fit_models(self) -> Batch:
        """Return the job with the models of all rows; ``rounds`` must be done."""
        for where, one in self.tuned.items():
            found = {
                pick: self.rounds.records[self._rounds[where, pick]]
                for pick in _judged(where)
                if (where, pick) in self._rounds
            }
            self.tuned[where] = replace(one, rounds=rounds_on_all_rows(one, found))
        self.models = Batch(
            [
                ModelWork(self._fit(where, pick))
                for where in self.tuned
                if where[1] is None
                for pick in PICKS
            ]
        )
        return self.models

    def refit_all(self) -> Batch:
        """Return the job with the refits on outer folds; ``models`` must be done."""
        for where in self.tuned:
            engine, outer = where
            if outer is None:
                continue
            for pick in _JUDGED:
                columns: tuple[int, ...] = ()
                if pick in PICKS:
                    columns = _most_used(self._model(engine, pick))
                work = PickWork(self._fit(where, pick), columns)
                self._refits[engine, outer, pick] = work
        self.refits = Batch(list(self._refits.values()))
        return self.refits

    def engine(
        self,
        name: str,
        references: Mapping[Work[Any], Any],
        importance: Mapping[str, Importance],
        overtuning: tuple[OvertuningPoint, ...],
    ) -> EngineRecord:
        """Return all about one engine; ``refits`` must be done.

        ``references`` has the records of the libraries' default models.
        """
        plan, tuned = self._plan, self.tuned
        refits = {
            pick: [
                self.refits.records[self._refits[name, fold, pick]]
                for fold in plan.outer_folds
            ]
            for pick in _JUDGED
        }
        outer = {
            pick: tuple(
                OuterRecord.of_pick(
                    one, plan.row_losses(fold, one.raw), plan.test_weights(fold)
                )
                for fold, one in zip(plan.outer_folds, found, strict=True)
            )
            for pick, found in refits.items()
        }
        models = {pick: self._model(name, pick) for pick in PICKS}
        outer["default"] = tuple(
            OuterRecord.of_reference(references[work])
            for work in plan.references()
            if work.engine == name
        )
        return EngineRecord(
            name=name,
            tuned={fold: tuned[name, fold] for fold in (*plan.outer_folds, None)},
            outer=outer,
            models=models,
            importance=importance,
            overtuning=overtuning,
            # From models of fewer rows, it would not tell how optimistic a search is.
            nested_gap={}
            if plan.splits.searched
            else {
                pick: nested_gap(
                    [tuned[name, k].candidate(pick).loss for k in plan.outer_folds],
                    [one.loss for one in outer[pick]],
                    plan.judges(plan.outer_folds),
                )
                for pick in PICKS
            },
            features={
                pick: _feature_use(
                    models[pick], tuple(one.rises for one in refits[pick])
                )
                for pick in PICKS
            },
        )

    def _fit(self, where: Where, pick: str) -> Fit:
        one = self.tuned[where]
        return self._plan.refit(*where, one.penalty(pick), one.n_rounds(pick))

    def _model(self, engine: str, pick: str) -> ModelRecord:
        work = ModelWork(self._fit((engine, None), pick))
        found: ModelRecord = self.models.records[work]
        return found


def _judged(where: Where) -> tuple[str, ...]:
    """Return the picks of a search whose models are fitted."""
    return PICKS if where[1] is None else _JUDGED


def rounds_on_all_rows(
    tuned: TunedEngine, found: Mapping[str, FitResult]
) -> dict[str, int]:
    """Return the rounds of each pick from fits on all rows, which stopped early.

    Those with the lowest validation loss. The pick ``one_se`` needs no more than the
    first that are as close to the lowest loss of ``best`` as in the search.
    """
    rounds = {name: int(one.valid_loss.argmin()) for name, one in found.items()}
    if "one_se" in found:
        best, one_se = tuned.candidate("best").loss, tuned.candidate("one_se").loss
        lowest = float(found["best"].valid_loss.min())
        losses = found["one_se"].valid_loss
        (near,) = np.nonzero(losses <= lowest + abs(lowest) * (one_se / best - 1))
        if len(near):
            rounds["one_se"] = min(int(near[0]), rounds["one_se"])
    return rounds


def _most_used(model: ModelRecord) -> tuple[int, ...]:
    """Return the columns with the largest gain, at most 20, by falling gain."""
    order = sorted(range(len(model.gains)), key=lambda k: -model.gains[k])
    return tuple(k for k in order if model.gains[k] > 0)[:_MAX_FEATURES]


def _feature_use(
    model: ModelRecord, rises: tuple[tuple[float, ...], ...]
) -> FeatureUse:
    columns, total = _most_used(model), sum(model.gains)
    return FeatureUse(
        columns=columns,
        gains=tuple(model.gains[k] / total for k in columns),
        n_used=sum(gain > 0 for gain in model.gains),
        rises=rises,
    )
