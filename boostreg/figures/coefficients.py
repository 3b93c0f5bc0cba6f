"""Coefficients of a linear model along its penalty."""

from collections.abc import Mapping, Sequence

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.marks import line
from boostreg.figures.scale import (
    count,
    is_number,
    known,
    linear_scale,
    log_scale,
    shorten,
    significant,
)
from boostreg.figures.svg import Fragment, path, px, text

__all__ = ["coefficient_paths"]

_MAX_LINES, _MAX_LABELS = 40, 12

Path = tuple[float | None, ...]


def coefficient_paths(  # noqa: PLR0913 - two strengths are marked
    strengths: Sequence[float],
    coefficients: Mapping[str, Path],
    *,
    name: str,
    chosen: float | None = None,
    one_se: float | None = None,
    narrow: bool = False,
) -> Figure:
    """Draw one line per input; inputs that are nonzero at ``chosen`` are dark.

    The ``narrow`` drawing is for phones.

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

    def reach(values: Path) -> float:
        return max(map(abs, known(values)), default=0.0)

    largest = sorted(coefficients.items(), key=lambda item: -reach(item[1]))
    drawn, named = dict(largest[:_MAX_LINES]), dict(largest[:_MAX_LABELS])
    width, length = (328, 12) if narrow else (580, 18)
    left = 32 + 7.7 * max((len(shorten(name, length)) for name in named), default=0)
    frame = Frame(width, 250, left, width - 44.0, top=12, bottom=204)
    x = log_scale(strengths, frame.left, frame.right)
    every = [v for values in drawn.values() for v in values]
    y = linear_scale([0.0, *every], frame.bottom, frame.top)
    kept = dict.fromkeys(coefficients, True)
    described = f"{count(len(kept))} inputs along the strength of the penalty."
    if chosen is not None:
        at = min(range(len(strengths)), key=lambda k: abs(strengths[k] - chosen))
        kept = {name: bool(values[at]) for name, values in coefficients.items()}
        described = (
            f"{count(sum(kept.values()))} of {count(len(kept))} coefficients are not "
            f"zero at strength {significant(chosen)}."
        )
    if one_se is not None:
        described += f" One standard error: {significant(one_se)}."
    if more := len(coefficients) - len(drawn):
        described += f" The {count(more)} smallest are not drawn."
    ticks = y.ticks(4)
    parts: list[Fragment] = []
    # A tick at zero alone shows no distance.
    for tick in ticks if len(ticks) > 2 else y.ticks(8):
        level = f"M{px(left)} {px(y(tick.value))}H{px(frame.right)}"
        parts.append(path(level, "ax" if tick.value == 0 else "g"))
        parts.append(text(frame.right + 8, y(tick.value) + 4, tick.label))
    parts.append(frame.horizontal_axis(x, label="strength of the penalty (log axis)"))
    for input_, values in drawn.items():
        pairs = zip(strengths, values, strict=True)
        where = [(x(s), y(v)) for s, v in pairs if is_number(v)]
        parts.append(line(where, "cp on" if kept[input_] else "cp"))
    ends = [
        (y(values[0]), shorten(input_, length), "k" if kept[input_] else "n")
        for input_, values in named.items()
        if values and is_number(values[0])
    ]
    parts.append(frame.end_labels(ends, left - 20, lead=left - 2))
    parts += [
        path(f"M{px(x(value))} {px(frame.top)}V{px(frame.bottom)}", class_)
        for value, class_ in ((chosen, "mid"), (one_se, "se"))
        if value is not None
    ]
    return frame.draw(*parts, title=f"Coefficients of {name}", description=described)
