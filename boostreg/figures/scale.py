"""Axis scales, and numbers for readers: true minus, thousands separators, digits."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeGuard

__all__ = [
    "MINUS",
    "MISSING",
    "Scale",
    "Tick",
    "count",
    "factor",
    "fixed",
    "is_number",
    "known",
    "linear_scale",
    "log_scale",
    "percent",
    "places",
    "robust_high",
    "shorten",
    "signed",
    "significant",
    "tick_percent",
]

MISSING = "\N{EN DASH}"
"""Placeholder for a missing number."""

MINUS = "\N{MINUS SIGN}"
"""As wide as a plus, so that columns of differences align."""


def is_number(value: object) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number (a bool is not)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def known(values: Iterable[float | None]) -> list[float]:
    """Return the finite numbers among ``values``."""
    return [value for value in values if is_number(value)]


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with a fixed number of decimals.

    >>> fixed(1234.5678, 2), fixed(-0.0001, 2)
    ('1,234.57', '0.00')
    >>> fixed(-1.5, 1) == MINUS + "1.5", fixed(None, 1) == MISSING
    (True, True)
    """
    if not is_number(value):
        return MISSING
    written = f"{value:,.{decimals}f}"
    if not any(digit in written for digit in "123456789"):
        written = written.removeprefix("-")
    return written.replace("-", MINUS)


def signed(value: float | None, decimals: int) -> str:
    """Return a difference with its sign, unless it is zero.

    >>> signed(0.25, 2), signed(0.001, 2)
    ('+0.25', '0.00')
    """
    written = fixed(value, decimals)
    plus = is_number(value) and value > 0 and written.strip("0.,")
    return f"+{written}" if plus else written


def count(value: float | None) -> str:
    """Return a count or the mean of counts.

    >>> count(1312.4), count(3.5), count(4.0)
    ('1,312', '3.5', '4')
    """
    if not is_number(value):
        return MISSING
    small = abs(value) < 10 and value != int(value)
    return fixed(value, 1 if small else 0)


def percent(value: float | None, decimals: int = 0) -> str:
    """Return a fraction as a percentage.

    >>> percent(0.734)
    '73%'
    """
    if not is_number(value):
        return MISSING
    return f"{fixed(100 * value, decimals)}%"


def tick_percent(share: float) -> str:
    """Return a change as a percentage, with one decimal where it has any.

    >>> tick_percent(0.1), tick_percent(0.025)
    ('+10%', '+2.5%')
    """
    whole = abs(100 * share - round(100 * share)) < 1e-9
    return f"{signed(100 * share, 0 if whole else 1)}%"


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number rounded to significant digits, without padding.

    >>> significant(0.0123456), significant(8.2), significant(12345.6), significant(0)
    ('0.0123', '8.2', '12,300', '0')
    >>> significant(0.000012345) == f"1.23e{MINUS}5"
    True
    """
    if not is_number(value):
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


def factor(ratio: float | None) -> str:
    """Return a ratio as a factor, after a sign of multiplication or division.

    >>> [factor(ratio)[1:] for ratio in (4.3, 0.25, 1.02, 14.3)]
    ['4.3', '4', '1', '14']
    >>> factor(None) == MISSING, factor(0.0)[1:]
    (True, '0')
    """
    if not is_number(ratio):
        return MISSING
    size = max(ratio, 1 / ratio) if ratio > 0 else 0.0
    number = fixed(size, 0) if size >= 10 else significant(size, 2)
    falls = 0 < ratio < 1 and number != "1"
    return f"\N{DIVISION SIGN}{number}" if falls else f"\N{MULTIPLICATION SIGN}{number}"


def places(values: Iterable[float | None], digits: int = 4) -> int:
    """Return the decimals that give the largest value a number of digits.

    >>> places([0.3567, 0.04]), places([3081.5]), places([]), places([25.5])
    (4, 0, 4, 2)
    """
    sizes = [abs(v) for v in known(values) if v != 0]
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


_ROOM = 30.0
"""Pixels between the position of 0 and the start of a logarithmic axis."""


_STEPS = 6
"""So many steps or more always contain two round values."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A marked value of an axis."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A map from values to coordinates.

    Attributes
    ----------
    low, high : float
        Ends of the axis; both positive if ``log``.
    start, end : float
        Their coordinates; ``end`` is smaller if the axis points up or is reversed.
    log : bool
        Whether the axis is logarithmic.
    zero : float or None
        Coordinate of the value 0 on a logarithmic axis that has one.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    zero: float | None = None

    def __call__(self, value: float) -> float:
        """Return the coordinate of ``value``.

        On a logarithmic axis, values up to 0 are at ``zero``, or at the start if the
        axis has no zero.

        >>> Scale(1, 100, 0, 200, log=True)(10)
        100.0
        """
        if self.log and value <= 0:
            return self.start if self.zero is None else self.zero
        low, high, here = self.low, self.high, value
        if self.log:
            low, high, here = math.log10(low), math.log10(high), math.log10(here)
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def falling(self) -> "Scale":
        """Return the reversed scale, with ``high`` at its start and 0 unchanged.

        >>> scale = log_scale([0, 0.1, 10], 0, 130).falling()
        >>> scale(0), scale(10), scale(1), scale(0.1)
        (0, 30.0, 80.0, 130.0)
        """
        return replace(self, start=self.end, end=self.start)

    def ticks(self, n: int = 5) -> tuple[Tick, ...]:
        """Return about ``n`` round values within the range, at least two.

        One tick alone would show no distance.

        >>> [t.label for t in Scale(0.001, 10, 0, 1, log=True).ticks(3)]
        ['0.001', '0.1', '10']
        >>> [t.label for t in Scale(0.354, 0.371, 0, 1).ticks(4)]
        ['0.355', '0.360', '0.365', '0.370']
        """
        return (_log_ticks if self.log else _linear_ticks)(self.low, self.high, n)


def linear_scale(
    values: Iterable[float | None], start: float, end: float, *, margin: float = 0.06
) -> Scale:
    """Return a linear scale that contains ``values`` with a margin on both sides.

    >>> scale = linear_scale([1.0, 2.0], 0, 100, margin=0)
    >>> scale(1.5)
    50.0
    """
    numbers = known(values) or [0.0, 1.0]
    low, high = min(numbers), max(numbers)
    flat = abs(high) * 0.05 or 1.0
    room = (high - low) * margin if high > low else flat
    return Scale(low - room, high + room, start, end)


def log_scale(
    values: Iterable[float | None],
    start: float,
    end: float,
    *,
    margin: float = 0.0,
    room: float = _ROOM,
) -> Scale:
    """Return a logarithmic scale; a 0 among ``values`` gets its own place.

    >>> scale = log_scale([0, 0.1, 10], 0, 130)
    >>> scale(0), scale(0.1), scale(1), scale(10)
    (0, 30.0, 80.0, 130.0)
    """
    numbers = known(values)
    positive = [v for v in numbers if v > 0] or [0.1, 10.0]
    zero = any(v <= 0 for v in numbers)
    low, high = math.log10(min(positive)), math.log10(max(positive))
    pad = (high - low) * margin or (0.0 if high > low else 0.5)
    first = start + math.copysign(room, end - start) if zero else start
    low, high = 10 ** (low - pad), 10 ** (high + pad)
    return Scale(low, high, first, end, log=True, zero=start if zero else None)


def robust_high(values: Iterable[float | None], share: float = 0.2) -> float | None:
    """Return the end of an axis of losses, so that a few huge ones do not flatten it.

    It is the largest value, unless the lowest four fifths of the values use less than
    ``share`` of the axis; then it is twice their range. The caller must report what is
    clipped.

    >>> robust_high([1, 2, 3, 4, 5]), robust_high([1, 2, 2, 2, 3, 3, 90])
    (5, 5)
    """
    numbers = sorted(known(values))
    if not numbers:
        return None
    lowest, highest = numbers[0], numbers[-1]
    near = numbers[int(0.8 * (len(numbers) - 1))]
    if near == lowest or near - lowest >= share * (highest - lowest):
        return highest
    return lowest + 2 * (near - lowest)


def _linear_ticks(low: float, high: float, n: int) -> tuple[Tick, ...]:
    rough = (high - low) / max(n, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last <= first and n < _STEPS:
        return _linear_ticks(low, high, n + 1)
    marks = [round(k * step, decimals + 2) for k in range(first, last + 1)]
    return tuple(Tick(v, fixed(v, decimals)) for v in marks)


def _log_ticks(low: float, high: float, n: int) -> tuple[Tick, ...]:
    decades = math.log10(high / low)
    if decades < 0.7:
        return tuple(t for t in _linear_ticks(low, high, n) if t.value > 0)
    whole = math.floor(math.log10(high) + 1e-9) - math.ceil(math.log10(low) - 1e-9)
    if decades < max(1.2, n / 3) or whole < 1:
        parts, step = [1.0, 2.0, 5.0], 1
    else:
        parts, step = [1.0], max(1, math.ceil(decades / n))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    # Mark every `step`-th decade, from the first on the axis.
    phase = math.ceil(math.log10(low) - 1e-9) % step
    powers = [k for k in range(first, last + 1) if k % step == phase]
    marks = [m * 10.0**k for k in powers for m in parts]
    inside = [v for v in marks if low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]
    return tuple(Tick(v, _decade_label(v)) for v in inside)


def _decade_label(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M")):
        if value >= size:
            return f"{significant(value / size)}{unit}"
    return f"{significant(value / 1e3)}k" if value >= 1e5 else significant(value)
