"""LightGBM as an engine, and its model text rewritten to work without boostreg.

The text has one block per tree and one ``key=value`` per line (``src/io/tree.cpp``,
``Tree::ToString``). Our boosters are trained on a standardised target and on shifted
columns, start from a score that is not in the file, and do not record where values go
that are missing only after training. The rewriting puts all four into the trees.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.data import FeatureRows
from boostreg.engines.base import (
    DEFAULT_ROUNDS,
    MAX_ONE_HOT,
    Bins,
    Engine,
    Model,
    Training,
)
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
    objective_params,
)
from boostreg.errors import ModelError
from boostreg.losses import LIMITED_STEP, Objective
from boostreg.penalty import Penalty
from boostreg.trees import FeatureMap, TreeEnsemble

__all__ = ["LightGBM", "rewrite"]

_CATEGORICAL, _MISSING_NAN = 1, 8
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
    """Return the model text of the first ``n_rounds`` rounds, usable without boostreg.

    Leaf values are multiplied by ``factor``; ``intercept``, (n_outputs,), is added to
    the leaves of the first tree of each class. With 0 rounds, one tree per class holds
    it. Missing values go right in columns that are ``complete`` in training.
    ``features`` maps the columns to the units of the thresholds.
    """
    body, end, tail = text.partition("end of trees")
    head, *blocks = body.split("\nTree=")
    outputs = len(intercept)
    kept = [b.partition("\n")[2].strip("\n") for b in blocks[: n_rounds * outputs]]
    kept = kept or [_CONSTANT] * outputs
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
    return "\n".join(lines) + "\n\n" + "".join(trees) + end + tail


_CONSTANT = "num_leaves=1\nnum_cat=0\nleaf_value=0\nis_linear=0\nshrinkage=1"


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
        values = [float(v) * factor + added for v in lines.get(name, "").split()]
        # LightGBM writes 0, not 0.0 or -0.0.
        written = [
            np.format_float_positional(v, trim="-") if v == 0 else repr(v)
            for v in values
        ]
        if written:
            lines[name] = " ".join(written)
    if lines.get("decision_type"):
        tested = np.array(lines["split_feature"].split(), dtype=np.int64)
        kind = np.array(lines["decision_type"].split(), dtype=np.int64)
        numeric = (kind & _CATEGORICAL) == 0
        # Bits: 0 categories, 1 missing goes left, 2 and 3 the kind of missing value.
        late = numeric & np.array(complete)[tested]
        lines["decision_type"] = " ".join(map(str, np.where(late, _MISSING_NAN, kind)))
        if features is not None:
            old = lines["threshold"].split()
            new = features.undo(tested, np.array(old, dtype=np.float64)).tolist()
            lines["threshold"] = " ".join(
                repr(value) if own else text  # of sets it is their number
                for value, text, own in zip(new, old, numeric, strict=True)
            )
    if added:
        lines["shrinkage"] = "1"
    body = "\n".join(f"{key}={value}" for key, value in lines.items())
    return f"Tree={number}\n{body}\n\n\n"


MAX_BIN = 255
MAX_LEAVES = 131072
_OBJECTIVES = {
    "squared_error": ("regression", "l2", ""),
    "logistic": ("binary", "binary_logloss", ""),
    "softmax": ("multiclass", "multi_logloss", ""),
    "poisson": ("poisson", "None", ""),
    "gamma": ("gamma", "None", ""),
    "tweedie": ("tweedie", "None", "tweedie_variance_power"),
    "absolute_error": ("regression_l1", "l1", ""),
    "quantile": ("quantile", "quantile", "alpha"),
}
"""By our name: the objective, its metric (ours if None), and its parameter's name."""
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
    reserves_leaves: ClassVar[bool] = True  # HistogramPool, feature_histogram.hpp
    only_cpu: ClassVar[str] = (  # src/io/config.cpp warns of the latter
        "its wheels have no CUDA build, and its sums there depend on the order of "
        "threads even with deterministic=true"
    )

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
            problem = problem.lighter(1024.0)  # see _params
        problem = _without_interpolation(problem)
        rows = problem.features(problem.train)
        complete, codes = complete_columns(rows), codes_of(rows)
        features = map_for(self.name, rows)
        chosen: dict[str, Any] = _DATASET | {"num_threads": threads}
        # One bin per category and two more; with the default number LightGBM drops the
        # rarest categories, 1 % of the rows (src/io/bin.cpp).
        bins = [len(column.categories or ()) + 2 for column in problem.train.columns]
        if max(bins) > MAX_BIN:
            chosen["max_bin_by_feature"] = [max(n, MAX_BIN) for n in bins]
        part = problem.part(problem.train)
        train = lightgbm.Dataset(
            _data(rows, features.apply),
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

            def mapped(X: Array) -> Array:
                X = features.apply(as_trained(X, codes))
                return late_missing_right(X, complete)

            rows = problem.features(problem.valid)
            valid = train.create_valid(
                _data(rows, mapped),
                label=part.y,
                weight=part.weights,
                init_score=part.margin.T.ravel(),
                params=chosen,
            ).construct()
            if rows.n_blocks > 1:
                # In blocks, a data set has weights if the training rows have some: all
                # are 0 until they are set (LGBM_DatasetCreateByReference). Python's
                # own setter takes weights of 1 for none.
                ones = np.ones(rows.n_samples)
                given = ones if part.weights is None else part.weights
                valid.set_field("weight", given.astype(np.float32))
        for made in filter(None, (train, valid)):  # the library has its own copies
            made.label = made.weight = made.init_score = None
        return Bins(problem.without_features(), train, valid, complete, codes, features)

    @override
    def _fit(self, bins: Bins, penalty: Penalty, growth: Growth) -> Training:
        import lightgbm

        problem, standard = bins.problem, bins.problem.standard
        scaled = standard.penalty(problem.limited(penalty))
        params = _params(scaled, problem, standard.hessian_scale) | {
            "metric": _OBJECTIVES[problem.objective.name][1],
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
        as_loss = loss_of_metric(problem)

        def add_round(number: int) -> bool:
            # LightGBM would stop training at the first sample without a split, so rows
            # or columns are drawn again. Its first round is kept as zero leaves.
            n_draws = _MAX_DRAWS if draws and number > 0 else 1
            return not all(booster.update() for _ in range(n_draws))

        def measure() -> list[float]:
            if problem.objective.log_link:
                return _measure_means(booster, problem)
            return [
                as_loss(found[2])
                for found in (*booster.eval_train(), *booster.eval_valid())
            ]

        curves = grow_rounds(problem, growth, add_round, measure)
        return self._training(booster, bins, penalty.learning_rate, curves)

    @override
    def fit_default(
        self, problem: Problem, seed: int, threads: int, device: str = "cpu"
    ) -> Model:
        import lightgbm

        self.check_device(device)
        train = problem.train
        data = lightgbm.Dataset(
            _data(problem.features(train)),
            train.y,
            weight=problem.plain_weights,
            categorical_feature=list(train.categorical),
            params={"verbosity": -1},
        )
        params = objective_params(_OBJECTIVES, problem.objective) | {
            "seed": seed,
            "num_threads": threads,
            "verbosity": -1,
        }
        booster = lightgbm.train(params, data, DEFAULT_ROUNDS)
        rounds = booster.current_iteration()
        return self._wrapped(booster, problem, 0.1, rounds)

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

        zero = self.facts.rules.zero
        if model.features is not None:
            for place, values in model.features.ranks.items():
                if np.abs(values[values != 0]).min(initial=np.inf) <= zero:
                    raise ModelError(
                        f"LightGBM's own booster reads numbers within {zero:g} as 0, "
                        f"and column {model.columns[place].name!r} has such numbers; "
                        "multiply the column, or save the model and use load_model, "
                        "which reads them correctly."
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
    def open(self, path: Path, threads: int | None = None) -> Any:
        import lightgbm

        del threads  # an argument of each prediction
        return lightgbm.Booster(model_file=str(path))


def _data(rows: FeatureRows, mapped: Callable[[Array], Array] = np.asarray) -> Any:
    """Return rows for a ``Dataset``, which reads them a block at a time.

    LightGBM finds bins from the same sample of rows in both forms.
    """
    return mapped(rows.block(0)) if rows.n_blocks == 1 else _reader()(rows, mapped)


@cache
def _reader() -> type:
    """Return the class that reads blocks; one, because a class is never freed soon."""
    import lightgbm

    class Blocks(lightgbm.Sequence):
        def __init__(self, rows: FeatureRows, mapped: Callable[[Array], Array]) -> None:
            self.rows, self.mapped = rows, mapped
            self.batch_size = rows.block_rows
            self.number, self.current = -1, np.empty((0, 0))

        def __len__(self) -> int:
            return self.rows.n_samples

        def __getitem__(self, key: int | slice | list[int]) -> Array:
            if isinstance(key, list):
                raise TypeError(key)  # only for subsets of a data set
            # Sampled rows ascend, and slices are whole blocks.
            first = key.start if isinstance(key, slice) else key
            number, place = divmod(int(first), self.batch_size)
            if number != self.number:
                self.current = self.mapped(self.rows.block(number))
                self.number = number
            if isinstance(key, slice):
                return self.current
            row: Array = self.current[place].copy()  # a view would keep its block
            return row

    return Blocks


def _export_text(model: Model) -> str:
    return rewrite(
        model.native.model_to_string(num_iteration=-1),
        n_rounds=model.n_rounds,
        factor=model.standard.leaf_scale,
        intercept=model.standard.intercept,
        complete=model.complete,
        features=model.features,
    )


def _hessian_factor(objective: Objective) -> float:
    # Softmax: K/(K-1) p(1-p) there (src/objective/multiclass_objective.hpp),
    # 2p(1-p) here.
    if objective.name != "softmax":
        return 1.0
    return objective.n_classes / (2 * (objective.n_classes - 1))


def _params(penalty: Penalty, problem: Problem, scale: float) -> dict[str, Any]:
    c = _hessian_factor(problem.objective)
    limit = min(max(problem.train.n_samples, 2), MAX_LEAVES)
    if penalty.max_depth is not None and penalty.max_depth < 31:
        limit = min(limit, 2**penalty.max_depth)
    params = objective_params(_OBJECTIVES, problem.objective) | {
        # Splits of categories as in XGBoost, which sorts them by G / (H + lambda_l2).
        # LightGBM sorts by G / (H + cat_smooth), but skips categories with fewer rows
        # than cat_smooth, and at 0 sorts those absent from a node by 0 / 0
        # (src/treelearner/feature_histogram.cpp). With all weights divided by 1,024
        # (see _bin), H and cat_smooth shrink but row counts do not: no category is
        # skipped, and the order is the same up to that lambda_l2.
        "cat_l2": c * penalty.cat_l2,
        "cat_smooth": min(max(c * penalty.reg_lambda, 1e-15), 1.0),
        "min_data_per_group": 1,
        "max_cat_threshold": 65536,
        "max_cat_to_onehot": MAX_ONE_HOT,
        "num_leaves": min(penalty.max_leaves or limit, limit),
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


def _measure_means(booster: Any, problem: Problem) -> list[float]:
    """Return our losses, computed from the predictions that the library caches."""
    losses: list[float] = []

    def our_loss(means: NDArray[np.float64], _: Any) -> tuple[str, float, bool]:
        with np.errstate(divide="ignore"):
            scores = np.log(means)
        losses.append(loss_of_scores(problem, problem.tables[len(losses)], scores))
        return "loss", losses[-1], False

    booster.eval_train(our_loss)
    booster.eval_valid(our_loss)
    return losses
