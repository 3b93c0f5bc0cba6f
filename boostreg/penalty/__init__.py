"""Penalties as values, and the spaces in which they are searched."""

from boostreg.penalty.shipped import space_names
from boostreg.penalty.space import Condition, Range, Space, parse_space
from boostreg.penalty.value import PENALTIES, SCALED, WHOLE, Penalty, Scale, Units

__all__ = [
    "PENALTIES",
    "SCALED",
    "WHOLE",
    "Condition",
    "Penalty",
    "Range",
    "Scale",
    "Space",
    "Units",
    "parse_space",
    "space_names",
]
