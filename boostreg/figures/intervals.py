"""Points with intervals: losses, differences, ratios and claims, one row each."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.marks import band, mark
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    is_number,
    known,
    linear_scale,
    log_scale,
    shorten,
    significant,
    tick_percent,
)
from boostreg.figures.svg import Fragment, path, px, text

__all__ = [
    "Estimate",
    "difference_chart",
    "interval_mark",
    "level_interval",
    "models_chart",
]


def level_interval(
    x: Scale, y: float, low: float | None, high: float | None, class_: str
) -> Fragment:
    """Return an interval; an end beyond the axis is an arrow."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Fragment()
    start, end = (px(x(min(max(one, x.low), x.high))) for one in (low, high))
    left = f"M{start} {px(y)}m5-4l-5 4l5 4" if low < x.low else ""
    right = "m-5-4l5 4l-5 4" if high > x.high else ""
    return path(f"{left}M{start} {px(y)}H{end}{right}", class_)


def _described(
    name: str, value: float | None, ends: tuple[float | None, ...], digits: int = 3
) -> str:
    if value is None:
        return f"{name}: not measured"
    low, high = (significant(end, digits) for end in ends)
    interval = "" if None in ends else f", {low} to {high}"
    if -math.inf in ends or math.inf in ends:
        interval = f", at least {low}" if math.inf in ends else f", at most {high}"
    return f"{name}: {significant(value, digits)}{interval}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row of a chart.

    Attributes
    ----------
    value, low, high : float or None
        The estimate and its interval.
    words : tuple of str
        What is written right of the plot, one per column.
    engine : str
        Determines colour and shape.
    filled : bool
        Hollow marks are references, or differences that are not settled.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()
    engine: str = ""
    filled: bool = True


Rows = Mapping[str, Sequence[Estimate]]
"""Estimates by the name that they share, one row each."""

_ROW, _SPACE = 17.0, 7.0
"""Pixels of a row, and of the space between names."""

_WIDE_MARGIN = 8.0
_NARROW = 328
_MIN_PLOT = 160.0
"""Pixels of a plot that names at its left leave to it."""


@dataclass(frozen=True, slots=True)
class _RowsLayout:
    """Where a chart of rows has its names, plot and columns.

    ``columns`` are the right ends of the columns of words; without any, all words of a
    row are one text right of the plot. Names are ``above`` their rows if there is no
    room at the left.
    """

    frame: Frame
    columns: tuple[float, ...]
    above: bool

    def rows(self, groups: Rows) -> Iterator[tuple[float, Estimate]]:
        """Yield each row with its height."""
        for y, estimates in self.groups(groups):
            for k, one in enumerate(estimates):
                yield y + _ROW * k, one

    def groups(self, groups: Rows) -> Iterator[tuple[float, Sequence[Estimate]]]:
        """Yield the height of the first row of each name, and its rows."""
        y = self.frame.top + _ROW / 2
        for estimates in groups.values():
            y += _ROW * self.above
            yield y, estimates
            y += _ROW * len(estimates) + _SPACE

    def draw(
        self, groups: Rows, heads: Sequence[str], x: Scale, *parts: str
    ) -> list[str]:
        """Return ``parts``, then names, marks with intervals, and words."""
        frame, drawn = self.frame, list(parts)
        for head, column in zip(heads, self.columns, strict=False):
            drawn.append(text(column, frame.top - 6, head, anchor="end"))
        for name, (y, estimates) in zip(groups, self.groups(groups), strict=True):
            middle = y + _ROW * (len(estimates) - 1) / 2
            height = y - _ROW if self.above else middle
            drawn.append(text(0, height + 4, shorten(name, 30), "k halo"))
        for y, one in self.rows(groups):
            class_ = encoding(one.engine).class_
            if one.engine and frame.width != _NARROW:
                label = encoding(one.engine).name
                drawn.append(text(frame.left - 12, y + 4, label, class_, "end"))
            ends = (one.value, one.low, one.high)
            drawn.append(interval_mark(one.engine, x, y, ends, filled=one.filled))
            drawn += self._words(one, y)
        return drawn

    def _words(self, one: Estimate, y: float) -> Iterator[Fragment]:
        """Yield the words of a row, in columns or as one text."""
        for words, column in zip(one.words, self.columns, strict=False):
            yield text(column, y + 4, words, anchor="end")
        if not self.columns:
            yield text(self.frame.right + _WIDE_MARGIN, y + 4, _joined(one))


def _joined(one: Estimate) -> str:
    return ", ".join(one.words[:2])


def _layout(groups: Rows, heads: Sequence[str], *, width: int) -> _RowsLayout:
    """Return a layout whose columns are as wide as their content.

    Without ``heads``, or on a phone, there are no columns.
    """
    rows = [one for estimates in groups.values() for one in estimates]
    columns: list[float] = []
    end = float(width)
    if heads and width != _NARROW:
        for k, head in reversed(list(enumerate(heads))):
            columns.insert(0, end)
            content = max((len(one.words[k]) for one in rows), default=0)
            end -= 6.6 * max(content, len(head)) + 22
    else:
        end -= 6.2 * max((len(_joined(one)) for one in rows), default=0) + _WIDE_MARGIN
    right = end - 6
    names = 6.9 * max((len(shorten(name, 30)) for name in groups), default=0)
    labels = [encoding(one.engine).name for one in rows if one.engine]
    engines = 6.9 * max(map(len, labels), default=0) + 26 * bool(labels)
    left = 6.0 if width == _NARROW else names + engines + 12
    above = right - left < _MIN_PLOT or width == _NARROW
    if above and width != _NARROW:
        left = engines + 6
    top = 24.0 if columns else 4.0
    bottom = top + _ROW * (len(rows) + above * len(groups)) + _SPACE * len(groups)
    frame = Frame(width, round(bottom + 40), left, right, top, bottom)
    return _RowsLayout(frame, tuple(columns), above)


def interval_mark(
    engine: str,
    x: Scale,
    y: float,
    values: tuple[float | None, float | None, float | None],
    *,
    filled: bool = True,
) -> Fragment:
    """Return the mark and the interval of an estimate and its two ends.

    Beyond the axis they are an arrow.
    """
    value, low, high = values
    if not is_number(value):
        return text(x.start, y + 4, "not measured", "n")
    drawn = level_interval(x, y, low, high, f"ln {encoding(engine).class_}")
    if x.low <= value <= x.high or (x.log and value <= 0):
        drawn = Fragment(drawn + mark(engine, (x(value), y), filled=filled))
    return drawn


_WIDE_RATIO = 8.0
"""From this ratio of losses on, their axis is logarithmic."""


def models_chart(
    groups: Rows, heads: Sequence[str], *, loss: str, narrow: bool = False
) -> Figure:
    """Draw the loss of models, one row each, with columns of further numbers.

    The axis is logarithmic if the losses differ by a large factor. The ``narrow``
    drawing has the first two columns.

    Parameters
    ----------
    groups : mapping from name to estimates
        The kinds of models, each with one row per engine.
    heads : sequence of str
        Of the columns, as many as the ``words`` of each row.
    """
    layout = _layout(groups, heads, width=_NARROW if narrow else 1100)
    frame = layout.frame
    rows = [one for estimates in groups.values() for one in estimates]
    ends = known(v for one in rows for v in (one.value, one.low, one.high))
    log = bool(ends) and min(ends) > 0 and max(ends) > _WIDE_RATIO * min(ends)
    make = log_scale if log else linear_scale
    x = make(ends, frame.left + 6, frame.right - 6, margin=0.03)
    label = f"{loss} (outer folds{', log axis' if log else ''})"
    axis = frame.horizontal_axis(x, n=3 if narrow else 8, grid=True, label=label)
    described = "; ".join(
        _described(
            f"{name} {encoding(one.engine).name}".strip(),
            one.value,
            (one.low, one.high),
            4,
        )
        for name, estimates in groups.items()
        for one in estimates
    )
    return frame.draw(
        *layout.draw(groups, heads, x, axis),
        title=f"{loss} of each model",
        description=described,
    )


_FAR = 2.0
"""Interval ends beyond this multiple of the largest estimate become arrows."""


def difference_chart(
    groups: Rows, *, label: str, tolerance: float = 0.0, narrow: bool = False
) -> Figure:
    """Draw changes of loss around the line of no change.

    The band holds changes within the ``tolerance``, a share like the values.
    """
    layout = _layout(groups, (), width=_NARROW if narrow else 580)
    frame = layout.frame
    rows = [one for estimates in groups.values() for one in estimates]
    shares = known(one.value for one in rows)
    limit = _FAR * max(map(abs, shares), default=0.1)
    ends = known(v for one in rows for v in (one.value, one.low, one.high))
    shown = [0.0, tolerance, *(min(max(v, -limit), limit) for v in ends)]
    x = linear_scale(shown, frame.left + 4, frame.right - 4, margin=0.04)
    edges = [x(max(-tolerance, x.low)), x(tolerance)]
    axis = frame.horizontal_axis(
        x,
        n=3 if narrow else 4,
        grid=True,
        label=label,
        origin=0.0,
        write=lambda tick: tick_percent(tick.value),
    )
    within = band(
        [(edge, frame.top) for edge in edges],
        [(edge, frame.bottom) for edge in edges],
        "bd n",
    )
    described = "; ".join(
        f"{name} {encoding(one.engine).name}: {' '.join(one.words)}"
        for name, estimates in groups.items()
        for one in estimates
    )
    return frame.draw(
        *layout.draw(groups, (), x, within, axis), title=label, description=described
    )
