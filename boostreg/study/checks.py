"""Checks that a type cannot carry: names that are known, penalties, spaces."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeGuard

from boostreg.data import Reading
from boostreg.engines import ENGINES
from boostreg.errors import Fault, PenaltyError, StudyError
from boostreg.losses import OBJECTIVES, Objective
from boostreg.penalty import PENALTIES, Penalty, Space, parse_space
from boostreg.penalty.priors import is_prior, prior_value, with_prior_values
from boostreg.study.faults import contradiction, raise_faults, rule, show

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
    "is_number",
    "one_of",
    "settle_fixed",
]

FIXED: Mapping[str, float] = MappingProxyType({"learning_rate": 0.1})
"""Default of ``search.fixed``."""

_N_CLASSES = {"regression": 0, "binary": 2, "multiclass": 3}
_BYTES = {"": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20}
_BYTES |= {"gib": 2**30}
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?b)?\s*", re.IGNORECASE)


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number, and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


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
        raise_faults(
            Fault((place,), expected, value, tuple(names))
            for place, value in enumerate(values)
            if value not in names
        )
        return distinct(values)

    return check


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Check that no entry of a list is repeated."""
    raise_faults(
        Fault((place,), "each entry once", value)
        for place, value in enumerate(values)
        if value in values[:place]
    )
    return values


def check_fixed(values: Any) -> dict[str, float | int | None]:
    """Return penalties with the value that each is fixed at, priors as values."""
    if not isinstance(values, Mapping):
        raise rule("a mapping of penalties to values")
    faults: list[Fault] = []
    for name, value in values.items():
        if name not in PENALTIES:
            faults.append(Fault((name,), "penalty", value, PENALTIES, "unknown"))
            continue
        try:
            number = prior_value(name, value) if is_prior(value) else value
            field: dict[str, Any] = {name: number}
            Penalty(**field)
        except PenaltyError as error:
            faults += error.faults
    raise_faults(faults)
    return with_prior_values(values)


def check_space(value: Any) -> Space:
    """Return the space, given its name or its ranges."""
    if isinstance(value, Space):
        return value
    if not isinstance(value, (str, Mapping)):
        raise rule("the name of a space, or ranges by penalty")
    try:
        return parse_space(value, engines=tuple(ENGINES))
    except PenaltyError as error:
        # Their keys begin with ``space``, the name of the argument.
        raise_faults(replace(fault, loc=fault.loc[1:]) for fault in error.faults)
        raise


def settle_fixed(search: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``search`` with its space parsed, and the space's values in ``fixed``.

    The default of ``fixed`` yields to what the space searches or fixes. A penalty in
    both places is left there, for the check that reports the contradiction.
    """
    value, given = search.get("space", "default"), search.get("fixed", FIXED)
    try:
        space = parse_space(value, engines=tuple(ENGINES))
    except PenaltyError:
        return search  # its own check reports what is wrong with it
    if not isinstance(given, Mapping):
        return {**search, "space": space}
    if "fixed" not in search:
        named = {name for engine in ENGINES for name in space.for_engine(engine)}
        given = {n: v for n, v in given.items() if n not in named | set(space.fixed)}
    moved = {name: v for name, v in space.fixed.items() if name not in given}
    kept = {name: v for name, v in space.fixed.items() if name in given}
    fixed = {**given, **moved}
    return {**search, "space": replace(space, fixed=kept), "fixed": fixed}


def check_priors(search: Mapping[str, Any]) -> None:
    """Check that priors are used with raw units; other scales depend on the rows."""
    scale = search.get("scale", "raw")
    for part in ("fixed", "space"):
        entries = search.get(part)
        for name, entry in entries.items() if isinstance(entries, Mapping) else ():
            if scale != "raw" and is_prior(entry):
                raise contradiction(
                    f"a prior is in raw units, but search.scale is {show(scale)}; "
                    "give a number of rows instead, or set scale: raw.",
                    at=("search", part, str(name)),
                )


def check_objective(value: Any, task: str | None) -> Any:
    """Check an objective: a name, or a name with its number; None for the task's."""
    if value is None:
        return None
    name = value
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, number),) = value.items()
        name = name if is_number(number) else None
    if not isinstance(name, str):
        raise rule("a name, or one name with its number such as {tweedie: 1.5}")
    if name not in OBJECTIVES:
        raise rule(f"one of: {', '.join(OBJECTIVES)}", known=OBJECTIVES)
    try:
        if task is None:
            Objective(name, value[name] if isinstance(value, Mapping) else None)
        else:
            Objective.for_task(task, _N_CLASSES[task], value)
    except StudyError as error:
        raise contradiction(str(error), at=("data", "objective")) from None
    return value


def check_class_weights(value: Any) -> Any:
    """Check a factor for each class: ``balanced``, a mapping, or None."""
    if value is None or value == "balanced":
        return value
    if isinstance(value, Mapping) and all(
        is_number(factor) and factor > 0 for factor in value.values()
    ):
        return {str(label): float(factor) for label, factor in value.items()}
    raise rule("balanced, or a positive number for each class that is named")


def check_monotone(value: Any) -> dict[str, int]:
    """Check the columns along which predictions may only rise (1) or fall (-1)."""
    if isinstance(value, Mapping) and all(
        is_number(sign) and abs(sign) == 1 for sign in value.values()
    ):
        return {str(name): int(sign) for name, sign in value.items()}
    raise rule("1 (rising) or -1 (falling) for each column that is named")


def check_missing(value: Any) -> tuple[str, ...] | None:
    """Check the words for a missing value: text and numbers, or None for the usual."""
    if value is None:
        return None
    if isinstance(value, (tuple, list)) and all(
        isinstance(word, str) or is_number(word) for word in value
    ):
        return tuple(map(str, value))
    raise rule(
        "a list of words and numbers, such as ['?', NA, -999], with null, true and "
        "false in quotes"
    )


def check_reading(key: str, value: Any, others: Mapping[str, Any]) -> Any:
    """Check one key on how cells are read; ``others`` has the keys before it."""
    expected = Reading.expected(key, **{**others, key: value})
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
