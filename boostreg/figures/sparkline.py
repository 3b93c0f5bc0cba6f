"""A Pareto front as small as a word, to tell studies apart in a list."""

from collections.abc import Mapping, Sequence

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import Point, points, steps
from boostreg.figures.numerals import count, is_number, significant
from boostreg.figures.palette import encoding
from boostreg.figures.scale import linear_scale, log_scale, robust_high
from boostreg.figures.svg import Fragment, group

__all__ = ["sparkline"]

_WIDTH, _HEIGHT = 90, 24


def sparkline(fronts: Mapping[str, Sequence[Point]]) -> Figure:
    """Draw each engine's front, leaves (logarithmic) to the right, loss upwards.

    Nothing is labelled, and the axes are those of this front alone: it shows how fast
    the loss falls with size, not how low. The mark is the least loss.

    Parameters
    ----------
    fronts : mapping of str to sequence of (leaves, loss)
        By ascending leaves, one for each engine.
    """
    known = {
        engine: [p for p in front if is_number(p[0]) and is_number(p[1])]
        for engine, front in fronts.items()
    }
    every = [p for front in known.values() for p in front]
    high = robust_high(loss for _, loss in every)
    shown = [p for p in every if high is None or p[1] <= high]
    x = log_scale([p[0] for p in shown], 4.0, _WIDTH - 5.0, room=6)
    y = linear_scale([p[1] for p in shown], _HEIGHT - 4.0, 4.0, margin=0.0)

    def drawn(engine: str, front: Sequence[Point]) -> Fragment:
        where = [(x(a), y(b)) for a, b in front if high is None or b <= high]
        stairs = steps(where, f"fr {encoding(engine).class_}")
        return group(stairs, points(engine, where[-1:]))

    told = "; ".join(_told(engine, front) for engine, front in known.items() if front)
    return draw(
        _WIDTH,
        _HEIGHT,
        *(drawn(engine, front) for engine, front in known.items()),
        title="Front of size and loss",
        description=told or "nothing was measured",
    )


def _told(engine: str, front: Sequence[Point]) -> str:
    leaves, loss = min(front, key=lambda point: point[1])
    name = encoding(engine).name
    return f"{name}: least loss {significant(loss, 4)} at {count(leaves)} leaves"
