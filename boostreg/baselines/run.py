"""A baseline on one outer split: strength by inner folds, then a refit and its losses.

Inputs (means, deviations, categories) are learned from the training rows of every
fold. The grid of strengths comes from the outer training rows and is the same in all
inner folds. Indices outside the training rows reach nothing that chooses.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boostreg.arrays import Array, Indices
from boostreg.baselines.inputs import Models, Split
from boostreg.baselines.keras_network import keras_grid, keras_path
from boostreg.baselines.linear import (
    Design,
    Path,
    least_squares_path,
    quantile_path,
    strength_grid,
)
from boostreg.baselines.names import (
    BASELINES,
    KERAS,
    L1_RATIOS,
    SVMS,
    available_baselines,
    why_lacking,
)
from boostreg.baselines.network import mlp_path, network_grid
from boostreg.baselines.newton import newton_path
from boostreg.baselines.result import BaselineResult
from boostreg.baselines.svm import (
    calibrated_losses,
    calibrated_path,
    svm_grid,
    svm_path,
)
from boostreg.data import Fold, Table
from boostreg.errors import DataError, StudyError, UnsupportedPenaltyError
from boostreg.losses import Objective
from boostreg.statistics import standard_error, within_one_se

__all__ = ["run_baseline"]


def run_baseline(  # noqa: PLR0913, PLR0917 - a split is two sets of rows, data three
    name: str,
    table: Table,
    train_rows: Indices,
    test_rows: Indices,
    inner: Sequence[Fold],
    objective: Objective,
    *,
    seed: int = 0,
) -> BaselineResult:
    """Choose a baseline's strength on inner folds, refit it, and measure it.

    For classes, linear models are logistic regressions and ``mean`` the class shares.

    Parameters
    ----------
    name : str
        One of ``available_baselines(objective)``.
    table : Table
        All rows.
    train_rows, test_rows : ndarray of int
        The outer split; without test rows the test loss is NaN.
    inner : sequence of Fold
        Inner folds of ``train_rows``; the mean needs none.
    objective : Objective
    seed : int
        For the initial weights and batches of a network; no other baseline is random.

    Raises
    ------
    StudyError
        If the name is unknown.
    UnsupportedPenaltyError
        If the baseline does not support the objective.
    MissingExtraError
        If it needs Keras, which is not installed.
    DataError
        If there is no inner fold, or all rows of a split have weight 0.
    """
    started = time.perf_counter()
    _check(name, objective, inner)
    penalised = name != "mean"
    whole, *folds = (
        Split.of(table, *rows, objective, transformed=penalised)
        for rows in ((train_rows, test_rows), *((f.train, f.test) for f in inner))
    )
    design = whole.design
    chosen = _choose(_Family(name, design, seed), folds, objective)
    best, path = chosen.best, chosen.path
    train = objective.row_losses(design.y, path.raw(design.X, best))
    test = whole.judge(path, best)
    n_parameters = path.n_parameters
    if not penalised:  # the design has no inputs
        n_parameters = len(whole.inputs) * len(design.intercept)
    return BaselineResult(
        name=name,
        strength=float(path.strengths[best]) if penalised else None,
        l1_ratio=chosen.l1_ratio,
        one_se_strength=chosen.one_se_strength,
        inner_loss=float(np.mean(chosen.losses[best])) if folds else float("nan"),
        inner_loss_se=float(standard_error(chosen.losses[best])),
        train_loss=float(design.weights @ train),
        test_loss=float(np.average(test, weights=whole.test_weights))
        if len(test)
        else float("nan"),
        test_rows_losses=test,
        test_raw=path.raw(whole.judged, best),
        encoding=whole.inputs,
        outputs=table.classes if objective.name == "softmax" else (),
        intercept=path.intercepts[best],
        strengths=path.strengths if penalised else np.zeros(0),
        inner_losses=chosen.losses,
        coefficients=path.coefficients if penalised else np.zeros((0, 0, 0)),
        nonzero=path.nonzero.astype(np.float64) if penalised else np.zeros(0),
        live_units=path.live_units.astype(np.float64),
        n_parameters=n_parameters,
        notes=chosen.notes,
        seconds=time.perf_counter() - started,
    )


def _check(name: str, objective: Objective, inner: Sequence[Fold]) -> None:
    if name not in BASELINES:
        raise StudyError(f"baselines: unknown {name!r}, expected one of {BASELINES}.")
    if (reason := why_lacking(name, objective)) is not None:
        raise UnsupportedPenaltyError(
            f"objective {objective.name!r} has no baseline {name!r}: {reason}; "
            f"available are {available_baselines(objective)}."
        )
    if name != "mean" and len(inner) == 0:
        raise DataError(
            f"baseline {name!r} needs at least one inner fold to choose its strength "
            f"on, got 0."
        )
    if _has_margins(name, objective) and len(inner) == 1:
        raise DataError(
            f"baseline {name!r} needs at least two inner folds, because each is "
            "calibrated on the others; got 1."
        )


def _has_margins(name: str, objective: Objective) -> bool:
    return name in SVMS and objective.name != "squared_error"


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """A path on all training rows, and the inner losses that select a strength."""

    l1_ratio: float | None
    path: Models
    losses: Array
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> int:
        """Index of the strength with the lowest mean loss, the largest one if tied."""
        return int(np.argmin(np.mean(self.losses, axis=1))) if self.losses.size else 0

    @property
    def one_se_strength(self) -> float | None:
        """Largest strength within one standard error of the best."""
        if self.l1_ratio is None:
            return None
        admitted = within_one_se(self.losses, self.best)
        return float(self.path.strengths[np.argmax(admitted)])


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """A baseline on one outer split: its grid, and its models on any of its folds."""

    name: str
    whole: Design
    seed: int

    def grid(self, l1_ratio: float) -> Array:
        """Return falling strengths, from the outer training rows."""
        if self.name in KERAS:
            return keras_grid(self.name)
        if self.name == "mlp":
            return network_grid()
        if self.name in SVMS:
            return svm_grid(self.whole, l1_ratio)
        return strength_grid(self.whole, l1_ratio)

    def fit(self, design: Design, strengths: Array, l1_ratio: float) -> Models:
        """Return the models along ``strengths`` for some training rows."""
        n_rows = len(self.whole.y)
        if self.name in KERAS:
            return keras_path(self.name, design, strengths, self.seed, n_rows)
        if self.name == "mlp":
            return mlp_path(design, strengths, self.seed, n_rows)
        if self.name in SVMS:
            return svm_path(design, strengths, l1_ratio)
        return _fit_path(design, strengths, l1_ratio)


def _choose(family: _Family, folds: Sequence[Split], objective: Objective) -> _Choice:
    name, design = family.name, family.whole
    if name == "mean":
        fitted = [_mean_path(fold.design) for fold in folds]
        means = [f.inner_losses(p) for f, p in zip(folds, fitted, strict=True)]
        return _Choice(None, _mean_path(design), np.reshape(means, (1, len(folds))))
    calibrates = _has_margins(name, objective)
    tried = []
    for l1_ratio in L1_RATIOS[name]:
        strengths = family.grid(l1_ratio)
        paths = [family.fit(fold.design, strengths, l1_ratio) for fold in folds]
        machines = [path for path in paths if isinstance(path, Path)]
        if calibrates:
            losses = calibrated_losses(folds, machines, objective)
        else:
            pairs = zip(folds, paths, strict=True)
            losses = np.column_stack([fold.inner_losses(path) for fold, path in pairs])
        stopped = sum(int(np.sum(~path.converged)) for path in paths)
        best = float(np.min(losses.mean(axis=1)))
        tried.append((best, l1_ratio, losses, stopped, machines))
    # min keeps the first of equals.
    _, l1_ratio, losses, stopped, machines = min(tried, key=lambda one: one[0])
    path = family.fit(design, family.grid(l1_ratio), l1_ratio)
    stopped += int(np.sum(~path.converged))
    if calibrates and isinstance(path, Path):
        path = calibrated_path(path, folds, machines, objective)
    fits = len(path.strengths) * (len(folds) + 1)
    note = (
        f"{name}: the solver stopped before its tolerance in {stopped} of {fits} fits."
    )
    return _Choice(l1_ratio, path, losses, (note,) if stopped else ())


def _mean_path(design: Design) -> Path:
    zeros = np.zeros((1, design.X.shape[1], len(design.intercept)))
    return Path(np.zeros(1), design.intercept[None], zeros, np.ones(1, np.bool_))


def _fit_path(design: Design, strengths: Array, l1_ratio: float) -> Path:
    match design.objective.name:
        case "squared_error":
            return least_squares_path(design, strengths, l1_ratio)
        case "absolute_error" | "quantile":
            return quantile_path(design, strengths)
        case _:
            return newton_path(design, strengths, l1_ratio)
