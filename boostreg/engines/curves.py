"""Loss curves in our units, read from a library's metrics after every round.

The libraries cache the predictions for every data set they evaluate, so their metrics
need no second prediction. Each metric is a multiple of our loss. For losses with a log
link, our loss is computed from the cached predictions instead.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from boostreg.arrays import Array
from boostreg.data import Table
from boostreg.engines.collective import member, summed
from boostreg.engines.problem import Problem
from boostreg.errors import FitError
from boostreg.losses import LOSS_NAMES, weighted_mean

__all__ = [
    "Curves",
    "Growth",
    "grow_rounds",
    "growing_until",
    "loss_of_metric",
    "loss_of_scores",
]

_UNTIL: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def growing_until(moment: float) -> Iterator[None]:
    """Within the block, a fit adds no round after ``moment`` (``time.monotonic``).

    The moment is no part of what is fitted, therefore it is no argument of a fit.
    """
    token = _UNTIL.set(moment)
    try:
        yield
    finally:
        _UNTIL.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Settings of a fit besides the penalty.

    Attributes
    ----------
    n_rounds : int
        Maximum number of boosting rounds.
    patience : int or None
        Rounds without improvement on the validation rows before the fit stops.
    seed : int
        Of row and column sampling.
    threads : int
        Threads of the library.
    device : str
        ``"cpu"`` or ``"cuda"``.
    curves : bool
        Whether to measure the losses after every round.
    """

    n_rounds: int
    patience: int | None = None
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    curves: bool = True


class Curves:
    """Training and validation loss of every round, the start included."""

    def __init__(self, problem: Problem) -> None:
        self._losses = [[problem.start_loss(table)] for table in problem.tables]
        self.n_rounds = 0
        self.exhausted = False
        self.was_cut = False

    def add(self, losses: Sequence[float]) -> None:
        """Take the losses after one more round: training, then validation."""
        for curve, loss in zip(self._losses, losses, strict=True):
            curve.append(loss)

    @property
    def judging(self) -> list[float]:
        """The curve used for early stopping: validation loss if there is one."""
        return self._losses[-1]

    @property
    def train(self) -> Array:
        """Training loss, (n_rounds + 1,)."""
        return np.array(self._losses[0])

    @property
    def valid(self) -> Array:
        """Validation loss, (n_rounds + 1,); empty without validation rows."""
        return np.array(self._losses[1] if len(self._losses) > 1 else [])


def grow_rounds(
    problem: Problem,
    growth: Growth,
    add_round: Callable[[int], bool],
    measure: Callable[[], Sequence[float]],
) -> Curves:
    """Grow round by round until the last, early stopping, or ``growing_until``.

    ``add_round`` takes the number of rounds so far and returns whether a round was
    added; False means that the library found no further split. ``measure`` returns the
    losses of the trees so far on training and validation rows.
    """
    curves = Curves(problem)
    refuse_infinite(problem, curves.judging, 0)
    best, since = curves.judging[0], 0
    until = _UNTIL.get()
    while curves.n_rounds < growth.n_rounds:
        if time.monotonic() >= until:
            curves.was_cut = True
            break
        if not add_round(curves.n_rounds):
            curves.exhausted = True
            break
        curves.n_rounds += 1
        if not growth.curves:
            continue
        losses = measure()
        refuse_infinite(problem, losses, curves.n_rounds)
        curves.add(losses)
        loss = curves.judging[-1]
        since = 0 if loss < best else since + 1
        best = min(loss, best)
        if growth.patience is not None and since >= growth.patience:
            break
    if not growth.curves and curves.n_rounds:
        refuse_infinite(problem, measure(), curves.n_rounds)
    return curves


def refuse_infinite(problem: Problem, losses: Sequence[float], n_rounds: int) -> None:
    """Raise FitError if a loss after ``n_rounds`` rounds is infinite or NaN."""
    wrong = [loss for loss in losses if not math.isfinite(loss)]
    if not wrong:
        return
    loss, train = LOSS_NAMES[problem.objective.name], problem.train
    named = {"target": train.y, "row weights": train.weights}
    spans = ", ".join(
        f"{name} from {float(values.min()):g} to {float(values.max()):g}"
        for name, values in named.items()
        if values is not None
    )
    raise FitError(
        f"the {loss} became {wrong[0]} after {n_rounds} rounds: predictions are not "
        f"finite ({spans}). Use a smaller learning_rate or a larger reg_lambda, or "
        "rescale the target or the weights."
    )


def loss_of_metric(
    problem: Problem, *, rooted: bool = False
) -> Callable[[float], float]:
    """Return the function from a library's metric to our loss.

    If the metric is ``rooted``, it is the root of the mean squared error. Sources:
    XGBoost ``src/metric/elementwise_metric.cu``, LightGBM
    ``src/metric/regression_metric.hpp``.
    """
    unit = problem.standard.loss_scale
    if problem.objective.name == "squared_error" and rooted:
        return lambda rmse: unit * rmse * rmse
    return lambda metric: unit * metric


def loss_of_scores(problem: Problem, table: Table, raw: Array) -> float:
    """Return our loss of a library's raw scores, on its own scale.

    ``raw`` has those of this process's share of the rows, (n_share,). The libraries'
    own metrics of losses with a log link clamp predictions
    (``src/metric/elementwise_metric.cu``, ``src/metric/regression_metric.hpp``).
    """
    standard = problem.standard
    offset = float(standard.intercept[0] - standard.start_score[0])
    scores = np.asarray(raw, dtype=np.float64) + offset
    own = member()
    share = own.share(table.n_samples)
    weights = None if table.weights is None else table.weights[share]
    losses = problem.objective.row_losses(table.y[share], scores[:, None])
    if own.size == 1:
        return weighted_mean(losses, weights)
    counts = np.ones(len(losses)) if weights is None else weights
    total, n_counted = summed(np.array([np.sum(losses * counts), np.sum(counts)]))
    return float(total / n_counted)
