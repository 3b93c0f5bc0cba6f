r"""Feature selection by L1 on synthetic data with known informative features.

The *false discovery* share is the share of used features that are not informative;
*recall* is the share of informative features that are used. A lasso finds the truth
reliably only if other features are not too correlated with it [1]_, and the strength
that predicts best keeps too many features [2]_. A tree ensemble uses a feature if a
split tests it; ``reg_alpha`` sets leaves to zero, not features.

Strengths are selected on training rows only.

References
----------
.. [1] P. Zhao, B. Yu. "On Model Selection Consistency of Lasso". JMLR 7, 2006.
   https://www.jmlr.org/papers/v7/zhao06a.html
.. [2] N. Meinshausen, P. Buehlmann. "High-Dimensional Graphs and Variable Selection
   with the Lasso". The Annals of Statistics 34(3), 2006. doi:10.1214/009053606000000281
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from boostreg.arrays import Mask
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
)
from boostreg.claims.experiments.coefficients import Linear, coefficients
from boostreg.claims.experiments.grown import ENGINE_NAMES, Grower, Grown

__all__ = ["PROCEDURES", "lasso_selection", "tree_selection"]

_ROWS = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_JUDGING = 0.25


def lasso_selection(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare the features of the lasso with the truth, at three strengths.

    The strengths are the one with the lowest inner loss and the one with as many
    features as the truth. Ridge drops no feature: its largest coefficients are used, as
    many as the truth has.
    """
    del options
    linear, true = Linear.of(sample), _truth(sample)
    grid = linear.grid(1.0)
    path = coefficients(linear.path(grid, 1.0))
    chosen = path != 0
    best = chosen[linear.choose(1.0, sample.seed)]
    size = int(np.sum(true))
    sized = chosen[np.argmin(np.abs(chosen.sum(axis=1) - size))]
    ridge = coefficients(linear.path(linear.grid(0.0), 0.0))
    largest = np.argsort(np.abs(ridge[linear.choose(0.0, sample.seed)]))[::-1]
    top = np.isin(np.arange(len(true)), largest[:size])
    return Measured(
        values={
            "recall": _recall(best, true),
            "false_discovery": _false_discovery(best, true),
            "chosen": float(np.sum(best)),
            "recall_at_true_size": _recall(sized, true),
            "recall_of_largest_ridge": _recall(top, true),
        },
        series={
            "share": tuple(grid[::-1] / grid[0]),
            "recall": tuple(_recall(one, true) for one in chosen[::-1]),
            "false_discovery": tuple(
                _false_discovery(one, true) for one in chosen[::-1]
            ),
        },
    )


def tree_selection(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare the features that some split tests with the truth, along reg_alpha.

    A part of the training rows is used for early stopping and to select ``reg_alpha``.
    """
    true, rounds = _truth(sample), int(options["rounds"])
    grower = Grower.of(_inner(sample), options)
    grown = [
        grower.grow(rounds, patience=int(options["patience"]), reg_alpha=rows)
        for rows in _ROWS
    ]
    used = [_used(one, len(true)) for one in grown]
    best = int(np.argmin([one.new_loss for one in grown]))
    recall = [_recall(one, true) for one in used]
    false = [_false_discovery(one, true) for one in used]
    return Measured(
        values={
            "recall": recall[best],
            "false_discovery": false[best],
            "chosen": float(np.sum(used[best])),
            "recall_change": recall[best] - recall[0],
            "false_discovery_change": false[best] - false[0],
            "false_discovery_change_strongest": false[_STRONG] - false[0],
            "recall_change_strongest": recall[_STRONG] - recall[0],
        },
        series={
            "rows": _ROWS,
            "recall": tuple(recall),
            "false_discovery": tuple(false),
        },
    )


_STRONG = _ROWS.index(10.0)


def _truth(sample: Sample) -> Mask:
    informative = (sample.truth or {})["informative"]
    return np.isin(np.arange(sample.X.shape[1]), informative)


def _inner(sample: Sample) -> Sample:
    order = np.random.default_rng(sample.seed).permutation(len(sample.y))
    cut = round(_JUDGING * len(order))
    judge, train = order[:cut], order[cut:]
    return replace(
        sample,
        X=sample.X[train],
        y=sample.y[train],
        X_new=sample.X[judge],
        y_new=sample.y[judge],
    )


def _used(grown: Grown, n_features: int) -> Mask:
    return np.isin(np.arange(n_features), grown.trees.feature)


def _recall(chosen: Mask, true: Mask) -> float:
    return _share(float(np.sum(chosen & true)), float(np.sum(true)))


def _false_discovery(chosen: Mask, true: Mask) -> float:
    """Return the share of chosen features outside the truth; 0 where none is chosen."""
    count = float(np.sum(chosen))
    return float(np.sum(chosen & ~true)) / count if count else 0.0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


_SHARES = {"recall": "recall", "false_discovery": "false discovery"}

_RECALL = "share of the true features that some split tests"
_FALSE = "share of the features tested by splits that are not true ones"

PROCEDURES: Mapping[str, Procedure] = {
    "lasso_selection": Procedure(
        run=lasso_selection,
        words="The features that a lasso keeps against those that matter.",
        measures={
            "recall": (
                "share of the true features that the lasso of least inner loss keeps"
            ),
            "false_discovery": (
                "share of the features kept by the lasso of least inner loss that are "
                "not true ones"
            ),
            "chosen": "features that the lasso of least inner loss keeps",
            "recall_at_true_size": (
                "share of the true features kept by the lasso that keeps as many as "
                "there are"
            ),
            "recall_of_largest_ridge": (
                "share of the true features among as many largest coefficients of ridge"
            ),
        },
        panels=(
            Panel(
                title="Features along the lasso path",
                x="share",
                x_label="strength, as a share of what forbids all",
                y_label="share",
                lines=_SHARES,
                x_log=True,
            ),
        ),
        planted=True,
        objectives="squared_error or logistic",
    ),
    "tree_selection": Procedure(
        run=tree_selection,
        words="The features that an ensemble's splits test against those that matter.",
        measures={
            "recall": f"{_RECALL}, at the best reg_alpha",
            "false_discovery": f"{_FALSE}, at the best reg_alpha",
            "chosen": "features that some split tests, at the best reg_alpha",
            "recall_change": f"{_RECALL}, at the best reg_alpha less at 0",
            "false_discovery_change": f"{_FALSE}, at the best reg_alpha less at 0",
            "false_discovery_change_strongest": (
                f"{_FALSE}, at reg_alpha of 10 rows less at 0"
            ),
            "recall_change_strongest": f"{_RECALL}, at reg_alpha of 10 rows less at 0",
        },
        options={
            "engine": Option("xgboost", "who grows the trees", choices=ENGINE_NAMES),
            "rounds": Option(100, "most boosting rounds", low=1, high=500),
            "patience": Option(10, "rounds without improvement to stop", 1, 500),
        },
        panels=(
            Panel(
                title="Features along reg_alpha",
                x="rows",
                x_label="reg_alpha, in rows",
                y_label="share",
                lines=_SHARES,
                x_log=True,
            ),
        ),
        by_engine=True,
        planted=True,
        objectives="squared_error or logistic",
    ),
}
