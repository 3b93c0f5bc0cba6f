"""Rules on penalties that hold for several libraries, each said once."""

from boostreg.engines.problem import Problem
from boostreg.errors import UnsupportedPenaltyError
from boostreg.penalty import Penalty

__all__ = ["check_min_child_samples", "check_renewed_leaves", "least_hessian"]

_RENEWED = ("absolute_error", "quantile")
_ON_LEAF_WEIGHTS = (
    "reg_alpha",
    "reg_lambda",
    "max_delta_step",
    "path_smooth",
    "cat_l2",
)


def check_min_child_samples(penalty: Penalty, problem: Problem) -> None:
    """Raise UnsupportedPenaltyError where rows cannot be counted by the hessian.

    XGBoost has no row minimum and LightGBM estimates rows from the hessian
    (``src/treelearner/feature_histogram.hpp``), so a row minimum is exact only where
    every row carries the same hessian.
    """
    if penalty.min_child_samples > 1 and not problem.constant_hessian:
        raise UnsupportedPenaltyError(
            f"min_child_samples={penalty.min_child_samples} cannot be kept exactly: "
            "XGBoost and LightGBM count hessian, not rows, and only squared error "
            "with equal row weights makes them the same; use min_child_weight, or "
            "engine sklearn."
        )


def check_renewed_leaves(library: str, penalty: Penalty, problem: Problem) -> None:
    """Raise UnsupportedPenaltyError where the library replaces leaf weights.

    Penalties on the structure, ``min_split_gain`` and ``min_child_weight`` among them,
    act as ever.
    """
    name = problem.objective.name
    if name not in _RENEWED:
        return
    for field in _ON_LEAF_WEIGHTS:
        value = getattr(penalty, field)
        if value > 0:
            raise UnsupportedPenaltyError(
                f"{library} replaces every leaf weight by a quantile of its residuals "
                f"for {name}, so {field}={value:g} would not act on it; fix {field} "
                "at 0."
            )
    if problem.constrained:
        raise UnsupportedPenaltyError(
            f"{library} replaces every leaf weight by a quantile of its residuals for "
            f"{name}, so monotone columns would not stay monotone; leave monotone out."
        )


def least_hessian(penalty: Penalty, problem: Problem, scale: float) -> float:
    """Return the hessian that both sides of a split must hold, row minimum included.

    Half a row is taken off the row minimum, so that rounding in sums of equal hessians
    cannot decide. The least is what rounding leaves in a side without rows: with none,
    LightGBM may choose such a side, and dies of it
    (``src/treelearner/serial_tree_learner.cpp``, ``CHECK_GT`` of ``left_count``).

    Parameters
    ----------
    penalty : Penalty
        Raw, for rows whose weights were divided by ``scale``.
    problem : Problem
    scale : float
    """
    rounding = 1e-12 * problem.standard.units.hessian * problem.train.n_samples
    least = max(penalty.min_child_weight, rounding / scale)
    if penalty.min_child_samples == 1:
        return least
    by_rows = (penalty.min_child_samples - 0.5) * problem.row_hessian / scale
    return max(least, by_rows)
