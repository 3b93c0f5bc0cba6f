"""scikit-learn's histogram boosting behind boostreg's vocabulary.

It has an L2 penalty and limits on a tree, and nothing else; whatever it lacks is
refused. It bins anew in every fit, and its trees are read through fields that
scikit-learn keeps private, as ``boostreg.trees`` does.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.data import Table
from boostreg.engines.base import Bins, Engine, Model, Training
from boostreg.engines.curves import Growth, grow_rounds
from boostreg.engines.problem import Problem
from boostreg.engines.rules import check_renewed_leaves
from boostreg.engines.seen import as_trained, codes_of, complete_columns
from boostreg.errors import DataError, StudyError, UnsupportedPenaltyError
from boostreg.losses import Array, Objective
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

__all__ = ["HistGradientBoosting", "SklearnForest"]

MAX_BINS = 255
LEAST_HESSIAN = 1e-3
_LOSS = {
    "squared_error": "squared_error",
    "logistic": "log_loss",
    "softmax": "log_loss",
    "poisson": "poisson",
    "gamma": "gamma",
    "absolute_error": "absolute_error",
    "quantile": "quantile",
}
_NEUTRAL = {
    "reg_alpha": 0.0,
    "min_split_gain": 0.0,
    "max_delta_step": 0.0,
    "path_smooth": 0.0,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
}


@dataclass(frozen=True, slots=True)
class SklearnForest:
    """Trees as arrays, and the estimator that grew them where it is at hand."""

    trees_: TreeEnsemble
    estimator: Any = None


@final
class HistGradientBoosting(Engine):
    """``HistGradientBoostingRegressor`` and ``HistGradientBoostingClassifier``."""

    name: ClassVar[str] = "sklearn"

    @override
    def version(self) -> str:
        import sklearn

        return str(sklearn.__version__)

    @override
    def check(self, penalty: Penalty, problem: Problem) -> None:
        name = problem.objective.name
        if name not in _LOSS:
            raise StudyError(
                f"objective must be one of {tuple(_LOSS)} for engine sklearn, got "
                f"{name!r}."
            )
        taken = "reg_lambda, min_child_samples, max_leaves, max_depth, learning_rate"
        for field, neutral in _NEUTRAL.items():
            if getattr(penalty, field) != neutral:
                raise UnsupportedPenaltyError(
                    f"scikit-learn's histogram boosting has no {field}; of the "
                    f"penalties it takes {taken}."
                )
        if penalty.min_child_weight > LEAST_HESSIAN:
            raise UnsupportedPenaltyError(
                "scikit-learn's histogram boosting has min_child_weight fixed at "
                f"{LEAST_HESSIAN:g}, got {penalty.min_child_weight:g}; of the "
                f"penalties it takes {taken}."
            )
        check_renewed_leaves("scikit-learn", penalty, problem)
        if problem.constrained and name == "softmax":
            raise UnsupportedPenaltyError(
                "scikit-learn's histogram boosting has no monotone columns for more "
                "than two classes; leave monotone out."
            )

    @override
    def params(self, penalty: Penalty, problem: Problem) -> dict[str, Any]:
        raw, c = penalty.to_raw(problem.standard.units), _factor(problem.objective)
        params = _loss(problem.objective) | {
            "learning_rate": c * raw.learning_rate,
            "l2_regularization": c * raw.reg_lambda,
            "max_leaf_nodes": raw.max_leaves,
            "max_depth": raw.max_depth,
            "min_samples_leaf": raw.min_child_samples,
            "max_bins": MAX_BINS,
            "early_stopping": False,
        }
        if problem.monotone is not None and problem.constrained:
            params["monotonic_cst"] = list(problem.monotone)
        return params

    @override
    def bin(self, problem: Problem, threads: int = 1) -> Bins:
        train = problem.train
        return Bins(problem, None, None, complete_columns(train), codes_of(train))

    @override
    def fit(self, bins: Bins, penalty: Penalty, growth: Growth) -> Training:
        problem = bins.problem
        self.check(penalty, problem)
        # Like a target, a penalty may be of any scale here; row weights may not,
        # because the least hessian is fixed.
        params = self.params(penalty, problem)
        params["l2_regularization"] /= problem.standard.weight_scale
        forest = _Forest(problem, params, growth, as_trained)
        curves = grow_rounds(problem, growth, forest.add_round, forest.measure)
        trees = forest.trees()
        standard = replace(
            problem.standard, intercept=trees.intercept, target_scale=1.0
        )
        training = self._training(
            SklearnForest(trees, forest.estimator), bins, penalty.learning_rate, curves
        )
        return replace(training, model=replace(training.model, standard=standard))

    @override
    def fit_default(self, problem: Problem, seed: int, threads: int) -> Model:
        train, chosen = problem.train, {}
        if problem.objective.n_classes == 0:
            chosen = _loss(problem.objective)
        estimator = _estimator(
            problem,
            chosen | {"random_state": seed, "categorical_features": _categorical(train)},
        )
        estimator.fit(train.X, train.y, sample_weight=train.weights)
        trees = TreeEnsemble.from_model(estimator)
        native = SklearnForest(trees, estimator)
        model = self._wrapped(native, problem, 0.1, trees.n_rounds)
        standard = replace(model.standard, intercept=trees.intercept)
        return replace(model, standard=standard)

    @override
    def _grown(self, model: Model, X: NDArray[np.float64], n_rounds: int) -> Any:
        return model.native.trees_.predict(X, n_rounds)

    @override
    def trees(self, model: Model) -> TreeEnsemble:
        return model.native.trees_.truncate(model.n_rounds)  # type: ignore[no-any-return]

