"""The training problem, on a scale that every library can represent.

XGBoost rejects every split that gains less than 1e-6 and stores labels, weights, gains
and predictions in float32 (``src/tree/driver.h``, ``src/tree/split_evaluator.h``), so
the unit of a target would change the trees. Therefore a library sees

================================  ===================  ======================
objective                         target               score to start from
================================  ===================  ======================
squared and absolute error,       (y - intercept) / c  0
quantile
poisson, gamma, tweedie           y / c                intercept - log(c)
logistic, softmax                 y                    intercept
================================  ===================  ======================

with c a power of two. In the first row of the table it makes the spread about 4,096; in
the second it is the one nearest the mean. Row weights are divided by the power of two
nearest their mean, or by their value if all are equal. The hessian of a row is then of
order 1 at the intercept, for any unit of the target, of the weights, and of an exposure
(which divides the target and is the weight). Powers of two make the scaling exact in
floating point. A spread of 4,096 puts the minimum gain of 1e-6 below float32 precision;
otherwise a weighted fit could stop at another round than the same fit with repeated
rows, whose mean weight differs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from boostreg.arrays import Array
from boostreg.data import Column, FeatureRows, Table
from boostreg.errors import DataError, UnsupportedPenaltyError
from boostreg.losses import LIMITED_STEP, Objective
from boostreg.penalty import Penalty, Units
from boostreg.penalty.value import ON_LEAF_WEIGHTS

__all__ = [
    "LibraryRows",
    "Problem",
    "Standard",
    "check_min_child_samples",
    "check_renewed_leaves",
    "min_hessian",
    "nearest_power_of_two",
    "objective_params",
    "scaled_weights",
]

_SPREAD = 4096.0
"""Approximate standard deviation of a squared-error target on the scaled problem."""


def nearest_power_of_two(value: float) -> float:
    """Return the power of two nearest ``value`` on a log scale; 1 for zero.

    >>> [nearest_power_of_two(v) for v in (0.0, 1.4, 1.5, 77.0)]
    [1.0, 1.0, 2.0, 64.0]
    """
    if not (value > 0 and math.isfinite(value)):
        return 1.0
    mantissa, exponent = math.frexp(value)
    return math.ldexp(1.0, exponent if mantissa >= math.sqrt(0.5) else exponent - 1)


@dataclass(frozen=True, slots=True)
class Standard:
    """Scale factors of one set of training rows.

    A value in the user's units is the library's value times the scale of its kind.

    Attributes
    ----------
    intercept : ndarray of shape (n_outputs,)
        Best constant raw score, computed once for every engine.
    units : Units
        Factors from rows to raw penalty units.
    shift, target_scale : float
        Targets are scaled as ``(y - shift) / target_scale``.
    start : ndarray of shape (n_outputs,)
        Raw score that a library starts from.
    leaf_scale, weight_scale, gradient_scale, hessian_scale, loss_scale : float
        Of leaf weights, row weights, sums of derivatives, and losses.
    """

    intercept: Array
    units: Units
    shift: float = 0.0
    target_scale: float = 1.0
    start: Array | None = None
    leaf_scale: float = 1.0
    weight_scale: float = 1.0
    gradient_scale: float = 1.0
    hessian_scale: float = 1.0
    loss_scale: float = 1.0

    @classmethod
    def of(
        cls,
        objective: Objective,
        y: Array,
        weights: Array | None,
        offset: Array | None = None,
    ) -> "Standard":
        """Measure the training rows: ``y``, ``weights``, ``offset``, (n_samples,)."""
        intercept = objective.intercept(y, weights, offset)
        units = objective.units(y, weights, offset)
        v = _weight_scale(weights)
        scales = {"weight_scale": v, "gradient_scale": v, "hessian_scale": v}
        power = objective.target_power
        if objective.n_classes:
            return cls(intercept, units, start=intercept, **scales)
        if objective.log_link:
            # Large enough that float32 can hold the largest target divided by it.
            smallest = float(y.max()) / 2.0**100
            c = nearest_power_of_two(max(math.exp(intercept[0]), smallest))
            # The raw score log(mean) has no unit: G and H have that of the loss.
            scales |= {"gradient_scale": v * c**power, "hessian_scale": v * c**power}
            start = intercept - math.log(c)
        else:
            c = nearest_power_of_two(_spread(objective, y, weights)) / _SPREAD
            # The raw score has the unit of y: G has that of loss / y. H is 1 per row,
            # also for absolute error and quantiles.
            scales |= {"gradient_scale": v * c ** (power - 1), "leaf_scale": c}
            scales["shift"], start = float(intercept[0]), np.zeros(1)
        return cls(
            intercept,
            units,
            target_scale=c,
            start=start,
            loss_scale=c**power,
            **scales,
        )

    @property
    def gain_scale(self) -> float:
        """Scale of gains: G^2 / H."""
        return self.gradient_scale * (self.gradient_scale / self.hessian_scale)

    def penalty(self, penalty: Penalty) -> Penalty:
        """Return ``penalty`` for the standardised problem, in raw units there."""
        raw = penalty.to_raw(self.units)
        # w = -T(G) / (H + lambda), gain = G_L^2 / (H_L + lambda) + ...: alpha scales
        # like G, lambda like H, a gain like G^2 / H.
        return replace(
            raw,
            reg_alpha=raw.reg_alpha / self.gradient_scale,
            reg_lambda=raw.reg_lambda / self.hessian_scale,
            min_split_gain=raw.min_split_gain / self.gain_scale,
            min_child_weight=raw.min_child_weight / self.hessian_scale,
            cat_l2=raw.cat_l2 / self.hessian_scale,
            max_delta_step=raw.max_delta_step / self.leaf_scale,
        )

    @property
    def start_score(self) -> Array:
        """Raw score, on the library's scale, that a library starts from."""
        return self.intercept if self.start is None else self.start

    def targets(self, y: Array) -> Array:
        """Return targets (n_samples,) as a library sees them."""
        if self.shift == 0 and self.target_scale == 1:
            return y
        return (y - self.shift) / self.target_scale

    def lighter(self, factor: float) -> "Standard":
        """Return the scale with row weights divided by a power of two."""
        return replace(
            self,
            weight_scale=self.weight_scale * factor,
            gradient_scale=self.gradient_scale * factor,
            hessian_scale=self.hessian_scale * factor,
        )

    def with_smoothed_gradients(self) -> "Standard":
        """Return the scale for a loss whose gradients grow with the target's spread.

        In the user's units the gradients are relative to that spread.
        """
        return replace(self, gradient_scale=self.weight_scale / _SPREAD)

    @property
    def far_offset(self) -> tuple[float, float]:
        """Intercept and spread if their sum loses precision in float32, otherwise 0."""
        spread = self.target_scale * _SPREAD
        far = abs(self.shift) * np.finfo(np.float32).eps > 1e-3 * spread
        return (self.shift, spread) if far else (0.0, 0.0)

    def of_library(self) -> "Standard":
        """Return the scale of a model that holds its own intercept, in user units."""
        return Standard(np.zeros_like(self.intercept), self.units)


def scaled_weights(weights: Array | None, n_samples: int, scale: float) -> Array | None:
    """Return row weights divided by ``scale``; None if all are 1 then."""
    scaled = (np.ones(n_samples) if weights is None else weights) / scale
    return None if bool(np.all(scaled == 1)) else scaled


def _weight_scale(weights: Array | None) -> float:
    """Return the divisor that makes row weights 1, or about 1 if they differ."""
    if weights is None:
        return 1.0
    if np.all(weights == weights[0]):
        return float(weights[0])
    return nearest_power_of_two(float(np.mean(weights)))


def _spread(objective: Objective, y: Array, weights: Array | None) -> float:
    """Return the root mean squared, or the mean absolute, distance to the intercept.

    Over the rows with weight, each counted once: a heavy row must not push the others
    out of the range of float32.
    """
    far = np.abs(y - objective.intercept(y, weights))
    if weights is not None:
        far = far[weights > 0]
    power, largest = objective.target_power, float(far.max(initial=0.0))
    if largest == 0:
        return 0.0
    return largest * float(np.mean((far / largest) ** power) ** (1 / power))


@dataclass(frozen=True, slots=True)
class LibraryRows:
    """Standardised rows, as a library is given them, without the features.

    ``margin``, (n_samples, n_outputs), is the raw score to start from.
    """

    y: Array
    weights: Array | None
    margin: Array

    def part(self, rows: slice) -> "LibraryRows":
        """Return some of the rows, which are next to each other."""
        weights = None if self.weights is None else self.weights[rows]
        return LibraryRows(self.y[rows], weights, self.margin[rows])


@dataclass(frozen=True, slots=True)
class Problem:
    """Training rows and, if there are any, validation rows.

    ``standard`` is the scale of the training rows. ``monotone`` has a number per
    column: 1 if raw scores must not fall, -1 if they must not rise. A DataError is
    raised if it does not match the columns. ``stored`` has the features of training and
    validation rows if the tables have none; ``features`` returns them in any case.
    """

    train: Table
    valid: Table | None
    objective: Objective
    standard: Standard
    monotone: tuple[int, ...] | None = None
    stored: tuple[FeatureRows, ...] = ()

    def __post_init__(self) -> None:
        if self.monotone is None:
            return
        if len(self.monotone) != self.train.n_features:
            raise DataError(
                f"monotone must have one number per column, {self.train.n_features}, "
                f"got {len(self.monotone)}."
            )
        for column, sign in zip(self.train.columns, self.monotone, strict=True):
            if sign not in (-1, 0, 1):
                raise DataError(
                    f"monotone must be -1, 0 or 1 for column {column.name!r}, got "
                    f"{sign!r}."
                )
            if sign and column.categories is not None:
                raise DataError(
                    f"monotone must be 0 for column {column.name!r}, because its "
                    f"categories have no order, got {sign!r}."
                )

    @classmethod
    def of(
        cls,
        train: Table,
        valid: Table | None,
        objective: Objective,
        *,
        monotone: tuple[int, ...] | None = None,
        stored: tuple[FeatureRows, ...] = (),
    ) -> Self:
        """Return the problem with the scale of its training rows."""
        standard = Standard.of(objective, train.y, train.weights, train.offset)
        return cls(train, valid, objective, standard, monotone, stored)

    @classmethod
    def without_rows(
        cls, objective: Objective, units: Units, *, categories: bool
    ) -> Self:
        """Return a problem whose rows are only counted, each with weight 1.

        It has one column, with categories or without.
        """
        rows = units.n_samples
        train = Table(
            X=np.broadcast_to(np.float64(np.nan), (rows, 1)),
            y=np.broadcast_to(np.float64(0), rows),
            columns=(Column("x0", ("a",) if categories else None),),
            task="regression",
            target="y",
        )
        standard = Standard(intercept=np.zeros(objective.n_outputs), units=units)
        return cls(train, None, objective, standard)

    @property
    def tables(self) -> list[Table]:
        """Training rows, and validation rows if there are any."""
        return [self.train] if self.valid is None else [self.train, self.valid]

    def features(self, table: Table) -> FeatureRows:
        """Return the features of ``train`` or ``valid``."""
        stored = zip(self.tables, self.stored, strict=False)
        found = (features for known, features in stored if known is table)
        return next(found, None) or table.features()

    @property
    def constrained(self) -> bool:
        """Whether some column is monotone."""
        return self.monotone is not None and any(self.monotone)

    @property
    def constant_hessian(self) -> bool:
        """Whether every row has the same hessian, so that the sum counts rows."""
        weights = self.train.weights
        same = weights is None or bool(np.all(weights == weights[0]))
        return same and self.objective.name == "squared_error"

    @property
    def row_hessian(self) -> float:
        """Hessian of one row in raw units, where it is constant."""
        weights = self.train.weights
        return 1.0 if weights is None else float(weights[0])

    @property
    def constant(self) -> bool:
        """Whether all rows with weight have the same target, so that no tree helps."""
        y, weights = self.train.y, self.train.weights
        counted = y if weights is None else y[weights > 0]
        return bool(counted.min() == counted.max())

    def limited(self, penalty: Penalty) -> Penalty:
        """Return ``penalty`` with the effective limit on leaf weights, 0 for none."""
        step = LIMITED_STEP if self.objective.log_link else 0.0
        return replace(penalty, max_delta_step=penalty.max_delta_step or step)

    def labels(self, table: Table) -> Array:
        """Return targets that every library accepts, in the user's units.

        LightGBM and scikit-learn reject targets that are all 0. No tree is grown for
        them, so the mean that the intercept predicts can take their place.
        """
        if self.objective.log_link and not self.train.y.any():
            return np.full(table.n_samples, math.exp(self.standard.intercept[0]))
        return table.y

    def lighter(self, factor: float) -> Self:
        """Return the problem with row weights divided by a power of two."""
        return replace(self, standard=self.standard.lighter(factor))

    @property
    def plain_weights(self) -> Array | None:
        """Row weights for a library's wrapper, unscaled if float32 can hold them."""
        weights = self.train.weights
        if weights is None or 1e-30 < float(np.mean(weights)) < 1e30:
            return weights
        return weights / self.standard.weight_scale

    def part(self, table: Table) -> LibraryRows:
        """Return the rows of ``table`` on the standard scale."""
        standard = self.standard
        if table is not self.train:  # validation losses are weighted means
            own = _weight_scale(table.weights)
            standard = replace(standard, weight_scale=own)
        targets = standard.targets(self.labels(table))
        lost = targets < np.finfo(np.float32).tiny
        if self.objective.name == "gamma" and lost.any():
            row = int(np.argmax(lost))
            raise DataError(
                f"target is {float(table.y[row])!r} in row {row}, too far below its "
                f"mean of {math.exp(self.standard.intercept[0]):.3g} for float32; "
                "correct it or remove the row."
            )
        return LibraryRows(
            targets,
            scaled_weights(table.weights, table.n_samples, standard.weight_scale),
            _scores(standard.start_score, table),
        )

    def start_loss(self, table: Table) -> float:
        """Return the loss of the intercept alone."""
        raw = _scores(self.standard.intercept, table)
        return self.objective.loss(table.y, raw, table.weights)

    def without_features(self) -> Self:
        """Return the problem without feature values, which the bins hold.

        They read as missing and use no memory.
        """
        train, *valid = (table.without_features() for table in self.tables)
        return replace(self, train=train, valid=valid[0] if valid else None, stored=())


def _scores(start: Array, table: Table) -> Array:
    """Return the scores of rows without a tree, (n_samples, n_outputs)."""
    scores = np.tile(start, (table.n_samples, 1))
    return scores if table.offset is None else scores + table.offset[:, None]


def objective_params(
    names: Mapping[str, tuple[str, str, str]], objective: Objective
) -> dict[str, Any]:
    """Return a library's parameters of an objective.

    ``names`` has the library's name, metric and parameter name of each objective.
    """
    name, _, parameter = names[objective.name]
    params: dict[str, Any] = {"objective": name}
    if objective.name == "softmax":
        params["num_class"] = objective.n_classes
    if parameter:
        params[parameter] = objective.parameter
    return params


def check_min_child_samples(penalty: Penalty, problem: Problem) -> None:
    """Raise UnsupportedPenaltyError if the hessian cannot count rows.

    XGBoost has no row minimum and LightGBM estimates rows from the hessian
    (``src/treelearner/feature_histogram.hpp``), so a row minimum is exact only if
    every row has the same hessian.
    """
    if penalty.min_child_samples > 1 and not problem.constant_hessian:
        raise UnsupportedPenaltyError(
            f"min_child_samples={penalty.min_child_samples} cannot be applied exactly: "
            "XGBoost and LightGBM sum hessians, which counts rows only for squared "
            "error with equal row weights; use min_child_weight, or engine sklearn."
        )


def check_renewed_leaves(library: str, penalty: Penalty, problem: Problem) -> None:
    """Raise UnsupportedPenaltyError if the library replaces leaf weights.

    Penalties on the structure, such as ``min_split_gain`` and ``min_child_weight``,
    still work.
    """
    name = problem.objective.name
    if not problem.objective.fits_quantile:
        return
    for field in ON_LEAF_WEIGHTS:
        value = getattr(penalty, field)
        if value > 0:
            raise UnsupportedPenaltyError(
                f"With objective {name}, {library} replaces every leaf weight with a "
                f"quantile of its residuals, so {field}={value:g} would have no "
                f"effect; fix {field} at 0."
            )
    if problem.constrained:
        raise UnsupportedPenaltyError(
            f"With objective {name}, {library} replaces every leaf weight with a "
            "quantile of its residuals, so monotone columns would not stay monotone; "
            "remove monotone."
        )


def min_hessian(penalty: Penalty, problem: Problem, scale: float) -> float:
    """Return the minimum hessian on both sides of a split, including the row minimum.

    ``penalty`` is raw, for rows whose weights were divided by ``scale``. Half a row is
    subtracted from the row minimum, so that rounding in sums of equal hessians does not
    matter. The result is never below the rounding error of an empty side: otherwise
    LightGBM may pick an empty side and abort
    (``src/treelearner/serial_tree_learner.cpp``, ``CHECK_GT`` of ``left_count``).
    """
    rounding = 1e-12 * problem.standard.units.hessian * problem.train.n_samples
    minimum = max(penalty.min_child_weight, rounding / scale)
    if penalty.min_child_samples == 1:
        return minimum
    by_rows = (penalty.min_child_samples - 0.5) * problem.row_hessian / scale
    return max(minimum, by_rows)
