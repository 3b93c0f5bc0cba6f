"""Errors in a study file: what is wrong, at which line and column, in plain words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args

from pydantic import BaseModel, Discriminator, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from boostreg.errors import Fault, Loc, StudyError, nearest

__all__ = [
    "Place",
    "PlacedFault",
    "as_error",
    "contradiction",
    "describe",
    "explain",
    "kind_by_key",
    "raise_faults",
    "rule",
    "show",
    "tag",
]

_LONGEST = 60
_MARK = "\x00"
"""A control character, which the reader accepts in no key."""

# What pydantic checks, by its name for the error.
_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text (put it in quotes)",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys",
    "mapping_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "too_short": "at least one entry",
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, counted from 1; or the ``origin`` of what is in no file.

    >>> PlacedFault(Place(1, 1, "--set search"), "search.trials", "unknown.").line("")
    '--set search: search.trials: unknown.'
    """

    line: int
    column: int
    origin: str = ""


@dataclass(frozen=True, slots=True, order=True)
class PlacedFault:
    """One thing that is wrong with a file, in words, with its line and column."""

    place: Place
    key: str
    text: str

    def line(self, file: str) -> str:
        """Return ``file:line:col: key.path: text``, or with the origin as the place."""
        at = self.place
        where = at.origin or f"{file}:{at.line}:{at.column}"
        return ": ".join(part for part in (where, self.key, self.text) if part)


def as_error(file: str, faults: Iterable[PlacedFault]) -> StudyError:
    """Return the error that reports all faults of ``file``, sorted by line."""
    lines = [fault.line(file) for fault in sorted(set(faults))]
    if len(lines) == 1:
        return StudyError(lines[0])
    return StudyError("\n  ".join([f"{file} has {len(lines)} errors:", *lines]))


def _custom(fault: Fault) -> PydanticCustomError:
    return PydanticCustomError("fault", "fault", {"fault": fault})


def rule(
    expected: str,
    *,
    known: Sequence[str] = (),
    kind: Literal["value", "missing", "excess"] = "value",
) -> PydanticCustomError:
    """Return what a validator raises: the arguments of a ``Fault``, without its place.

    ``expected`` is what is allowed, or the reason if the key is missing or in excess.
    """
    return _custom(Fault((), expected, None, tuple(known), kind))


def contradiction(text: str, *, at: Loc) -> PydanticCustomError:
    """Return what a validator raises if two keys contradict; ``at`` is the one to fix.

    ``text`` is a complete sentence.
    """
    return PydanticCustomError("contradiction", "{text}", {"text": text, "at": at})


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raise what a validator reports for all faults of its value, if there are any."""
    details = [
        InitErrorDetails(type=_custom(fault), loc=fault.loc, input=fault.found)
        for fault in faults
    ]
    if details:
        raise ValidationError.from_exception_data("study", details)


def describe(fault: Fault, advice: str = "") -> str:
    """Return a fault in words for the writer of a YAML file, without its key.

    Without ``advice``, a known name that is close ends the sentence.
    """
    found, expected = show(fault.found), fault.expected
    match fault.kind:
        case "missing":
            return f"missing; {expected}."
        case "excess":
            return f"found {found}; {expected}, so remove this key."
        case "unknown":
            end = advice or nearest(fault.loc[-1], fault.known) or "."
            return f"unknown key; expected one of: {', '.join(fault.known)}{end}"
    end = advice or nearest(fault.found, fault.known) or "."
    return f"found {found}; expected {expected}{end}"


def explain(error: ErrorDetails, model: type[BaseModel]) -> tuple[Loc, str, bool]:
    """Return the keys that lead to a fault, its words, and if it is about the key.

    ``error`` is one of the errors of validating ``model``.
    """
    loc = tuple(part for part in error["loc"] if not _is_tag(part))
    found, context = error["input"], error.get("ctx", {})
    advice = ""
    match error["type"]:
        case "contradiction":
            return context["at"], context["text"], True
        case "fault":
            fault = replace(context["fault"], loc=loc, found=found)
        case "missing":
            whole = "a claim" if loc[0] == "claims" and len(loc) > 1 else "a study"
            fault = Fault(loc, f"{whole} needs this key", None, kind="missing")
        case "extra_forbidden":
            holders = _holders(model, error["loc"])
            keys = tuple(key for holder in holders for key in holder.model_fields)
            fault = Fault(loc, "key", found, keys, "unknown")
        case "literal_error":
            holders = _holders(model, error["loc"])
            fields = [one.model_fields[str(loc[-1])] for one in holders]
            known = tuple(n for field in fields for n in _literals(field.annotation))
            fault = Fault(loc, f"one of: {', '.join(known)}", found, known)
        case "tuple_type" if isinstance(found, str):
            fault = Fault(loc, f"a list, such as [{found}]", found)
        case kind:
            expected = _EXPECTED.get(kind, "another kind of value").format(**context)
            fault = Fault(loc, expected, found)
    if fault.kind == "unknown":
        # The key may belong somewhere else in a study.
        paths = {path.split(".")[-1]: path for path in _paths(model)}
        paths |= {name: name for name in fault.known}
        if near := get_close_matches(str(loc[-1]), paths, n=1):
            advice = f"; did you mean {paths[near[0]]!r}?"
    return loc, describe(fault, advice), fault.kind in {"missing", "unknown"}


def show(value: object) -> str:
    """Return a value as it is written in YAML, shortened.

    >>> show(True), show("x" * 3), show(()), show(None), show({"low": 2, "high": 1})
    ('true', "'xxx'", 'an empty list', 'null', '{low: 2, high: 1}')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {show(one)}" for key, one in value.items())
        text, short = f"{{{text}}}", f"a mapping with {', '.join(map(str, value))}"
    elif isinstance(value, (tuple, list)):
        text = f"[{', '.join(map(show, value))}]" if value else "an empty list"
        short = f"a list of {len(value)}"
    else:
        text = repr(value)
        short = f"{text[: _LONGEST - 3]}..."
    return text if len(text) <= _LONGEST else short


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner in _models(field.annotation):
            yield from _paths(inner, f"{prefix}{name}.")


def tag(name: str) -> str:
    """Return the mark of one model of a union, which no key of a file can equal."""
    return f"{_MARK}{name}"


def kind_by_key(key: str, name: str, other: str) -> Discriminator:
    """Return what chooses between two tagged models: ``name`` has ``key``."""

    def choose(value: Any) -> str:
        has_key = key in value if isinstance(value, Mapping) else hasattr(value, key)
        return tag(name if has_key else other)

    return Discriminator(choose)


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and part.startswith(_MARK)


def _holders(model: type[BaseModel], loc: Loc) -> list[type[BaseModel]]:
    """Return the models that can have the last part of ``loc`` as a field."""
    options = [model]
    for part in loc[:-1]:
        if _is_tag(part):
            options = [m for m in options if tag(m.__name__) == part]
        elif isinstance(part, str):
            fields = [m.model_fields[part] for m in options if part in m.model_fields]
            options = [m for field in fields for m in _models(field.annotation)]
    return options


def _literals(annotation: Any) -> Iterator[str]:
    for argument in get_args(annotation):
        if isinstance(argument, str):
            yield argument
        yield from _literals(argument)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
