"""Tables and folds: from a source to checked arrays and the rows of every fit."""

from boostreg.data.card import data_card
from boostreg.data.cells import MISSING_WORDS, Reading
from boostreg.data.columns import Column, apply_columns
from boostreg.data.folds import (
    Fold,
    Splits,
    check_fold,
    make_folds,
    make_holdout,
    make_splits,
)
from boostreg.data.frames import (
    as_matrix,
    as_table,
    as_values,
    is_frame,
    refuse_times,
)
from boostreg.data.monotone import named_signs
from boostreg.data.planted import planted_name, planted_table, planted_truth
from boostreg.data.prepare import prepare_table
from boostreg.data.sources import read_rows, read_source
from boostreg.data.table import Table, Task
from boostreg.data.weighting import with_class_weights

__all__ = [
    "MISSING_WORDS",
    "Column",
    "Fold",
    "Reading",
    "Splits",
    "Table",
    "Task",
    "apply_columns",
    "as_matrix",
    "as_table",
    "as_values",
    "check_fold",
    "data_card",
    "is_frame",
    "make_folds",
    "make_holdout",
    "make_splits",
    "named_signs",
    "planted_name",
    "planted_table",
    "planted_truth",
    "prepare_table",
    "read_rows",
    "read_source",
    "refuse_times",
    "with_class_weights",
]
