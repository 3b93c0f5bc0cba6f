"""The exceptions and warnings of boostreg.

Each one is also a builtin exception, so callers can catch either ``BoostregError`` or
the kind of error (``ValueError``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

__all__ = [
    "BoostregError",
    "DataError",
    "Fault",
    "FigureError",
    "FitError",
    "InterruptedRunError",
    "Loc",
    "MissingExtraError",
    "ModelError",
    "PenaltyError",
    "RunError",
    "StudyError",
    "UnseenCategoryWarning",
    "UnsupportedPenaltyError",
    "nearest",
    "reason",
]

Loc = tuple[str | int, ...]
"""The keys that lead to a value: ``("space", "max_leaves", "low")``."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One error in the input of a user, before it is put into words.

    Attributes
    ----------
    loc : tuple of str or int
        The keys that lead to it, starting at the argument of the user.
    expected : str
        What is allowed, as after "must be": ``a whole number``. For a key that is
        missing or in excess, the reason; for an unknown one, ``key`` or ``penalty``.
    found : object
        The value as given, or None.
    known : tuple of str
        The names that are allowed.
    kind : {"value", "unknown", "missing", "excess"}
        Whether the value is invalid, or the key is unknown, missing, or in excess.

    Examples
    --------
    >>> print(Fault(("max_depth",), "a whole number of at least 1", 0))
    max_depth must be a whole number of at least 1, got 0.
    >>> print(Fault(("hgih",), "key", 3, ("low", "high"), "unknown").below("space"))
    space.hgih: unknown key 'hgih'; expected one of: low, high; did you mean 'high'?
    """

    loc: Loc
    expected: str
    found: object
    known: tuple[str, ...] = ()
    kind: Literal["value", "unknown", "missing", "excess"] = "value"

    def below(self, *keys: str | int) -> Self:
        """Return the same fault with ``keys`` before those of ``loc``."""
        return replace(self, loc=(*keys, *self.loc))

    def __str__(self) -> str:
        """Return the fault as a sentence for a caller in Python."""
        path = ".".join(map(str, self.loc))
        where = path if len(self.loc) < 2 else f"{path}:"
        match self.kind:
            case "missing":
                return f"{where} is missing; {self.expected}."
            case "excess":
                return f"{path}: {self.expected}, so remove this key."
            case "unknown":
                hint = nearest(self.loc[-1], self.known) or "."
                known = ", ".join(self.known)
                found = f"unknown {self.expected} {self.loc[-1]!r}"
                return f"{path}: {found}; expected one of: {known}{hint}"
        hint = nearest(self.found, self.known) or "."
        return f"{where} must be {self.expected}, got {self.found!r}{hint}"


def nearest(found: object, known: Sequence[str]) -> str:
    """Return a question with the name closest to ``found``, or empty text.

    >>> nearest("hgih", ("low", "high")), nearest(3, ("low", "high"))
    ("; did you mean 'high'?", '')
    """
    if not isinstance(found, str):
        return ""
    from difflib import get_close_matches

    near = get_close_matches(found, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


class BoostregError(Exception):
    """Base class of all exceptions of boostreg.

    Attributes
    ----------
    faults : tuple of Fault
        The errors and their places, one per line of the message; may be empty.
    loc : tuple of str or int
        The keys that lead to the error, below the part of the study that is read:
        ``("target",)`` of ``data``, ``("space", "max_leaves")`` of ``search``.
    text : str
        The message without any keys at its beginning.

    Examples
    --------
    >>> error = PenaltyError.of(Fault(("reg_alpha",), "a number", "much"))
    >>> str(error), error.faults[0].loc
    ("reg_alpha must be a number, got 'much'.", ('reg_alpha',))
    >>> isinstance(error, BoostregError), isinstance(error, ValueError)
    (True, True)
    >>> error = DataError.at("drop", text="there is no column 'age'.")
    >>> str(error), error.loc, error.text
    ("drop: there is no column 'age'.", ('drop',), "there is no column 'age'.")
    """

    faults: tuple[Fault, ...] = ()
    loc: Loc = ()
    _text: str | None = None

    @classmethod
    def of(cls, *faults: Fault) -> Self:
        """Return the error that reports these faults."""
        error = cls("\n".join(map(str, faults)))
        error.faults = faults
        return error

    @classmethod
    def at(cls, *loc: str | int, text: str) -> Self:
        """Return the error with a message that begins with the keys ``loc``."""
        error = cls(f"{'.'.join(map(str, loc))}: {text}")
        error.loc, error._text = loc, text
        return error

    @property
    def text(self) -> str:
        """The message without any keys at its beginning."""
        return str(self) if self._text is None else self._text


class PenaltyError(BoostregError, ValueError):
    """A penalty is outside its domain, or a search space is invalid."""


class UnsupportedPenaltyError(BoostregError, ValueError):
    """An engine does not support a penalty."""


class DataError(BoostregError, ValueError):
    """A table is unreadable or inconsistent."""


class FigureError(BoostregError, ValueError):
    """A figure cannot be drawn or written as requested."""


class StudyError(BoostregError, ValueError):
    """A study file is unreadable, incomplete or contradictory."""


class ModelError(BoostregError, ValueError):
    """A model is damaged or of an unsupported kind."""


class MissingExtraError(BoostregError, ImportError):
    """An optional package is not installed; the message names it."""


class FitError(BoostregError, RuntimeError):
    """A fit crashed, was killed, or exceeded a limit."""


class RunError(BoostregError, RuntimeError):
    """A run cannot continue: a locked folder, a damaged journal, a full disk."""


class InterruptedRunError(BoostregError, RuntimeError):
    """A run was stopped by a signal; finished work is in the journal."""


class UnseenCategoryWarning(UserWarning):
    """Rows to predict have categories that are not in the training data.

    A model warns once per column, with the categories of the rows at hand.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("ignore", UnseenCategoryWarning)  # no warning at all
    >>> warnings.simplefilter("error", UnseenCategoryWarning)  # an error instead
    >>> warnings.resetwarnings()
    """


def reason(error: Exception) -> str:
    """Return the reason of a failure, without the number and path of an OSError.

    >>> reason(FileNotFoundError(2, "No such file or directory", "rows.csv"))
    'No such file or directory'
    """
    return getattr(error, "strerror", None) or str(error)
