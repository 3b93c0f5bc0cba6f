"""An effect with its interval, against the least one that counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import band, horizontal_axis, points
from boostreg.figures.numerals import is_number, significant
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, linear_scale
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["Judged", "verdict_strip"]

_WIDTH, _ROW, _LEFT, _RIGHT = 470, 24.0, 118.0, 452.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One row: an engine (or "") with what was measured."""

    engine: str
    estimate: float | None
    low: float | None
    high: float | None


def verdict_strip(
    rows: Sequence[Judged], claimed: tuple[float | None, float | None], *, unit: str
) -> Figure:
    """Draw intervals over the stretch of effects that bears a claim out.

    Parameters
    ----------
    rows : sequence of Judged
    claimed : tuple of float or None
        Ends of that stretch; None where it goes on without end.
    unit : str
        What the axis shows.
    """
    foot = _ROW * len(rows) + 14
    shown = [v for r in rows for v in (r.estimate, r.low, r.high)]
    x = linear_scale([0.0, *claimed, *shown], _LEFT, _RIGHT, margin=0.1)
    parts = [
        _stretch(claimed, x, foot),
        horizontal_axis(x, foot, n=4, label=unit),
        *(_row(row, x, 18 + _ROW * k) for k, row in enumerate(rows)),
    ]
    told = "; ".join(_told(row) for row in rows)
    return draw(
        _WIDTH,
        round(foot + 46),
        *parts,
        title="Effect and what was claimed",
        description=f"The claim holds {_words(claimed)}. {told}.",
    )


def _stretch(
    claimed: tuple[float | None, float | None], x: Scale, foot: float
) -> Fragment:
    low, high = claimed
    left = _LEFT if low is None else x(low)
    right = _RIGHT if high is None else x(high)
    area = band([(left, 4), (right, 4)], [(left, foot), (right, foot)], "bd n")
    ends = [e for e, end in ((left, low), (right, high)) if end is not None]
    return group(area, *(path(f"M{px(e)} 4V{px(foot)}", "mid") for e in ends))


def _row(row: Judged, x: Scale, y: float) -> Fragment:
    drawn = encoding(row.engine)
    name = drawn.name or "measured"
    parts = [text(_LEFT - 10, y + 4, name, drawn.class_, "end")]
    if row.estimate is None or not is_number(row.estimate):
        return group(*parts, text(_LEFT + 6, y + 4, "not measured", "n"))
    if row.low is not None and row.high is not None:
        span = f"M{px(x(row.low))} {px(y)}H{px(x(row.high))}"
        parts.append(path(span, f"ln {drawn.class_}"))
    return group(*parts, points(row.engine, [(x(row.estimate), y)], "big"))


def _told(row: Judged) -> str:
    name = encoding(row.engine).name or "measured"
    if row.estimate is None:
        return f"{name}: not measured"
    told = f"{name}: {significant(row.estimate)}"
    if row.low is None or row.high is None:
        return told
    return f"{told}, {significant(row.low)} to {significant(row.high)}"


def _words(claimed: tuple[float | None, float | None]) -> str:
    low, high = claimed
    if low is None:
        return f"up to {significant(high)}"
    if high is None:
        return f"from {significant(low)} on"
    return f"from {significant(low)} to {significant(high)}"
