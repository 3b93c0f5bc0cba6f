"""From values to coordinates, and where the ticks stand.

A logarithmic scale may hold the exact value 0, which has no logarithm: it gets a place
of its own, left of the axis (below it, for a vertical one) and behind a break.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from boostreg.figures.numerals import fixed, is_number, significant

__all__ = ["Scale", "Tick", "linear_scale", "log_scale", "robust_high"]

_ROOM = 30.0
"""Pixels between the place of the value 0 and the start of a logarithmic axis."""


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
        Their coordinates; ``end`` is the smaller one for an axis that points up, or
        on which values fall.
    log : bool
        Whether equal ratios, not equal differences, take equal space.
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

        On a logarithmic axis everything from 0 down stands at ``zero``, or at the
        start where the axis has no place for it.

        >>> Scale(1, 100, 0, 200, log=True)(10)
        100.0
        """
        if self.log and value <= 0:
            return self.start if self.zero is None else self.zero
        low, high, here = (self._straight(v) for v in (self.low, self.high, value))
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def falling(self) -> "Scale":
        """Return the scale with ``high`` at its start; the place of 0 stays.

        >>> scale = log_scale([0, 0.1, 10], 0, 130).falling()
        >>> scale(0), scale(10), scale(1), scale(0.1)
        (0, 30.0, 80.0, 130.0)
        """
        return replace(self, start=self.end, end=self.start)

    def ticks(self, n: int = 5) -> tuple[Tick, ...]:
        """Return at most about ``n`` round values in the range.

        >>> [t.label for t in Scale(0.001, 10, 0, 1, log=True).ticks(3)]
        ['0.001', '0.1', '10']
        >>> [t.label for t in Scale(0.354, 0.371, 0, 1).ticks(4)]
        ['0.355', '0.360', '0.365', '0.370']
        """
        if not self.log:
            return _linear_ticks(self.low, self.high, n)
        return _log_ticks(self.low, self.high, n)

    def _straight(self, value: float) -> float:
        return math.log10(value) if self.log else value


def linear_scale(
    values: Iterable[float | None], start: float, end: float, *, margin: float = 0.06
) -> Scale:
    """Return a linear scale that holds ``values`` with a margin on both sides.

    >>> scale = linear_scale([1.0, 2.0], 0, 100, margin=0)
    >>> scale(1.5)
    50.0
    """
    numbers = _numbers(values) or [0.0, 1.0]
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
    numbers = _numbers(values)
    positive = [v for v in numbers if v > 0] or [0.1, 10.0]
    zero = any(v <= 0 for v in numbers)
    low, high = math.log10(min(positive)), math.log10(max(positive))
    pad = (high - low) * margin or (0.0 if high > low else 0.5)
    first = start + math.copysign(room, end - start) if zero else start
    return Scale(
        10 ** (low - pad),
        10 ** (high + pad),
        first,
        end,
        log=True,
        zero=start if zero else None,
    )


def robust_high(values: Iterable[float | None], share: float = 0.2) -> float | None:
    """Return where to end an axis of losses, so that a few huge ones do not flatten it.

    The largest value, unless the nearest four fifths take less than ``share`` of the
    axis; then twice the room that those take. What is cut must be said by the caller.

    >>> robust_high([1, 2, 3, 4, 5]), robust_high([1, 2, 2, 2, 3, 3, 90])
    (5, 5)
    """
    numbers = sorted(_numbers(values))
    if not numbers:
        return None
    least, most = numbers[0], numbers[-1]
    near = numbers[int(0.8 * (len(numbers) - 1))]
    if near == least or near - least >= share * (most - least):
        return most
    return least + 2 * (near - least)


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and is_number(value)]


def _linear_ticks(low: float, high: float, n: int) -> tuple[Tick, ...]:
    rough = (high - low) / max(n, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    marks = [round(k * step, decimals + 2) for k in range(first, last + 1)]
    return tuple(Tick(v, fixed(v, decimals)) for v in marks)


def _log_ticks(low: float, high: float, n: int) -> tuple[Tick, ...]:
    decades = math.log10(high / low)
    if decades < 0.5:
        return tuple(t for t in _linear_ticks(low, high, n) if t.value > 0)
    if decades < 1.2 or decades < n / 3:
        parts, step = [1.0, 2.0, 5.0], 1
    else:
        parts, step = [1.0], max(1, math.ceil(decades / n))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    # Of every `step` decades one is marked, from the first that lies on the axis.
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
