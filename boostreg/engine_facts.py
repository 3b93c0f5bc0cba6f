"""Facts about each boosting library: names, colours, file endings, rules of its trees.

How a library is fitted is in ``boostreg.engines``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = ["ENGINE_FACTS", "SUFFIXES", "EngineFacts", "Rules", "Shape"]

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
    weighs_unsplit : bool
        A tree without a split has the weight of a leaf of all rows, not 0.
    """

    label: str
    package: str
    suffix: str
    short: str = ""
    style: str = "n"
    shape: Shape = "diamond"
    data_code: str = ""
    weighs_unsplit: bool = False
    rules: Rules = Rules()


ENGINE_FACTS: Mapping[str, EngineFacts] = MappingProxyType(
    {
        "xgboost": EngineFacts(
            label="XGBoost",
            package="xgboost",
            suffix=".ubj",
            style="x",
            shape="circle",
            data_code="xgboost.DMatrix(X, y{more}, enable_categorical=True)",
            weighs_unsplit=True,
            rules=Rules(single=True, strict=True),
        ),
        "lightgbm": EngineFacts(
            label="LightGBM",
            package="lightgbm",
            suffix=".txt",
            style="l",
            shape="square",
            data_code="lightgbm.Dataset(X, y{more})",
            # kZeroThreshold of include/LightGBM/meta.h; tree.h, NumericalDecision
            rules=Rules(missing_kinds=True, zero=1e-35, truncates=True),
        ),
        "sklearn": EngineFacts(
            label="HistGradientBoosting",
            short="sklearn",
            package="scikit-learn",
            suffix=".npz",
            style="s",
            shape="triangle",
        ),
    }
)
"""By engine, in the order in which they are printed."""

SUFFIXES = tuple(dict.fromkeys(facts.suffix for facts in ENGINE_FACTS.values()))
"""File endings of models."""
