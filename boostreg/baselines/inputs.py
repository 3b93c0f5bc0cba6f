"""Inputs of linear models, made from columns and learned only from training rows.

A numeric column is one input. If training rows have missing values, they are replaced
by the mean, and a second input indicates them. A category column has one indicator per
category in the training rows, with missing as a category; of two, only the second is
kept. All inputs, indicators too, are standardized to mean 0 and standard deviation
1, so that one strength means the same for each. Inputs that do not vary are left out.

A category that occurs only in later rows has no input: all its indicators are 0.

Means and deviations are weighted by row weights, so a weight of 2 is the same as
a repeated row. Rows of weight 0 have no effect.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np

from boostreg.arrays import Array, Indices, Mask
from boostreg.baselines.linear import Design
from boostreg.data import Column, FeatureRows, Table
from boostreg.errors import DataError
from boostreg.losses import Objective

__all__ = ["Input", "Models", "Split", "fit_inputs", "mean_losses", "transform"]


@dataclass(frozen=True, slots=True)
class Input:
    """One standardized input.

    Attributes
    ----------
    name : str
        ``age``, ``age (missing)``, ``color=red``.
    column : int
        Column of the table.
    level : float or None
        None for the number itself, NaN for the missing indicator, otherwise the code
        of the category that it indicates.
    center, scale : float
        Weighted mean and standard deviation over the training rows.
    """

    name: str
    column: int
    level: float | None
    center: float = 0.0
    scale: float = 1.0

    def read(self, values: Array) -> Array:
        """Return a column before it is standardized; missing numbers are NaN."""
        if self.level is None:
            return values
        if math.isnan(self.level):
            return np.isnan(values).astype(np.float64)
        return np.asarray(values == self.level, dtype=np.float64)

    def fit(self, values: Array, weights: Array) -> "Input | None":
        """Return the input with its mean and deviation, or None if it is constant."""
        values = self.read(values)
        known = ~np.isnan(values) & (weights > 0)
        if not known.any() or np.ptp(values[known]) == 0:
            return None
        center = float(np.average(values[known], weights=weights[known]))
        apart = np.where(known, values - center, 0.0)
        # Divide by the largest first: squares of extreme numbers overflow or underflow.
        reach = float(np.max(np.abs(apart)))
        spread = math.sqrt(float(np.average((apart / reach) ** 2, weights=weights)))
        return Input(self.name, self.column, self.level, center, reach * spread)

    def standardize(self, values: Array) -> Array:
        """Return the standardized input; a missing number becomes the mean, 0."""
        values = (self.read(values) - self.center) / self.scale
        return np.asarray(np.where(np.isnan(values), 0.0, values), dtype=np.float64)


def count_inputs(columns: Iterable[Column]) -> int:
    """Return the number of inputs of a linear model, unless levels are absent.

    >>> count_inputs([Column("x"), Column("two", ("a", "b"))])
    2
    >>> count_inputs([Column("three", ("a", "b", "c"))])
    3
    """
    levels = [len(one.categories or "x") for one in columns]
    return sum(1 if n < 3 else n for n in levels)


def fit_inputs(rows: FeatureRows, weights: Array) -> tuple[Input, ...]:
    """Return the inputs of a linear model for training rows and their weights."""
    found = []
    for number, column in enumerate(rows.columns):
        values = rows.column(number)
        candidates = _candidates(number, column, values[weights > 0])
        found += [one.fit(values, weights) for one in candidates]
    return tuple(one for one in found if one is not None)


def transform(inputs: tuple[Input, ...], X: Array | FeatureRows) -> Array:
    """Return the standardized inputs, (n_samples, n_inputs), Fortran-ordered."""
    n_samples = X.n_samples if isinstance(X, FeatureRows) else len(X)
    out = np.zeros((n_samples, len(inputs)), order="F")
    for place, own in groupby(enumerate(inputs), key=lambda one: one[1].column):
        values = X.column(place) if isinstance(X, FeatureRows) else X[:, place]
        for number, one in own:
            out[:, number] = one.standardize(values)
    return out


def _candidates(number: int, column: Column, values: Array) -> Iterator[Input]:
    missing = np.isnan(values)
    gap = [Input(f"{column.name} (missing)", number, math.nan)]
    if column.categories is None:
        found = [Input(column.name, number, None)]
    else:
        found = [
            Input(f"{column.name}={column.categories[int(c)]}", number, float(c))
            for c in np.unique(values[~missing])
        ]
    found += gap if missing.any() else []
    # Of two complementary indicators, one is redundant.
    exclusive = column.categories is not None and len(found) == 2
    yield from found[1:] if exclusive else found


class Models(Protocol):
    """Fitted models along decreasing strengths, as ``Path`` and ``NetworkPath``.

    Coefficients have no inputs where the model is not linear; ``nonzero`` counts
    coefficients or weights, ``live_units`` active hidden units (empty if linear).
    """

    @property
    def strengths(self) -> Array: ...  # noqa: D102 - documented by the classes, as are all
    @property
    def converged(self) -> Mask: ...  # noqa: D102
    @property
    def intercepts(self) -> Array: ...  # noqa: D102
    @property
    def coefficients(self) -> Array: ...  # noqa: D102
    @property
    def nonzero(self) -> Indices: ...  # noqa: D102
    @property
    def live_units(self) -> Indices: ...  # noqa: D102
    @property
    def n_parameters(self) -> int: ...  # noqa: D102
    def raw(self, X: Array, number: int) -> Array:
        """Return raw scores (n_samples, n_outputs) of the model at one strength."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Training rows as a design, and test rows transformed to the same inputs."""

    inputs: tuple[Input, ...]
    design: Design
    objective: Objective
    judged: Array
    rows: Indices
    test_y: Array
    test_weights: Array

    @classmethod
    def of(
        cls,
        table: Table,
        train: Indices,
        test: Indices,
        objective: Objective,
        *,
        transformed: bool = True,
    ) -> "Split":
        """Learn the inputs from the training rows and transform the test rows.

        If they are not ``transformed``, there is no input in the design.
        """
        given = np.ones(len(table.y)) if table.weights is None else table.weights
        for part, rows in (("training", train), ("test", test)):
            if len(rows) > 0 and not np.any(given[rows] > 0):
                raise DataError(
                    f"weights must be above 0 in some {part} row of each split, got 0 "
                    f"in all {len(rows)}."
                )
        weights, y = given[train], table.y[train]
        inputs = fit_inputs(table.features(train), weights)
        used = inputs if transformed else ()
        design = Design(
            X=transform(used, table.features(train)),
            y=y,
            weights=weights / np.sum(weights),
            objective=objective,
            intercept=objective.intercept(y, weights),
        )
        judged = transform(used, table.features(test))
        return cls(inputs, design, objective, judged, test, table.y[test], given[test])

    def inner_losses(self, models: Models) -> Array:
        """Return the mean loss of the test rows at each strength."""
        rows = [self.judge(models, at) for at in range(len(models.strengths))]
        return mean_losses(np.reshape(rows, (len(rows), -1)), self.test_weights)

    def judge(self, models: Models, at: int) -> Array:
        """Return the loss of each test row; inf if the score overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            raw = models.raw(self.judged, at)
            return self.objective.row_losses(self.test_y, raw)


def mean_losses(rows: Array, weights: Array) -> Array:
    """Return the weighted mean of each row of losses; inf if it is NaN."""
    means = np.average(rows, axis=1, weights=weights)
    return np.where(np.isnan(means), np.inf, means)
