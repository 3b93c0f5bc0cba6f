"""LightGBM behind boostreg's vocabulary."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.engines.base import (
    Engine,
    Growth,
    Model,
    Stopper,
    Training,
    column_is_complete,
)
from boostreg.engines.curves import CurveRecorder, affine
from boostreg.engines.lgb_text import rewrite
from boostreg.engines.problem import Problem, Standard
from boostreg.engines.rules import (
    check_min_child_samples,
    check_renewed_leaves,
    least_hessian,
)
from boostreg.losses import Array, Objective
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

__all__ = ["LightGBM"]

MAX_BIN = 255
MOST_LEAVES = 131072
_OBJECTIVE = {
    "squared_error": "regression",
    "logistic": "binary",
    "softmax": "multiclass",
    "poisson": "poisson",
    "gamma": "gamma",
    "tweedie": "tweedie",
    "absolute_error": "regression_l1",
    "quantile": "quantile",
}
_METRIC = {
    "squared_error": "l2",
    "logistic": "binary_logloss",
    "softmax": "multi_logloss",
    "poisson": "poisson",
    "gamma": "gamma",
    "tweedie": "tweedie",
    "absolute_error": "l1",
    "quantile": "quantile",
}
# What a Dataset is built with can not be changed by a later fit on it.
_DATASET = {
    "max_bin": MAX_BIN,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "enable_bundle": False,
    "verbosity": -1,
}
_BEYOND_EVERY_THRESHOLD = 1e300


@dataclass(frozen=True, slots=True)
class LightGBMBins:
    """Binned Datasets of one problem, labels on the standard scale."""

    problem: Problem
    train: Any
    valid: Any
    threads: int


@final
class LightGBM(Engine):
    """LightGBM 4 through its native interface."""

    name: ClassVar[str] = "lightgbm"

    @override
    def version(self) -> str:
        import lightgbm

        return str(lightgbm.__version__)

    @override
    def check(self, penalty: Penalty, problem: Problem) -> None:
        check_min_child_samples(penalty, problem)
        check_renewed_leaves("LightGBM", penalty, problem)

    @override
    def params(self, penalty: Penalty, problem: Problem) -> dict[str, Any]:
        raw = penalty.to_raw(problem.standard.units)
        return _objective_params(problem.objective) | _penalty_params(
            raw, problem, problem.row_hessian
        )

    @override
    def bin(self, problem: Problem, threads: int = 1) -> LightGBMBins:
        import lightgbm

        complete = column_is_complete(problem.train)
        part = problem.part(problem.train)
        train = lightgbm.Dataset(
            part.X,
            label=part.y,
            weight=part.weights,
            init_score=_flat(part.margin),
            categorical_feature=list(problem.train.categorical),
            params=_DATASET | {"num_threads": threads},
            free_raw_data=True,
        ).construct()
        valid = None
        if problem.valid is not None:
            part = problem.part(problem.valid)
            valid = train.create_valid(
                _missing_as_trained(part.X, complete),
                label=part.y,
                weight=part.weights,
                init_score=_flat(part.margin),
                params=_DATASET | {"num_threads": threads},
            ).construct()
        return LightGBMBins(problem, train, valid, threads)

    @override
    def fit(self, bins: LightGBMBins, penalty: Penalty, growth: Growth) -> Training:
        import lightgbm

        problem = bins.problem
        self.check(penalty, problem)
        standard = problem.standard.penalty(penalty)
        row = problem.row_hessian / problem.standard.weight_scale
        params = (
            _objective_params(problem.objective)
            | _penalty_params(standard, problem, row)
            | _run_params(problem.objective, growth)
        )
        booster = lightgbm.Booster(params, bins.train)
        if bins.valid is not None:
            booster.add_valid(bins.valid, "valid")
        curves, n_rounds, exhausted = _grow(booster, bins, growth)
        model = Model(
            engine=self.name,
            native=booster,
            objective=problem.objective,
            standard=problem.standard,
            columns=problem.train.columns,
            learning_rate=penalty.learning_rate,
            n_rounds=n_rounds,
            complete=column_is_complete(problem.train),
        )
        return Training(model, curves.valid, curves.train, exhausted)

    @override
    def fit_default(self, problem: Problem, seed: int, threads: int) -> Model:
        import lightgbm

        train, objective = problem.train, problem.objective
        kind = (
            lightgbm.LGBMClassifier
            if objective.n_classes > 0
            else lightgbm.LGBMRegressor
        )
        chosen = {} if objective.n_classes > 0 else _objective_params(objective)
        wrapper = kind(random_state=seed, n_jobs=threads, verbosity=-1, **chosen)
        wrapper.fit(
            train.X,
            train.y,
            sample_weight=train.weights,
            categorical_feature=list(train.categorical),
        )
        zero = np.zeros_like(problem.standard.intercept)
        return Model(
            engine=self.name,
            native=wrapper.booster_,
            objective=objective,
            standard=replace(
                problem.standard, intercept=zero, target_scale=1.0, weight_scale=1.0
            ),
            columns=train.columns,
            learning_rate=0.1,
            n_rounds=wrapper.booster_.current_iteration(),
            # The untouched library reads a value missing only later as 0.
            complete=(False,) * len(train.columns),
            pure=False,
        )

    @override
    def predict(
        self, model: Model, X: NDArray[np.float64], n_rounds: int | None = None
    ) -> Array:
        standard = model.standard
        rounds = model.n_rounds if n_rounds is None else n_rounds
        start = np.tile(standard.intercept, (len(X), 1))
        if rounds == 0:
            return start
        grown = model.native.predict(
            _missing_as_trained(X, model.complete),
            raw_score=True,
            num_iteration=rounds,
            num_threads=1,
        )
        grown = np.asarray(grown, dtype=np.float64).reshape(len(X), -1)
        return start + standard.target_scale * grown

    @override
    def trees(self, model: Model) -> TreeEnsemble:
        text = model.native.model_to_string(num_iteration=-1)
        trees = TreeEnsemble.from_lightgbm_text(
            text,
            learning_rate=model.learning_rate,
            intercept=0.0 if model.pure else None,
        ).truncate(model.n_rounds)
        standard, c = model.standard, _hessian_factor(model.objective)
        scaled = trees.scaled(standard.target_scale, row_weight=standard.weight_scale)
        return replace(scaled, hessian=scaled.hessian / c, gain=scaled.gain * c)

    @override
    def truncate(self, model: Model, n_rounds: int) -> Model:
        return replace(model, n_rounds=min(n_rounds, model.n_rounds))

    @override
    def export(self, model: Model) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=_export_text(model))

    @override
    def save(self, model: Model, path: Path) -> Path:
        target = path.with_suffix(".txt")
        target.write_text(_export_text(model), encoding="utf-8", newline="\n")
        return target


def _export_text(model: Model) -> str:
    standard: Standard = model.standard
    return rewrite(
        model.native.model_to_string(num_iteration=-1),
        n_rounds=model.n_rounds,
        factor=standard.target_scale,
        intercept=standard.intercept,
        complete=model.complete,
    )


def _flat(margin: Array) -> Array:
    # LightGBM wants all rows of the first class, then of the second.
    return np.asarray(margin.T.ravel(), dtype=np.float64)


def _missing_as_trained(
    X: NDArray[np.float64], complete: tuple[bool, ...]
) -> NDArray[np.float64]:
    # A value missing only after training goes right, as in XGBoost; LightGBM alone
    # would read it as 0 (include/LightGBM/tree.h, NumericalDecision).
    late = np.isnan(X) & np.array(complete)
    return np.where(late, _BEYOND_EVERY_THRESHOLD, X) if late.any() else X


def _hessian_factor(objective: Objective) -> float:
    """Return LightGBM's hessian over ours.

    Softmax there has K/(K-1) p(1-p) (``src/objective/multiclass_objective.hpp``),
    ours is 2p(1-p).
    """
    if objective.name != "softmax":
        return 1.0
    return objective.n_classes / (2 * (objective.n_classes - 1))


def _objective_params(objective: Objective) -> dict[str, Any]:
    params: dict[str, Any] = {"objective": _OBJECTIVE[objective.name]}
    if objective.name == "softmax":
        params["num_class"] = objective.n_classes
    if objective.name == "tweedie":
        params["tweedie_variance_power"] = objective.parameter
    if objective.name == "quantile":
        params["alpha"] = objective.parameter
    if objective.name == "poisson":
        # The step would multiply the hessian by its exponential, and 0 is refused.
        params["poisson_max_delta_step"] = 1e-15
    return params


def _penalty_params(
    penalty: Penalty, problem: Problem, row_hessian: float
) -> dict[str, Any]:
    c = _hessian_factor(problem.objective)
    return {
        "num_leaves": _num_leaves(penalty, problem.train.n_samples),
        "max_depth": penalty.max_depth or -1,
        "learning_rate": c * penalty.learning_rate,
        "lambda_l1": penalty.reg_alpha,
        "lambda_l2": c * penalty.reg_lambda,
        "min_gain_to_split": penalty.min_split_gain / c,
        "min_sum_hessian_in_leaf": c * least_hessian(penalty, row_hessian),
        "min_data_in_leaf": 0,
        "max_delta_step": penalty.max_delta_step / c,
        "path_smooth": penalty.path_smooth,
        "bagging_fraction": penalty.subsample,
        "bagging_freq": 1 if penalty.subsample < 1 else 0,
        "feature_fraction": penalty.colsample_bytree,
        "cat_l2": 0.0,
        "cat_smooth": c * penalty.reg_lambda,
        "min_data_per_group": 1,
        "max_cat_threshold": 65536,
        "max_cat_to_onehot": 4,
    } | _DATASET


def _num_leaves(penalty: Penalty, n_samples: int) -> int:
    most = min(max(n_samples, 2), MOST_LEAVES)
    if penalty.max_depth is not None and penalty.max_depth < 31:
        most = min(most, 2**penalty.max_depth)
    return min(penalty.max_leaves or most, most)


def _run_params(objective: Objective, growth: Growth) -> dict[str, Any]:
    return {
        "metric": _METRIC[objective.name],
        "boost_from_average": False,
        "seed": growth.seed,
        "num_threads": growth.threads,
        "deterministic": True,
        "force_col_wise": True,
    }


def _grow(
    booster: Any, bins: LightGBMBins, growth: Growth
) -> tuple[CurveRecorder, int, bool]:
    curves = CurveRecorder(bins.problem)
    stopper = Stopper(curves.start, growth.patience)
    tables = (bins.problem.train, bins.problem.valid)
    scale = [affine("lightgbm", bins.problem, t) for t in tables if t is not None]
    for number in range(growth.n_rounds):
        # The library keeps a first round without a split as trees of one zero leaf.
        if booster.update():
            return curves, number, True
        if not growth.curves:
            continue
        found = booster.eval_train() + (booster.eval_valid() if bins.valid else [])
        losses = [change(entry[2]) for change, entry in zip(scale, found, strict=True)]
        curves.add(losses)
        if stopper.stops(losses[-1]):
            return curves, number + 1, False
    return curves, growth.n_rounds, False
