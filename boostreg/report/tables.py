"""The tables of a run: a row per trial, fit, fold of a path, and row that judges."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.changes import Judges
from boostreg.effects.effects import plain_size
from boostreg.penalty import Penalty
from boostreg.report.comparisons import judged_models
from boostreg.report.measures import predicted_values
from boostreg.report.records import RunRecord
from boostreg.trees import SIZES
from boostreg.tuning.trial import trial_row

__all__ = [
    "FIT_COLUMNS", "LOSS_COLUMNS", "PATH_COLUMNS", "PREDICTION_COLUMNS",
    "TRIAL_COLUMNS", "fit_table", "loss_table", "path_table", "prediction_table",
    "trial_table",
]  # fmt: skip

_SIZE_COLUMNS = tuple(name.removeprefix("n_") for name in SIZES)
_PENALTY_COLUMNS = tuple(Penalty().as_dict())
TRIAL_COLUMNS = (
    "engine", "outer_fold", "trial", "state", "rounds", "loss", "loss_se", "train_loss",
    *_SIZE_COLUMNS, "seconds", *_PENALTY_COLUMNS, "reason",
)  # fmt: skip
FIT_COLUMNS = (
    "engine", "outer_fold", "trial", "inner_fold", "rounds", "loss", "train_loss",
    *_SIZE_COLUMNS, "seconds", *_PENALTY_COLUMNS,
)  # fmt: skip
PATH_COLUMNS = (
    "engine", "penalty", "anchor", "reading", "point", "value", "outer_fold",
    "inner_fold", "rounds", "loss", "train_loss", *_SIZE_COLUMNS, "seconds",
)  # fmt: skip

LOSS_COLUMNS = ("outer_fold", "row", "weight")
"""Columns of every ``losses.csv``; a group, if rows have one, and models follow."""
PREDICTION_COLUMNS = (*LOSS_COLUMNS, "target")
"""Columns of every ``predictions.csv``; models follow."""


def trial_table(record: RunRecord) -> list[dict[str, Any]]:
    """Return the rows of ``trials.csv``."""
    return [
        {
            "outer_fold": "all" if fold is None else fold,
            **trial_row(trial),
        }
        for engine in record.engines.values()
        for fold, tuned in engine.tuned.items()
        for trial in tuned.trials
    ]


Lines = Iterator[Sequence[object]]
"""Rows of a table that has a row per row of the data, made while they are written."""


def loss_table(record: RunRecord) -> tuple[list[str], Lines]:
    """Return head and rows of ``losses.csv``: a row per test row of an outer fold.

    After the fold come the row's place in the table, its weight, its group where rows
    have groups, and its loss under every model that was judged.
    """
    judged, judges = judged_models(record), record.judges
    grouped = ["group"] if judges.groups is not None else []
    return [*LOSS_COLUMNS, *grouped, *judged], chain.from_iterable(
        _loss_rows(judges, fold, [one.row_losses[fold] for one in judged.values()])
        for fold in range(len(judges.rows))
    )


def _loss_rows(judges: Judges, fold: int, losses: Sequence[Array]) -> Lines:
    rows, weights = judges.rows[fold], judges.weights[fold]
    columns: list[NDArray[Any]] = [
        np.full(len(rows), fold),
        rows,
        np.ones(len(rows)) if weights is None else weights,
    ]
    if judges.groups is not None:
        columns.append(judges.groups[rows])
    columns += losses
    for start in range(0, len(rows), _AT_ONCE):
        parts = (one[start : start + _AT_ONCE].tolist() for one in columns)
        yield from zip(*parts, strict=True)


_AT_ONCE = 65536
"""Rows that are Python numbers at the same time."""


def prediction_table(record: RunRecord) -> tuple[list[str], Lines]:
    """Return head and rows of ``predictions.csv``: a row per test row of an outer fold.

    After the fold come the row's place in the table, its weight, its target, and what
    every model that was judged predicts: a number, or a probability for each class.
    """
    labels = record.card["class_labels"]
    judged = judged_models(record)
    values = [predicted_values(record, one) for one in judged.values()]
    head = list(PREDICTION_COLUMNS)
    for name in judged:
        head += [f"{name} probability_{label}" for label in labels] or [name]
    return head, chain.from_iterable(
        _predicted_rows(record, fold, [one[fold] for one in values])
        for fold in range(len(record.judges.rows))
    )


def _predicted_rows(record: RunRecord, fold: int, values: Sequence[Array]) -> Lines:
    rows, weights = record.judges.rows[fold], record.judges.weights[fold]
    labels, y = record.card["class_labels"], record.y[rows]
    numbers = np.column_stack(values)
    for place, row in enumerate(map(int, rows)):
        weight = 1.0 if weights is None else float(weights[place])
        target = labels[int(y[place])] if labels else float(y[place])
        yield fold, row, weight, target, *numbers[place].tolist()


def fit_table(record: RunRecord) -> list[dict[str, Any]]:
    """Return the rows of ``fits.csv``: one per inner fold of a trial."""
    return [
        {
            "engine": engine.name,
            "outer_fold": "all" if outer is None else outer,
            "trial": trial.number,
            "inner_fold": fold.inner,
            "rounds": fold.n_rounds,
            "loss": fold.valid_loss,
            "train_loss": fold.train_loss,
            "seconds": fold.seconds,
            **plain_size(fold.size),
            **trial.penalty.as_dict(),
        }
        for engine in record.engines.values()
        for outer, tuned in engine.tuned.items()
        for trial in tuned.trials
        for fold in trial.folds
    ]


def path_table(record: RunRecord) -> list[dict[str, object]]:
    """Return the rows of ``paths.csv``."""
    return [row.as_dict() for row in record.paths]
