"""Proposes penalties, measures them on inner folds, and selects candidates."""

from boostreg.tuning.guess import Prior
from boostreg.tuning.measuring import FitSettings
from boostreg.tuning.proposals import SAMPLERS, Proposer, Sampler, first_penalties
from boostreg.tuning.search import Tuning
from boostreg.tuning.selection import Candidate, Selection, TrialCurves, select
from boostreg.tuning.trial import FoldRecord, Trial

__all__ = [
    "SAMPLERS",
    "Candidate",
    "FitSettings",
    "FoldRecord",
    "Prior",
    "Proposer",
    "Sampler",
    "Selection",
    "Trial",
    "TrialCurves",
    "Tuning",
    "first_penalties",
    "select",
]
