"""Tables and folds: from a source to checked arrays and the rows of every fit."""

from boostreg.data.cells import Reading
from boostreg.data.columns import Column, apply_columns
from boostreg.data.files import FileColumns, expanded, file_facts
from boostreg.data.folds import (
    Fold,
    Inner,
    Splits,
    check_fold,
    make_folds,
    make_holdout,
    make_splits,
)
from boostreg.data.frames import as_matrix, as_table, as_values, is_frame, refuse_times
from boostreg.data.prepare import (
    check_offset,
    named_signs,
    planted_name,
    planted_table,
    planted_truth,
    prepare_table,
    with_class_weights,
)
from boostreg.data.rows import FeatureRows, leave_to_the_file
from boostreg.data.sources import is_named, open_source, read_rows, read_source
from boostreg.data.table import Table, Task, data_card

__all__ = [
    "Column",
    "FeatureRows",
    "FileColumns",
    "Fold",
    "Inner",
    "Reading",
    "Splits",
    "Table",
    "Task",
    "apply_columns",
    "as_matrix",
    "as_table",
    "as_values",
    "check_fold",
    "check_offset",
    "data_card",
    "expanded",
    "file_facts",
    "is_frame",
    "is_named",
    "leave_to_the_file",
    "make_folds",
    "make_holdout",
    "make_splits",
    "named_signs",
    "open_source",
    "planted_name",
    "planted_table",
    "planted_truth",
    "prepare_table",
    "read_rows",
    "read_source",
    "refuse_times",
    "with_class_weights",
]
