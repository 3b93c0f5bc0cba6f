"""The frame of a chart: its size, its axes, and labels at the ends of its lines."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure, draw
from boostreg.figures.scale import (
    Scale,
    Tick,
    known,
    linear_scale,
    log_scale,
    significant,
)
from boostreg.figures.svg import Fragment, element, group, path, px, text

__all__ = ["Frame", "goes", "spread"]

End = tuple[float, str, str]
"""The end of a line: its coordinate, the words, and the class of the stylesheet."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a chart and the edges of its plot, in pixels."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float

    def draw(self, *parts: str, title: str, description: str) -> Figure:
        """Return the figure of ``parts``."""
        return draw(
            self.width, self.height, *parts, title=title, description=description
        )

    def across(self, values: Iterable[float | None], *, log: bool = False) -> Scale:
        """Return the horizontal scale of ``values``."""
        make = log_scale if log else linear_scale
        margin = 0.0 if log else 0.06
        return make(values, self.left + 6, self.right - 4, margin=margin)

    def up(self, values: Iterable[float | None], *, log: bool = False) -> Scale:
        """Return the vertical scale of ``values``."""
        foot = self.bottom - 6
        if log:
            return log_scale(values, foot, self.top, margin=0.05, room=16)
        return linear_scale(values, foot, self.top)

    def clip(self, *children: str, beyond: float = 4) -> Fragment:
        """Return ``children`` clipped to slightly more than the plot.

        A nested ``<svg>`` clips without an id, so several figures can be on a page.
        """
        x, y = self.left, self.top - 4
        width = self.right - self.left + beyond
        height = self.bottom - self.top + beyond
        box = " ".join(map(px, (x, y, width, height)))
        return element(
            "svg", *children, x=x, y=y, width=width, height=height, viewBox=box
        )

    def horizontal_axis(  # noqa: PLR0913 - ticks, grid and labels differ by chart
        self,
        scale: Scale,
        *,
        n: int = 5,
        grid: bool = False,
        label: str = "",
        origin: float | None = None,
        write: Callable[[Tick], str] = lambda tick: tick.label,
    ) -> Fragment:
        """Return a labelled axis, with gridlines or ticks, and the break before 0.

        ``origin`` is a value to mark by a dark line; ``write`` labels a tick.
        """
        y, start, end = self.bottom, scale.start, scale.end
        ticks = scale.ticks(n)
        mark, class_ = (f"V{px(self.top)}", "g") if grid else ("v4", "ax")
        marks = "".join(f"M{px(scale(tick.value))} {px(y)}{mark}" for tick in ticks)
        parts = [path(f"M{px(start)} {px(y)}H{px(end)}", "ax"), path(marks, class_)]
        parts += [
            text(scale(tick.value), y + 17, write(tick), anchor="middle")
            for tick in ticks
        ]
        if scale.zero is not None:
            first = min(start, end)
            middle = (scale.zero + first) / 2
            stub = f"M{px(scale.zero - 5)} {px(y)}H{px(middle - 3)}"
            rest = f"M{px(middle + 2)} {px(y)}H{px(first)}"
            slashes = f"M{px(middle - 4)} {px(y + 4)}l4-8m3 0l-4 8"
            parts.append(path(stub + rest + slashes, "ax"))
            parts.append(text(scale.zero, y + 17, "0", anchor="middle"))
        if origin is not None:
            parts.append(path(f"M{px(scale(origin))} {px(y)}V{px(self.top)}", "ax"))
        if label:
            parts.append(text((start + end) / 2, y + 35, label, "axlabel", "middle"))
        return group(*parts)

    def vertical_axis(
        self,
        scale: Scale,
        *,
        n: int = 4,
        label: str = "",
        write: Callable[[Tick], str] = lambda tick: tick.label,
    ) -> Fragment:
        """Return gridlines with labels at their left end; ``write`` labels a tick."""
        marks = [(scale(tick.value), write(tick)) for tick in scale.ticks(n)]
        marks += [(scale.zero, "0")] if scale.zero is not None else []
        lines = "".join(f"M{px(self.left)} {px(y)}H{px(self.right)}" for y, _ in marks)
        parts: list[str] = [path(lines, "g")]
        parts += [text(self.left - 6, y + 4, words, anchor="end") for y, words in marks]
        if label:
            turn = f"translate(12 {px((scale.start + scale.end) / 2)}) rotate(-90)"
            parts.append(
                element(
                    "text",
                    label,
                    class_="axlabel",
                    transform=turn,
                    text_anchor="middle",
                )
            )
        return group(*parts)

    def end_labels(
        self,
        ends: Iterable[End],
        x: float,
        *,
        gap: float = 15,
        above: float = 0,
        lead: float | None = None,
    ) -> Fragment:
        """Return labels at ``x`` that are ``gap`` apart, in the order of their ends.

        They are left or right of the plot, where their lines end, and may be ``above``
        it. With ``lead``, a line from that abscissa connects each with its end.
        """
        ordered = sorted(ends)
        low = self.top - above
        places = spread([place for place, *_ in ordered], gap, low, self.bottom)
        side, anchor = (-1, "end") if x < self.left else (1, "start")
        parts: list[Fragment] = []
        for (end, words, class_), place in zip(ordered, places, strict=True):
            if lead is not None:
                to = f"L{px(x - side * 3)} {px(place)}"
                parts.append(path(f"M{px(lead)} {px(end)}{to}", "g"))
            parts.append(text(x, place + 4, words, class_, anchor))
        return group(*parts)


def goes(name: str, values: Iterable[float | None]) -> str:
    """Return the description of a line by its first and last value.

    >>> goes("ridge", [1.0, None, 0.25]), goes("lasso", [None])
    ('ridge goes from 1 to 0.25', 'lasso: not measured')
    """
    if not (numbers := known(values)):
        return f"{name}: not measured"
    first, last = significant(numbers[0]), significant(numbers[-1])
    return f"{name} goes from {first} to {last}"


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return ascending ``places``, moved minimally so that they are ``gap`` apart.

    >>> spread([10.0, 11.0, 50.0], 10, 0, 100)
    [10.0, 20.0, 50.0]
    >>> spread([95.0, 96.0], 10, 0, 100)
    [90, 100]
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap if moved else low))
    limit = high
    for k in range(len(moved) - 1, -1, -1):
        moved[k] = min(moved[k], limit)
        limit = moved[k] - gap
    return moved
