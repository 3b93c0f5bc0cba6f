"""Names of columns: carried as text unharmed, told apart, and found when misspelt."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from boostreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "as_yaml",
    "as_yaml_text",
    "columns_by_name",
    "quoted",
    "refuse_repeated",
    "refuse_unknown",
    "suggestion",
]


def columns_by_name(frame: "pd.DataFrame") -> "dict[str, pd.Series[Any]]":
    """Return the columns of ``frame`` by their names as text.

    Raises
    ------
    DataError
        If two columns have the same name.
    """
    names = [str(name) for name in frame.columns]
    refuse_repeated(names)
    return {name: frame.iloc[:, place] for place, name in enumerate(names)}


def refuse_repeated(names: Sequence[str]) -> None:
    """Raise DataError if a name occurs more than once."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"column names must differ, found more than once: {quoted(twice)}."
        )


def refuse_unknown(name: str, names: Sequence[str], role: str) -> None:
    """Raise DataError if ``name`` is not among ``names``, with those close to it."""
    if name not in names:
        raise DataError(
            f"{role} {name!r} is not a column of the data; {suggestion(name, names)}."
        )


def suggestion(name: str, names: Sequence[str]) -> str:
    """Return which of ``names`` is meant by ``name``, or which there are.

    >>> suggestion("Target", ["target", "year"])
    "close to it: 'target'"
    """
    lower = {known.lower(): known for known in reversed(names)}
    close = difflib.get_close_matches(name.lower(), lower, n=3)
    if close:
        return f"close to it: {quoted(lower[match] for match in close)}"
    return f"there are {quoted(names)}" if names else "there is none"


def quoted(names: Iterable[str], most: int = 8) -> str:
    """Return names as one line of text, the last ones as a count.

    >>> quoted(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    listed = list(names)
    rest = len(listed) - most
    shown = ", ".join(repr(name) for name in listed[:most])
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
