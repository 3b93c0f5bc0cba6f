"""Penalties as values, and the spaces in which they are searched."""

from boostreg.penalty.value import PENALTIES, SCALED, Penalty, Scale, Units

__all__ = ["PENALTIES", "SCALED", "Penalty", "Scale", "Units"]
