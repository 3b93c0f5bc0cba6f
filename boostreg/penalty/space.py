"""Ranges of penalties, with a mass at exactly zero and conditions on each other.

A range is a quantile function of a share in [0, 1]. Shares below ``zero`` give 0,
the others are spread over [low, high], evenly or evenly in the logarithm. So every
sampler that knows the unit cube also knows that 0 is a candidate.
"""

import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from math import isfinite
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.errors import PenaltyError
from boostreg.penalty.priors import is_prior, prior_value
from boostreg.penalty.shipped import read_shipped, space_names
from boostreg.penalty.value import (
    FALLING,
    PENALTIES,
    PENALTY_FACTS,
    WHOLE,
    Penalty,
    Scale,
)

__all__ = [
    "RANGE_KEYS",
    "Condition",
    "Range",
    "Space",
    "acting",
    "by_strength",
    "corners",
    "drawn",
    "least_of",
    "parse_space",
    "shipped_range",
]


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
    idle = PENALTY_FACTS[name].idle
    return high if idle is None else float(idle)


def by_strength(name: str, values: Iterable[float]) -> list[float]:
    """Return values of a penalty without repetition, the stronger the later.

    >>> by_strength("max_leaves", [4, 64, 8]), by_strength("max_delta_step", [1, 0, 9])
    ([64, 8, 4], [0, 9, 1])
    """
    falls = name in FALLING
    rising = sorted(set(values), reverse=falls)
    return [v for v in rising if v == 0] + [v for v in rising if v != 0]


RANGE_KEYS = ("low", "high", "log", "zero", "when")
"""Keys of a range."""

Value = float | int | None


@dataclass(frozen=True, slots=True)
class Space:
    """Ranges for all engines, and those of one engine only.

    Attributes
    ----------
    entries : mapping of str to Range
        By penalty, for every engine.
    engine_entries : mapping of str to mapping
        By engine; they come on top of ``entries``.
    fixed : mapping of str to number or None
        Penalties that are not searched, for every engine; None for no limit.
    """

    entries: Mapping[str, Range]
    engine_entries: Mapping[str, Mapping[str, Range]] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)

    def for_engine(self, engine: str) -> dict[str, Range]:
        """Return the ranges that are searched with ``engine``."""
        return dict(self.entries) | dict(self.engine_entries.get(engine, {}))


def parse_space(
    value: str | Mapping[str, Any],
    *,
    engines: Sequence[str] = tuple(ENGINE_FACTS),
) -> Space:
    """Return the space that a study means by ``search.space``.

    Parameters
    ----------
    value : str or mapping
        The name of a space that ships; or ranges by penalty, where the name of an
        engine holds the ranges of that engine only. A number, None, or a prior such as
        ``{"prior": "normal", "std": 0.3}`` in place of a range fixes a penalty.
    engines : sequence of str
        Engines that may have ranges of their own.

    Raises
    ------
    PenaltyError
        If anything is unknown or impossible. The message has one line a fault, each
        with the path of the key: ``space.reg_alpha.low: ...``.

    Examples
    --------
    >>> parse_space({"max_leaves": {"low": 2, "high": 8}}).entries["max_leaves"].low
    2
    """
    if isinstance(value, str):
        if value not in space_names():
            raise PenaltyError(f"space: unknown space {_unknown(value, space_names())}")
        shipped = parse_space(read_shipped(value)["entries"])
        own = {e: r for e, r in shipped.engine_entries.items() if e in engines}
        return replace(shipped, engine_entries=own)
    if not isinstance(value, Mapping):
        raise PenaltyError(
            f"space: must be a name or ranges by penalty, got {value!r}."
        )
    faults: list[str] = []
    common = {name: entry for name, entry in value.items() if name not in engines}
    given = {name: entry for name, entry in common.items() if _fixes(name, entry)}
    searched = {name: entry for name, entry in common.items() if name not in given}
    fixed = dict(_fixed(given, faults))
    entries = dict(_ranges(searched, "space", faults, others=engines))
    own = {
        name: dict(_ranges(entry, f"space.{name}", faults))
        for name, entry in value.items()
        if name in engines
    }
    faults += _fixed_faults(fixed)
    faults += _condition_faults(entries, entries, "space")
    for name, mapping in own.items():
        faults += _condition_faults(
            mapping, Space(entries, own).for_engine(name), f"space.{name}"
        )
    if faults:
        raise PenaltyError("\n".join(faults))
    return Space(entries, own, fixed)


def shipped_range(name: str) -> Range | None:
    """Return a penalty's range in space ``default``, else in ``wide``; of any engine.

    >>> shipped_range("subsample").low, shipped_range("cat_l2")
    (0.5, None)
    """
    for space in map(parse_space, ("default", "wide")):
        for entries in (space.entries, *space.engine_entries.values()):
            if name in entries:
                return entries[name]
    return None


def _fixes(name: object, entry: object) -> bool:
    is_value = entry is None or isinstance(entry, numbers.Real) or is_prior(entry)
    return name in PENALTIES and is_value


def _fixed(given: Mapping[str, Any], faults: list[str]) -> Iterator[tuple[str, Value]]:
    for name, entry in given.items():
        try:
            yield name, prior_value(name, entry) if is_prior(entry) else entry
        except PenaltyError as error:
            faults.append(f"space.{error}")


def _fixed_faults(fixed: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fixed.items():
        field_of: dict[str, Any] = {name: value}
        try:
            Penalty(**field_of)
        except PenaltyError as error:
            yield f"space.{name}: {error}"


def _condition_faults(
    entries: Mapping[str, Range], known: Mapping[str, Range], path: str
) -> Iterator[str]:
    for name, entry in entries.items():
        if entry.when is None:
            continue
        other = known.get(entry.when.name)
        if other is None or other.when is not None:
            yield (
                f"{path}.{name}.when: must be another penalty that is searched "
                f"without a condition, got {entry.when.name!r}."
            )


def _ranges(
    entries: object, path: str, faults: list[str], *, others: Sequence[str] = ()
) -> Iterator[tuple[str, Range]]:
    if not isinstance(entries, Mapping):
        faults.append(f"{path}: must be ranges by penalty, got {entries!r}.")
        return
    for name, entry in entries.items():
        where = f"{path}.{name}"
        if name not in PENALTIES:
            expected = (*PENALTIES, *others)
            faults.append(f"{where}: unknown penalty {_unknown(name, expected)}")
            continue
        found = list(_key_faults(name, entry, where))
        faults += found
        if not found:
            yield from _range(name, entry, where, faults)


def _range(
    name: str, entry: Mapping[str, Any], path: str, faults: list[str]
) -> Iterator[tuple[str, Range]]:
    number = int if name in WHOLE else float
    try:
        when = _condition(entry.get("when"))
    except PenaltyError as error:
        faults.append(f"{path}.when: {error}")
        return
    try:
        yield (
            name,
            Range(
                low=number(entry["low"]),
                high=number(entry["high"]),
                log=bool(entry.get("log", False)),
                zero=float(entry.get("zero", 0.0)),
                whole=name in WHOLE,
                when=when,
            ),
        )
    except PenaltyError as error:
        faults.append(f"{path}: {error}")


def _condition(content: Any) -> Condition | None:
    if content is None:
        return None
    refusal = PenaltyError(
        "must be one other penalty with above or below, as in "
        f"{{max_leaves: {{above: 8}}}}, got {content!r}."
    )
    if not isinstance(content, Mapping) or len(content) != 1:
        raise refusal
    ((name, limits),) = content.items()
    is_limits = isinstance(limits, Mapping) and set(limits) <= {"above", "below"}
    if not is_limits or not limits or not all(map(_is_number, limits.values())):
        raise refusal
    return Condition(name=name, **{k: float(v) for k, v in limits.items()})


def _key_faults(name: str, entry: object, path: str) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{path}: must be a range with low and high, got {entry!r}."
        return
    for key in entry:
        if key not in RANGE_KEYS:
            yield f"{path}.{key}: unknown key {_unknown(key, RANGE_KEYS)}"
    if not isinstance(entry.get("log", False), bool):
        yield f"{path}.log: must be true or false, got {entry['log']!r}."
    if not _is_number(entry.get("zero", 0.0)):
        yield f"{path}.zero: must be a number, got {entry['zero']!r}."
    elif entry.get("zero", 0) > 0 and _refusal(name, 0):
        yield f"{path}.zero: {_refusal(name, 0)}"
    for key in ("low", "high"):
        if key not in entry:
            yield f"{path}.{key}: is missing; a range needs low and high."
        elif refusal := _refusal(name, entry[key]):
            yield f"{path}.{key}: {refusal}"


def _refusal(name: str, value: Any) -> str | None:
    """Return why ``value`` cannot be a penalty, None if it can."""
    if not _is_number(value):
        return f"must be a number, got {value!r}."
    whole = name in WHOLE and float(value).is_integer()
    fields: dict[str, Any] = {name: int(value) if whole else value}
    try:
        Penalty(**fields)
    except PenaltyError as error:
        return str(error)
    return None


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    return isfinite(value)


def _unknown(name: object, expected: Sequence[str]) -> str:
    near = get_close_matches(str(name), expected, n=1)
    hint = f", did you mean {near[0]!r}?" if near else "."
    return f"{name!r}{hint} Expected one of: {', '.join(expected)}."
