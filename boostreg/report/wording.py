"""Names and numbers as sentences write them."""

import math

from boostreg.baselines.names import BASELINE_LABELS
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures.scale import MINUS
from boostreg.statistics import Interval

__all__ = [
    "LABELS",
    "capitalize",
    "count",
    "format_change",
    "format_number",
    "with_interval",
]

LABELS = {name: facts.label for name, facts in ENGINE_FACTS.items()} | BASELINE_LABELS
"""Engines and baselines, as a sentence names them."""


def capitalize(sentence: str) -> str:
    """Return a sentence with a capital first letter; the rest stays as it is.

    >>> capitalize("tuned XGBoost")
    'Tuned XGBoost'
    """
    return sentence[:1].upper() + sentence[1:]


def format_number(value: float, digits: int = 4) -> str:
    """Return a number with this many significant digits and a true minus sign.

    >>> format_number(3412.3456), format_number(0.000123456), format_number(12.0)
    ('3,412', '0.0001235', '12')
    """
    if not math.isfinite(value):
        return "not known"
    if value == 0:
        return "0"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def count(value: float) -> str:
    """Return a count, or a mean of counts, without decimals from 10 on.

    >>> count(1234.4), count(2.5)
    ('1,234', '2.5')
    """
    return f"{value:,.0f}" if value >= 10 else format_number(value, 2)


def format_change(share: float, digits: int = 2) -> str:
    """Return a share as a signed percentage.

    >>> format_change(0.1234), format_change(0.05)
    ('+12%', '+5%')
    """
    if not math.isfinite(share):
        return "not known"
    sign = "+" if share > 0 else ""
    return f"{sign}{format_number(100 * share, digits)}%"


def with_interval(interval: Interval) -> str:
    """Return an estimate and its 95 % interval.

    >>> with_interval(Interval(3.0, 2.5, 3.5, 0.01, 5, "t"))
    '3 (95% CI 2.5 to 3.5)'
    """
    if not interval.exists:
        return f"{format_number(interval.estimate)} (no interval)"
    low, high = format_number(interval.low), format_number(interval.high)
    return f"{format_number(interval.estimate)} (95% CI {low} to {high})"
