"""The effect of tuning one penalty alone, on rows not used for selection.

A path is measured on inner folds. In each outer fold, two points are refitted on all
inner rows, each with its own rounds: the one with the lowest mean loss and the first
(zero penalty if possible). Their difference on the outer test rows is the benefit of
tuning only this penalty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from boostreg.arrays import Array
from boostreg.effects.effects import paired_ratio
from boostreg.effects.paths import PathPoint
from boostreg.fits.fit import FitResult
from boostreg.statistics import Interval, corrected_t, row_interval
from boostreg.tuning import Trial

__all__ = ["OuterEffect", "Pair", "chosen_points", "outer_effect"]


@dataclass(frozen=True, slots=True)
class OuterEffect:
    """The selected value compared with the first, paired over outer folds.

    Attributes
    ----------
    start, zero_loss : float
        First value of the path, zero if possible, and its mean loss: the reference.
    values : tuple of float
        Values selected by the inner folds, by outer fold; ``start`` if none was better.
    loss, leaves : Interval
        Difference of losses, and ratio of leaves. With one outer split, the former is
        over its test rows, and the latter has no interval.
    """

    engine: str
    penalty: str
    start: float
    values: tuple[float, ...]
    loss: Interval
    zero_loss: float
    leaves: Interval


@dataclass(frozen=True, slots=True)
class Pair:
    """Losses of two models on the weighted test rows of one outer fold."""

    value: float
    zero: FitResult
    chosen: FitResult
    weights: Array | None

    @property
    def row_differences(self) -> Array:
        """Loss of the selected minus that of the first, by test row."""
        difference: Array = self.chosen.row_losses - self.zero.row_losses
        return difference

    def mean_loss(self, result: FitResult) -> float:
        """Return the loss of a model on the test rows."""
        return float(np.average(result.row_losses, weights=self.weights))


def chosen_points(
    path: Sequence[tuple[PathPoint, Trial]],
) -> tuple[tuple[PathPoint, Trial], tuple[PathPoint, Trial]] | None:
    """Return the first point and the one with the lowest mean loss of an outer fold.

    None if the first was not measured in full. Ties go to the weaker value.
    """
    complete = [pair for pair in path if pair[1].state == "complete"]
    if not complete or complete[0][0].point != 0:
        return None
    return complete[0], min(complete, key=lambda pair: pair[1].loss)


def outer_effect(
    engine: str,
    penalty: str,
    start: float,
    pairs: Mapping[int, Pair],
    test_train_ratio: float,
) -> OuterEffect:
    """Return the effect from the pairs of all outer folds.

    ``pairs`` are by outer fold, ``start`` is the first value of the path, and the ratio
    is that of test to training rows of an outer fold.
    """
    ordered = [pairs[fold] for fold in sorted(pairs)]
    losses = [(one.mean_loss(one.zero), one.mean_loss(one.chosen)) for one in ordered]
    if len(ordered) == 1:
        loss = row_interval(ordered[0].row_differences, ordered[0].weights)
    else:
        loss = corrected_t([b - a for a, b in losses], test_train_ratio)
    return OuterEffect(
        engine=engine,
        penalty=penalty,
        start=start,
        values=tuple(one.value for one in ordered),
        loss=loss,
        zero_loss=float(np.mean([a for a, _ in losses])),
        leaves=paired_ratio(
            [one.chosen.sizes.n_leaves[-1] for one in ordered],
            [one.zero.sizes.n_leaves[-1] for one in ordered],
            test_train_ratio,
        ),
    )
