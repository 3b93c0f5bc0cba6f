"""Replicates of planted data as tables, and what is known of how they were made."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from boostreg.data.prepare import prepare_table
from boostreg.data.synthetic import SYNTHETIC
from boostreg.data.table import Table

__all__ = ["planted_name", "planted_table", "planted_truth"]

_PREFIX = "synthetic:"


def planted_name(source: str) -> str | None:
    """Return the name of a planted source, None for real data.

    >>> planted_name("synthetic:sparse"), planted_name("sklearn:wine")
    ('sparse', None)
    """
    name = source.removeprefix(_PREFIX)
    return name if name != source and name in SYNTHETIC else None


def planted_table(name: str, seed: int, target: str = "target") -> Table:
    """Return a replicate drawn by ``seed``, of the source's own number of rows."""
    draw: Callable[..., Any] = SYNTHETIC[name]
    return prepare_table(draw(seed=seed), target=target)


def planted_truth(name: str) -> Mapping[str, Any] | None:
    """Return what is known of a planted target, None where it is no plain sum.

    Returns
    -------
    dict or None
        ``informative``, the columns that the target depends on; ``coefficients``, one
        a column where it is linear in them, else None; ``noise_variance`` of the
        normal noise.

    Examples
    --------
    >>> planted_truth("sparse")["informative"]
    (0, 1, 2, 3, 4)
    """
    if name not in _TRUTHS:
        return None
    informative, coefficients, variance = _TRUTHS[name]
    return {
        "informative": informative,
        "coefficients": None if coefficients is None else np.array(coefficients),
        "noise_variance": variance,
    }


_Truth = tuple[tuple[int, ...], tuple[float, ...] | None, float | None]

_COLLINEAR = dict(zip((0, 6, 12, 18, 24), (2.0, -1.5, 1.0, -1.0, 0.5), strict=True))

_TRUTHS: dict[str, _Truth] = {
    "classes": ((0, 1, 2, 3, 4), (2.0, -1.5, 1.5, -1.0, 1.0, *(0.0,) * 25), None),
    "collinear": (
        tuple(_COLLINEAR),
        tuple(_COLLINEAR.get(column, 0.0) for column in range(30)),
        2.25,
    ),
    "friedman1": ((0, 1, 2, 3, 4), None, 1.0),
    "noise": ((), (0.0,) * 10, 1.0),
    "step": ((0, 1), None, 0.0),
    "sparse": ((0, 1, 2, 3, 4), (3.0, -2.0, 2.0, -1.0, 1.0, *(0.0,) * 45), 1.0),
}
