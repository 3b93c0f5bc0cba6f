"""Boosting libraries behind one vocabulary: the registry of engines."""

from typing import Any

from boostreg.engines.base import Bins, Engine, Model, Training
from boostreg.engines.curves import Growth, growing_until
from boostreg.engines.hgb import HistGradientBoosting
from boostreg.engines.lgb import LightGBM
from boostreg.engines.problem import Problem, Standard
from boostreg.engines.xgb import XGBoost
from boostreg.errors import PenaltyError, StudyError
from boostreg.losses import Objective
from boostreg.penalty import Penalty, Units

__all__ = [
    "ENGINES",
    "Bins",
    "Engine",
    "Growth",
    "HistGradientBoosting",
    "LightGBM",
    "Model",
    "Problem",
    "Standard",
    "Training",
    "XGBoost",
    "get_engine",
    "growing_until",
    "plain_params",
]

ENGINES: dict[str, Engine] = {
    engine.name: engine for engine in (XGBoost(), LightGBM(), HistGradientBoosting())
}


def get_engine(name: str) -> Engine:
    """Return the engine called ``name``.

    Raises
    ------
    StudyError
        If there is none; the message lists all.
    """
    if name not in ENGINES:
        raise StudyError(f"engine must be one of {', '.join(ENGINES)}, got {name!r}.")
    return ENGINES[name]


_SET_BY_CLASS = ("objective", "loss", "num_class")
"""Parameters that a scikit-learn wrapper sets itself."""

_ROWS = 131072
"""Rows if they are not known; they only affect what is below the rounding error."""


def plain_params(  # noqa: PLR0913, PLR0917  the arguments of `Penalty.params`
    penalty: Penalty,
    engine: str,
    objective: str | dict[str, float] | None,
    n_classes: int,
    units: Units | None,
    categories: bool,
) -> dict[str, Any]:
    """Return arguments of a library's scikit-learn wrapper; see ``Penalty.params``."""
    library = get_engine(engine)
    if units is None and penalty.scale != "raw":
        raise PenaltyError(
            f"scale {penalty.scale!r} needs units, such as units_ of an estimator."
        )
    is_unlimited = penalty.max_leaves is None and penalty.max_depth is None
    if units is None and is_unlimited and library.reserves_leaves:
        raise PenaltyError(
            f"{library.facts.label} reserves memory for each leaf that max_leaves "
            "allows; set max_leaves or max_depth, or give units, whose n_samples is "
            "the maximum."
        )
    task = {0: "regression", 2: "binary"}.get(n_classes, "multiclass")
    if objective is None and n_classes == 0:
        # Squared error and log loss of two classes have the same parameters. Only the
        # former supports min_child_samples.
        chosen = Objective.for_task("binary", 2)
    else:
        chosen = Objective.for_task(task, n_classes, objective)
    counted = Units(1.0, 1.0, _ROWS) if units is None else units
    problem = Problem.without_rows(chosen, counted, categories=categories)
    params = library.wrapper_params(penalty, problem)
    if objective is None:
        return {k: v for k, v in params.items() if k not in _SET_BY_CLASS}
    return params
