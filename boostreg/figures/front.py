"""Size against loss: trials, Pareto fronts, selected candidates, references."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import (
    Label,
    Point,
    clip,
    horizontal_axis,
    place_labels,
    points,
    steps,
    vertical_axis,
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
from boostreg.figures.svg import Fragment, circle, group, path, px, text

__all__ = ["PLOT", "Cloud", "Landmark", "size_against_loss"]

_WIDTH, _HEIGHT = 1000, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 74.0, 990.0, 18.0, 388.0
_DIGITS, _FOLD_UNIT = "0123456789abcdefghijklmnopqrstuvwxyz", 0.3
PLOT = (_LEFT, _TOP, _RIGHT, _BOTTOM)
"""Left, top, right and bottom of the zoomable area."""


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
    """A labelled point: a selected candidate (ring) or a reference (cross)."""

    engine: str
    words: str
    leaves: float
    loss: float
    pick: bool = True


def size_against_loss(
    clouds: Sequence[Cloud], landmarks: Sequence[Landmark] = (), *, loss: str = "loss"
) -> Figure:
    """Draw loss against leaves, both fronts as staircases.

    The axis of leaves is logarithmic; a model of 0 leaves (the intercept alone) has
    its own place at the left. A few losses far above the rest are clipped and counted.
    """
    x, y = _scales(clouds, landmarks)
    known = [p for c in clouds for p in _known(c.trials)]
    above = sum(p[1] > y.high for p in known)
    parts = [
        _axis(
            vertical_axis(y, _LEFT, _RIGHT, n=7, label=f"{loss} (inner folds)"),
            y,
            "y",
            7,
        ),
        _axis(
            horizontal_axis(
                x, _BOTTOM, n=8, top=_TOP, label="leaves over all trees (log axis)"
            ),
            x,
            "x",
            8,
        ),
        clip(
            _LEFT,
            _TOP - 4,
            _RIGHT - _LEFT + 8,
            _BOTTOM - _TOP + 8,
            *(_trials(c, x, y) for c in clouds),
            *(_front(c, x, y) for c in clouds),
        ),
        text(_RIGHT, _TOP + 10, _cut_words(above, y), "halo cut", "end"),
        *(_landmark(m, x, y) for m in landmarks),
        _labels(clouds, landmarks, x, y),
        group(circle(0, 0, 9, "mark no"), circle(0, 0, 9, "mark no"), class_="marks"),
    ]
    return draw(
        _WIDTH,
        _HEIGHT,
        *parts,
        title="Size against loss",
        description=_describe(clouds, landmarks, loss),
    )


def _known(pairs: Iterable[tuple[float | None, float | None]]) -> list[Point]:
    return [
        (leaves, loss)
        for leaves, loss in pairs
        if leaves is not None and loss is not None
        if is_number(leaves) and is_number(loss)
    ]


def _scales(
    clouds: Sequence[Cloud], landmarks: Sequence[Landmark]
) -> tuple[Scale, Scale]:
    trials = [p for c in clouds for p in _known(c.trials)]
    marked = [(m.leaves, m.loss) for m in landmarks]
    fronts = [p for c in clouds for p in c.front]
    high = robust_high(loss for _, loss in [*trials, *marked])
    must = max((loss for _, loss in marked), default=high)
    top = None if high is None or must is None else max(high, must)
    shown = [p for p in [*trials, *marked, *fronts] if top is None or p[1] <= top]
    x = log_scale([p[0] for p in shown], _LEFT + 10, _RIGHT - 10, margin=0.02, room=40)
    return x, linear_scale([p[1] for p in shown], _BOTTOM, _TOP, margin=0.09)


def _trials(cloud: Cloud, x: Scale, y: Scale) -> Fragment:
    rows = cloud.rows or tuple(range(len(cloud.trials)))
    folds = cloud.folds or ((),) * len(rows)
    known = [
        (row, pair, losses)
        for row, pair, losses in zip(rows, cloud.trials, folds, strict=True)
        if _known([pair])
    ]
    halves = {
        extra: [one for one in known if (one[0] in cloud.tied) == tied]
        for extra, tied in (("faint", False), ("tied", True))
    }
    return group(
        *(
            points(
                cloud.engine,
                [(x(p[0]), y(p[1])) for _, pair, _ in half for p in _known([pair])],
                extra,
                data_engine=cloud.engine,
                data_at=" ".join(str(row) for row, *_ in half),
                **_fold_marks([losses for *_, losses in half], y),
            )
            for extra, half in halves.items()
        )
    )


def _fold_marks(folds: Sequence[Sequence[float | None]], y: Scale) -> dict[str, str]:
    """Return ordinates of folds for a script: two digits of base 36 each, of 0.3 px.

    A thousand trials with five folds take 10 KB. Points above the plot are at 0,
    ``zz`` is a missing value.
    """
    marks = "".join(_mark(loss, y) for losses in folds for loss in losses)
    return {"data_folds": marks} if marks else {}


def _mark(loss: float | None, y: Scale) -> str:
    if loss is None or not is_number(loss):
        return "zz"
    place = min(max(round(y(loss) / _FOLD_UNIT), 0), 36 * 36 - 2)
    return _DIGITS[place // 36] + _DIGITS[place % 36]


def _front(cloud: Cloud, x: Scale, y: Scale) -> Fragment:
    where = [(x(leaves), y(loss)) for leaves, loss in cloud.front]
    drawn = encoding(cloud.engine).class_
    return group(steps(where, f"fr {drawn}"), data_engine=cloud.engine)


def _landmark(mark: Landmark, x: Scale, y: Scale) -> Fragment:
    at = (x(mark.leaves), y(mark.loss))
    spot = f"{px(at[0])} {px(at[1])}"
    if not mark.pick:
        cross = path(f"M{px(at[0] - 5)} {px(at[1] - 5)}l10 10m0-10l-10 10", "cross")
        return group(cross, data_spot=spot)
    ring = circle(*at, 9, "ring")
    return group(points(mark.engine, [at], "big"), ring, class_="lm", data_spot=spot)


def _axis(drawn: Fragment, scale: Scale, name: str, n: int) -> Fragment:
    """Return an axis with the data a script needs to redraw it for another range."""
    ends = (scale.low, scale.high, scale.start, scale.end)
    zero = "none" if scale.zero is None else px(scale.zero)
    described = f"{' '.join(map(repr, map(float, ends)))} {int(scale.log)} {zero}"
    inner = Fragment(drawn.removeprefix("<g>").removesuffix("</g>"))
    return group(inner, data_axis=name, data_n=str(n), data_scale=described)


def _labels(
    clouds: Sequence[Cloud], landmarks: Sequence[Landmark], x: Scale, y: Scale
) -> Fragment:
    labels = [
        Label(m.words, (x(m.leaves), y(m.loss)), encoding(m.engine).class_)
        for m in landmarks
    ]
    trials = [(x(a), y(b)) for c in clouds for a, b in _known(c.trials)]
    box = (_LEFT + 4, _TOP + 14, _RIGHT, _BOTTOM - 2)
    return place_labels(labels, box, taken=[*trials, *_stairs(clouds, x, y)])


def _stairs(clouds: Sequence[Cloud], x: Scale, y: Scale) -> Iterable[Point]:
    """Yield points along the staircases, dense enough to keep labels away."""
    for cloud in clouds:
        where = [
            (_in_sight(x(leaves)), _in_sight(y(loss))) for leaves, loss in cloud.front
        ]
        for (x0, y0), (x1, y1) in pairwise(where):
            yield from ((x0 + k, y0) for k in range(0, int(x1 - x0) + 1, 10))
            yield from ((x1, y0 + k) for k in range(0, int(y1 - y0) + 1, 10))


def _in_sight(place: float) -> float:
    """Return a coordinate, clipped to just outside the figure."""
    return min(max(place, -100.0), _RIGHT + 100.0)


def _cut_words(above: int, y: Scale) -> str:
    if not above:
        return ""
    trials = "1 trial lies" if above == 1 else f"{count(above)} trials lie"
    return f"{trials} above {significant(y.high)}"


def _describe(clouds: Sequence[Cloud], landmarks: Sequence[Landmark], loss: str) -> str:
    counts = [
        f"{encoding(c.engine).name}: {count(len(c.trials))} trials" for c in clouds
    ]
    marks = [
        f"{m.words}: {count(m.leaves)} leaves, {loss} {significant(m.loss, 4)}"
        for m in landmarks
    ]
    return f"{loss} against leaves. " + ". ".join([*counts, *marks]) + "."
