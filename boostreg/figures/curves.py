"""One measure along a penalty: a line and a band for each engine."""

from collections.abc import Iterable, Sequence
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
    vertical_axis,
)
from boostreg.figures.numerals import is_number, significant
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, linear_scale, log_scale
from boostreg.figures.svg import Fragment, group, path, px

__all__ = ["Curve", "curve_panel", "measure_scale"]

_WIDTH, _HEIGHT = 270, 156
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 262, 8, 126


@dataclass(frozen=True, slots=True)
class Curve:
    """One engine's values over the panel's grid; None where nothing was measured.

    Attributes
    ----------
    engine : str
        Gives colour and shape.
    y, low, high : tuple of float or None
        The measure and its interval, aligned with the grid; ``low`` and ``high`` are
        empty where there is no interval.
    pick : float or None
        Penalty that was picked for this engine: a dashed line.
    one_se : float or None
        The strongest one within a standard error of it: long dashes.
    safe : tuple of float or None
        Interval of the penalty in which nothing is lost: a bar at the foot.
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
    """Return a vertical scale to share among panels.

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

    The penalty's axis is logarithmic, and the value 0 stands apart at its left, where
    the line does not reach. It points the way the grid goes.

    Parameters
    ----------
    grid : sequence of float
        Values of the penalty, 0 first, the others rising or falling.
    curves : sequence of Curve
        One for each engine, at most one of a name.
    measure, penalty : str
        Words for the description.
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
    """Return the stretches of the positive grid without a gap, as indices."""
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

    told = "; ".join(ends(curve) for curve in curves)
    positive = [v for v in grid if v > 0]
    if not positive:
        return f"{penalty} 0. {told}."
    span = f"{significant(positive[0])} to {significant(positive[-1])}"
    zero = "0, then " if any(v <= 0 for v in grid) else ""
    return f"{penalty} {zero}{span}, logarithmic axis. {told}."
