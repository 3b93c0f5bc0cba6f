"""Checks that a type cannot carry: names that are known, penalties, spaces."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from boostreg.data import Reading
from boostreg.engines import ENGINES
from boostreg.errors import PenaltyError, StudyError
from boostreg.losses import OBJECTIVES, Objective
from boostreg.penalty import PENALTIES, Penalty, Range, parse_space
from boostreg.penalty.priors import is_prior, prior_value, with_prior_values
from boostreg.study.faults import (
    contradiction,
    detail,
    missing,
    rule,
    show,
    unknown,
)

__all__ = [
    "FIXED",
    "all_of",
    "check_class_weights",
    "check_fixed",
    "check_memory",
    "check_missing",
    "check_monotone",
    "check_objective",
    "check_priors",
    "check_reading",
    "check_space",
    "check_types",
    "distinct",
    "one_of",
    "searched",
    "settle_fixed",
]

FIXED: Mapping[str, float] = MappingProxyType({"learning_rate": 0.1})
"""What is fixed in a study that fixes nothing."""

_N_CLASSES = {"regression": 0, "binary": 2, "multiclass": 3}
_MUST = re.compile(
    r"^(?:space: )?(?P<what>.*?)\b(?:must be|needs) (?P<rule>.*), got .*$"
)
_LISTED = re.compile(r"one of: (\w+(?:, \w+)*)")
_BYTES = {"": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20}
_BYTES |= {"gib": 2**30}
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?b)?\s*", re.IGNORECASE)


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    """Return a check that text is one of ``names``."""

    def check(value: str) -> str:
        if value not in names:
            raise rule(f"one of: {', '.join(names)}", known=names)
        return value

    return check


def all_of(names: Sequence[str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Return a check that a list holds some of ``names``, each at most once."""

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        expected = f"one of: {', '.join(names)}"
        _raise(
            [
                detail(rule(expected, known=names), (place,), value)
                for place, value in enumerate(values)
                if value not in names
            ]
        )
        return distinct(values)

    return check


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Check that no entry of a list stands twice."""
    _raise(
        [
            detail(rule("each entry once"), (place,), value)
            for place, value in enumerate(values)
            if value in values[:place]
        ]
    )
    return values


def check_fixed(values: Any) -> dict[str, float | int | None]:
    """Return penalties with the value that each is held at, priors as values."""
    if not isinstance(values, Mapping):
        raise rule("a mapping of penalties to values")
    faults = (_penalty_fault(name, value) for name, value in values.items())
    _raise([fault for fault in faults if fault is not None])
    return with_prior_values(values)


def _penalty_fault(name: str, value: Any) -> InitErrorDetails | None:
    if name not in PENALTIES:
        return detail(unknown(PENALTIES), (name,), value)
    try:
        if is_prior(value):
            prior_value(name, value)
        else:
            field: dict[str, Any] = {name: value}
            Penalty(**field)
    except PenaltyError as error:
        if is_prior(value):
            return _space_fault(f"fixed.{error}", {name: value})
        return detail(rule(_allowed(str(error))), (name,), value)
    return None


def check_space(value: Any) -> dict[str, Any]:
    """Check a search space, and return its ranges with every default written out.

    The name of a space that ships becomes its ranges, so that a study that was kept
    means the same when that space has changed.
    """
    if not isinstance(value, (str, Mapping)):
        raise rule("the name of a space, or ranges by penalty")
    try:
        space = parse_space(value, engines=tuple(ENGINES))
    except PenaltyError as error:
        _raise([_space_fault(line, value) for line in str(error).splitlines()])
        raise
    common = {name: _written(entry) for name, entry in space.entries.items()}
    own = {
        engine: {name: _written(entry) for name, entry in entries.items()}
        for engine, entries in space.engine_entries.items()
    }
    return dict(space.fixed) | common | own


def _space_fault(line: str, space: Any) -> InitErrorDetails:
    path, _, text = line.partition(": ")
    loc = tuple(path.split(".")[1:])
    found = space
    for part in loc:
        found = found.get(part) if isinstance(found, Mapping) else None
    names = tuple(text.partition("Expected one of: ")[2].rstrip(".").split(", "))
    if text.startswith(("unknown key", "unknown penalty")):
        error = unknown(names)
    elif text.startswith("unknown space"):
        error = rule(f"one of: {', '.join(names)}", known=names)
    elif text.startswith("is missing"):
        error = missing(text.removeprefix("is "))
    else:
        allowed = _allowed(text)
        listed = _LISTED.match(allowed)
        error = rule(allowed, known=listed[1].split(", ") if listed else ())
    return detail(error, loc, found)


def _allowed(message: str) -> str:
    """Return what is allowed, from a message that also says what was found.

    >>> _allowed("low must be below high, got 3.0 and 1.0.")
    'low below high'
    """
    match = _MUST.match(message)
    if not match:
        return message.rstrip(".")
    what = match["what"].strip()
    named = what and what not in PENALTIES
    return f"{what} {match['rule']}" if named else match["rule"]


def _written(entry: Range) -> dict[str, Any]:
    fields = {"low": entry.low, "high": entry.high, "log": entry.log}
    when = entry.when
    if when is None:
        return fields | {"zero": entry.zero}
    limits = {"above": when.above, "below": when.below}
    given = {key: limit for key, limit in limits.items() if limit is not None}
    return fields | {"zero": entry.zero, "when": {when.name: given}}


def searched(space: Any) -> Iterator[tuple[str, ...]]:
    """Yield the keys that lead to each range of a space, engine's own included."""
    if isinstance(space, Mapping):
        for name, entry in space.items():
            own = name in ENGINES and isinstance(entry, Mapping)
            yield from ((name, inner) for inner in entry) if own else [(name,)]


def settle_fixed(search: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``search`` with the space's fixed values moved to ``fixed``.

    The default of ``fixed`` yields to what the space searches or fixes. A penalty that
    stands in both places stays there, and is a contradiction.
    """
    value, given = search.get("space", "default"), search.get("fixed", FIXED)
    try:
        space = parse_space(value, engines=tuple(ENGINES))
    except PenaltyError:
        return search  # its own check says what is wrong with it
    if not isinstance(given, Mapping):
        return search
    if "fixed" not in search:
        named = {name for engine in ENGINES for name in space.for_engine(engine)}
        given = {n: v for n, v in given.items() if n not in named | set(space.fixed)}
    moved = {name: v for name, v in space.fixed.items() if name not in given}
    content = check_space(value) if isinstance(value, str) else value
    kept = {name: entry for name, entry in content.items() if name not in moved}
    return {**search, "space": kept, "fixed": {**given, **moved}}


def check_priors(search: Mapping[str, Any]) -> None:
    """Check that priors stand in raw units: no other scale has a fixed one."""
    scale = search.get("scale", "raw")
    for part in ("fixed", "space"):
        entries = search.get(part)
        for name, entry in entries.items() if isinstance(entries, Mapping) else ():
            if scale != "raw" and is_prior(entry):
                raise contradiction(
                    f"a prior is in raw units, and search.scale is {show(scale)}; "
                    "write a number of rows in its place, or set scale: raw",
                    at=("search", part, str(name)),
                )


def check_objective(value: Any, task: str | None) -> Any:
    """Check what is minimised: a name, or a name with its number; None for the task's.

    Returns
    -------
    str, dict or None
        As ``Objective.for_task`` takes it.
    """
    if value is None:
        return None
    name = _objective_name(value)
    if name not in OBJECTIVES:
        raise rule(f"one of: {', '.join(OBJECTIVES)}", known=OBJECTIVES)
    try:
        if task is None:
            Objective(name, value[name] if isinstance(value, Mapping) else None)
        else:
            Objective.for_task(task, _N_CLASSES[task], value)
    except StudyError as error:
        text = str(error).rstrip(".")
        raise contradiction(text, at=("data", "objective")) from None
    return value


def check_class_weights(value: Any) -> Any:
    """Check a factor for each class: ``balanced``, a mapping, or None."""
    if value is None or value == "balanced":
        return value
    if isinstance(value, Mapping) and all(map(_is_positive, value.values())):
        return {str(label): float(factor) for label, factor in value.items()}
    raise rule("balanced, or a positive number for each class that is named")


def _is_positive(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and float(str(value)) > 0


def check_monotone(value: Any) -> dict[str, int]:
    """Check the columns along which predictions may only rise (1) or fall (-1)."""
    if isinstance(value, Mapping) and all(
        sign in (-1, 1) and not isinstance(sign, bool) for sign in value.values()
    ):
        return {str(name): int(sign) for name, sign in value.items()}
    raise rule("1 (rising) or -1 (falling) for each column that is named")


def check_missing(value: Any) -> tuple[str, ...] | None:
    """Check the words for a missing value: text and numbers, or None for the usual."""
    if value is None:
        return None
    if isinstance(value, (tuple, list)) and all(
        isinstance(word, (str, int, float)) and not isinstance(word, bool)
        for word in value
    ):
        return tuple(map(str, value))
    raise rule(
        "a list of words and numbers, such as ['?', NA, -999]; null, true and false "
        "stand in quotes there"
    )


def check_reading(key: str, value: Any, beside: Mapping[str, Any]) -> Any:
    """Check one key on how the cells of a file are read, beside the others' values."""
    expected = Reading.expected(key, **{**beside, key: value})
    if expected is not None:
        raise rule(expected)
    return value


def check_types(value: Any) -> dict[str, str]:
    """Check the columns whose type is stated."""
    if isinstance(value, Mapping):
        types = {str(name): kind for name, kind in value.items()}
        if Reading.expected("types", types=types) is None:
            return types
    raise rule("number or category for each column that is named")


def _objective_name(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, number),) = value.items()
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            return str(name)
    raise rule("a name, or one name with its number such as {tweedie: 1.5}")


def check_memory(value: Any) -> int | None:
    """Return bytes, from a whole number or text such as ``2 GB`` or ``512 MiB``."""
    if value is None:
        return None
    match = _MEMORY.fullmatch(str(value))
    if isinstance(value, (int, str)) and not isinstance(value, bool) and match:
        n_bytes = int(float(match[1]) * _BYTES[(match[2] or "").lower()])
        if n_bytes > 0:
            return n_bytes
    raise rule("bytes as a whole number, or text such as 2 GB or 512 MiB")


def _raise(faults: list[InitErrorDetails]) -> None:
    if faults:
        raise ValidationError.from_exception_data("study", faults)
