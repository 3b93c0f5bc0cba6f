"""Numbers as text, the same way in every sentence."""

import math

from boostreg.figures.numerals import MINUS
from boostreg.statistics import Interval

__all__ = ["count", "number", "percent", "with_interval"]


def number(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits and a true minus sign.

    >>> number(3412.3456), number(0.000123456), number(12.0)
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
    return f"{value:,.0f}" if value >= 10 else number(value, 2)


def percent(share: float, digits: int = 2) -> str:
    """Return a share as a signed percentage.

    >>> percent(0.1234), percent(0.05)
    ('+12%', '+5%')
    """
    if not math.isfinite(share):
        return "not known"
    sign = "+" if share > 0 else ""
    return f"{sign}{number(100 * share, digits)}%"


def with_interval(interval: Interval) -> str:
    """Return an estimate and its 95 % interval.

    >>> with_interval(Interval(3.0, 2.5, 3.5, 0.01, 5, "t"))
    '3 (95% CI 2.5 to 3.5)'
    """
    if not interval.exists:
        return f"{number(interval.estimate)} (no interval)"
    low, high = number(interval.low), number(interval.high)
    return f"{number(interval.estimate)} (95% CI {low} to {high})"
