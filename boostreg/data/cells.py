"""Column names and text cells: how names are checked and cells are read."""

import codecs
import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BOOLEANS",
    "MISSING_WORDS",
    "Reading",
    "Type",
    "as_types",
    "as_yaml",
    "as_yaml_text",
    "columns_by_name",
    "is_plain_number",
    "plain_form",
    "plain_numbers",
    "quoted",
    "refuse_repeated",
    "refuse_unknown",
    "suggestion",
]


def columns_by_name(frame: "pd.DataFrame") -> "dict[str, pd.Series[Any]]":
    """Return the columns of ``frame`` by their names as text; all must differ."""
    names = [str(name) for name in frame.columns]
    refuse_repeated(names)
    return {name: frame.iloc[:, place] for place, name in enumerate(names)}


def refuse_repeated(names: Sequence[str], place: str = "") -> None:
    """Raise DataError if a name occurs more than once; ``place`` begins the message."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{place}column names must be unique; rename the repeated {quoted(twice)}."
        )


def refuse_unknown(
    name: str, names: Sequence[str], role: str = "", *, key: str | None = None
) -> None:
    """Raise DataError if ``name`` is not among ``names``, with those close to it."""
    if name in names:
        return
    text = f"{name!r} is not a column of the data; {suggestion(name, names)}"
    if key is not None:
        raise DataError.at(key, text=text)
    raise DataError(f"{role} {text}")


def suggestion(name: str, names: Sequence[str]) -> str:
    """Return a question for the ``names`` close to ``name``, or all names.

    >>> suggestion("Target", ["target", "year"]), suggestion("zip", ["target", "year"])
    ("did you mean 'target'?", "available: 'target', 'year'.")
    """
    lower = {known.lower(): known for known in reversed(names)}
    close = difflib.get_close_matches(name.lower(), lower, n=3)
    if close:
        return f"did you mean {quoted(lower[match] for match in close)}?"
    return f"available: {quoted(names)}." if names else "none is available."


def quoted(names: Iterable[str], limit: int = 8) -> str:
    """Return names as one line of text, the last ones as a count.

    >>> quoted(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    listed = list(names)
    rest = len(listed) - limit
    shown = ", ".join(repr(name) for name in listed[:limit])
    return f"{shown} and {rest} more" if rest > 0 else shown


def as_yaml_text(text: str) -> str:
    r"""Return a text as a quoted scalar of YAML.

    >>> print(as_yaml_text("?"), as_yaml_text("it's"), as_yaml_text("\t"))
    '?' "it's" "\t"
    """
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=not text.isprintable())


def as_yaml(name: str) -> str:
    """Return the name of a column as a key of YAML, quoted where it must be.

    >>> [as_yaml(name) for name in ("income", "of year", "null")]
    ['income', "'of year'", "'null'"]
    """
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
    if plain and name.lower() not in ("null", "true", "false"):
        return name
    return as_yaml_text(name)


def as_types(names: Sequence[str], kind: str, limit: int = 8) -> str:
    """Return columns as a value of ``data.types``.

    >>> as_types(["zip", "of year"], "category")
    "{zip: category, 'of year': category}"
    """
    return f"{{{', '.join(f'{as_yaml(name)}: {kind}' for name in names[:limit])}}}"


MISSING_WORDS = (
    *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("null", "NULL", "None"),
)
"""Stated here, so that a new version of pandas does not change a study."""

Type = Literal["number", "category"]


_LONGEST = 40  # digits of a whole number that is kept whole
_KEPT = ("decimal", "thousands", "separator", "encoding", "sheet")
_SPACES = (" ", "\u00a0", "\u202f", "\u2009")  # any of them may separate thousands
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?")
BOOLEANS = MappingProxyType(
    dict.fromkeys(("TRUE", "True", "true"), 1.0)
    | dict.fromkeys(("FALSE", "False", "false"), 0.0)
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a file are read; the same-named keys of ``data``.

    Attributes
    ----------
    missing : tuple of str or None
        Words for a missing value; None for ``MISSING_WORDS``, of which the word None is
        a label in a column of text. An empty cell is always missing.
    decimal, separator, encoding : str or None
        None: recognised from each text file, see ``boostreg.data.dialect``.
    thousands : str or None
        Between groups of three digits.
    sheet : str or None
        Name of the sheet of an Excel file; None for the only one that has cells.
    types : mapping of str to {"number", "category"}
        The type of a column, instead of the type found from its cells.
    """

    missing: tuple[str, ...] | None = None
    decimal: str | None = None
    thousands: str | None = None
    separator: str | None = None
    encoding: str | None = None
    types: Mapping[str, Type] = field(default_factory=dict)
    sheet: str | None = None

    def __post_init__(self) -> None:
        for key, (holds, expected) in _RULES.items():
            if not holds(self):
                found = f"found {getattr(self, key)!r}"
                raise DataError.at(key, text=f"{found}; expected {expected}.")

    def as_dict(self) -> dict[str, Any]:
        """Return how to read later files, JSON-ready; types are in their columns."""
        return {key: getattr(self, key) for key in _KEPT} | {
            "missing": None if self.missing is None else list(self.missing)
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the reading that ``as_dict`` described; other keys are ignored."""
        given = {key: content[key] for key in _KEPT if key != "sheet"}
        given["sheet"] = content.get("sheet")  # cards of earlier versions lack it
        words = content["missing"]
        return cls(**given, missing=None if words is None else tuple(words))

    @classmethod
    def expected(cls, key: str, **given: Any) -> str | None:
        """Return what ``key`` must be, None if the given value is valid."""
        try:
            cls(**given)
        except DataError as error:
            return _RULES[key][1] if error.loc == (key,) else None
        return None

    @property
    def point(self) -> str:
        """The decimal mark; a point if it is neither set nor implied by thousands."""
        return self.decimal or ("," if self.thousands == "." else ".")

    @property
    def is_plain(self) -> bool:
        """Whether any text that spells a number with a point is that number."""
        plain = self.point == "." and self.thousands is None
        return plain and not self.missing_numbers

    @property
    def missing_numbers(self) -> frozenset[float]:
        """The numbers among the words for missing, as the file spells them.

        >>> Reading(missing=("-99,9", "?"), decimal=",").missing_numbers
        frozenset({-99.9})
        """
        return _missing(self.missing, self.point, self.thousands)[1]

    def is_missing(self, texts: Sequence[str]) -> list[bool]:
        """Return which cells are missing; ``-999.0`` as a word also means -999."""
        words, numbers = _missing(self.missing, self.point, self.thousands)
        missing = [(text.strip() or " " * bool(text)) in words for text in texts]
        if not numbers:
            return missing
        values = self.numbers(texts)
        return [
            is_word or value in numbers
            for is_word, value in zip(missing, values, strict=True)
        ]

    def numbers(self, texts: Sequence[str]) -> list[float | None]:
        """Return each cell as the nearest double, None if it is not a number.

        >>> Reading(decimal=",", thousands=".").numbers(["1.234,5", "1.2", "7"])
        [1234.5, None, 7.0]
        """
        plain = self.point == "." and self.thousands is None
        if plain and (values := plain_numbers(texts)) is not None:
            return list(map(float, values))
        return [None if t is None else float(t) for t in self.plain_texts(texts)]

    def plain_texts(self, texts: Sequence[str]) -> list[str | None]:
        """Return each number as Python spells it, None for other cells.

        >>> Reading(decimal=",", thousands=".").plain_texts(["1.234,5", "1.2", " 7"])
        ['1234.5', None, '7']
        """
        matches = _number_pattern(self.point, self.thousands).fullmatch
        plain = dict.fromkeys(_thousands_marks(self.thousands), "")
        marks = str.maketrans(plain | {self.point: "."})
        return [t.strip().translate(marks) if matches(t) else None for t in texts]

    def spelled(self, number: str) -> str:
        """Return a number that Python spelled as this file would."""
        return number.replace(".", self.point)

    def values(self, texts: Sequence[str]) -> list[float | None]:
        """Return each cell as a number, TRUE and FALSE as 1 and 0."""
        return [
            BOOLEANS.get(text.strip()) if value is None else value
            for text, value in zip(texts, self.numbers(texts), strict=True)
        ]


def _thousands_marks(thousands: str | None) -> tuple[str, ...]:
    if thousands in _SPACES:
        return _SPACES
    return () if thousands is None else (thousands,)


@lru_cache
def _number_pattern(decimal: str, thousands: str | None) -> re.Pattern[str]:
    point = re.escape(decimal)
    whole = "[0-9]+"
    if marks := _thousands_marks(thousands):
        between = "[" + "".join(map(re.escape, marks)) + "]"
        whole = rf"(?:[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+)"
    digits = rf"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    return re.compile(rf"\s*[+-]?(?:{digits}|(?i:inf|infinity))\s*", re.ASCII)


def _is_text_encoding(name: str) -> bool:
    try:
        return bool(getattr(codecs.lookup(name), "_is_text_encoding", True))
    except (LookupError, ValueError):
        return False


_RULES: Mapping[str, tuple[Callable[[Reading], bool], str]] = {
    "decimal": (lambda r: r.decimal in (None, ".", ","), "null, '.' or ','"),
    "thousands": (
        lambda r: (
            r.thousands != r.point
            and r.thousands in (None, ",", ".", "'", "\u2019", "_", *_SPACES)
        ),
        "null, or one of ',', '.', ' ', \"'\" and '_' that is not data.decimal",
    ),
    "separator": (
        lambda r: (
            r.separator is None
            or (
                len(r.separator) == 1
                and not r.separator.isalnum()
                and r.separator not in "\"'.+-\r\n\0"
            )
        ),
        "null, or one character, such as ',', ';', '|' or \"\\t\"",
    ),
    "encoding": (
        lambda r: r.encoding is None or _is_text_encoding(r.encoding),
        "null, or an encoding that Python knows, such as utf-8, latin-1 or utf-16",
    ),
    "types": (
        lambda r: all(t in ("number", "category") for t in r.types.values()),
        "number or category for each column",
    ),
}


@lru_cache
def _missing(
    given: tuple[str, ...] | None, decimal: str, thousands: str | None
) -> tuple[frozenset[str], frozenset[float]]:
    """Return the words for missing, stripped, and the numbers among those given.

    A number is read as its file spells it, otherwise with a point.
    """
    listed = MISSING_WORDS if given is None else ("", *given)
    words = frozenset(word.strip() or " " * bool(word) for word in listed)
    spelled = [word for word in given or () if any(map(str.isdigit, word))]
    read = Reading(decimal=decimal, thousands=thousands).numbers(spelled)
    found = [
        float(word) if number is None and is_plain_number(word) else number
        for word, number in zip(spelled, read, strict=True)
    ]
    return words, frozenset(number for number in found if number is not None)


def plain_numbers(texts: Sequence[str]) -> list[float] | list[int] | None:
    """Return all texts as numbers, None if that takes a closer look.

    They are whole if none of them has a point or an exponent.
    """
    joined = "\n".join(texts)
    if not joined.isascii():
        return None
    beside = joined.encode("ascii").translate(None, b"0123456789+-\n")
    if beside.translate(None, b".eE"):  # float() would take words and more
        return None
    kind = float if beside or max(map(len, texts), default=0) > _LONGEST else int
    try:
        return list(map(kind, texts))
    except ValueError:
        return None


def is_plain_number(text: str) -> bool:
    """Return whether a text is a finite number, written with a point."""
    match = _number_pattern(".", None).fullmatch(text)
    return match is not None and "n" not in text.lower()


def plain_form(label: str) -> str:
    """Return one spelling for 1 and 1.0, TRUE and True; other labels are kept.

    >>> [plain_form(label) for label in ("1.0", "1", "2.50", "01", "1E2", "TRUE")]
    ['1', '1', '2.5', '01', '1E2', 'True']
    """
    if label in BOOLEANS:
        return str(bool(BOOLEANS[label]))
    if _PLAIN.fullmatch(label) is None:
        return label
    whole, _, rest = label.partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole
