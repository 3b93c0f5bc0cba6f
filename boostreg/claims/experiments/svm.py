r"""Margin, support vectors, zeros and test losses of linear SVMs along C.

With labels of -1 and 1, rows X, weights w and intercept b, a linear SVM minimises

.. math:: C \sum_i \max(0, 1 - y_i f_i)^2 + P(w), \qquad f_i = w^\top x_i + b,

with P = :math:`\|w\|_2^2 / 2` (L2) or :math:`\|w\|_1` (L1), by liblinear [1]_: with
the squared hinge, because only that supports both penalties. Large C is a weak penalty.
The margin is the distance :math:`2 / \|w\|_2` of the lines f = -1 and f = 1; support
vectors are rows on or inside it, :math:`y_i f_i \le 1`. liblinear also
penalises the intercept; it is scaled by ten to make this negligible.

References
----------
.. [1] R.-E. Fan, K.-W. Chang, C.-J. Hsieh, X.-R. Wang, C.-J. Lin. "LIBLINEAR: A Library
   for Large Linear Classification". JMLR 9, 2008.
   https://www.jmlr.org/papers/v9/fan08a.html
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import Measured, Options, Panel, Sample, procedure
from boostreg.claims.experiments.coefficients import inner_folds

__all__ = ["Machine", "fit_machine", "margins"]

Kind = Literal["l1", "l2"]
Rows = tuple[Array, Array]

_GRID = np.geomspace(1e-4, 1.0, 9)
_FOLDS = 3
_MAX_STEPS = 5000
_WIDEST = 1e3
_KINDS: tuple[Kind, ...] = ("l1", "l2")


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A fitted linear SVM."""

    w: Array
    intercept: float

    @property
    def margin(self) -> float:
        """Width between the lines f = -1 and f = 1; infinite without weights."""
        length = float(np.linalg.norm(self.w))
        return 2 / length if length > 0 else float("inf")

    def support(self, rows: Rows) -> float:
        """Return the share of rows on or inside the margin."""
        return float(np.mean(self._agreement(rows) <= 1 + 1e-9))

    def loss(self, rows: Rows) -> float:
        """Return the mean squared hinge."""
        return float(np.mean(np.maximum(0, 1 - self._agreement(rows)) ** 2))

    def error(self, rows: Rows) -> float:
        """Return the share of rows on the wrong side."""
        return float(np.mean(self._agreement(rows) <= 0))

    def _agreement(self, rows: Rows) -> Array:
        X, y = rows
        # y_i f_i with labels of -1 and 1
        return np.asarray((2 * y - 1) * (X @ self.w + self.intercept))


def fit_machine(rows: Rows, penalty: Kind, C: float) -> Machine:
    """Return the SVM of rows ``(X, y)``, y being 0 or 1."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    X, y = rows
    with warnings.catch_warnings():
        # The last digits of nearly unpenalised weights do not matter here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LinearSVC(
            penalty=penalty,
            loss="squared_hinge",
            dual=False,
            C=C,
            tol=1e-4,
            intercept_scaling=10.0,
            max_iter=_MAX_STEPS,
            random_state=0,
        ).fit(X, y)
    return Machine(fitted.coef_[0].astype(np.float64), float(fitted.intercept_[0]))


_CHANGES = {
    "margin_growth": (
        "width of the margin at the best C over that at the largest, minus 1"
    ),
    "support_growth": "share of support vectors at the best C minus at the largest",
    "new_loss_change": (
        "squared hinge on new rows at the best C over the largest, minus 1"
    ),
    "new_error_change": (
        "share of new rows misclassified at the best C minus at the largest"
    ),
    "zero_share": "share of weights that are exactly 0 at the best C",
}
_FIGURES = {
    "margin": "margin width",
    "support": "share of support vectors",
    "zeros": "share of zero weights",
    "new_loss": "squared hinge on new rows",
}


@procedure(
    {
        **{
            f"{kind}_{change}": f"{words}: {kind.upper()}"
            for kind in _KINDS
            for change, words in _CHANGES.items()
        },
        "l1_over_l2_margin": (
            "width of the margin under L1 over that under L2, minus 1, each at its "
            "best C"
        ),
        "l1_over_l2_new_loss": (
            "squared hinge on new rows under L1 over that under L2, each at its best "
            "C, minus 1"
        ),
    },
    panels=[
        Panel(
            f"{words.capitalize()} along C",
            x="C",
            x_label="C: large is a weak penalty",
            y_label=words,
            lines={f"l1_{figure}": "L1", f"l2_{figure}": "L2"},
            x_log=True,
            y_log=figure == "margin",
        )
        for figure, words in _FIGURES.items()
    ],
    objectives="logistic",
)
def margins(sample: Sample, options: Options) -> Measured:
    """Fit linear SVMs with L1 and with L2 along C.

    Inner folds choose one C for each.
    """
    del options
    centre = sample.X.mean(axis=0)
    X, y = train = sample.X - centre, sample.y
    new = sample.X_new - centre, sample.y_new
    values: dict[str, float] = {}
    losses: dict[Kind, float] = {}
    widths: dict[Kind, float] = {}
    series: dict[str, Sequence[float]] = {"C": tuple(_GRID)}
    for kind in _KINDS:
        inner_loss = np.zeros(len(_GRID))
        for old, judge in inner_folds(len(y), _FOLDS, sample.seed):
            for place, C in enumerate(_GRID):
                machine = fit_machine((X[old], y[old]), kind, C)
                inner_loss[place] += machine.loss((X[judge], y[judge]))
        along = [fit_machine(train, kind, C) for C in _GRID]
        best, weak = along[int(np.argmin(inner_loss))], along[-1]
        values |= {
            f"{kind}_margin_growth": best.margin / weak.margin - 1,
            f"{kind}_support_growth": best.support(train) - weak.support(train),
            f"{kind}_new_loss_change": best.loss(new) / weak.loss(new) - 1,
            f"{kind}_new_error_change": best.error(new) - weak.error(new),
            f"{kind}_zero_share": float(np.mean(best.w == 0)),
        }
        losses[kind], widths[kind] = best.loss(new), best.margin
        series |= {
            f"{kind}_margin": [min(one.margin, _WIDEST) for one in along],
            f"{kind}_support": [one.support(train) for one in along],
            f"{kind}_zeros": [float(np.mean(one.w == 0)) for one in along],
            f"{kind}_new_loss": [one.loss(new) for one in along],
        }
    values["l1_over_l2_margin"] = widths["l1"] / widths["l2"] - 1
    values["l1_over_l2_new_loss"] = losses["l1"] / losses["l2"] - 1
    return Measured.of(values, series)
