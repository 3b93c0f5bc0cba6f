"""How columns become the inputs of a linear model, learned from training rows alone.

A numeric column is one input; where training rows miss it, they take its mean and a
second input says that it was missing. A column of categories is one input for each
category among the training rows, missing being one of them; of two, the second is
enough. All inputs, indicators too, are standardized to mean 0 and standard deviation
1, so that one strength means the same for each. Inputs that do not vary are left out.

A category that only later rows have has no input: all indicators of its column are off.

Means and deviations are weighted by row weights, so that a weight of 2 is a row written
twice. Rows of weight 0 have no say.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Table

__all__ = ["Input", "fit_inputs", "transform"]

Array = NDArray[np.float64]


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
        None for the column's own number, NaN for whether it is missing, else the code
        of the category it indicates.
    center, scale : float
        Weighted mean and standard deviation over the training rows.
    """

    name: str
    column: int
    level: float | None
    center: float = 0.0
    scale: float = 1.0

    def read(self, X: Array) -> Array:
        """Return the values before they are standardized; missing numbers are NaN."""
        values: Array = X[:, self.column]
        if self.level is None:
            return values
        if math.isnan(self.level):
            return np.isnan(values).astype(np.float64)
        return np.asarray(values == self.level, dtype=np.float64)

    def fit(self, X: Array, weights: Array) -> "Input | None":
        """Return the input with its mean and deviation, or None if it is constant."""
        values = self.read(X)
        known = ~np.isnan(values) & (weights > 0)
        if not known.any() or np.ptp(values[known]) == 0:
            return None
        center = float(np.average(values[known], weights=weights[known]))
        apart = np.where(known, values - center, 0.0)
        # By the largest first: squares of very large or small numbers would be lost.
        reach = float(np.max(np.abs(apart)))
        spread = math.sqrt(float(np.average((apart / reach) ** 2, weights=weights)))
        return Input(self.name, self.column, self.level, center, reach * spread)

    def standardize(self, X: Array) -> Array:
        """Return the input; a missing number takes the training mean, so 0."""
        values = (self.read(X) - self.center) / self.scale
        return np.asarray(np.where(np.isnan(values), 0.0, values), dtype=np.float64)


def fit_inputs(table: Table, weights: Array) -> tuple[Input, ...]:
    """Return the inputs of a linear model for the rows of ``table``.

    Parameters
    ----------
    table : Table
        Training rows.
    weights : ndarray of shape (n_samples,)
        Row weights, all 1 where there are none.
    """
    counted = table.X[weights > 0]
    fitted = (i.fit(table.X, weights) for i in _candidates(table, counted))
    return tuple(i for i in fitted if i is not None)


def transform(inputs: tuple[Input, ...], X: Array) -> Array:
    """Return the standardized inputs, (n_samples, n_inputs), Fortran-ordered."""
    out = np.zeros((len(X), len(inputs)), order="F")
    for number, one in enumerate(inputs):
        out[:, number] = one.standardize(X)
    return out


def _candidates(table: Table, X: Array) -> Iterator[Input]:
    for number, column in enumerate(table.columns):
        values = X[:, number]
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
        # Two indicators that exclude each other say the same; one carries it all.
        exclusive = column.categories is not None and len(found) == 2
        yield from found[1:] if exclusive else found
