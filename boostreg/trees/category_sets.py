"""Sets of categories, compared and searched all at once."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from boostreg.trees.structure import Forest

__all__ = ["SPAN", "list_members", "split_keys"]

SPAN = np.int64(2**31)
"""Above every category: ``set * SPAN + category`` is a number for each member."""


def list_members(trees: Forest) -> NDArray[np.int64]:
    """Return all members of all sets as ``set * SPAN + category``, sorted."""
    owner = np.repeat(np.arange(len(trees.members_left)), np.diff(trees.set_offsets))
    return np.sort(owner * SPAN + trees.categories)


def split_keys(trees: Forest) -> NDArray[np.float64]:
    """Return a number for each node that is equal where thresholds are.

    Equal category sets get an equal number; no threshold shares it, as no engine tests
    a column both ways.
    """
    if not len(trees.members_left):
        return trees.threshold
    numbers: dict[bytes, int] = {}
    members = list_members(trees) % SPAN
    keys = [
        numbers.setdefault(members[start:end].tobytes(), len(numbers))
        for start, end in pairwise(trees.set_offsets)
    ]
    known = np.append(np.array(keys, dtype=np.float64), np.nan)
    return np.where(trees.set_index >= 0, known[trees.set_index], trees.threshold)
