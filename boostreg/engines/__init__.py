"""Boosting libraries behind one vocabulary: the registry of engines."""

from boostreg.engines.base import Bins, Engine, Model, Training
from boostreg.engines.curves import Growth, growing_until
from boostreg.engines.hgb import HistGradientBoosting
from boostreg.engines.lgb import LightGBM
from boostreg.engines.problem import Problem, Standard
from boostreg.engines.xgb import XGBoost
from boostreg.errors import StudyError

__all__ = [
    "ENGINES",
    "Bins",
    "Engine",
    "Growth",
    "HistGradientBoosting",
    "LightGBM",
    "Model",
    "Problem",
    "Standard",
    "Training",
    "XGBoost",
    "get_engine",
    "growing_until",
]

ENGINES: dict[str, Engine] = {
    engine.name: engine for engine in (XGBoost(), LightGBM(), HistGradientBoosting())
}


def get_engine(name: str) -> Engine:
    """Return the engine called ``name``.

    Raises
    ------
    StudyError
        If there is none; the message lists all.
    """
    if name not in ENGINES:
        raise StudyError(f"engine must be one of {', '.join(ENGINES)}, got {name!r}.")
    return ENGINES[name]
