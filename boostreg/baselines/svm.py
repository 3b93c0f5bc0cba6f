r"""Linear support vector machines with L1 or L2, along falling strengths.

.. math::

    \text{mean half squared hinge or tube} + s \left(r \|b\|_1 + \frac{1 - r}{2}
    \|b\|_2^2\right)

with r = 1 for ``svm_l1`` and r = 0 for ``svm_l2``. In the terms of scikit-learn's
``LinearSVC`` and ``LinearSVR``, which sum over n rows and do not halve the square,
C = 1 / (2 n s). More than two classes are one machine each, against all others. The
tube of a regression is a tenth of the target's standard deviation to either side.

A machine of classes gives margins, not probabilities, so it has no log loss of its own:
``boostreg.baselines.calibration`` gives it one. A regression predicts the target and is
judged by its squared error as it is.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from boostreg.baselines.design import Design, Loss, Path, strength_grid
from boostreg.baselines.hinge import SquaredHinge, SquaredTube
from boostreg.baselines.newton import newton_path

__all__ = ["svm_grid", "svm_path"]

Array = NDArray[np.float64]

_TUBE = 0.1


def svm_grid(design: Design, l1_ratio: float) -> Array:
    """Return falling strengths; those of the class that needs the largest."""
    grids = [strength_grid(one, l1_ratio) for one in _machines(design)]
    return max(grids, key=lambda grid: float(grid[0]))


def svm_path(design: Design, strengths: Array, l1_ratio: float) -> Path:
    """Return the machines along ``strengths``, one output for each class that has one.

    Raw scores are margins for classes, predictions for a regression.
    """
    paths = [newton_path(one, strengths, l1_ratio) for one in _machines(design)]
    return Path(
        strengths=strengths,
        intercepts=np.hstack([path.intercepts for path in paths]),
        coefficients=np.concatenate([path.coefficients for path in paths], axis=2),
        converged=np.all([path.converged for path in paths], axis=0),
    )


def _machines(design: Design) -> list[Design[Loss]]:
    y, w = design.y, design.weights
    if design.objective.name == "squared_error":
        spread = float(np.sqrt(w @ (y - design.intercept[0]) ** 2))
        tube = SquaredTube(_TUBE * spread)
        return [_started(Design(design.X, y, w, tube, design.intercept))]
    n_outputs = len(design.intercept)
    positives = [y == k for k in range(n_outputs)] if n_outputs > 1 else [y == 1]
    return [
        _started(
            Design(
                X=design.X,
                y=np.where(positive, 1.0, -1.0),
                weights=w,
                objective=SquaredHinge(),
                intercept=np.array([2 * float(w @ positive) - 1]),
            )
        )
        for positive in positives
    ]


def _started(design: Design[Loss]) -> Design[Loss]:
    """Return the design with the best constant of its loss as its intercept."""
    alone = replace(design, X=design.X[:, :0])
    constant = newton_path(alone, np.ones(1), 0.0).intercepts[0]
    return replace(design, intercept=constant)
