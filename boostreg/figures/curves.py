"""Curves along a penalty: measures per engine, plain lines, and parts of effects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import (
    Point,
    band,
    clip,
    horizontal_axis,
    line,
    points,
    spread,
    vertical_axis,
)
from boostreg.figures.marks import horizontal_axis as x_axis
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    is_number,
    linear_scale,
    log_scale,
    shorten,
    significant,
)
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = [
    "Curve",
    "PartCurve",
    "curve_panel",
    "line_panel",
    "measure_scale",
    "parts_panel",
    "parts_scale",
]

_WIDTH, _HEIGHT = 270, 156
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 262, 8, 126


@dataclass(frozen=True, slots=True)
class Curve:
    """One engine's values over the panel's grid; None where nothing was measured.

    Attributes
    ----------
    engine : str
        Determines colour and shape.
    y, low, high : tuple of float or None
        The measure and its interval, aligned with the grid; ``low`` and ``high`` are
        empty without an interval.
    pick : float or None
        Penalty selected for this engine: a dashed line.
    one_se : float or None
        The strongest value within one standard error of it: long dashes.
    safe : tuple of float or None
        Interval of the penalty without a loss: a bar at the bottom.
    beside : tuple of float or None
        A second reading of the measure, thin and dashed; empty without one.
    """

    engine: str
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    pick: float | None = None
    safe: tuple[float, float] | None = None
    beside: tuple[float | None, ...] = ()
    one_se: float | None = None


def measure_scale(
    values: Iterable[float | None],
    *,
    log: bool = False,
    cut: float | None = None,
    floor: float | None = None,
) -> Scale:
    """Return a vertical scale for several panels.

    ``cut`` bounds it from above and ``floor`` from below: lines leave the panel there.
    """
    kept = [
        v if v is None or floor is None else max(v, floor)
        for v in values
        if v is None or cut is None or v <= cut
    ]
    foot, head = _BOTTOM - 6.0, float(_TOP)
    if log:
        return log_scale(kept, foot, head, margin=0.05, room=16)
    return linear_scale(kept, foot, head)


def curve_panel(
    grid: Sequence[float],
    curves: Sequence[Curve],
    *,
    measure: str,
    penalty: str,
    y_scale: Scale | None = None,
) -> Figure:
    """Draw one measure along a penalty's grid.

    The axis of the penalty is logarithmic, with the value 0 apart at its left, not
    connected by the line. It has the direction of the grid.

    Parameters
    ----------
    grid : sequence of float
        Values of the penalty, 0 first, the others increasing or decreasing.
    curves : sequence of Curve
        At most one per engine.
    measure, penalty : str
        Used in the description.
    y_scale : Scale or None
        From ``measure_scale``; None fits a linear one to ``curves``.
    """
    marked = [v for c in curves for v in (c.pick, c.one_se) if v is not None]
    shown = [*grid, *marked]
    rising = log_scale(shown, _LEFT + 6.0, _RIGHT - 4.0)
    falls = len(grid) > 1 and grid[-1] < grid[-2]
    x = rising.falling() if falls else rising
    y = y_scale or measure_scale(_all_values(curves))
    parts = [
        vertical_axis(y, _LEFT, _RIGHT),
        horizontal_axis(x, _BOTTOM, n=4),
        *(_pick(c, x) for c in curves),
        clip(
            _LEFT,
            _TOP - 4,
            _RIGHT - _LEFT + 4,
            _BOTTOM - _TOP + 4,
            *(_interval(c, grid, x, y) for c in curves),
            *(_beside(c, grid, x, y) for c in curves),
            *(_line(c, grid, x, y) for c in curves),
        ),
        *(_safe(c, x, k) for k, c in enumerate(curves)),
    ]
    return draw(
        _WIDTH,
        _HEIGHT,
        *parts,
        title=f"{measure} by {penalty}",
        description=_describe(grid, curves, penalty),
    )


def _all_values(curves: Iterable[Curve]) -> list[float | None]:
    return [value for c in curves for value in (*c.y, *c.low, *c.high)]


def _runs(
    curve: Curve, grid: Sequence[float], *, with_band: bool = False
) -> list[list[int]]:
    """Return the ranges of the positive grid without a gap, as indices."""
    series = [curve.y, curve.low, curve.high] if with_band else [curve.y]

    def complete(k: int) -> bool:
        return grid[k] > 0 and all(is_number(values[k]) for values in series)

    pairs = groupby(range(len(grid)), key=complete)
    return [list(indices) for there, indices in pairs if there]


def _at(
    values: Sequence[float | None],
    where: Iterable[int],
    grid: Sequence[float],
    x: Scale,
    y: Scale,
) -> list[Point]:
    return [(x(grid[k]), y(v)) for k in where if (v := values[k]) is not None]


def _line(curve: Curve, grid: Sequence[float], x: Scale, y: Scale) -> Fragment:
    drawn = encoding(curve.engine)
    there = [k for k, v in enumerate(curve.y) if is_number(v)]
    lines = [
        line(_at(curve.y, run, grid, x, y), f"ln {drawn.class_}")
        for run in _runs(curve, grid)
    ]
    marks = points(
        curve.engine,
        _at(curve.y, there, grid, x, y),
        data_engine=curve.engine,
        data_at=" ".join(map(str, there)),
    )
    return group(*lines, marks)


def _beside(curve: Curve, grid: Sequence[float], x: Scale, y: Scale) -> Fragment:
    if not curve.beside:
        return Fragment()
    known = [k for k, v in enumerate(curve.beside) if grid[k] > 0 and is_number(v)]
    return line(
        _at(curve.beside, known, grid, x, y), f"eq {encoding(curve.engine).class_}"
    )


def _interval(curve: Curve, grid: Sequence[float], x: Scale, y: Scale) -> Fragment:
    if not curve.low:
        return Fragment()
    drawn = encoding(curve.engine)
    bands = [
        band(
            _at(curve.low, run, grid, x, y),
            _at(curve.high, run, grid, x, y),
            f"bd {drawn.class_}",
        )
        for run in _runs(curve, grid, with_band=True)
    ]
    zeros = [k for k, v in enumerate(grid) if v <= 0 and is_number(curve.low[k])]
    bars = [
        path(f"M{px(x(0))} {px(low[1])}V{px(high[1])}", f"fine {drawn.class_}")
        for low, high in zip(
            _at(curve.low, zeros, grid, x, y),
            _at(curve.high, zeros, grid, x, y),
            strict=True,
        )
    ]
    return group(*bands, *bars)


def _pick(curve: Curve, x: Scale) -> Fragment:
    drawn = encoding(curve.engine).class_
    return group(
        *(
            path(f"M{px(x(value))} {_TOP}V{_BOTTOM}", f"{class_} {drawn}")
            for value, class_ in ((curve.pick, "pk"), (curve.one_se, "se"))
            if value is not None
        )
    )


def _safe(curve: Curve, x: Scale, place: int) -> Fragment:
    if curve.safe is None:
        return Fragment()
    low, high = (px(x(value)) for value in curve.safe)
    y = px(_BOTTOM - 3 - 5 * place)
    return path(f"M{low} {y}H{high}", f"safe {encoding(curve.engine).class_}")


def _describe(grid: Sequence[float], curves: Sequence[Curve], penalty: str) -> str:
    def ends(curve: Curve) -> str:
        known = [v for v in curve.y if v is not None and is_number(v)]
        name = encoding(curve.engine).name
        if not known:
            return f"{name}: not measured"
        return f"{name} goes from {significant(known[0])} to {significant(known[-1])}"

    described = "; ".join(ends(curve) for curve in curves)
    positive = [v for v in grid if v > 0]
    if not positive:
        return f"{penalty} 0. {described}."
    span = f"{significant(positive[0])} to {significant(positive[-1])}"
    zero = "0, then " if any(v <= 0 for v in grid) else ""
    return f"{penalty} {zero}{span}, logarithmic axis. {described}."


_LINES_WIDTH, _LINES_HEIGHT = 470, 270
_LINES_LEFT, _LINES_TOP, _LINES_BOTTOM = 62.0, 26.0, 218.0
_CLASSES = ("x", "l", "s", "n", "x dash", "l dash", "s dash", "n dash")
_DOTS = 15
"""Maximum number of points to mark individually."""

Values = Sequence[float | None]


def line_panel(  # noqa: PLR0913 - a chart has two axes, each with words and a scale
    x: Values,
    lines: Sequence[tuple[str, Values]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_log: bool = False,
    y_log: bool = False,
) -> Figure:
    """Draw up to eight lines over the same x values; missing values are gaps.

    Parameters
    ----------
    x : sequence of float
    lines : sequence of (label, values aligned with ``x``)
        A line without a label has the style of the previous one.
    title, x_label, y_label : str
    x_log, y_log : bool
        Logarithmic axes; 0 is drawn apart, before the break.
    """
    shown = list(_looks(lines))
    longest = max((len(shorten(name, 22)) for name, _, _ in shown), default=0)
    right = _LINES_WIDTH - 14 - 6.6 * longest
    across = (log_scale if x_log else linear_scale)(x, _LINES_LEFT + 6, right)
    values = [v for _, series, _ in shown for v in series]
    up = (
        log_scale(values, _LINES_BOTTOM - 6, _LINES_TOP, margin=0.05, room=16)
        if y_log
        else linear_scale(values, _LINES_BOTTOM - 6, _LINES_TOP)
    )
    drawn = [_drawn(x, series, across, up, class_) for _, series, class_ in shown]
    log = " (log axis)"
    return draw(
        _LINES_WIDTH,
        _LINES_HEIGHT,
        vertical_axis(up, _LINES_LEFT, right + 4),
        x_axis(across, _LINES_BOTTOM, n=5, label=x_label + (log if x_log else "")),
        text(6, 12, y_label + (log if y_log else ""), "n"),
        *drawn,
        _names(shown, up, right),
        title=title,
        description=_described(shown, x_label),
    )


_Look = tuple[str, Values, str]


def _looks(lines: Sequence[tuple[str, Values]]) -> Iterator[_Look]:
    """Yield name, values and class of each distinguishable line."""
    place = -1
    for name, series in lines:
        place += 1 if name or place < 0 else 0
        if place < len(_CLASSES):
            yield name, series, _CLASSES[place]


def _drawn(x: Values, y: Values, across: Scale, up: Scale, class_: str) -> Fragment:
    known = [
        (across(a), up(b)) if a is not None and b is not None and is_number(b) else None
        for a, b in zip(x, y, strict=True)
    ]
    runs: list[list[tuple[float, float]]] = [[]]
    for point in known:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    there = [point for point in known if point is not None]
    dots = "".join(f"M{px(a)} {px(b)}h0" for a, b in there)
    parts = [line(run, f"ln {class_}") for run in runs if len(run) > 1]
    if len(there) <= _DOTS or not parts:
        parts.append(path(dots, f"bead {class_}"))
    return group(*parts)


def _names(lines: Sequence[_Look], up: Scale, right: float) -> Fragment:
    ends = []
    for name, series, class_ in lines:
        known = [v for v in series if v is not None and is_number(v)]
        if known and name:
            ends.append((up(known[-1]), name, class_.split()[0]))
    ends.sort()
    places = spread([end for end, _, _ in ends], 15, _LINES_TOP - 8, _LINES_BOTTOM)
    parts: list[Fragment] = []
    for (end, name, class_), place in zip(ends, places, strict=True):
        parts += [
            path(f"M{px(right + 2)} {px(end)}L{px(right + 10)} {px(place)}", "g"),
            text(right + 13, place + 4, shorten(name, 22), class_),
        ]
    return group(*parts)


def _described(lines: Sequence[_Look], x_label: str) -> str:
    parts = []
    for name, series, _ in lines:
        if not name:
            continue
        known = [v for v in series if v is not None and is_number(v)]
        ends = (
            f"goes from {significant(known[0])} to {significant(known[-1])}"
            if known
            else "was not measured"
        )
        parts.append(f"{name} {ends}")
    return f"Along {x_label}: {'; '.join(parts)}."


_PARTS_WIDTH, _PARTS_HEIGHT = 270, 156
_PARTS_LEFT, _PARTS_RIGHT, _PARTS_TOP, _PARTS_BOTTOM = 50, 190, 8, 126
_APART = 13.0
_PARTS_CLASSES = {"shrinkage": "pk", "structure": "thin", "both": "ln"}


@dataclass(frozen=True, slots=True)
class PartCurve:
    """Differences to zero penalty over a grid, with their intervals."""

    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


def parts_scale(parts: Sequence[PartCurve]) -> Scale:
    """Return a vertical scale for several panels; it contains 0."""
    return linear_scale(
        [0.0, *(v for p in parts for v in p.y)], _PARTS_BOTTOM - 6.0, _PARTS_TOP
    )


def parts_panel(
    grid: Sequence[float],
    parts: Mapping[str, PartCurve],
    *,
    engine: str,
    penalty: str,
    y_scale: Scale,
) -> Figure:
    """Draw ``shrinkage``, ``structure`` and ``both`` of one engine, with end labels.

    Parameters
    ----------
    grid : sequence of float
        Positive values of the penalty, ascending.
    parts : mapping of str to Part
        Aligned with ``grid``.
    engine, penalty : str
    y_scale : Scale
        From ``parts_scale``; values outside are clipped.
    """
    x = log_scale(grid, _PARTS_LEFT + 6.0, _PARTS_RIGHT - 4.0)
    drawn = encoding(engine).class_
    return draw(
        _PARTS_WIDTH,
        _PARTS_HEIGHT,
        vertical_axis(y_scale, _PARTS_LEFT, _PARTS_RIGHT),
        path(f"M{_PARTS_LEFT} {px(y_scale(0))}H{_PARTS_RIGHT}", "ax"),
        horizontal_axis(x, _PARTS_BOTTOM, n=3),
        *(_bars(grid, part, x, y_scale, drawn) for part in parts.values()),
        *(
            line(_where(grid, part.y, x, y_scale), f"{_PARTS_CLASSES[name]} {drawn}")
            for name, part in parts.items()
        ),
        _parts_names(grid, parts, x, y_scale, drawn),
        title=f"{encoding(engine).name}: how {penalty} works",
        description=_parts_describe(parts, penalty),
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
    grid: Sequence[float], part: PartCurve, x: Scale, y: Scale, drawn: str
) -> Fragment:
    if not part.low:
        return Fragment()
    low, high = (_where(grid, side, x, y) for side in (part.low, part.high))
    return band(low, high, f"bd {drawn}") if len(low) == len(high) else Fragment()


def _parts_names(
    grid: Sequence[float],
    parts: Mapping[str, PartCurve],
    x: Scale,
    y: Scale,
    drawn: str,
) -> Fragment:
    found = {name: _where(grid, part.y, x, y) for name, part in parts.items()}
    ends = sorted((where[-1][1], name) for name, where in found.items() if where)
    places = spread([end for end, _ in ends], _APART, _PARTS_TOP + 4.0, _PARTS_BOTTOM)
    return group(
        *(
            text(_PARTS_RIGHT + 4, place + 4, name, drawn)
            for (_, name), place in zip(ends, places, strict=True)
        )
    )


def _parts_describe(parts: Mapping[str, PartCurve], penalty: str) -> str:
    ends = [
        f"{name} {significant(part.y[-1])}" for name, part in parts.items() if part.y
    ]
    return f"At the largest {penalty}, difference to zero: {', '.join(ends)}."
