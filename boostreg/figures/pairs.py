"""Two runs in one figure: A is dashed and hollow, B is solid and filled.

Colour and shape show the engine, line style and fill show the run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import (
    Label,
    Point,
    clip,
    core,
    horizontal_axis,
    line,
    place_labels,
    points,
    steps,
    vertical_axis,
)
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    count,
    is_number,
    linear_scale,
    log_scale,
    robust_high,
    significant,
)
from boostreg.figures.svg import Fragment, group

__all__ = ["Trace", "curves_of_two", "fronts_of_two"]


@dataclass(frozen=True, slots=True)
class Trace:
    """The points of one engine in one of the two runs.

    Attributes
    ----------
    engine : str
        Determines colour and shape.
    first : bool
        Whether it is run A: dashed and hollow.
    points : tuple of (float, float)
        By ascending abscissa.
    marked : tuple of (str, float, float)
        Points to label: words, abscissa, ordinate.
    """

    engine: str
    first: bool
    points: tuple[Point, ...]
    marked: tuple[tuple[str, float, float], ...] = ()

    @property
    def run(self) -> str:
        """``A`` or ``B``."""
        return "A" if self.first else "B"


def fronts_of_two(traces: Sequence[Trace], *, loss: str = "loss") -> Figure:
    """Draw the fronts of size and loss of two runs, with the selected candidates.

    A few losses far above the rest are clipped: the start of a front, with almost no
    leaves, is not useful.
    """
    width, height, left, right, top, foot = 1000, 400, 74.0, 990.0, 18.0, 348.0
    every = [p for trace in traces for p in _known(trace.points)]
    marked = [(m[1], m[2]) for trace in traces for m in trace.marked]
    high = robust_high(b for _, b in [*every, *marked])
    shown = [p for p in [*every, *marked] if high is None or p[1] <= high]
    x = log_scale([p[0] for p in shown], left + 10, right - 10, margin=0.02, room=40)
    y = linear_scale([p[1] for p in shown], foot, top, margin=0.09)
    drawn = (
        steps(_placed(t.points, x, y), f"fr {encoding(t.engine).class_}{_dash(t)}")
        for t in traces
    )
    parts = [
        vertical_axis(y, left, right, n=6, label=f"{loss} (inner folds)"),
        horizontal_axis(
            x, foot, n=8, top=top, label="leaves over all trees (log axis)"
        ),
        clip(left, top - 4, right - left + 8, foot - top + 8, *drawn),
        *(_marks(t, [(m[1], m[2]) for m in t.marked], x, y) for t in traces),
        _labels(traces, (left + 4, top + 14, right, foot - 2), x, y),
    ]
    described = ". ".join(_front_words(trace, loss) for trace in traces if trace.points)
    return draw(width, height, *parts, title="Fronts of A and B", description=described)


def curves_of_two(
    traces: Sequence[Trace], *, measure: str, penalty: str, log: bool = False
) -> Figure:
    """Draw one measure along a penalty in two runs, with 0 apart at the left."""
    width, height, left, right, top, foot = 440, 190, 56, 430, 10, 156
    every = [p for trace in traces for p in _known(trace.points)]
    rising = log_scale([p[0] for p in every], left + 8.0, right - 6.0)
    falls = any(t.points[-1][0] < t.points[-2][0] for t in traces if t.points[1:])
    x = rising.falling() if falls else rising
    scale = log_scale if log else linear_scale
    y = scale([p[1] for p in every], foot - 6.0, float(top), margin=0.06)
    parts = [
        vertical_axis(y, left, right),
        horizontal_axis(x, foot, n=5),
        *(_curve(trace, x, y) for trace in traces),
    ]
    described = "; ".join(_curve_words(trace) for trace in traces)
    return draw(
        width, height, *parts, title=f"{measure} by {penalty}", description=described
    )


def _known(pairs: Iterable[Point]) -> list[Point]:
    return [p for p in pairs if is_number(p[0]) and is_number(p[1])]


def _placed(pairs: Iterable[Point], x: Scale, y: Scale) -> list[Point]:
    return [(x(a), y(b)) for a, b in _known(pairs)]


def _dash(trace: Trace) -> str:
    return " dash" if trace.first else ""


def _marks(trace: Trace, where: Sequence[Point], x: Scale, y: Scale) -> Fragment:
    placed = _placed(where, x, y)
    if not trace.first:
        return points(trace.engine, placed, "hollow")
    holes = (core(trace.engine, at) for at in placed)
    return group(points(trace.engine, placed, "hollow"), *holes)


def _curve(trace: Trace, x: Scale, y: Scale) -> Fragment:
    positive = [p for p in trace.points if p[0] > 0]
    drawn = f"ln {encoding(trace.engine).class_}{_dash(trace)}"
    stroke = line(_placed(positive, x, y), drawn)
    return group(stroke, _marks(trace, trace.points, x, y))


def _labels(
    traces: Sequence[Trace],
    box: tuple[float, float, float, float],
    x: Scale,
    y: Scale,
) -> Fragment:
    labels = [
        Label(f"{t.run} {words}", (x(a), y(b)), encoding(t.engine).class_)
        for t in traces
        for words, a, b in t.marked
    ]
    taken = [p for t in traces for p in _placed(t.points, x, y)]
    return place_labels(labels, box, taken=taken)


def _front_words(trace: Trace, loss: str) -> str:
    leaves, lowest = min(trace.points, key=lambda point: point[1])
    name = f"{trace.run} {encoding(trace.engine).name}"
    return f"{name}: lowest {loss} {significant(lowest, 4)} at {count(leaves)} leaves"


def _curve_words(trace: Trace) -> str:
    known = _known(trace.points)
    name = f"{trace.run} {encoding(trace.engine).name}"
    if not known:
        return f"{name}: not measured"
    ends = f"{significant(known[0][1])} to {significant(known[-1][1])}"
    return f"{name} goes from {ends}"
