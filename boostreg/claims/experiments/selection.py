r"""Feature selection by L1 on synthetic data with known informative features.

The *false discovery* share is the share of used features that are not informative;
*recall* is the share of informative features that are used. A lasso finds the truth
reliably only if other features are not too correlated with it [1]_, and the strength
that predicts best keeps too many features [2]_. It keeps at most as many features as
there are rows [3]_, so that with fewer rows it may drop features that matter. A tree
ensemble uses a feature if a
split tests it; ``reg_alpha`` sets leaves to zero, not features.

Strengths are selected on training rows only.

References
----------
.. [1] P. Zhao, B. Yu. "On Model Selection Consistency of Lasso". JMLR 7, 2006.
   https://www.jmlr.org/papers/v7/zhao06a.html
.. [2] N. Meinshausen, P. Buehlmann. "High-Dimensional Graphs and Variable Selection
   with the Lasso". The Annals of Statistics 34(3), 2006. doi:10.1214/009053606000000281
.. [3] R. J. Tibshirani. "The Lasso Problem and Uniqueness". Electronic Journal of
   Statistics 7, 2013. doi:10.1214/13-EJS815
"""

from dataclasses import replace

import numpy as np

from boostreg.arrays import Mask
from boostreg.claims.experiments.base import (
    ENGINE,
    ROWS,
    Measured,
    Option,
    Options,
    Sample,
    along_rows,
    along_strength,
    procedure,
    rounds_option,
)
from boostreg.claims.experiments.coefficients import Linear, coefficients
from boostreg.claims.experiments.grown import Grower

__all__ = ["lasso_selection", "tree_selection", "wide_selection"]

_STRONG = ROWS.index(10.0)
_JUDGING = 0.25
_LINES = {"recall": "recall", "false_discovery": "false discovery"}
_LASSO = "the lasso of minimum inner loss"
_RECALL = "share of the true features that some split tests"
_FALSE = "share of the features tested by splits that are not true ones"


def _truth(sample: Sample) -> Mask:
    informative = (sample.truth or {})["informative"]
    return np.isin(np.arange(sample.X.shape[1]), informative)


def _recall(chosen: Mask, true: Mask) -> float:
    count = float(np.sum(true))
    return float(np.sum(chosen & true)) / count if count else float("nan")


def _false_discovery(chosen: Mask, true: Mask) -> float:
    """Return the share of chosen features outside the truth; 0 where none is chosen."""
    count = float(np.sum(chosen))
    return float(np.sum(chosen & ~true)) / count if count else 0.0


@procedure(
    {
        "recall": f"share of the true features that {_LASSO} keeps",
        "false_discovery": (
            f"share of the features kept by {_LASSO} that are not true ones"
        ),
        "chosen": f"features that {_LASSO} keeps",
        "recall_at_true_size": (
            "share of the true features kept by the lasso that keeps as many as "
            "the truth has"
        ),
        "recall_of_largest_ridge": (
            "share of the true features among the largest coefficients of ridge, as "
            "many as the truth has"
        ),
    },
    panels=(along_strength("Features along the lasso path", "share", "share", _LINES),),
    planted=True,
)
def lasso_selection(sample: Sample, options: Options) -> Measured:
    """Compare the features that a lasso keeps with those that matter.

    The strengths are the one with the lowest inner loss and the one with as many
    features as the truth. Ridge drops no feature: its largest coefficients are used, as
    many as the truth has.
    """
    del options
    linear, true = Linear.of(sample), _truth(sample)
    grid = linear.grid(1.0)
    chosen = coefficients(linear.path(grid, 1.0)) != 0
    best = chosen[linear.choose(1.0, sample.seed)]
    size = int(np.sum(true))
    sized = chosen[np.argmin(np.abs(chosen.sum(axis=1) - size))]
    ridge = coefficients(linear.path(linear.grid(0.0), 0.0))
    largest = np.argsort(np.abs(ridge[linear.choose(0.0, sample.seed)]))[::-1]
    top = np.isin(np.arange(len(true)), largest[:size])
    return Measured.of(
        {
            "recall": _recall(best, true),
            "false_discovery": _false_discovery(best, true),
            "chosen": np.sum(best),
            "recall_at_true_size": _recall(sized, true),
            "recall_of_largest_ridge": _recall(top, true),
        },
        {
            "share": grid[::-1] / grid[0],
            "recall": [_recall(one, true) for one in chosen[::-1]],
            "false_discovery": [_false_discovery(one, true) for one in chosen[::-1]],
        },
    )


@procedure(
    {
        "recall": f"{_RECALL}, at the best reg_alpha",
        "false_discovery": f"{_FALSE}, at the best reg_alpha",
        "chosen": "features that some split tests, at the best reg_alpha",
        "recall_change": f"{_RECALL}, at the best reg_alpha minus at 0",
        "false_discovery_change": f"{_FALSE}, at the best reg_alpha minus at 0",
        "recall_change_strongest": f"{_RECALL}, at reg_alpha of 10 rows minus at 0",
        "false_discovery_change_strongest": (
            f"{_FALSE}, at reg_alpha of 10 rows minus at 0"
        ),
    },
    options={
        "engine": ENGINE,
        "rounds": rounds_option(100),
        "patience": Option(10, "rounds without improvement to stop", 1, 500),
    },
    panels=(
        along_rows(
            "Features along reg_alpha", "share", _LINES, x_label="reg_alpha, in rows"
        ),
    ),
    planted=True,
)
def tree_selection(sample: Sample, options: Options) -> Measured:
    """Compare the features that an ensemble's splits test with those that matter.

    A part of the training rows is used for early stopping and to select ``reg_alpha``.
    """
    true, rounds = _truth(sample), int(options["rounds"])
    order = np.random.default_rng(sample.seed).permutation(len(sample.y))
    judge, train = np.split(order, [round(_JUDGING * len(order))])
    X, y = sample.X, sample.y
    inner = replace(sample, X=X[train], y=y[train], X_new=X[judge], y_new=y[judge])
    grower = Grower.of(inner, options)
    grown = [
        grower.grow(rounds, patience=int(options["patience"]), reg_alpha=rows)
        for rows in ROWS
    ]
    used = [np.isin(np.arange(len(true)), one.trees.feature) for one in grown]
    best = int(np.argmin([one.new_loss for one in grown]))
    recall = [_recall(one, true) for one in used]
    false = [_false_discovery(one, true) for one in used]
    return Measured.of(
        {
            "recall": recall[best],
            "false_discovery": false[best],
            "chosen": np.sum(used[best]),
            "recall_change": recall[best] - recall[0],
            "false_discovery_change": false[best] - false[0],
            "recall_change_strongest": recall[_STRONG] - recall[0],
            "false_discovery_change_strongest": false[_STRONG] - false[0],
        },
        {"rows": ROWS, "recall": recall, "false_discovery": false},
    )


@procedure(
    {
        name: f"with fewer rows: {words}"
        for name, words in lasso_selection.measures.items()
    },
    options={"rows": Option(30, "training rows", low=10, high=100_000)},
    panels=lasso_selection.panels,
    planted=True,
)
def wide_selection(sample: Sample, options: Options) -> Measured:
    """Compare the features that a lasso keeps with those that matter, on few rows."""
    rows = slice(int(options["rows"]))
    few = replace(sample, X=sample.X[rows], y=sample.y[rows])
    return lasso_selection.run(few, {})
