"""What an engine is asked to fit, put on a scale that both libraries bear.

XGBoost refuses every split that gains less than 1e-6 and keeps weights and gains in
float32 (``src/tree/driver.h``, ``src/tree/split_evaluator.h``), so the scale of a
target would decide what is grown. Squared-error targets are therefore centred on the
intercept and divided by a power of two that makes their standard deviation about
4,096, row weights by that nearest their mean. Powers of two make this exact in floating
point, and at that size the floor lies below what float32 can tell apart: it would end a
weighted fit at another round than one with rows repeated, whose mean weight differs.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Table
from boostreg.errors import DataError
from boostreg.losses import Array, Objective
from boostreg.penalty import Penalty, Units

__all__ = ["Part", "Problem", "Standard", "nearest_power_of_two"]

_SPREAD = 4096.0
"""Standard deviation, about, of a squared-error target as a library sees it."""


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
    """The scale of one training part.

    Attributes
    ----------
    intercept : ndarray of shape (n_outputs,)
        Best constant raw score, computed once for every engine.
    target_scale, weight_scale : float
        Powers of two that targets and row weights are divided by.
    units : Units
        What a row is worth, in raw units.
    """

    intercept: Array
    target_scale: float
    weight_scale: float
    units: Units

    @classmethod
    def of(cls, objective: Objective, y: Array, weights: Array | None) -> "Standard":
        """Measure the training rows ``y`` and ``weights``, both (n_samples,)."""
        intercept = objective.intercept(y, weights)
        target_scale = 1.0
        if objective.name == "squared_error":
            variance = objective.loss(y, np.tile(intercept, (len(y), 1)), weights)
            target_scale = nearest_power_of_two(math.sqrt(variance)) / _SPREAD
        mean = 1.0 if weights is None else float(np.mean(weights))
        units = objective.units(y, weights)
        return cls(intercept, target_scale, nearest_power_of_two(mean), units)

    def penalty(self, penalty: Penalty) -> Penalty:
        """Return ``penalty`` for the standardised problem, in raw units there.

        Gradients carry target times weight, hessians weight, so each field is divided
        by its own unit.
        """
        raw = penalty.to_raw(self.units)
        s, v = self.target_scale, self.weight_scale
        return replace(
            raw,
            reg_alpha=raw.reg_alpha / (s * v),
            reg_lambda=raw.reg_lambda / v,
            min_split_gain=raw.min_split_gain / (s * s * v),
            min_child_weight=raw.min_child_weight / v,
            cat_l2=raw.cat_l2 / v,
            max_delta_step=raw.max_delta_step / s,
        )

    def of_library(self) -> "Standard":
        """Return the scale of a model that holds its own intercept, in user units."""
        zero = np.zeros_like(self.intercept)
        return replace(self, intercept=zero, target_scale=1.0, weight_scale=1.0)


@dataclass(frozen=True, slots=True)
class Part:
    """Standardised rows, as a library is given them.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
        Centred and divided for squared error, else as it is.
    weights : ndarray of shape (n_samples,) or None
    margin : ndarray of shape (n_samples, n_outputs)
        Raw score to start from.
    """

    X: NDArray[np.float64]
    y: Array
    weights: Array | None
    margin: Array


@dataclass(frozen=True, slots=True)
class Problem:
    """A training part and, where there is one, the part that judges it.

    Attributes
    ----------
    train, valid : Table
    objective : Objective
    standard : Standard
        The scale of the training rows.
    monotone : tuple of int or None
        For each column 1 where raw scores must not fall, -1 where they must not rise.

    Raises
    ------
    DataError
        If ``monotone`` does not fit the columns.
    """

    train: Table
    valid: Table | None
    objective: Objective
    standard: Standard
    monotone: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.monotone is None:
            return
        if len(self.monotone) != self.train.n_features:
            raise DataError(
                f"monotone must have one number a column, {self.train.n_features}, "
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
                    f"monotone must leave out column {column.name!r}: its categories "
                    f"have no order, got {sign!r}."
                )

    @classmethod
    def of(
        cls,
        train: Table,
        valid: Table | None,
        objective: Objective,
        *,
        monotone: tuple[int, ...] | None = None,
    ) -> Self:
        """Return the problem with the scale of its training rows."""
        standard = Standard.of(objective, train.y, train.weights)
        return cls(train, valid, objective, standard, monotone)

    @property
    def constrained(self) -> bool:
        """Whether some column is monotone."""
        return self.monotone is not None and any(self.monotone)

    @property
    def constant_hessian(self) -> bool:
        """Whether every row carries the same hessian, so that it counts rows."""
        weights = self.train.weights
        same = weights is None or bool(np.all(weights == weights[0]))
        return same and self.objective.name == "squared_error"

    @property
    def row_hessian(self) -> float:
        """Hessian of one row in raw units, where it is constant."""
        weights = self.train.weights
        return 1.0 if weights is None else float(weights[0])

    def lighter(self, factor: float) -> Self:
        """Return the problem on a scale where rows weigh that power of two less."""
        scale = self.standard.weight_scale * factor
        return replace(self, standard=replace(self.standard, weight_scale=scale))

    def part(self, table: Table) -> Part:
        """Return the rows of ``table`` on the standard scale."""
        standard = self.standard
        weights = table.weights
        if weights is None and standard.weight_scale != 1:
            weights = np.ones(table.n_samples)
        if weights is not None:
            weights = weights / standard.weight_scale
        y, start = table.y, np.tile(standard.intercept, (table.n_samples, 1))
        if self.objective.name == "squared_error":
            y = (y - standard.intercept[0]) / standard.target_scale
            start = np.zeros_like(start)
        return Part(table.X, y, weights, start)

    def start_loss(self, table: Table) -> float:
        """Return the loss of the intercept alone."""
        raw = np.tile(self.standard.intercept, (table.n_samples, 1))
        return self.objective.loss(table.y, raw, table.weights)

    def without_features(self) -> Self:
        """Return the problem without its values of features, which bins hold.

        They read as missing and take no memory.
        """
        valid = None if self.valid is None else _featureless(self.valid)
        return replace(self, train=_featureless(self.train), valid=valid)


def _featureless(table: Table) -> Table:
    return replace(table, X=np.broadcast_to(np.float64(np.nan), table.X.shape))
