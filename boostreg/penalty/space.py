"""Where penalties are searched: ranges with a mass at exactly zero.

A range is a quantile function of a share in [0, 1]. Shares below ``zero`` give 0,
the others are spread over [low, high], evenly or evenly in the logarithm. So every
sampler that knows the unit cube also knows that 0 is a candidate.
"""

import math
import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from typing import Any

from boostreg.errors import PenaltyError
from boostreg.penalty.value import PENALTIES, Penalty, Scale

__all__ = ["WHOLE", "Range", "Space", "corners", "parse_space", "space_names"]

WHOLE = ("min_child_samples", "max_leaves", "max_depth")
"""Penalties that are counts: their ranges draw whole numbers."""

_KEYS = ("low", "high", "log", "zero")


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


@dataclass(frozen=True, slots=True)
class Space:
    """Ranges for all engines, and those of one engine only.

    Attributes
    ----------
    entries : mapping of str to Range
        By penalty, for every engine.
    engine_entries : mapping of str to mapping
        By engine; they come on top of ``entries``.
    title, source : str
        What a named space is, and where it comes from.
    """

    entries: Mapping[str, Range]
    engine_entries: Mapping[str, Mapping[str, Range]] = field(default_factory=dict)
    title: str = ""
    source: str = ""

    def for_engine(self, engine: str) -> dict[str, Range]:
        """Return the ranges that are searched with ``engine``."""
        return dict(self.entries) | dict(self.engine_entries.get(engine, {}))


def space_names() -> tuple[str, ...]:
    """Return the names of the spaces that ship.

    >>> "default" in space_names()
    True
    """
    folder = resources.files(__package__) / "spaces"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


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


def parse_space(
    value: str | Mapping[str, Any],
    *,
    engines: Sequence[str] = ("xgboost", "lightgbm", "sklearn"),
) -> Space:
    """Return the space that a study means by ``search.space``.

    Parameters
    ----------
    value : str or mapping
        The name of a space that ships; or ranges by penalty, where the name of an
        engine holds the ranges of that engine only.
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
        content = _read_shipped(value)
        shipped = parse_space(content["entries"])
        own = {e: r for e, r in shipped.engine_entries.items() if e in engines}
        return Space(shipped.entries, own, content["title"], content["source"])
    if not isinstance(value, Mapping):
        raise PenaltyError(
            f"space: must be a name or ranges by penalty, got {value!r}."
        )
    faults: list[str] = []
    common = {name: entry for name, entry in value.items() if name not in engines}
    entries = dict(_ranges(common, "space", faults, others=engines))
    own = {
        name: dict(_ranges(entry, f"space.{name}", faults))
        for name, entry in value.items()
        if name in engines
    }
    if faults:
        raise PenaltyError("\n".join(faults))
    return Space(entries, own)


def _read_shipped(name: str) -> dict[str, Any]:
    if name not in space_names():
        raise PenaltyError(f"space: unknown space {_unknown(name, space_names())}")
    from ruamel.yaml import YAML

    file = resources.files(__package__) / "spaces" / f"{name}.yaml"
    content: dict[str, Any] = YAML(typ="safe").load(file.read_text("utf-8"))
    return content


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
        yield (
            name,
            Range(
                low=number(entry["low"]),
                high=number(entry["high"]),
                log=bool(entry.get("log", False)),
                zero=float(entry.get("zero", 0.0)),
                whole=name in WHOLE,
            ),
        )
    except PenaltyError as error:
        faults.append(f"{path}: {error}")


def _key_faults(name: str, entry: object, path: str) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{path}: must be a range with low and high, got {entry!r}."
        return
    for key in entry:
        if key not in _KEYS:
            yield f"{path}.{key}: unknown key {_unknown(key, _KEYS)}"
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
    return math.isfinite(value)


def _unknown(name: object, expected: Sequence[str]) -> str:
    near = get_close_matches(str(name), expected, n=1)
    hint = f", did you mean {near[0]!r}?" if near else "."
    return f"{name!r}{hint} Expected one of: {', '.join(expected)}."
