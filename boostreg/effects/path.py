"""``penalty_path``: the path of one penalty from Python, as a data frame."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from boostreg.data import Task
from boostreg.effects.effects import Effect, penalty_effect
from boostreg.effects.paths import path_grid, path_points, path_rows
from boostreg.engines import get_engine
from boostreg.errors import Fault, FigureError, PenaltyError
from boostreg.figures import Curve, Figure, curve_panel, measure_scale
from boostreg.figures.figure import notebook_html
from boostreg.penalty import PENALTIES, Penalty, Scale
from boostreg.penalty.space import shipped_range
from boostreg.penalty.value import as_float
from boostreg.spelling import SEARCH_NAMES, answers_names
from boostreg.tuning.measuring import FitSettings, Measuring
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.trial import Setting
from boostreg.tuning.tune import check_names, run_here

__all__ = ["PenaltyPath", "penalty_path"]

_MEASURES = ("leaves", "loss", "gap")


class PenaltyPath(pd.DataFrame):
    """The DataFrame of ``penalty_path``, which also knows its effect.

    Operations on it (slices, copies, sums) return a plain DataFrame.

    Attributes
    ----------
    effect : Effect or None
        Means over the folds and changes against the first value, each curve read where
        it stops; None if no point could be fitted. Its intervals hold together, those
        of the change of loss by folds.
    """

    _metadata: ClassVar[list[str]] = ["effect"]
    effect: Effect | None

    @classmethod
    def of(cls, table: pd.DataFrame, effect: Effect | None) -> Self:
        """Return the rows as a table with their effect."""
        made = cls(table)
        object.__setattr__(made, "effect", effect)
        return made

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def figure(self, measure: str = "loss") -> Figure:
        """Return a measure along the penalty, with the 95 % interval of the loss.

        Parameters
        ----------
        measure : str
            ``loss``, ``gap`` (validation minus training loss), or ``leaves``.

        Raises
        ------
        FigureError
            If the measure is unknown, or there is no point to draw.
        """
        if measure not in _MEASURES:
            expected = f"one of {', '.join(_MEASURES)}"
            raise FigureError.of(Fault(("measure",), expected, measure, _MEASURES))
        if self.effect is None:
            raise FigureError("The path has no point that could be fitted.")
        points = self.effect.points
        bands: list[tuple[float | None, float | None]] = []
        for point in points if measure == "loss" else ():
            found, zero = point.change, points[0].loss
            ends = (zero * (1 + found.low), zero * (1 + found.high))
            bands.append(ends if found.exists else (None, None))
        curve = Curve(
            self.effect.engine,
            tuple(
                p.size["leaves"] if measure == "leaves" else getattr(p, measure)
                for p in points
            ),
            tuple(low for low, _ in bands),
            tuple(high for _, high in bands),
            safe=self.effect.safe() if measure == "loss" else None,
        )
        values = (*curve.y, *curve.low, *curve.high)
        return curve_panel(
            [point.value for point in points],
            [curve],
            measure=measure,
            penalty=self.effect.penalty,
            y_scale=measure_scale(values, log=measure == "leaves"),
        )

    def _repr_html_(self) -> str:
        table = str(pd.DataFrame(self)._repr_html_())  # type: ignore[operator]
        if self.effect is None:
            return table
        panels = (self.figure(measure) for measure in _MEASURES)
        return notebook_html(*panels) + table


@answers_names(SEARCH_NAMES)
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
    offset: Any = None,
    scale: Scale = "raw",
    journal: str | Path | None = None,
) -> PenaltyPath:
    """Measure losses and sizes along a grid of one penalty, everything else fixed.

    Parameters
    ----------
    X, y, engine, cv, seed, rounds, patience, workers, task, objective, \
sample_weight, groups, offset, scale, journal
        See ``tune``.
    name : str
        The penalty to vary, for example ``"reg_lambda"``.
    grid : sequence of float, optional
        Values of the penalty. Default: the value without effect (for ``max_leaves`` and
        ``max_depth``, the largest), followed by increasingly strong values over the
        range of the space ``default``, or of ``wide`` if it has none. Differences are
        relative to the first.
    points : int
    fixed : mapping, optional
        Values of other penalties; the rest have our defaults (``reg_lambda`` 0 if the
        engine refuses it).

    Returns
    -------
    PenaltyPath
        A DataFrame that displays its curves in a notebook and has ``figure(measure)``.
        It has one row per grid point, fold and reading (``stopped``: at the rounds
        with the lowest mean loss, ``equal``: at the same rounds for all points), and
        the columns of a study's ``paths.csv`` except ``outer_fold``.

    Raises
    ------
    PenaltyError
        If the penalty is unknown, has no range for a grid, or ``grid`` is invalid.
    DataError, StudyError, UnsupportedPenaltyError, FitError
        See ``tune``.

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
        expected = f"one of {', '.join(PENALTIES)}"
        raise PenaltyError.of(Fault(("name",), expected, name, PENALTIES))
    library = get_engine(engine)
    if grid is None:
        if (searched := shipped_range(name)) is None:
            raise PenaltyError(f"{name} has no range for a grid; pass grid=[...].")
        values = path_grid(name, searched, points)
    else:
        given = (as_float(value) for value in grid)
        values = tuple(v for v in given if v is not None and math.isfinite(v))
        if len(grid) == 0 or len(set(values)) < len(grid):
            raise PenaltyError(
                f"grid must have at least one finite number, none twice, got {grid!r}."
            )
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
        offset=offset,
    )
    problem = dataset.problem(None, 0)
    base = Penalty(**(library.settled_defaults(problem) | others), scale=scale)
    made = path_points(engine, base, {name: values})
    settings = [Setting(engine, None, point.penalty) for point in made]
    for setting in settings:
        library.check(setting.penalty, problem)
    limits = FitSettings(
        n_inner=dataset.splits.n_inner, n_rounds=rounds, patience=patience, seed=seed
    )
    measuring = Measuring(settings, limits, keep=True)
    run_here([measuring], dataset, workers=workers, journal=journal)
    rows = path_rows(made, (None,), measuring)
    table = pd.DataFrame([row.as_dict() for row in rows])
    stopped = [row for row in rows if row.reading == "stopped"]
    effect = penalty_effect(stopped, dataset.splits.inner_ratio) if stopped else None
    return PenaltyPath.of(table.drop(columns="outer_fold", errors="ignore"), effect)
