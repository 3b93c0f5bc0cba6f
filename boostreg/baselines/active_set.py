r"""Minimises a quadratic function plus weighted absolute values, by an active set.

.. math:: r' (x - x_0) + \tfrac12 (x - x_0)' Q (x - x_0) + \sum_j a_j |x_j|

A coordinate is active if it is not 0, has no penalty, or is 0 with a gradient that
exceeds its penalty. The signs of the active coordinates are known, so their minimum is
the solution of a linear system, as in the feature-sign search of [1]_. The step towards
it ends at the minimum of the objective on the way, which is piecewise quadratic: each
coordinate that changes its sign raises the slope by :math:`2 a_j |d_j|`. Coordinates
may also stay at 0 on the way. Unlike coordinate descent, the number of steps hardly
grows with the condition of ``Q``.

References
----------
.. [1] H. Lee, A. Battle, R. Raina, A. Y. Ng. "Efficient Sparse Coding Algorithms".
   NIPS 19, 2006.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from typing_extensions import override

from boostreg.arrays import Array, Mask

__all__ = ["Dense", "Quadratic", "penalised_minimum"]

_MAX_STEPS = 60
"""Steps of one search. Each lowers the objective, so a search may end early."""
_MAX_HALVINGS = 8


class Quadratic(Protocol):
    """A positive definite matrix of shape (n, n)."""

    def times(self, x: Array) -> Array:
        """Return its product with ``x`` (n,)."""
        ...

    def solve(self, active: Mask, right: Array, enough: float) -> Array:
        """Return the solution of the active rows and columns, 0 elsewhere.

        ``enough`` is the largest residual that is allowed.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Dense(Quadratic):
    """A matrix that is small enough to be stored and factorised."""

    matrix: Array

    @override
    def times(self, x: Array) -> Array:
        return np.asarray(self.matrix @ x)

    @override
    def solve(self, active: Mask, right: Array, enough: float) -> Array:
        if active.all():
            return np.asarray(np.linalg.solve(self.matrix, right))
        found, on = np.zeros_like(right), np.flatnonzero(active)
        found[on] = np.linalg.solve(self.matrix[on[:, None], on], right[on])
        return found


def penalised_minimum(
    quadratic: Quadratic, start: Array, slope: Array, l1: Array, enough: float
) -> Array:
    """Return the minimum, or a point with a lower objective than the start.

    Parameters
    ----------
    quadratic : Quadratic
        ``Q``, of shape (n, n).
    start : ndarray of shape (n,)
        The point at which the search begins, ``x_0``.
    slope : ndarray of shape (n,)
        Gradient of the quadratic function at the start, ``r``.
    l1 : ndarray of shape (n,)
        Penalty of each coordinate, 0 if it has none.
    enough : float
        Largest violation of the optimality conditions that is allowed.
    """
    if not l1.any():
        every = np.ones(len(start), dtype=np.bool_)
        return start - quadratic.solve(every, slope, enough)
    x, slope = start.copy(), slope.copy()
    for _ in range(_MAX_STEPS):
        rest = (l1 == 0) | (x != 0)
        enters = ~rest & (np.abs(slope) > l1)
        signs = np.where(enters, -np.sign(slope), np.sign(x))
        left = np.where(rest | enters, slope + l1 * signs, 0.0)
        if np.max(np.abs(left), initial=0.0) <= enough:
            break
        step = _direction(quadratic, left, signs, (rest, enters), enough)
        change, product = _descent(quadratic, (x, slope, l1), step, float(left @ step))
        if not change.any():
            break
        x, slope = x + change, slope + product
    return x


def _descent(
    quadratic: Quadratic,
    point: tuple[Array, Array, Array],
    step: Array,
    along: float,
) -> tuple[Array, Array]:
    """Return a change that lowers the objective, and its product with ``Q``.

    ``point`` has ``x``, the slope there and ``l1``; ``along`` is the slope of the
    objective along the step. The change is a share of the step on which coordinates
    stay at 0 once they reach it, if one of the shares 1, 1/2, ... ends lower than the
    minimum on the straight line. So many coordinates may become 0 at a time.
    """
    x, slope, l1 = point

    def decrease(end: Array) -> tuple[float, Array, Array]:
        change = end - x
        product = quadratic.times(change)
        sizes = l1 @ (np.abs(end) - np.abs(x))
        return float((slope + product / 2) @ change + sizes), change, product

    product = quadratic.times(step)
    share, reached = _lowest(x, step, l1, (along, float(step @ product)))
    if not reached.any():
        return share * step, share * product
    lowest, *straight = decrease(np.where(reached, 0.0, x + share * step))
    for halving in range(_MAX_HALVINGS):
        end = x + 0.5**halving * step
        objective, *clipped = decrease(np.where((x * end < 0) & (l1 > 0), 0.0, end))
        if objective < lowest:
            return clipped[0], clipped[1]
    return straight[0], straight[1]


def _direction(
    quadratic: Quadratic,
    left: Array,
    signs: Array,
    groups: tuple[Mask, Mask],
    enough: float,
) -> Array:
    """Return the step to the minimum of the active coordinates.

    ``groups`` are the coordinates that stay active and those that enter. One that would
    leave 0 with the wrong sign does not enter. If none is left and the others are at
    their minimum, the one with the largest violation enters alone: its sign is right.
    """
    rest, enters = groups
    active = rest | enters
    while True:
        if not (active & enters).any() and np.all(np.abs(left[rest]) <= enough):
            active[np.argmax(np.where(enters, np.abs(left), 0.0))] = True
            return -quadratic.solve(active, np.where(active, left, 0.0), enough / 2)
        right = np.where(active, left, 0.0)
        step = -quadratic.solve(active, right, enough / 2)
        wrong = active & enters & (step * signs <= 0)
        if not wrong.any():
            return step
        active &= ~wrong


def _lowest(
    x: Array, step: Array, l1: Array, shape: tuple[float, float]
) -> tuple[float, Mask]:
    """Return the share of a step with the lowest objective, and what is 0 there.

    ``shape`` has the slope of the objective at ``x`` along the step, and the curvature.
    """
    slope, bend = shape
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(x * step < 0, -x / step, np.inf)
    order = np.argsort(crossing, kind="stable")
    order = order[crossing[order] < 1]
    jumps = np.r_[0.0, np.cumsum(2 * l1[order] * np.abs(step[order]))]
    after = slope + bend * crossing[order] + jumps[1:]
    at = int(np.argmax(np.r_[after >= 0, True]))
    share = -(slope + jumps[at]) / bend if bend > 0 else 0.0
    if at < len(order):
        share = min(share, float(crossing[order[at]]))
    return share, crossing == share
