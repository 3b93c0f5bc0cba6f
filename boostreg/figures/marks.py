"""Points, lines, bands and labels of points, as all figures draw them.

All points of one series are one path of zero-length strokes whose cap is the shape
(round for a circle, square for a square): two nodes for a thousand points.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from boostreg.figures.palette import encoding
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = [
    "Box",
    "Label",
    "Point",
    "band",
    "core",
    "line",
    "mark",
    "place_labels",
    "points",
    "steps",
]

Point = tuple[float, float]
"""Coordinates, not values."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""

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


def core(engine: str, *where: Point) -> Fragment:
    """Return the holes that make marks hollow."""
    drawn = encoding(engine)
    d = "".join(f"M{px(x)} {px(y)}{_SHAPES[drawn.shape]}" for x, y in where)
    return path(d, f"core {drawn.class_}")


def mark(engine: str, at: Point, *, filled: bool = True) -> Fragment:
    """Return one large mark, filled or hollow."""
    if filled:
        return points(engine, [at], "big")
    return Fragment(points(engine, [at], "hollow") + core(engine, at))


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


def _through(where: Iterable[Point]) -> str:
    """Return a path through points: steps from point to point, which are short."""
    points = [(round(x, 1), round(y, 1)) for x, y in where]
    moves = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    written = " ".join(f"{_short(x)} {_short(y)}" for x, y in moves)
    return f"M{px(points[0][0])} {px(points[0][1])}l{written.replace(' -', '-')}"


def _short(value: float) -> str:
    """Return a coordinate without a zero before its point, as paths allow.

    >>> _short(-0.5), _short(0.3), _short(10.0)
    ('-.5', '.3', '10')
    """
    return px(value).replace("0.", ".") if abs(value) < 1 else px(value)


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


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a point."""

    words: str
    at: Point
    class_: str = "k"


def place_labels(
    labels: Sequence[Label], box: Box, *, taken: Iterable[Point] = ()
) -> Fragment:
    """Return labels with lines to their points, without overlap.

    Each label gets the first place on growing rings around its point that is free of
    other labels and ``taken`` points, and inside ``box``. If there is none, it gets the
    place with the smallest overlap.
    """
    left, top, right, bottom = box
    # Points are counted per cell of a coarse grid, so that thousands are cheap.
    crowd = Counter((int(x // _CELL), int(y // _CELL)) for x, y in taken)
    used = [(x - 10, y - 10, x + 10, y + 10) for x, y in (one.at for one in labels)]

    def cost(spot: tuple[Box, Point, str]) -> float:
        """Return the overlap with labels plus, with a lower weight, hidden points."""
        x0, y0, x1, y1 = spot[0]
        overlap = sum(
            max(0.0, min(x1, other[2]) - max(x0, other[0]))
            * max(0.0, min(y1, other[3]) - max(y0, other[1]))
            for other in used
        )
        columns = range(int(x0 // _CELL), int(x1 // _CELL) + 1)
        rows = range(int(y0 // _CELL), int(y1 // _CELL) + 1)
        return 20 * overlap + _CELL * sum(crowd[i, j] for i in columns for j in rows)

    parts: list[Fragment] = []
    for label in labels:
        spots = [_spot(label, offset) for offset in _OFFSETS]
        inside = [
            spot
            for spot in spots
            if spot[0][0] >= left and spot[0][1] >= top
            if spot[0][2] <= right and spot[0][3] <= bottom
        ]
        place, (x, y), anchor = min(inside or spots, key=cost)
        used.append(place)
        x0, y0 = label.at
        near = y - 4 if anchor != "middle" else (y + 4 if y < y0 else y - 12)
        lead = path(f"M{px(x0)} {px(y0)}L{px(x)} {px(near)}", "lead")
        words = text(x, y, label.words, f"{label.class_} halo", anchor)
        parts.append(group(lead, words, data_spot=f"{px(x0)} {px(y0)}"))
    return group(*parts)


def _spot(label: Label, offset: tuple[float, float]) -> tuple[Box, Point, str]:
    (x, y), (dx, dy) = label.at, offset
    width = _CHARACTER * len(label.words)
    x, y = x + dx, y + dy
    anchor = "middle" if dx == 0 else "start" if dx > 0 else "end"
    left = x - width / 2 if dx == 0 else x if dx > 0 else x - width
    return (left, y - _LINE + 3, left + width, y + 3), (x, y), anchor
