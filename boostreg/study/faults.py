"""What is wrong with a study file, one line a fault, in the user's own words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from boostreg.errors import Fault, Loc, StudyError, nearest

__all__ = [
    "AT_KEY",
    "Place",
    "PlacedFault",
    "as_error",
    "contradiction",
    "detail",
    "details",
    "explain",
    "missing",
    "rule",
    "show",
    "tag",
    "unknown",
]

AT_KEY = frozenset({"contradiction", "extra_forbidden", "missing", "unknown_key"})
"""Errors that stand at a key rather than at its value."""

_LONGEST = 60
_MARK = "\x00"
"""A control character: the reader refuses keys that hold one."""

# What pydantic checks, by the name of its error, in words for the person at the YAML.
_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text (quote what YAML reads as something else)",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys",
    "mapping_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "greater_than": "above {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "below {lt:g}",
    "less_than_equal": "at most {le:g}",
    "too_short": "at least one entry",
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class PlacedFault:
    """One thing that is wrong with a file, in words, with its line and column."""

    place: Place
    key: str
    text: str

    def line(self, file: str) -> str:
        """Return ``file:line:col: key.path: text``."""
        where = f"{file}:{self.place.line}:{self.place.column}"
        return (
            f"{where}: {self.key}: {self.text}" if self.key else f"{where}: {self.text}"
        )


def as_error(file: str, faults: Iterable[PlacedFault]) -> StudyError:
    """Return the error that tells all faults of ``file``, in the order of its lines."""
    lines = [fault.line(file) for fault in sorted(set(faults))]
    if len(lines) == 1:
        return StudyError(lines[0])
    return StudyError("\n  ".join([f"{file} has {len(lines)} faults:", *lines]))


def rule(expected: str, *, known: Sequence[str] = ()) -> PydanticCustomError:
    """Return what a validator raises: what is allowed, and the names that are known."""
    return PydanticCustomError(
        "rule", "{expected}", {"expected": expected, "known": tuple(known)}
    )


def unknown(known: Sequence[str]) -> PydanticCustomError:
    """Return what a validator raises for a key that is not one of ``known``."""
    return PydanticCustomError("unknown_key", "unknown key", {"known": tuple(known)})


def missing(text: str) -> PydanticCustomError:
    """Return what a validator raises for a key that must be there; ``text`` is all."""
    return PydanticCustomError("missing", "{text}", {"text": text})


def excess(reason: str) -> PydanticCustomError:
    """Return what a validator raises for a key that has to be left out, and why."""
    return PydanticCustomError("excess", "{reason}", {"reason": reason})


def contradiction(text: str, *, at: Loc) -> PydanticCustomError:
    """Return what a validator raises where two keys meet; ``at`` is the one to mend.

    ``text`` is a whole sentence.
    """
    return PydanticCustomError("contradiction", "{text}", {"text": text, "at": at})


def detail(error: PydanticCustomError, loc: Loc, found: object) -> InitErrorDetails:
    """Return one of several faults that a validator reports together."""
    return InitErrorDetails(type=error, loc=loc, input=found)


def details(faults: Iterable[Fault]) -> list[InitErrorDetails]:
    """Return what a validator reports for faults of the value that it checks."""
    return [detail(_custom(fault), fault.loc, fault.found) for fault in faults]


def _custom(fault: Fault) -> PydanticCustomError:
    match fault.kind:
        case "unknown":
            return unknown(fault.known)
        case "missing":
            return missing(f"missing; {fault.expected}.")
        case "excess":
            return excess(fault.expected)
    return rule(fault.expected, known=fault.known)


def explain(error: ErrorDetails, model: type[BaseModel]) -> tuple[Loc, str]:
    """Return the keys that lead to a fault of ``model``, and the fault in words.

    Parameters
    ----------
    error : dict
        One of ``ValidationError.errors()``.
    model : type
        The pydantic model that was validated.
    """
    loc = tuple(part for part in error["loc"] if not _is_tag(part))
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "contradiction":
            return context["at"], context["text"]
        case "missing":
            whole = "a claim" if loc[0] == "claims" and len(loc) > 1 else "a study"
            return loc, context.get("text", f"missing; {whole} needs this key.")
        case "extra_forbidden" | "unknown_key":
            known = context.get("known") or tuple(_keys(model, error["loc"]))
            listed = f"unknown key; expected one of: {', '.join(known)}"
            return loc, listed + (nearest(loc[-1], known) or _elsewhere(model, loc))
        case "excess":
            found, advice = show(error["input"]), f"leave `{loc[-1]}` out"
            return loc, f"found {found}; {context['reason']}, so {advice}."
        case "tuple_type" if isinstance(error["input"], str):
            name = error["input"]
            return loc, f"found {show(name)}; expected a list, such as [{name}]."
        case "literal_error":
            known = tuple(_choices(model, error["loc"]))
            expected = f"one of: {', '.join(known)}"
        case "rule":
            known, expected = context["known"], context["expected"]
        case kind:
            known, template = (), _EXPECTED.get(kind, "another kind of value")
            expected = template.format(**context)
    text = f"found {show(error['input'])}; expected {expected}"
    return loc, text + (nearest(error["input"], known) or ".")


def show(value: object) -> str:
    """Return a value of a YAML file as its writer would know it again.

    >>> show(True), show("x" * 3), show(()), show(None), show({"low": 2, "high": 1})
    ('true', "'xxx'", 'an empty list', 'null', '{low: 2, high: 1}')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {show(one)}" for key, one in value.items())
        short = len(text) <= _LONGEST
        return (
            f"{{{text}}}" if short else f"a mapping with {', '.join(map(str, value))}"
        )
    if isinstance(value, (tuple, list)):
        text = ", ".join(map(show, value))
        short = len(text) <= _LONGEST
        if not value:
            return "an empty list"
        return f"[{text}]" if short else f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _elsewhere(model: type[BaseModel], loc: Loc) -> str:
    """Return a hint at a key that stands somewhere else in a study."""
    paths = {path.split(".")[-1]: path for path in _paths(model)}
    near = get_close_matches(str(loc[-1]), paths, n=1)
    return f"; did you mean {paths[near[0]]!r}?" if near else "."


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner in _models(field.annotation):
            yield from _paths(inner, f"{prefix}{name}.")


def tag(name: str) -> str:
    """Return what marks one model of a union, which no key of a file can be."""
    return f"{_MARK}{name}"


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and part.startswith(_MARK)


def _holders(model: type[BaseModel], loc: Loc) -> list[type[BaseModel]]:
    """Return the models whose fields may stand where the last part of ``loc`` does."""
    options = [model]
    for part in loc[:-1]:
        if _is_tag(part):
            options = [m for m in options if tag(m.__name__) == part]
        elif isinstance(part, str):
            fields = [m.model_fields[part] for m in options if part in m.model_fields]
            options = [m for field in fields for m in _models(field.annotation)]
    return options


def _keys(model: type[BaseModel], loc: Loc) -> Iterator[str]:
    """Yield the keys that may stand where the last part of ``loc`` does."""
    for option in _holders(model, loc):
        yield from option.model_fields


def _choices(model: type[BaseModel], loc: Loc) -> Iterator[str]:
    """Yield the names that the value at ``loc`` may be, where its type lists them."""
    for option in _holders(model, loc):
        yield from _literals(option.model_fields[str(loc[-1])].annotation)


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
