"""Facts about each boosting library: names, colours, file endings, rules of its trees.

How a library is fitted is in ``boostreg.engines``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = [
    "ENGINE_FACTS",
    "LIBRARY_NAMES",
    "SUFFIXES",
    "EngineFacts",
    "Rules",
    "Shape",
    "Wrapper",
]

Shape = Literal["circle", "square", "triangle", "diamond"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the trees of a library compare a value with a threshold or a set.

    Attributes
    ----------
    single : bool
        Values are rounded to float32 first.
    strict : bool
        A row goes left if ``x < threshold``; otherwise if ``x <= threshold``.
    missing_kinds : bool
        Each node has its own kind of missing value, and a missing category is in no
        set; otherwise each node has a default side.
    zero : float
        Absolute values up to this one are 0.
    truncates : bool
        Categories above -1 and below 0 are category 0; otherwise they are in no set.
    """

    single: bool = False
    strict: bool = False
    missing_kinds: bool = False
    zero: float = 0.0
    truncates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """The scikit-learn wrapper of a library, for code that fits in one line.

    Attributes
    ----------
    name : str
        Of its classes, without ``Regressor`` or ``Classifier``.
    rounds : str
        Its argument for the number of rounds.
    names : mapping of str to str
        Its arguments for parameters that the library itself calls otherwise.
    defaults : mapping
        What its arguments are if omitted, by the library's names.
    for_categories : tuple of str
        Parameters that act on category columns alone.
    with_categories : mapping
        Further arguments without which category columns are refused.
    without_effect : tuple of str
        Parameters that change no tree, or that a classifier sets itself.
    """

    name: str
    rounds: str
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    defaults: Mapping[str, float | str | None]
    for_categories: tuple[str, ...] = ()
    with_categories: Mapping[str, bool] = field(
        default_factory=lambda: MappingProxyType({})
    )
    without_effect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What is known of one engine.

    Attributes
    ----------
    label, short : str
        The full name, and a name for narrow places.
    package : str
        The distribution whose version affects results.
    suffix : str
        File ending of its models.
    style, shape : str
        Class of the stylesheet, which gives the colour, and shape of its points.
    data_code : str
        Code that makes its training data, or empty; ``{more}`` stands for further
        arguments.
    params : mapping of str to str
        The library's own names of penalties, where they differ from ours.
    weighs_unsplit : bool
        A tree without a split has the weight of a leaf of all rows, not 0.
    defaults : mapping
        The library's own values of penalties, raw, where they are not idle; None: no
        limit.
    wrapper : Wrapper
    """

    label: str
    package: str
    suffix: str
    short: str = ""
    style: str = "n"
    shape: Shape = "diamond"
    data_code: str = ""
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    weighs_unsplit: bool = False
    rules: Rules = Rules()
    defaults: Mapping[str, float | None] = field(default_factory=dict)
    wrapper: Wrapper


ENGINE_FACTS: Mapping[str, EngineFacts] = MappingProxyType(
    {
        "xgboost": EngineFacts(
            label="XGBoost",
            package="xgboost",
            suffix=".ubj",
            style="x",
            shape="circle",
            data_code="xgboost.DMatrix(X, y{more}, enable_categorical=True)",
            params=MappingProxyType({"min_split_gain": "gamma"}),
            weighs_unsplit=True,
            rules=Rules(single=True, strict=True),
            # Trees are limited by depth, not by leaves.
            defaults={
                "reg_lambda": 1.0,
                "min_child_weight": 1.0,
                "max_depth": 6,
                "learning_rate": 0.3,
            },
            wrapper=Wrapper(
                name="XGB",
                rounds="n_estimators",
                defaults={
                    "objective": "reg:squarederror",
                    "tree_method": "hist",
                    "grow_policy": "depthwise",
                    "max_leaves": 0,
                    "max_depth": 6,
                    "learning_rate": 0.3,
                    "reg_alpha": 0,
                    "reg_lambda": 1,
                    "gamma": 0,
                    "min_child_weight": 1,
                    "max_delta_step": 0,
                    "subsample": 1,
                    "colsample_bytree": 1,
                    "max_bin": 256,
                    "max_cat_to_onehot": 4,
                    "max_cat_threshold": 64,
                },
                for_categories=("max_cat_to_onehot", "max_cat_threshold"),
                with_categories=MappingProxyType({"enable_categorical": True}),
                without_effect=("num_class",),
            ),
        ),
        "lightgbm": EngineFacts(
            label="LightGBM",
            package="lightgbm",
            suffix=".txt",
            style="l",
            shape="square",
            data_code="lightgbm.Dataset(X, y{more})",
            params=MappingProxyType(
                {
                    "max_leaves": "num_leaves",
                    "reg_alpha": "lambda_l1",
                    "reg_lambda": "lambda_l2",
                    "min_split_gain": "min_gain_to_split",
                    "min_child_weight": "min_sum_hessian_in_leaf",
                    "min_child_samples": "min_data_in_leaf",
                    "subsample": "bagging_fraction",
                    "colsample_bytree": "feature_fraction",
                }
            ),
            # kZeroThreshold of include/LightGBM/meta.h; tree.h, NumericalDecision
            rules=Rules(missing_kinds=True, zero=1e-35, truncates=True),
            defaults={
                "min_child_weight": 0.001,
                "min_child_samples": 20,
                "max_leaves": 31,
                "cat_l2": 10.0,
                "learning_rate": 0.1,
            },
            wrapper=Wrapper(
                name="LGBM",
                rounds="n_estimators",
                names=MappingProxyType(
                    {
                        "lambda_l1": "reg_alpha",
                        "lambda_l2": "reg_lambda",
                        "min_gain_to_split": "min_split_gain",
                        "min_sum_hessian_in_leaf": "min_child_weight",
                        "min_data_in_leaf": "min_child_samples",
                        "bagging_fraction": "subsample",
                        "bagging_freq": "subsample_freq",
                        "feature_fraction": "colsample_bytree",
                    }
                ),
                defaults={
                    "objective": "regression",
                    "num_leaves": 31,
                    "max_depth": -1,
                    "learning_rate": 0.1,
                    "lambda_l1": 0,
                    "lambda_l2": 0,
                    "min_gain_to_split": 0,
                    "min_sum_hessian_in_leaf": 0.001,
                    "min_data_in_leaf": 20,
                    "max_delta_step": 0,
                    "path_smooth": 0,
                    "bagging_fraction": 1,
                    "bagging_freq": 0,
                    "feature_fraction": 1,
                    "max_bin": 255,
                    "min_data_in_bin": 3,
                    "max_cat_to_onehot": 4,
                },
                for_categories=(
                    "cat_l2",
                    "cat_smooth",
                    "min_data_per_group",
                    "max_cat_threshold",
                    "max_cat_to_onehot",
                ),
                without_effect=(
                    "num_class",
                    "feature_pre_filter",
                    "enable_bundle",
                    "verbosity",
                ),
            ),
        ),
        "sklearn": EngineFacts(
            label="HistGradientBoosting",
            short="sklearn",
            package="scikit-learn",
            suffix=".npz",
            params=MappingProxyType(
                {
                    "reg_lambda": "l2_regularization",
                    "max_leaves": "max_leaf_nodes",
                    "min_child_samples": "min_samples_leaf",
                }
            ),
            style="s",
            shape="triangle",
            defaults={
                "min_child_samples": 20,
                "max_leaves": 31,
                "learning_rate": 0.1,
            },
            wrapper=Wrapper(
                name="HistGradientBoosting",
                rounds="max_iter",
                defaults={
                    "loss": "squared_error",
                    "learning_rate": 0.1,
                    "max_leaf_nodes": 31,
                    "max_depth": None,
                    "min_samples_leaf": 20,
                    "l2_regularization": 0,
                    "max_bins": 255,
                    "early_stopping": "auto",
                },
            ),
        ),
    }
)
"""By engine, in the order in which they are printed."""

SUFFIXES = tuple(dict.fromkeys(facts.suffix for facts in ENGINE_FACTS.values()))
"""File endings of models."""

LIBRARY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        other: penalty
        for facts in ENGINE_FACTS.values()
        for penalty, own in facts.params.items()
        for other in (own, facts.wrapper.names.get(own, own))
    }
)
"""Our name of a penalty, by its name in a library or in its scikit-learn interface."""
