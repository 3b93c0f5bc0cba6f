"""Untrusted YAML 1.2: bounded, without aliases, with the position of each key.

Bounds are checked during scanning, so that a YAML bomb is refused before it expands:
aliases, merge keys and tags are not supported, and a file has at most ``MAX_BYTES``
bytes, ``MAX_LINES`` lines, ``MAX_DEPTH`` levels and ``MAX_VALUES`` values. Scalars are
those of the core schema (YAML 1.2.2, 10.3.2): ``1e-3`` is a number, ``no`` and
``2024-01-01`` are text.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from boostreg.data.cells import as_yaml, as_yaml_text
from boostreg.errors import Loc, StudyError, reason
from boostreg.study.faults import Place, PlacedFault, as_error, show

__all__ = ["MAX_DEPTH", "Document", "flow_yaml", "parse_yaml", "read_yaml"]

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_LINES = 5_000
MAX_VALUES = 2_000

_LONGEST_INT = 30
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./%-]*")
_BRACKET = re.compile(r"[\[{\]}]")
_TOP = Place(1, 1)

_CONSTANTS = (
    dict.fromkeys(("", "~", "null", "Null", "NULL"), None)
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
_INT = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(slots=True)
class Document:
    """The content of a YAML file, with the position of each key and value.

    ``content`` consists of dict, tuple, str, int, float, bool and None. ``faults`` are
    errors after which reading can continue, such as a duplicate key. ``top`` is the
    position of what has no own, ``changed`` are the keys that ``change`` has set.
    """

    file: str
    content: Any = None
    keys: dict[Loc, Place] = field(default_factory=dict)
    values: dict[Loc, Place] = field(default_factory=dict)
    faults: list[PlacedFault] = field(default_factory=list)
    top: Place = _TOP
    changed: set[Loc] = field(default_factory=set)

    def place(self, loc: Loc, *, of_key: bool = False) -> Place:
        """Return the position of a value or key, or of the nearest existing parent."""
        places = self.keys if of_key else self.values
        if loc in places:
            return places[loc]
        holders = (loc[:n] for n in range(len(loc), 0, -1))
        # A list entry has no key; use the position of its value.
        known = (self.keys.get(h) or self.values.get(h) for h in holders)
        return next((place for place in known if place is not None), self.top)

    def fault(self, loc: Loc, text: str, *, of_key: bool = False) -> PlacedFault:
        """Return what is wrong with a value or key, at its position."""
        place = self.place(loc, of_key=of_key)
        # The origin of a change is its key.
        key = "" if loc in self.changed else ".".join(map(str, loc))
        return PlacedFault(place, key, text)

    def change(self, loc: tuple[str, ...], value: Any, origin: str) -> None:
        """Set the value of a key; errors about it are reported at ``origin``.

        Missing parents become mappings. Raises StudyError if a parent is a value.
        """
        place, parent = Place(1, 1, origin), self.content
        for known in (self.keys, self.values):
            for old in [one for one in known if one[: len(loc)] == loc]:
                del known[old]
        for n, key in enumerate(loc[:-1], 1):
            if parent.get(key) is None:
                parent[key] = {}
                self.keys[loc[:n]] = self.values[loc[:n]] = place
            parent = parent[key]
            if not isinstance(parent, dict):
                path = ".".join(loc[:n])
                raise StudyError(
                    f"{origin}: {path} is {show(parent)}, which has no keys; set all "
                    f"of {path}."
                )
        parent[loc[-1]] = value
        self.keys[loc] = self.values[loc] = place
        self.changed.add(loc)


def read_yaml(path: Path) -> Document:
    """Read a YAML file with one document; StudyError if that is impossible."""
    return parse_yaml(_read_text(path), str(path))


def parse_yaml(text: str, file: str) -> Document:
    """Return the one document of a YAML text; errors name it as ``file``."""
    document = Document(file)
    _check_nesting(document.file, text)
    try:
        _Builder(document, _events(text)).build()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = " ".join(str(error.problem or error.context or "cannot be read").split())
        text = text.replace("'<stream end>'", "the end of the file")
        hint = "; indent with spaces, not tabs" if r"\t" in text else ""
        place = _place(mark) if mark else _TOP
        fault = PlacedFault(place, "", f"invalid YAML: {text}{hint}.")
        raise as_error(document.file, [fault]) from None
    except YAMLError as error:
        text = " ".join(str(error).split())
        raise StudyError(f"{file}: invalid YAML: {text}.") from None
    return document


def _read_text(path: Path) -> str:
    content = None
    try:
        if path.is_file() or path.is_dir() or not path.exists():
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise StudyError(f"{path} does not exist; name a study file.") from None
    except IsADirectoryError:
        raise StudyError(f"{path} is a folder; name a study file.") from None
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} could not be read: {reason(error)}.") from None
    if content is None:
        raise StudyError(f"{path} is not a regular file; name a study file.")
    if len(content) > MAX_BYTES:
        raise StudyError(
            f"{path} is too large for a study file; the limit is {MAX_BYTES // 1024} "
            "KiB."
        )
    if content.count(b"\n") > MAX_LINES:
        raise StudyError(
            f"{path} is too long for a study file; the limit is {MAX_LINES} lines."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(
            f"{path} is not UTF-8 text: byte {error.start} is "
            f"0x{content[error.start]:02x}. Save it as UTF-8."
        ) from None


def _check_nesting(file: str, text: str) -> None:
    """Refuse deeply nested brackets before the scanner sees them.

    ruamel.yaml looks far ahead in them and would need a second for its first event.
    """
    n_open = 0
    for bracket in _BRACKET.finditer(text):
        n_open = n_open + 1 if bracket[0] in "[{" else max(n_open - 1, 0)
        if n_open > MAX_DEPTH:
            place = Place(text.count("\n", 0, bracket.start()) + 1, 1)
            fault = PlacedFault(
                place, "", f"found more than {MAX_DEPTH} nested levels, the limit."
            )
            raise as_error(file, [fault])


def _events(text: str) -> Iterator[Any]:
    return YAML(typ="safe", pure=True).parse(text)  # type: ignore[no-any-return] # ruamel is untyped here


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class _Builder:
    """Builds a document from parser events, within the bounds."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self._document, self._events, self._n_values = document, events, 0

    def build(self) -> None:
        n_documents = 0
        for event in self._events:
            if isinstance(event, NodeEvent):
                self._document.content = self._value(event, ())
            elif isinstance(event, DocumentStartEvent):
                n_documents += 1
                place = _place(event.start_mark)
                if n_documents > 1:
                    raise self._refusal(
                        place, "found a second document; keep one per file."
                    )
                if event.tags or tuple(event.version or (1, 2)) != (1, 2):
                    raise self._refusal(place, "found a YAML directive; remove it.")

    def _value(self, event: Any, loc: Loc) -> Any:
        self._check_node(event, loc)
        # An empty value has no position of its own; use that of its key.
        if getattr(event, "value", None) != "" or not event.implicit[0]:
            self._document.values[loc] = _place(event.start_mark)
        if isinstance(event, MappingStartEvent):
            return self._mapping(loc)
        if isinstance(event, SequenceStartEvent):
            entries: list[Any] = []
            while not isinstance(event := next(self._events), CollectionEndEvent):
                entries.append(self._value(event, (*loc, len(entries))))
            return tuple(entries)
        return self._scalar(event, loc)

    def _check_node(self, event: Any, loc: Loc) -> None:
        place = _place(event.start_mark)
        self._n_values += 1
        if isinstance(event, AliasEvent):
            raise self._refusal(place, "found an alias (*); write out its value.")
        if event.anchor is not None:
            raise self._refusal(place, "found an anchor (&); write out each value.")
        if event.tag is not None:
            raise self._refusal(
                place, f"found a tag ({show(str(event.tag))}); remove it."
            )
        if len(loc) >= MAX_DEPTH:
            raise self._refusal(
                place, f"found more than {MAX_DEPTH} nested levels, the limit."
            )
        if self._n_values > MAX_VALUES:
            raise self._refusal(
                place, f"found more than {MAX_VALUES} values, the limit."
            )

    def _mapping(self, loc: Loc) -> dict[str, Any]:
        content: dict[str, Any] = {}
        while not isinstance(event := next(self._events), CollectionEndEvent):
            self._check_node(event, loc)
            key, place = self._key(event), _place(event.start_mark)
            if key in content:
                first = self._document.keys[*loc, key].line
                self._fault(
                    place,
                    (*loc, key),
                    f"repeated, first set in line {first}; keep one.",
                )
            else:
                self._document.keys[*loc, key] = place
            value = self._value(next(self._events), (*loc, key))
            content.setdefault(key, value)
        return content

    def _refusal(self, place: Place, text: str) -> StudyError:
        return as_error(self._document.file, [PlacedFault(place, "", text)])

    def _key(self, event: Any) -> str:
        place = _place(event.start_mark)
        if not isinstance(event, ScalarEvent):
            raise self._refusal(
                place, "found a list or a mapping as a key; expected text."
            )
        if event.value == "<<":
            raise self._refusal(place, "found a merge key (<<); write out its keys.")
        if _unprintable(event.value):
            raise self._refusal(
                place, "found control characters in a key; remove them."
            )
        return str(event.value)

    def _scalar(self, event: Any, loc: Loc) -> Any:
        text: str = event.value
        place = _place(event.start_mark)
        if _unprintable(text.replace("\n", "").replace("\t", "")):
            self._fault(place, loc, "found control characters; remove them.")
            return ""
        plain = event.implicit[0]
        if plain and _INT.fullmatch(text) and len(text) > _LONGEST_INT:
            self._fault(
                place,
                loc,
                f"found a whole number of {len(text)} digits; the limit is "
                f"{_LONGEST_INT}.",
            )
            return 0
        return _resolve(text) if plain else text

    def _fault(self, place: Place, loc: Loc, text: str) -> None:
        self._document.faults.append(PlacedFault(place, ".".join(map(str, loc)), text))


def _unprintable(text: str) -> bool:
    # Cc: control characters, Cs: halves of surrogate pairs, which no file can hold.
    return any(unicodedata.category(char) in {"Cc", "Cs"} for char in text)


def _resolve(text: str) -> Any:
    """Return the value of an unquoted scalar in the core schema.

    >>> [_resolve(t) for t in ("1e-3", "010", "0x1f", "no", "~", "True", "12:30")]
    [0.001, 10, 31, 'no', None, True, '12:30']
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text) and len(text) <= _LONGEST_INT:
        return int(text, base=0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def flow_yaml(value: Any) -> str:
    """Return plain data as YAML on one line, text in quotes where it must be.

    >>> print(flow_yaml({"drop": ["id", "a b", "1"], "source": "a/b.csv", "end": None}))
    {drop: [id, 'a b', '1'], source: a/b.csv, end: null}
    """
    if isinstance(value, Mapping):
        pairs = (f"{as_yaml(str(key))}: {flow_yaml(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow_yaml, value))}]"
    if not isinstance(value, str):
        return json.dumps(value)
    # A path or a share stays readable, if it is not read as something else.
    plain = _PLAIN.fullmatch(value) and parse_yaml(value, "").content == value
    return value if plain else as_yaml_text(value)
