"""How rows are dealt to folds: by class, by group, or along time.

Random order is the order of uniform draws, which NumPy keeps from version to version;
its ``shuffle`` and ``permutation`` may change.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array, Indices, Mask
from boostreg.data.table import Table
from boostreg.errors import DataError

__all__ = [
    "Fold",
    "Inner",
    "Splits",
    "check_fold",
    "make_folds",
    "make_holdout",
    "make_splits",
]

Inner = int | Literal["searched", "rounds"] | None
"""Rows within an outer fold, or within all rows.

An inner fold by its number; ``searched``: train on the rows that the inner folds are
dealt from; ``rounds``: train on all rows but the test rows of the first inner fold, and
test on these; None: train on all rows. All but inner folds and ``rounds`` test on the
test rows of the outer fold.
"""


def _derived_seed(seed: int, *purpose: int | str | None) -> int:
    """Return the seed of one purpose: SHA-256 of both, equal on every platform."""
    digest = hashlib.sha256(json.dumps([seed, *purpose]).encode("ascii"))
    return int.from_bytes(digest.digest()[:16], "little")


def _shuffled_place(classes: Indices, seed: int) -> Indices:
    """Return each row's place in an order by class, random within a class.

    Rows dealt out like cards in this order make folds whose sizes, by class too, differ
    by at most 1: each class starts at the fold after the last one of the class before.
    """
    draws = np.random.default_rng(seed).random(len(classes))
    place = np.empty(len(classes), dtype=np.int64)
    place[np.lexsort((draws, classes))] = np.arange(len(classes))
    return place


def _draw_share(classes: Indices, share: float, seed: int) -> Mask:
    """Return which rows are among a random ``share``, within 1 row in each class."""
    n = len(classes)
    n_drawn = min(max(round(share * n), 1), n - 1)
    place = _shuffled_place(classes, seed)
    # Every n / n_drawn-th place in the order of classes, in whole numbers.
    drawn: Mask = (place + 1) * n_drawn // n > place * n_drawn // n
    return drawn


def _deal_groups(groups: Indices, classes: Indices, folds: int, seed: int) -> Indices:
    """Return the fold of each row, all rows of a group in one fold.

    Large groups first, random among groups of similar size, each to the fold that has
    the smallest share of its classes so far; between equals to the smaller fold.
    """
    group, label = _codes(groups), _codes(classes)
    counts = np.zeros((group.max() + 1, label.max() + 1))
    np.add.at(counts, (group, label), 1)
    if len(counts) < folds:
        raise DataError(
            f"{folds} folds need at least {folds} groups, got {len(counts)}; use fewer "
            "folds."
        )
    share = counts / counts.sum(axis=0)
    sizes = counts.sum(axis=1)
    filled = np.zeros((folds, counts.shape[1]))
    rows = np.zeros(folds)
    fold_of_group = np.empty(len(counts), dtype=np.int64)
    draws = np.random.default_rng(seed).random(len(counts))
    for number in np.lexsort((draws, -np.floor(np.log2(sizes)))):
        fold = np.lexsort((rows, (filled * share[number]).sum(axis=1)))[0]
        fold_of_group[number] = fold
        filled[fold] += share[number]
        rows[fold] += sizes[number]
    return fold_of_group[group]


def _draw_groups(groups: Indices, share: float, seed: int) -> Mask:
    """Return which rows belong to random groups with about ``share`` of all rows."""
    codes = _codes(groups)
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise DataError("a holdout needs at least 2 groups, got 1.")
    order = np.argsort(np.random.default_rng(seed).random(len(sizes)), kind="stable")
    filled = np.cumsum(sizes[order])
    n_drawn = 1 + int(np.argmin(np.abs(filled[:-1] - share * len(groups))))
    drawn: Mask = np.isin(codes, order[:n_drawn])
    return drawn


def _time_cuts(time: Array, shares: list[float]) -> list[float]:
    """Return the points in time that have nearest to each of ``shares`` before them.

    Both ascend. Ties are not split: a row at a cut comes after it, and rows lie before
    the first cut, between any two and after the last.
    """
    points, counts = np.unique(time, return_counts=True)
    if len(points) <= len(shares):
        raise DataError(
            f"{len(shares)} forward folds need at least {len(shares) + 1} different "
            f"points in time, got {len(points)}; use fewer folds."
        )
    before = np.cumsum(counts) - counts  # rows before each point
    cuts: list[float] = []
    first = 1
    for number, share in enumerate(shares):
        last = len(points) - (len(shares) - number)
        window = before[first : last + 1]
        chosen = first + int(np.argmin(np.abs(window - share * len(time))))
        cuts.append(float(points[chosen]))
        first = chosen + 1
    return cuts


def _codes(groups: Indices) -> Indices:
    return np.unique(groups, return_inverse=True)[1].reshape(-1).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Rows to train on and rows to judge by: positions in a table, ascending."""

    train: Indices
    test: Indices

    @property
    def fingerprint(self) -> str:
        """SHA-256 of both sets of rows, equal on every platform."""
        digest = hashlib.sha256(f"{len(self.train)};".encode())
        digest.update(self.train.astype("<i8").tobytes())
        digest.update(self.test.astype("<i8").tobytes())
        return digest.hexdigest()

    @property
    def ratio(self) -> float:
        """Test rows per training row."""
        return len(self.test) / len(self.train)


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """All folds of a study, in positions of the whole table.

    ``outer`` folds judge, ``inner`` ones choose: of each outer fold 0, 1, ... those of
    its training rows, of None those of all rows. ``searched`` has the rows that inner
    folds are dealt from, if they are not all training rows. ``used`` has the rows of
    all folds, if they are not all of the table.
    """

    n_samples: int
    outer: tuple[Fold, ...]
    inner: Mapping[int | None, tuple[Fold, ...]]
    searched: Mapping[int | None, Indices] = field(default_factory=dict)
    used: Indices | None = None

    @property
    def n_used(self) -> int:
        """Rows of all folds together."""
        return self.n_samples if self.used is None else len(self.used)

    @property
    def n_outer(self) -> int:
        """Outer folds, repeats included."""
        return len(self.outer)

    @property
    def n_inner(self) -> int:
        """Inner folds of each outer fold, repeats included."""
        return len(self.inner[None])

    @property
    def outer_ratio(self) -> float:
        """Mean of test rows per training row over the outer folds."""
        return float(np.mean([fold.ratio for fold in self.outer]))

    @property
    def inner_ratio(self) -> float:
        """The same over the inner folds of all rows."""
        return float(np.mean([fold.ratio for fold in self.inner[None]]))

    def searched_ratio(self, folds: Sequence[int]) -> float:
        """Mean of test rows per row that a search sees, over some outer folds."""
        train = [self.rows(fold, "searched")[0] for fold in folds]
        tests = [self.outer[fold].test for fold in folds]
        return float(
            np.mean([len(b) / len(a) for a, b in zip(train, tests, strict=True)])
        )

    def rows(self, outer: int | None, inner: Inner) -> tuple[Indices, Indices]:
        """Return the training and the test rows; see ``Inner``.

        With ``outer`` and ``inner`` None every used row trains, and none tests.
        """
        if isinstance(inner, int):
            fold = self.inner[outer][inner]
            return fold.train, fold.test
        if outer is None:
            train = self.used
            if train is None:
                train = np.arange(self.n_samples, dtype=np.int64)
            test = train[:0]
        else:
            train, test = self.outer[outer].train, self.outer[outer].test
        if inner == "searched":
            return self.searched.get(outer, train), test
        if inner == "rounds":
            held = self.inner[outer][0].test
            return np.delete(train, np.searchsorted(train, held)), held
        return train, test


def make_folds(
    table: Table, rows: ArrayLike, *, folds: int, repeats: int = 1, seed: int
) -> tuple[Fold, ...]:
    """Return ``folds * repeats`` folds of the positions ``rows`` of ``table``.

    Raises DataError if there are too few rows, groups, points in time or members of a
    class, or no model could be fitted on a part or judged by it.
    """
    index = np.sort(np.asarray(rows, dtype=np.int64))
    _check_counts(table, index, folds, repeats)
    if table.time is not None:
        shares = [number / (folds + 1) for number in range(1, folds + 1)]
        made = _forward(table, index, shares)
    else:
        made, classes = [], _classes(table, index)
        for repeat in range(repeats):
            drawing = _derived_seed(seed, repeat)
            if table.groups is None:
                numbers = _shuffled_place(classes, drawing) % folds
            else:
                numbers = _deal_groups(table.groups[index], classes, folds, drawing)
            made += [
                Fold(index[numbers != fold], index[numbers == fold])
                for fold in range(folds)
            ]
    return tuple(check_fold(table, fold) for fold in made)


def make_holdout(table: Table, rows: ArrayLike, *, share: float, seed: int) -> Fold:
    """Return one fold whose test has about ``share`` of ``rows``: the last in time.

    Raises DataError if ``share`` is not between 0 and 1, or as ``make_folds``.
    """
    index = np.sort(np.asarray(rows, dtype=np.int64))
    if not 0 < share < 1:
        raise DataError(f"holdout must be above 0 and below 1, got {share!r}.")
    if len(index) < 2:
        raise DataError(f"a holdout needs at least 2 rows, got {len(index)}.")
    if table.time is not None:
        return check_fold(table, _forward(table, index, [1 - share])[0])
    drawing = _derived_seed(seed, "holdout")
    if table.groups is not None:
        drawn = _draw_groups(table.groups[index], share, drawing)
    else:
        drawn = _draw_share(_classes(table, index), share, drawing)
    return check_fold(table, Fold(index[~drawn], index[drawn]))


def make_splits(  # noqa: PLR0913  one argument per key of a study
    table: Table,
    *,
    outer: Mapping[str, Any],
    inner: Mapping[str, Any],
    seed: int,
    used: int | None = None,
    searched: int | None = None,
) -> Splits:
    """Return all folds of a study.

    ``outer`` and ``inner`` are ``{"folds": int, "repeats": int}`` or ``{"holdout":
    float}``, as in ``validation``. Outer folds are dealt from all rows, or from
    ``used`` rows drawn from them; inner folds from all training rows of the outer fold,
    or from ``searched`` rows drawn from these: by class, or whole groups. A DataError
    names the level that is not possible.
    """
    every = np.arange(table.n_samples, dtype=np.int64)
    part = None
    if used is not None and used < table.n_samples:
        every = part = _drawn_rows(table, every, used, _derived_seed(seed, "used"))
    with _about("outer"):
        judging = _make(table, every, outer, _derived_seed(seed, "outer"))
    seen: dict[int | None, Indices] = {}
    choosing: dict[int | None, tuple[Fold, ...]] = {}
    parts: dict[int | None, Indices] = {k: f.train for k, f in enumerate(judging)}
    for number, rows in (parts | {None: every}).items():
        where = "on all rows, " if number is None else f"in outer fold {number}, "
        if searched is not None and searched < len(rows):
            where += f"of which a search sees {searched:,} rows, "
            drawing = _derived_seed(seed, "searched", number)
            seen[number] = _drawn_rows(table, rows, searched, drawing)
        with _about("inner", where):
            drawn = _derived_seed(seed, "inner", number)
            choosing[number] = _make(table, seen.get(number, rows), inner, drawn)
    return Splits(table.n_samples, judging, choosing, seen, part)


def _drawn_rows(table: Table, rows: Indices, n_rows: int, seed: int) -> Indices:
    """Return about ``n_rows`` random rows, in order: by class, or whole groups."""
    share = n_rows / len(rows)
    if table.groups is not None:
        return rows[_draw_groups(table.groups[rows], share, seed)]
    return rows[_draw_share(_classes(table, rows), share, seed)]


@contextmanager
def _about(level: str, part: str = "") -> Iterator[None]:
    """Add the level of a study's validation to errors raised in the block."""
    try:
        yield
    except DataError as error:
        raise DataError.at(level, text=f"{part}{error}") from error


def _make(
    table: Table, rows: Indices, plan: Mapping[str, Any], seed: int
) -> tuple[Fold, ...]:
    if plan.get("holdout") is not None:
        return (make_holdout(table, rows, share=plan["holdout"], seed=seed),)
    repeats = plan.get("repeats", 1)
    return make_folds(table, rows, folds=plan["folds"], repeats=repeats, seed=seed)


def _classes(table: Table, index: Indices) -> Indices:
    if table.task == "regression":
        return np.zeros(len(index), dtype=np.int64)
    return table.y[index].astype(np.int64)


def _forward(table: Table, index: Indices, shares: list[float]) -> list[Fold]:
    """Return a fold per share: rows before its cut train, those up to the next test."""
    time = np.asarray(table.time)[index]
    cuts = _time_cuts(time, shares)
    made = []
    for start, end in zip(cuts, [*cuts[1:], np.inf], strict=True):
        tested = (time >= start) & (time < end)
        trained = time < start
        if table.groups is not None:  # rows of a tested group must not train
            groups = table.groups[index]
            trained &= ~np.isin(groups, groups[tested])
        made.append(Fold(index[trained], index[tested]))
    return made


def _check_counts(table: Table, index: Indices, folds: int, repeats: int) -> None:
    if folds < 2 or repeats < 1:
        raise DataError(
            f"folds must be at least 2 and repeats at least 1, got {folds} and "
            f"{repeats}."
        )
    if len(index) < folds:
        raise DataError(
            f"{folds} folds need at least {folds} rows, got {len(index)}; use fewer "
            "folds."
        )
    if table.time is not None:
        if repeats > 1:
            raise DataError(
                f"repeats must be 1 if folds go forward in time (there is nothing "
                f"random to repeat), got {repeats}."
            )
        return
    counts = np.bincount(_classes(table, index), minlength=len(table.classes))
    for label, count in zip(table.classes, counts, strict=False):
        if count < folds:
            raise DataError(
                f"{folds} folds need at least {folds} rows of every class, but class "
                f"{label!r} of {table.target!r} has {count} of {len(index)} rows; use "
                f"fewer folds, or remove or merge the class."
            )


def check_fold(table: Table, fold: Fold) -> Fold:
    """Return ``fold`` if a model can be fitted on it and judged by it.

    Raises DataError if a part has no row of weight above 0, or those to train on lack a
    class or have one target.
    """
    for part, rows in (("training", fold.train), ("test", fold.test)):
        if not len(rows):
            raise DataError(f"a {part} part has no rows; use fewer folds.")
        if table.weights is not None and not table.weights[rows].any():
            raise DataError(
                f"a {part} part has no row of weight above 0; use fewer folds."
            )
    counted = fold.train
    if table.weights is not None:
        counted = counted[table.weights[counted] > 0]
    y = table.y[counted]
    if table.task == "regression" and len(y) > 1 and y.min() == y.max():
        raise DataError(
            f"target {table.target!r} is {float(y[0])!r} in all {len(y)} rows of a "
            "training part, so nothing can be learned there; use fewer folds or other "
            "groups."
        )
    present = np.bincount(_classes(table, counted), minlength=len(table.classes))
    for label, count in zip(table.classes, present, strict=False):
        if not count:
            raise DataError(
                f"class {label!r} of {table.target!r} is missing from a training part "
                f"of {len(fold.train)} rows; use fewer folds, or remove or merge the "
                "class."
            )
    return fold
