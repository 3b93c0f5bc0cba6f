"""Ranges of penalties, with a mass at exactly zero and conditions on each other.

A range is a quantile function of a share in [0, 1]. Shares below ``zero`` give 0,
the others are spread over [low, high], evenly or evenly in the logarithm. So every
sampler that knows the unit cube also knows that 0 is a candidate.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boostreg.errors import PenaltyError
from boostreg.penalty.value import Penalty, Scale

__all__ = ["WHOLE", "Condition", "Range", "acting", "corners", "drawn"]

WHOLE = ("min_child_samples", "max_leaves", "max_depth")
"""Penalties that are counts: their ranges draw whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Another penalty lies strictly above, or below, a value.

    Attributes
    ----------
    name : str
        The other penalty.
    above, below : float, optional
        At least one of them.

    Raises
    ------
    PenaltyError
        If no value can fulfil it.

    Examples
    --------
    >>> Condition(name="max_leaves", above=8).holds({"max_leaves": 9})
    True
    """

    name: str
    above: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        if self.above is None and self.below is None:
            raise PenaltyError(f"a condition on {self.name} needs above or below.")
        if self._low >= self._high:
            raise PenaltyError(
                f"above must be less than below, got {self.above!r} and {self.below!r}."
            )

    def holds(self, values: Mapping[str, float]) -> bool:
        """Say whether it holds for these values, by penalty."""
        return self._low < values[self.name] < self._high

    @property
    def _low(self) -> float:
        return -math.inf if self.above is None else self.above

    @property
    def _high(self) -> float:
        return math.inf if self.below is None else self.below


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values of one penalty: 0 with probability ``zero``, else in [low, high].

    Attributes
    ----------
    low, high : float
        Least and largest value apart from 0, both included.
    log : bool
        Spread evenly in the logarithm.
    zero : float
        Probability of exactly 0, in [0, 1).
    whole : bool
        Draw whole numbers.
    when : Condition, optional
        Where it does not hold, the penalty has our default instead.

    Raises
    ------
    PenaltyError
        If the range is empty, or has no logarithm.

    Examples
    --------
    >>> Range(low=1, high=100, log=True, zero=0.5).quantile(0.75)
    10.0
    """

    low: float
    high: float
    log: bool = False
    zero: float = 0.0
    whole: bool = False
    when: "Condition | None" = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise PenaltyError(
                f"low and high must be finite, got {self.low!r} and {self.high!r}."
            )
        if self.low >= self.high:
            raise PenaltyError(
                f"low must be below high, got {self.low!r} and {self.high!r}."
            )
        if self.log and self.low <= 0:
            raise PenaltyError(f"low must be above 0 where log, got {self.low!r}.")
        if not 0 <= self.zero < 1:
            raise PenaltyError(
                f"zero must be at least 0 and below 1, got {self.zero!r}."
            )

    def quantile(self, share: float) -> float | int:
        """Return the value below which ``share`` of the draws lie."""
        if share < self.zero:
            return 0.0
        rest = (share - self.zero) / (1 - self.zero)
        low, high = self._edges()
        value = low * (high / low) ** rest if self.log else low + (high - low) * rest
        if self.whole:
            return int(min(max(math.floor(value + 0.5), self.low), self.high))
        return min(max(value, self.low), self.high)

    def share(self, value: float) -> float:
        """Return a share whose quantile is ``value``; 0 gets the middle of its mass."""
        if value == 0 and self.zero:
            return self.zero / 2
        low, high = self._edges()
        if self.log:
            rest = math.log(value / low) / math.log(high / low)
        else:
            rest = (value - low) / (high - low)
        return self.zero + (1 - self.zero) * min(max(rest, 0.0), 1.0)

    def contains(self, value: float | None) -> bool:
        """Say whether ``value`` can be drawn; None, for no limit, never can."""
        if value is None:
            return False
        return (value == 0 and self.zero > 0) or self.low <= value <= self.high

    def _edges(self) -> tuple[float, float]:
        # Half a step beyond both ends, so that each whole number is equally likely.
        half = 0.5 if self.whole else 0.0
        return self.low - half, self.high + half


def drawn(
    ranges: Mapping[str, Range], shares: Mapping[str, float]
) -> dict[str, float | int]:
    """Return the values at these shares, without those whose condition fails.

    >>> gain = Condition(name="max_leaves", above=8)
    >>> ranges = {
    ...     "max_leaves": Range(low=4, high=12, whole=True),
    ...     "min_split_gain": Range(low=0, high=2, when=gain),
    ... }
    >>> drawn(ranges, {"max_leaves": 0.1, "min_split_gain": 0.5})
    {'max_leaves': 4}
    """
    return acting(ranges, {n: ranges[n].quantile(share) for n, share in shares.items()})


def acting(
    ranges: Mapping[str, Range], values: Mapping[str, float | int]
) -> dict[str, float | int]:
    """Return those of the values whose condition holds, or that have none."""
    return {
        name: value
        for name, value in values.items()
        if (when := ranges[name].when) is None or when.holds(values)
    }


def corners(
    ranges: Mapping[str, Range], fixed: Mapping[str, Any], scale: Scale = "raw"
) -> tuple[Penalty, Penalty]:
    """Return the penalties at the lower and at the upper end of all ranges."""
    lower, upper = (
        {name: entry.quantile(share) for name, entry in ranges.items()}
        for share in (0.0, 1.0)
    )
    given = dict(fixed)
    return (
        Penalty(**(given | lower), scale=scale),
        Penalty(**(given | upper), scale=scale),
    )
