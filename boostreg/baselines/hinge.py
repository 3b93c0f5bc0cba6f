r"""The losses of linear support vector machines: nothing to pay beyond the margin.

====================  ===============================================================
``SquaredHinge``      :math:`\max(0, 1 - y f)^2 / 2`, y = -1 or 1
``SquaredTube``       :math:`\max(0, |y - f| - \epsilon)^2 / 2`
====================  ===============================================================

Squared, because then L1 and L2 have one exact solver and an intercept that nothing
penalises. scikit-learn's ``LinearSVC`` has L1 with the squared hinge alone, its
``LinearSVR`` has none, and both penalise the intercept; with L2 they are the same
models otherwise (``loss="squared_hinge"``, ``loss="squared_epsilon_insensitive"``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SquaredHinge", "SquaredTube"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SquaredHinge:
    """Half the squared hinge loss of a label that is -1 or 1."""

    name: str = "squared_hinge"
    parameter: float | None = None

    def gradient(self, y: Array, raw: Array) -> Array:
        """Return first derivatives, (n_samples, 1)."""
        return -y[:, None] * np.maximum(1 - y[:, None] * raw, 0.0)

    def curvature(self, y: Array, raw: Array) -> Array:
        """Return second derivatives, (n_samples, 1): 1 for rows within the margin."""
        return np.asarray(y[:, None] * raw < 1, dtype=np.float64)

    def row_losses(self, y: Array, raw: Array) -> Array:
        """Return the loss of each row, (n_samples,)."""
        losses: Array = np.maximum(1 - y * raw[:, 0], 0.0) ** 2 / 2
        return losses


@dataclass(frozen=True, slots=True)
class SquaredTube:
    """Half the squared distance beyond ``parameter``, the half width of the tube."""

    parameter: float
    name: str = "squared_tube"

    def gradient(self, y: Array, raw: Array) -> Array:
        """Return first derivatives, (n_samples, 1)."""
        miss = raw - y[:, None]
        return miss - np.clip(miss, -self.parameter, self.parameter)

    def curvature(self, y: Array, raw: Array) -> Array:
        """Return second derivatives, (n_samples, 1): 1 for rows outside the tube."""
        return np.asarray(np.abs(raw - y[:, None]) > self.parameter, dtype=np.float64)

    def row_losses(self, y: Array, raw: Array) -> Array:
        """Return the loss of each row, (n_samples,)."""
        losses: Array = self.gradient(y, raw)[:, 0] ** 2 / 2
        return losses
