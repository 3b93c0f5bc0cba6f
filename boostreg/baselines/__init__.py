"""Baselines: other models on the same rows, which an ensemble has to beat."""

from boostreg.baselines.names import (
    BASELINES,
    DEFAULT_BASELINES,
    SOLVERS,
    available_baselines,
    extra_packages,
    missing_extra,
    why_lacking,
)
from boostreg.baselines.result import BaselineResult, StrengthPoint
from boostreg.baselines.run import run_baseline

__all__ = [
    "BASELINES",
    "DEFAULT_BASELINES",
    "SOLVERS",
    "BaselineResult",
    "StrengthPoint",
    "available_baselines",
    "extra_packages",
    "missing_extra",
    "run_baseline",
    "why_lacking",
]
