"""Curves along a penalty: a measure by engine, and plain lines."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame, goes
from boostreg.figures.marks import Point, band, core, line, points
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, Tick, is_number, known, shorten, significant
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["Curve", "curve_panel", "line_panel", "measure_scale"]

Values = Sequence[float | None]

_PANEL = Frame(width=328, height=228, left=50, right=318, top=26, bottom=186)

_DODGE = 6.0
"""Pixels by which the points of a further engine are moved, so that none is hidden."""


@dataclass(frozen=True, slots=True)
class _Plane:
    """A grid of penalties, and where its values and those of a measure are drawn."""

    grid: Sequence[float]
    across: Scale
    y: Scale
    shift: float = 0.0

    def x(self, value: float) -> float:
        """Return the abscissa of a penalty."""
        return self.across(value) + self.shift

    def points(self, values: Values, where: Iterable[int] | None = None) -> list[Point]:
        """Return the coordinates of the numbers among ``values``, all or ``where``."""
        places = range(len(values)) if where is None else where
        return [
            (self.x(self.grid[k]), self.y(v))
            for k in places
            if is_number(v := values[k])
        ]

    def runs(self, *series: Values) -> list[list[int]]:
        """Return the ranges of the positive grid without a gap in any series."""

        def complete(k: int) -> bool:
            return self.grid[k] > 0 and all(is_number(values[k]) for values in series)

        pairs = groupby(range(len(self.grid)), key=complete)
        return [list(indices) for there, indices in pairs if there]


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
        Penalty selected for this engine: a dotted line.
    one_se : float or None
        The strongest value within one standard error of it: long dashes.
    safe : tuple of float or None
        Interval of the penalty without a loss: a bar on the axis.
    beside : tuple of float or None
        A second reading of the measure, thin and dashed; empty without one.
    open : tuple of int
        Places of the grid whose marks are hollow.
    lead : bool
        A thick line with a band; otherwise a thin line, with a bar at each point, moved
        slightly to the right.
    reading : str
        A panel shows the curves of its first reading; a script can show another one.
    """

    engine: str
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    pick: float | None = None
    safe: tuple[float, float] | None = None
    beside: tuple[float | None, ...] = ()
    one_se: float | None = None
    open: tuple[int, ...] = ()
    lead: bool = True
    reading: str = ""


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
        v if floor is None else max(v, floor)
        for v in known(values)
        if cut is None or v <= cut
    ]
    return _PANEL.up(kept, log=log)


def curve_panel(  # noqa: PLR0913 - an axis has a scale, an origin and labels
    grid: Sequence[float],
    curves: Sequence[Curve],
    *,
    measure: str,
    penalty: str,
    y_scale: Scale | None = None,
    origin: float | None = None,
    write: Callable[[Tick], str] = lambda tick: tick.label,
) -> Figure:
    """Draw one measure along a penalty's grid.

    The axis of the penalty is logarithmic, with the value 0 apart at its left, not
    connected by the line. It has the direction of the grid. Arrows mark values outside
    the vertical axis.

    Parameters
    ----------
    grid : sequence of float
        Values of the penalty, 0 first, the others increasing or decreasing.
    curves : sequence of Curve
        At most one per engine and reading.
    measure, penalty : str
        Titles of the axes.
    y_scale : Scale or None
        From ``measure_scale``; None fits a linear one to ``curves``.
    origin : float or None
        A value of the measure to mark by a dark line.
    write : callable
        Returns the label of a tick of the measure.
    """
    marked = [v for c in curves for v in (c.pick, c.one_se) if v is not None]
    x = _PANEL.across([*grid, *marked], log=True)
    if len(grid) > 1 and grid[-1] < grid[-2]:
        x = x.falling()
    values = (v for c in curves for v in (*c.y, *c.low, *c.high))
    y = y_scale or measure_scale(values)
    readings: dict[str, list[Curve]] = {}
    for curve in curves:
        readings.setdefault(curve.reading, []).append(curve)
    shown = next(iter(readings.values()), [])
    described = "; ".join(goes(encoding(c.engine).name, c.y) for c in shown)
    positive = [v for v in grid if v > 0]
    span = f"{penalty} 0"
    if positive:
        zero = "0, then " if len(positive) < len(grid) else ""
        ends = f"{significant(positive[0])} to {significant(positive[-1])}"
        span = f"{penalty} {zero}{ends}, logarithmic axis"
    zero_line = "" if origin is None else f"M{px(_PANEL.left)} {px(y(origin))}"
    return _PANEL.draw(
        text(0, 12, measure, "k"),
        _PANEL.vertical_axis(y, n=7 if y.log else 5, write=write),
        path(zero_line and f"{zero_line}H{px(_PANEL.right)}", "ax"),
        _PANEL.horizontal_axis(x, n=4, label=penalty),
        *(
            group(
                *_curves(those, _Plane(grid, x, y)),
                data_reading=reading or None,
                class_=None if those is shown else "no",
            )
            for reading, those in readings.items()
        ),
        title=f"{measure} by {penalty}",
        description=f"{span}. {described}.",
    )


def _curves(curves: Sequence[Curve], plane: _Plane) -> list[Fragment]:
    """Return what is drawn of one curve per engine."""
    moved, planes = 0.0, []
    for curve in curves:
        moved += 0.0 if curve.lead else _DODGE
        planes.append(replace(plane, shift=0.0 if curve.lead else moved))
    drawn = list(zip(curves, planes, strict=True))
    return [
        *(_upright(curve, plane) for curve, plane in drawn),
        _PANEL.clip(
            *(_interval(curve, plane) for curve, plane in drawn),
            *(_beside(curve, plane) for curve, plane in drawn),
            *(_line(curve, plane) for curve, plane in drawn),
        ),
        *(_outside(curve, plane, k) for k, (curve, plane) in enumerate(drawn)),
    ]


def _upright(curve: Curve, plane: _Plane) -> Fragment:
    """Return vertical lines at the values selected."""
    class_ = encoding(curve.engine).class_
    down = f"{px(_PANEL.top)}V{px(_PANEL.bottom)}"
    marked = ((curve.pick, "pk"), (curve.one_se, "se"))
    return Fragment(
        "".join(
            path(f"M{px(plane.x(value))} {down}", f"{dashes} {class_}")
            for value, dashes in marked
            if value is not None
        )
    )


def _beside(curve: Curve, plane: _Plane) -> Fragment:
    apart = [k for k in range(len(curve.beside)) if plane.grid[k] > 0]
    class_ = f"eq {encoding(curve.engine).class_}"
    return line(plane.points(curve.beside, apart), class_)


def _outside(curve: Curve, plane: _Plane, place: int) -> Fragment:
    """Return the safe range on the axis, and arrows to values outside the panel."""
    class_ = encoding(curve.engine).class_
    safe = ""
    if curve.safe is not None:
        low, high = (px(plane.across(value)) for value in curve.safe)
        safe = f"M{low} {px(_PANEL.bottom - 3 - 5 * place)}H{high}"
    arrows = ""
    for value, y in zip(plane.grid, curve.y, strict=True):
        left = px(plane.x(value) - 4)
        if is_number(y) and y > plane.y.high:
            arrows += f"M{left} {px(_PANEL.top + 4)}l4-7l4 7z"
        elif is_number(y) and y < plane.y.low:
            arrows += f"M{left} {px(_PANEL.bottom - 9)}l4 7l4-7z"
    return Fragment(path(safe, f"safe {class_}") + path(arrows, f"bar {class_}"))


def _interval(curve: Curve, plane: _Plane) -> Fragment:
    """Return the interval: bands and a bar at zero, or a bar at each point."""
    if not curve.low:
        return Fragment()
    class_ = encoding(curve.engine).class_
    bands, bars = "", ""
    for run in plane.runs(curve.y, curve.low, curve.high) if curve.lead else ():
        low, high = plane.points(curve.low, run), plane.points(curve.high, run)
        bands += band(low, high, f"bd {class_}")
    for value, *ends in zip(plane.grid, curve.low, curve.high, strict=True):
        is_apart = value <= 0 or not curve.lead
        if is_apart and len(numbers := known(ends)) == 2 and ends[0] != ends[1]:
            low_y, high_y = map(px, map(plane.y, numbers))
            bars += f"M{px(plane.x(value))} {low_y}V{high_y}"
    return Fragment(bands + path(bars, f"fine {class_}"))


def _line(curve: Curve, plane: _Plane) -> Fragment:
    class_ = f"{'ln' if curve.lead else 'thin'} {encoding(curve.engine).class_}"
    lines = [line(plane.points(curve.y, run), class_) for run in plane.runs(curve.y)]
    at = " ".join(str(k) for k, v in enumerate(curve.y) if is_number(v))
    where = plane.points(curve.y)
    marks = points(curve.engine, where, data_engine=curve.engine, data_at=at)
    holes = plane.points(curve.y, curve.open)
    rims = points(curve.engine, holes, "open")
    return Fragment("".join([*lines, marks, rims, core(curve.engine, *holes)]))


_CLASSES = ("x", "l", "s", "n", "x dash", "l dash", "s dash", "n dash")
_DOTS = 15
"""Maximum number of points to mark individually."""


def line_panel(  # noqa: PLR0913 - a chart has two axes, each with words and a scale
    x: Values,
    lines: Sequence[tuple[str, Values]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_log: bool = False,
    y_log: bool = False,
    classes: Sequence[str] = _CLASSES,
) -> Figure:
    """Draw lines, each a label and its values at ``x``; gaps where missing.

    Each has one of ``classes``, a colour and maybe ``dash``; there are as many at most.

    A line without a label has the style of the previous one. On a logarithmic axis, 0
    is drawn apart, before the break.
    """
    shown: list[tuple[str, Values, str]] = []
    place = -1
    for name, series in lines:
        place += 1 if name or place < 0 else 0
        if place < len(classes):
            shown.append((name, series, classes[place]))
    longest = max((len(shorten(name, 22)) for name, *_ in shown), default=0)
    right = 470 - 10 - 7.7 * longest
    frame = Frame(width=470, height=270, left=62, right=right, top=26, bottom=218)
    across = frame.across(x, log=x_log)
    up = frame.up([v for _, series, _ in shown for v in series], log=y_log)
    ends = [
        (up(numbers[-1]), shorten(name, 22), class_.split()[0])
        for name, series, class_ in shown
        if name and (numbers := known(series))
    ]
    described = "; ".join(goes(name, series) for name, series, _ in shown if name)
    log = " (log axis)"
    return frame.draw(
        frame.vertical_axis(up),
        frame.horizontal_axis(across, label=x_label + (log if x_log else "")),
        text(6, 12, y_label + (log if y_log else ""), "n"),
        *(_series(x, series, across, up, class_) for _, series, class_ in shown),
        frame.end_labels(ends, right + 9, above=8, lead=right - 2),
        title=title,
        description=f"Along {x_label}: {described}.",
    )


def _series(x: Values, y: Values, across: Scale, up: Scale, class_: str) -> Fragment:
    """Return lines through neighbouring points, and all points if they are few."""
    places = [
        (across(a), up(b)) if is_number(a) and is_number(b) else None
        for a, b in zip(x, y, strict=True)
    ]
    runs = [[p for p in run if p] for there, run in groupby(places, key=bool) if there]
    dots = [f"M{px(a)} {px(b)}h0" for run in runs for a, b in run]
    parts = [line(run, f"ln {class_}") for run in runs if len(run) > 1]
    if len(dots) <= _DOTS or not parts:
        parts.append(path("".join(dots), f"bead {class_}"))
    return group(*parts)
