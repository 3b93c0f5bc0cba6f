"""Designs whose tables can be drawn as often as a simulation asks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Column, Table
from boostreg.losses import Objective

Array = NDArray[np.float64]

VIEWS = 4
"""Exchangeable columns of the placebo."""


@dataclass(frozen=True)
class Design:
    """How a table is drawn, and the engine that is tuned on it."""

    name: str
    engine: str
    n_samples: int
    n_features: int
    target: Callable[[Array, np.random.Generator], Array]
    classes: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    """Engines that a whole study tunes too."""
    acting: str | None = None
    """The only penalty with a range in which it can act, if the design is about it."""

    def table(self, n_samples: int, rng: np.random.Generator) -> Table:
        """Return so many rows, columns uniform on [0, 1)."""
        X = rng.random((n_samples, self.n_features))
        return Table(
            X=X,
            y=self.target(X, rng),
            weights=None,
            columns=tuple(Column(f"x{i}", None) for i in range(self.n_features)),
            task="binary" if self.classes else "regression",
            classes=self.classes,
            groups=None,
            time=None,
            target="y",
            task_inferred=False,
            notes=(),
        )

    @property
    def objective(self) -> Objective:
        """What is minimised."""
        if self.classes:
            return Objective("logistic", None, len(self.classes))
        return Objective("squared_error")


def total(X: Array, rng: np.random.Generator) -> Array:
    """Return the sum of the first columns, with as much noise as signal and more."""
    return X[:, :VIEWS].sum(axis=1) + rng.normal(size=len(X))


def friedman(X: Array, rng: np.random.Generator) -> Array:
    """Return Friedman's first function, with noise of standard deviation 3."""
    bent = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    return bent + 10 * X[:, 3] + 5 * X[:, 4] + 3 * rng.normal(size=len(X))


def hinted(X: Array, rng: np.random.Generator) -> Array:
    """Return two classes that two columns hint at."""
    score = 3 * (X[:, 0] + X[:, 1] - 1)
    return (rng.random(len(X)) < 1 / (1 + np.exp(-score))).astype(np.float64)


def noise(X: Array, rng: np.random.Generator) -> Array:
    """Return what no column says anything about."""
    return rng.normal(size=len(X))


def heavy(X: Array, rng: np.random.Generator) -> Array:
    """Return a linear signal under heavy noise (t, 4.5 degrees of freedom)."""
    return 2 * X[:, :VIEWS].sum(axis=1) + rng.standard_t(4.5, size=len(X))


def stepped(X: Array, rng: np.random.Generator) -> Array:
    """Return steps, on which small trees on few rows differ from fold to fold."""
    corner = (X[:, 0] > 0.5) & (X[:, 1] > 0.3)
    return 4.0 * corner + 2.0 * (X[:, 2] > 0.7) + rng.normal(size=len(X))


DESIGNS = (
    Design("linear with noise", "xgboost", 100, 10, total),
    Design("friedman", "lightgbm", 150, 10, friedman),
    Design("noisy classes", "xgboost", 150, 8, hinted, ("no", "yes")),
    Design("pure noise, wide", "lightgbm", 80, 40, noise),
    Design("heavy tails", "lightgbm", 200, 6, heavy),
    Design("steps, few rows", "xgboost", 80, 6, stepped),
    Design("friedman, 1000 rows", "lightgbm", 1000, 10, friedman),
)


def mostly_linear(X: Array, rng: np.random.Generator) -> Array:
    """Return a linear signal, a product of two columns, and noise."""
    product = 2.7 * (X[:, 0] - 0.5) * (X[:, 1] - 0.5)
    return 2 * X[:, 0] + X[:, 1] + product + 0.7 * rng.normal(size=len(X))


PLANTED = (
    Design("one penalty acts", "xgboost", 150, 6, stepped, acting="max_leaves"),
    Design("equal engines", "xgboost", 200, 4, total, rivals=("lightgbm",)),
    Design("linear 2 % worse", "xgboost", 800, 3, mostly_linear),
)
"""Designs whose answer is known, see ``truths.py``."""
