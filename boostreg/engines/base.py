"""The interface of an engine: a boosting library behind one vocabulary."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Column, Table
from boostreg.engines.problem import Problem, Standard
from boostreg.losses import Array, Objective
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

__all__ = ["Engine", "Growth", "Model", "Stopper", "Training"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How long and with what a fit goes on.

    Attributes
    ----------
    n_rounds : int
        Most boosting rounds.
    patience : int or None
        Rounds without improvement on the judging rows after which the fit stops.
    seed : int
        Of row and column sampling.
    threads : int
        Threads of the library.
    curves : bool
        Whether the losses of every round are wanted.
    """

    n_rounds: int
    patience: int | None = None
    seed: int = 0
    threads: int = 1
    curves: bool = True


@dataclass(frozen=True, slots=True)
class Model:
    """A grown ensemble with all that is needed to predict and to save it.

    ``native`` is the library's own booster of the standardised problem, without the
    intercept; ``Engine.export`` returns one that predicts alone.
    """

    engine: str
    native: Any
    objective: Objective
    standard: Standard
    columns: tuple[Column, ...]
    learning_rate: float
    n_rounds: int
    complete: tuple[bool, ...]
    """For each column, whether the training rows had no missing value in it."""
    pure: bool = True
    """Whether no tree holds a part of the intercept."""


@dataclass(frozen=True, slots=True)
class Training:
    """A grown model and its curves; entry k of a curve is after k rounds."""

    model: Model
    valid_loss: Array
    train_loss: Array
    exhausted: bool


class Bins(Protocol):
    """Binned rows of one problem, reused by every fit on it."""

    problem: Problem


class Engine(ABC):
    """A boosting library behind one vocabulary.

    Subclasses are final and keep no state: two calls with equal arguments grow equal
    models.
    """

    name: ClassVar[str]

    @abstractmethod
    def version(self) -> str:
        """Return the library's version."""

    @abstractmethod
    def check(self, penalty: Penalty, problem: Problem) -> None:
        """Raise UnsupportedPenaltyError where the library cannot mean ``penalty``."""

    @abstractmethod
    def params(self, penalty: Penalty, problem: Problem) -> dict[str, Any]:
        """Return the library's own parameters, for data in the user's units.

        Every field is sent, at zero too: the libraries' defaults differ.
        """

    @abstractmethod
    def bin(self, problem: Problem, threads: int = 1) -> Any:
        """Bin the rows of ``problem`` once, for every later fit on it."""

    @abstractmethod
    def fit(self, bins: Any, penalty: Penalty, growth: Growth) -> Training:
        """Grow trees on binned rows.

        Raises
        ------
        UnsupportedPenaltyError
            As ``check``.
        """

    @abstractmethod
    def fit_default(self, problem: Problem, seed: int, threads: int) -> Model:
        """Fit the library's own wrapper untouched, but for seed and threads."""

    @abstractmethod
    def predict(
        self, model: Model, X: NDArray[np.float64], n_rounds: int | None = None
    ) -> Array:
        """Return raw scores (n_samples, n_outputs) of the first ``n_rounds`` rounds."""

    @abstractmethod
    def trees(self, model: Model) -> TreeEnsemble:
        """Return the trees as arrays, leaves in units of the raw score."""

    @abstractmethod
    def truncate(self, model: Model, n_rounds: int) -> Model:
        """Return the model of the first ``n_rounds`` rounds."""

    @abstractmethod
    def export(self, model: Model) -> Any:
        """Return the library's own booster that predicts alone, intercept included."""

    @abstractmethod
    def save(self, model: Model, path: Path) -> Path:
        """Write ``export``'s booster in the library's own format; return the path."""


class Stopper:
    """Says when a fit has not improved for ``patience`` rounds."""

    def __init__(self, start: float, patience: int | None) -> None:
        self._best, self._since, self._patience = start, 0, patience

    def stops(self, loss: float) -> bool:
        """Take the loss of one more round; return whether to stop after it."""
        if self._patience is None:
            return False
        improved = loss < self._best
        self._best = min(loss, self._best)
        self._since = 0 if improved else self._since + 1
        return self._since >= self._patience


def column_is_complete(table: Table) -> tuple[bool, ...]:
    """Return for each column whether no row misses it."""
    missing = np.atleast_1d(np.isnan(table.X).any(axis=0))
    return tuple(not bool(some) for some in missing)
