"""What a model is like beside its loss: its columns, and how it is calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.intervals import interval_mark
from boostreg.figures.marks import line, mark
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    known,
    linear_scale,
    percent,
    shorten,
    tick_percent,
)
from boostreg.figures.svg import element, path, px, text

__all__ = ["Bin", "Calibration", "ColumnUse", "calibration_chart", "columns_chart"]

_WIDTH = 328
_ROW = 18.0


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column of the data and how much a model uses it.

    Attributes
    ----------
    name : str
        Of the column.
    gain : float
        Its share of the gain of all splits.
    change : float or None
        Of the loss when the column is permuted, as a share.
    low, high : float or None
        The interval of the change.
    """

    name: str
    gain: float
    change: float | None
    low: float | None = None
    high: float | None = None


def columns_chart(columns: Sequence[ColumnUse], *, engine: str, title: str) -> Figure:
    """Draw the share of the gain as a bar and the change of loss as an interval.

    A row per column; the interval is of the change when the column is permuted.
    """
    bottom = 22 + _ROW * len(columns)
    names = 7.4 * max((len(shorten(one.name, 14)) for one in columns), default=0) + 14
    middle = names + 0.42 * (_WIDTH - names)
    frame = Frame(_WIDTH, round(bottom + 42), middle + 34, _WIDTH - 28, 20, bottom)
    largest = max((one.gain for one in columns), default=1.0) or 1.0
    values = known(v for one in columns for v in (one.change, one.low, one.high))
    x = linear_scale([0.0, *values], frame.left, frame.right)
    class_ = encoding(engine).class_
    parts = [
        text(names, 12, "share of gain", "n"),
        text(_WIDTH - 4, 12, "change of loss", "n", "end"),
        frame.horizontal_axis(
            x,
            n=2,
            grid=True,
            origin=0.0,
            label="permuted",
            write=lambda tick: tick_percent(tick.value),
        ),
    ]
    for k, one in enumerate(columns):
        y = 20 + _ROW * (k + 0.5)
        width = max(one.gain / largest * (middle - names), 1.0)
        box = {"x": names, "y": y - 5, "width": width, "height": 10}
        parts += [
            text(names - 8, y + 4, shorten(one.name, 14), "k", "end"),
            element("rect", **box, class_=f"bar {class_}"),
            text(names + width + 4, y + 4, percent(one.gain), "halo small"),
            interval_mark(engine, x, y, (one.change, one.low, one.high)),
        ]
    described = "; ".join(f"{one.name}: {percent(one.gain)}" for one in columns)
    return frame.draw(
        *parts, title=title, description=f"Shares of the gain: {described}"
    )


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with similar predictions of a class, and the share that is in it.

    ``low`` and ``high`` are the interval of the share.
    """

    predicted: float
    observed: float
    low: float
    high: float


Calibration = Mapping[str, Sequence[Bin]]
"""Bins by model: an engine, or the name of another model."""


def calibration_chart(models: Calibration, *, title: str) -> Figure:
    """Draw observed shares of a class against its predicted probability.

    A calibrated model lies on the diagonal.
    """
    frame = Frame(_WIDTH, 300, left=46, right=_WIDTH - 8.0, top=24, bottom=254)
    x = Scale(0.0, 1.0, frame.left, frame.right)
    y = Scale(0.0, 1.0, frame.bottom, frame.top)
    parts = [
        text(0, 12, "observed share", "axlabel"),
        frame.vertical_axis(y, n=4),
        frame.horizontal_axis(x, n=4, label="predicted probability"),
        path(f"M{px(x(0))} {px(y(0))}L{px(x(1))} {px(y(1))}", "mid"),
    ]
    for k, (engine, bins) in enumerate(models.items()):
        class_, name = encoding(engine).class_, encoding(engine).name
        parts.append(text(x(0.04), y(0.94) + 16 * k, name, f"{class_} halo"))
        where = [(x(one.predicted), y(one.observed)) for one in bins]
        whiskers = "".join(
            f"M{px(x(one.predicted))} {px(y(one.low))}V{px(y(one.high))}"
            for one in bins
        )
        parts += [path(whiskers, f"fine {class_}"), line(where, f"thin {class_}")]
        parts += [mark(engine, at) for at in where]
    described = "; ".join(
        f"{encoding(engine).name}: {len(bins)} groups of rows"
        for engine, bins in models.items()
    )
    return frame.draw(*parts, title=title, description=described)
