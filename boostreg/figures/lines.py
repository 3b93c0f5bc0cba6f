"""Any measurements over one axis: a line each, named at its end."""

from collections.abc import Iterator, Sequence

from boostreg.figures.figure import Figure, draw
from boostreg.figures.labels import spread
from boostreg.figures.marks import horizontal_axis as x_axis
from boostreg.figures.marks import line, vertical_axis
from boostreg.figures.numerals import is_number, shorten, significant
from boostreg.figures.scale import Scale, linear_scale, log_scale
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["line_panel"]

_WIDTH, _HEIGHT = 470, 270
_LEFT, _TOP, _BOTTOM = 62.0, 26.0, 218.0
_CLASSES = ("x", "l", "s", "n", "x dash", "l dash", "s dash", "n dash")
_DOTS = 15
"""Up to so many points are marked one by one."""

Values = Sequence[float | None]


def line_panel(  # noqa: PLR0913 - a chart has two axes, each with words and a scale
    x: Values,
    lines: Sequence[tuple[str, Values]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_log: bool = False,
    y_log: bool = False,
) -> Figure:
    """Draw up to eight lines over the same abscissas; what is no number is a gap.

    Parameters
    ----------
    x : sequence of float
    lines : sequence of (label, values aligned with ``x``)
        Without a label a line goes on with the look of the one before it.
    title, x_label, y_label : str
    x_log, y_log : bool
        Logarithmic axes; a 0 stands apart, before the break.
    """
    shown = list(_looks(lines))
    longest = max((len(shorten(name, 22)) for name, _, _ in shown), default=0)
    right = _WIDTH - 14 - 6.6 * longest
    across = (log_scale if x_log else linear_scale)(x, _LEFT + 6, right)
    values = [v for _, series, _ in shown for v in series]
    up = (
        log_scale(values, _BOTTOM - 6, _TOP, margin=0.05, room=16)
        if y_log
        else linear_scale(values, _BOTTOM - 6, _TOP)
    )
    drawn = [_drawn(x, series, across, up, class_) for _, series, class_ in shown]
    log = " (log axis)"
    return draw(
        _WIDTH,
        _HEIGHT,
        vertical_axis(up, _LEFT, right + 4),
        x_axis(across, _BOTTOM, n=5, label=x_label + (log if x_log else "")),
        text(6, 12, y_label + (log if y_log else ""), "n"),
        *drawn,
        _names(shown, up, right),
        title=title,
        description=_described(shown, x_label),
    )


_Look = tuple[str, Values, str]


def _looks(lines: Sequence[tuple[str, Values]]) -> Iterator[_Look]:
    """Yield name, values and class of each line that can be told from the others."""
    place = -1
    for name, series in lines:
        place += 1 if name or place < 0 else 0
        if place < len(_CLASSES):
            yield name, series, _CLASSES[place]


def _drawn(x: Values, y: Values, across: Scale, up: Scale, class_: str) -> Fragment:
    known = [
        (across(a), up(b)) if a is not None and b is not None and is_number(b) else None
        for a, b in zip(x, y, strict=True)
    ]
    runs: list[list[tuple[float, float]]] = [[]]
    for point in known:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    there = [point for point in known if point is not None]
    dots = "".join(f"M{px(a)} {px(b)}h0" for a, b in there)
    parts = [line(run, f"ln {class_}") for run in runs if len(run) > 1]
    if len(there) <= _DOTS or not parts:
        parts.append(path(dots, f"bead {class_}"))
    return group(*parts)


def _names(lines: Sequence[_Look], up: Scale, right: float) -> Fragment:
    ends = []
    for name, series, class_ in lines:
        known = [v for v in series if v is not None and is_number(v)]
        if known and name:
            ends.append((up(known[-1]), name, class_.split()[0]))
    ends.sort()
    places = spread([end for end, _, _ in ends], 15, _TOP - 8, _BOTTOM)
    parts: list[Fragment] = []
    for (end, name, class_), place in zip(ends, places, strict=True):
        parts += [
            path(f"M{px(right + 2)} {px(end)}L{px(right + 10)} {px(place)}", "g"),
            text(right + 13, place + 4, shorten(name, 22), class_),
        ]
    return group(*parts)


def _described(lines: Sequence[_Look], x_label: str) -> str:
    told = []
    for name, series, _ in lines:
        if not name:
            continue
        known = [v for v in series if v is not None and is_number(v)]
        ends = (
            f"goes from {significant(known[0])} to {significant(known[-1])}"
            if known
            else "was not measured"
        )
        told.append(f"{name} {ends}")
    return f"Along {x_label}: {'; '.join(told)}."
