"""Penalties as values, and the spaces in which they are searched."""

from boostreg.penalty.space import WHOLE, Range, Space, parse_space, space_names
from boostreg.penalty.value import PENALTIES, SCALED, Penalty, Scale, Units

__all__ = [
    "PENALTIES",
    "SCALED",
    "WHOLE",
    "Penalty",
    "Range",
    "Scale",
    "Space",
    "Units",
    "parse_space",
    "space_names",
]
