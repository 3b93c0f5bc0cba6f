"""Size against loss: trials, Pareto fronts, selected candidates, references."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.marks import Label, Point, place_labels, points, steps
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
from boostreg.figures.svg import Fragment, circle, group, px, text

__all__ = ["Cloud", "Landmark", "front_scales", "size_against_loss"]

_WIDE = Frame(width=1000, height=350, left=74, right=990, top=18, bottom=300)
_NARROW = Frame(width=328, height=300, left=46, right=322, top=36, bottom=252)
_DIGITS, _FOLD_UNIT = "0123456789abcdefghijklmnopqrstuvwxyz", 0.3


@dataclass(frozen=True, slots=True)
class Cloud:
    """Trials and front of one engine.

    Attributes
    ----------
    engine : str
        Determines colour and shape.
    trials : tuple of (leaves, loss)
        One point per trial; None omits it but keeps its position in ``rows``.
    front : tuple of (leaves, loss)
        The Pareto front, by ascending leaves.
    rows : tuple of int
        Identifies each trial for scripts.
    tied : frozenset of int
        Those of ``rows`` with no detectable difference from the best: drawn dark.
    folds : tuple of tuple of float
        The losses of each trial's folds, for scripts to draw.
    """

    engine: str
    trials: tuple[tuple[float | None, float | None], ...] = ()
    front: tuple[tuple[float, float], ...] = ()
    rows: tuple[int, ...] = ()
    tied: frozenset[int] = frozenset()
    folds: tuple[tuple[float | None, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Landmark:
    """A selected candidate, with a ring and a label."""

    engine: str
    words: str
    leaves: float
    loss: float


def size_against_loss(
    clouds: Sequence[Cloud],
    landmarks: Sequence[Landmark] = (),
    *,
    loss: str = "loss",
    reach: float | None = None,
    narrow: bool = False,
) -> Figure:
    """Draw loss against leaves, both fronts as staircases.

    The axis of leaves is logarithmic and extends to ``reach``; a model of 0 leaves (the
    intercept alone) has its own place at the left. A few losses far above the rest are
    clipped and counted. The ``narrow`` drawing is for phones; it has no losses of folds
    because a script derives their places from the other drawing.
    """
    frame = _NARROW if narrow else _WIDE
    trials = [p for c in clouds for p in _known(c.trials)]
    marked = [(m.leaves, m.loss) for m in landmarks]
    high = robust_high(loss for _, loss in [*trials, *marked])
    must = max((loss for _, loss in marked), default=high)
    top = None if high is None or must is None else max(high, must)
    every = [*trials, *marked, *(p for c in clouds for p in c.front)]
    if reach is not None and every:
        every.append((reach, min(loss for _, loss in every)))
    x, y = front_scales(frame, every, top)
    fronts = []
    for cloud in clouds:
        stairs = [(x(a), y(b)) for a, b in cloud.front]
        drawn = steps(stairs, f"fr {encoding(cloud.engine).class_}")
        fronts.append(group(drawn, data_engine=cloud.engine))
    # Labels keep away from trials and from the staircases.
    taken = [(x(a), y(b)) for a, b in trials]
    taken += [p for cloud in clouds for p in _stairs(cloud, x, y)]
    plot = (frame.left, frame.top, frame.right, frame.bottom)
    return frame.draw(
        *_axes(frame, x, y, f"{loss} (inner folds)"),
        group(
            frame.clip(
                *(_trials(c, x, y, folds=not narrow) for c in clouds),
                *fronts,
                beyond=4,
            ),
            data_plot=" ".join(map(px, plot)),
        ),
        _clipped(frame, y, [loss for _, loss in trials]),
        *(_landmark(m, x, y) for m in landmarks),
        _labels(frame, landmarks, x, y, taken),
        group(circle(0, 0, 9, "mark no"), circle(0, 0, 9, "mark no"), class_="marks"),
        title="Size against loss",
        description=_description(clouds, landmarks, loss),
    )


def _axes(frame: Frame, x: Scale, y: Scale, label: str) -> tuple[Fragment, Fragment]:
    """Return both axes; a narrow one has its label above."""
    narrow = frame is _NARROW
    n_x, n_y = (4, 5) if narrow else (8, 6)
    across = frame.horizontal_axis(
        x, n=n_x, grid=True, label="leaves over all trees (log axis)"
    )
    up = frame.vertical_axis(y, n=n_y, label="" if narrow else label)
    if narrow:
        words = text(0, 10, label, "axlabel")
        up = Fragment(f"{up.removesuffix('</g>')}{words}</g>")
    return _axis(up, y, "y", n_y), _axis(across, x, "x", n_x)


def _clipped(frame: Frame, y: Scale, losses: Sequence[float]) -> Fragment:
    """Return how many trials lie above the plot."""
    above = sum(loss > y.high for loss in losses)
    cut = "1 trial lies" if above == 1 else f"{count(above)} trials lie"
    words = f"{cut} above {significant(y.high)}" if above else ""
    return text(frame.right, frame.top + 10, words, "halo cut", "end")


def _labels(
    frame: Frame,
    landmarks: Sequence[Landmark],
    x: Scale,
    y: Scale,
    taken: Sequence[Point],
) -> Fragment:
    labels = []
    for m in landmarks:
        known, drawn = ENGINE_FACTS.get(m.engine), encoding(m.engine)
        short = (known and known.short) or drawn.name
        words = m.words.replace(drawn.name, short) if frame is _NARROW else m.words
        labels.append(Label(words, (x(m.leaves), y(m.loss)), drawn.class_))
    inside = (frame.left + 4, frame.top + 14, frame.right, frame.bottom - 2)
    return place_labels(labels, inside, taken=taken)


def _description(
    clouds: Sequence[Cloud], landmarks: Sequence[Landmark], loss: str
) -> str:
    described = [
        *(f"{encoding(c.engine).name}: {count(len(c.trials))} trials" for c in clouds),
        *(
            f"{m.words}: {count(m.leaves)} leaves, {loss} {significant(m.loss, 4)}"
            for m in landmarks
        ),
    ]
    return f"{loss} against leaves. {'. '.join(described)}."


def front_scales(
    frame: Frame, where: Sequence[Point], high: float | None
) -> tuple[Scale, Scale]:
    """Return the scales of leaves and loss for the points up to a loss of ``high``."""
    shown = [p for p in where if high is None or p[1] <= high]
    left, right = frame.left + 10, frame.right - 10
    x = log_scale([p[0] for p in shown], left, right, margin=0.02, room=40)
    return x, linear_scale([p[1] for p in shown], frame.bottom, frame.top, margin=0.09)


def _known(pairs: Iterable[tuple[float | None, float | None]]) -> list[Point]:
    return [(a, b) for a, b in pairs if is_number(a) and is_number(b)]


def _trials(cloud: Cloud, x: Scale, y: Scale, *, folds: bool) -> Fragment:
    """Return the points of trials with their rows for a script, perhaps with ``folds``.

    Ordinates of folds have two digits of base 36 each, in units of 0.3 px: a thousand
    trials with five folds take 10 KB. Points above the plot are at 0, ``zz`` is a
    missing value.
    """
    rows = cloud.rows or tuple(range(len(cloud.trials)))
    of_folds = cloud.folds if folds and cloud.folds else ((),) * len(rows)
    parts = []
    for extra, tied in (("faint", False), ("tied", True)):
        where: list[Point] = []
        names, marks = [], ""
        for row, pair, losses in zip(rows, cloud.trials, of_folds, strict=True):
            if (row in cloud.tied) != tied or not (known := _known([pair])):
                continue
            where += [(x(a), y(b)) for a, b in known]
            names.append(str(row))
            for loss in losses:
                if not is_number(loss):
                    marks += "zz"
                    continue
                place = min(max(round(y(loss) / _FOLD_UNIT), 0), 36 * 36 - 2)
                marks += _DIGITS[place // 36] + _DIGITS[place % 36]
        parts.append(
            points(
                cloud.engine,
                where,
                extra,
                data_engine=cloud.engine,
                data_at=" ".join(names),
                data_folds=marks or None,
            )
        )
    return group(*parts)


def _landmark(mark: Landmark, x: Scale, y: Scale) -> Fragment:
    at = (x(mark.leaves), y(mark.loss))
    spot = f"{px(at[0])} {px(at[1])}"
    ring = circle(*at, 9, "ring")
    return group(points(mark.engine, [at], "big"), ring, class_="lm", data_spot=spot)


def _axis(drawn: Fragment, scale: Scale, name: str, n: int) -> Fragment:
    """Return an axis with the data a script needs to redraw it for another range."""
    ends = (scale.low, scale.high, scale.start, scale.end)
    zero = "none" if scale.zero is None else px(scale.zero)
    described = f"{' '.join(map(repr, map(float, ends)))} {int(scale.log)} {zero}"
    inner = Fragment(drawn.removeprefix("<g>").removesuffix("</g>"))
    return group(inner, data_axis=name, data_n=str(n), data_scale=described)


def _stairs(cloud: Cloud, x: Scale, y: Scale) -> Iterable[Point]:
    """Yield points along a staircase every 10 pixels, also just outside the figure."""

    def near(place: float) -> float:
        return min(max(place, -100.0), _WIDE.right + 100)

    where = [(near(x(leaves)), near(y(loss))) for leaves, loss in cloud.front]
    for (x0, y0), (x1, y1) in pairwise(where):
        yield from ((x0 + k, y0) for k in range(0, int(x1 - x0) + 1, 10))
        yield from ((x1, y0 + k) for k in range(0, int(y1 - y0) + 1, 10))
