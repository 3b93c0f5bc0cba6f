"""Ratios of paired sizes on a logarithmic axis: each fold, their mean, its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import core, points
from boostreg.figures.numerals import is_number, shorten, signed
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, log_scale
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["Ratio", "ratio_chart"]

_WIDTH, _LEFT, _RIGHT, _ROW = 780, 300.0, 690.0, 22.0
TIMES = "\N{MULTIPLICATION SIGN}"
_FAR = 8.0
"""Ends of intervals beyond so many times the farthest fold point out of the axis."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One pair: the first model's size by the second's, and that of each fold."""

    name: str
    ratio: float | None
    low: float | None = None
    high: float | None = None
    folds: tuple[float, ...] = ()
    engine: str = ""


def ratio_chart(rows: Sequence[Ratio], *, label: str) -> Figure:
    """Draw one row a pair around the line of equal size; hollow where it is inside."""
    foot = _ROW * len(rows) + 18.0
    x = _scale(rows)
    parts: list[Fragment] = [_axis(x, foot, f"{label} (log axis)")]
    parts += [_row(row, x, 22 + _ROW * k) for k, row in enumerate(rows)]
    told = "; ".join(f"{row.name}: {_change(row.ratio)}" for row in rows)
    height = round(foot + 44)
    return draw(_WIDTH, height, *parts, title=label, description=told)


def _known(values: Sequence[float | None]) -> list[float]:
    return [v for v in values if v is not None and is_number(v) and v > 0]


def _scale(rows: Sequence[Ratio]) -> Scale:
    seen = _known([v for r in rows for v in (r.ratio, *r.folds)]) or [1.0]
    low, high = min(*seen, 1.0) / _FAR, max(*seen, 1.0) * _FAR
    ends = _known([v for r in rows for v in (r.low, r.high)])
    kept = [min(max(v, low), high) for v in ends]
    return log_scale([1.0, *seen, *kept], _LEFT, _RIGHT, margin=0.04)


def _axis(x: Scale, foot: float, label: str) -> Fragment:
    parts: list[Fragment] = [path(f"M{px(x.start)} {px(foot)}H{px(x.end)}", "ax")]
    for tick in x.ticks(6):
        at = x(tick.value)
        parts += [
            path(f"M{px(at)} {px(foot)}V8", "g"),
            text(at, foot + 17, f"{TIMES} {tick.label}", anchor="middle"),
        ]
    parts += [
        path(f"M{px(x(1.0))} {px(foot)}V8", "ax"),
        text((x.start + x.end) / 2, foot + 35, label, anchor="middle"),
    ]
    return group(*parts)


def _change(ratio: float | None) -> str:
    if ratio is None or not is_number(ratio):
        return "no ratio"
    return f"{signed(100 * (ratio - 1), 0)}%"


def _row(row: Ratio, x: Scale, y: float) -> Fragment:
    drawn = encoding(row.engine).class_
    parts: list[Fragment] = [
        text(_LEFT - 14, y + 4, shorten(row.name, 40), drawn, "end"),
        text(_RIGHT + 12, y + 4, _change(row.ratio)),
    ]
    folds = _known(row.folds)
    ticks = "".join(f"M{px(x(v))} {px(y - 5)}v10" for v in folds)
    if ticks:
        parts.append(path(ticks, f"thin {drawn} faint"))
    if row.ratio is None or not is_number(row.ratio):
        return group(*parts)
    ends = _known([row.low, row.high])
    if len(ends) == 2:
        low, high = (x(min(max(v, x.low), x.high)) for v in ends)
        parts.append(path(f"M{px(low)} {px(y)}H{px(high)}", f"thin {drawn}"))
    at = (x(row.ratio), y)
    open_ = len(ends) < 2 or ends[0] <= 1.0 <= ends[1]
    parts.append(points(row.engine, [at], "hollow" if open_ else "big"))
    if open_:
        parts.append(core(row.engine, at))
    return group(*parts)
