"""One split of the rows, seen through inputs that its training rows taught."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from boostreg.baselines.design import Design
from boostreg.baselines.inputs import Input, fit_inputs, transform
from boostreg.data import Table
from boostreg.errors import DataError
from boostreg.losses import Objective

__all__ = ["Models", "Split", "mean_losses"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


class Models(Protocol):
    """Fitted models along falling strengths, linear or not.

    Attributes
    ----------
    strengths : ndarray of shape (n_strengths,)
    converged : ndarray of bool of shape (n_strengths,)
        Whether the solver reached its tolerance.
    intercepts : ndarray of shape (n_strengths, n_outputs)
    coefficients : ndarray of shape (n_strengths, n_inputs, n_outputs)
        No inputs where the model is not linear.
    nonzero : ndarray of int of shape (n_strengths,)
        Coefficients or weights that are not 0.
    live_units : ndarray of int of shape (n_strengths,)
        Hidden units that say something; empty for linear models.
    n_parameters : int
        Coefficients or weights that there are.
    """

    @property
    def strengths(self) -> Array: ...  # noqa: D102 - said above, as are all
    @property
    def converged(self) -> NDArray[np.bool_]: ...  # noqa: D102
    @property
    def intercepts(self) -> Array: ...  # noqa: D102
    @property
    def coefficients(self) -> Array: ...  # noqa: D102
    @property
    def nonzero(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def live_units(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def n_parameters(self) -> int: ...  # noqa: D102
    def raw(self, X: Array, number: int) -> Array:
        """Return raw scores (n_samples, n_outputs) of the model at one strength."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Training rows as a design, and the rows that judge, seen through its inputs."""

    inputs: tuple[Input, ...]
    design: Design
    objective: Objective
    judged: Array
    rows: Rows
    test_y: Array
    test_weights: Array

    @classmethod
    def of(cls, table: Table, train: Rows, test: Rows, objective: Objective) -> "Split":
        """Learn the inputs from the training rows and see the others through them."""
        given = np.ones(len(table.y)) if table.weights is None else table.weights
        for part, rows in (("training", train), ("test", test)):
            if len(rows) > 0 and not np.any(given[rows] > 0):
                raise DataError(
                    f"weights must be above 0 in some {part} row of each split, got 0 "
                    f"in all {len(rows)}."
                )
        weights, y = given[train], table.y[train]
        inputs = fit_inputs(table.rows(train), weights)
        design = Design(
            X=transform(inputs, table.X[train]),
            y=y,
            weights=weights / np.sum(weights),
            objective=objective,
            intercept=objective.intercept(y, weights),
        )
        judged = transform(inputs, table.X[test])
        return cls(inputs, design, objective, judged, test, table.y[test], given[test])

    def inner_losses(self, models: Models) -> Array:
        """Return the mean loss of the judging rows at each strength."""
        rows = [self.judge(models, at) for at in range(len(models.strengths))]
        return mean_losses(np.reshape(rows, (len(rows), -1)), self.test_weights)

    def judge(self, models: Models, at: int) -> Array:
        """Return the loss of each judging row; inf where the score is out of reach."""
        with np.errstate(over="ignore", invalid="ignore"):
            raw = models.raw(self.judged, at)
            return self.objective.row_losses(self.test_y, raw)


def mean_losses(rows: Array, weights: Array) -> Array:
    """Return the weighted mean of each row of losses; inf where it has none."""
    means = np.average(rows, axis=1, weights=weights)
    return np.where(np.isnan(means), np.inf, means)
