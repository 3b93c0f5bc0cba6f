"""Pictures of claims: lines with what was measured, and one claim over many tables.

Penalties have their own hues here; a second engine is dashed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from textwrap import wrap

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame, goes
from boostreg.figures.marks import band, core, line, points
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    Tick,
    is_number,
    known,
    linear_scale,
    log_scale,
    shorten,
    significant,
)
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["ClaimLine", "RatioRow", "ResultBar", "claim_chart", "tables_chart"]

_WIDTH, _PLOT = 328, 172
"""Pixels of a picture, and the height of its plot."""

_DIRECT = 12
"""Characters of a label that has room at the end of its line."""

_DOTS = 12
"""Maximum number of points to mark one by one."""


@dataclass(frozen=True, slots=True)
class ResultBar:
    """A result on a line: its abscissa, the estimate and the interval, if known."""

    x: float
    y: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One line of a picture.

    Attributes
    ----------
    name : str
        Written at its end or in a key; a line without a name belongs to the one before.
    x, y : sequence of float or None
        The line has gaps where ``y`` is None.
    hue : str
        ``l1``, ``l2``, ``s`` or ``n``.
    dash, fine : bool
        Dashed, or thin without marks.
    measured : tuple of ResultBar
        Estimates with their intervals.
    peak : bool
        Whether the abscissa of the highest point is marked on the axis.
    """

    name: str
    x: Sequence[float | None]
    y: Sequence[float | None]
    hue: str
    dash: bool = False
    fine: bool = False
    measured: tuple[ResultBar, ...] = ()
    peak: bool = False

    @property
    def class_(self) -> str:
        """Classes of its stroke in the stylesheet."""
        return f"{self.hue} dash" if self.dash else self.hue


def claim_chart(  # noqa: PLR0913 - a chart has two axes, each with words and a scale
    lines: Sequence[ClaimLine],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_log: bool = False,
    y_log: bool = False,
    unit: str = "",
    reference: float | None = None,
) -> Figure:
    """Draw lines over a full axis: from 0, or around the ``reference`` if logarithmic.

    On a logarithmic axis of abscissas 0 is apart. The ``unit`` of its ticks is
    ``%`` for shares, a sign of multiplication for factors, or empty.
    """
    named = [one for one in lines if one.name]
    longest = max((len(one.name) for one in named), default=0)
    direct = longest <= _DIRECT
    key = [] if direct else list(_key(named))
    heads = wrap(y_label + (" (log axis)" if y_log else ""), 44)
    feet = wrap(x_label, 40)
    rows = len(heads) + 1 + max((row for row, *_ in key), default=-1)
    top = 11 + 15.0 * rows
    right = _WIDTH - (8.2 * longest + 14 if direct and longest else 17)
    frame = Frame(_WIDTH, round(top + _PLOT + 26 + 15 * len(feet)), left=44,
                  right=right, top=top, bottom=top + _PLOT)  # fmt: skip
    values = [v for one in lines for v in (*one.y, *_ends(one))]
    y = _upward(frame, values, reference, log=y_log)
    n = 5 if y.log else 4

    def write(tick: Tick) -> str:
        shown = f"{significant(100 * tick.value)}%"
        return shown if unit == "%" else f"{unit}{tick.label}"

    widest = max(len(write(tick)) for tick in y.ticks(n))
    frame = replace(frame, left=max(34.0, 9 + 8.2 * widest))
    x = frame.across([a for one in lines for a in one.x], log=x_log)
    origin = "" if reference is None else f"M{px(frame.left)} {px(y(reference))}"
    ends = [
        (y(numbers[-1]), one.name, one.hue)
        for one in named
        if direct and (numbers := known(one.y))
    ]
    return frame.draw(
        *(text(0, 12 + 15 * k, words, "k") for k, words in enumerate(heads)),
        frame.vertical_axis(y, n=n, write=write),
        path(origin and f"{origin}H{px(frame.right)}", "ax"),
        frame.horizontal_axis(x, n=4),
        *(
            text(_WIDTH / 2, frame.bottom + 35 + 15 * k, words, "axlabel", "middle")
            for k, words in enumerate(feet)
        ),
        *(_key_entry(row + len(heads), at, one) for row, at, one in key),
        *(_line(one, x, y, k) for k, one in enumerate(lines)),
        frame.end_labels(ends, right + 8, above=6, lead=right - 2),
        title=title,
        description=f"Along {x_label}: "
        + "; ".join(goes(one.name, one.y) for one in named),
    )


def _ends(one: ClaimLine) -> Iterator[float | None]:
    for found in one.measured:
        yield from (found.low, found.high)


def _upward(
    frame: Frame, values: Sequence[float | None], reference: float | None, *, log: bool
) -> Scale:
    if log:
        shown = [v for v in known(values) if v > 0]
        return frame.up([*shown, *([] if reference is None else [reference])], log=True)
    numbers = [0.0, *known(values)]
    if min(numbers) < 0:
        return linear_scale(numbers, frame.bottom, frame.top)
    return Scale(0.0, 1.05 * max(numbers) or 1.0, frame.bottom, frame.top)


def _key(named: Sequence[ClaimLine]) -> Iterator[tuple[int, float, ClaimLine]]:
    """Yield the row and the abscissa of each entry of a key above the plot."""
    row, x = 0, 0.0
    for one in named:
        width = 32 + 7.7 * len(one.name)
        if x and x + width > _WIDTH:
            row, x = row + 1, 0.0
        yield row, x, one
        x += width


def _key_entry(row: int, x: float, one: ClaimLine) -> Fragment:
    y = 12 + 15 * row
    stroke = path(f"M{px(x)} {px(y - 4)}h16", f"ln {one.class_}")
    return group(stroke, text(x + 20, y, one.name, one.hue))


def _line(one: ClaimLine, x: Scale, y: Scale, place: int) -> Fragment:
    """Return the line through neighbouring points, few points marked, and results."""

    def shown(value: float | None) -> bool:
        return is_number(value) and (not y.log or value > 0)

    places = [
        (x(a), y(b)) if is_number(a) and is_number(b) and shown(b) else None
        for a, b in zip(one.x, one.y, strict=True)
    ]
    runs = [[p for p in run if p] for there, run in groupby(places, key=bool) if there]
    stroke = f"{'thin' if one.fine else 'ln'} {one.class_}"
    parts = [line(run, stroke) for run in runs]
    dots = [p for run in runs for p in run]
    if len(dots) <= _DOTS and not one.fine:
        parts.append(path("".join(f"M{px(a)} {px(b)}h0" for a, b in dots),
                          f"dots {one.hue}"))  # fmt: skip
    shift = 5.0 * (place % 3) - 5
    for found in one.measured:
        if is_number(found.low) and is_number(found.high):
            at = px(x(found.x) + shift)
            low, high = px(y(found.low)), px(y(found.high))
            ends = f"m-3 0h6M{at} {low}m-3 0h6"
            parts.append(path(f"M{at} {low}V{high}{ends}", f"thin {one.hue}"))
    if one.peak and dots:
        topmost, over = min((up, across) for across, up in dots)
        top = f"M{px(over)} {px(topmost)}"
        parts.append(path(f"{top}V{px(y.start)}", f"pk {one.hue}"))
        parts.append(path(f"{top}h0", f"dots {one.hue}"))
    return group(*parts)


@dataclass(frozen=True, slots=True)
class RatioRow:
    """A ratio with its interval, by engine; ``name`` is that of a table or a mean."""

    name: str
    ratios: dict[str, tuple[float | None, float | None, float | None]]
    mean: bool = False


_ROW, _NAMES, _LETTERS = 15.0, 112.0, 17
"""Pixels of a row and of the names, and the letters that these have room for."""
_FARTHEST = 3.0
"""Interval ends beyond this multiple of the farthest ratio are cut."""


def tables_chart(
    rows: Sequence[RatioRow],
    *,
    title: str,
    claimed: tuple[float | None, float | None] = (None, None),
    label: str = "factor (log axis); shaded: as claimed",
    letters: int = _LETTERS,
) -> Figure:
    """Draw one row per table around the line of no change, means apart below.

    The axis is a factor, logarithmic; the band holds the ratios that were ``claimed``.
    Names have room for so many ``letters``.
    """
    tables = sum(not row.mean for row in rows)
    foot = 8 + _ROW * len(rows) + 12
    left = _NAMES * letters / _LETTERS
    frame = Frame(_WIDTH, round(foot + 42), left=left, right=320, top=6, bottom=foot)
    every = [ratio for row in rows for ratio in row.ratios.values()]
    seen = [v for v, *_ in every if is_number(v) and v > 0] or [1.0]
    near, far = min(*seen, 1.0) / _FARTHEST, max(*seen, 1.0) * _FARTHEST
    ends = [min(max(v, near), far) for one in every for v in known(one) if v > 0]
    x = log_scale([1.0, *ends], frame.left + 4, frame.right - 4, margin=0.03)
    edges = [
        start if end is None else x(min(max(end, x.low), x.high))
        for end, start in zip(claimed, (x.start, x.end), strict=True)
    ]
    field = []
    if claimed != (None, None):
        field = [band([(e, frame.top) for e in edges], [(e, foot) for e in edges],
                      "bd n")]  # fmt: skip
    parts = [
        *field,
        frame.horizontal_axis(
            x, n=4 if letters == _LETTERS else 3, grid=True, label=label, origin=1.0,
            write=lambda tick: f"\N{MULTIPLICATION SIGN}{tick.label}",
        ),
    ]  # fmt: skip
    for k, row in enumerate(rows):
        y = 8 + _ROW * (k + 0.5) + (8 if row.mean else 0)
        class_ = "k" if row.mean else None
        parts.append(text(0, y + 4, shorten(row.name, letters), class_))
        for place, (engine, ratio) in enumerate(row.ratios.items()):
            shift = (place - (len(row.ratios) - 1) / 2) * 5
            parts.append(_ratio(engine, ratio, x, y + shift, mean=row.mean))
    rule = 8 + _ROW * tables + 4
    parts.append(path(f"M0 {px(rule)}H{px(frame.right)}", "g"))
    described = "; ".join(
        f"{row.name}, {encoding(engine).name}: "
        + "{} ({} to {})".format(*map(significant, ratio))
        for row in rows
        for engine, ratio in row.ratios.items()
        if row.mean
    )
    return frame.draw(*parts, title=title, description=described)


def _ratio(
    engine: str,
    ratio: tuple[float | None, float | None, float | None],
    x: Scale,
    y: float,
    *,
    mean: bool,
) -> Fragment:
    value, low, high = ratio
    class_ = encoding(engine).class_
    parts = []
    if is_number(low) and is_number(high):
        left, right = (px(x(min(max(end, x.low), x.high))) for end in (low, high))
        width = "ln" if mean else "thin faint"
        parts.append(path(f"M{left} {px(y)}H{right}", f"{width} {class_}"))
    if is_number(value) and x.low <= value <= x.high:
        parts.append(points(engine, [(x(value), y)], "open" if mean else ""))
        if mean:
            parts.append(core(engine, (x(value), y)))
    return group(*parts)
