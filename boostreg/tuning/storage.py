"""Addresses of Optuna storages: checked, moved with a study, shown without secrets."""

import os
import re
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from boostreg.errors import StudyError

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["HIDDEN", "check_storage", "located", "masked", "moved"]

HIDDEN = "***"
"""Stands for what is not shown."""

_SCHEME = re.compile(r"\w[\w+]*:(//)?", re.ASCII)
_SECRET = re.compile(r"[:@?#]")
_LONGEST = 1000


def check_storage(url: str) -> None:
    """Check that a storage's address is one that SQLAlchemy can read.

    Raises
    ------
    StudyError
        If it is no URL, names no database that SQLAlchemy knows, or one that is gone
        with the process. The message shows of it what ``masked`` does.
    """
    from sqlalchemy.exc import ArgumentError

    wanted = "a URL such as sqlite:///trials.db or postgresql://USER:PASSWORD@HOST/NAME"
    parsed = _parsed(url)
    if parsed is None or len(url) > _LONGEST:
        raise StudyError(f"storage must be {wanted}, got {masked(url)!r}.")
    try:
        parsed.get_dialect()
    except (ArgumentError, AttributeError, ImportError) as error:
        raise StudyError(
            f"storage must name a database that SQLAlchemy knows and that is "
            f"installed, {wanted}, got {parsed.drivername!r}."
        ) from error
    if _is_sqlite(parsed) and parsed.database in (None, "", ":memory:"):
        raise StudyError(
            f"storage must be {wanted}, got {masked(url)!r}, a database in memory, "
            f"which nobody else can see."
        )


def masked(url: str) -> str:
    """Return a URL without what it says of who may enter.

    Where it is not sure which part that is, nothing is left but the scheme.

    >>> masked("postgresql://ann:secret@db.example/optuna?password=x")
    'postgresql://***@db.example/optuna'
    >>> masked("postgresql://ann:se@cret@db.example/optuna")
    'postgresql://***'
    >>> masked("sqlite:///live.db")
    'sqlite:///live.db'
    """
    from sqlalchemy.util import immutabledict

    parsed = _parsed(url)
    if parsed is None:
        scheme = _SCHEME.match(url)
        unknown = scheme is None and not _SECRET.search(url)
        return url[:60] if unknown else f"{scheme[0] if scheme else ''}{HIDDEN}"
    named = parsed.username is not None
    if not named and _is_sqlite(parsed):
        return url.partition("?")[0]
    before, _, after = url.partition("@")
    asked = "=" in before.partition("?")[2]  # a query whose values hold an @
    unsure = "@" in after or asked if named else "@" in f"{parsed.database}"
    if unsure:
        return f"{parsed.drivername}://{HIDDEN}"
    bare = parsed._replace(username=None, password=None, query=immutabledict())
    shown = bare.render_as_string()
    return shown.replace("://", f"://{HIDDEN}@", 1) if named else shown


def located(url: str, base: Path) -> str:
    """Return a storage's URL, a relative path of SQLite's starting from ``base``."""
    parsed = _parsed(url)
    if parsed is None or not _is_relative(parsed):
        return url
    path = (base / str(parsed.database)).as_posix()
    return parsed.set(database=path).render_as_string(hide_password=False)


def moved(url: str, base: Path, folder: Path) -> str:
    """Return ``masked(url)`` as it is written in ``folder`` to mean what it did.

    A relative path of SQLite's starts from ``base``, that of a file in ``folder`` from
    there.
    """
    parsed = _parsed(url)
    if parsed is None or not _is_relative(parsed):
        return masked(url)
    path = Path(os.path.relpath(base / str(parsed.database), folder.resolve()))
    return masked(parsed.set(database=path.as_posix()).render_as_string())


def _parsed(url: str) -> "sqlalchemy.URL | None":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        return None


def _is_sqlite(parsed: "sqlalchemy.URL") -> bool:
    return parsed.get_backend_name() == "sqlite"


def _is_relative(parsed: "sqlalchemy.URL") -> bool:
    path = parsed.database
    if not _is_sqlite(parsed) or not path or path == ":memory:":
        return False
    absolute = Path(path).is_absolute() or PureWindowsPath(path).is_absolute()
    return not absolute and not path.startswith("file:")
