"""scikit-learn's histogram gradient boosting as an engine."""

from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.engines.base import Bins, Engine, Model, Training
from boostreg.engines.columns import as_trained, codes_of, complete_columns, map_for
from boostreg.engines.curves import Growth, grow_rounds
from boostreg.engines.problem import Problem, check_renewed_leaves, scaled_weights
from boostreg.errors import (
    DataError,
    FitError,
    ModelError,
    StudyError,
    UnsupportedPenaltyError,
)
from boostreg.losses import LIMITED_STEP, Objective
from boostreg.penalty import PENALTIES, Penalty
from boostreg.penalty.value import PENALTY_FACTS
from boostreg.trees import TreeEnsemble

__all__ = ["HistGradientBoosting", "SklearnForest", "send_late_missing_right"]


def send_late_missing_right(estimator: Any, X: Array) -> None:
    """Send missing values right in columns that are complete in training rows ``X``.

    Otherwise they would go to the side with more training rows
    (``_hist_gradient_boosting/grower.py``); XGBoost sends it right.
    """
    complete = np.atleast_1d(~np.isnan(X).any(axis=0))
    categorical = estimator.is_categorical_
    if categorical is not None:  # the trees number category columns first
        complete = complete[np.argsort(~categorical, kind="stable")]
    rounds = estimator._predictors  # noqa: SLF001 # scikit-learn has no public API for it
    for nodes in (tree.nodes for trees in rounds for tree in trees):
        nodes["missing_go_to_left"][complete[nodes["feature_idx"]]] = 0


MAX_BINS = 255
MIN_HESSIAN = 1e-3
_LOSS = {
    "squared_error": "squared_error",
    "logistic": "log_loss",
    "softmax": "log_loss",
    "poisson": "poisson",
    "gamma": "gamma",
    "absolute_error": "absolute_error",
    "quantile": "quantile",
}
_INSTEAD = (
    f"Use engine xgboost or lightgbm, which limit a leaf weight to {LIMITED_STEP}, or "
    "a larger reg_lambda or min_child_samples."
)


@dataclass(frozen=True, slots=True)
class SklearnForest:
    """Trees as arrays, and the estimator that grew them, if there is one."""

    trees_: TreeEnsemble
    estimator: Any = None


@final
class HistGradientBoosting(Engine):
    """``HistGradientBoostingRegressor`` and ``HistGradientBoostingClassifier``."""

    name: ClassVar[str] = "sklearn"
    only_cpu: ClassVar[str] = "scikit-learn has no CUDA code for it"
    lacks: ClassVar[tuple[str, ...]] = (
        "reg_alpha",
        "min_split_gain",
        "max_delta_step",
        "subsample",
        "colsample_bytree",
    )

    @override
    def check(self, penalty: Penalty, problem: Problem) -> None:
        name = problem.objective.name
        if name not in _LOSS:
            raise StudyError(
                f"objective must be one of {tuple(_LOSS)} for engine sklearn, got "
                f"{name!r}."
            )
        fixed = (*self.lacking, "min_child_weight")
        taken = ", ".join(name for name in PENALTIES if name not in fixed)
        for field in self.lacking:
            if getattr(penalty, field) != PENALTY_FACTS[field].idle:
                raise UnsupportedPenaltyError(
                    f"scikit-learn's histogram boosting has no {field}; it "
                    f"supports {taken}."
                )
        if penalty.min_child_weight > MIN_HESSIAN:
            raise UnsupportedPenaltyError(
                "scikit-learn's histogram boosting has min_child_weight fixed at "
                f"{MIN_HESSIAN:g}, got {penalty.min_child_weight:g}; it "
                f"supports {taken}."
            )
        check_renewed_leaves("scikit-learn", penalty, problem)
        if problem.train.offset is not None:
            raise StudyError(
                "scikit-learn's histogram boosting starts all rows at one score, so "
                "engine sklearn takes no offset; use xgboost or lightgbm."
            )
        if problem.constrained and name == "softmax":
            raise UnsupportedPenaltyError(
                "scikit-learn's histogram boosting does not support monotone columns "
                "for more than two classes; remove monotone."
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
    def _own_errors(self) -> tuple[type[Exception], ...]:
        return ()

    @override
    def _bin(self, problem: Problem, threads: int) -> Bins:
        train = problem.train
        rows = problem.features(train)
        features = map_for(self.name, rows)
        return Bins(
            problem=problem,
            train=None,
            valid=None,
            complete=complete_columns(rows),
            codes=codes_of(rows),
            features=None if features.is_identity else features,
        )

    @override
    def _fit(self, bins: Bins, penalty: Penalty, growth: Growth) -> Training:
        problem = bins.problem
        params = self.params(penalty, problem)
        # The minimum hessian is fixed, so row hessians must be of order 1.
        params["l2_regularization"] /= problem.standard.hessian_scale
        forest = _Growing(bins, params, growth)
        curves = grow_rounds(forest.problem, growth, forest.add_round, forest.measure)
        trees = forest.measured_trees(curves.n_rounds, penalty)
        native = SklearnForest(trees, forest.estimator)
        own = replace(bins, problem=forest.problem)
        return self._training(native, own, penalty.learning_rate, curves)

    @override
    def fit_default(
        self, problem: Problem, seed: int, threads: int, device: str = "cpu"
    ) -> Model:
        self.check_device(device)
        regression = problem.objective.n_classes == 0
        chosen = _loss(problem.objective) if regression else {}
        estimator = _estimator(problem, chosen | {"random_state": seed})
        train = problem.train
        X = problem.features(train).whole()
        _fit(estimator, X, train.y, problem.plain_weights, threads)
        trees = TreeEnsemble.from_model(estimator)
        native = SklearnForest(trees, estimator)
        return self._wrapped(native, problem, 0.1, trees.n_rounds)

    @override
    def _grown(self, model: Model, X: NDArray[np.float64], n_rounds: int) -> Any:
        trees: TreeEnsemble = model.native.trees_
        return trees.predict(X, n_rounds) + (0.0 if model.pure else trees.intercept)

    @override
    def trees(self, model: Model) -> TreeEnsemble:
        trees: TreeEnsemble = model.native.trees_
        return replace(trees.truncate(model.n_rounds), features=model.features)

    @override
    def export(self, model: Model) -> Any:
        self._refuse_ranks(model)
        grown = model.native.estimator
        if grown is None:
            raise ModelError(
                "a scikit-learn model that was read from .npz has no estimator; use "
                "its trees."
            )
        estimator = copy(grown)
        estimator.set_params(max_iter=max(model.n_rounds, 1), warm_start=False)
        kept = grown._predictors[: model.n_rounds]  # noqa: SLF001 # no public way
        estimator._predictors = kept  # noqa: SLF001 # as above
        return estimator

    @override
    def save(self, model: Model, path: Path) -> Path:
        target = path.with_suffix(self.facts.suffix)
        self.trees(model).to_npz(target)
        return target

    @override
    def open(self, path: Path, threads: int | None = None) -> SklearnForest:
        del threads  # arrays are read by one
        return SklearnForest(TreeEnsemble.from_npz(path))


class _Growing:
    """An estimator that grows blocks of rounds and is measured after each round."""

    def __init__(self, bins: Bins, params: dict[str, Any], growth: Growth) -> None:
        problem = bins.problem
        tables = problem.tables
        self._growth = growth
        # Row hessians of order 1: the minimum hessian of the library is fixed.
        train, scale = problem.train, problem.standard.hessian_scale
        self._weights = scaled_weights(train.weights, train.n_samples, scale)
        self._tables = [(problem.labels(t), t.weights) for t in tables]
        features = (problem.features(table).whole() for table in tables)
        self._X = [as_trained(X, bins.codes) for X in features]
        if bins.features is not None:
            self._X = [bins.features.apply(X) for X in self._X]
        self._hessians: list[Array] = []
        seed = {"random_state": growth.seed, "warm_start": True}
        self.estimator = _estimator(problem, params | seed)
        self._grow(growth.patience or growth.n_rounds)
        # Medians are not unique: use the one that scikit-learn starts from.
        start = replace(
            problem.standard, intercept=self._trees.intercept, leaf_scale=1.0
        )
        self.problem = replace(problem, standard=start)
        self._raw = [np.tile(start.intercept, (len(X), 1)) for X in self._X]
        self._lowest = self.problem.start_loss(problem.train)

    def _grow(self, n_rounds: int) -> None:
        max_iter = max(min(n_rounds, self._growth.n_rounds), 1)
        self.estimator.set_params(max_iter=max_iter)
        y, threads = self._tables[0][0], self._growth.threads
        _fit(self.estimator, self._X[0], y, self._weights, threads)
        send_late_missing_right(self.estimator, self._X[0])
        self._trees = TreeEnsemble.from_model(self.estimator)
        self._leaves = [self._trees.leaf_indices(X) for X in self._X]

    def add_round(self, number: int) -> bool:
        """Add a round to the raw scores; return False if it has no split."""
        if number == self._trees.n_rounds:
            self._grow(2 * number)
        trees, y = self._trees, self._tables[0][0]
        members = np.flatnonzero(trees.round == number)
        n_nodes = np.diff(trees.tree_offsets)[members]
        if (n_nodes == 1).all():
            return False
        hessian = self.problem.objective.hessian(y, self._raw[0])
        weights = self._tables[0][1]
        w = np.ones(len(y)) if weights is None else weights
        for tree, size in zip(members, n_nodes, strict=True):
            output = trees.output[tree]
            leaves = self._leaves[0][:, tree] - trees.tree_offsets[tree]
            self._hessians.append(np.zeros(size))
            np.add.at(self._hessians[-1], leaves, w * hessian[:, output])
            for raw, indices in zip(self._raw, self._leaves, strict=True):
                raw[:, output] += trees.value[indices[:, tree]]
        if self.problem.objective.log_link:
            self._refuse_divergence(number + 1)
        return True

    def _refuse_divergence(self, n_rounds: int) -> None:
        """Raise FitError if predictions overshoot or the training loss rises again.

        The other libraries limit leaf weights, scikit-learn cannot. Predictions may be
        beyond the targets by one step limit, and the loss 10 % above its lowest.
        """
        (y, weights), raw = self._tables[0], self._raw[0]
        found = (
            "scikit-learn's histogram boosting has no limit on leaf weights: after "
            f"{n_rounds} rounds"
        )
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            low, high = np.exp([raw.min(), raw.max()])
            factor = np.exp(LIMITED_STEP)
        if low < y.min() * np.exp(-LIMITED_STEP) or high > y.max() * factor:
            raise FitError(
                f"{found} predictions are {low:.3g} to {high:.3g}, but the target is "
                f"{y.min():.3g} to {y.max():.3g}. {_INSTEAD}"
            )
        loss = self.problem.objective.loss(y, raw, weights)
        if loss > 1.1 * self._lowest:
            raise FitError(
                f"{found} the training loss rises from {self._lowest:.3g} to "
                f"{loss:.3g}. {_INSTEAD}"
            )
        self._lowest = min(self._lowest, loss)

    def measure(self) -> list[float]:
        """Return the losses of the rounds so far."""
        loss = self.problem.objective.loss
        return [
            loss(y, raw, weights)
            for (y, weights), raw in zip(self._tables, self._raw, strict=True)
        ]

    def measured_trees(self, n_rounds: int, penalty: Penalty) -> TreeEnsemble:
        """Return the trees in our units, with hessians, which scikit-learn drops."""
        trees, standard = self._trees.truncate(n_rounds), self.problem.standard
        hessian = np.concatenate([np.zeros(0), *self._hessians])
        for depth in range(int(trees.depth.max(initial=0)) - 1, -1, -1):
            inner = np.flatnonzero((trees.depth == depth) & (trees.left >= 0))
            children = trees.left[inner], trees.right[inner]
            hessian[inner] = hessian[children[0]] + hessian[children[1]]
        c = _factor(self.problem.objective)
        return replace(
            trees,
            hessian=hessian,
            gain=trees.gain * (c * standard.hessian_scale),
            learning_rates=np.full(trees.n_trees, penalty.learning_rate),
            reg_lambda=penalty.to_raw(standard.units).reg_lambda,
        )


def _factor(objective: Objective) -> float:
    # Softmax: p(1-p) there, 2p(1-p) here. Poisson: e^f there, e^(f+0.7) here.
    return 0.5 if objective.name == "softmax" else 1.0 / objective.hessian_factor


def _loss(objective: Objective) -> dict[str, Any]:
    params: dict[str, Any] = {"loss": _LOSS[objective.name]}
    if objective.name == "quantile":
        params["quantile"] = objective.parameter
    return params


def _estimator(problem: Problem, params: dict[str, Any]) -> Any:
    from sklearn import ensemble

    train, n_classes = problem.train, problem.objective.n_classes
    found = len(np.unique(train.y))
    if 0 < n_classes != found:
        raise DataError(
            f"scikit-learn's histogram boosting needs training rows of all "
            f"{n_classes} classes; only {found} occur."
        )
    for place, codes in codes_of(problem.features(train)):
        if len(codes) > MAX_BINS:
            raise DataError(
                f"scikit-learn's histogram boosting supports at most {MAX_BINS} "
                f"categories per column; {train.columns[place].name!r} has "
                f"{len(codes)}."
            )
    task = "Classifier" if n_classes else "Regressor"
    kind = getattr(ensemble, f"HistGradientBoosting{task}")
    return kind(categorical_features=list(train.categorical) or None, **params)


def _fit(
    estimator: Any, X: Array, y: Array, weights: Array | None, threads: int
) -> None:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it is

    # An all-missing column cannot be binned; a constant column is never split.
    X = np.where(np.isnan(X).all(axis=0), 0.0, X)
    with threadpool_limits(threads, user_api="openmp"):
        estimator.fit(X, y, sample_weight=weights)
