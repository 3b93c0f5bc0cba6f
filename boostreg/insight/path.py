"""One penalty's path over a table of the caller's: ``penalty_path``."""

import math
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from boostreg.data import Task
from boostreg.engines import get_engine
from boostreg.errors import PenaltyError
from boostreg.insight.effects import PathRow, penalty_effect
from boostreg.insight.frame import PenaltyPath
from boostreg.insight.paths import path_grid, path_points, path_rows
from boostreg.penalty import PENALTIES, Penalty, Scale
from boostreg.penalty.space import shipped_range
from boostreg.tuning.measuring import Limits, Measuring, Setting
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.tune import check_names, run_here

__all__ = ["penalty_path"]


def penalty_path(  # noqa: PLR0913  the arguments are those of `tune`, by name
    X: Any,
    y: Any,
    name: str,
    *,
    engine: str = "xgboost",
    grid: Sequence[float] | None = None,
    points: int = 15,
    fixed: Mapping[str, float | int | None] | None = None,
    cv: Any = 5,
    seed: int = 0,
    rounds: int = 500,
    patience: int = 30,
    workers: int | None = None,
    task: Task | None = None,
    objective: str | dict[str, float] | None = None,
    sample_weight: Any = None,
    groups: Any = None,
    scale: Scale = "raw",
    journal: str | Path | None = None,
) -> PenaltyPath:
    """Measure losses and sizes along a grid of one penalty, all else fixed.

    Parameters
    ----------
    X, y, engine, cv, seed, rounds, patience, workers, task, objective, \
sample_weight, groups, scale, journal
        As in ``tune``.
    name : str
        The penalty that is varied, ``"reg_lambda"`` for example.
    grid : sequence of float, optional
        Its values; by default the one at which the penalty does nothing (of
        ``max_leaves`` and ``max_depth`` the largest) and others, the stronger the
        later, over the range that space ``default`` has, or ``wide`` where that has
        none. Differences are those to the first.
    points : int
    fixed : mapping, optional
        All other penalties; the rest has our defaults (``reg_lambda`` 0 where the
        engine refuses it).

    Returns
    -------
    PenaltyPath
        A DataFrame that shows its curves in a notebook and has ``figure(measure)``:
        one row a grid point, fold and reading (``stopped``: at the rounds of least
        mean loss, ``equal``: at the same rounds for all points), with the columns of
        a study's ``paths.csv`` but for ``outer_fold``.

    Raises
    ------
    PenaltyError
        If there is no such penalty, no range to make a grid of, or a wrong ``grid``.
    DataError, StudyError, UnsupportedPenaltyError, FitError
        As ``tune``.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> small = {"cv": 2, "rounds": 20, "workers": 1}
    >>> path = penalty_path(X, y, "reg_lambda", grid=[0, 1000], **small)
    >>> leaves = path.groupby("value")["leaves"].mean()
    >>> bool(leaves[0.0] > 0)
    True
    """
    if name not in PENALTIES:
        raise PenaltyError(f"name must be one of {', '.join(PENALTIES)}, got {name!r}.")
    get_engine(engine)
    values = _grid(name, points) if grid is None else _checked(grid)
    others: dict[str, Any] = dict(check_names(fixed or {}))
    Penalty(**others, scale=scale)
    dataset = read_dataset(
        X,
        y,
        cv=cv,
        seed=seed,
        task=task,
        objective=objective,
        sample_weight=sample_weight,
        groups=groups,
    )
    problem = dataset.problem(None, 0)
    base = Penalty(
        **(get_engine(engine).settled_defaults(problem) | others), scale=scale
    )
    made = path_points(engine, base, {name: values})
    settings = [Setting(engine, None, point.penalty) for point in made]
    for setting in settings:
        get_engine(engine).check(setting.penalty, problem)
    limits = Limits(
        n_inner=dataset.splits.n_inner, n_rounds=rounds, patience=patience, seed=seed
    )
    measuring = Measuring(settings, limits, keep=True)
    run_here([measuring], dataset, workers=workers, journal=journal)
    rows = path_rows(made, (None,), measuring)
    return _table(rows, dataset.splits.inner_ratio)


def _checked(grid: Sequence[Any]) -> tuple[float, ...]:
    numeric = all(isinstance(v, numbers.Real) and math.isfinite(v) for v in grid)
    if len(grid) == 0 or not numeric or len(set(grid)) < len(grid):
        raise PenaltyError(
            f"grid must hold at least one finite number, none twice, got {grid!r}."
        )
    return tuple(map(float, grid))


def _grid(name: str, points: int) -> tuple[float, ...]:
    searched = shipped_range(name)
    if searched is None:
        raise PenaltyError(f"{name} has no range to make a grid of; give grid=[...].")
    return path_grid(name, searched, points)


def _table(rows: Sequence[PathRow], ratio: float) -> PenaltyPath:
    table = pd.DataFrame([row.as_dict() for row in rows])
    stopped = [row for row in rows if row.reading == "stopped"]
    effect = penalty_effect(stopped, ratio) if stopped else None
    return PenaltyPath.of(table.drop(columns="outer_fold", errors="ignore"), effect)
