"""A finding over many tables, and the words and numbers that findings share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boostreg.evidence.tables import TOGETHER
from boostreg.figures import Figure
from boostreg.figures.scale import significant
from boostreg.report.wording import format_change

__all__ = [
    "LETTERS",
    "Data",
    "EvidenceFinding",
    "against",
    "ends",
    "interval",
    "mean_gains",
    "ratio",
    "tolerance_of",
]

LETTERS = 25
"""Room for the names of charts whose rows are not tables."""


Data = Mapping[str, Any]
"""A part of ``evidence.json``."""


@dataclass(frozen=True, slots=True)
class EvidenceFinding:
    """A finding: its address, sentence, how to read its picture, and the picture."""

    id: str
    title: str
    note: str
    figure: Figure
    narrow: Figure | None = None
    wide: bool = False


def ends(one: Data | None) -> tuple[float | None, float | None, float | None]:
    """Return a change and the ends of its interval; None if it is not known."""
    if one is None:
        return (None, None, None)
    return (one["change"], one["low"], one["high"])


def ratio(one: Data | None) -> tuple[float | None, float | None, float | None]:
    """Return the same as ratios, for a logarithmic axis."""
    value, low, high = ends(one)
    if value is None or low is None or high is None:
        return (None, None, None)
    return (1 + value, 1 + low, 1 + high)


def interval(one: Data) -> str:
    """Return a change with its interval."""
    low, high = format_change(one["low"]), format_change(one["high"])
    return f"{format_change(one['change'])} (95% CI {low} to {high})"


def against(name: str, one: Data) -> str:
    """Return what tuning a penalty is compared with, if that is not its absence."""
    weakest = one["weakest"]
    return "" if weakest is None else f" against {name} {significant(weakest)}"


def tolerance_of(content: Data) -> str:
    """Return the change of loss that does not matter, for a sentence."""
    return f"{significant(100 * content['tolerance'])}%"


def mean_gains(content: Data) -> dict[str, Data]:
    """Return the mean gain of each penalty that has one, the largest first."""
    gains = {p: content["penalties"][p][TOGETHER]["gain"] for p in content["order"]}
    return {name: gain for name, gain in gains.items() if gain is not None}
