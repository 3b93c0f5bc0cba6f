"""An effect in two parts along a penalty: smaller leaves, and other trees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.labels import spread
from boostreg.figures.marks import Point, band, horizontal_axis, line, vertical_axis
from boostreg.figures.numerals import is_number, significant
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, linear_scale, log_scale
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["Part", "parts_panel", "parts_scale"]

_WIDTH, _HEIGHT = 270, 156
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 190, 8, 126
_APART = 13.0
_CLASSES = {"shrinkage": "pk", "structure": "thin", "both": "ln"}


@dataclass(frozen=True, slots=True)
class Part:
    """Differences to zero penalty over a grid, with their intervals."""

    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


def parts_scale(parts: Sequence[Part]) -> Scale:
    """Return a vertical scale to share among panels; it holds 0."""
    return linear_scale([0.0, *(v for p in parts for v in p.y)], _BOTTOM - 6.0, _TOP)


def parts_panel(
    grid: Sequence[float],
    parts: Mapping[str, Part],
    *,
    engine: str,
    penalty: str,
    y_scale: Scale,
) -> Figure:
    """Draw ``shrinkage``, ``structure`` and ``both`` of one engine, named at their end.

    Parameters
    ----------
    grid : sequence of float
        Positive values of the penalty, ascending.
    parts : mapping of str to Part
        Aligned with ``grid``.
    engine, penalty : str
    y_scale : Scale
        From ``parts_scale``; what lies outside is cut at the edge.
    """
    x = log_scale(grid, _LEFT + 6.0, _RIGHT - 4.0)
    drawn = encoding(engine).class_
    return draw(
        _WIDTH,
        _HEIGHT,
        vertical_axis(y_scale, _LEFT, _RIGHT),
        path(f"M{_LEFT} {px(y_scale(0))}H{_RIGHT}", "ax"),
        horizontal_axis(x, _BOTTOM, n=3),
        *(_bars(grid, part, x, y_scale, drawn) for part in parts.values()),
        *(
            line(_where(grid, part.y, x, y_scale), f"{_CLASSES[name]} {drawn}")
            for name, part in parts.items()
        ),
        _names(grid, parts, x, y_scale, drawn),
        title=f"{encoding(engine).name}: how {penalty} works",
        description=_describe(parts, penalty),
    )


def _where(
    grid: Sequence[float], values: Sequence[float | None], x: Scale, y: Scale
) -> list[Point]:
    return [
        (x(at), _held(y, v))
        for at, v in zip(grid, values, strict=True)
        if v is not None and is_number(v)
    ]


def _held(y: Scale, value: float) -> float:
    return y(min(max(value, y.low), y.high))


def _bars(
    grid: Sequence[float], part: Part, x: Scale, y: Scale, drawn: str
) -> Fragment:
    if not part.low:
        return Fragment()
    low, high = (_where(grid, side, x, y) for side in (part.low, part.high))
    return band(low, high, f"bd {drawn}") if len(low) == len(high) else Fragment()


def _names(
    grid: Sequence[float], parts: Mapping[str, Part], x: Scale, y: Scale, drawn: str
) -> Fragment:
    found = {name: _where(grid, part.y, x, y) for name, part in parts.items()}
    ends = sorted((where[-1][1], name) for name, where in found.items() if where)
    places = spread([end for end, _ in ends], _APART, _TOP + 4.0, _BOTTOM)
    return group(
        *(
            text(_RIGHT + 4, place + 4, name, drawn)
            for (_, name), place in zip(ends, places, strict=True)
        )
    )


def _describe(parts: Mapping[str, Part], penalty: str) -> str:
    ends = [
        f"{name} {significant(part.y[-1])}" for name, part in parts.items() if part.y
    ]
    return f"At the largest {penalty}, difference to zero: {', '.join(ends)}."
