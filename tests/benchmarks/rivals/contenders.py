"""The contenders: each takes training rows and a budget of seconds, and gives models.

Each is written as its documentation recommends, on all cores. A model is what predicts
at the end, refitted on all training rows; its refit is inside the measured time.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import optuna
import pandas as pd
import xgboost
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import (
    GroupKFold,
    HalvingRandomSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tables import Split

import boostreg

__all__ = ["CONTENDERS", "Model", "Setup"]

FOLDS = 5
_TREES = 270
"""Trees of the last rung of halving."""


@dataclass(frozen=True)
class Setup:
    """What a contender is given; it never sees the test rows of ``split``."""

    split: Split
    budget: float
    cores: int
    seed: int

    @property
    def folds(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """The five inner folds, for those that do not make their own."""
        kind: Any = KFold(FOLDS, shuffle=True, random_state=self.seed)
        if self.split.groups is not None:
            kind = GroupKFold(FOLDS, shuffle=True, random_state=self.seed)
        elif self.split.n_classes:
            kind = StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)
        return list(kind.split(self.split.X, self.split.y, self.split.groups))

    @property
    def scoring(self) -> str:
        """scikit-learn's name of the loss."""
        return "neg_log_loss" if self.split.n_classes else "neg_mean_squared_error"


@dataclass(frozen=True)
class Model:
    """What a contender ends with.

    ``predict`` returns numbers, or probabilities of the classes; ``leaves`` is None for
    a model without trees.
    """

    predict: Callable[[pd.DataFrame], NDArray[np.float64]]
    leaves: int | None
    note: str = ""


Contender = Callable[[Setup], dict[str, Model]]


def wrapped(model: Any, setup: Setup, note: str = "") -> Model:
    """Return a fitted scikit-learn estimator as a model."""
    of_classes = setup.split.n_classes > 0
    predict = model.predict_proba if of_classes else model.predict
    return Model(predict, leaves_of(model), note)


def leaves_of(model: Any) -> int | None:
    """Return the leaves of a fitted wrapper or booster, None without trees."""
    if isinstance(model, lightgbm.LGBMModel):
        model = model.booster_
    if isinstance(model, xgboost.XGBModel):
        model = model.get_booster()
    if isinstance(model, lightgbm.Booster):
        return sum(tree["num_leaves"] for tree in model.dump_model()["tree_info"])
    if isinstance(model, xgboost.Booster):
        dumped = model.get_dump(dump_format="text")
        return sum(tree.count("leaf=") for tree in dumped)
    return None


def library(engine: str, setup: Setup, **parameters: Any) -> Any:
    """Return a library's wrapper on all cores."""
    shared = {"n_jobs": setup.cores, "random_state": setup.seed}
    if engine == "lightgbm":
        kind = lightgbm.LGBMClassifier if setup.split.n_classes else None
        kind = kind or lightgbm.LGBMRegressor
        return kind(**shared, verbose=-1, **parameters)
    kind = xgboost.XGBClassifier if setup.split.n_classes else xgboost.XGBRegressor
    return kind(**shared, enable_categorical=True, **parameters)


def linear(setup: Setup) -> dict[str, Model]:
    """Ridge or logistic regression, its strength by cross-validation."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_exclude="category")),
        (
            OneHotEncoder(handle_unknown="ignore", min_frequency=5),
            make_column_selector(dtype_include="category"),
        ),
    )
    last: Any = RidgeCV(np.logspace(-3, 5, 25))
    if setup.split.n_classes:
        last = LogisticRegressionCV(
            Cs=np.logspace(-4, 2, 7),
            cv=setup.folds,
            scoring="neg_log_loss",
            max_iter=300,
            n_jobs=setup.cores,
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
        )
    model = make_pipeline(columns, last).fit(setup.split.X, setup.split.y)
    return {"": wrapped(model, setup)}


def defaults(engine: str) -> Contender:
    """Return the library as it comes."""

    def fit(setup: Setup) -> dict[str, Model]:
        model = library(engine, setup).fit(setup.split.X, setup.split.y)
        return {"": wrapped(model, setup)}

    return fit


def plain_optuna(engine: str) -> Contender:
    """Return an Optuna study over the library's wrapper, as its examples write it."""

    def fit(setup: Setup) -> dict[str, Model]:
        folds = setup.folds

        def drawn(trial: optuna.Trial) -> dict[str, Any]:
            return {
                name: range_(trial, name) for name, range_ in _RANGES[engine].items()
            }

        def objective(trial: optuna.Trial) -> float:
            model = library(engine, setup, **drawn(trial))
            scores = cross_val_score(
                model, setup.split.X, setup.split.y, cv=folds, scoring=setup.scoring
            )
            return -float(scores.mean())

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=setup.seed)
        study = optuna.create_study(sampler=sampler)
        study.optimize(objective, timeout=setup.budget)
        model = library(
            engine, setup, **drawn(optuna.trial.FixedTrial(study.best_params))
        )
        model.fit(setup.split.X, setup.split.y)
        return {"": wrapped(model, setup, f"{len(study.trials)} trials")}

    return fit


def _whole(low: int, high: int, *, log: bool = True) -> Any:
    return lambda trial, name: trial.suggest_int(name, low, high, log=log)


def _real(low: float, high: float, *, log: bool = True) -> Any:
    return lambda trial, name: trial.suggest_float(name, low, high, log=log)


_RANGES: Mapping[str, Mapping[str, Any]] = {
    "xgboost": {
        "n_estimators": _whole(50, 500, log=False),
        "learning_rate": _real(0.01, 0.3),
        "max_depth": _whole(3, 9, log=False),
        "min_child_weight": _real(1, 10),
        "subsample": _real(0.5, 1.0, log=False),
        "colsample_bytree": _real(0.5, 1.0, log=False),
        "reg_lambda": _real(1e-8, 10.0),
        "reg_alpha": _real(1e-8, 10.0),
        "gamma": _real(1e-8, 1.0),
    },
    "lightgbm": {
        "n_estimators": _whole(50, 500, log=False),
        "learning_rate": _real(0.01, 0.3),
        "num_leaves": _whole(4, 256),
        "min_child_samples": _whole(5, 100, log=False),
        "subsample": _real(0.5, 1.0, log=False),
        "subsample_freq": _whole(1, 7, log=False),
        "colsample_bytree": _real(0.5, 1.0, log=False),
        "reg_lambda": _real(1e-8, 10.0),
        "reg_alpha": _real(1e-8, 10.0),
    },
}
"""The ranges of Optuna's own examples for both libraries, with a learning rate."""


def lightgbm_tuner(setup: Setup) -> dict[str, Model]:
    """Optuna's step-wise tuner of LightGBM, with early stopping, then a refit."""
    from optuna_integration.lightgbm import LightGBMTunerCV

    split = setup.split
    goal = {"objective": "regression", "metric": "l2"}
    if split.n_classes == 2:
        goal = {"objective": "binary", "metric": "binary_logloss"}
    elif split.n_classes:
        goal = {"objective": "multiclass", "metric": "multi_logloss"}
        goal |= {"num_class": str(split.n_classes)}
    shared = goal | {"verbosity": -1, "num_threads": setup.cores, "seed": setup.seed}
    rows = lightgbm.Dataset(split.X, split.y, free_raw_data=False)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tuner = LightGBMTunerCV(
        shared,
        rows,
        folds=setup.folds,
        callbacks=[lightgbm.early_stopping(100, verbose=False)],
        time_budget=int(setup.budget),
        optuna_seed=setup.seed,
        return_cvbooster=True,
        show_progress_bar=False,
    )
    tuner.run()
    rounds = tuner.get_best_booster().best_iteration
    rows = lightgbm.Dataset(split.X, split.y)
    booster = lightgbm.train(tuner.best_params, rows, num_boost_round=rounds)

    def predict(X: pd.DataFrame) -> NDArray[np.float64]:
        found: NDArray[np.float64] = booster.predict(X)
        return np.column_stack([1 - found, found]) if split.n_classes == 2 else found

    return {"": Model(predict, leaves_of(booster), f"{rounds} rounds")}


def flaml(setup: Setup) -> dict[str, Model]:
    """FLAML over LightGBM and XGBoost."""
    from flaml import AutoML

    split, automl = setup.split, AutoML()
    given: dict[str, Any] = {}
    if split.groups is not None:
        given = {"split_type": "group", "groups": split.groups}
    automl.fit(
        split.X,
        split.y.astype(int) if split.n_classes else split.y,
        task="classification" if split.n_classes else "regression",
        metric="log_loss" if split.n_classes else "mse",
        estimator_list=["lgbm", "xgboost"],
        time_budget=setup.budget,
        n_jobs=setup.cores,
        seed=setup.seed,
        verbose=0,
        **given,
    )
    predict = automl.predict_proba if split.n_classes else automl.predict
    leaves = leaves_of(automl.model.estimator)
    return {"": Model(predict, leaves, str(automl.best_estimator))}


def halving(setup: Setup) -> dict[str, Model]:
    """Successive halving over LightGBM, with as many candidates as the budget allows.

    Rungs are numbers of trees. It has no budget of time: fits with all trees are timed,
    and the candidates are those whose fits, all rungs together, take the rest.
    """
    from scipy.stats import loguniform, randint, uniform

    split = setup.split
    started = time.perf_counter()
    timed = cross_validate(
        library("lightgbm", setup, n_estimators=_TREES),
        split.X,
        split.y,
        cv=setup.folds,
        scoring=setup.scoring,
    )
    a_fit = float(np.mean(timed["fit_time"] + timed["score_time"]))
    left = setup.budget - (time.perf_counter() - started) - 2 * a_fit
    # The first rung has n candidates of n_trees / 27, and each further rung costs as
    # much: a third of the candidates, three times the trees.
    n = max(int(left / (FOLDS * a_fit) * 27 / 4), 3)
    search = HalvingRandomSearchCV(
        library("lightgbm", setup),
        {
            "learning_rate": loguniform(0.01, 0.3),
            "num_leaves": loguniform_int(4, 256),
            "min_child_samples": randint(5, 100),
            "subsample": uniform(0.5, 0.5),
            "subsample_freq": randint(1, 7),
            "colsample_bytree": uniform(0.5, 0.5),
            "reg_lambda": loguniform(1e-8, 10),
            "reg_alpha": loguniform(1e-8, 10),
        },
        n_candidates=n,
        resource="n_estimators",
        min_resources=_TREES // 27,
        max_resources=_TREES,
        cv=setup.folds,
        scoring=setup.scoring,
        random_state=setup.seed,
        error_score="raise",
    )
    search.fit(split.X, split.y)
    return {"": wrapped(search.best_estimator_, setup, f"{n} candidates")}


def loguniform_int(low: int, high: int) -> Any:
    """Return a distribution of whole numbers, uniform in their logarithm."""
    from scipy.stats import loguniform

    class Whole:
        def rvs(self, **given: Any) -> int:
            return round(float(loguniform(low, high).rvs(**given)))

    return Whole()


def ours(engine: str, **options: Any) -> Contender:
    """Return ``boostreg.tune`` with nothing written but the data and the budget."""

    def fit(setup: Setup) -> dict[str, Model]:
        split = setup.split
        tuned = boostreg.tune(
            split.X,
            split.y.astype(int) if split.n_classes else split.y,
            engine=engine,
            task=split.task,
            groups=split.groups,
            timeout=setup.budget,
            workers=setup.cores,
            seed=setup.seed,
            **options,
        )
        models = {}
        cut = [note for note in tuned.notes if "stopped the last fit" in note]
        note = "; ".join([f"{len(tuned.trials)} trials", *cut])
        fitted = {
            "best": tuned.best_estimator_,
            "one_se": tuned.one_se.estimator().fit(split.X, split.y),
        }
        for name, model in fitted.items():
            models[name] = Model(
                model.predict_proba if split.n_classes else model.predict,
                model.size_.n_leaves,
                note,
            )
        return models

    return fit


CONTENDERS: Mapping[str, Contender] = {
    "ours": ours("auto"),
    "ours xgboost": ours("xgboost"),
    "ours lightgbm": ours("lightgbm"),
    "FLAML": flaml,
    "LightGBMTunerCV": lightgbm_tuner,
    "Optuna XGBoost": plain_optuna("xgboost"),
    "Optuna LightGBM": plain_optuna("lightgbm"),
    "halving LightGBM": halving,
    "XGBoost defaults": defaults("xgboost"),
    "LightGBM defaults": defaults("lightgbm"),
    "linear": linear,
}
