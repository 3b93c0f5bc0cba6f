"""Where picked values stand in the range that was searched: a line of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import core, points
from boostreg.figures.numerals import significant
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale
from boostreg.figures.svg import Fragment, path, px

__all__ = ["SearchedRange", "range_strip"]

_WIDTH, _HEIGHT, _MIDDLE = 190, 18, 9.0


@dataclass(frozen=True, slots=True)
class SearchedRange:
    """The range of a search: by ratio if ``log``, with exact 0 too if ``zero``."""

    low: float
    high: float
    log: bool = False
    zero: bool = False


def range_strip(
    searched: SearchedRange,
    picks: Mapping[str, float],
    *,
    engine: str,
    safe: tuple[float, float] | None = None,
) -> Figure:
    """Draw the searched range as a line and each pick as a mark on it.

    Parameters
    ----------
    searched : SearchedRange
        Values outside it are drawn at its ends.
    picks : mapping from name to value
        The first is filled, the others are hollow.
    engine : str
        Gives colour and shape.
    safe : tuple of float or None
        Interval in which nothing is lost: a thick bar.
    """
    scale = _scale(searched)
    parts = [path(f"M{px(scale.start)} {px(_MIDDLE)}H182", "ax")]
    if searched.zero:
        parts.append(path(f"M8 {px(_MIDDLE - 4)}v8", "ax"))
    if safe is not None:
        low, high = (px(_held(scale, value)) for value in safe)
        class_ = f"safe {encoding(engine).class_}"
        parts.append(path(f"M{low} {px(_MIDDLE)}H{high}", class_))
    for k, value in reversed(list(enumerate(picks.values()))):
        parts += _mark(engine, _held(scale, value), filled=k == 0)
    told = ", ".join(f"{name} {significant(v)}" for name, v in picks.items())
    span = f"searched from {significant(searched.low)} to {significant(searched.high)}"
    return draw(
        _WIDTH,
        _HEIGHT,
        *parts,
        title="Place in the searched range",
        description=f"{told}; {span}",
    )


def _scale(searched: SearchedRange) -> Scale:
    low, high = searched.low, searched.high
    if searched.log and low > 0:
        return Scale(low, high, 26.0, 182.0, log=True, zero=8.0)
    return Scale(low, high, 8.0, 182.0)


def _held(scale: Scale, value: float) -> float:
    if scale.log and value <= 0:
        return scale(0)
    return min(max(scale(value), scale.start), scale.end)


def _mark(engine: str, x: float, *, filled: bool) -> list[Fragment]:
    at = [(x, _MIDDLE)]
    if filled:
        return [points(engine, at, "big")]
    return [points(engine, at, "hollow"), core(engine, (x, _MIDDLE))]
