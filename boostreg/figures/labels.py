"""Labels beside points that do not run into each other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from boostreg.figures.marks import Point
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["Label", "place_labels", "spread"]

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
    """A few words about a point."""

    words: str
    at: Point
    class_: str = "k"


def place_labels(
    labels: Sequence[Label], box: _Box, *, taken: Iterable[Point] = ()
) -> Fragment:
    """Return the labels with a line to their points, none over another.

    Each takes the first free place on growing rings around its point, free of other
    labels, of ``taken`` points, and inside ``box`` (left, top, right, bottom). Without
    one it takes the place with the least overlap.
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
    """Return ascending ``places`` moved as little as needed to be ``gap`` apart.

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
    """Return the area over other labels, and less heavily the points that are hidden.

    Points are counted by the cells of a coarse grid, so that thousands cost little.
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
