"""Linear models of a sample along penalties."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostreg.arrays import Array, Mask
from boostreg.baselines.linear import Design, Path, least_squares_path
from boostreg.baselines.newton import newton_path
from boostreg.claims.experiments.base import Sample
from boostreg.losses import Objective

__all__ = [
    "L1_RATIOS",
    "Linear",
    "coefficients",
    "fit_kept",
    "inner_folds",
    "matched",
    "matched_strength",
]

L1_RATIOS = {"l1": 1.0, "l2": 0.0}
"""Share of L1 in the penalty of lasso and ridge."""

Figure = Literal["fit", "norm"]

_POINTS = 60
_REACH = 1e-5
_MAX_HALVINGS = 40
_CLOSE = 1e-6
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """The rows of a sample as a linear model sees them: columns with mean 0.

    Strengths are those of ``boostreg.baselines.linear``: per row, added to the mean
    half deviance.
    """

    design: Design
    X_new: Array
    y_new: Array

    @classmethod
    def of(cls, sample: Sample) -> "Linear":
        """Centre the columns on the training rows; their scale stays."""
        return cls.of_rows(
            (sample.X, sample.y), (sample.X_new, sample.y_new), sample.objective
        )

    @classmethod
    def of_rows(
        cls, train: tuple[Array, Array], new: tuple[Array, Array], objective: Objective
    ) -> "Linear":
        """Do as ``of`` for training and new rows, each as ``(X, y)``."""
        X, y = train
        mean = X.mean(axis=0)
        design = Design(
            X=X - mean,
            y=y,
            weights=np.full(len(y), 1 / len(y)),
            objective=objective,
            intercept=objective.intercept(y),
        )
        return cls(design, new[0] - mean, new[1])

    def path(self, strengths: Array, l1_ratio: float) -> Path:
        """Return the models along falling strengths: ridge 0, lasso 1, between."""
        if self.design.objective.name != "squared_error":
            return newton_path(self.design, strengths, l1_ratio)
        return least_squares_path(self.design, strengths, l1_ratio)

    def choose(self, l1_ratio: float, seed: int) -> int:
        """Return the index of the strength with the lowest inner loss.

        Inner losses are means over five folds of the training rows, split with
        ``seed``.
        """
        design, grid = self.design, self.grid(l1_ratio)
        total = np.zeros(len(grid))
        for train, new in inner_folds(len(design.y), _FOLDS, seed):
            inner = Linear.of_rows(
                (design.X[train], design.y[train]),
                (design.X[new], design.y[new]),
                design.objective,
            )
            total += inner.losses(inner.path(grid, l1_ratio))[1]
        return int(np.argmin(total))

    def free(self) -> Array:
        """Return the coefficients with the lowest loss, practically unpenalised."""
        return np.asarray(coefficients(self.free_path())[0])

    def free_path(self) -> Path:
        """Return the model with the lowest loss.

        Least squares are exact. Logistic regression has an L2 penalty of a millionth of
        the L1 strength that would set all coefficients to 0, because there is no
        minimum if classes are separable.
        """
        strength = 0.0
        if self.design.objective.name != "squared_error":
            strength = 1e-6 * self.top(1.0)
        return self.path(np.array([strength]), 0.0)

    def top(self, l1_ratio: float) -> float:
        """Return a strength that zeroes all coefficients (L1) or shrinks them most."""
        slope = float(np.max(np.abs(self.design.null_gradient), initial=0.0))
        if l1_ratio > 0:
            return 1.000001 * slope / l1_ratio
        units = self.design.objective.units(self.design.y)
        gram = np.linalg.norm(self.design.X, 2) ** 2 / len(self.design.y)
        return 1000 * float(gram) * units.hessian

    def grid(self, l1_ratio: float, n_points: int = _POINTS) -> Array:
        """Return falling strengths from ``top`` over several powers of ten."""
        reach = _REACH if l1_ratio > 0 else _REACH**2
        return np.asarray(np.geomspace(1.0, reach, n_points) * self.top(l1_ratio))

    def losses(self, path: Path) -> tuple[Array, Array]:
        """Return the mean loss at each strength, on training and on new rows."""
        design, at = self.design, range(len(path.strengths))
        train, new = (
            np.array([design.objective.loss(y, path.raw(X, k)) for k in at])
            for X, y in ((design.X, design.y), (self.X_new, self.y_new))
        )
        return train, new


def inner_folds(n_rows: int, n_folds: int, seed: int) -> Iterator[tuple[Mask, Mask]]:
    """Yield training and new rows of each fold, split with ``seed``."""
    fold = np.random.default_rng(seed).permutation(n_rows) % n_folds
    for number in range(n_folds):
        yield fold != number, fold == number


def coefficients(path: Path) -> Array:
    """Return the coefficients of the one raw score, (n_strengths, n_inputs)."""
    return np.asarray(path.coefficients[:, :, 0])


def matched(linear: Linear, l1_ratio: float, goal: float, of: Figure) -> Array:
    """Return the coefficients at ``matched_strength``."""
    strength = matched_strength(linear, l1_ratio, goal, of)
    found: Array = coefficients(linear.path(np.array([strength]), l1_ratio))[0]
    return found


def matched_strength(linear: Linear, l1_ratio: float, goal: float, of: Figure) -> float:
    """Return the strength of the model that keeps the share ``goal`` of a figure.

    This is the share of the decrease of the training loss from the intercept to the
    unpenalised model (``fit``), or of the Euclidean norm of that model (``norm``). The
    strength is found on a grid and then by bisection between two neighbours, to an
    accuracy of a millionth of the share.
    """
    kept = _kept(linear, of)
    grid = linear.grid(l1_ratio)
    path = linear.path(grid, l1_ratio)
    enough = [kept(path, k) >= goal for k in range(len(grid))]
    first = enough.index(True) if any(enough) else len(grid) - 1
    high, low = float(grid[max(first - 1, 0)]), float(grid[first])
    for _ in range(_MAX_HALVINGS):
        middle = math.sqrt(low * high)
        share = kept(linear.path(np.array([middle]), l1_ratio), 0)
        if abs(share - goal) < _CLOSE:
            return middle
        low, high = (middle, high) if share >= goal else (low, middle)
    return low


def fit_kept(linear: Linear, path: Path) -> Array:
    """Return the share of the unpenalised gain in training loss at each strength."""
    kept = _kept(linear, "fit")
    return np.array([kept(path, k) for k in range(len(path.strengths))])


def _kept(linear: Linear, of: Figure) -> Callable[[Path, int], float]:
    design = linear.design
    if of == "norm":
        whole = float(np.linalg.norm(linear.free()))
        return lambda path, k: float(np.linalg.norm(coefficients(path)[k])) / whole

    def loss(raw: Array) -> float:
        return float(design.objective.loss(design.y, raw))

    null = loss(np.tile(design.intercept, (len(design.y), 1)))
    gained = null - loss(linear.free_path().raw(design.X, 0))
    return lambda path, k: (null - loss(path.raw(design.X, k))) / gained
