"""Penalties as values, and the facts about each of them that all other code reads."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal, get_args

from boostreg.errors import Fault, PenaltyError
from boostreg.figures.figure import notebook_table

__all__ = [
    "CAPACITY",
    "FALLING",
    "ON_LEAF_WEIGHTS",
    "PENALTIES",
    "PENALTY_FACTS",
    "SCALED",
    "UNPENALISED",
    "WHOLE",
    "Penalty",
    "PenaltyFacts",
    "Scale",
    "Units",
    "as_float",
    "shown",
]


def shown(value: float) -> str:
    """Return a number with three significant digits, as YAML accepts it.

    >>> shown(123456.0), shown(0.012345), shown(31)
    ('123000', '0.0123', '31')
    """
    return f"{float(f'{value:.3g}'):.10g}"


Scale = Literal["raw", "rows", "share"]

Group = Literal["leaf weights", "splits", "capacity", "sampling", "learning rate"]

Unit = Literal["gradient", "hessian", "gain", "row"]


@dataclass(frozen=True, slots=True)
class PenaltyFacts:
    """Facts about one penalty, for all data and engines.

    Attributes
    ----------
    words : str
        What it does to a tree, in a few words.
    group : str
        What it acts on. Only those on leaf weights and on splits are penalties in the
        narrow sense: a model without any is "unpenalised" and keeps the rest.
    unit : str or None
        Unit of its number; ``scale`` converts all but ``"row"``, a number of rows.
    domain : {"amount", "share", "count"}
        Finite and at least 0; above 0 and at most 1; or an integer.
    minimum : int
        Of a count. A count of the group ``capacity`` may also be None: no limit.
    idle : int, float or None
        The value at which it does nothing; None if there is no such number.
    falling : bool
        Smaller values are stronger; 0, if allowed, is no limit.
    only : tuple of str
        The engines that have it, if only some do; otherwise empty.
    formula : str
        What it changes, with the gradient G, the hessian H and the weight w of a leaf,
        ``T(G) = sign(G) max(|G| - reg_alpha, 0)``, and the score of a leaf
        ``s = T(G)^2 / (H + reg_lambda)``; empty if ``words`` are exact.
    """

    words: str
    group: Group
    unit: Unit | None = None
    domain: Literal["amount", "share", "count"] = "amount"
    minimum: int = 0
    idle: float | None = 0.0
    falling: bool = False
    only: tuple[str, ...] = ()
    formula: str = ""


_WEIGHT = "w = -T(G) / (H + reg_lambda), T(G) = sign(G) max(|G| - reg_alpha, 0)"
_LIMIT: dict[str, Any] = {"domain": "count", "idle": None, "falling": True}
_SHARE: dict[str, Any] = {"domain": "share", "idle": 1.0, "falling": True}

PENALTY_FACTS: Mapping[str, PenaltyFacts] = MappingProxyType(
    {
        "reg_alpha": PenaltyFacts(
            "L1 on leaf weights", "leaf weights", "gradient", formula=_WEIGHT
        ),
        "reg_lambda": PenaltyFacts(
            "L2 on leaf weights", "leaf weights", "hessian", formula=_WEIGHT
        ),
        "min_split_gain": PenaltyFacts(
            "minimum gain to split",
            "splits",
            "gain",
            formula="s(left) + s(right) - s(parent) >= min_split_gain, "
            "s = T(G)^2 / (H + reg_lambda)",
        ),
        "min_child_weight": PenaltyFacts(
            "minimum hessian per leaf",
            "splits",
            "hessian",
            formula="H >= min_child_weight on both sides of a split",
        ),
        "min_child_samples": PenaltyFacts(
            "minimum rows per leaf", "splits", domain="count", minimum=1, idle=1
        ),
        "max_leaves": PenaltyFacts(
            "maximum leaves per tree", "capacity", minimum=2, **_LIMIT
        ),
        "max_depth": PenaltyFacts(
            "maximum splits from root to leaf", "capacity", minimum=1, **_LIMIT
        ),
        "max_delta_step": PenaltyFacts(
            "maximum absolute leaf weight",
            "leaf weights",
            falling=True,
            formula="|w| <= max_delta_step, before the learning rate; 0 is no limit",
        ),
        "path_smooth": PenaltyFacts(
            "pull of a leaf towards its parent",
            "leaf weights",
            "row",
            only=("lightgbm",),
            formula="w = (n w + path_smooth w(parent)) / (n + path_smooth), n rows",
        ),
        "cat_l2": PenaltyFacts(
            "L2 penalty on splits on categories",
            "leaf weights",
            "hessian",
            only=("lightgbm",),
            formula="w = -T(G) / (H + reg_lambda + cat_l2) on both sides of the split",
        ),
        "subsample": PenaltyFacts("fraction of rows per round", "sampling", **_SHARE),
        "colsample_bytree": PenaltyFacts(
            "fraction of columns per tree", "sampling", **_SHARE
        ),
        "learning_rate": PenaltyFacts(
            "factor on every leaf weight",
            "learning rate",
            **_SHARE,
            formula="score = intercept + sum over trees of learning_rate w",
        ),
    }
)
"""By penalty, in the order in which they are printed."""

SCALED = tuple(n for n, f in PENALTY_FACTS.items() if f.unit not in (None, "row"))
"""Penalties whose number depends on ``scale``."""

WHOLE = tuple(n for n, f in PENALTY_FACTS.items() if f.domain == "count")
"""Penalties that are counts: their ranges draw integers."""

FALLING = tuple(n for n, f in PENALTY_FACTS.items() if f.falling)
"""Penalties that are stronger the smaller they are."""

CAPACITY = tuple(n for n, f in PENALTY_FACTS.items() if f.group == "capacity")
"""Limits on the size of a tree, weakest without a limit."""

ON_LEAF_WEIGHTS = tuple(
    n for n, f in PENALTY_FACTS.items() if f.group == "leaf weights"
)
"""Penalties that change leaf weights."""

UNPENALISED: Mapping[str, float] = MappingProxyType(
    {
        name: facts.idle
        for name, facts in PENALTY_FACTS.items()
        if facts.group in ("leaf weights", "splits") and facts.idle is not None
    }
)
"""Every penalty in the narrow sense at the value at which it does nothing."""


@dataclass(frozen=True, slots=True)
class Units:
    """Gradient and hessian of one training row, the units of scaled penalties.

    Attributes
    ----------
    gradient : float
        ``g = sqrt(sum(w g_i^2) / sum(w)) * sum(w) / n`` at the intercept, averaged
        over classes.
    hessian : float
        ``h = sum(w h_i) / n`` at the intercept, averaged over classes.
    n_samples : int
        Training rows.

    Examples
    --------
    >>> Units(gradient=0.5, hessian=0.25, n_samples=100).factors("rows")["reg_lambda"]
    0.25
    """

    gradient: float
    hessian: float
    n_samples: int

    def factors(self, scale: Scale) -> dict[str, float]:
        """Return the factors from this scale to raw, by penalty."""
        if scale == "raw":
            return dict.fromkeys(SCALED, 1.0)
        rows = self.n_samples if scale == "share" else 1
        # Setting one row apart gains g^2 / h.
        gain = self.gradient * (self.gradient / self.hessian) if self.hessian else 0.0
        of_row = {"gradient": self.gradient, "hessian": self.hessian, "gain": gain}
        return {name: of_row[str(PENALTY_FACTS[name].unit)] * rows for name in SCALED}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Penalty:
    """The penalties and limits of a boosted ensemble, the same in every engine.

    Attributes
    ----------
    reg_alpha : float
        L1 penalty on leaf weights. A leaf with ``abs(G) <= reg_alpha`` gets weight 0.
    reg_lambda : float
        L2 penalty on leaf weights.
    min_split_gain : float
        Minimum gain of a split (XGBoost: gamma).
    min_child_weight : float
        Minimum hessian on both sides of a split.
    min_child_samples : int
        Minimum number of rows on both sides of a split, at least 1.
    max_leaves : int or None
        Maximum number of leaves per tree, at least 2; None for no limit.
    max_depth : int or None
        Maximum number of splits from the root to a leaf, at least 1; None for no limit.
    max_delta_step : float
        Maximum absolute leaf weight before the learning rate; 0 for no limit.
    path_smooth : float
        Pull of a leaf towards its parent, in rows (LightGBM only, which then keeps
        at least two rows per leaf, by its own estimate).
    cat_l2 : float
        L2 penalty on the leaves of a split on sets of categories, added to
        ``reg_lambda`` (LightGBM only).
    subsample, colsample_bytree : float
        Fraction of rows per round and of columns per tree, in (0, 1].
    learning_rate : float
        Factor on every leaf weight, in (0, 1].
    scale : {"raw", "rows", "share"}
        Unit of the fields in ``SCALED``: that of the loss; the data's own, so that
        ``reg_lambda=5`` is a prior worth five rows of the first tree; or the same times
        the number of training rows.

    Raises
    ------
    PenaltyError
        If a field is outside its domain.

    Examples
    --------
    >>> units = Units(gradient=0.5, hessian=0.25, n_samples=100)
    >>> penalty = Penalty(reg_lambda=5.0, scale="rows")
    >>> penalty.to_raw(units).reg_lambda, penalty.to_scale("share", units).reg_lambda
    (1.25, 0.05)
    >>> penalty.as_dict()["max_leaves"]
    31
    """

    reg_alpha: float = 0.0
    reg_lambda: float = 1.0
    min_split_gain: float = 0.0
    min_child_weight: float = 0.001
    min_child_samples: int = 1
    max_leaves: int | None = 31
    max_depth: int | None = None
    max_delta_step: float = 0.0
    path_smooth: float = 0.0
    cat_l2: float = 0.0
    subsample: float = 1.0
    colsample_bytree: float = 1.0
    learning_rate: float = 0.1
    scale: Scale = "raw"

    def __post_init__(self) -> None:
        scales = get_args(Scale)
        if self.scale not in scales:
            expected = f"one of {', '.join(scales)}"
            raise PenaltyError.of(Fault(("scale",), expected, self.scale, scales))
        for name in PENALTIES:
            _check(name, getattr(self, name))

    def to_raw(self, units: Units) -> "Penalty":
        """Return the same penalty in raw units, given those of the training rows."""
        return self.to_scale("raw", units)

    def to_scale(self, scale: Scale, units: Units) -> "Penalty":
        """Return the same penalty in another scale.

        Raises
        ------
        PenaltyError
            If the gradient or hessian of the training rows is 0.
        """
        if scale == self.scale:
            return self
        old, new = units.factors(self.scale), units.factors(scale)
        if not all(new.values()):
            raise PenaltyError(
                f"scale {scale!r} has no unit, because the target does not vary."
            )
        changed = {name: getattr(self, name) * old[name] / new[name] for name in SCALED}
        return replace(self, **changed, scale=scale)

    def params(
        self,
        engine: str,
        *,
        objective: str | dict[str, float] | None = None,
        n_classes: int = 0,
        units: Units | None = None,
        categories: bool = False,
    ) -> dict[str, Any]:
        """Return a library's own parameters, for its scikit-learn wrapper.

        They include those that let the penalties act as in boostreg, such as
        ``grow_policy`` and ``max_depth`` of XGBoost, and all at zero, because the
        libraries' defaults differ. Add the number of rounds.

        Parameters
        ----------
        engine : {"xgboost", "lightgbm", "sklearn"}
        objective : str or dict, optional
            As in ``BoostedRegressor``; the parameters then include it. Default: squared
            error or log loss, which the wrapper chooses by its class.
        n_classes : int
            Number of classes, needed if there are more than two.
        units : Units, optional
            ``units_`` of an estimator; needed if ``scale`` is not ``raw``.
        categories : bool
            Whether there are category columns.

        Raises
        ------
        PenaltyError
            If units are needed.
        UnsupportedPenaltyError
            If the library has no counterpart of a penalty.
        StudyError
            If the engine is unknown, or the objective is not for the task.

        Notes
        -----
        The wrapper then grows the trees of our estimators, except for rounding (a split
        may differ where two gains are nearly equal), sampling of rows and columns
        (other random numbers), and LightGBM in three cases. It bins columns with more
        than 255 distinct values around 0, ours from the minimum: subtract it. It sorts
        categories by ``G / (H + min(reg_lambda, 1))``, ours by ``G / (H +
        reg_lambda)``. It drops the rarest of more than 254 categories, ours does not.
        If row weights are not about 1, XGBoost differs too, because of absolute limits
        on gains; and it reads absent entries of a sparse matrix as missing, ours as 0.

        Examples
        --------
        >>> Penalty(reg_lambda=3.0, max_leaves=8).params("xgboost")["grow_policy"]
        'lossguide'
        >>> Penalty(max_leaves=8).params("lightgbm", n_classes=3)["lambda_l2"]
        0.75
        """
        # The translators are in a higher layer, which needs this module. They are
        # loaded by this call, as public names are.
        plain: dict[str, Any] = import_module("boostreg.engines").plain_params(
            self, engine, objective, n_classes, units, categories
        )
        return plain

    def as_dict(self) -> dict[str, float | int | None]:
        """Return the penalties by name, without ``scale``."""
        return {name: getattr(self, name) for name in PENALTIES}

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given().items())
        return f"Penalty({given})"

    def _repr_html_(self) -> str:
        rows = {
            name: [repr(value), PENALTY_FACTS[name].words]
            for name, value in self._given().items()
            if name != "scale"
        }
        caption = f"Penalty in the scale {self.scale!r}; all others have their defaults"
        return notebook_table(caption, ("value", "what it is"), rows)

    def _given(self) -> dict[str, float | int | str | None]:
        """Return the fields that differ from their defaults."""
        values = ((field, getattr(self, field.name)) for field in fields(self))
        return {field.name: value for field, value in values if value != field.default}


PENALTIES = tuple(field.name for field in fields(Penalty) if field.name != "scale")
"""Names of all penalties and further shrinkers, in the order of printing."""


def as_float(value: object) -> float | None:
    """Return a real number as a float, infinite if too large; otherwise None."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer above 1.8e308
        return math.inf


def _check(name: str, value: object) -> None:
    facts, number = PENALTY_FACTS[name], as_float(value)
    if value is None and name in CAPACITY:
        return
    if facts.domain == "count":
        expected = f"a whole number of at least {facts.minimum}"
        whole = isinstance(value, numbers.Integral)
        valid = number is not None and whole and number >= facts.minimum
    elif number is None:
        expected, valid = "a number", False
    elif facts.domain == "share":
        expected, valid = "a number above 0 and at most 1", 0 < number <= 1
    else:
        expected, valid = "a finite number >= 0", 0 <= number < math.inf
    if not valid:
        raise PenaltyError.of(Fault((name,), expected, value))
