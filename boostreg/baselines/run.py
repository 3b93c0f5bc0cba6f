"""A baseline on one outer split: strength by inner folds, then a refit and its losses.

Inputs (means, deviations, categories) are learned anew from the training rows of every
fold. The grid of strengths comes from the outer training rows and is the same in all
inner folds. Rows outside the training rows reach nothing that chooses.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostreg.baselines.design import Design, Path, strength_grid
from boostreg.baselines.inputs import Input, fit_inputs, transform
from boostreg.baselines.least_squares import elastic_net_path, ridge_path
from boostreg.baselines.newton import newton_path
from boostreg.baselines.quantiles import quantile_path
from boostreg.baselines.result import BaselineResult
from boostreg.data import Fold, Table
from boostreg.errors import DataError, StudyError, UnsupportedPenaltyError
from boostreg.losses import Objective
from boostreg.statistics import standard_error, within_one_se

__all__ = ["BASELINES", "available_baselines", "run_baseline"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_L1_RATIOS: dict[str, tuple[float, ...]] = {
    "mean": (),
    "ridge": (0.0,),
    "lasso": (1.0,),
    "elastic_net": (0.1, 0.5, 0.9),
}
BASELINES = tuple(_L1_RATIOS)
"""Names of all baselines, in the order they are printed."""


def available_baselines(objective: Objective) -> tuple[str, ...]:
    """Return the baselines that an objective has.

    Absolute error and quantiles are linear programs with L1 and nothing else.
    """
    if objective.name in {"absolute_error", "quantile"}:
        return ("mean", "lasso")
    return BASELINES


def run_baseline(  # noqa: PLR0913, PLR0917 - a split is two sets of rows, data three
    name: str,
    table: Table,
    train_rows: Rows,
    test_rows: Rows,
    inner: Sequence[Fold],
    objective: Objective,
    *,
    seed: int = 0,
) -> BaselineResult:
    """Choose a baseline's strength on inner folds, refit it, and measure it.

    Parameters
    ----------
    name : str
        One of ``available_baselines(objective)``. For classes the same names mean
        logistic regression with that penalty, and ``mean`` the class shares.
    table : Table
        All rows.
    train_rows, test_rows : ndarray of int
        Rows of the outer split; without test rows the test loss is NaN.
    inner : sequence of Fold
        Rows of the inner folds, all among ``train_rows``. The mean needs none.
    objective : Objective
        Gives the loss and the form of the model.
    seed : int
        Reserved for baselines that draw; none here does, so equal arguments give equal
        bits whatever the seed.

    Returns
    -------
    BaselineResult
        Equal bits for equal arguments, ``seconds`` aside.

    Raises
    ------
    StudyError
        If the name is unknown.
    UnsupportedPenaltyError
        If the objective has no such baseline.
    DataError
        If there is no inner fold to choose on, or all rows of a split weigh nothing.
    """
    del seed
    started = time.perf_counter()
    _check(name, objective, inner)
    whole = _Split.of(table, train_rows, test_rows, objective)
    folds = [_Split.of(table, f.train, f.test, objective) for f in inner]
    chosen = _choose(name, whole.design, folds)
    best, design = chosen.best, whole.design
    train = objective.row_losses(design.y, chosen.path.raw(design.X, best))
    test = whole.judge(chosen.path, best)
    return BaselineResult(
        name=name,
        strength=None if name == "mean" else float(chosen.path.strengths[best]),
        l1_ratio=chosen.l1_ratio,
        one_se_strength=chosen.one_se_strength,
        inner_loss=float(np.mean(chosen.losses[best])) if folds else float("nan"),
        inner_loss_se=float(standard_error(chosen.losses[best])),
        train_loss=float(design.weights @ train),
        test_loss=_mean(test, whole.test_weights),
        test_rows_losses=test,
        inputs=tuple(i.name for i in whole.inputs),
        outputs=table.classes if objective.name == "softmax" else (),
        intercept=chosen.path.intercepts[best],
        strengths=chosen.path.strengths if name != "mean" else np.zeros(0),
        inner_losses=chosen.losses,
        coefficients=chosen.path.coefficients
        if name != "mean"
        else np.zeros((0, 0, 0)),
        notes=chosen.notes,
        seconds=time.perf_counter() - started,
    )


def _check(name: str, objective: Objective, inner: Sequence[Fold]) -> None:
    if name not in BASELINES:
        raise StudyError(f"baselines: unknown {name!r}, expected one of {BASELINES}.")
    available = available_baselines(objective)
    if name not in available:
        raise UnsupportedPenaltyError(
            f"objective {objective.name!r} has no baseline {name!r}: its solver takes "
            f"an L1 penalty alone; available are {available}."
        )
    if name != "mean" and len(inner) == 0:
        raise DataError(
            f"baseline {name!r} needs at least one inner fold to choose its strength "
            f"on, got 0."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """Training rows as a design, and the rows that judge, seen through its inputs."""

    inputs: tuple[Input, ...]
    design: Design
    judged: Array
    test_y: Array
    test_weights: Array

    @classmethod
    def of(
        cls, table: Table, train: Rows, test: Rows, objective: Objective
    ) -> "_Split":
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
        return cls(inputs, design, judged, table.y[test], given[test])

    def inner_losses(self, path: Path) -> Array:
        """Return the mean loss of the judging rows at each strength."""
        rows = [self.judge(path, at) for at in range(len(path.strengths))]
        means = np.average(rows, axis=1, weights=self.test_weights)
        return np.where(np.isnan(means), np.inf, means)

    def judge(self, path: Path, at: int) -> Array:
        """Return the loss of each judging row; inf where the score is out of reach."""
        with np.errstate(over="ignore", invalid="ignore"):
            raw = path.raw(self.judged, at)
            return self.design.objective.row_losses(self.test_y, raw)


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """A path on all training rows, and its inner losses, which choose a strength."""

    l1_ratio: float | None
    path: Path
    losses: Array
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> int:
        """Number of the strength with the least mean loss, of equals the largest."""
        return int(np.argmin(np.mean(self.losses, axis=1))) if self.losses.size else 0

    @property
    def one_se_strength(self) -> float | None:
        """Largest strength within one standard error of the best."""
        if self.l1_ratio is None:
            return None
        admitted = within_one_se(self.losses, self.best)
        return float(self.path.strengths[np.argmax(admitted)])


def _choose(name: str, design: Design, folds: Sequence[_Split]) -> _Choice:
    if name == "mean":
        return _mean_alone(design, folds)
    tried = []
    for l1_ratio in _L1_RATIOS[name]:
        strengths = strength_grid(design, l1_ratio)
        paths = [_fit_path(fold.design, strengths, l1_ratio) for fold in folds]
        pairs = zip(folds, paths, strict=True)
        losses = np.column_stack([fold.inner_losses(path) for fold, path in pairs])
        stopped = sum(int(np.sum(~path.converged)) for path in paths)
        tried.append((float(np.min(losses.mean(axis=1))), l1_ratio, losses, stopped))
    # min keeps the first of equals.
    _, l1_ratio, losses, stopped = min(tried, key=lambda one: one[0])
    path = _fit_path(design, strength_grid(design, l1_ratio), l1_ratio)
    stopped += int(np.sum(~path.converged))
    fits = len(path.strengths) * (len(folds) + 1)
    return _Choice(l1_ratio, path, losses, _notes(name, stopped, fits))


def _notes(name: str, stopped: int, fits: int) -> tuple[str, ...]:
    if stopped == 0:
        return ()
    return (
        f"{name}: the solver stopped before its tolerance in {stopped} of {fits} fits.",
    )


def _mean_alone(design: Design, folds: Sequence[_Split]) -> _Choice:
    def constant(one: Design) -> Path:
        zeros = np.zeros((1, one.X.shape[1], len(one.intercept)))
        return Path(np.zeros(1), one.intercept[None], zeros, np.ones(1, np.bool_))

    losses = [fold.inner_losses(constant(fold.design)) for fold in folds]
    return _Choice(None, constant(design), np.reshape(losses, (1, len(folds))))


def _fit_path(design: Design, strengths: Array, l1_ratio: float) -> Path:
    match design.objective.name:
        case "squared_error" if l1_ratio == 0:
            return ridge_path(design, strengths)
        case "squared_error":
            return elastic_net_path(design, strengths, l1_ratio)
        case "absolute_error" | "quantile":
            return quantile_path(design, strengths)
        case _:
            return newton_path(design, strengths, l1_ratio)


def _mean(losses: Array, weights: Array) -> float:
    return float(np.average(losses, weights=weights)) if len(losses) else float("nan")
