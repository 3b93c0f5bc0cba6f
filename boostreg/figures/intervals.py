"""Losses side by side: a point and its interval for each model."""

from collections.abc import Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import core, horizontal_axis, points
from boostreg.figures.numerals import is_number, shorten, significant
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, linear_scale
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["Estimate", "interval_chart"]

_WIDTH, _LEFT, _RIGHT, _ROW = 780, 236.0, 760.0, 24.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row of the chart.

    Attributes
    ----------
    name : str
        Stands at the left.
    loss, low, high : float or None
        The estimate and its interval.
    engine : str
        Gives colour and shape.
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
    """Draw one row a model; a row far beyond the others points out of the chart.

    So does an interval that reaches below 0, where no loss can be.
    """
    height = round(_ROW * len(rows) + 58)
    foot = _ROW * len(rows) + 12
    x = _scale(rows)
    parts: list[Fragment] = [
        horizontal_axis(x, foot, n=6, top=6, label=f"{loss} (outer folds)")
    ]
    for k, row in enumerate(rows):
        y = 18 + _ROW * k
        drawn = encoding(row.engine).class_
        parts.append(text(_LEFT - 16, y + 4, shorten(row.name, 32), drawn, "end"))
        parts.append(_row(row, x, y))
    described = "; ".join(_told(row) for row in rows)
    return draw(
        _WIDTH, height, *parts, title=f"{loss} of each model", description=described
    )


def _scale(rows: Sequence[Estimate]) -> Scale:
    losses = sorted(r.loss for r in rows if r.loss is not None and is_number(r.loss))
    limit = _far(losses)
    values = [
        value
        for row in rows
        if row.loss is not None and row.loss <= limit
        for value in (
            row.loss,
            None if row.low is None else max(row.low, 0.0),
            row.high,
        )
    ]
    return linear_scale(values, _LEFT, _RIGHT)


def _far(losses: Sequence[float]) -> float:
    """Return the loss above which a row would squeeze all others into a third."""
    for k in range(len(losses) - 1, 2, -1):
        if losses[k] - losses[0] <= 3 * (losses[k - 1] - losses[0]):
            return losses[k]
    return losses[min(2, len(losses) - 1)] if losses else 0.0


def _row(row: Estimate, x: Scale, y: float) -> Fragment:
    if row.loss is None or not is_number(row.loss):
        return text(_LEFT, y + 4, "not measured", "n")
    drawn = encoding(row.engine).class_
    if row.loss > x.high:
        arrow = path(f"M{px(_RIGHT - 24)} {px(y)}h22m-6-5l6 5l-6 5", f"thin {drawn}")
        words = significant(row.loss, 4)
        return group(arrow, text(_RIGHT - 30, y + 4, words, "halo", "end"))
    at = (x(row.loss), y)
    parts: list[Fragment] = [
        _bar(row, x, y),
        points(row.engine, [at], "big" if row.filled else "hollow"),
    ]
    if not row.filled:
        parts.append(core(row.engine, at))
    return group(*parts)


def _bar(row: Estimate, x: Scale, y: float) -> Fragment:
    if row.low is None or row.high is None:
        return Fragment()
    low, high = max(row.low, x.low), min(row.high, x.high)
    arrow = f"M{px(x(low))} {px(y)}m6-4l-6 4l6 4" if row.low < x.low else ""
    return path(
        f"{arrow}M{px(x(low))} {px(y)}H{px(x(high))}",
        f"ln {encoding(row.engine).class_}",
    )


def _told(row: Estimate) -> str:
    if row.loss is None:
        return f"{row.name}: not measured"
    told = f"{row.name}: {significant(row.loss, 4)}"
    if row.low is None or row.high is None:
        return told
    return f"{told}, {significant(row.low, 4)} to {significant(row.high, 4)}"
