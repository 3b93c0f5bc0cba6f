"""The exceptions of boostreg.

Each one is also a builtin exception, so callers can catch either ``BoostregError`` or
the kind of error (``ValueError``).
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
    """Base class of all exceptions of boostreg.

    Attributes
    ----------
    key : str or None
        The key in a part of a study that it is about, if any:
        ``target`` of ``data``, ``space.max_leaves`` of ``search``.
    """

    key: str | None = None


class PenaltyError(BoostregError, ValueError):
    """A penalty is outside its domain."""


class UnsupportedPenaltyError(BoostregError, ValueError):
    """An engine has no counterpart of a penalty."""


class DataError(BoostregError, ValueError):
    """A table is unreadable or inconsistent."""


class FigureError(BoostregError, ValueError):
    """A figure cannot be drawn or written as requested."""


class StudyError(BoostregError, ValueError):
    """A study file is unreadable, incomplete or contradictory."""


class ModelError(BoostregError, ValueError):
    """A model is damaged or of an unsupported kind."""


class MissingExtraError(BoostregError, ImportError):
    """An optional package is required; the message names the extra to install."""


class FitError(BoostregError, RuntimeError):
    """A fit crashed, was killed, or exceeded a limit."""


class RunError(BoostregError, RuntimeError):
    """A run cannot continue: a locked folder, a damaged journal, a full disk."""


class InterruptedRunError(BoostregError, RuntimeError):
    """A run was stopped by a signal; finished work is in the journal."""


def reason(error: Exception) -> str:
    """Return the reason of a failure, without the number and path of an OSError.

    >>> reason(FileNotFoundError(2, "No such file or directory", "rows.csv"))
    'No such file or directory'
    """
    return getattr(error, "strerror", None) or str(error)
