"""Coefficients of a linear model along its penalty."""

from collections.abc import Mapping, Sequence

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import horizontal_axis, line, spread
from boostreg.figures.scale import (
    Scale,
    count,
    is_number,
    linear_scale,
    log_scale,
    shorten,
    significant,
)
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["coefficient_paths"]

_WIDTH, _HEIGHT = 470, 250
_RIGHT, _TOP, _BOTTOM = 420.0, 12.0, 200.0
_MOST_LINES, _MOST_LABELS = 40, 12

Path = tuple[float | None, ...]


def coefficient_paths(
    strengths: Sequence[float],
    coefficients: Mapping[str, Path],
    *,
    name: str,
    chosen: float | None = None,
    one_se: float | None = None,
) -> Figure:
    """Draw one line per input; inputs that are nonzero at ``chosen`` are dark.

    Parameters
    ----------
    strengths : sequence of float
        Ascending, so that the penalty grows to the right.
    coefficients : mapping from input to a tuple aligned with ``strengths``
        The 40 largest are drawn and the 12 largest labelled.
    name : str
        Name of the model.
    chosen : float or None
        Strength with the lowest loss, marked by short dashes.
    one_se : float or None
        The largest strength within one standard error of it: long dashes.
    """
    largest = sorted(coefficients.items(), key=lambda item: -_reach(item[1]))
    drawn = dict(largest[:_MOST_LINES])
    named = dict(largest[:_MOST_LABELS])
    left = 32 + 7.7 * max((len(shorten(name, 18)) for name in named), default=0)
    x = log_scale(strengths, left, _RIGHT)
    y = linear_scale(
        [0.0, *(v for path_ in drawn.values() for v in path_)], _BOTTOM, _TOP
    )
    at = None if chosen is None else _nearest(strengths, chosen)
    parts = [
        _right_axis(y, left),
        horizontal_axis(x, _BOTTOM, n=5, label="strength of the penalty (log axis)"),
        *(_line(strengths, values, x, y, at) for values in drawn.values()),
        _labels(named, y, at, left),
    ]
    parts += [
        path(f"M{px(x(value))} {px(_TOP)}V{px(_BOTTOM)}", class_)
        for value, class_ in ((chosen, "mid"), (one_se, "se"))
        if value is not None
    ]
    more = len(coefficients) - len(drawn)
    return draw(
        _WIDTH,
        _HEIGHT,
        *parts,
        title=f"Coefficients of {name}",
        description=_describe(coefficients, at, chosen)
        + ("" if one_se is None else f" One standard error: {significant(one_se)}.")
        + (f" The {count(more)} smallest are not drawn." if more else ""),
    )


def _reach(values: Path) -> float:
    return max((abs(v) for v in values if v is not None and is_number(v)), default=0.0)


def _nearest(strengths: Sequence[float], chosen: float) -> int:
    return min(range(len(strengths)), key=lambda k: abs(strengths[k] - chosen))


def _kept(values: Path, at: int | None) -> bool:
    return at is None or bool(values[at])


def _line(
    strengths: Sequence[float], values: Path, x: Scale, y: Scale, at: int | None
) -> Fragment:
    where = [
        (x(s), y(v)) for s, v in zip(strengths, values, strict=True) if v is not None
    ]
    return line(where, "cp on" if _kept(values, at) else "cp")


def _labels(
    coefficients: Mapping[str, Path], y: Scale, at: int | None, left: float
) -> Fragment:
    known = [(y(v[0]), n) for n, v in coefficients.items() if v and v[0] is not None]
    ordered = sorted(known)
    places = spread([p for p, _ in ordered], 15, _TOP, _BOTTOM)
    parts: list[Fragment] = []
    for (end, name), place in zip(ordered, places, strict=True):
        class_ = "k" if _kept(coefficients[name], at) else "n"
        lead = f"M{px(left - 16)} {px(place)}L{px(left - 2)} {px(end)}"
        parts += [
            path(lead, "g"),
            text(left - 20, place + 4, shorten(name, 18), class_, "end"),
        ]
    return group(*parts)


def _right_axis(y: Scale, left: float) -> Fragment:
    parts: list[Fragment] = []
    ticks = y.ticks(4)
    # A tick at zero alone shows no distance.
    for tick in ticks if len(ticks) > 2 else y.ticks(8):
        where = y(tick.value)
        class_ = "ax" if tick.value == 0 else "g"
        parts += [
            path(f"M{px(left)} {px(where)}H{px(_RIGHT)}", class_),
            text(_RIGHT + 8, where + 4, tick.label),
        ]
    return group(*parts)


def _describe(
    coefficients: Mapping[str, Path], at: int | None, chosen: float | None
) -> str:
    if at is None or chosen is None:
        return f"{count(len(coefficients))} inputs along the strength of the penalty."
    kept = sum(_kept(values, at) for values in coefficients.values())
    return (
        f"{count(kept)} of {count(len(coefficients))} coefficients are not zero at "
        f"strength {significant(chosen)}."
    )
