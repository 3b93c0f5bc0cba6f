"""The plain ways to tune: what people write without boostreg, word for word."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import optuna
import xgboost
from numpy.typing import NDArray
from optuna_integration.sklearn import OptunaSearchCV
from sklearn.model_selection import cross_val_score

__all__ = ["WRAPPERS", "Chore", "Plain", "optuna_search", "plain_way"]

FLOAT = optuna.distributions.FloatDistribution
Folds = Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]

WRAPPERS = {
    ("xgboost", "regression"): xgboost.XGBRegressor,
    ("xgboost", "binary"): xgboost.XGBClassifier,
    ("lightgbm", "regression"): lightgbm.LGBMRegressor,
    ("lightgbm", "binary"): lightgbm.LGBMClassifier,
}


@dataclass(frozen=True)
class Chore:
    """What all rivals are given: data, folds, and cores."""

    engine: str
    task: str
    X: Any
    y: NDArray[np.float64]
    folds: Folds
    cores: int

    def model(self, configuration: dict[str, Any]) -> Any:
        """Return the library's wrapper on all cores."""
        return WRAPPERS[self.engine, self.task](**configuration, n_jobs=self.cores)

    @property
    def scoring(self) -> str:
        """scikit-learn's name of the loss that we minimise, negated."""
        return "neg_mean_squared_error" if self.task == "regression" else "neg_log_loss"


@dataclass(frozen=True)
class Plain:
    """What the plain way found, in how long."""

    losses: list[float]
    seconds: float


def plain_way(chore: Chore, configurations: Sequence[dict[str, Any]]) -> Plain:
    """Run an Optuna study over given configurations, ``n_jobs`` being all cores."""
    study = _study(configurations, "minimize")

    def objective(trial: optuna.Trial) -> float:
        for name, range_ in _ranges(configurations).items():
            trial._suggest(name, range_)  # noqa: SLF001  # as suggest_float would
        model = chore.model(configurations[trial.number])
        scores = cross_val_score(
            model, chore.X, chore.y, cv=chore.folds, scoring=chore.scoring
        )
        return -float(scores.mean())

    started = time.perf_counter()
    study.optimize(objective, n_trials=len(configurations))
    seconds = time.perf_counter() - started
    return Plain([float(trial.value or 0) for trial in study.trials], seconds)


def optuna_search(chore: Chore, configurations: Sequence[dict[str, Any]]) -> float:
    """Return the seconds of ``OptunaSearchCV`` over the same configurations."""
    ranges = _ranges(configurations)
    fixed = {k: v for k, v in configurations[0].items() if k not in ranges}
    search = OptunaSearchCV(
        chore.model(fixed),
        ranges,
        cv=chore.folds,
        scoring=chore.scoring,
        n_trials=len(configurations),
        refit=False,
        error_score="raise",
        study=_study(configurations, "maximize"),
    )
    started = time.perf_counter()
    search.fit(chore.X, chore.y)
    return time.perf_counter() - started


def _study(configurations: Sequence[dict[str, Any]], direction: str) -> optuna.Study:
    """Return a study that will try the configurations in their order."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0), direction=direction
    )
    for given in configurations:
        study.enqueue_trial({name: given[name] for name in _ranges(configurations)})
    return study


def _ranges(configurations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the ranges of the parameters that differ between configurations."""
    ranges: dict[str, Any] = {}
    for name, first in configurations[0].items():
        values = [given[name] for given in configurations]
        if len(set(map(str, values))) == 1:
            continue
        whole = isinstance(first, int)
        kind = optuna.distributions.IntDistribution if whole else FLOAT
        ranges[name] = kind(min(values), max(values))
    return ranges
