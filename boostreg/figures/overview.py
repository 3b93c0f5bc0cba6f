"""All models of a run by size and loss on unseen rows.

There is a wide drawing and one for phones. Labels are next to what they name; intervals
that the axis cuts end in an arrow.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.marks import Box, Point, mark, points
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    count,
    is_number,
    known,
    log_scale,
    shorten,
    significant,
)
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["JudgedModel", "sizes_and_losses"]

_WIDE = Frame(width=560, height=354, left=56, right=548, top=30, bottom=310)
_NARROW = Frame(width=328, height=330, left=46, right=322, top=30, bottom=286)

_LETTER, _BOLD, _LINE = 7.0, 7.9, 15.0
"""Estimated pixels of a letter, of a bold one, and between the lines of a label."""

_NEAR = 0.12
"""Marks of one name that are no farther apart share a label: a share of the width."""

_SAME = 9.0
"""Marks of one engine that are no farther apart share a label, whatever their names."""

_APART = 9.0
"""Pixels between marks that would hide each other."""

_LOG_FROM = 4.0
"""Ratio of losses from which on their axis is logarithmic."""


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """A model on unseen rows.

    Attributes
    ----------
    name : str
        What kind of model it is, such as ``defaults``; empty for no label.
    engine : str
        Determines colour and shape; empty for a model without trees.
    size, loss, low, high : float or None
        Leaves or coefficients; the mean loss and its interval.
    filled : bool
        Hollow marks were not tuned.
    unit : str
        Of ``size``.
    """

    name: str
    engine: str
    size: float | None
    loss: float | None
    low: float | None = None
    high: float | None = None
    filled: bool = True
    unit: str = "leaves"


@dataclass(frozen=True, slots=True)
class _Spot:
    """A model and its place."""

    model: JudgedModel
    at: Point


def sizes_and_losses(
    models: Sequence[JudgedModel],
    *,
    loss: str,
    mean: float | None = None,
    narrow: bool = False,
) -> Figure:
    """Draw the loss on unseen rows against the numbers in the model.

    ``mean`` is the loss of predicting the mean, a dashed line. The axis of sizes is
    logarithmic, with a place of its own for 0, and that of losses if they differ by a
    factor of 4 or more.
    """
    frame = _NARROW if narrow else _WIDE
    drawn = [m for m in models if is_number(m.size) and is_number(m.loss)]
    y = _loss_scale(frame, drawn, mean)
    sizes = [float(m.size or 0.0) for m in drawn]
    x = log_scale(sizes, frame.left + 14, frame.right - 14, margin=0.06)
    spots = _apart(
        _Spot(m, (x(m.size or 0.0), min(max(y(m.loss or 0.0), frame.top), y.start)))
        for m in drawn
    )
    parts = [
        text(0, 11, f"{shorten(loss, 26)} on unseen rows, lower is better"),
        frame.vertical_axis(y, n=5),
        frame.horizontal_axis(
            x, n=4 if narrow else 6, label="leaves or coefficients (log axis)"
        ),
    ]
    parts += [_upright(spot, y) for spot in spots]
    for spot in sorted(spots, key=lambda one: bool(one.model.name)):
        model = spot.model
        if model.name:
            parts.append(mark(model.engine, spot.at, filled=model.filled))
        else:
            parts.append(points(model.engine, [spot.at]))
    lines = [
        (spot.at[0] - 2, high, spot.at[0] + 2, low)
        for spot in spots
        for low, high in (_ends(spot, y),)
    ]
    marks = [_around(spot.at, 7) for spot in spots]
    if is_number(mean):
        level = y(mean)
        words = f"predicting the mean: {significant(mean, 4)}"
        parts.append(path(f"M{px(frame.left)} {px(level)}H{px(frame.right)}", "se"))
        named, where = _on_line(words, level, frame, [*marks, *lines])
        parts.append(named)
        lines += [(frame.left, level - 3, frame.right, level + 3)]
        marks.append(where)
    labels = [_words(one, y, frame) for one in _labelled(spots, frame)]
    box = (frame.left + 2, frame.top - 8, float(frame.width), frame.bottom - 4)
    parts.append(_place(labels, box, marks, lines))
    described = "; ".join(
        f"{' '.join(filter(None, (encoding(m.engine).name, m.name)))}: "
        f"{count(m.size)} {m.unit}, {loss} {significant(m.loss, 4)}"
        for m in drawn
        if m.name
    )
    return frame.draw(
        *parts,
        title=f"{loss} on unseen rows against the size of the model",
        description=described or "Nothing was judged",
    )


def _on_line(
    words: str, level: float, frame: Frame, taken: Sequence[Box]
) -> tuple[Fragment, Box]:
    """Return the name of a level line where it hides least, and its box."""
    width = _LETTER * len(words)
    spots = [
        (x, base, anchor)
        for base in (level - 6, level + 15)
        for x, anchor in ((frame.left + 4, "start"), (frame.right, "end"))
        if base > frame.top
    ]

    def box(spot: tuple[float, float, str]) -> Box:
        x, base, anchor = spot
        left = x if anchor == "start" else x - width
        return (left, base - 12, left + width, base + 4)

    x, base, anchor = min(
        spots, key=lambda spot: sum(_overlap(box(spot), one) for one in taken)
    )
    return text(x, base, words, "halo", anchor), box((x, base, anchor))


def _loss_scale(
    frame: Frame, models: Sequence[JudgedModel], mean: float | None
) -> Scale:
    """Return the axis of losses, with room for intervals that are not too long."""
    losses = known([*(m.loss for m in models), mean])
    low, high = (min(losses), max(losses)) if losses else (0.0, 1.0)
    is_log = low > 0 and high / low >= _LOG_FROM
    ends = known(end for m in models for end in (m.low, m.high))
    if is_log:
        bottom, top = low / 2, high * 1.5
    else:
        reach = high - low or abs(high) or 1.0
        bottom, top = low - reach, high + 0.25 * reach
    shown = [*losses, *(min(max(end, bottom), top) for end in ends)]
    return frame.up(shown, log=is_log)


def _apart(spots: Iterable[_Spot]) -> list[_Spot]:
    """Return marks that would hide each other a few pixels apart, around their mean."""
    runs: list[list[_Spot]] = []
    for spot in sorted(spots, key=lambda one: (not one.model.name, one.at)):
        x, y = spot.at
        for run in runs:
            last_x, last_y = run[-1].at
            if spot.model.name and abs(x - last_x) < _APART and abs(y - last_y) < 10:
                run.append(spot)
                break
        else:
            runs.append([spot])
    return [
        replace(spot, at=(middle + (k - (len(run) - 1) / 2) * _APART, spot.at[1]))
        for run in runs
        for middle in (sum(one.at[0] for one in run) / len(run),)
        for k, spot in enumerate(run)
    ]


def _ends(spot: _Spot, y: Scale) -> tuple[float, float]:
    """Return the ends of an interval on the axis, the low loss first."""
    low, high = spot.model.low, spot.model.high
    if not (is_number(low) and is_number(high)):
        return spot.at[1], spot.at[1]
    return y(max(low, y.low)), y(min(high, y.high))


def _upright(spot: _Spot, y: Scale) -> Fragment:
    """Return an upright interval; an end beyond the axis is an arrow."""
    model, (low, high), x = spot.model, _ends(spot, y), spot.at[0]
    if low == high:
        return Fragment()
    d = f"M{px(x)} {px(low)}V{px(high)}"
    if is_number(model.high) and model.high > y.high:
        d += "m-4 6l4-6l4 6"
    if is_number(model.low) and model.low < y.low:
        d += f"M{px(x)} {px(low)}m-4-6l4 6l4-6"
    weak = "" if model.name else " weak"
    return path(d, f"ci{weak} {encoding(model.engine).class_}")


def _around(at: Point, reach: float) -> Box:
    x, y = at
    return (x - reach, y - reach, x + reach, y + reach)


def _labelled(spots: Sequence[_Spot], frame: Frame) -> list[list[_Spot]]:
    """Return marks that share a label: of one name if near, of any if they coincide."""
    groups: list[list[_Spot]] = []
    for spot in spots:
        if not spot.model.name:
            continue
        for one in groups:
            near = (frame.right - frame.left) * _NEAR
            if any(other.model.name != spot.model.name for other in one):
                is_one = all(o.model.engine == spot.model.engine for o in one)
                near = _SAME if is_one else 0.0
            if all(
                abs(other.at[k] - spot.at[k]) <= near for other in one for k in (0, 1)
            ):
                one.append(spot)
                break
        else:
            groups.append([spot])
    return groups


@dataclass(frozen=True, slots=True)
class _Words:
    """A label of one or more marks: a line in bold, and one with numbers.

    ``reach`` are the ends of their intervals, the upper one first.
    """

    head: str
    note: str
    spots: tuple[_Spot, ...]
    reach: tuple[float, float]

    @property
    def class_(self) -> str:
        """The colour of its engine, ink for several."""
        found = {encoding(one.model.engine).class_ for one in self.spots}
        return found.pop() if len(found) == 1 else "k"

    @property
    def size(self) -> tuple[float, float]:
        """Estimated width and height."""
        width = max(_BOLD * len(self.head), _LETTER * len(self.note))
        return width, 2 * _LINE if self.note else _LINE

    @property
    def target(self) -> Box:
        """The box around its marks."""
        boxes = [_around(one.at, 6) for one in self.spots]
        lows = (min(box[k] for box in boxes) for k in (0, 1))
        highs = (max(box[k] for box in boxes) for k in (2, 3))
        left, top = lows
        right, foot = highs
        return left, top, right, foot


def _words(spots: Sequence[_Spot], y: Scale, frame: Frame) -> _Words:
    lows, highs = zip(*(_ends(one, y) for one in spots), strict=True)
    models = [one.model for one in spots]
    names = list(dict.fromkeys(m.name for m in models))
    engines = list(dict.fromkeys(m.engine for m in models))
    head = " and ".join(names)
    is_narrow = frame.width < _WIDE.width
    if len(engines) == 1 and engines[0] and not is_narrow:
        head = f"{encoding(engines[0]).name}, {head}"
    head = shorten(head, round(frame.width / 13))
    sizes = list(dict.fromkeys(count(m.size) for m in models))
    if len(sizes) > 2:
        ordered = sorted(models, key=lambda m: m.size or 0.0)
        note = f"{count(ordered[0].size)} to {count(ordered[-1].size)}"
    else:
        note = " and ".join(sizes)
    reach = (min(highs), max(lows))
    if is_narrow:
        return _Words(f"{head} {note}", "", tuple(spots), reach)
    unit = models[0].unit.removesuffix("s") if sizes == ["1"] else models[0].unit
    return _Words(head, f"{note} {unit}", tuple(spots), reach)


_DISTANCES = (4, 10, 20, 34, 52, 74, 100, 130, 165, 205, 250)
_LEAD_FROM = 20
"""Pixels between marks and label from which on a line connects them."""


def _places(words: _Words) -> Iterator[tuple[Box, float]]:
    """Yield boxes beside the marks and beyond their intervals, each with a distance."""
    left, top, right, foot = words.target
    width, height = words.size
    middle, center = (left + right) / 2, (top + foot) / 2
    high, low = min(words.reach[0], top), max(words.reach[1], foot)
    for gap in _DISTANCES:
        for lift in (0.0, -0.5, 0.5, -1.0, 1.0):
            y = center - height / 2 + lift * height
            for x in (right + gap, left - gap - width):
                yield (x, y, x + width, y + height), gap + 4 * abs(lift)
        for slide in (0.0, -0.3, 0.3, -0.5, 0.5):
            x = middle - width / 2 + slide * width
            for y in (high - gap - height, low + gap):
                yield (x, y, x + width, y + height), gap + 4 + 4 * abs(slide)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _place(
    labels: Sequence[_Words], box: Box, marks: Sequence[Box], lines: Sequence[Box]
) -> Fragment:
    """Return labels inside ``box``, where they hide least, each next to its marks."""
    placed: dict[int, tuple[Box, float]] = {}
    # Further turns let the first labels make room for the last ones.
    for _ in range(4):
        before = dict(placed)
        for k, words in enumerate(labels):
            others = [(labels[j], *found) for j, found in placed.items() if j != k]
            taken = [*marks, *(found for _, found, _ in others)]
            leads = [
                at
                for other, found, gap in others
                if gap >= _LEAD_FROM
                for at in _along(*_lead(other, found))
            ]
            cost = partial(_cost, words, box=box, taken=taken, lines=lines, leads=leads)
            placed[k] = min(_places(words), key=cost)
        if placed == before:
            break
    return group(*(_label(labels[k], *placed[k]) for k in placed))


def _cost(  # noqa: PLR0913  the parts of one picture
    words: _Words,
    spot: tuple[Box, float],
    *,
    box: Box,
    taken: Sequence[Box],
    lines: Sequence[Box],
    leads: Sequence[Point],
) -> float:
    """Return what a label hides or leaves at a place, and how far from its marks."""
    here, gap = spot
    outside = _overlap(here, here) - _overlap(here, box)
    hidden = sum(_overlap(here, one) for one in taken)
    crossed = sum(_overlap(here, one) for one in lines)
    struck = sum(_holds(here, at) for at in leads)
    if gap >= _LEAD_FROM:
        own = list(_along(*_lead(words, here)))
        struck += sum(_holds(one, at) for at in own for one in taken)
    return 50 * outside + 20 * hidden + 7 * crossed + 90 * struck + 3 * gap


def _along(start: Point, end: Point) -> Iterator[Point]:
    """Yield points of a line from its second tenth on."""
    for k in range(2, 11):
        share = k / 10
        yield (
            start[0] + (end[0] - start[0]) * share,
            start[1] + (end[1] - start[1]) * share,
        )


def _holds(box: Box, at: Point) -> bool:
    return box[0] < at[0] < box[2] and box[1] < at[1] < box[3]


def _lead(words: _Words, box: Box) -> tuple[Point, Point]:
    """Return the line from the nearest mark of a label, or its interval, to its box."""
    middle, center = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    spot = min(words.spots, key=lambda one: math.dist(one.at, (middle, center)))
    x, y = spot.at
    left, top, right, foot = words.target
    if box[2] <= left:
        return (x - 6, y), (box[2] + 2, center)
    if box[0] >= right:
        return (x + 6, y), (box[0] - 2, center)
    high, low = min(words.reach[0], top), max(words.reach[1], foot)
    is_above = box[3] <= high
    return (x, high if is_above else low), (middle, box[3] if is_above else box[1])


def _label(words: _Words, box: Box, gap: float) -> Fragment:
    """Return a label in its box, with a line to its marks if it is far from them."""
    left, _, right, _ = words.target
    x, anchor = (box[2], "end") if box[2] <= left else (box[0], "start")
    if left < box[2] and box[0] < right:
        x, anchor = (box[0] + box[2]) / 2, "middle"
    parts: list[Fragment] = []
    if gap >= _LEAD_FROM:
        start, end = _lead(words, box)
        line = f"M{px(start[0])} {px(start[1])}L{px(end[0])} {px(end[1])}"
        parts.append(path(line, "lead"))
    parts.append(text(x, box[1] + 12, words.head, f"{words.class_} b halo", anchor))
    if words.note:
        parts.append(text(x, box[1] + 12 + _LINE, words.note, "halo", anchor))
    return group(*parts)
