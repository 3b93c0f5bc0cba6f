"""Studies of regularization in gradient boosting, over XGBoost and LightGBM."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "BoostedClassifier": "boostreg.estimators",
    "BoostedRegressor": "boostreg.estimators",
    "BoostregError": "boostreg.errors",
    "Penalty": "boostreg.penalty",
    "TreeEnsemble": "boostreg.trees",
    "TreeSize": "boostreg.trees",
    "Tuned": "boostreg.tuning.tuned",
    "Units": "boostreg.penalty",
    "load_model": "boostreg.saved",
    "open_run": "boostreg.study.run",
    "penalty_path": "boostreg.effects.path",
    "run_study": "boostreg.study.runner",
    "suggest": "boostreg.tuning",
    "tree_size": "boostreg.trees",
    "tune": "boostreg.tuning.tune",
}
"""Where each public name lives; its module is imported when the name is first used."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
