"""Two runs in one figure: A is dashed and hollow, B is solid and filled.

Colour and shape show the engine, line style and fill show the run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame, goes
from boostreg.figures.front import front_scales
from boostreg.figures.marks import (
    Label,
    Point,
    core,
    line,
    place_labels,
    points,
    steps,
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

    @property
    def name(self) -> str:
        """The run and the engine."""
        return f"{self.run} {encoding(self.engine).name}"

    @property
    def class_(self) -> str:
        """Classes of its lines in the stylesheet."""
        return encoding(self.engine).class_ + (" dash" if self.first else "")


def fronts_of_two(traces: Sequence[Trace], *, loss: str = "loss") -> Figure:
    """Draw the fronts of size and loss of two runs, with the selected candidates.

    A few losses far above the rest are clipped: the start of a front, with almost no
    leaves, is not useful.
    """
    frame = Frame(width=1000, height=400, left=74, right=990, top=18, bottom=348)
    every = [p for trace in traces for p in _known(trace.points)]
    every += [(a, b) for trace in traces for _, a, b in trace.marked]
    x, y = front_scales(frame, every, robust_high(loss for _, loss in every))
    drawn = (steps(_placed(t.points, x, y), f"fr {t.class_}") for t in traces)
    labels = [
        Label(f"{t.run} {words}", (x(a), y(b)), encoding(t.engine).class_)
        for t in traces
        for words, a, b in t.marked
    ]
    inside = (frame.left + 4, frame.top + 14, frame.right, frame.bottom - 2)
    taken = [p for t in traces for p in _placed(t.points, x, y)]
    described = []
    for trace in traces:
        if trace.points:
            leaves, low = min(trace.points, key=lambda point: point[1])
            lowest = f"lowest {loss} {significant(low, 4)} at {count(leaves)} leaves"
            described.append(f"{trace.name}: {lowest}")
    return frame.draw(
        frame.vertical_axis(y, n=6, label=f"{loss} (inner folds)"),
        frame.horizontal_axis(
            x, n=8, grid=True, label="leaves over all trees (log axis)"
        ),
        frame.clip(*drawn, beyond=8),
        *(_marks(t, [(a, b) for _, a, b in t.marked], x, y) for t in traces),
        place_labels(labels, inside, taken=taken),
        title="Fronts of A and B",
        description=". ".join(described),
    )


def curves_of_two(
    traces: Sequence[Trace], *, measure: str, penalty: str, log: bool = False
) -> Figure:
    """Draw one measure along a penalty in two runs, with 0 apart at the left."""
    frame = Frame(width=440, height=190, left=56, right=430, top=10, bottom=156)
    every = [p for trace in traces for p in _known(trace.points)]
    x = log_scale([p[0] for p in every], frame.left + 8, frame.right - 6)
    if any(t.points[-1][0] < t.points[-2][0] for t in traces if t.points[1:]):
        x = x.falling()
    scale = log_scale if log else linear_scale
    y = scale([p[1] for p in every], frame.bottom - 6, frame.top, margin=0.06)
    curves = []
    for trace in traces:
        positive = [p for p in trace.points if p[0] > 0]
        stroke = line(_placed(positive, x, y), f"ln {trace.class_}")
        curves.append(group(stroke, _marks(trace, trace.points, x, y)))
    return frame.draw(
        frame.vertical_axis(y),
        frame.horizontal_axis(x),
        *curves,
        title=f"{measure} by {penalty}",
        description="; ".join(
            goes(t.name, [value for _, value in _known(t.points)]) for t in traces
        ),
    )


def _known(pairs: Iterable[Point]) -> list[Point]:
    return [p for p in pairs if is_number(p[0]) and is_number(p[1])]


def _placed(pairs: Iterable[Point], x: Scale, y: Scale) -> list[Point]:
    return [(x(a), y(b)) for a, b in _known(pairs)]


def _marks(trace: Trace, where: Sequence[Point], x: Scale, y: Scale) -> Fragment:
    placed = _placed(where, x, y)
    holes = (core(trace.engine, at) for at in placed) if trace.first else ()
    return Fragment(points(trace.engine, placed, "hollow") + "".join(holes))
