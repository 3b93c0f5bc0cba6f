"""Everything boostreg raises on purpose.

Each error is also a builtin error, so callers may catch either the family
(``BoostregError``) or the kind of mistake (``ValueError``).
"""

__all__ = [
    "BoostregError",
    "DataError",
    "FigureError",
    "FitError",
    "InterruptedRunError",
    "MissingExtraError",
    "ModelError",
    "PenaltyError",
    "RunError",
    "StudyError",
    "UnsupportedPenaltyError",
    "reason",
]


class BoostregError(Exception):
    """Base of every error that boostreg raises on purpose.

    Attributes
    ----------
    key : str or None
        Which key of a part of a study it is about, where it is about one:
        ``target`` of ``data``, ``space.max_leaves`` of ``search``.
    """

    key: str | None = None


class PenaltyError(BoostregError, ValueError):
    """A penalty is outside its domain."""


class UnsupportedPenaltyError(BoostregError, ValueError):
    """An engine has no counterpart of a penalty, so the study would lie."""


class DataError(BoostregError, ValueError):
    """A table is unreadable or does not fit together."""


class FigureError(BoostregError, ValueError):
    """A picture cannot be drawn or written as asked."""


class StudyError(BoostregError, ValueError):
    """A study file is unreadable, incomplete or contradicts itself."""


class ModelError(BoostregError, ValueError):
    """A model is damaged or of a kind that cannot be read."""


class MissingExtraError(BoostregError, ImportError):
    """Something asked for needs an optional package; the message names the extra."""


class FitError(BoostregError, RuntimeError):
    """A fit crashed, was killed, or ran past a limit."""


class RunError(BoostregError, RuntimeError):
    """A run cannot go on: a locked folder, a damaged journal, a full disk."""


class InterruptedRunError(BoostregError, RuntimeError):
    """A run was stopped by a signal; what was finished is in the journal."""


def reason(error: Exception) -> str:
    """Return why something failed, without the number and the path of an OSError.

    >>> reason(FileNotFoundError(2, "No such file or directory", "rows.csv"))
    'No such file or directory'
    """
    return getattr(error, "strerror", None) or str(error)
