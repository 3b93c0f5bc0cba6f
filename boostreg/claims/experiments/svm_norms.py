r"""Margins of linear SVMs under L1 and L2, each in the norm that it maximises.

The distance of a row to the boundary is :math:`|f| / \|w\|_2` in the Euclidean norm and
:math:`|f| / \|w\|_1` in the maximum norm, the dual of L1 [1]_. So a small
:math:`\|w\|_2` is a wide Euclidean margin, and a small :math:`\|w\|_1` a wide margin in
the maximum norm, which L1 maximises. Each penalty has the C with the lowest inner loss.

References
----------
.. [1] O. L. Mangasarian. "Arbitrary-Norm Separating Plane". Operations Research
   Letters 24, 1999. doi:10.1016/S0167-6377(98)00049-2
"""

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import Measured, Options, Panel, Sample, procedure
from boostreg.claims.experiments.coefficients import inner_folds
from boostreg.claims.experiments.svm import Machine, fit_machine

__all__ = ["margins_by_norm"]

_GRID = np.geomspace(1e-4, 1.0, 9)
_FOLDS = 3
_WIDEST = 1e3
_SHARE = 0.05

_FIGURES = {
    "euclidean": "width of the Euclidean margin",
    "maximum": "width of the margin in the maximum norm",
    "closest": (
        "mean Euclidean distance to the boundary of the twentieth of training rows on "
        "their own side that is closest"
    ),
}


@procedure(
    {
        f"l1_over_l2_{name}": f"{words} under L1 over that under L2, minus 1"
        for name, words in _FIGURES.items()
    },
    panels=[
        Panel(
            f"{words.capitalize()} along C",
            x="C",
            x_label="C: large is a weak penalty",
            y_label=words.split(" ", maxsplit=1)[0],
            lines={f"l1_{name}": "L1", f"l2_{name}": "L2"},
            x_log=True,
            y_log=True,
        )
        for name, words in _FIGURES.items()
    ],
    objectives="logistic",
)
def margins_by_norm(sample: Sample, options: Options) -> Measured:
    """Compare the margins of linear SVMs with L1 and with L2 in two norms."""
    del options
    X, y = sample.X - sample.X.mean(axis=0), sample.y
    found: dict[str, dict[str, float]] = {}
    series: dict[str, Array] = {"C": _GRID}
    for kind in ("l1", "l2"):
        inner = np.zeros(len(_GRID))
        for old, new in inner_folds(len(y), _FOLDS, sample.seed):
            for place, C in enumerate(_GRID):
                machine = fit_machine((X[old], y[old]), kind, C)
                inner[place] += machine.loss((X[new], y[new]))
        along = [_margins(fit_machine((X, y), kind, C), X, y) for C in _GRID]
        found[kind] = along[int(np.argmin(inner))]
        for name in _FIGURES:
            widths = np.array([one[name] for one in along])
            series[f"{kind}_{name}"] = np.clip(widths, 1 / _WIDEST, _WIDEST)
    return Measured.of(
        {
            f"l1_over_l2_{name}": found["l1"][name] / found["l2"][name] - 1
            for name in _FIGURES
        },
        series,
    )


def _margins(machine: Machine, X: Array, y: Array) -> dict[str, float]:
    """Return what ``_FIGURES`` names; infinite without weights."""
    w = machine.w
    length, total = float(np.linalg.norm(w)), float(np.sum(np.abs(w)))
    if length == 0:
        return dict.fromkeys(_FIGURES, float("inf"))
    f = (2 * y - 1) * (X @ w + machine.intercept)
    right = np.sort(f[f > 0])
    closest = right[: max(1, round(_SHARE * len(right)))]
    return {
        "euclidean": 2 / length,
        "maximum": 2 / total,
        "closest": float(np.mean(closest)) / length if len(right) else float("nan"),
    }
