"""Studies of regularization in gradient boosting, over XGBoost and LightGBM."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors read; at run time names are lazy
    from boostreg.effects.path import penalty_path
    from boostreg.errors import BoostregError, UnseenCategoryWarning
    from boostreg.estimators import BoostedClassifier, BoostedRegressor
    from boostreg.penalty import Penalty, Units
    from boostreg.saved import load_model
    from boostreg.study.run import open_run
    from boostreg.study.runner import run_study, run_table
    from boostreg.trees import TreeEnsemble, TreeSize, tree_size
    from boostreg.tuning.tune import suggest, tune
    from boostreg.tuning.tuned import Tuned

__all__ = [
    "BoostedClassifier",
    "BoostedRegressor",
    "BoostregError",
    "Penalty",
    "TreeEnsemble",
    "TreeSize",
    "Tuned",
    "Units",
    "UnseenCategoryWarning",
    "load_model",
    "open_run",
    "penalty_path",
    "run_study",
    "run_table",
    "suggest",
    "tree_size",
    "tune",
]

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
    "UnseenCategoryWarning": "boostreg.errors",
    "load_model": "boostreg.saved",
    "open_run": "boostreg.study.run",
    "penalty_path": "boostreg.effects.path",
    "run_study": "boostreg.study.runner",
    "run_table": "boostreg.study.runner",
    "suggest": "boostreg.tuning.tune",
    "tree_size": "boostreg.trees",
    "tune": "boostreg.tuning.tune",
}
"""Where each public name lives; its module is imported when the name is first used."""

if not TYPE_CHECKING:  # for a checker, a name that is not above is an error

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
