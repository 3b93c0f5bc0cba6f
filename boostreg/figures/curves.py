"""Curves along a penalty: measures per engine, plain lines, and parts of effects."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame, goes
from boostreg.figures.marks import Point, band, line, points
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, is_number, known, shorten, significant
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

Values = Sequence[float | None]

_PANEL = Frame(width=270, height=156, left=50, right=262, top=8, bottom=126)
_PARTS = Frame(width=270, height=156, left=50, right=190, top=8, bottom=126)


@dataclass(frozen=True, slots=True)
class _Plane:
    """A grid of penalties, and where its values and those of a measure are drawn."""

    grid: Sequence[float]
    x: Callable[[float], float]
    y: Callable[[float], float]

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
        v if floor is None else max(v, floor)
        for v in known(values)
        if cut is None or v <= cut
    ]
    return _PANEL.up(kept, log=log)


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
    y_scale : Scale or None
        From ``measure_scale``; None fits a linear one to ``curves``.
    """
    marked = [v for c in curves for v in (c.pick, c.one_se) if v is not None]
    x = _PANEL.across([*grid, *marked], log=True)
    if len(grid) > 1 and grid[-1] < grid[-2]:
        x = x.falling()
    values = (v for c in curves for v in (*c.y, *c.low, *c.high))
    y = y_scale or measure_scale(values)
    plane = _Plane(grid, x, y)
    picks, beside, safe = [], [], []
    for place, curve in enumerate(curves):
        class_ = encoding(curve.engine).class_
        for value, dashes in ((curve.pick, "pk"), (curve.one_se, "se")):
            if value is not None:
                down = f"M{px(x(value))} {px(_PANEL.top)}V{px(_PANEL.bottom)}"
                picks.append(path(down, f"{dashes} {class_}"))
        apart = [k for k in range(len(curve.beside)) if grid[k] > 0]
        beside.append(line(plane.points(curve.beside, apart), f"eq {class_}"))
        if curve.safe is not None:
            low, high = (px(x(value)) for value in curve.safe)
            height = px(_PANEL.bottom - 3 - 5 * place)
            safe.append(path(f"M{low} {height}H{high}", f"safe {class_}"))
    described = "; ".join(goes(encoding(c.engine).name, c.y) for c in curves)
    positive = [v for v in grid if v > 0]
    span = f"{penalty} 0"
    if positive:
        zero = "0, then " if len(positive) < len(grid) else ""
        ends = f"{significant(positive[0])} to {significant(positive[-1])}"
        span = f"{penalty} {zero}{ends}, logarithmic axis"
    return _PANEL.draw(
        _PANEL.vertical_axis(y),
        _PANEL.horizontal_axis(x, n=4),
        *picks,
        _PANEL.clip(
            *(_interval(curve, plane) for curve in curves),
            *beside,
            *(_line(curve, plane) for curve in curves),
        ),
        *safe,
        title=f"{measure} by {penalty}",
        description=f"{span}. {described}.",
    )


def _interval(curve: Curve, plane: _Plane) -> Fragment:
    """Return the interval as bands, and as a bar at zero."""
    if not curve.low:
        return Fragment()
    class_ = encoding(curve.engine).class_
    parts = []
    for run in plane.runs(curve.y, curve.low, curve.high):
        low, high = plane.points(curve.low, run), plane.points(curve.high, run)
        parts.append(band(low, high, f"bd {class_}"))
    for value, *ends in zip(plane.grid, curve.low, curve.high, strict=True):
        if value <= 0 and len(numbers := known(ends)) == 2:
            low_y, high_y = map(px, map(plane.y, numbers))
            bar = f"M{px(plane.x(0))} {low_y}V{high_y}"
            parts.append(path(bar, f"fine {class_}"))
    return group(*parts)


def _line(curve: Curve, plane: _Plane) -> Fragment:
    class_ = f"ln {encoding(curve.engine).class_}"
    lines = [line(plane.points(curve.y, run), class_) for run in plane.runs(curve.y)]
    at = " ".join(str(k) for k, v in enumerate(curve.y) if is_number(v))
    where = plane.points(curve.y)
    marks = points(curve.engine, where, data_engine=curve.engine, data_at=at)
    return group(*lines, marks)


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
) -> Figure:
    """Draw up to eight lines, each a label and its values at ``x``; gaps where missing.

    A line without a label has the style of the previous one. On a logarithmic axis, 0
    is drawn apart, before the break.
    """
    shown: list[tuple[str, Values, str]] = []
    place = -1
    for name, series in lines:
        place += 1 if name or place < 0 else 0
        if place < len(_CLASSES):
            shown.append((name, series, _CLASSES[place]))
    longest = max((len(shorten(name, 22)) for name, *_ in shown), default=0)
    right = 470 - 10 - 6.6 * longest
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


_PARTS_CLASSES = {"shrinkage": "pk", "structure": "thin", "both": "ln"}


@dataclass(frozen=True, slots=True)
class PartCurve:
    """Differences to zero penalty over a grid, with their intervals."""

    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


def parts_scale(parts: Sequence[PartCurve]) -> Scale:
    """Return a vertical scale for several panels; it contains 0."""
    return _PARTS.up([0.0, *(v for part in parts for v in part.y)])


def parts_panel(
    grid: Sequence[float],
    parts: Mapping[str, PartCurve],
    *,
    engine: str,
    penalty: str,
    y_scale: Scale,
) -> Figure:
    """Draw ``shrinkage``, ``structure`` and ``both`` of one engine, with end labels.

    ``grid`` has positive values, ascending; values outside ``y_scale`` are clipped.
    """
    x = _PARTS.across(grid, log=True)
    class_ = encoding(engine).class_
    plane = _Plane(grid, x, lambda v: y_scale(min(max(v, y_scale.low), y_scale.high)))
    lines = {name: plane.points(part.y) for name, part in parts.items()}
    bands = []
    for part in parts.values():
        low, high = plane.points(part.low), plane.points(part.high)
        bands.append(band(low, high, f"bd {class_}") if len(low) == len(high) else "")
    ends = [(where[-1][1], name, class_) for name, where in lines.items() if where]
    described = [
        f"{n} {significant(part.y[-1])}" for n, part in parts.items() if part.y
    ]
    zero = f"M{px(_PARTS.left)} {px(y_scale(0))}H{px(_PARTS.right)}"
    return _PARTS.draw(
        _PARTS.vertical_axis(y_scale),
        path(zero, "ax"),
        _PARTS.horizontal_axis(x, n=3),
        *bands,
        *(line(lines[name], f"{_PARTS_CLASSES[name]} {class_}") for name in parts),
        _PARTS.end_labels(ends, _PARTS.right + 4, gap=13, above=-4),
        title=f"{encoding(engine).name}: how {penalty} works",
        description=f"At the largest {penalty}, difference to zero: "
        f"{', '.join(described)}.",
    )
