"""Trees without a split under each penalty, which a study's paths do not count (B5).

All ensembles have the same number of rounds. XGBoost keeps a tree without a split as
one leaf and goes on; LightGBM ends there, so every later round counts as one without a
split too: it would find none either.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from boostreg.insight.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
)
from boostreg.insight.experiments.grown import ENGINE_NAMES, Grower

__all__ = ["PROCEDURES", "unsplit_trees"]

_ROWS = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_PENALTIES = {"l1": "reg_alpha", "l2": "reg_lambda", "gain": "min_split_gain"}


def unsplit_trees(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Count trees without a split along each penalty."""
    grower, rounds = Grower.of(sample, options), int(options["rounds"])

    def share(penalty: str, rows: float) -> float:
        changes: dict[str, Any] = {penalty: rows}
        trees = grower.grow(rounds, **changes).trees
        split = np.count_nonzero(np.diff(trees.tree_offsets) > 1)
        return 1 - float(split) / rounds

    strength, free = float(options["strength"]), share("reg_alpha", 0.0)
    values = {"unpenalised": free}
    series: dict[str, tuple[float, ...]] = {"rows": _ROWS}
    for name, penalty in _PENALTIES.items():
        values[f"{name}_change"] = share(penalty, strength) - free
        series[name] = tuple(share(penalty, rows) for rows in _ROWS)
    return Measured(values, series)


PROCEDURES: Mapping[str, Procedure] = {
    "unsplit_trees": Procedure(
        run=unsplit_trees,
        words="Trees without a split along each penalty, at equal rounds.",
        measures={
            "unpenalised": "share of trees without a split under no penalty",
            **{
                f"{name}_change": (
                    f"share of trees without a split under {penalty}, less that under "
                    "no penalty"
                )
                for name, penalty in _PENALTIES.items()
            },
        },
        options={
            "engine": Option("xgboost", "who grows the trees", choices=ENGINE_NAMES),
            "rounds": Option(50, "boosting rounds", low=1, high=500),
            "strength": Option(10.0, "the penalty, in rows", low=0.0, high=1e6),
        },
        panels=(
            Panel(
                title="Trees without a split along each penalty",
                x="rows",
                x_label="penalty, in rows",
                y_label="share of trees",
                lines=_PENALTIES,
                x_log=True,
            ),
        ),
        by_engine=True,
        objectives="squared_error or logistic",
    ),
}
