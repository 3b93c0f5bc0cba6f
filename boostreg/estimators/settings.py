"""The arguments of an estimator, checked when it is fitted."""

import numbers
import os
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.utils import check_random_state

from boostreg.engines import Engine, Problem, get_engine
from boostreg.errors import StudyError
from boostreg.penalty import PENALTIES, Penalty

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What an estimator was asked for.

    Attributes
    ----------
    engine : Engine
    penalty : Penalty
        In the estimator's scale.
    settles : bool
        ``reg_lambda`` was not given: it is 0 where the engine refuses our default.
    n_rounds : int
        Most boosting rounds.
    share : float or None
        Share of the rows that judges the rounds.
    patience : int or None
        Rounds without improvement on the judging rows after which growing stops.
    seed : int
        Drawn from ``random_state``.
    threads : int
        Threads of the library.
    """

    engine: Engine
    penalty: Penalty
    settles: bool
    n_rounds: int
    share: float | None
    patience: int | None
    seed: int
    threads: int

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Read the arguments of ``estimator``.

        Raises
        ------
        PenaltyError
            If a penalty is outside its domain.
        StudyError
            If another argument is.
        """
        given = {name: getattr(estimator, name) for name in PENALTIES}
        written = estimator.reg_lambda is not None
        penalties = {n: v for n, v in given.items() if n != "reg_lambda" or written}
        patience = estimator.patience
        random = check_random_state(estimator.random_state)
        return cls(
            engine=get_engine(estimator.engine),
            penalty=Penalty(**penalties, scale=estimator.scale),
            settles=not written,
            n_rounds=_whole("n_estimators", estimator.n_estimators),
            share=_share(estimator.early_stopping),
            patience=None if patience is None else _whole("patience", patience),
            seed=int(random.randint(2**31 - 1)),
            threads=_threads(estimator.n_jobs),
        )

    def on(self, problem: Problem) -> Self:
        """Return the settings with the defaults that the engine takes on a problem."""
        if not self.settles:
            return self
        changed: dict[str, Any] = self.engine.settled_defaults(problem)
        return replace(self, penalty=replace(self.penalty, **changed))


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise StudyError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def _share(value: Any) -> float | None:
    if value is None:
        return None
    number = isinstance(value, (float, np.floating))
    if not (number and 0 < value < 1):
        raise StudyError(
            f"early_stopping must be None or the share of rows that judges, above 0 "
            f"and below 1, got {value!r}."
        )
    return float(value)


def _threads(n_jobs: Any) -> int:
    if n_jobs is None:
        return 1
    whole = isinstance(n_jobs, numbers.Integral) and not isinstance(n_jobs, bool)
    if not whole or n_jobs == 0:
        raise StudyError(
            f"n_jobs must be None or a whole number other than 0, got {n_jobs!r}."
        )
    asked, cores = int(n_jobs), os.cpu_count() or 1
    return asked if asked > 0 else max(1, cores + 1 + asked)
