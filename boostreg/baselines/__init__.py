"""Linear models on the same rows as the trees: what an ensemble has to beat."""

from boostreg.baselines.result import BaselineResult, PathPoint
from boostreg.baselines.run import BASELINES, available_baselines, run_baseline

__all__ = [
    "BASELINES",
    "BaselineResult",
    "PathPoint",
    "available_baselines",
    "run_baseline",
]
