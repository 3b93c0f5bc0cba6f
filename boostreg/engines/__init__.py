"""Boosting libraries behind one vocabulary: the registry of engines."""

from boostreg.engines.base import Engine, Growth, Model, Training
from boostreg.engines.lgb import LightGBM
from boostreg.engines.problem import Problem, Standard
from boostreg.engines.xgb import XGBoost
from boostreg.errors import StudyError

__all__ = [
    "ENGINES",
    "Engine",
    "Growth",
    "LightGBM",
    "Model",
    "Problem",
    "Standard",
    "Training",
    "XGBoost",
    "get_engine",
]

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (XGBoost(), LightGBM())}


def get_engine(name: str) -> Engine:
    """Return the engine called ``name``.

    Raises
    ------
    StudyError
        If there is none; the message lists all.
    """
    if name not in ENGINES:
        raise StudyError(f"engine must be one of {tuple(ENGINES)}, got {name!r}.")
    return ENGINES[name]
