"""LightGBM as an engine, and its model text rewritten to work without boostreg.

The text has one block per tree and one ``key=value`` per line (``src/io/tree.cpp``,
``Tree::ToString``). Our boosters are trained on a standardised target and on shifted
columns, start from a score that is not in the file, and do not record where values go
that are missing only after training. The rewriting puts all four into the trees.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.data import Table
from boostreg.engines.base import Bins, Engine, Model, Training
from boostreg.engines.columns import (
    as_trained,
    codes_of,
    complete_columns,
    late_missing_right,
    map_for,
)
from boostreg.engines.curves import (
    Growth,
    grow_rounds,
    loss_of_metric,
    loss_of_scores,
)
from boostreg.engines.problem import (
    Problem,
    check_min_child_samples,
    check_renewed_leaves,
    min_hessian,
    nearest_power_of_two,
)
from boostreg.errors import ModelError
from boostreg.losses import LIMITED_STEP, Objective
from boostreg.penalty import Penalty
from boostreg.trees import FeatureMap, TreeEnsemble

__all__ = ["LightGBM", "rewrite"]

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_NAN = 1, 2, 8
_SCALED = ("leaf_value", "internal_value")


def rewrite(  # noqa: PLR0913  five things are not in the text
    text: str,
    *,
    n_rounds: int,
    factor: float,
    intercept: Array,
    complete: tuple[bool, ...],
    features: FeatureMap | None = None,
) -> str:
    """Return the model text of the first rounds, usable without boostreg.

    Parameters
    ----------
    text : str
        From ``Booster.model_to_string``.
    n_rounds : int
        Rounds to keep. With 0 rounds, one tree per class holds the intercept.
    factor : float
        Factor on leaf values.
    intercept : ndarray of shape (n_outputs,)
        Raw score that is added to the leaves of each class's first tree.
    complete : tuple of bool
        For each column, whether it has no missing value in training: later ones go
        right.
    features : FeatureMap or None
        Map of the columns to the units of the thresholds.
    """
    head, blocks, tail = _cut(text)
    outputs = len(intercept)
    kept = blocks[: n_rounds * outputs] or [_CONSTANT] * outputs
    trees = [
        _tree(number, block, factor, intercept, complete, features)
        for number, block in enumerate(kept)
    ]
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    lines = [
        f"tree_sizes={sizes}" if line.startswith("tree_sizes=") else line
        for line in head.rstrip("\n").split("\n")
    ]
    # Our own readers subtract it from the leaves; LightGBM ignores the line.
    lines.append("boostreg_intercept=" + " ".join(map(repr, intercept.tolist())))
    return "\n".join(lines) + "\n\n" + "".join(trees) + tail


_CONSTANT = "num_leaves=1\nnum_cat=0\nleaf_value=0\nis_linear=0\nshrinkage=1"


def _cut(text: str) -> tuple[str, list[str], str]:
    body, end, tail = text.partition("end of trees")
    head, *blocks = body.split("\nTree=")
    bare = [block.partition("\n")[2].strip("\n") for block in blocks]
    return head, bare, end + tail


def _tree(  # noqa: PLR0913, PLR0917  one call, as ``rewrite``
    number: int,
    block: str,
    factor: float,
    intercept: Array,
    complete: tuple[bool, ...],
    features: FeatureMap | None,
) -> str:
    lines = dict(line.split("=", 1) for line in block.split("\n") if "=" in line)
    added = float(intercept[number]) if number < len(intercept) else 0.0
    for name in _SCALED:
        if lines.get(name):
            lines[name] = _each(lines[name], lambda v: v * factor + added)
    if lines.get("decision_type"):
        tested = [int(f) for f in lines["split_feature"].split()]
        kinds = [int(k) for k in lines["decision_type"].split()]
        lines["decision_type"] = " ".join(
            str(_late_missing_right(kind) if complete[feature] else kind)
            for kind, feature in zip(kinds, tested, strict=True)
        )
        if features is not None:
            lines["threshold"] = _thresholds(
                lines["threshold"], tested, kinds, features
            )
    if added:
        lines["shrinkage"] = "1"
    body = "\n".join(f"{key}={value}" for key, value in lines.items())
    return f"Tree={number}\n{body}\n\n\n"


def _thresholds(
    values: str, tested: list[int], kinds: list[int], features: FeatureMap
) -> str:
    """Return numeric thresholds in the user's units; for sets they are indices."""
    read = np.array(values.split(), dtype=np.float64)
    undone = features.undo(np.array(tested), read)
    return " ".join(
        old if kind & _CATEGORICAL else repr(float(new))
        for old, new, kind in zip(values.split(), undone, kinds, strict=True)
    )


def _late_missing_right(kind: int) -> int:
    if kind & _CATEGORICAL:
        return kind
    return (kind & ~_DEFAULT_LEFT & 0b11) | _MISSING_NAN


def _each(values: str, change: Callable[[float], float]) -> str:
    return " ".join(
        np.format_float_positional(v, trim="-") if v == 0 else repr(v)
        for v in (change(float(value)) for value in values.split())
    )


MAX_BIN = 255
MAX_LEAVES = 131072
_OBJECTIVE_AND_METRIC = {
    "squared_error": ("regression", "l2"),
    "logistic": ("binary", "binary_logloss"),
    "softmax": ("multiclass", "multi_logloss"),
    "poisson": ("poisson", "poisson"),
    "gamma": ("gamma", "gamma"),
    "tweedie": ("tweedie", "tweedie"),
    "absolute_error": ("regression_l1", "l1"),
    "quantile": ("quantile", "quantile"),
}
_DATASET = {  # fixed when a Dataset is built
    "max_bin": MAX_BIN,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "enable_bundle": False,
    "verbosity": -1,
}
_MAX_DRAWS, _LGB_MISSING_NAN = 20, 2


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
        raw = problem.limited(penalty.to_raw(problem.standard.units))
        return _params(raw, problem, 1.0)

    @override
    def _own_errors(self) -> tuple[type[Exception], ...]:
        import lightgbm

        return (lightgbm.basic.LightGBMError,)

    @override
    def _bin(self, problem: Problem, threads: int) -> Bins:
        import lightgbm

        if problem.train.categorical:
            problem = problem.lighter(1024.0)  # see _category_params
        problem = _without_interpolation(problem)
        complete, codes = complete_columns(problem.train), codes_of(problem.train)
        features = map_for(self.name, problem.train)
        chosen = _DATASET | {"num_threads": threads} | _many_categories(problem.train)
        part = problem.part(problem.train)
        train = lightgbm.Dataset(
            features.apply(part.X),
            label=part.y,
            weight=part.weights,
            init_score=part.margin.T.ravel(),  # all rows of one class, then the next
            categorical_feature=list(problem.train.categorical),
            params=chosen,
            free_raw_data=True,
        ).construct()
        valid = None
        if problem.valid is not None:
            part = problem.part(problem.valid)
            X = features.apply(as_trained(part.X, codes))
            valid = train.create_valid(
                late_missing_right(X, complete),
                label=part.y,
                weight=part.weights,
                init_score=part.margin.T.ravel(),
                params=chosen,
            ).construct()
        for made in filter(
            None, (train, valid)
        ):  # free them: the library has its own copies
            made.label = made.weight = made.init_score = None
        return Bins(problem.without_features(), train, valid, complete, codes, features)

    @override
    def _fit(self, bins: Bins, penalty: Penalty, growth: Growth) -> Training:
        import lightgbm

        problem, standard = bins.problem, bins.problem.standard
        scaled = standard.penalty(problem.limited(penalty))
        params = _params(scaled, problem, standard.hessian_scale) | {
            "metric": _metric(problem.objective),
            "boost_from_average": False,
            "seed": growth.seed,
            "num_threads": growth.threads,
            "deterministic": True,
            "force_col_wise": True,
        }
        booster = lightgbm.Booster(params, bins.train)
        if bins.valid is not None:
            booster.add_valid(bins.valid, "valid")
        draws = penalty.subsample < 1 or penalty.colsample_bytree < 1
        curves = grow_rounds(
            problem,
            growth,
            partial(_add_round, booster, _MAX_DRAWS if draws else 1),
            partial(_measure_means, booster, problem)
            if problem.objective.log_link
            else partial(_measure, booster, loss_of_metric(problem)),
        )
        return self._training(booster, bins, penalty.learning_rate, curves)

    @override
    def fit_default(self, problem: Problem, seed: int, threads: int) -> Model:
        import lightgbm

        train, objective = problem.train, problem.objective
        classify = objective.n_classes > 0
        kind = lightgbm.LGBMClassifier if classify else lightgbm.LGBMRegressor
        wrapper = kind(
            random_state=seed,
            n_jobs=threads,
            verbosity=-1,
            **({} if classify else _named(objective)),
        )
        wrapper.fit(
            train.X,
            train.y,
            sample_weight=problem.plain_weights,
            categorical_feature=list(train.categorical),
        )
        rounds = wrapper.booster_.current_iteration()
        return self._wrapped(wrapper.booster_, problem, 0.1, rounds)

    @override
    def _grown(self, model: Model, X: NDArray[np.float64], n_rounds: int) -> Any:
        return model.native.predict(
            late_missing_right(X, model.complete),
            raw_score=True,
            num_iteration=n_rounds,
            num_threads=1,
        )

    @override
    def trees(self, model: Model) -> TreeEnsemble:
        text = model.native.model_to_string(num_iteration=-1)
        trees = TreeEnsemble.from_lightgbm_text(
            text,
            learning_rate=model.learning_rate,
            intercept=0.0 if model.pure else None,
        ).truncate(model.n_rounds)
        standard, c = model.standard, _hessian_factor(model.objective)
        scaled = trees.scaled(
            standard.leaf_scale,
            hessian=standard.hessian_scale,
            gain=standard.gain_scale,
        )
        late = (trees.left >= 0) & np.array(model.complete)[trees.feature]
        threshold = trees.threshold
        if model.features is not None:
            threshold = np.where(
                (trees.left >= 0) & (trees.set_index < 0),
                model.features.undo(trees.feature, threshold),
                threshold,
            )
        ours = replace(
            scaled,
            threshold=threshold,
            hessian=scaled.hessian / c,
            gain=scaled.gain * c,
            missing=np.where(late, _LGB_MISSING_NAN, trees.missing).astype(np.uint8),
            default_left=trees.default_left & ~late,
        )
        return ours.with_intercept(standard.intercept) if model.pure else ours

    @override
    def export(self, model: Model) -> Any:
        import lightgbm

        if model.features is not None:
            for place, values in model.features.ranks.items():
                if 0 < np.abs(values[values != 0]).min(initial=np.inf) <= 1e-35:
                    raise ModelError(
                        "LightGBM's own booster reads numbers within 1e-35 as 0, and "
                        f"column {model.columns[place].name!r} holds such numbers; "
                        "multiply the column, or save the model: load_model "
                        "reads them correctly."
                    )
        return lightgbm.Booster(model_str=_export_text(model))

    @override
    def save(self, model: Model, path: Path) -> Path:
        target = path.with_suffix(self.facts.suffix)
        target.write_text(_export_text(model), encoding="utf-8", newline="\n")
        return target

    @override
    def ranks(self, model: Model) -> dict[str, tuple[float, ...]]:
        return {}  # thresholds in the file are in the columns' own units

    @override
    def open(self, path: Path) -> Any:
        import lightgbm

        return lightgbm.Booster(model_file=str(path))


def _export_text(model: Model) -> str:
    return rewrite(
        model.native.model_to_string(num_iteration=-1),
        n_rounds=model.n_rounds,
        factor=model.standard.leaf_scale,
        intercept=model.standard.intercept,
        complete=model.complete,
        features=model.features,
    )


def _metric(objective: Objective) -> str:
    return "None" if objective.log_link else _OBJECTIVE_AND_METRIC[objective.name][1]


def _hessian_factor(objective: Objective) -> float:
    # Softmax: K/(K-1) p(1-p) there (src/objective/multiclass_objective.hpp),
    # 2p(1-p) here.
    if objective.name != "softmax":
        return 1.0
    return objective.n_classes / (2 * (objective.n_classes - 1))


def _named(objective: Objective) -> dict[str, Any]:
    params: dict[str, Any] = {"objective": _OBJECTIVE_AND_METRIC[objective.name][0]}
    if objective.name == "softmax":
        params["num_class"] = objective.n_classes
    if objective.name == "tweedie":
        params["tweedie_variance_power"] = objective.parameter
    if objective.name == "quantile":
        params["alpha"] = objective.parameter
    return params


def _params(penalty: Penalty, problem: Problem, scale: float) -> dict[str, Any]:
    c = _hessian_factor(problem.objective)
    params = _named(problem.objective) | _category_params(penalty, c)
    params |= {
        "num_leaves": _num_leaves(penalty, problem.train.n_samples),
        "max_depth": penalty.max_depth or -1,
        "learning_rate": c * penalty.learning_rate,
        "lambda_l1": penalty.reg_alpha,
        "lambda_l2": c * penalty.reg_lambda,
        "min_gain_to_split": penalty.min_split_gain / c,
        "min_sum_hessian_in_leaf": c * min_hessian(penalty, problem, scale),
        "min_data_in_leaf": 0,  # path_smooth makes it 2 (src/io/config.cpp)
        "max_delta_step": penalty.max_delta_step / c,
        "path_smooth": penalty.path_smooth,
        "bagging_fraction": penalty.subsample,
        "bagging_freq": 1 if penalty.subsample < 1 else 0,
        "feature_fraction": penalty.colsample_bytree,
    }
    if problem.objective.name == "poisson":
        params["poisson_max_delta_step"] = LIMITED_STEP  # affects only the hessian
    if problem.monotone is not None and problem.constrained:
        params["monotone_constraints"] = list(problem.monotone)
    return params | _DATASET


def _many_categories(table: Table) -> dict[str, Any]:
    """Return a bin per category for columns with more than the default number of bins.

    Otherwise LightGBM drops the rarest ones, 1 % of the rows (``src/io/bin.cpp``).
    """
    bins = [
        MAX_BIN if c.categories is None else max(MAX_BIN, len(c.categories) + 2)
        for c in table.columns
    ]
    return {"max_bin_by_feature": bins} if max(bins) > MAX_BIN else {}


def _without_interpolation(problem: Problem) -> Problem:
    """Return the problem with row weights below 1 if leaves are weighted quantiles.

    LightGBM interpolates between two residuals if their weight is at least 1
    (``src/objective/regression_objective.hpp``, ``WeightedPercentileFun``), so the unit
    of the weights would move a leaf. Without weights it always interpolates, so an
    outlier would dominate a leaf that it shares with one other row.
    """
    if not problem.objective.fits_quantile:
        return problem
    weights = problem.part(problem.train).weights
    largest = 1.0 if weights is None else float(weights.max())
    return problem.lighter(2 * nearest_power_of_two(largest))


def _category_params(penalty: Penalty, c: float) -> dict[str, Any]:
    """Return parameters that make LightGBM split categories as XGBoost does.

    XGBoost sorts categories by G / (H + lambda_l2), LightGBM by G / (H + cat_smooth).
    LightGBM also skips categories with fewer rows than cat_smooth, and with
    cat_smooth 0 it sorts categories that are absent from a node by 0 / 0
    (``src/treelearner/feature_histogram.cpp``). With all weights divided by 1,024, H
    and cat_smooth shrink but row counts do not: no category is skipped, and the order
    is the same up to that lambda_l2.
    """
    return {
        "cat_l2": c * penalty.cat_l2,
        "cat_smooth": min(max(c * penalty.reg_lambda, 1e-15), 1.0),
        "min_data_per_group": 1,
        "max_cat_threshold": 65536,
        "max_cat_to_onehot": 4,
    }


def _num_leaves(penalty: Penalty, n_samples: int) -> int:
    limit = min(max(n_samples, 2), MAX_LEAVES)
    if penalty.max_depth is not None and penalty.max_depth < 31:
        limit = min(limit, 2**penalty.max_depth)
    return min(penalty.max_leaves or limit, limit)


def _add_round(booster: Any, max_draws: int, number: int) -> bool:
    """Add a round; if rows or columns are sampled, resample when no tree could split.

    LightGBM would stop training at the first sample without a split. The first round
    is kept as trees with a single zero leaf, so it is not resampled.
    """
    draws = range(max_draws if number > 0 else 1)
    return not all(booster.update() for _ in draws)


def _measure_means(booster: Any, problem: Problem) -> list[float]:
    """Return our losses, computed from the predictions that the library caches."""
    tables = [t for t in (problem.train, problem.valid) if t is not None]
    losses: list[float] = []

    def our_loss(means: NDArray[np.float64], _: Any) -> tuple[str, float, bool]:
        with np.errstate(divide="ignore"):
            scores = np.log(means)
        losses.append(loss_of_scores(problem, tables[len(losses)], scores))
        return "loss", losses[-1], False

    booster.eval_train(our_loss)
    if len(tables) > 1:
        booster.eval_valid(our_loss)
    return losses


def _measure(booster: Any, as_loss: Callable[[float], float]) -> list[float]:
    # Without validation rows the second list is empty.
    found = booster.eval_train() + booster.eval_valid()
    return [as_loss(entry[2]) for entry in found]
