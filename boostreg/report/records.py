"""The records of a run: all that its report is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines import BaselineResult
from boostreg.changes import Judges, LossChange
from boostreg.claims.experiments.base import Panel
from boostreg.claims.verdict import Finding
from boostreg.data import Column
from boostreg.effects.effects import Effect, PathRow
from boostreg.effects.importance import Importance
from boostreg.effects.mechanism import Mechanism
from boostreg.effects.optimism import OvertuningPoint
from boostreg.effects.outer import TunedPenalty
from boostreg.effects.sketch import Sketch
from boostreg.fits.work import ModelRecord, PickRecord, ReferenceRecord
from boostreg.losses import Objective
from boostreg.penalty import Penalty, linter
from boostreg.penalty.space import Range
from boostreg.trees import TreeSize
from boostreg.tuning import Candidate, Prior, Selection, Trial, TrialCurves
from boostreg.tuning.acting import Reduced

__all__ = [
    "GIVEN", "ClaimRecord", "EngineRecord", "FeatureUse", "OuterRecord", "RunRecord",
    "TunedEngine",
]  # fmt: skip

GIVEN = 2
"""Trials of every search that are not drawn."""


@dataclass(frozen=True, slots=True)
class TunedEngine:
    """One engine's search within one outer fold, or on all rows."""

    trials: tuple[Trial, ...]
    selection: Selection
    """Its picks are without the penalties that do not act."""
    prior: Prior | None = None
    guesses: Mapping[str, int] = field(default_factory=dict)
    """Trials that the prior of the unpenalised leaves suggested, by penalty."""
    reduced: Mapping[str, Reduced] = field(default_factory=dict)
    """The picks of ``selection``; a trial has the penalties as they were drawn."""
    rounds: Mapping[str, int] = field(default_factory=dict)
    """Rounds by pick, found on all rows; empty if the search saw all of them."""

    def n_rounds(self, pick: str) -> int:
        """Return the rounds of the models of a candidate."""
        return self.rounds.get(pick, self.candidate(pick).n_rounds)

    def candidate(self, pick: str) -> Candidate:
        """Return the candidate called ``best``, ``one_se`` or ``unpenalised``."""
        if pick == "unpenalised":
            first = self.trials[0]
            if first.curves is None:
                return self.selection.best
            return first.curves.candidate(first.n_rounds)
        chosen: Candidate = getattr(self.selection, pick)
        return chosen

    def penalty(self, pick: str) -> Penalty:
        """Return the penalty of a candidate, in the study's scale."""
        if pick in self.reduced:
            return self.reduced[pick].penalty
        return self.trials[self.candidate(pick).trial].penalty

    def curves(self, pick: str) -> TrialCurves:
        """Return the curves of ``best`` or ``one_se``."""
        if pick in self.reduced:
            return self.reduced[pick].curves
        number = self.candidate(pick).trial
        return next(t.curves for t in self.trials if t.curves and t.number == number)

    def acting(self, pick: str) -> tuple[str, ...]:
        """Return the searched penalties of a pick that act."""
        return self.reduced[pick].acting if pick in self.reduced else ()


@dataclass(frozen=True, slots=True)
class OuterRecord:
    """One model judged on the test rows of one outer fold."""

    loss: float
    train_loss: float
    n_rounds: int
    size: TreeSize
    row_losses: Array
    raw: Array

    @classmethod
    def of_pick(
        cls, record: PickRecord, row_losses: Array, weights: Array | None
    ) -> "OuterRecord":
        """Return the judgement of a refit by its test rows, with their weights."""
        return cls(
            loss=float(np.average(row_losses, weights=weights)),
            train_loss=record.train_loss,
            n_rounds=record.n_rounds,
            size=record.size,
            row_losses=row_losses,
            raw=record.raw,
        )

    @classmethod
    def of_reference(cls, record: ReferenceRecord) -> "OuterRecord":
        """Return the judgement of a library's untouched wrapper."""
        return cls(
            record.test_loss,
            record.train_loss,
            record.n_rounds,
            record.size,
            record.row_losses,
            record.raw,
        )


@dataclass(frozen=True, slots=True)
class FeatureUse:
    """The columns that a pick uses most, by the gain of the model of all rows."""

    # Places in the table, by falling gain, and the share of each in the gain of all.
    columns: tuple[int, ...]
    gains: tuple[float, ...]
    # Columns in which that model splits.
    n_used: int
    # By outer fold, the rise of the loss if each of ``columns`` is permuted.
    rises: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """All about one engine."""

    name: str
    # By outer fold; None for all rows.
    tuned: Mapping[int | None, TunedEngine]
    # best, one_se, unpenalised and default, on every outer fold.
    outer: Mapping[str, Sequence[OuterRecord]]
    # best and one_se, trained on all rows.
    models: Mapping[str, ModelRecord]
    # Of loss, gap and leaves, and ``good``: of the loss among good settings.
    importance: Mapping[str, Importance] = field(default_factory=dict)
    overtuning: Sequence[OvertuningPoint] = ()
    # Of best and one_se.
    nested_gap: Mapping[str, LossChange] = field(default_factory=dict)
    features: Mapping[str, FeatureUse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """A claim and its result."""

    # As the study writes it, with ``kind``: ``path`` or ``experiment``.
    claim: Mapping[str, Any]
    # In words: ``n`` resamples ``of`` folds or replicates; for an experiment also
    # ``what`` is measured and ``how``.
    measured: Mapping[str, Any]
    # One per engine, or a single one.
    findings: tuple[Finding, ...]
    # Pictures of an experiment.
    panels: tuple[Panel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """All about one run."""

    # The study with every default written out.
    study: Mapping[str, Any]
    # The data card, with ``objective`` and ``loss``.
    card: Mapping[str, Any]
    # Of boostreg and the libraries.
    versions: Mapping[str, str]
    engines: Mapping[str, EngineRecord]
    # By name and outer fold; None for all rows.
    baselines: Mapping[str, Mapping[int | None, BaselineResult]]
    # What was searched, by engine and penalty.
    ranges: Mapping[str, Mapping[str, Range]]
    paths: Sequence[PathRow]
    # For every anchor and reading.
    effects: Sequence[Effect]
    # What the study asks for and this version does not do.
    notes: tuple[str, ...]
    # Test rows of the outer folds.
    judges: Judges
    # As new rows have them, in the order of the table.
    columns: tuple[Column, ...]
    # Targets, or class codes, of all rows of the table.
    y: Array
    # A relative change of loss that does not matter.
    tolerance: float
    # Warnings about the search before it began.
    lint: tuple[linter.LintFinding, ...] = ()
    mechanisms: Sequence[Mechanism] = ()
    # What tuning each penalty gains, around both anchors.
    tuned: Sequence[TunedPenalty] = ()
    # First trees by engine, penalty and its value, all else fixed.
    sketches: Mapping[tuple[str, str, float], Sketch] = field(default_factory=dict)
    claims: Sequence[ClaimRecord] = ()

    @property
    def objective(self) -> Objective:
        """The loss."""
        card = self.card
        n_classes = len(card["class_labels"])
        return Objective(card["objective"], card["objective_parameter"], n_classes)

    @property
    def outer_ratio(self) -> float:
        """Test rows per training row of the outer folds."""
        return self.judges.ratio

    @property
    def outer_weights(self) -> tuple[Array | None, ...]:
        """Row weights of each outer fold's test rows."""
        return self.judges.weights

    @property
    def searched(self) -> bool:
        """Whether trials were proposed beyond no penalty and our defaults."""
        return int(self.study["search"]["trials"]) > GIVEN

    @property
    def anchor(self) -> str:
        """The setting of the other penalties that a page leads with."""
        return "tuned" if self.searched else "fixed"

    @property
    def main_effects(self) -> list[Effect]:
        """Effects around the values that the page leads with, where each stops.

        A penalty without a path there is read around the fixed values.
        """
        found: dict[tuple[str, str], Effect] = {}
        for anchor in dict.fromkeys(("fixed", self.anchor)):
            for one in self.effects:
                if (one.anchor, one.reading) == (anchor, "stopped"):
                    found[one.engine, one.penalty] = one
        return list(found.values())

    def main_tuned(self) -> list[TunedPenalty]:
        """Return what tuning each penalty gains around those values."""
        return [one for one in self.tuned if one.anchor == self.anchor]
