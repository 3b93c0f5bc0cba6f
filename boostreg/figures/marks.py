"""Points, lines, bands and axes, as all figures draw them.

All points of one series are one path of zero-length strokes whose cap is the shape
(round for a circle, square for a square): two nodes for a thousand points.
"""

from collections.abc import Iterable, Sequence

from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale
from boostreg.figures.svg import Fragment, element, group, path, px, text

__all__ = [
    "Point",
    "band",
    "clip",
    "core",
    "horizontal_axis",
    "line",
    "points",
    "steps",
    "vertical_axis",
]

Point = tuple[float, float]
"""Coordinates, not values."""

_SHAPES = {
    "circle": "h0",
    "square": "h0",
    "triangle": "m-3 2.6h6l-3-5.4z",
    "diamond": "m0-3.6l3.6 3.6l-3.6 3.6l-3.6-3.6z",
}


def points(
    engine: str, where: Sequence[Point], extra: str = "", **attributes: object
) -> Fragment:
    """Return all points of one engine as one path, in the engine's shape and colour."""
    drawn = encoding(engine)
    shape = _SHAPES[drawn.shape]
    d = "".join(f"M{px(x)} {px(y)}{shape}" for x, y in where)
    return path(d, f"pt {drawn.class_} {extra}".strip(), **attributes)


def core(engine: str, at: Point) -> Fragment:
    """Return the hole that makes a mark hollow."""
    drawn = encoding(engine)
    x, y = at
    d = f"M{px(x)} {px(y)}{_SHAPES[drawn.shape]}"
    return path(d, f"core {drawn.class_}")


def line(where: Sequence[Point], class_: str) -> Fragment:
    """Return a polyline through at least two points."""
    return path(_through(where) if len(where) > 1 else "", class_)


def band(lower: Sequence[Point], upper: Sequence[Point], class_: str) -> Fragment:
    """Return the area between two lines over the same abscissas."""
    if len(lower) < 2:
        return Fragment()
    return path(f"{_through([*lower, *reversed(upper)])}Z", class_)


def steps(where: Sequence[Point], class_: str) -> Fragment:
    """Return a staircase: level until the next point, then straight to it."""
    if len(where) < 2:
        return Fragment()
    (x, y), *rest = where
    d = f"M{px(x)} {px(y)}" + "".join(f"H{px(x)}V{px(y)}" for x, y in rest)
    return path(d, class_)


def clip(x: float, y: float, width: float, height: float, *children: str) -> Fragment:
    """Return ``children`` cut at a rectangle, in unchanged coordinates.

    A nested ``<svg>`` cuts without an id, so figures can share a page.
    """
    box = f"{px(x)} {px(y)} {px(width)} {px(height)}"
    return element("svg", *children, x=x, y=y, width=width, height=height, viewBox=box)


def horizontal_axis(
    scale: Scale, y: float, *, n: int = 5, top: float | None = None, label: str = ""
) -> Fragment:
    """Return a labelled axis; gridlines up to ``top`` if given; the break before 0."""
    parts = [path(f"M{px(scale.start)} {px(y)}H{px(scale.end)}", "ax")]
    for tick in scale.ticks(n):
        x = scale(tick.value)
        if top is not None:
            parts.append(path(f"M{px(x)} {px(y)}V{px(top)}", "g"))
        else:
            parts.append(path(f"M{px(x)} {px(y)}v4", "ax"))
        parts.append(text(x, y + 17, tick.label, anchor="middle"))
    if scale.zero is not None:
        parts.append(_break(scale.zero, min(scale.start, scale.end), y))
        parts.append(text(scale.zero, y + 17, "0", anchor="middle"))
    if label:
        parts.append(
            text((scale.start + scale.end) / 2, y + 35, label, "axlabel", "middle")
        )
    return group(*parts)


def vertical_axis(
    scale: Scale, left: float, right: float, *, n: int = 4, label: str = ""
) -> Fragment:
    """Return gridlines with labels at their left end."""
    parts: list[str] = []
    for tick in scale.ticks(n):
        y = scale(tick.value)
        parts.append(path(f"M{px(left)} {px(y)}H{px(right)}", "g"))
        parts.append(text(left - 6, y + 4, tick.label, anchor="end"))
    if scale.zero is not None:
        parts.append(path(f"M{px(left)} {px(scale.zero)}H{px(right)}", "g"))
        parts.append(text(left - 6, scale.zero + 4, "0", anchor="end"))
    if label:
        middle = px((scale.start + scale.end) / 2)
        turn = f"translate(12 {middle}) rotate(-90)"
        parts.append(
            element(
                "text", label, class_="axlabel", transform=turn, text_anchor="middle"
            )
        )
    return group(*parts)


def _through(where: Iterable[Point]) -> str:
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in where)


def _break(zero: float, start: float, y: float) -> Fragment:
    middle = (zero + start) / 2
    slashes = f"M{px(middle - 4)} {px(y + 4)}l4-8m3 0l-4 8"
    stub = f"M{px(zero - 5)} {px(y)}H{px(middle - 3)}M{px(middle + 2)} {px(y)}"
    return path(f"{stub}H{px(start)}{slashes}", "ax")
