"""Counts of very different size side by side: a dot each on one logarithmic axis."""

from collections.abc import Mapping

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import horizontal_axis
from boostreg.figures.numerals import count, is_number
from boostreg.figures.scale import log_scale
from boostreg.figures.svg import Fragment, circle, path, px, text

__all__ = ["counts_chart"]

_WIDTH, _LEFT, _RIGHT, _ROW = 520, 110.0, 440.0, 22.0


def counts_chart(counts: Mapping[str, float], *, title: str) -> Figure:
    """Draw one row a count, its number beside it; what is not known has no dot."""
    foot = _ROW * len(counts) + 10
    known = [value for value in counts.values() if is_number(value)]
    x = log_scale([1.0, *known], _LEFT + 6, _RIGHT - 6)
    parts: list[Fragment] = [
        horizontal_axis(x, foot, n=5, top=6, label="count (log axis)")
    ]
    for k, (name, value) in enumerate(counts.items()):
        y = 17 + _ROW * k
        parts.append(text(_LEFT - 12, y + 4, name, anchor="end"))
        parts.append(text(_RIGHT + 12, y + 4, count(value), "k"))
        if is_number(value):
            start = px(x.start if x.zero is None else x.zero)
            parts.append(path(f"M{start} {px(y)}H{px(x(value))}", "lead"))
            parts.append(circle(x(value), y, 4, "dot"))
    told = "; ".join(f"{name} {count(value)}" for name, value in counts.items())
    return draw(_WIDTH, round(foot + 46), *parts, title=title, description=told)
