"""Class weights: a factor on the row weights of each class."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from boostreg.data.table import Table
from boostreg.errors import DataError

__all__ = ["with_class_weights"]


def with_class_weights(table: Table, given: str | Mapping[str, float] | None) -> Table:
    """Return the table with row weights multiplied by those of their classes.

    Class weights are a part of what the loss is, so they are the same in training and
    in judging, and are counted once, on all rows.

    Parameters
    ----------
    table : Table
    given : "balanced", mapping of str to float or None
        ``balanced``: rows / (classes * rows of the class); else a factor for each
        class that is named, 1 for the others.

    Raises
    ------
    DataError
        If the task has no classes, or a class is not there.
    """
    if given is None:
        return table
    if not table.classes:
        raise DataError(
            "data.class_weights: a regression target has no classes; leave it out."
        )
    codes = table.y.astype(int)
    if isinstance(given, Mapping):
        factors = _named(table.classes, given)
    else:
        counts = np.bincount(codes, minlength=len(table.classes))
        factors = table.n_samples / (len(table.classes) * counts)
    rows = np.ones(table.n_samples) if table.weights is None else table.weights
    return replace(table, weights=rows * factors[codes])


def _named(classes: tuple[str, ...], given: Mapping[str, float]) -> np.ndarray:
    texts = {str(label): factor for label, factor in given.items()}
    if unknown := [label for label in texts if label not in classes]:
        raise DataError(
            f"data.class_weights: class {unknown[0]!r} is not in the target, which has "
            f"{', '.join(classes)}."
        )
    return np.array([texts.get(label, 1.0) for label in classes])
