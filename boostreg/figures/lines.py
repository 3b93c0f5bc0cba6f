"""Any measurements over one axis: a line each, named at its end."""

from collections.abc import Mapping, Sequence

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
    lines: Mapping[str, Values],
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
    lines : mapping of label to values aligned with ``x``
    title, x_label, y_label : str
    x_log, y_log : bool
        Logarithmic axes; a 0 stands apart, before the break.
    """
    shown = dict(list(lines.items())[: len(_CLASSES)])
    right = _WIDTH - 14 - 6.6 * max((len(shorten(n, 22)) for n in shown), default=0)
    across = (log_scale if x_log else linear_scale)(x, _LEFT + 6, right)
    values = [v for series in shown.values() for v in series]
    up = (
        log_scale(values, _BOTTOM - 6, _TOP, margin=0.05, room=16)
        if y_log
        else linear_scale(values, _BOTTOM - 6, _TOP)
    )
    drawn = [
        _drawn(x, series, across, up, class_)
        for series, class_ in zip(shown.values(), _CLASSES, strict=False)
    ]
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


def _names(lines: Mapping[str, Values], up: Scale, right: float) -> Fragment:
    ends = []
    for number, (name, series) in enumerate(lines.items()):
        known = [v for v in series if v is not None and is_number(v)]
        if known:
            ends.append((up(known[-1]), name, _CLASSES[number].split()[0]))
    ends.sort()
    places = spread([end for end, _, _ in ends], 15, _TOP - 8, _BOTTOM)
    parts: list[Fragment] = []
    for (end, name, class_), place in zip(ends, places, strict=True):
        parts += [
            path(f"M{px(right + 2)} {px(end)}L{px(right + 10)} {px(place)}", "g"),
            text(right + 13, place + 4, shorten(name, 22), class_),
        ]
    return group(*parts)


def _described(lines: Mapping[str, Values], x_label: str) -> str:
    told = []
    for name, series in lines.items():
        known = [v for v in series if v is not None and is_number(v)]
        ends = (
            f"goes from {significant(known[0])} to {significant(known[-1])}"
            if known
            else "was not measured"
        )
        told.append(f"{name} {ends}")
    return f"Along {x_label}: {'; '.join(told)}."
