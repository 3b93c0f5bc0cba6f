"""Numbers as people read them: a true minus, thousands apart, digits that agree."""

import math
from collections.abc import Iterable

__all__ = [
    "MINUS",
    "MISSING",
    "count",
    "fixed",
    "is_number",
    "percent",
    "places",
    "shorten",
    "signed",
    "significant",
]

MISSING = "\N{EN DASH}"
"""What stands where there is no number."""

MINUS = "\N{MINUS SIGN}"
"""As wide as a plus, so that columns of differences align."""


def is_number(value: object) -> bool:
    """Say whether ``value`` is a finite number (a bool is none)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with so many decimals.

    >>> fixed(1234.5678, 2), fixed(-0.0001, 2)
    ('1,234.57', '0.00')
    >>> fixed(-1.5, 1) == MINUS + "1.5", fixed(None, 1) == MISSING
    (True, True)
    """
    if value is None or not is_number(value):
        return MISSING
    written = f"{value:,.{decimals}f}"
    if not any(digit in written for digit in "123456789"):
        written = written.removeprefix("-")
    return written.replace("-", MINUS)


def signed(value: float | None, decimals: int) -> str:
    """Return a difference, its sign always written unless it is zero.

    >>> signed(0.25, 2), signed(0.001, 2)
    ('+0.25', '0.00')
    """
    written = fixed(value, decimals)
    plus = is_number(value) and value is not None and value > 0
    return f"+{written}" if plus and written.strip("0.,") else written


def count(value: float | None) -> str:
    """Return a count or the mean of counts.

    >>> count(1312.4), count(3.5), count(4.0)
    ('1,312', '3.5', '4')
    """
    if value is None or not is_number(value):
        return MISSING
    small = abs(value) < 10 and value != int(value)
    return fixed(value, 1 if small else 0)


def percent(value: float | None, decimals: int = 0) -> str:
    """Return a share of one as per cent.

    >>> percent(0.734)
    '73%'
    """
    if value is None or not is_number(value):
        return MISSING
    return f"{fixed(100 * value, decimals)}%"


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number rounded to so many significant digits, without padding.

    >>> significant(0.0123456), significant(8.2), significant(12345.6), significant(0)
    ('0.0123', '8.2', '12,300', '0')
    >>> significant(0.000012345) == f"1.23e{MINUS}5"
    True
    """
    if value is None or not is_number(value):
        return MISSING
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if not -4 <= exponent < 9:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{short}e{int(power)}".replace("-", MINUS)
    decimals = digits - 1 - exponent
    written = fixed(round(value, decimals), max(decimals, 0))
    return written.rstrip("0").rstrip(".") if "." in written else written


def places(values: Iterable[float | None], digits: int = 4) -> int:
    """Return how many decimals give the largest of ``values`` so many digits.

    >>> places([0.3567, 0.04]), places([3081.5]), places([]), places([25.5])
    (4, 0, 4, 2)
    """
    sizes = [abs(v) for v in values if v is not None and is_number(v) and v != 0]
    if not sizes:
        return digits
    return min(max(digits - 1 - math.floor(math.log10(max(sizes))), 0), 9)


def shorten(name: str, length: int = 24) -> str:
    """Return a name that fits into a chart, cut in its middle if it is long.

    >>> shorten("a" * 40, 9)
    'aaaa…aaaa'
    """
    flat = " ".join(name.split())
    if len(flat) <= length:
        return flat
    half = (length - 1) // 2
    return f"{flat[:half]}…{flat[-half:]}"
