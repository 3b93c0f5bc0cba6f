"""Points with intervals: losses, differences, ratios and claims, one row each."""

import math
from collections.abc import Sequence
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
    signed,
    significant,
)
from boostreg.figures.svg import Fragment, path, px, text

__all__ = [
    "Difference",
    "Estimate",
    "Ratio",
    "VerdictRow",
    "difference_chart",
    "interval_chart",
    "ratio_chart",
    "verdict_strip",
]


def _interval(
    x: Scale, y: float, low: float | None, high: float | None, class_: str
) -> Fragment:
    """Return an interval; an end beyond the axis is an arrow."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Fragment()
    start, end = px(x(max(low, x.low))), px(x(min(high, x.high)))
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
    """One row of the chart.

    Attributes
    ----------
    name : str
        Label at the left.
    loss, low, high : float or None
        The estimate and its interval.
    engine : str
        Determines colour and shape.
    filled : bool
        Hollow marks are references.
    """

    name: str
    loss: float | None
    low: float | None = None
    high: float | None = None
    engine: str = ""
    filled: bool = True


def interval_chart(rows: Sequence[Estimate], *, loss: str = "loss") -> Figure:
    """Draw one row per model; an arrow shows a row far beyond the others.

    So does an interval that extends below 0, which is impossible for a loss.
    """
    foot = 24.0 * len(rows) + 12
    frame = Frame(780, round(foot + 46), left=236, right=760, top=6, bottom=foot)
    limit = _far(sorted(known(row.loss for row in rows)))
    shown: list[float | None] = []
    for row in rows:
        if row.loss is not None and row.loss <= limit:
            low = None if row.low is None else max(row.low, 0.0)
            shown += [row.loss, low, row.high]
    x = linear_scale(shown, frame.left, frame.right)
    parts = [frame.horizontal_axis(x, n=6, grid=True, label=f"{loss} (outer folds)")]
    for k, row in enumerate(rows):
        y, class_ = 18 + 24.0 * k, encoding(row.engine).class_
        parts.append(text(frame.left - 16, y + 4, shorten(row.name, 32), class_, "end"))
        if not is_number(row.loss):
            parts.append(text(frame.left, y + 4, "not measured", "n"))
        elif row.loss > x.high:
            arrow = f"M{px(frame.right - 24)} {px(y)}h22m-6-5l6 5l-6 5"
            words = significant(row.loss, 4)
            parts.append(path(arrow, f"thin {class_}"))
            parts.append(text(frame.right - 30, y + 4, words, "halo", "end"))
        else:
            parts.append(_interval(x, y, row.low, row.high, f"ln {class_}"))
            parts.append(mark(row.engine, (x(row.loss), y), filled=row.filled))
    described = "; ".join(_described(r.name, r.loss, (r.low, r.high), 4) for r in rows)
    return frame.draw(*parts, title=f"{loss} of each model", description=described)


def _far(losses: Sequence[float]) -> float:
    """Return the loss above which a row would compress all others into a third."""
    for k in range(len(losses) - 1, 2, -1):
        if losses[k] - losses[0] <= 3 * (losses[k - 1] - losses[0]):
            return losses[k]
    return losses[min(2, len(losses) - 1)] if losses else 0.0


_PAIR_ROW = 22.0


def _pairs_frame(n_rows: int) -> Frame:
    foot = _PAIR_ROW * n_rows + 18
    return Frame(780, round(foot + 44), left=300, right=690, top=8, bottom=foot)


def _pair(frame: Frame, k: int, name: str, words: str, class_: str) -> Fragment:
    """Return the name of the pair in row ``k``, and its number at the right."""
    y = 22 + _PAIR_ROW * k + 4
    left = text(frame.left - 14, y, shorten(name, 40), class_, "end")
    return Fragment(left + text(frame.right + 12, y, words))


_FAR = 2.0
"""Interval ends beyond this multiple of the largest estimate become arrows."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One pair: the difference as a share of the second loss, negative if better.

    The mark is filled if the difference is ``detectable``.
    """

    name: str
    share: float | None
    low: float | None = None
    high: float | None = None
    engine: str = ""
    detectable: bool = False


def difference_chart(rows: Sequence[Difference], *, label: str) -> Figure:
    """Draw one row per pair around the line of no difference."""
    frame = _pairs_frame(len(rows))
    limit = _FAR * max((abs(r.share) for r in rows if r.share is not None), default=0.1)
    ends = [v for r in rows for v in (r.share, r.low, r.high) if v is not None]
    shown = [0.0, *(min(max(v, -limit), limit) for v in ends)]
    x = linear_scale(shown, frame.left, frame.right, margin=0.04)
    parts = [
        frame.horizontal_axis(
            x,
            n=8,
            grid=True,
            label=label,
            origin=0.0,
            write=lambda tick: _percent(tick.value, whole=True),
        )
    ]
    for k, row in enumerate(rows):
        y, class_ = 22 + _PAIR_ROW * k, encoding(row.engine).class_
        parts.append(_pair(frame, k, row.name, _percent(row.share), class_))
        if is_number(row.share):
            parts.append(_interval(x, y, row.low, row.high, f"thin {class_}"))
            parts.append(mark(row.engine, (x(row.share), y), filled=row.detectable))
    described = "; ".join(f"{row.name}: {_percent(row.share)}" for row in rows)
    return frame.draw(*parts, title=label, description=described)


def _percent(share: float | None, *, whole: bool = False) -> str:
    """Return a share with one decimal, or without one where it is ``whole``."""
    if share is None:
        return "not measured"
    no_decimals = whole and abs(100 * share - round(100 * share)) < 1e-9
    return f"{signed(100 * share, 0 if no_decimals else 1)}%"


TIMES = "\N{MULTIPLICATION SIGN}"
_FARTHEST = 8.0
"""Interval ends beyond this multiple of the farthest fold become arrows."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One pair: the ratio of the first size to the second, also per fold."""

    name: str
    ratio: float | None
    low: float | None = None
    high: float | None = None
    folds: tuple[float, ...] = ()
    engine: str = ""


def ratio_chart(rows: Sequence[Ratio], *, label: str) -> Figure:
    """Draw one row per pair around the line of equal size; hollow if not different."""
    frame = _pairs_frame(len(rows))
    seen = _positive([v for row in rows for v in (row.ratio, *row.folds)]) or [1.0]
    low, high = min(*seen, 1.0) / _FARTHEST, max(*seen, 1.0) * _FARTHEST
    ends = _positive([v for row in rows for v in (row.low, row.high)])
    shown = [1.0, *seen, *(min(max(v, low), high) for v in ends)]
    x = log_scale(shown, frame.left, frame.right, margin=0.04)
    parts = [
        frame.horizontal_axis(
            x,
            n=6,
            grid=True,
            label=f"{label} (log axis)",
            origin=1.0,
            write=lambda tick: f"{TIMES} {tick.label}",
        )
    ]
    for k, row in enumerate(rows):
        y, class_ = 22 + _PAIR_ROW * k, encoding(row.engine).class_
        parts.append(_pair(frame, k, row.name, _change(row.ratio), class_))
        ticks = (f"M{px(x(v))} {px(y - 5)}v10" for v in _positive(row.folds))
        parts.append(path("".join(ticks), f"thin {class_} faint"))
        if is_number(row.ratio):
            inside = _positive([row.low, row.high])
            differs = len(inside) == 2 and not inside[0] <= 1.0 <= inside[1]
            if len(inside) == 2:
                parts.append(_interval(x, y, row.low, row.high, f"thin {class_}"))
            parts.append(mark(row.engine, (x(row.ratio), y), filled=differs))
    described = "; ".join(f"{row.name}: {_change(row.ratio)}" for row in rows)
    return frame.draw(*parts, title=label, description=described)


def _positive(values: Sequence[float | None]) -> list[float]:
    return [v for v in known(values) if v > 0]


def _change(ratio: float | None) -> str:
    return f"{signed(100 * (ratio - 1), 0)}%" if is_number(ratio) else "no ratio"


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One row: an engine (or "") with its estimate and interval."""

    engine: str
    estimate: float | None
    low: float | None
    high: float | None


def verdict_strip(
    rows: Sequence[VerdictRow], claimed: tuple[float | None, float | None], *, unit: str
) -> Figure:
    """Draw intervals over the range of effects that a claim allows, from low to high.

    An end of ``claimed`` is None if the range is unbounded there; an interval that is
    unbounded has an infinite end.
    """
    foot = 24.0 * len(rows) + 14
    frame = Frame(470, round(foot + 46), left=118, right=452, top=4, bottom=foot)
    shown = [v for r in rows for v in (r.estimate, r.low, r.high) if is_number(v)]
    x = linear_scale([0.0, *claimed, *shown], frame.left, frame.right, margin=0.1)
    low, high = claimed
    left = frame.left if low is None else x(low)
    right = frame.right if high is None else x(high)
    edges = [e for e, end in ((left, low), (right, high)) if end is not None]
    parts = [
        band([(left, 4), (right, 4)], [(left, foot), (right, foot)], "bd n"),
        *(path(f"M{px(e)} 4V{px(foot)}", "mid") for e in edges),
        frame.horizontal_axis(x, n=4, label=unit),
    ]
    described = []
    for k, row in enumerate(rows):
        y, class_ = 18 + 24.0 * k, encoding(row.engine).class_
        name = encoding(row.engine).name or "measured"
        described.append(_described(name, row.estimate, (row.low, row.high)))
        parts.append(text(frame.left - 10, y + 4, name, class_, "end"))
        if is_number(row.estimate):
            parts.append(_interval(x, y, row.low, row.high, f"ln {class_}"))
            parts.append(mark(row.engine, (x(row.estimate), y)))
        else:
            parts.append(text(frame.left + 6, y + 4, "not measured", "n"))
    span = f"from {significant(low)} to {significant(high)}"
    if low is None or high is None:
        unbounded = f"up to {significant(high)}"
        span = unbounded if low is None else f"from {significant(low)} on"
    return frame.draw(
        *parts,
        title="Effect and what was claimed",
        description=f"The claim holds {span}. {'; '.join(described)}.",
    )
