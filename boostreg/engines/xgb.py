"""XGBoost as an engine, and its model as JSON, rewritten to work without boostreg.

The fields are those of ``src/tree/io_utils.h`` and ``src/gbm/gbtree_model.cc``. A
booster of ours was grown on a standardised target from a score that its file does not
hold; the rewriting scales the trees and writes the intercept as ``base_score``.
"""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.data import Column, FeatureRows, Table
from boostreg.engines.base import (
    DEFAULT_ROUNDS,
    MAX_ONE_HOT,
    Bins,
    Engine,
    Model,
    Training,
    library_failure,
)
from boostreg.engines.collective import member
from boostreg.engines.columns import (
    as_trained,
    codes_of,
    complete_columns,
    map_for,
    refuse_beyond_float32,
)
from boostreg.engines.curves import (
    Growth,
    grow_rounds,
    loss_of_metric,
    loss_of_scores,
)
from boostreg.engines.problem import (
    Problem,
    Standard,
    check_min_child_samples,
    check_renewed_leaves,
    min_hessian,
    objective_params,
)
from boostreg.errors import (
    FitError,
    ModelError,
    StudyError,
    UnsupportedPenaltyError,
)
from boostreg.losses import LIMITED_STEP, Objective
from boostreg.penalty import Penalty
from boostreg.penalty.value import PENALTY_FACTS
from boostreg.trees import TreeEnsemble

__all__ = ["XGBoost", "rewrite"]


def rewrite(
    content: dict[str, Any], *, n_rounds: int, standard: Standard, objective: Objective
) -> dict[str, Any]:
    """Return the model of the first ``n_rounds`` rounds in the user's units.

    ``content``, from ``Booster.save_raw("json")``, is modified in place. The trees were
    grown on the scale of ``standard``.
    """
    learner = content["learner"]
    ensemble = learner["gradient_booster"]["model"]
    outputs = objective.n_outputs
    kept = n_rounds * outputs
    ensemble["trees"] = [_tree(tree, standard) for tree in ensemble["trees"][:kept]]
    ensemble["tree_info"] = ensemble["tree_info"][:kept]
    ensemble["iteration_indptr"] = list(range(0, kept + 1, outputs))
    ensemble["gbtree_model_param"]["num_trees"] = str(kept)
    # base_score is in output space: a probability, a mean, or the raw score.
    scores = standard.intercept
    if objective.name == "logistic":
        scores = objective.predict(scores[None, :])[:, 1]
    elif objective.log_link:
        scores = np.exp(scores)
    base_score = ",".join(str(np.float32(score)) for score in _shortest(scores))
    learner["learner_model_param"]["base_score"] = f"[{base_score}]"
    return content


def _tree(tree: dict[str, Any], standard: Standard) -> dict[str, Any]:
    leaf = np.array(tree["left_children"]) == -1
    factors: dict[str, Any] = {
        "split_conditions": np.where(
            leaf, np.float32(standard.leaf_scale), np.float32(1)
        ),
        "base_weights": standard.leaf_scale,
        "sum_hessian": standard.hessian_scale,
        "loss_changes": standard.gain_scale,
    }
    return tree | {
        name: _shortest(np.array(tree[name], np.float32) * factor)
        for name, factor in factors.items()
    }


def _shortest(values: NDArray[Any]) -> list[float]:
    # XGBoost parses up to nine digits exactly: write the shortest text of a float32.
    return [float(str(value)) for value in values.astype(np.float32)]


MAX_BIN = 256
_OBJECTIVES = {
    "squared_error": ("reg:squarederror", "rmse", ""),
    "logistic": ("binary:logistic", "logloss", ""),
    "softmax": ("multi:softprob", "mlogloss", ""),
    "poisson": ("count:poisson", "poisson-nloglik", ""),
    "gamma": ("reg:gamma", "gamma-nloglik", ""),
    "tweedie": ("reg:tweedie", "tweedie-nloglik", "tweedie_variance_power"),
    "absolute_error": ("reg:absoluteerror", "mae", ""),
    "quantile": ("reg:quantileerror", "quantile", "quantile_alpha"),
}
"""By our name: the objective, its metric, and the name of its parameter."""

_READ_AS_FLOAT32 = (
    "reg_alpha",
    "reg_lambda",
    "gamma",
    "min_child_weight",
    "max_delta_step",
)


@final
class XGBoost(Engine):
    """XGBoost 3.2 to 3.4 through its native interface."""

    name: ClassVar[str] = "xgboost"

    @override
    def check(self, penalty: Penalty, problem: Problem) -> None:
        check_min_child_samples(penalty, problem)
        for name in self.lacking:
            if getattr(penalty, name) != PENALTY_FACTS[name].idle:
                raise UnsupportedPenaltyError(
                    f"XGBoost has no counterpart of {name}; remove it from the study, "
                    "or use only LightGBM."
                )
        if problem.objective.name == "poisson" and penalty.max_delta_step > 0:
            # The objective (src/objective/regression_obj.cu) reads the same parameter.
            raise UnsupportedPenaltyError(
                "XGBoost's max_delta_step also changes the Poisson hessian, so "
                f"boostreg keeps it at {LIMITED_STEP}; remove max_delta_step from the "
                "study, or use only LightGBM."
            )
        if not self._is_old:
            return
        library = f"XGBoost {self.version()}"
        check_renewed_leaves(library, penalty, problem)
        if penalty.max_delta_step > 0:
            clips, advice = "max_delta_step is set", "remove one of the two"
        elif problem.constrained:
            clips, advice = "monotone is set", "remove one of the two"
        elif problem.objective.log_link:
            clips = f"steps are limited, as for {problem.objective.name}"
            advice = "remove reg_alpha"
        else:
            return
        if penalty.reg_alpha > 0:
            raise UnsupportedPenaltyError(
                f"{library} leaves reg_alpha out of the split gain if {clips} (fixed "
                f"in XGBoost 3.4, which needs Python 3.12); {advice}, or use LightGBM."
            )

    @override
    def check_machines(self, objective: Objective) -> None:
        # src/objective/adaptive.cc: each process takes the quantile of its own rows.
        if self._is_old and objective.fits_quantile:
            raise StudyError(
                f"With objective {objective.name}, XGBoost {self.version()} replaces "
                "every leaf weight with a mean of one quantile per machine, not with "
                "the quantile of all rows (this needs XGBoost 3.4 and Python 3.12); "
                "set machines: 1, or another objective."
            )

    @property
    def _is_old(self) -> bool:
        return tuple(int(part) for part in self.version().split(".")[:2]) < (3, 4)

    @override
    def device_fault(self) -> str | None:
        import xgboost

        if not xgboost.build_info()["USE_CUDA"]:
            return f"XGBoost {self.version()} was built without CUDA"
        values = np.arange(8.0)
        rows = xgboost.QuantileDMatrix(values[:, None], values)
        try:
            with warnings.catch_warnings(action="ignore"):
                booster = xgboost.train({"device": "cuda"}, rows, 1)
            _refuse_fallback(booster, "cuda")
        except xgboost.core.XGBoostError as error:
            return library_failure("XGBoost", str(error)).text.rstrip(".")
        except FitError as error:
            return error.text.rstrip(".")
        return None

    @override
    def params(self, penalty: Penalty, problem: Problem) -> dict[str, Any]:
        raw = problem.limited(penalty.to_raw(problem.standard.units))
        return _params(raw, problem, 1.0)

    @override
    def _own_errors(self) -> tuple[type[Exception], ...]:
        import xgboost

        return (xgboost.core.XGBoostError,)

    @override
    def _bin(self, problem: Problem, threads: int) -> Bins:
        # Since 3.4 a smooth surrogate is minimised (src/objective/regression_obj.cu).
        if problem.objective.fits_quantile and not self._is_old:
            problem = replace(
                problem, standard=problem.standard.with_smoothed_gradients()
            )
        rows = problem.features(problem.train)
        codes, features = codes_of(rows), map_for(self.name, rows)

        def matrix(table: Table, ref: Any = None) -> Any:
            share = member().share(table.n_samples)
            part = problem.part(table).part(share)

            def mapped(X: NDArray[np.float64]) -> NDArray[np.float64]:
                X = features.apply(as_trained(X, codes))
                refuse_beyond_float32(X, rows.columns)
                return X

            made = _quantile_matrix(
                problem.features(table).part(share),
                mapped,
                max_bin=MAX_BIN,
                nthread=threads,
                ref=ref,
            )
            made.set_label(part.y)
            made.set_base_margin(part.margin)
            # Set after binning: the quantile sketch sums weights in float32, so the
            # unit of the weights would move its cuts.
            if part.weights is not None:
                made.set_weight(part.weights)
            return made

        binned = matrix(problem.train)
        valid = None if problem.valid is None else matrix(problem.valid, binned)
        return Bins(
            problem=problem.without_features(),
            train=binned,
            valid=valid,
            complete=complete_columns(rows),
            codes=codes,
            features=None if features.is_identity else features,
        )

    @override
    def _fit(self, bins: Bins, penalty: Penalty, growth: Growth) -> Training:
        import xgboost

        problem, standard = bins.problem, bins.problem.standard
        objective = problem.objective
        _, metric, _ = _OBJECTIVES[objective.name]
        if objective.name == "tweedie":
            metric += f"@{objective.parameter}"
        zero_score = 0.5 if objective.name == "logistic" else float(objective.log_link)
        scaled = standard.penalty(problem.limited(penalty))
        params = _params(scaled, problem, standard.hessian_scale) | {
            "base_score": zero_score,  # in output space, the score of raw score 0
            "eval_metric": metric,
            "seed": growth.seed,
            "nthread": growth.threads,
            "device": growth.device,
            "validate_parameters": True,
        }
        sets = [(bins.train, "train")]
        if bins.valid is not None:
            sets.append((bins.valid, "valid"))
        booster = xgboost.Booster(params, [matrix for matrix, _ in sets])
        _refuse_fallback(booster, growth.device)
        as_loss = loss_of_metric(problem, rooted=True)

        def add_round(number: int) -> bool:
            booster.update(bins.train, number)
            return True

        def measure() -> list[float]:
            if objective.log_link:
                raw = [booster.predict(data, output_margin=True) for data, _ in sets]
                return [
                    loss_of_scores(problem, table, scores)
                    for table, scores in zip(problem.tables, raw, strict=True)
                ]
            # The library returns text: "[0]\ttrain-rmse:1.5\tvalid-rmse:2.5".
            parts = booster.eval_set(sets).split("\t")[1:]
            return [as_loss(float(part.rsplit(":", 1)[1])) for part in parts]

        curves = grow_rounds(problem, growth, add_round, measure)
        if curves.n_rounds == 0:  # a booster without a round cannot be saved
            add_round(0)
        _return_to_cpu(booster, growth.device)
        return self._training(booster, bins, penalty.learning_rate, curves)

    @override
    def fit_default(
        self, problem: Problem, seed: int, threads: int, device: str = "cpu"
    ) -> Model:
        import xgboost

        train, weights = problem.train, problem.plain_weights
        share = member().share(train.n_samples)
        data = _quantile_matrix(
            problem.features(train).part(share),
            weights=None if weights is None else weights[share],
            nthread=threads,
        )
        data.set_label(train.y[share])
        params = objective_params(_OBJECTIVES, problem.objective) | {
            "seed": seed,
            "nthread": threads,
            "device": device,
        }
        booster = xgboost.train(params, data, DEFAULT_ROUNDS)
        _refuse_fallback(booster, device)
        _return_to_cpu(booster, device)
        return self._wrapped(booster, problem, 0.3, booster.num_boosted_rounds())

    @override
    def _grown(self, model: Model, X: NDArray[np.float64], n_rounds: int) -> Any:
        import xgboost

        refuse_beyond_float32(X, model.columns)
        matrix = xgboost.DMatrix(
            X,
            feature_types=_feature_types(model.columns),
            enable_categorical=True,
            nthread=1,
        )
        return model.native.predict(
            matrix, output_margin=True, iteration_range=(0, n_rounds)
        )

    @override
    def trees(self, model: Model) -> TreeEnsemble:
        standard = model.standard
        data = bytes(model.native.save_raw("ubj"))
        trees = TreeEnsemble.from_xgboost_ubj(data, learning_rate=model.learning_rate)
        scaled = trees.truncate(model.n_rounds).scaled(
            standard.leaf_scale,
            hessian=standard.hessian_scale,
            gain=standard.gain_scale,
        )
        ours = replace(scaled, features=model.features)
        return ours.with_intercept(standard.intercept) if model.pure else ours

    @override
    def export(self, model: Model) -> Any:
        self._refuse_ranks(model)
        offset, spread = model.standard.far_offset
        if offset:
            raise ModelError(
                f"the target is around {offset:g} and varies by about {spread:g}: an "
                "XGBoost booster adds that offset in float32, which loses precision. "
                "Save the model: load_model adds it in float64."
            )
        return self._exported(model)

    def _exported(self, model: Model) -> Any:
        import xgboost

        content = rewrite(
            json.loads(bytes(model.native.save_raw("json"))),
            n_rounds=model.n_rounds,
            standard=model.standard,
            objective=model.objective,
        )
        return xgboost.Booster(model_file=bytearray(json.dumps(content).encode()))

    @override
    def save(self, model: Model, path: Path) -> Path:
        target = path.with_suffix(self.facts.suffix)
        self._exported(model).save_model(target)
        return target

    @override
    def own_intercept(self, model: Model) -> tuple[float, ...]:
        return tuple(model.standard.intercept.tolist()) if model.pure else ()

    @override
    def open(self, path: Path, threads: int | None = None) -> Any:
        import xgboost

        params = None if threads is None else {"nthread": threads}
        return xgboost.Booster(params, model_file=str(path))


def _refuse_fallback(booster: Any, device: str) -> None:
    """Raise FitError if XGBoost uses another device; it warns at most."""
    if device == "cpu":
        return
    config = json.loads(booster.save_config())
    used = config["learner"]["generic_param"]["device"]
    if not used.startswith(device):
        raise FitError(f"XGBoost uses the device {used} instead of {device}.")


def _return_to_cpu(booster: Any, device: str) -> None:
    """Let a booster predict on the CPU, as one that is read from its file does."""
    if device != "cpu":
        booster.set_param({"device": "cpu"})


def _quantile_matrix(
    rows: FeatureRows,
    mapped: Callable[[Array], Array] = np.asarray,
    *,
    weights: Array | None = None,
    **options: Any,
) -> Any:
    """Return the binned features of rows, read a block at a time.

    The sketch of quantiles is a stream, so the cuts do not depend on the blocks
    (``src/common/quantile.h``, ``WQSketch::Push``). ``weights`` count in it.
    """
    import xgboost

    blocks = _reader()(rows, mapped, weights)
    return xgboost.QuantileDMatrix(blocks, enable_categorical=True, **options)


@cache
def _reader() -> type:
    """Return the class that reads blocks; one, because a class is never freed soon."""
    import xgboost

    class Blocks(xgboost.DataIter):
        def __init__(
            self,
            rows: FeatureRows,
            mapped: Callable[[Array], Array],
            weights: Array | None,
        ) -> None:
            super().__init__()
            self.rows, self.mapped, self.weights = rows, mapped, weights
            self.types = _feature_types(rows.columns)
            self.number = 0
            # XGBoost reads all blocks four times; one alone is mapped once.
            self.only = mapped(rows.block(0)) if rows.n_blocks == 1 else None

        def reset(self) -> None:
            self.number = 0

        def next(self, input_data: Callable[..., None]) -> bool:
            if self.number == self.rows.n_blocks:
                return False
            X = self.only
            if X is None:
                X = self.mapped(self.rows.block(self.number))
            start = self.number * self.rows.block_rows
            chosen = {}
            if self.weights is not None:
                chosen["weight"] = self.weights[start : start + len(X)]
            input_data(data=X, feature_types=self.types, **chosen)
            self.number += 1
            return True

    return Blocks


def _feature_types(columns: tuple[Column, ...]) -> list[str] | None:
    # None if all are numeric: the library checks a list again in every round.
    if all(column.categories is None for column in columns):
        return None
    return ["q" if column.categories is None else "c" for column in columns]


def _params(penalty: Penalty, problem: Problem, scale: float) -> dict[str, Any]:
    # Set every parameter: with lossguide, max_depth would default to 6.
    params = objective_params(_OBJECTIVES, problem.objective) | {
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_leaves": penalty.max_leaves or 0,
        "max_depth": penalty.max_depth or 0,
        "learning_rate": penalty.learning_rate,
        "reg_alpha": penalty.reg_alpha,
        "reg_lambda": penalty.reg_lambda,
        "gamma": penalty.min_split_gain,
        "min_child_weight": min_hessian(penalty, problem, scale),
        "max_delta_step": penalty.max_delta_step,
        "subsample": penalty.subsample,
        "colsample_bytree": penalty.colsample_bytree,
        "max_bin": MAX_BIN,
        "max_cat_to_onehot": MAX_ONE_HOT,
        "max_cat_threshold": 65536,
    }
    # XGBoost rejects subnormal and infinite float32 values. In these units a clipped
    # value has the same effect.
    for name in _READ_AS_FLOAT32:
        if params[name] > 0:
            params[name] = min(max(params[name], 1e-37), 1e38)
    if problem.monotone is not None and problem.constrained:
        signs = ",".join(map(str, problem.monotone))
        params["monotone_constraints"] = f"({signs})"
    return params
