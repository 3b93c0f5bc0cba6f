"""The interface of an engine: a boosting library behind one vocabulary."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data import Column, FeatureRows
from boostreg.engine_facts import ENGINE_FACTS, EngineFacts
from boostreg.engines.columns import Codes, as_trained
from boostreg.engines.curves import Curves, Growth
from boostreg.engines.problem import Problem, Standard
from boostreg.errors import (
    FitError,
    ModelError,
    StudyError,
    UnsupportedPenaltyError,
)
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.penalty.value import PENALTY_FACTS
from boostreg.trees import FeatureMap, TreeEnsemble

__all__ = [
    "DEFAULT_ROUNDS",
    "MAX_ONE_HOT",
    "Bins",
    "Engine",
    "Growth",
    "Model",
    "Training",
    "library_failure",
]

DEFAULT_ROUNDS = 100
"""Rounds of the scikit-learn wrappers of both libraries."""
MAX_ONE_HOT = 4
"""With fewer categories, a split separates one from the others (one-hot)."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained ensemble with everything needed to predict with it and save it.

    ``native`` is the library's booster for the standardised problem, without the
    intercept; ``Engine.export`` returns one that predicts without boostreg.
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
    """Whether the intercept is in no tree and no base score."""
    codes: Codes = ()
    """For each category column, the codes that the training rows held."""
    features: FeatureMap | None = None
    """Map from columns to the input of ``native``; None if it reads them unchanged."""


@dataclass(frozen=True, slots=True)
class Training:
    """A trained model and its curves; entry k of a curve is after k rounds.

    ``was_cut``: a deadline ended it, so it has fewer rounds than requested.
    """

    model: Model
    valid_loss: Array
    train_loss: Array
    exhausted: bool
    was_cut: bool = False


@dataclass(frozen=True, slots=True)
class Bins:
    """Binned rows of one problem, reused by every fit on it; see ``Model``."""

    problem: Problem
    """May have lost its feature values (``Problem.without_features``)."""
    train: Any
    """The library's data set, labels on the standard scale; None without one."""
    valid: Any
    complete: tuple[bool, ...]
    codes: Codes
    features: FeatureMap | None = None


_installed = cache(version)

_CHECK = re.compile(r"Check failed: (.*?)(?: at \S+, line \d+|\n|$)")
"""A failed assertion in the C++ code of a library; a path may follow."""

_EMPTY_SIDE = re.compile(r"\(best_split_info\.(left|right)_count\) > \(0\)")


def library_failure(kind: str, message: str) -> FitError:
    """Return the error of a library as a ``FitError``, without the C++ location.

    >>> library_failure("LightGBMError", "Check failed: (a) > (0) at /b.cpp, line 7 .")
    FitError('LightGBM stopped the fit: its check (a) > (0) failed.')
    >>> library_failure("XGBoostError", "[08:00:00] /x/data.cc:7: Bad.")
    FitError('XGBoost stopped the fit: Bad.')
    """
    library = kind.removesuffix("Error")
    if check := _CHECK.search(message):
        failed = f"{library} stopped the fit: its check {check[1].strip()} failed."
        if _EMPTY_SIDE.fullmatch(check[1].strip()):
            failed += (
                " A split left one side without rows, which rounding can cause if "
                "there are few rows, or if one is much heavier than the others."
            )
        return FitError(failed)
    first = re.sub(r"^\[[\d:]+\] \S+:\d+: ", "", message.strip()).split("\n")[0]
    return FitError(f"{library} stopped the fit: {first.strip()}")


class Engine(ABC):
    """A boosting library behind one vocabulary.

    Subclasses are final and stateless: calls with equal arguments train equal
    models.
    """

    name: ClassVar[str]
    lacks: ClassVar[tuple[str, ...]] = ()
    """Penalties that this engine does not have but most others do; see ``lacking``."""
    reserves_leaves: ClassVar[bool] = False
    """Whether it reserves memory for as many leaves as a tree may have."""
    only_cpu: ClassVar[str] = ""
    """Why fits run on the CPU alone; empty if they can run on a CUDA device."""

    @property
    def facts(self) -> EngineFacts:
        """Facts about the library, such as its label and its file suffix."""
        return ENGINE_FACTS[self.name]

    @property
    def lacking(self) -> tuple[str, ...]:
        """Penalties without any counterpart, whatever the problem is."""
        return tuple(
            name
            for name, facts in PENALTY_FACTS.items()
            if name in self.lacks or (facts.only and self.name not in facts.only)
        )

    def version(self) -> str:
        """Return the library's version."""
        return _installed(self.facts.package)

    @abstractmethod
    def check(self, penalty: Penalty, problem: Problem) -> None:
        """Raise UnsupportedPenaltyError if the library cannot express ``penalty``.

        Raise StudyError if it lacks the objective.
        """

    def check_machines(self, objective: Objective) -> None:
        """Raise StudyError if several machines cannot share a fit."""
        del objective
        raise StudyError(
            f"A fit of {self.facts.label} stays on one machine; remove {self.name} "
            "from engines, or set machines: 1."
        )

    def check_device(self, device: str) -> None:
        """Raise StudyError if fits cannot run on ``device``, ``cpu`` or ``cuda``."""
        if device != "cpu" and self.only_cpu:
            raise StudyError(
                f"{self.facts.label} cannot run on a CUDA device: {self.only_cpu}; "
                "remove it from engines."
            )

    def device_fault(self) -> str | None:
        """Return why a fit cannot run on a CUDA device here, None if it can.

        It uses the device, so only a worker calls it.
        """
        return self.only_cpu

    def refusal(self, name: str, value: Any, problem: Problem) -> str | None:
        """Return why one penalty alone is refused, or None if it is supported."""
        alone: dict[str, Any] = {"reg_lambda": 0.0} | {name: value}
        try:
            self.check(Penalty(**alone), problem)
        except UnsupportedPenaltyError as error:
            return str(error)
        return None

    def can_act(self, name: str, problem: Problem) -> bool:
        """Return whether a penalty can change a model of these columns."""
        levels = (len(one.categories or ()) for one in problem.train.columns)
        return name != "cat_l2" or max(levels, default=0) >= MAX_ONE_HOT

    def settled_defaults(self, problem: Problem) -> dict[str, float]:
        """Return ``reg_lambda`` 0 if our default for it is refused."""
        default = Penalty().reg_lambda
        refused = self.refusal("reg_lambda", default, problem) is not None
        return {"reg_lambda": 0.0} if refused else {}

    @abstractmethod
    def params(self, penalty: Penalty, problem: Problem) -> dict[str, Any]:
        """Return the library's own parameters, for data in the user's units.

        Every field is passed, also at zero, because the libraries' defaults differ.
        """

    def wrapper_params(self, penalty: Penalty, problem: Problem) -> dict[str, Any]:
        """Return ``params``, and what the scikit-learn wrapper needs for the columns.

        Raise as ``check``.
        """
        self.check(penalty, problem)
        has_categories = bool(problem.train.categorical)
        needed = self.facts.wrapper.with_categories if has_categories else {}
        return self.params(penalty, problem) | dict(needed)

    def bin(self, problem: Problem, threads: int = 1) -> Bins:
        """Bin the rows of ``problem`` once, for every later fit on it.

        Raise DataError if the library cannot represent a value, and FitError if the
        library itself rejects the rows.
        """
        with self._library_errors_as_ours():
            return self._bin(problem, threads)

    @abstractmethod
    def _bin(self, problem: Problem, threads: int) -> Bins:
        """Bin the rows; errors of the library are raised unchanged."""

    def fit(self, bins: Bins, penalty: Penalty, growth: Growth) -> Training:
        """Grow trees on binned rows.

        If all rows with weight have the same target, the model is the intercept. Raise
        as ``check`` and ``check_device``, and FitError if predictions become infinite
        or NaN, or leave the range of the target in a library without a limit on steps.
        """
        self.check(penalty, bins.problem)
        self.check_device(growth.device)
        with self._library_errors_as_ours():
            if not bins.problem.constant:
                return self._fit(bins, penalty, growth)
            training = self._fit(bins, penalty, replace(growth, n_rounds=0))
        return replace(training, exhausted=True)

    @contextmanager
    def _library_errors_as_ours(self) -> Iterator[None]:
        """Convert errors of the library to ``FitError``, without the C++ location."""
        try:
            yield
        except self._own_errors() as error:
            raise library_failure(type(error).__name__, str(error)) from error

    @abstractmethod
    def _own_errors(self) -> tuple[type[Exception], ...]:
        """Return the exception classes that the library defines."""

    @abstractmethod
    def _fit(self, bins: Bins, penalty: Penalty, growth: Growth) -> Training:
        """Grow trees on binned rows; the penalty is already checked."""

    @abstractmethod
    def fit_default(
        self, problem: Problem, seed: int, threads: int, device: str = "cpu"
    ) -> Model:
        """Fit the library's scikit-learn wrapper with only these arguments set.

        Boosters are grown without the wrapper, from the same parameters and rounds.
        Raise as ``check_device``.
        """

    def predict(
        self, model: Model, X: NDArray[np.float64], n_rounds: int | None = None
    ) -> Array:
        """Return raw scores (n_samples, n_outputs) of the first ``n_rounds`` rounds.

        A category that is not in the training rows counts as missing.
        """
        standard = model.standard
        rounds = model.n_rounds if n_rounds is None else n_rounds
        start = np.tile(standard.intercept, (len(X), 1))
        if rounds == 0 or len(X) == 0:
            return start
        X = as_trained(X, model.codes)
        if model.features is not None:
            X = model.features.apply(X)
        grown = np.asarray(self._grown(model, X, rounds), dtype=np.float64)
        grown = grown.reshape(len(X), -1)
        return start + standard.leaf_scale * grown

    def predict_rows(self, model: Model, rows: FeatureRows) -> Array:
        """Return raw scores (n_samples, n_outputs), a block of rows at a time."""
        return np.concatenate([self.predict(model, X) for X in rows.blocks()])

    @abstractmethod
    def _grown(self, model: Model, X: NDArray[np.float64], n_rounds: int) -> Any:
        """Return the sum of the first rounds, on the standard scale."""

    @abstractmethod
    def trees(self, model: Model) -> TreeEnsemble:
        """Return the trees as arrays, leaves in units of the raw score.

        The raw score is ``intercept`` plus the trees.
        """

    def truncate(self, model: Model, n_rounds: int) -> Model:
        """Return the model of the first ``n_rounds`` rounds."""
        return replace(model, n_rounds=min(n_rounds, model.n_rounds))

    @abstractmethod
    def export(self, model: Model) -> Any:
        """Return the library's own booster, usable alone, with the intercept."""

    @abstractmethod
    def save(self, model: Model, path: Path) -> Path:
        """Write ``export``'s booster in the library's own format; return the path."""

    @abstractmethod
    def open(self, path: Path, threads: int | None = None) -> Any:
        """Return the booster that ``save`` wrote, usable as ``Model.native``.

        It predicts with so many ``threads``, by default the library's own number.
        """

    def ranks(self, model: Model) -> dict[str, tuple[float, ...]]:
        """Return the columns that ``save``'s file reads as ranks, by name.

        The rank of a value is the number of listed values that do not exceed it.
        """
        if model.features is None:
            return {}
        ranked = model.features.ranks
        return {
            model.columns[k].name: tuple(ranked[k].tolist()) for k in sorted(ranked)
        }

    def own_intercept(self, model: Model) -> tuple[float, ...]:
        """Return the intercept that ``save``'s file holds in less than full precision.

        Empty if the file has it in full precision.
        """
        del model
        return ()

    def _refuse_ranks(self, model: Model) -> None:
        """Raise ModelError if the library's own booster reads some column as ranks."""
        if ranked := list(self.ranks(model)):
            raise ModelError(
                f"{self.facts.label} merges different values of column {ranked[0]!r}, "
                "so its own booster cannot be used on the original values. Save the "
                "model and use load_model, which converts the column to ranks."
            )

    def _training(
        self, native: Any, bins: Bins, learning_rate: float, curves: Curves
    ) -> Training:
        """Return the model and curves trained on standardised rows."""
        problem = bins.problem
        model = Model(
            engine=self.name,
            native=native,
            objective=problem.objective,
            standard=problem.standard,
            columns=problem.train.columns,
            learning_rate=learning_rate,
            n_rounds=curves.n_rounds,
            complete=bins.complete,
            codes=bins.codes,
            features=bins.features,
        )
        return Training(
            model, curves.valid, curves.train, curves.exhausted, curves.was_cut
        )

    def _wrapped(
        self, native: Any, problem: Problem, learning_rate: float, n_rounds: int
    ) -> Model:
        """Return the model of the library's wrapper, which reads new rows directly."""
        return Model(
            engine=self.name,
            native=native,
            objective=problem.objective,
            standard=problem.standard.of_library(),
            columns=problem.train.columns,
            learning_rate=learning_rate,
            n_rounds=n_rounds,
            complete=(False,) * problem.train.n_features,
            pure=False,
        )
