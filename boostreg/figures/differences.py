"""Paired differences side by side, as shares, on an axis of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import core, points
from boostreg.figures.numerals import is_number, shorten, signed
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, linear_scale
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["Difference", "difference_chart"]

_WIDTH, _LEFT, _RIGHT, _ROW = 780, 300.0, 690.0, 22.0
_FAR = 2.0
"""Ends of intervals beyond so many times the largest estimate point out of it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One pair: a share of the second model's loss, below 0 where the first is better.

    ``told`` says whether the verdict is better or worse: the mark is filled then.
    """

    name: str
    share: float | None
    low: float | None = None
    high: float | None = None
    engine: str = ""
    told: bool = False


def difference_chart(rows: Sequence[Difference], *, label: str) -> Figure:
    """Draw one row a pair around the line of no difference."""
    height = round(_ROW * len(rows) + 62)
    foot = _ROW * len(rows) + 18.0
    x = _scale(rows)
    parts: list[Fragment] = [_axis(x, foot, label)]
    for k, row in enumerate(rows):
        parts.append(_row(row, x, 22 + _ROW * k))
    told = "; ".join(f"{row.name}: {_percent(row.share)}" for row in rows)
    return draw(_WIDTH, height, *parts, title=label, description=told)


def _scale(rows: Sequence[Difference]) -> Scale:
    shares = [row.share for row in rows if row.share is not None]
    most = _FAR * max(map(abs, shares), default=0.1)
    ends = [v for r in rows for v in (r.share, r.low, r.high) if v is not None]
    return linear_scale(
        [0.0, *(min(max(v, -most), most) for v in ends)], _LEFT, _RIGHT, margin=0.04
    )


def _axis(x: Scale, foot: float, label: str) -> Fragment:
    parts: list[Fragment] = [path(f"M{px(x.start)} {px(foot)}H{px(x.end)}", "ax")]
    for tick in x.ticks(8):
        at = x(tick.value)
        parts += [
            path(f"M{px(at)} {px(foot)}V8", "ax" if tick.value == 0 else "g"),
            text(at, foot + 17, _tick(tick.value), anchor="middle"),
        ]
    parts.append(text((x.start + x.end) / 2, foot + 35, label, anchor="middle"))
    return group(*parts)


def _tick(value: float) -> str:
    share = 100 * value
    return f"{signed(share, 0 if abs(share - round(share)) < 1e-9 else 1)}%"


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{signed(100 * share, 1)}%"


def _row(row: Difference, x: Scale, y: float) -> Fragment:
    drawn = encoding(row.engine).class_
    parts: list[Fragment] = [
        text(_LEFT - 14, y + 4, shorten(row.name, 40), drawn, "end"),
        text(_RIGHT + 12, y + 4, _percent(row.share)),
    ]
    if row.share is None or not is_number(row.share):
        return group(*parts)
    if row.low is not None and row.high is not None:
        low, high = (x(min(max(v, x.low), x.high)) for v in (row.low, row.high))
        arrows = "m5-4l-5 4l5 4" if row.low < x.low else ""
        parts.append(path(f"M{px(low)} {px(y)}{arrows}M{px(low)} {px(y)}H{px(high)}"
                          + ("m-5-4l5 4l-5 4" if row.high > x.high else ""),
                          f"thin {drawn}"))  # fmt: skip
    at = (x(row.share), y)
    parts.append(points(row.engine, [at], "big" if row.told else "hollow"))
    if not row.told:
        parts.append(core(row.engine, at))
    return group(*parts)
