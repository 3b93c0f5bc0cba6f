"""Which way a penalty grows stronger, and from which value it is counted."""

from collections.abc import Iterable

__all__ = ["FALLING", "by_strength", "least_of"]

FALLING = (
    "max_leaves",
    "max_depth",
    "max_delta_step",
    "subsample",
    "colsample_bytree",
    "learning_rate",
)
"""Penalties that are the stronger the smaller they are; 0 is no limit where they may
be 0."""

_CAPACITY = ("max_leaves", "max_depth")
_IDLE_AT_ONE = ("min_child_samples", "subsample", "colsample_bytree", "learning_rate")


def least_of(name: str, high: float) -> float:
    """Return the value of a penalty at which it does nothing, or least.

    That of ``max_leaves`` and ``max_depth`` is the largest value of their range: trees
    without any limit are no model that one would use.

    Parameters
    ----------
    name : str
    high : float
        Largest value of the range that is looked at.

    Examples
    --------
    >>> least_of("reg_alpha", 5.0), least_of("subsample", 0.9), least_of("max_depth", 8)
    (0.0, 1.0, 8)
    """
    if name in _CAPACITY:
        return high
    return 1.0 if name in _IDLE_AT_ONE else 0.0


def by_strength(name: str, values: Iterable[float]) -> list[float]:
    """Return values of a penalty without repetition, the stronger the later.

    >>> by_strength("max_leaves", [4, 64, 8]), by_strength("max_delta_step", [1, 0, 9])
    ([64, 8, 4], [0, 9, 1])
    """
    falls = name in FALLING
    rising = sorted(set(values), reverse=falls)
    return [v for v in rising if v == 0] + [v for v in rising if v != 0]
