"""The arguments of ``tune`` as a validated data set with inner folds."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data import (
    Fold,
    Splits,
    Table,
    Task,
    as_matrix,
    as_table,
    as_values,
    check_fold,
    is_frame,
    make_folds,
    prepare_table,
)
from boostreg.errors import DataError
from boostreg.fits.dataset import Dataset
from boostreg.losses import Objective

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CELLS_PER_SECOND", "FOLDS", "affordable_folds", "read_dataset"]

FOLDS = 5
"""Default number of folds."""
_FEWEST_FOLDS = 2
"""Fewer would leave the losses without a standard error."""
_TRIALS = 30
"""Trials for which a search gives up folds."""
CELLS_PER_SECOND = 250_000
"""Cells of the table per second of one core and fit: measured between 40,000 (hundreds
of rows, many classes) and 1,300,000 (20,000 rows) for trees of 5 to 31 leaves."""


def read_dataset(  # noqa: PLR0913  the arguments of `tune`
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    seed: int,
    task: Task | None = None,
    objective: str | dict[str, float] | None = None,
    sample_weight: Any = None,
    groups: Any = None,
    offset: Any = None,
    core_seconds: float = math.inf,
) -> Dataset:
    """Return the rows with their folds: only ``inner[None]``, no outer folds.

    Parameters
    ----------
    X, y, cv, task, objective, sample_weight, groups, offset
        See ``tune``.
    seed : int
        Seed of the folds if ``cv`` is None or a number.
    core_seconds : float
        Seconds of the search times cores. If ``cv`` is None, they determine the number
        of folds, see ``affordable_folds``.

    Raises
    ------
    DataError
        If a value is invalid, or the folds do not match the rows.
    StudyError
        If the objective does not suit the task.
    """
    frame = _frame(X)
    names: dict[str, Any] = {}
    given = {"target": y, "weights": sample_weight, "groups": groups, "offset": offset}
    for role, values in given.items():
        if values is None:
            continue
        name = role
        while name in frame.columns:
            name += "_"
        frame[name] = _column(values, role, len(frame))
        names[role] = name
    table = prepare_table(frame, task=task, **names)
    chosen = Objective.for_task(table.task, len(table.classes), objective)
    chosen.check_target(table.y)
    table = chosen.without_offset(table)
    if cv is None:
        n_cells = table.X.size
        n_outputs = chosen.n_classes if chosen.n_classes > 2 else 1
        n_folds = affordable_folds(n_cells * n_outputs, core_seconds)
        folds = _folds(table, FOLDS, seed)[:n_folds]
    else:
        folds = _folds(table, cv, seed)
    splits = Splits(table.n_samples, (), {None: folds})
    return Dataset(table, splits, chosen)


def affordable_folds(n_cells: int, core_seconds: float) -> int:
    """Return how many of five folds to measure, so that about 30 trials fit the time.

    ``n_cells`` is the number of rows times columns, times classes if there are more
    than two. Each fold still trains on four fifths of the rows.

    >>> [affordable_folds(n, 40.0) for n in (10_000, 100_000, 1_000_000)]
    [5, 3, 2]
    """
    n_fits = core_seconds * CELLS_PER_SECOND / n_cells
    return int(min(max(n_fits / _TRIALS, _FEWEST_FOLDS), FOLDS))


def _frame(X: Any) -> "pd.DataFrame":
    import pandas as pd

    frame = as_table(X)
    if is_frame(frame):
        named: pd.DataFrame = frame.set_axis(list(map(str, frame)), axis="columns")
        return named.reset_index(drop=True)
    matrix = as_matrix(frame)
    if matrix.ndim != 2:
        raise DataError(
            f"X must have rows and columns (two dimensions), got {matrix.ndim}."
        )
    return pd.DataFrame(matrix, columns=[f"x{k}" for k in range(matrix.shape[1])])


def _column(values: Any, role: str, n_samples: int) -> "pd.Series[Any]":
    import pandas as pd

    values = as_values(values, role)
    if not isinstance(values, pd.Series):
        values = np.asarray(values)
        if role == "target" and values.ndim == 2 and values.shape[1] > 1:
            raise DataError(
                f"y has {values.shape[1]} columns; models predict one target: call "
                "tune once for each column."
            )
        if values.ndim != 1:
            raise DataError(
                f"{role} must have one dimension with one value per row, got "
                f"{values.ndim}."
            )
    series = pd.Series(values)
    if len(series) != n_samples:
        raise DataError(
            f"{role} must have one value per row of X, {n_samples}, got {len(series)}."
        )
    return series.reset_index(drop=True)


def _folds(table: Table, cv: Any, seed: int) -> tuple[Fold, ...]:
    every = np.arange(table.n_samples)
    if isinstance(cv, int) and not isinstance(cv, bool):
        return make_folds(table, every, folds=cv, seed=seed)
    if hasattr(cv, "split"):
        cv = cv.split(table.X, table.y, table.groups)
    if not isinstance(cv, Iterable) or isinstance(cv, str):
        raise DataError(
            "cv must be a number of folds, a splitter, or pairs of row positions, got "
            f"{cv!r}."
        )
    folds = tuple(
        _checked(Fold(_positions(train, table), _positions(test, table)), table)
        for train, test in cv
    )
    if not folds:
        raise DataError("cv must give at least one pair of row positions, got none.")
    return folds


def _checked(fold: Fold, table: Table) -> Fold:
    """Return a fold of the caller, checked like our own folds."""
    both = np.intersect1d(fold.train, fold.test)
    if len(both):
        raise DataError(
            f"cv puts row {both[0]} (the first row is 0) in both the train and the "
            f"test part of a fold; they must be disjoint."
        )
    if table.groups is not None:
        both = np.intersect1d(table.groups[fold.train], table.groups[fold.test])
        if len(both):
            raise DataError(
                f"cv splits groups between train and test ({len(both)} in one fold); "
                "use a splitter that keeps groups together, such as GroupKFold, or "
                "a number of folds."
            )
    return check_fold(table, fold)


def _positions(rows: Any, table: Table) -> NDArray[np.int64]:
    index = np.asarray(rows)
    whole = index.ndim == 1 and index.dtype.kind in "iu" and len(index) > 0
    if not whole or index.min() < 0 or index.max() >= table.n_samples:
        raise DataError(
            f"cv must hold row positions from 0 to {table.n_samples - 1}, some in each "
            "part."
        )
    return index.astype(np.int64)
