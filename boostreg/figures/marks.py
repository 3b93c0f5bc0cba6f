"""Points, lines, bands and axes, as all figures draw them.

All points of one series are one path of zero-length strokes whose cap is the shape
(round for a circle, square for a square): two nodes for a thousand points.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale
from boostreg.figures.svg import Fragment, element, group, path, px, text

__all__ = [
    "Label",
    "Point",
    "band",
    "clip",
    "core",
    "horizontal_axis",
    "line",
    "place_labels",
    "points",
    "spread",
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
    """Return ``children`` clipped to a rectangle, in unchanged coordinates.

    A nested ``<svg>`` clips without an id, so several figures can be on a page.
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


_CHARACTER, _LINE = 7.7, 15.0
"""Estimated pixels of a bold character and of a line at the size of chart text."""

_CELL = 10.0

_OFFSETS = tuple(
    (dx, dy)
    for distance in (16, 30, 48, 70, 96, 126, 160)
    for dx, dy in (
        (distance * 0.7, -distance * 0.6),
        (distance * 0.7, distance * 0.9),
        (-distance * 0.7, -distance * 0.6),
        (-distance * 0.7, distance * 0.9),
        (0.0, -float(distance)),
        (0.0, distance * 1.2),
    )
)

_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a point."""

    words: str
    at: Point
    class_: str = "k"


def place_labels(
    labels: Sequence[Label], box: _Box, *, taken: Iterable[Point] = ()
) -> Fragment:
    """Return labels with lines to their points, without overlap.

    Each label gets the first place on growing rings around its point that is free of
    other labels and ``taken`` points, and inside ``box`` (left, top, right, bottom). If
    there is none, it gets the place with the smallest overlap.
    """
    crowd = Counter((int(x // _CELL), int(y // _CELL)) for x, y in taken)
    used: list[_Box] = [_dot(label.at) for label in labels]
    parts: list[Fragment] = []
    for label in labels:
        spots = [_spot(label, offset) for offset in _OFFSETS]
        inside = [s for s in spots if _inside(s[0], box)] or spots
        best = min(inside, key=partial(_cost, used=used, crowd=crowd))
        used.append(best[0])
        parts.append(_written(label, *best[1:]))
    return group(*parts)


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return ascending ``places``, moved minimally so that they are ``gap`` apart.

    >>> spread([10.0, 11.0, 50.0], 10, 0, 100)
    [10.0, 20.0, 50.0]
    >>> spread([95.0, 96.0], 10, 0, 100)
    [90, 100]
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap if moved else low))
    limit = high
    for k in range(len(moved) - 1, -1, -1):
        moved[k] = min(moved[k], limit)
        limit = moved[k] - gap
    return moved


def _dot(at: Point) -> _Box:
    x, y = at
    return (x - 10, y - 10, x + 10, y + 10)


def _spot(label: Label, offset: tuple[float, float]) -> tuple[_Box, Point, str]:
    (x, y), (dx, dy) = label.at, offset
    width = _CHARACTER * len(label.words)
    x, y = x + dx, y + dy
    anchor = "middle" if dx == 0 else "start" if dx > 0 else "end"
    left = x - width / 2 if dx == 0 else x if dx > 0 else x - width
    return (left, y - _LINE + 3, left + width, y + 3), (x, y), anchor


def _inside(inner: _Box, outer: _Box) -> bool:
    return (
        inner[0] >= outer[0]
        and inner[1] >= outer[1]
        and inner[2] <= outer[2]
        and inner[3] <= outer[3]
    )


def _cost(
    spot: tuple[_Box, Point, str], used: Iterable[_Box], crowd: Counter[tuple[int, int]]
) -> float:
    """Return the overlap with other labels plus, with a lower weight, hidden points.

    Points are counted per cell of a coarse grid, so that thousands are cheap.
    """
    left, top, right, bottom = (int(edge // _CELL) for edge in spot[0])
    columns, rows = range(left, right + 1), range(top, bottom + 1)
    hidden = sum(crowd[i, j] for i in columns for j in rows)
    return 20 * _overlap(spot[0], used) + _CELL * hidden


def _overlap(box: _Box, used: Iterable[_Box]) -> float:
    return sum(
        max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        * max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        for other in used
    )


def _written(label: Label, where: Point, anchor: str) -> Fragment:
    (x0, y0), (x, y) = label.at, where
    near = y - 4 if anchor != "middle" else (y + 4 if y < y0 else y - 12)
    lead = path(f"M{px(x0)} {px(y0)}L{px(x)} {px(near)}", "lead")
    words = text(x, y, label.words, f"{label.class_} halo", anchor)
    return group(lead, words, data_spot=f"{px(x0)} {px(y0)}")
