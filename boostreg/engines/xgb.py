"""XGBoost behind boostreg's vocabulary: ``hist``, grown leaf by leaf."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.data import Column
from boostreg.engines.base import (
    Engine,
    Growth,
    Model,
    Stopper,
    Training,
    column_is_complete,
)
from boostreg.engines.curves import CurveRecorder, affine
from boostreg.engines.problem import Part, Problem, Standard
from boostreg.engines.rules import (
    check_min_child_samples,
    check_renewed_leaves,
    least_hessian,
)
from boostreg.errors import UnsupportedPenaltyError
from boostreg.losses import Array, Objective
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

__all__ = ["XGBoost"]

MAX_BIN = 256
_OBJECTIVE = {
    "squared_error": "reg:squarederror",
    "logistic": "binary:logistic",
    "softmax": "multi:softprob",
    "poisson": "count:poisson",
    "gamma": "reg:gamma",
    "tweedie": "reg:tweedie",
    "absolute_error": "reg:absoluteerror",
    "quantile": "reg:quantileerror",
}
_METRIC = {
    "squared_error": "rmse",
    "logistic": "logloss",
    "softmax": "mlogloss",
    "poisson": "poisson-nloglik",
    "gamma": "gamma-nloglik",
    "tweedie": "tweedie-nloglik",
    "absolute_error": "mae",
    "quantile": "quantile",
}
_LOG_LINK = ("poisson", "gamma", "tweedie")


@dataclass(frozen=True, slots=True)
class XGBoostBins:
    """Quantile matrices of one problem, labels on the standard scale."""

    problem: Problem
    train: Any
    valid: Any


@final
class XGBoost(Engine):
    """XGBoost 3.2 to 3.4 through its native interface."""

    name: ClassVar[str] = "xgboost"

    @override
    def version(self) -> str:
        import xgboost

        return str(xgboost.__version__)

    @override
    def check(self, penalty: Penalty, problem: Problem) -> None:
        check_min_child_samples(penalty, problem)
        if penalty.path_smooth > 0:
            raise UnsupportedPenaltyError(
                "XGBoost has no counterpart of path_smooth; drop it from the study or "
                "run LightGBM alone."
            )
        old = _version() < (3, 4)
        if old and penalty.reg_alpha > 0 and penalty.max_delta_step > 0:
            raise UnsupportedPenaltyError(
                f"XGBoost {self.version()} leaves reg_alpha out of the split gain "
                "where max_delta_step is set (mended in 3.4); drop one of them or use "
                "Python 3.12 with XGBoost 3.4."
            )
        if problem.objective.name == "poisson" and penalty.max_delta_step > 0:
            raise UnsupportedPenaltyError(
                "XGBoost's max_delta_step also alters the Poisson hessian; drop it "
                "from the study or run LightGBM alone."
            )
        if old:
            check_renewed_leaves(f"XGBoost {self.version()}", penalty, problem)

    @override
    def params(self, penalty: Penalty, problem: Problem) -> dict[str, Any]:
        raw = penalty.to_raw(problem.standard.units)
        return _objective_params(problem.objective) | _penalty_params(
            raw, problem.row_hessian
        )

    @override
    def bin(self, problem: Problem, threads: int = 1) -> XGBoostBins:
        import xgboost

        columns = problem.train.columns

        def matrix(part: Part, ref: Any = None) -> Any:
            return xgboost.QuantileDMatrix(
                part.X,
                label=part.y,
                weight=part.weights,
                base_margin=part.margin,
                feature_types=_feature_types(columns),
                enable_categorical=True,
                max_bin=MAX_BIN,
                nthread=threads,
                ref=ref,
            )

        train = matrix(problem.part(problem.train))
        valid = None
        if problem.valid is not None:
            valid = matrix(problem.part(problem.valid), train)
        return XGBoostBins(problem, train, valid)

    @override
    def fit(self, bins: XGBoostBins, penalty: Penalty, growth: Growth) -> Training:
        import xgboost

        problem = bins.problem
        self.check(penalty, problem)
        standard = problem.standard.penalty(penalty)
        params = (
            _objective_params(problem.objective)
            | _penalty_params(
                standard, problem.row_hessian / problem.standard.weight_scale
            )
            | {
                "base_score": _neutral_base_score(problem.objective),
                "eval_metric": _metric(problem.objective),
                "seed": growth.seed,
                "nthread": growth.threads,
                "validate_parameters": True,
            }
        )
        sets = [(bins.train, "train")]
        if bins.valid is not None:
            sets.append((bins.valid, "valid"))
        booster = xgboost.Booster(params, [matrix for matrix, _ in sets])
        curves = _grow(booster, bins, sets, growth)
        model = Model(
            engine=self.name,
            native=booster,
            objective=problem.objective,
            standard=problem.standard,
            columns=problem.train.columns,
            learning_rate=penalty.learning_rate,
            n_rounds=booster.num_boosted_rounds(),
            complete=column_is_complete(problem.train),
        )
        return Training(model, curves.valid, curves.train, exhausted=False)

    @override
    def fit_default(self, problem: Problem, seed: int, threads: int) -> Model:
        import xgboost

        train, objective = problem.train, problem.objective
        kind = (
            xgboost.XGBClassifier if objective.n_classes > 0 else xgboost.XGBRegressor
        )
        chosen = {} if objective.n_classes > 0 else _objective_params(objective)
        wrapper = kind(
            random_state=seed,
            n_jobs=threads,
            feature_types=_feature_types(train.columns),
            enable_categorical=True,
            **chosen,
        )
        wrapper.fit(train.X, train.y, sample_weight=train.weights)
        booster = wrapper.get_booster()
        return Model(
            engine=self.name,
            native=booster,
            objective=objective,
            standard=_as_it_is(problem.standard),
            columns=train.columns,
            learning_rate=0.3,
            n_rounds=booster.num_boosted_rounds(),
            complete=column_is_complete(train),
        )

    @override
    def predict(
        self, model: Model, X: NDArray[np.float64], n_rounds: int | None = None
    ) -> Array:
        import xgboost

        standard = model.standard
        rounds = model.n_rounds if n_rounds is None else n_rounds
        start = np.tile(standard.intercept, (len(X), 1))
        if rounds == 0:
            return start
        matrix = xgboost.DMatrix(
            X,
            feature_types=_feature_types(model.columns),
            enable_categorical=True,
            nthread=1,
        )
        grown = model.native.predict(
            matrix, output_margin=True, iteration_range=(0, rounds)
        )
        grown = np.asarray(grown, dtype=np.float64).reshape(len(X), -1)
        return start + standard.target_scale * grown

    @override
    def trees(self, model: Model) -> TreeEnsemble:
        trees = TreeEnsemble.from_xgboost_ubj(
            bytes(model.native.save_raw("ubj")), learning_rate=model.learning_rate
        )
        standard = model.standard
        return trees.truncate(model.n_rounds).scaled(
            standard.target_scale, row_weight=standard.weight_scale
        )

    @override
    def truncate(self, model: Model, n_rounds: int) -> Model:
        return replace(model, n_rounds=min(n_rounds, model.n_rounds))

    @override
    def export(self, model: Model) -> Any:
        import xgboost

        content = json.loads(bytes(model.native.save_raw("json")))
        learner = content["learner"]
        ensemble = learner["gradient_booster"]["model"]
        outputs = model.objective.n_outputs
        kept = model.n_rounds * outputs
        ensemble["trees"] = [
            _scaled_tree(tree, model.standard) for tree in ensemble["trees"][:kept]
        ]
        ensemble["tree_info"] = ensemble["tree_info"][:kept]
        ensemble["iteration_indptr"] = list(range(0, kept + 1, outputs))
        ensemble["gbtree_model_param"]["num_trees"] = str(kept)
        learner["learner_model_param"]["base_score"] = _base_score(model)
        booster = xgboost.Booster()
        booster.load_model(bytearray(json.dumps(content).encode()))
        return booster

    @override
    def save(self, model: Model, path: Path) -> Path:
        target = path.with_suffix(".ubj")
        self.export(model).save_model(target)
        return target


def _version() -> tuple[int, ...]:
    import xgboost

    return tuple(int(part) for part in xgboost.__version__.split(".")[:2])


def _feature_types(columns: tuple[Column, ...]) -> list[str] | None:
    # None where all are numeric: the library checks a list again in every round.
    if all(column.categories is None for column in columns):
        return None
    return ["q" if column.categories is None else "c" for column in columns]


def _as_it_is(standard: Standard) -> Standard:
    # A wrapper fits the intercept itself and keeps it in its own model.
    return replace(
        standard,
        intercept=np.zeros_like(standard.intercept),
        target_scale=1.0,
        weight_scale=1.0,
    )


def _objective_params(objective: Objective) -> dict[str, Any]:
    params: dict[str, Any] = {"objective": _OBJECTIVE[objective.name]}
    if objective.name == "softmax":
        params["num_class"] = objective.n_classes
    if objective.name == "tweedie":
        params["tweedie_variance_power"] = objective.parameter
    if objective.name == "quantile":
        params["quantile_alpha"] = objective.parameter
    return params


def _penalty_params(penalty: Penalty, row_hessian: float) -> dict[str, Any]:
    # Nothing is left to a default: lossguide alone would keep max_depth=6, and
    # count:poisson alone max_delta_step=0.7 (src/learner.cc).
    return {
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_leaves": penalty.max_leaves or 0,
        "max_depth": penalty.max_depth or 0,
        "learning_rate": penalty.learning_rate,
        "reg_alpha": penalty.reg_alpha,
        "reg_lambda": penalty.reg_lambda,
        "gamma": penalty.min_split_gain,
        "min_child_weight": least_hessian(penalty, row_hessian),
        "max_delta_step": penalty.max_delta_step,
        "subsample": penalty.subsample,
        "colsample_bytree": penalty.colsample_bytree,
        "max_bin": MAX_BIN,
        "max_cat_to_onehot": 4,
        "max_cat_threshold": 65536,
    }


def _metric(objective: Objective) -> str:
    name = _METRIC[objective.name]
    return f"{name}@{objective.parameter}" if objective.name == "tweedie" else name


def _neutral_base_score(objective: Objective) -> float:
    """Return the base score, in output space, whose raw score is 0."""
    if objective.name == "logistic":
        return 0.5
    return 1.0 if objective.name in _LOG_LINK else 0.0


def _grow(
    booster: Any, bins: XGBoostBins, sets: list[tuple[Any, str]], growth: Growth
) -> CurveRecorder:
    curves = CurveRecorder(bins.problem)
    stopper = Stopper(curves.start, growth.patience)
    scale = [
        affine("xgboost", bins.problem, table)
        for table in (bins.problem.train, bins.problem.valid)
        if table is not None
    ]
    for number in range(growth.n_rounds):
        booster.update(bins.train, number)
        if not growth.curves:
            continue
        # The library answers in text: "[0]\ttrain-rmse:1.5\tvalid-rmse:2.5".
        line = booster.eval_set(sets, number)
        values = [float(part.rsplit(":", 1)[1]) for part in line.split("\t")[1:]]
        losses = [change(value) for change, value in zip(scale, values, strict=True)]
        curves.add(losses)
        if stopper.stops(losses[-1]):
            break
    return curves


def _scaled_tree(tree: dict[str, Any], standard: Standard) -> dict[str, Any]:
    s, v = standard.target_scale, standard.weight_scale
    leaf = np.array(tree["left_children"]) == -1
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    conditions[leaf] *= np.float32(s)
    return tree | {
        "split_conditions": _shortest(conditions),
        "base_weights": _shortest(np.array(tree["base_weights"], np.float32) * s),
        "sum_hessian": _shortest(np.array(tree["sum_hessian"], np.float32) * v),
        "loss_changes": _shortest(
            np.array(tree["loss_changes"], np.float32) * (s * s * v)
        ),
    }


def _shortest(values: NDArray[Any]) -> list[float]:
    # XGBoost reads at most nine digits exactly: write what names the float32.
    return [float(str(value)) for value in values.astype(np.float32)]


def _base_score(model: Model) -> str:
    intercept = model.standard.intercept
    if model.objective.name == "logistic":
        output = model.objective.predict(intercept[None, :])[:, 1]
    elif model.objective.name in _LOG_LINK:
        output = np.exp(intercept)
    else:
        output = intercept
    return "[" + ",".join(str(np.float32(value)) for value in output) + "]"
