"""May two runs be paired fold by fold: the same rows, the same folds, the same loss."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boostreg.report.sections.tables import plain
from boostreg.report.sections.words import dig, number

__all__ = ["Match", "match_runs"]

Results = Mapping[str, Any]

# Where each condition is read, and its words.
_DATA = (("rows and columns", ("data", "fingerprint")),)
_FOLDS = (
    ("seed", ("study", "seed")),
    ("outer folds", ("study", "validation", "outer")),
    ("task", ("data", "task")),
    ("groups", ("study", "data", "groups")),
    ("time", ("study", "data", "time")),
)
_LOSS = (
    ("loss", ("data", "loss")),
    ("objective", ("data", "objective")),
    ("its parameter", ("data", "objective_parameter")),
    ("row weights", ("study", "data", "weights")),
    ("class weights", ("study", "data", "class_weights")),
)


@dataclass(frozen=True, slots=True)
class Match:
    """What agrees between two runs.

    Attributes
    ----------
    data, folds, loss : tuple of str
        A sentence on each difference; empty where all agrees.
    ratio : float
        Test rows by training rows of an outer fold.
    """

    data: tuple[str, ...]
    folds: tuple[str, ...]
    loss: tuple[str, ...]
    ratio: float

    @property
    def flags(self) -> list[str]:
        """All that forbids a paired interval."""
        return [*self.data, *self.folds, *self.loss]

    @property
    def paired(self) -> bool:
        """Fold k of one run judges on the rows, and by the loss, of the other's."""
        return not self.flags


def match_runs(a: Results, b: Results) -> Match:
    """Return whether the losses of two runs may be paired, and if not, why.

    Folds are drawn from the rows, the task and the seed alone, so equal settings on
    equal rows give equal folds; the data's fingerprint says whether rows are equal.
    """
    return Match(
        data=tuple(_differences("The data differ", _DATA, a, b, show=False)),
        folds=tuple(_differences("The outer folds differ", _FOLDS, a, b)),
        loss=tuple(_differences("The losses differ", _LOSS, a, b)),
        ratio=_ratio(a),
    )


def _differences(
    head: str,
    conditions: tuple[tuple[str, tuple[str, ...]], ...],
    a: Results,
    b: Results,
    *,
    show: bool = True,
) -> Iterator[str]:
    for words, keys in conditions:
        left, right = dig(a, *keys), dig(b, *keys)
        if left != right:
            values = f" {plain(left)} in A, {plain(right)} in B" if show else ""
            yield f"{head}: {words}{values or ' are not the same'}."


def _ratio(results: Results) -> float:
    ratio, folds = (
        number(dig(results, "outer_ratio")),
        number(dig(results, "study", "validation", "outer", "folds")),
    )
    if ratio is not None:
        return ratio
    # Forward in time each fold trains on fewer rows: the mean was not stored then.
    forward = dig(results, "study", "data", "time") is not None
    return math.nan if folds is None or forward else 1 / (folds - 1)
