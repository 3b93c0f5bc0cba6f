"""Search spaces: ranges by penalty, read from what a study's YAML holds."""

import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from math import isfinite
from typing import Any

from boostreg.errors import PenaltyError
from boostreg.penalty.prior_values import is_prior, prior_value
from boostreg.penalty.ranges import WHOLE, Condition, Range
from boostreg.penalty.shipped import read_shipped, space_names
from boostreg.penalty.value import PENALTIES, Penalty

__all__ = ["RANGE_KEYS", "Space", "parse_space", "shipped_range"]

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
    engines: Sequence[str] = ("xgboost", "lightgbm", "sklearn"),
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
