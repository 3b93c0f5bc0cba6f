"""How rows are dealt to folds: by class, by group, or along time.

Everything here works on positions 0..n-1 and knows nothing of tables. Random order
is the order of uniform draws, which NumPy keeps from version to version; its
``shuffle`` and ``permutation`` may change.
"""

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import DataError

__all__ = [
    "deal",
    "deal_groups",
    "derived_seed",
    "draw_groups",
    "draw_share",
    "time_cuts",
]

Indices = NDArray[np.int64]


def derived_seed(seed: int, *purpose: int | str | None) -> int:
    """Return the seed of one purpose: SHA-256 of both, equal on every platform."""
    digest = hashlib.sha256(json.dumps([seed, *purpose]).encode("ascii"))
    return int.from_bytes(digest.digest()[:16], "little")


def deal(classes: Indices, folds: int, seed: int) -> Indices:
    """Return the fold of each row; fold sizes, of each class too, differ by 1 at most.

    Rows in random order within their class are dealt out like cards, and each class
    goes on where the one before it stopped.
    """
    return _shuffled_place(classes, seed) % folds


def draw_share(classes: Indices, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which rows are among a random ``share``, equal in each class to 1 row."""
    n_drawn = _whole_share(len(classes), share)
    place = _shuffled_place(classes, seed)
    # Every n / n_drawn-th place in the order of classes, in whole numbers.
    drawn: NDArray[np.bool_] = (place + 1) * n_drawn // len(
        classes
    ) > place * n_drawn // len(classes)
    return drawn


def deal_groups(groups: Indices, classes: Indices, folds: int, seed: int) -> Indices:
    """Return the fold of each row, all rows of a group in one fold.

    Large groups first, random among groups of like size, each to the fold that has
    least of its classes so far; between equals to the smaller fold.
    """
    counts = _group_counts(groups, classes)
    if len(counts) < folds:
        raise DataError(
            f"{folds} folds need at least {folds} groups, got {len(counts)}."
        )
    share = counts / counts.sum(axis=0)
    sizes = counts.sum(axis=1)
    filled = np.zeros((folds, counts.shape[1]))
    rows = np.zeros(folds)
    fold_of_group = np.empty(len(counts), dtype=np.int64)
    draws = np.random.default_rng(seed).random(len(counts))
    for group in np.lexsort((draws, -np.floor(np.log2(sizes)))):
        fold = np.lexsort((rows, (filled * share[group]).sum(axis=1)))[0]
        fold_of_group[group] = fold
        filled[fold] += share[group]
        rows[fold] += sizes[group]
    return fold_of_group[_codes(groups)]


def draw_groups(groups: Indices, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which rows are among random groups that hold about ``share`` of them."""
    sizes = np.bincount(_codes(groups))
    if len(sizes) < 2:
        raise DataError("a holdout needs at least 2 groups, got 1.")
    order = np.argsort(np.random.default_rng(seed).random(len(sizes)), kind="stable")
    filled = np.cumsum(sizes[order])
    n_drawn = 1 + int(np.argmin(np.abs(filled[:-1] - share * len(groups))))
    drawn: NDArray[np.bool_] = np.isin(_codes(groups), order[:n_drawn])
    return drawn


def time_cuts(time: NDArray[np.float64], shares: list[float]) -> list[float]:
    """Return the points in time that each have nearest to a given share before them.

    Parameters
    ----------
    time : ndarray of shape (n_samples,)
        Ties are not split: a row at a cut comes after it.
    shares : list of float
        Ascending, above 0 and below 1.

    Returns
    -------
    list of float
        Strictly ascending; rows lie before the first, between any two and after the
        last.
    """
    points, counts = np.unique(time, return_counts=True)
    if len(points) <= len(shares):
        raise DataError(
            f"{len(shares)} forward folds need at least {len(shares) + 1} different "
            f"points in time, got {len(points)}."
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


def _whole_share(n: int, share: float) -> int:
    return min(max(round(share * n), 1), n - 1)


def _shuffled_place(classes: Indices, seed: int) -> Indices:
    """Return each row's place in an order by class, random within a class."""
    draws = np.random.default_rng(seed).random(len(classes))
    place = np.empty(len(classes), dtype=np.int64)
    place[np.lexsort((draws, classes))] = np.arange(len(classes))
    return place


def _codes(groups: Indices) -> Indices:
    return np.unique(groups, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _group_counts(groups: Indices, classes: Indices) -> NDArray[np.float64]:
    """Return rows of each group and class, shape (n_groups, n_classes)."""
    group, label = _codes(groups), _codes(classes)
    counts = np.zeros((group.max() + 1, label.max() + 1))
    np.add.at(counts, (group, label), 1)
    return counts
