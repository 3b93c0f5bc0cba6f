r"""The corner of the L1 ball: why the nearest point of least loss has a zero.

Two weights, a loss :math:`(b - b^*)^\top H (b - b^*) / 2`, and all weights of length 1
in either norm. A contour of the loss grows until it touches the ball: the diamond most
often at a corner, where one weight is 0, the circle at a corner never but by chance
([1]_, fig. 3.11). The picture needs no data; its points are found by search.

References
----------
.. [1] T. Hastie, R. Tibshirani, J. Friedman. "The Elements of Statistical Learning".
   2nd ed., Springer, 2009. https://hastie.su.domains/ElemStatLearn/
"""

import numpy as np
from numpy.typing import NDArray

from boostreg.insight.experiments.base import Panel

__all__ = ["CORNER_PANEL", "corner", "touching"]

Array = NDArray[np.float64]

_H = np.array([[1.0, 0.3], [0.3, 1.0]])
_BEST = np.array([1.6, 0.4])
_X = np.linspace(-1.0, 1.6, 131)

CORNER_PANEL = Panel(
    title="The corner of the L1 ball",
    x="first_weight",
    x_label="first weight",
    y_label="second weight",
    lines={
        "l1_ball_above": "L1 ball",
        "l1_ball_below": "",
        "l2_ball_above": "L2 ball",
        "l2_ball_below": "",
        "l1_contour": "loss that touches L1",
        "l2_contour": "loss that touches L2",
    },
)


def touching(norm: int) -> Array:
    """Return the point of the unit ball with the least loss, by a fine search.

    >>> touching(1).tolist()
    [1.0, 0.0]
    """
    angle = np.linspace(0, 2 * np.pi, 3601)
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    points /= np.linalg.norm(points, ord=norm, axis=1)[:, None]
    best: Array = points[np.argmin([_loss(point) for point in points])]
    return best


def corner() -> dict[str, tuple[float, ...]]:
    """Return what ``CORNER_PANEL`` draws."""
    inside = np.abs(_X) <= 1
    diamond = np.where(inside, 1 - np.abs(_X), np.nan)
    circle = np.where(inside, np.sqrt(np.clip(1 - _X**2, 0, None)), np.nan)
    lines = {
        "first_weight": _X,
        "l1_ball_above": diamond,
        "l1_ball_below": -diamond,
        "l2_ball_above": circle,
        "l2_ball_below": -circle,
        "l1_contour": _contour(_loss(touching(1))),
        "l2_contour": _contour(_loss(touching(2))),
    }
    return {name: tuple(line) for name, line in lines.items()}


def _loss(b: Array) -> float:
    return float((b - _BEST) @ _H @ (b - _BEST)) / 2


def _contour(level: float) -> Array:
    """Return the lower branch of a contour, NaN beside it."""
    d = _X - _BEST[0]
    root = (_H[0, 1] * d) ** 2 - _H[1, 1] * (_H[0, 0] * d**2 - 2 * level)
    below = np.full_like(_X, np.nan)
    real = root >= 0
    below[real] = (-_H[0, 1] * d[real] - np.sqrt(root[real])) / _H[1, 1]
    below += _BEST[1]
    return below
