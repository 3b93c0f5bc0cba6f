"""Ranges of penalties, with a mass at exactly zero and conditions on each other.

A range is a quantile function of a share in [0, 1]. Shares below ``zero`` give 0,
the others are spread over [low, high], evenly or evenly in the logarithm. So every
sampler that knows the unit cube also knows that 0 is a candidate.
"""

import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.errors import Fault, Loc, PenaltyError
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
    "shipped_space",
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
            reason = f"a condition on {self.name} needs above or below"
            raise PenaltyError.of(Fault(("above",), reason, None, kind="missing"))
        if self._low >= self._high:
            expected = f"less than below ({self._high:.10g})"
            raise PenaltyError.of(Fault(("above",), expected, self.above))

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
        if faults := tuple(self._faults()):
            raise PenaltyError.of(*faults)

    def _faults(self) -> Iterator[Fault]:
        ends = {"low": self.low, "high": self.high}
        endless = [key for key, value in ends.items() if not math.isfinite(value)]
        yield from (Fault((key,), "finite", ends[key]) for key in endless)
        if not endless and self.low >= self.high:
            yield Fault(("low",), f"below high ({self.high:.10g})", self.low)
        if self.log and self.low <= 0:
            yield Fault(("low",), "above 0 when log is true", self.low)
        if not 0 <= self.zero < 1:
            yield Fault(("zero",), "at least 0 and below 1", self.zero)

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

    def as_dict(self) -> dict[str, Any]:
        """Return what ``parse_space`` reads as this space, every default included.

        >>> parse_space({"reg_alpha": {"low": 1, "high": 9}}).as_dict()
        {'reg_alpha': {'low': 1.0, 'high': 9.0, 'log': False, 'zero': 0.0}}
        """
        common = {name: _written(entry) for name, entry in self.entries.items()}
        own = {
            engine: {name: _written(entry) for name, entry in entries.items()}
            for engine, entries in self.engine_entries.items()
        }
        return dict(self.fixed) | common | own


def _written(entry: Range) -> dict[str, Any]:
    fields = {"low": entry.low, "high": entry.high, "log": entry.log}
    when = entry.when
    if when is None:
        return fields | {"zero": entry.zero}
    limits = {"above": when.above, "below": when.below}
    given = {key: limit for key, limit in limits.items() if limit is not None}
    return fields | {"zero": entry.zero, "when": {when.name: given}}


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
        If anything is unknown or impossible. It has all faults, the keys of each from
        ``space`` on: ``("space", "reg_alpha", "low")``.

    Examples
    --------
    >>> parse_space({"max_leaves": {"low": 2, "high": 8}}).entries["max_leaves"].low
    2
    """
    if isinstance(value, str):
        names = space_names()
        if value not in names:
            expected = f"one of: {', '.join(names)}"
            raise PenaltyError.of(Fault(("space",), expected, value, names))
        shipped = shipped_space(value)
        own = {e: r for e, r in shipped.engine_entries.items() if e in engines}
        return replace(shipped, engine_entries=own)
    if not isinstance(value, Mapping):
        raise PenaltyError.of(Fault(("space",), "a name or ranges by penalty", value))
    return _parse(value, engines)


@cache
def shipped_space(name: str) -> Space:
    """Return the space of this name that ships.

    Raises
    ------
    PenaltyError
        If there is none.
    """
    return parse_space(read_shipped(name)["entries"])


def _parse(value: Mapping[str, Any], engines: Sequence[str]) -> Space:
    faults: list[Fault] = []
    common = {name: entry for name, entry in value.items() if name not in engines}
    given = {name: entry for name, entry in common.items() if _fixes(name, entry)}
    searched = {name: entry for name, entry in common.items() if name not in given}
    fixed = dict(_fixed(given, faults))
    entries = dict(_ranges(searched, (), faults, others=engines))
    own = {
        name: dict(_ranges(entry, (name,), faults))
        for name, entry in value.items()
        if name in engines
    }
    # That the other penalty of a condition is faulty is no fault of the condition.
    faulty = {key for fault in faults for key in fault.loc}
    conditions = list(_condition_faults(entries, entries, ()))
    for name, mapping in own.items():
        known = Space(entries, own).for_engine(name)
        conditions += _condition_faults(mapping, known, (name,))
    faults += [fault for fault in conditions if fault.found not in faulty]
    if faults:
        raise PenaltyError.of(*(fault.below("space") for fault in faults))
    return Space(entries, own, fixed)


def shipped_range(name: str) -> Range | None:
    """Return a penalty's range in space ``default``, else in ``wide``; of any engine.

    >>> shipped_range("subsample").low, shipped_range("cat_l2")
    (0.5, None)
    """
    for space in map(shipped_space, ("default", "wide")):
        for entries in (space.entries, *space.engine_entries.values()):
            if name in entries:
                return entries[name]
    return None


def _fixes(name: object, entry: object) -> bool:
    is_value = entry is None or isinstance(entry, numbers.Real) or is_prior(entry)
    return name in PENALTIES and is_value


def _fixed(
    given: Mapping[str, Any], faults: list[Fault]
) -> Iterator[tuple[str, Value]]:
    for name, entry in given.items():
        try:
            fixed = prior_value(name, entry) if is_prior(entry) else entry
            field_of: dict[str, Any] = {name: fixed}
            Penalty(**field_of)
        except PenaltyError as error:
            faults += error.faults
        else:
            yield name, fixed


def _condition_faults(
    entries: Mapping[str, Range], known: Mapping[str, Range], where: Loc
) -> Iterator[Fault]:
    free = tuple(name for name, entry in known.items() if entry.when is None)
    for name, entry in entries.items():
        if entry.when is not None and entry.when.name not in free:
            expected = "another penalty that is searched without a condition"
            yield Fault((*where, name, "when"), expected, entry.when.name, free)


def _ranges(
    entries: object, where: Loc, faults: list[Fault], *, others: Sequence[str] = ()
) -> Iterator[tuple[str, Range]]:
    if not isinstance(entries, Mapping):
        faults.append(Fault(where, "ranges by penalty", entries))
        return
    for name, entry in entries.items():
        if name not in PENALTIES:
            expected = (*PENALTIES, *others)
            faults.append(Fault((*where, name), "penalty", entry, expected, "unknown"))
            continue
        found = [fault.below(*where, name) for fault in _key_faults(name, entry)]
        faults += found
        if not found:
            yield from _range(name, entry, where, faults)


def _range(
    name: str, entry: Mapping[str, Any], where: Loc, faults: list[Fault]
) -> Iterator[tuple[str, Range]]:
    number = int if name in WHOLE else float
    try:
        yield (
            name,
            Range(
                low=number(entry["low"]),
                high=number(entry["high"]),
                log=bool(entry.get("log", False)),
                zero=float(entry.get("zero", 0.0)),
                whole=name in WHOLE,
                when=_condition(entry.get("when")),
            ),
        )
    except PenaltyError as error:
        found = [replace(fault, found=_at(entry, fault.loc)) for fault in error.faults]
        faults += [fault.below(*where, name) for fault in found]


def _at(entry: Any, loc: Loc) -> Any:
    """Return what is written at the end of ``loc``."""
    for key in loc:
        entry = entry[key]
    return entry


def _condition(content: Any) -> Condition | None:
    if content is None:
        return None
    if not isinstance(content, Mapping) or len(content) != 1:
        expected = (
            "one other penalty with above or below, as in {max_leaves: {above: 8}}"
        )
        raise PenaltyError.of(Fault(("when",), expected, content))
    ((name, limits),) = content.items()
    faults = tuple(_limit_faults(limits))
    if not faults:
        try:
            return Condition(name=name, **{k: float(v) for k, v in limits.items()})
        except PenaltyError as error:
            faults = error.faults
    raise PenaltyError.of(*(fault.below("when", name) for fault in faults))


def _limit_faults(limits: object) -> Iterator[Fault]:
    """Yield what is wrong with the limits of a condition, from its penalty on."""
    if not isinstance(limits, Mapping) or not limits:
        yield Fault((), "above, below or both, as in {above: 8}", limits)
        return
    for key, value in limits.items():
        if key not in ("above", "below"):
            yield Fault((key,), "key", value, ("above", "below"), "unknown")
        elif not _is_number(value):
            yield Fault((key,), "a number", value)


def _key_faults(name: str, entry: object) -> Iterator[Fault]:
    """Yield what is wrong with the keys of a range, one by one, from the range on."""
    if not isinstance(entry, Mapping):
        yield Fault((), "a range with low and high", entry)
        return
    for key, value in entry.items():
        if key not in RANGE_KEYS:
            yield Fault((key,), "key", value, RANGE_KEYS, "unknown")
    if not isinstance(entry.get("log", False), bool):
        yield Fault(("log",), "true or false", entry["log"])
    zero = entry.get("zero", 0.0)
    if not _is_number(zero):
        yield Fault(("zero",), "a number", zero)
    elif zero > 0 and any(_value_faults(name, 0)):
        yield Fault(("zero",), f"{name} cannot be 0", zero, kind="excess")
    for key in ("low", "high"):
        if key not in entry:
            reason = "a range needs low and high"
            yield Fault((key,), reason, None, kind="missing")
            continue
        for fault in _value_faults(name, entry[key]):
            yield replace(fault, loc=(key,), found=entry[key])


def _value_faults(name: str, value: Any) -> tuple[Fault, ...]:
    """Return why ``value`` cannot be a penalty, none if it can."""
    if not _is_number(value):
        return (Fault((name,), "a number", value),)
    whole = name in WHOLE and float(value).is_integer()
    fields: dict[str, Any] = {name: int(value) if whole else value}
    try:
        Penalty(**fields)
    except PenaltyError as error:
        return error.faults
    return ()


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number above 1.8e308
        return False
