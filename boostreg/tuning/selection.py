"""Selection of candidates: the best, the smallest that is as good, and the front.

A candidate is a trial cut at some number of rounds. Every prefix of a boosted ensemble
is a model, so one trial yields a whole curve of candidates, from 0 rounds on.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array

__all__ = ["Candidate", "Selection", "TrialCurves", "select"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TrialCurves:
    """The curves of a trial for selection; entry k is the model of the first k rounds.

    Attributes
    ----------
    number : int
        Of the trial.
    valid_loss : ndarray of shape (n_folds, n_rounds + 1)
        For the prefixes that every inner fold reached.
    n_leaves, n_trees, n_bytes : ndarray of shape (n_rounds + 1,)
        Means over inner folds, non-decreasing.
    stopped_by_max : bool
        Whether the mean curve might have decreased further with more rounds.
    """

    number: int
    valid_loss: Array
    n_leaves: Array
    n_trees: Array
    n_bytes: Array
    stopped_by_max: bool = False

    @property
    def mean_loss(self) -> Array:
        """Mean validation loss over folds, of shape (n_rounds + 1,)."""
        mean: Array = self.valid_loss.mean(axis=0)
        return mean

    @property
    def n_rounds(self) -> int:
        """Rounds with the lowest mean loss, the fewest if tied."""
        return int(self.mean_loss.argmin())

    def candidate(self, n_rounds: int) -> "Candidate":
        """Return the trial cut at ``n_rounds``."""
        losses = self.valid_loss[:, n_rounds]
        return Candidate(
            trial=self.number,
            n_rounds=n_rounds,
            loss=float(self.mean_loss[n_rounds]),
            loss_se=float(_standard_error(losses[:, None])[0]),
            n_leaves=float(self.n_leaves[n_rounds]),
            rounds_max_reached=self.stopped_by_max and n_rounds == self.n_rounds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A trial cut at some number of rounds.

    Attributes
    ----------
    trial, n_rounds : int
        Number of the trial, and rounds at which it is cut.
    loss, loss_se : float
        Mean over inner folds, and its standard error; NaN with one fold.
    n_leaves : float
        Leaves of all trees together, mean over inner folds.
    rounds_max_reached : bool
        Whether the curve ended here because of the limit on rounds.
    """

    trial: int
    n_rounds: int
    loss: float
    loss_se: float
    n_leaves: float
    rounds_max_reached: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """The candidates selected from a search.

    Attributes
    ----------
    best : Candidate
        Lowest loss; ties by fewer leaves, fewer rounds, lower trial.
    one_se : Candidate
        Fewest leaves among those whose fold-paired loss difference to ``best`` is
        within one standard error; ties by lower loss, fewer rounds, lower trial.
    front : tuple of Candidate
        The Pareto front of leaves and loss, from the fewest leaves to the lowest loss.
    """

    best: Candidate
    one_se: Candidate
    front: tuple[Candidate, ...]


def select(trials: Sequence[TrialCurves]) -> Selection:
    """Select among all prefixes of all trials.

    Parameters
    ----------
    trials : sequence of TrialCurves
        At least one, in any order, all over the same folds.

    Examples
    --------
    Two folds; the first round helps both, the second only one of them:

    >>> loss = np.array([[9.0, 5.0, 4.0], [9.0, 6.0, 6.5]])
    >>> leaves = np.array([0.0, 4.0, 8.0])
    >>> sizes = {"n_leaves": leaves, "n_trees": leaves / 4, "n_bytes": 28 * leaves}
    >>> chosen = select([TrialCurves(number=0, valid_loss=loss, **sizes)])
    >>> chosen.best.n_rounds, chosen.one_se.n_rounds
    (2, 1)
    """
    by_number = {curves.number: curves for curves in trials}
    points = []
    for curves in trials:  # the prefixes that beat all shorter ones of the same trial
        (k,) = np.nonzero(_record_lows(curves.mean_loss))
        number = np.full(len(k), float(curves.number))
        points.append(
            [curves.n_leaves[k], curves.mean_loss[k], k.astype(float), number]
        )
    leaves, losses, rounds, numbers = np.concatenate(points, axis=1)
    order = np.lexsort((numbers, rounds, losses, leaves))
    chosen = order[_record_lows(losses[order])]
    front = tuple(by_number[int(numbers[i])].candidate(int(rounds[i])) for i in chosen)
    best = front[-1]
    reference = by_number[best.trial].valid_loss[:, best.n_rounds]
    _, _, n_rounds, trial = min(_admitted(trials, reference))
    return Selection(best, by_number[trial].candidate(n_rounds), front)


def _record_lows(losses: Array) -> NDArray[np.bool_]:
    before = np.minimum.accumulate(losses)[:-1]
    return np.concatenate([[True], losses[1:] < before])


def _admitted(
    trials: Sequence[TrialCurves], reference: Array
) -> Iterator[tuple[float, float, int, int]]:
    """Yield the smallest prefix within one standard error of each trial.

    As (leaves, loss, rounds, trial), so that the minimum is the one to select.
    """
    for curves in trials:
        difference = curves.valid_loss - reference[:, None]
        error = np.nan_to_num(_standard_error(difference))
        (k,) = np.nonzero(difference.mean(axis=0) <= error)
        if len(k):
            loss, leaves = curves.mean_loss, curves.n_leaves
            first = int(k[np.lexsort((k, loss[k], leaves[k]))[0]])
            yield float(leaves[first]), float(loss[first]), first, curves.number


def _standard_error(values: Array) -> Array:
    """Return that of the mean over rows; one row has none, so NaN."""
    n_rows, n_columns = values.shape
    if n_rows < 2:
        return np.full(n_columns, np.nan)
    error: Array = values.std(axis=0, ddof=1) / math.sqrt(n_rows)
    return error
