"""Loss curves in our own units, read from a library's own metrics round by round.

The libraries keep the predictions of every data set they measure, so their metrics
cost no second predict. Each metric is an affine function of our loss; the part that
depends on the target alone is computed here in float64.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import gammaln, xlogy

from boostreg.data import Table
from boostreg.engines.problem import Problem
from boostreg.losses import Array, weighted_mean

__all__ = ["CurveRecorder", "affine"]


class CurveRecorder:
    """Gathers the training and validation loss of every round, the start included."""

    def __init__(self, problem: Problem) -> None:
        self._train = [problem.start_loss(problem.train)]
        self._valid: list[float] = []
        if problem.valid is not None:
            self._valid.append(problem.start_loss(problem.valid))
        self.start = self._valid[0] if self._valid else self._train[0]

    def add(self, losses: Sequence[float]) -> None:
        """Take the losses after one more round: training, then validation."""
        self._train.append(losses[0])
        if len(losses) > 1:
            self._valid.append(losses[1])

    @property
    def train(self) -> Array:
        """Training loss, (n_rounds + 1,)."""
        return np.array(self._train)

    @property
    def valid(self) -> Array:
        """Validation loss, (n_rounds + 1,); empty without validation rows."""
        return np.array(self._valid)


def affine(library: str, problem: Problem, table: Table) -> Callable[[float], float]:
    """Return the function from ``library``'s metric on ``table`` to our loss.

    Sources: XGBoost ``src/metric/elementwise_metric.cu``, LightGBM
    ``src/metric/regression_metric.hpp``.
    """
    name = problem.objective.name
    if name == "squared_error":
        unit = problem.standard.target_scale**2
        if library == "xgboost":
            return lambda rmse: unit * rmse * rmse
        return lambda mse: unit * mse
    if name not in _OWN_PART:
        return lambda metric: metric
    own = weighted_mean(_OWN_PART[name](library, problem, table.y), table.weights)
    return lambda metric: 2 * (metric + own)


def _poisson(library: str, _: Problem, y: Array) -> Array:
    part = xlogy(y, y) - y
    return np.asarray(part - gammaln(y + 1) if library == "xgboost" else part)


def _gamma(_library: str, _: Problem, y: Array) -> Array:
    return np.asarray(-1 - np.log(y))


def _tweedie(_: str, problem: Problem, y: Array) -> Array:
    r = float(problem.objective.parameter or 0.0)
    return np.asarray(y ** (2 - r) / ((1 - r) * (2 - r)))


_OWN_PART: dict[str, Callable[[str, Problem, Array], Array]] = {
    "poisson": _poisson,
    "gamma": _gamma,
    "tweedie": _tweedie,
}
