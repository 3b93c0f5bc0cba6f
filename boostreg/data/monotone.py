"""Monotone columns: named by the user, one sign a column for the engines."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.data.columns import Column
from boostreg.errors import DataError

__all__ = ["named_signs"]


def named_signs(
    columns: Sequence[Column], given: Mapping[Any, int], where: str
) -> tuple[int, ...] | None:
    """Return a sign for each column, 0 for those not named; None if none is named.

    Parameters
    ----------
    columns : sequence of Column
    given : mapping of str to int
        1 for a column along which raw scores may only rise, -1 where only fall.
    where : str
        The argument or key that ``given`` comes from, for messages.

    Raises
    ------
    DataError
        If there is no such column.
    """
    names = [column.name for column in columns]
    if unknown := [name for name in given if name not in names]:
        raise DataError(
            f"{where}: there is no feature {unknown[0]!r}; there are "
            f"{', '.join(map(repr, names[:20]))}."
        )
    return tuple(given.get(name, 0) for name in names) if given else None
