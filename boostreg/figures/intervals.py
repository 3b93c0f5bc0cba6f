"""Points with intervals: losses, differences, ratios and claims, one row each."""

from collections.abc import Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import band, core, horizontal_axis, points
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    is_number,
    linear_scale,
    log_scale,
    shorten,
    signed,
    significant,
)
from boostreg.figures.svg import Fragment, group, path, px, text

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

_WIDTH, _LEFT, _RIGHT, _ROW = 780, 236.0, 760.0, 24.0


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
    described = "; ".join(_describe(row) for row in rows)
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
    """Return the loss above which a row would compress all others into a third."""
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


def _describe(row: Estimate) -> str:
    if row.loss is None:
        return f"{row.name}: not measured"
    text = f"{row.name}: {significant(row.loss, 4)}"
    if row.low is None or row.high is None:
        return text
    return f"{text}, {significant(row.low, 4)} to {significant(row.high, 4)}"


_DIFFERENCES_WIDTH, _DIFFERENCES_LEFT, _DIFFERENCES_RIGHT, _DIFFERENCES_ROW = (
    780,
    300.0,
    690.0,
    22.0,
)
_FAR = 2.0
"""Interval ends beyond this multiple of the largest estimate become arrows."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One pair: the difference as a share of the second loss, negative if better.

    ``told`` says whether there is a detectable difference: the mark is then filled.
    """

    name: str
    share: float | None
    low: float | None = None
    high: float | None = None
    engine: str = ""
    told: bool = False


def difference_chart(rows: Sequence[Difference], *, label: str) -> Figure:
    """Draw one row per pair around the line of no difference."""
    height = round(_DIFFERENCES_ROW * len(rows) + 62)
    foot = _DIFFERENCES_ROW * len(rows) + 18.0
    x = _differences_scale(rows)
    parts: list[Fragment] = [_axis(x, foot, label)]
    for k, row in enumerate(rows):
        parts.append(_differences_row(row, x, 22 + _DIFFERENCES_ROW * k))
    described = "; ".join(f"{row.name}: {_percent(row.share)}" for row in rows)
    return draw(_DIFFERENCES_WIDTH, height, *parts, title=label, description=described)


def _differences_scale(rows: Sequence[Difference]) -> Scale:
    shares = [row.share for row in rows if row.share is not None]
    limit = _FAR * max(map(abs, shares), default=0.1)
    ends = [v for r in rows for v in (r.share, r.low, r.high) if v is not None]
    return linear_scale(
        [0.0, *(min(max(v, -limit), limit) for v in ends)],
        _DIFFERENCES_LEFT,
        _DIFFERENCES_RIGHT,
        margin=0.04,
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


def _differences_row(row: Difference, x: Scale, y: float) -> Fragment:
    drawn = encoding(row.engine).class_
    parts: list[Fragment] = [
        text(_DIFFERENCES_LEFT - 14, y + 4, shorten(row.name, 40), drawn, "end"),
        text(_DIFFERENCES_RIGHT + 12, y + 4, _percent(row.share)),
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


_RATIOS_WIDTH, _RATIOS_LEFT, _RATIOS_RIGHT, _RATIOS_ROW = 780, 300.0, 690.0, 22.0
TIMES = "\N{MULTIPLICATION SIGN}"
_RATIOS_FAR = 8.0
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
    foot = _RATIOS_ROW * len(rows) + 18.0
    x = _ratios_scale(rows)
    parts: list[Fragment] = [_ratios_axis(x, foot, f"{label} (log axis)")]
    parts += [_ratios_row(row, x, 22 + _RATIOS_ROW * k) for k, row in enumerate(rows)]
    described = "; ".join(f"{row.name}: {_change(row.ratio)}" for row in rows)
    height = round(foot + 44)
    return draw(_RATIOS_WIDTH, height, *parts, title=label, description=described)


def _known(values: Sequence[float | None]) -> list[float]:
    return [v for v in values if v is not None and is_number(v) and v > 0]


def _ratios_scale(rows: Sequence[Ratio]) -> Scale:
    seen = _known([v for r in rows for v in (r.ratio, *r.folds)]) or [1.0]
    low, high = min(*seen, 1.0) / _RATIOS_FAR, max(*seen, 1.0) * _RATIOS_FAR
    ends = _known([v for r in rows for v in (r.low, r.high)])
    kept = [min(max(v, low), high) for v in ends]
    return log_scale([1.0, *seen, *kept], _RATIOS_LEFT, _RATIOS_RIGHT, margin=0.04)


def _ratios_axis(x: Scale, foot: float, label: str) -> Fragment:
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


def _ratios_row(row: Ratio, x: Scale, y: float) -> Fragment:
    drawn = encoding(row.engine).class_
    parts: list[Fragment] = [
        text(_RATIOS_LEFT - 14, y + 4, shorten(row.name, 40), drawn, "end"),
        text(_RATIOS_RIGHT + 12, y + 4, _change(row.ratio)),
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


_VERDICTS_WIDTH, _VERDICTS_ROW, _VERDICTS_LEFT, _VERDICTS_RIGHT = (
    470,
    24.0,
    118.0,
    452.0,
)


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
    """Draw intervals over the range of effects that supports a claim.

    Parameters
    ----------
    rows : sequence of VerdictRow
    claimed : tuple of float or None
        Ends of that range; None if unbounded.
    unit : str
        Label of the axis.
    """
    foot = _VERDICTS_ROW * len(rows) + 14
    shown = [v for r in rows for v in (r.estimate, r.low, r.high)]
    x = linear_scale(
        [0.0, *claimed, *shown], _VERDICTS_LEFT, _VERDICTS_RIGHT, margin=0.1
    )
    parts = [
        _stretch(claimed, x, foot),
        horizontal_axis(x, foot, n=4, label=unit),
        *(_verdicts_row(row, x, 18 + _VERDICTS_ROW * k) for k, row in enumerate(rows)),
    ]
    described = "; ".join(_describe_claim(row) for row in rows)
    return draw(
        _VERDICTS_WIDTH,
        round(foot + 46),
        *parts,
        title="Effect and what was claimed",
        description=f"The claim holds {_words(claimed)}. {described}.",
    )


def _stretch(
    claimed: tuple[float | None, float | None], x: Scale, foot: float
) -> Fragment:
    low, high = claimed
    left = _VERDICTS_LEFT if low is None else x(low)
    right = _VERDICTS_RIGHT if high is None else x(high)
    area = band([(left, 4), (right, 4)], [(left, foot), (right, foot)], "bd n")
    ends = [e for e, end in ((left, low), (right, high)) if end is not None]
    return group(area, *(path(f"M{px(e)} 4V{px(foot)}", "mid") for e in ends))


def _verdicts_row(row: VerdictRow, x: Scale, y: float) -> Fragment:
    drawn = encoding(row.engine)
    name = drawn.name or "measured"
    parts = [text(_VERDICTS_LEFT - 10, y + 4, name, drawn.class_, "end")]
    if row.estimate is None or not is_number(row.estimate):
        return group(*parts, text(_VERDICTS_LEFT + 6, y + 4, "not measured", "n"))
    if row.low is not None and row.high is not None:
        span = f"M{px(x(row.low))} {px(y)}H{px(x(row.high))}"
        parts.append(path(span, f"ln {drawn.class_}"))
    return group(*parts, points(row.engine, [(x(row.estimate), y)], "big"))


def _describe_claim(row: VerdictRow) -> str:
    name = encoding(row.engine).name or "measured"
    if row.estimate is None:
        return f"{name}: not measured"
    text = f"{name}: {significant(row.estimate)}"
    if row.low is None or row.high is None:
        return text
    return f"{text}, {significant(row.low)} to {significant(row.high)}"


def _words(claimed: tuple[float | None, float | None]) -> str:
    low, high = claimed
    if low is None:
        return f"up to {significant(high)}"
    if high is None:
        return f"from {significant(low)} on"
    return f"from {significant(low)} to {significant(high)}"
