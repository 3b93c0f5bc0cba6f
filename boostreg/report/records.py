"""The records of a run: all that its report may speak of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines import BaselineResult
from boostreg.claims.experiments.base import Panel
from boostreg.claims.verdict import Finding
from boostreg.effects.effects import Effect, PathRow
from boostreg.effects.importance import Importance
from boostreg.effects.mechanism import Mechanism
from boostreg.effects.optimism import OvertuningPoint
from boostreg.effects.outer import OuterEffect
from boostreg.effects.sketch import Sketch
from boostreg.fits.fit import FitResult
from boostreg.fits.work import ModelRecord, ReferenceRecord
from boostreg.penalty import Penalty, linter
from boostreg.penalty.space import Range
from boostreg.trees import TreeSize
from boostreg.tuning import Candidate, Prior, Selection, Trial

__all__ = [
    "GIVEN",
    "MAIN",
    "ClaimRecord",
    "EngineRecord",
    "OuterRecord",
    "RunRecord",
    "TunedEngine",
]

GIVEN = 2
"""Trials of every search that are not drawn."""

MAIN = ("fixed", "stopped")
"""Anchor and reading of the effects that a page leads with."""


@dataclass(frozen=True, slots=True)
class TunedEngine:
    """One engine's search within one outer fold, or on all rows."""

    trials: tuple[Trial, ...]
    selection: Selection
    prior: Prior | None = None
    guesses: Mapping[str, int] = field(default_factory=dict)
    """Trials that the prior of the unpenalised leaves suggested, by penalty."""

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
        return self.trials[self.candidate(pick).trial].penalty


@dataclass(frozen=True, slots=True)
class OuterRecord:
    """One model judged on the test rows of one outer fold."""

    loss: float
    train_loss: float
    n_rounds: int
    size: TreeSize
    row_losses: Array

    @classmethod
    def of_fit(cls, result: FitResult, weights: Array | None) -> "OuterRecord":
        """Return the judgement of a refit; ``weights`` are those of the test rows."""
        return cls(
            loss=float(np.average(result.row_losses, weights=weights)),
            train_loss=float(result.train_loss[-1]),
            n_rounds=result.n_rounds,
            size=result.sizes.at(result.n_rounds),
            row_losses=result.row_losses,
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
        )


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """All about one engine.

    Attributes
    ----------
    tuned : mapping of int or None to Tuned
        By outer fold; None for all rows.
    outer : mapping of str to tuple of OuterRecord
        ``best``, ``one_se``, ``unpenalised`` and ``default``, by outer fold.
    models : mapping of str to ModelRecord
        ``best`` and ``one_se``, grown on all rows.
    importance : mapping of str to Importance
        Of ``loss``, ``gap`` and ``leaves``.
    overtuning : sequence of OvertuningPoint
    """

    name: str
    tuned: Mapping[int | None, TunedEngine]
    outer: Mapping[str, Sequence[OuterRecord]]
    models: Mapping[str, ModelRecord]
    importance: Mapping[str, Importance] = field(default_factory=dict)
    overtuning: Sequence[OvertuningPoint] = ()


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """A claim and what came of it.

    Attributes
    ----------
    claim : mapping
        As the study writes it, with ``kind``: ``path`` or ``experiment``.
    measured : mapping
        In words: ``n`` resamples ``of`` folds or replicates; of an experiment also
        ``what`` is measured and ``how``.
    findings : tuple of Finding
        One an engine, or one alone.
    panels : tuple of Panel
        Pictures of an experiment.
    """

    claim: Mapping[str, Any]
    measured: Mapping[str, Any]
    findings: tuple[Finding, ...]
    panels: tuple[Panel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """All about one run.

    Attributes
    ----------
    study : mapping
        The study with every default written out.
    card : mapping
        The data card, with ``objective`` and ``loss``.
    versions : mapping
        Of the libraries.
    engines : mapping of str to EngineRecord
    baselines : mapping of str to mapping of int or None to BaselineResult
        By outer fold; None for all rows.
    ranges : mapping of str to mapping of str to Range
        What was searched, by engine and penalty.
    paths : sequence of PathRow
    effects : sequence of Effect
        For every anchor and reading.
    mechanisms : sequence of Mechanism
    outer_effects : sequence of OuterEffect
        Of the penalties tuned alone, all else fixed.
    sketches : mapping of (str, str, float) to Sketch
        First trees by engine, penalty and its value, all else fixed.
    notes : tuple of str
        What the study asks for and this version does not do.
    outer_ratio : float
        Test over training rows of the outer folds.
    outer_weights : tuple of arrays or None
        Row weights of each outer fold's test rows.
    claims : sequence of ClaimRecord
    lint : tuple of Finding
        What the search was warned of before it began.
    """

    study: Mapping[str, Any]
    card: Mapping[str, Any]
    versions: Mapping[str, str]
    engines: Mapping[str, EngineRecord]
    baselines: Mapping[str, Mapping[int | None, BaselineResult]]
    ranges: Mapping[str, Mapping[str, Range]]
    paths: Sequence[PathRow]
    effects: Sequence[Effect]
    notes: tuple[str, ...]
    outer_ratio: float
    outer_weights: tuple[Array | None, ...]
    lint: tuple[linter.LintFinding, ...] = ()
    mechanisms: Sequence[Mechanism] = ()
    outer_effects: Sequence[OuterEffect] = ()
    sketches: Mapping[tuple[str, str, float], Sketch] = field(default_factory=dict)
    claims: Sequence[ClaimRecord] = ()

    @property
    def searched(self) -> bool:
        """Whether trials were proposed beyond no penalty and our defaults."""
        return int(self.study["search"]["trials"]) > GIVEN

    @property
    def main_effects(self) -> list[Effect]:
        """Effects around the fixed values, each curve read where it stops."""
        return [e for e in self.effects if (e.anchor, e.reading) == MAIN]
