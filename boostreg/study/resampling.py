"""The rows that a study uses, those that its searches see, and its folds."""

import numpy as np

from boostreg.data import Splits, Table, make_splits
from boostreg.data.stored import LARGE
from boostreg.errors import StudyError
from boostreg.study.presets import Preset
from boostreg.study.spec import Folds, Holdout, Validation

__all__ = ["deal_rows", "default_outer", "default_searched", "default_used"]

_MAX_FOLDS = 20_000
"""Maximum number of folds over both levels: each is fitted by every trial."""
_MAX_FOLD_ROWS = 10**9
"""Maximum number of rows over all folds: each row number takes 8 bytes."""
_TESTED_SHARE = 0.2
"""Share of the rows of a large table that judge the models."""
_SEARCHED_VALUES = LARGE // 4
"""Values of the rows that a search of a large table sees."""
_FEWEST_ROWS = 50_000
"""Fewer rows are not drawn from a large table unless a study says so."""


def default_outer(table: Table, preset: Preset) -> Folds | Holdout:
    """Return the outer folds of a study that sets none.

    Repeats show how much a fit depends on its training rows, which matters with few
    rows. Folds that go forward in time, or deal out few groups, are the same each time.
    A large table has enough rows that one part of them judges as precisely as needed.
    """
    if table.X.size >= LARGE:
        return Holdout(holdout=_TESTED_SHARE)
    few_groups = table.groups is not None and len(np.unique(table.groups)) < 10
    fixed = table.time is not None or few_groups
    repeats = 1 if fixed else preset.repeats(table.n_samples)
    return Folds(folds=preset.outer_folds, repeats=repeats)


def default_used(table: Table, preset: Preset) -> int | None:
    """Return the rows that a study uses that sets none; None for all."""
    if preset.most_values is None or table.X.size <= preset.most_values:
        return None
    return max(preset.most_values // table.n_features, _FEWEST_ROWS)


def default_searched(table: Table) -> int | None:
    """Return the rows that each search of a study sees that sets none; None for all.

    A large table has so many rows that they have ``_SEARCHED_VALUES`` values, so that a
    fit of a search takes the same time for all of them.
    """
    if table.X.size < LARGE:
        return None
    return max(_SEARCHED_VALUES // table.n_features, _FEWEST_ROWS)


def deal_rows(
    table: Table,
    validation: Validation,
    seed: int,
    *,
    used: int | str | None,
    searched: int | str | None,
) -> Splits:
    """Return the folds of a study; ``used`` and ``searched`` are as its keys.

    Raises DataError if they are not possible, and StudyError if the folds alone would
    take minutes or exhaust memory.
    """
    outer, inner = validation.outer or Folds(), validation.inner
    n_used = min(used, table.n_samples) if isinstance(used, int) else table.n_samples
    _check_n_folds(outer, inner, n_used)
    return make_splits(
        table,
        outer=outer.as_dict(),
        inner=inner.as_dict(),
        seed=seed,
        used=n_used,
        searched=searched if isinstance(searched, int) else None,
    )


def _check_n_folds(outer: Folds | Holdout, inner: Folds, n_rows: int) -> None:
    """Raise StudyError if there are too many folds, or too many rows in them."""
    n_outer, n_inner = (
        level.folds * level.repeats if isinstance(level, Folds) else 1
        for level in (outer, inner)
    )
    n_folds = n_outer + (n_outer + 1) * n_inner
    maximum = min(_MAX_FOLDS, _MAX_FOLD_ROWS // n_rows)
    if n_folds > maximum:
        raise StudyError(
            f"{n_outer:,} outer folds with {n_inner:,} inner folds each, and "
            f"{n_inner:,} on all rows, are {n_folds:,} folds; the maximum for "
            f"{n_rows:,} rows is {maximum:,}. Use fewer folds or repeats."
        )
