"""Ranges of penalties, with a probability of exactly zero and conditions.

A range is a quantile function of a share in [0, 1]. Shares below ``zero`` give 0, the
others are distributed over [low, high], evenly or evenly in the logarithm. So every
sampler of the unit cube can also propose 0.
"""

import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, reduce
from operator import getitem
from typing import Any, TypeVar

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.errors import Fault, Loc, PenaltyError
from boostreg.penalty.priors import is_prior, prior_value
from boostreg.penalty.shipped import read_shipped, space_names
from boostreg.penalty.value import (
    FALLING,
    PENALTIES,
    PENALTY_FACTS,
    SCALED,
    WHOLE,
    Penalty,
    Scale,
    as_float,
)

__all__ = [
    "RANGE_KEYS",
    "Condition",
    "Range",
    "Space",
    "acting",
    "by_strength",
    "corners",
    "default_scale",
    "drawn",
    "least_of",
    "parse_space",
    "shipped_part",
    "shipped_range",
    "shipped_space",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Another penalty is strictly above or below a value.

    Attributes
    ----------
    name : str
        The other penalty.
    above, below : float, optional
        At least one of them.

    Raises
    ------
    PenaltyError
        If no value satisfies it.

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
            reason = f"a condition on {self.name} needs above, below or both"
            raise PenaltyError.of(Fault(("above",), reason, None, kind="missing"))
        if self._low >= self._high:
            expected = f"a number less than below ({self._high:.10g})"
            raise PenaltyError.of(Fault(("above",), expected, self.above))

    def holds(self, values: Mapping[str, float]) -> bool:
        """Return whether it holds for these values, by penalty."""
        return self._low < values[self.name] < self._high

    @property
    def _low(self) -> float:
        return -math.inf if self.above is None else self.above

    @property
    def _high(self) -> float:
        return math.inf if self.below is None else self.below


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values of one penalty: 0 with probability ``zero``, otherwise in [low, high].

    Attributes
    ----------
    low, high : float
        Minimum and maximum apart from 0, both included.
    log : bool
        Evenly distributed in the logarithm.
    zero : float
        Probability of exactly 0, in [0, 1).
    whole : bool
        Draw integers.
    when : Condition, optional
        If it is false, the penalty has our default instead.

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
        finite = {key: math.isfinite(getattr(self, key)) for key in ("low", "high")}
        ordered = not all(finite.values()) or self.low < self.high
        rules = (
            (finite["low"], "low", "a finite number"),
            (finite["high"], "high", "a finite number"),
            (ordered, "low", f"a number below high ({self.high:.10g})"),
            (
                not (self.log and self.low <= 0),
                "low",
                "a number above 0 if log is true",
            ),
            (0 <= self.zero < 1, "zero", "a number from 0 to below 1"),
        )
        broken = [(key, expected) for holds, key, expected in rules if not holds]
        if broken:
            faults = (Fault((key,), rule, getattr(self, key)) for key, rule in broken)
            raise PenaltyError.of(*faults)

    def quantile(self, share: float) -> float | int:
        """Return the value below which a fraction ``share`` of the draws lies."""
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
        """Return whether ``value`` can be drawn; None, for no limit, never can."""
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
    """Return the values without those whose condition fails."""
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
    """Return the weakest value of a penalty: without effect, or ``high`` of its range.

    That is ``high`` for ``max_leaves`` and ``max_depth``, because trees without any
    limit are not useful models.

    >>> least_of("reg_alpha", 5.0), least_of("subsample", 0.9), least_of("max_depth", 8)
    (0.0, 1.0, 8)
    """
    idle = PENALTY_FACTS[name].idle
    return high if idle is None else float(idle)


def by_strength(name: str, values: Iterable[float]) -> list[float]:
    """Return distinct values of a penalty, by increasing strength.

    >>> by_strength("max_leaves", [4, 64, 8]), by_strength("max_delta_step", [1, 0, 9])
    ([64, 8, 4], [0, 9, 1])
    """
    sign = -1 if name in FALLING else 1
    return sorted(set(values), key=lambda value: (value != 0, sign * value))


RANGE_KEYS = ("low", "high", "log", "zero", "when")
"""Keys of a range."""

Value = float | int | None

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Space:
    """Ranges for all engines, and for single engines.

    Attributes
    ----------
    entries : mapping of str to Range
        By penalty, for every engine.
    engine_entries : mapping of str to mapping
        By engine, in addition to ``entries``.
    fixed : mapping of str to number or None
        Penalties that are not searched, for every engine; None means no limit.
    """

    entries: Mapping[str, Range]
    engine_entries: Mapping[str, Mapping[str, Range]] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)

    def for_engine(self, engine: str) -> dict[str, Range]:
        """Return the ranges that are searched with ``engine``."""
        return dict(self.entries) | dict(self.engine_entries.get(engine, {}))

    def as_dict(self) -> dict[str, Any]:
        """Return the space as ``parse_space`` reads it, with all defaults.

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
    fields = {key: getattr(entry, key) for key in ("low", "high", "log", "zero")}
    if (when := entry.when) is None:
        return fields
    limits = {"above": when.above, "below": when.below}
    given = {key: limit for key, limit in limits.items() if limit is not None}
    return fields | {"when": {when.name: given}}


def parse_space(
    value: str | Mapping[str, Any],
    *,
    engines: Sequence[str] = tuple(ENGINE_FACTS),
) -> Space:
    """Return the space described by a study's ``search.space``.

    Parameters
    ----------
    value : str or mapping
        Name of a built-in space, or ranges by penalty. The name of an engine holds the
        ranges of that engine only. A number, None, or a prior such as
        ``{"prior": "normal", "std": 0.3}`` instead of a range fixes a penalty.
    engines : sequence of str
        Engines that may have ranges of their own.

    Raises
    ------
    PenaltyError
        If anything is unknown or impossible. It lists all faults, with keys that begin
        with ``space``: ``("space", "reg_alpha", "low")``.

    Examples
    --------
    >>> parse_space({"max_leaves": {"low": 2, "high": 8}}).entries["max_leaves"].low
    2
    """
    if isinstance(value, str):
        shipped = shipped_space(value)
        own = {e: r for e, r in shipped.engine_entries.items() if e in engines}
        return replace(shipped, engine_entries=own)
    if not isinstance(value, Mapping):
        raise PenaltyError.of(
            Fault(("space",), "the name of a space, or ranges by penalty", value)
        )
    faults: list[Fault] = []
    common = {name: entry for name, entry in value.items() if name not in engines}
    given = {name: entry for name, entry in common.items() if _is_fixed(name, entry)}
    searched = {name: entry for name, entry in common.items() if name not in given}
    fixed = _read_each(given, _read_fixed, faults)
    entries = _read_each(searched, _read_range, faults, others=engines)
    own = {
        name: _read_each(entry, _read_range, faults, (name,))
        for name, entry in value.items()
        if name in engines
    }
    # No second error for a condition on a penalty that has an error itself.
    faulty = {key for fault in faults for key in fault.loc}
    conditions = list(_condition_faults(entries, entries, ()))
    for name, mapping in own.items():
        known = Space(entries, own).for_engine(name)
        conditions += _condition_faults(mapping, known, (name,))
    faults += [fault for fault in conditions if fault.found not in faulty]
    if faults:
        raise PenaltyError.of(*(fault.below("space") for fault in faults))
    return Space(entries, own, fixed)


@cache
def shipped_space(name: str) -> Space:
    """Return the built-in space of this name.

    Raises
    ------
    PenaltyError
        If there is none.
    """
    return parse_space(read_shipped(name)["entries"])


def shipped_range(name: str) -> Range | None:
    """Return a penalty's range in space ``default``, otherwise in ``wide``.

    >>> shipped_range("subsample").low, shipped_range("cat_l2")
    (0.5, None)
    """
    for space in map(shipped_space, ("default", "wide")):
        for entries in (space.entries, *space.engine_entries.values()):
            if name in entries:
                return entries[name]
    return None


def shipped_part(space: Space) -> Space:
    """Return the ranges of a space that are also those of a built-in one.

    >>> shipped_part(shipped_space("default")) == shipped_space("default")
    True
    """
    known = [
        (name, entry)
        for built_in in map(shipped_space, space_names())
        for entries in (built_in.entries, *built_in.engine_entries.values())
        for name, entry in entries.items()
    ]

    def kept(entries: Mapping[str, Range]) -> dict[str, Range]:
        return {n: entry for n, entry in entries.items() if (n, entry) in known}

    own = {engine: kept(entries) for engine, entries in space.engine_entries.items()}
    return Space(kept(space.entries), own, space.fixed)


_UNIT_VARIANCE = ("default", "standard", "wide")
"""Built-in spaces whose ranges are for a target of about unit variance."""


def default_scale(space: object, fixed: object) -> Scale:
    """Return the scale of a search whose user names none: rows or raw.

    The ranges of our own spaces act on any data in rows. Published spaces, and the
    ranges and penalties that a user writes, are in raw units, as in the libraries.

    >>> default_scale("default", {"learning_rate": 0.1})
    'rows'
    >>> default_scale("default", {"reg_lambda": 1}), default_scale("probst2019", {})
    ('raw', 'raw')
    """
    ours = isinstance(space, str) and space in _UNIT_VARIANCE
    fixes = isinstance(fixed, Mapping) and any(
        name in SCALED or is_prior(value) for name, value in fixed.items()
    )
    return "rows" if ours and not fixes else "raw"


def _is_fixed(name: object, entry: object) -> bool:
    is_value = entry is None or isinstance(entry, numbers.Real) or is_prior(entry)
    return name in PENALTIES and is_value


def _read_each(
    entries: object,
    read: Callable[[str, Any], T],
    faults: list[Fault],
    where: Loc = (),
    others: Sequence[str] = (),
) -> dict[str, T]:
    """Return what ``read`` makes of each entry; add the faults of the rest."""
    if not isinstance(entries, Mapping):
        faults.append(Fault(where, "ranges by penalty", entries))
        return {}
    found = {}
    for name, entry in entries.items():
        if name not in PENALTIES:
            known = (*PENALTIES, *others)
            faults.append(Fault((*where, name), "penalty", entry, known, "unknown"))
            continue
        try:
            found[name] = read(name, entry)
        except PenaltyError as error:
            faults += [fault.below(*where) for fault in error.faults]
    return found


def _read_fixed(name: str, entry: Any) -> Value:
    value = prior_value(name, entry) if is_prior(entry) else entry
    field_of: dict[str, Any] = {name: value}
    Penalty(**field_of)
    return value


def _read_range(name: str, entry: Any) -> Range:
    if faults := tuple(_key_faults(name, entry)):
        raise PenaltyError.of(*(fault.below(name) for fault in faults))
    number = int if name in WHOLE else float
    try:
        return Range(
            low=number(entry["low"]),
            high=number(entry["high"]),
            log=entry.get("log", False),
            zero=float(entry.get("zero", 0.0)),
            whole=name in WHOLE,
            when=_read_condition(entry.get("when")),
        )
    except PenaltyError as error:
        # A range knows numbers; a fault shows what was written.
        written = [(f, reduce(getitem, f.loc, entry)) for f in error.faults]
        faults = tuple(replace(fault, found=found) for fault, found in written)
        raise PenaltyError.of(*(fault.below(name) for fault in faults)) from None


def _condition_faults(
    entries: Mapping[str, Range], known: Mapping[str, Range], where: Loc
) -> Iterator[Fault]:
    free = tuple(name for name, entry in known.items() if entry.when is None)
    for name, entry in entries.items():
        if entry.when is not None and entry.when.name not in free:
            expected = "another searched penalty, one without a condition"
            yield Fault((*where, name, "when"), expected, entry.when.name, free)


def _read_condition(content: Any) -> Condition | None:
    if content is None:
        return None
    if not isinstance(content, Mapping) or len(content) != 1:
        expected = (
            "one other penalty with above or below, such as {max_leaves: {above: 8}}"
        )
        raise PenaltyError.of(Fault(("when",), expected, content))
    ((name, limits),) = content.items()
    keys, faults = ("above", "below"), []
    if not isinstance(limits, Mapping) or not limits:
        limits, expected = {}, "above, below or both, such as {above: 8}"
        faults.append(Fault((), expected, content[name]))
    for key, value in limits.items():
        if key not in keys:
            faults.append(Fault((key,), "key", value, keys, "unknown"))
        elif not _is_number(value):
            faults.append(Fault((key,), "a number", value))
    if not faults:
        try:
            return Condition(name=name, **{k: float(v) for k, v in limits.items()})
        except PenaltyError as error:
            faults += error.faults
    raise PenaltyError.of(*(fault.below("when", name) for fault in faults))


def _key_faults(name: str, entry: object) -> Iterator[Fault]:
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
    number = as_float(value)
    return number is not None and math.isfinite(number)
