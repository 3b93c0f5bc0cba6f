"""Small charts: shares of variance, counts, searched ranges, fronts, incumbents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures.figure import Figure, draw
from boostreg.figures.marks import (
    Point,
    core,
    horizontal_axis,
    points,
    spread,
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
    percent,
    robust_high,
    shorten,
    significant,
)
from boostreg.figures.svg import Fragment, circle, element, group, path, px, text

__all__ = [
    "SearchedRange",
    "counts_chart",
    "promise_chart",
    "range_strip",
    "share_bars",
    "sparkline",
]

_WIDTH, _LEFT, _RIGHT, _BAR, _GAP = 330, 132.0, 290.0, 11.0, 9.0


def share_bars(
    shares: Mapping[str, Mapping[str, float | None]],
    names: Sequence[str],
    *,
    title: str,
) -> Figure:
    """Draw a bar from 0 to 100% per name and engine.

    Parameters
    ----------
    shares : mapping of engine to mapping of name to share
        None if it is not determined: text instead of a bar. Estimates slightly outside
        0 to 1 are drawn at that end, with the unchanged number.
    names : sequence of str
        The order, from the top.
    """
    block = _BAR * len(shares) + _GAP
    height = round(block * len(names) + 30)
    foot = block * len(names) + 8
    parts: list[Fragment] = [
        path(f"M{px(_at(share))} 4V{px(foot)}", "ax" if share == 0 else "g")
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    parts += [
        text(_at(share), foot + 15, percent(share), anchor="middle")
        for share in (0.0, 0.5, 1.0)
    ]
    for k, name in enumerate(names):
        top = 6 + block * k
        middle = top + _BAR * len(shares) / 2 + 4
        parts.append(text(_LEFT - 8, middle, shorten(name, 18), "k", "end"))
        for j, (engine, found) in enumerate(shares.items()):
            parts.append(_bar(engine, found.get(name), top + _BAR * j))
    described = "; ".join(
        f"{encoding(engine).name}: "
        + ", ".join(f"{name} {_words(found.get(name))}" for name in names)
        for engine, found in shares.items()
    )
    return draw(_WIDTH, height, *parts, title=title, description=described)


def _at(share: float) -> float:
    return _LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT)


def _words(share: float | None) -> str:
    return "not determined" if share is None else percent(share)


def _bar(engine: str, share: float | None, top: float) -> Fragment:
    drawn = encoding(engine).class_
    if share is None:
        return text(_LEFT + 4, top + 9, "not determined", "n")
    end = _at(share)
    bar = element(
        "rect",
        x=_LEFT,
        y=top + 1,
        width=max(end - _LEFT, 1.0),
        height=_BAR - 2,
        class_=f"bar {drawn}",
    )
    return group(bar, text(end + 4, top + 9.5, percent(share), "halo small"))


_COUNTS_WIDTH, _COUNTS_LEFT, _COUNTS_RIGHT, _ROW = 520, 110.0, 440.0, 22.0


def counts_chart(counts: Mapping[str, float], *, title: str) -> Figure:
    """Draw one row per count with its number; an unknown count has no dot."""
    foot = _ROW * len(counts) + 10
    known = [value for value in counts.values() if is_number(value)]
    x = log_scale([1.0, *known], _COUNTS_LEFT + 6, _COUNTS_RIGHT - 6)
    parts: list[Fragment] = [
        horizontal_axis(x, foot, n=5, top=6, label="count (log axis)")
    ]
    for k, (name, value) in enumerate(counts.items()):
        y = 17 + _ROW * k
        parts.append(text(_COUNTS_LEFT - 12, y + 4, name, anchor="end"))
        parts.append(text(_COUNTS_RIGHT + 12, y + 4, count(value), "k"))
        if is_number(value):
            start = px(x.start if x.zero is None else x.zero)
            parts.append(path(f"M{start} {px(y)}H{px(x(value))}", "lead"))
            parts.append(circle(x(value), y, 4, "dot"))
    described = "; ".join(f"{name} {count(value)}" for name, value in counts.items())
    return draw(
        _COUNTS_WIDTH, round(foot + 46), *parts, title=title, description=described
    )


_STRIP_WIDTH, _HEIGHT, _MIDDLE = 190, 18, 9.0


@dataclass(frozen=True, slots=True)
class SearchedRange:
    """The range of a search: logarithmic if ``log``, including 0 if ``zero``."""

    low: float
    high: float
    log: bool = False
    zero: bool = False


def range_strip(
    searched: SearchedRange,
    picks: Mapping[str, float],
    *,
    engine: str,
    safe: tuple[float, float] | None = None,
) -> Figure:
    """Draw the searched range as a line, with a mark per selected value.

    Parameters
    ----------
    searched : SearchedRange
        Values outside are drawn at its ends.
    picks : mapping from name to value
        The first is filled, the others are hollow.
    engine : str
        Determines colour and shape.
    safe : tuple of float or None
        Interval without a loss: a thick bar.
    """
    scale = _scale(searched)
    parts = [path(f"M{px(scale.start)} {px(_MIDDLE)}H182", "ax")]
    if searched.zero:
        parts.append(path(f"M8 {px(_MIDDLE - 4)}v8", "ax"))
    if safe is not None:
        low, high = (px(_held(scale, value)) for value in safe)
        class_ = f"safe {encoding(engine).class_}"
        parts.append(path(f"M{low} {px(_MIDDLE)}H{high}", class_))
    for k, value in reversed(list(enumerate(picks.values()))):
        parts += _mark(engine, _held(scale, value), filled=k == 0)
    described = ", ".join(f"{name} {significant(v)}" for name, v in picks.items())
    span = f"searched from {significant(searched.low)} to {significant(searched.high)}"
    return draw(
        _STRIP_WIDTH,
        _HEIGHT,
        *parts,
        title="Place in the searched range",
        description=f"{described}; {span}",
    )


def _scale(searched: SearchedRange) -> Scale:
    low, high = searched.low, searched.high
    if searched.log and low > 0:
        return Scale(low, high, 26.0, 182.0, log=True, zero=8.0)
    return Scale(low, high, 8.0, 182.0)


def _held(scale: Scale, value: float) -> float:
    if scale.log and value <= 0:
        return scale(0)
    return min(max(scale(value), scale.start), scale.end)


def _mark(engine: str, x: float, *, filled: bool) -> list[Fragment]:
    at = [(x, _MIDDLE)]
    if filled:
        return [points(engine, at, "big")]
    return [points(engine, at, "hollow"), core(engine, (x, _MIDDLE))]


_SPARKLINE_WIDTH, _SPARKLINE_HEIGHT = 90, 24


def sparkline(fronts: Mapping[str, Sequence[Point]]) -> Figure:
    """Draw each engine's front, leaves (logarithmic) to the right, loss upwards.

    There are no labels, and the axes fit this front only: it shows how fast the loss
    decreases with size, not how low it is. The mark is the lowest loss.

    Parameters
    ----------
    fronts : mapping of str to sequence of (leaves, loss)
        By ascending leaves, one per engine.
    """
    known = {
        engine: [p for p in front if is_number(p[0]) and is_number(p[1])]
        for engine, front in fronts.items()
    }
    every = [p for front in known.values() for p in front]
    high = robust_high(loss for _, loss in every)
    shown = [p for p in every if high is None or p[1] <= high]
    x = log_scale([p[0] for p in shown], 4.0, _SPARKLINE_WIDTH - 5.0, room=6)
    y = linear_scale([p[1] for p in shown], _SPARKLINE_HEIGHT - 4.0, 4.0, margin=0.0)

    def drawn(engine: str, front: Sequence[Point]) -> Fragment:
        where = [(x(a), y(b)) for a, b in front if high is None or b <= high]
        stairs = steps(where, f"fr {encoding(engine).class_}")
        return group(stairs, points(engine, where[-1:]))

    described = "; ".join(
        _describe_front(engine, front) for engine, front in known.items() if front
    )
    return draw(
        _SPARKLINE_WIDTH,
        _SPARKLINE_HEIGHT,
        *(drawn(engine, front) for engine, front in known.items()),
        title="Front of size and loss",
        description=described or "nothing was measured",
    )


def _describe_front(engine: str, front: Sequence[Point]) -> str:
    leaves, loss = min(front, key=lambda point: point[1])
    name = encoding(engine).name
    return f"{name}: lowest loss {significant(loss, 4)} at {count(leaves)} leaves"


_PROMISE_WIDTH, _PROMISE_HEIGHT = 640, 240
_PROMISE_LEFT, _PROMISE_RIGHT, _TOP, _BOTTOM = 62, 520, 12, 196
_APART = 15.0
_KINDS = {"inner": "pk", "outer": "ln"}


def promise_chart(incumbents: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw inner (dashed) and outer (solid) loss of the incumbents by trial.

    Parameters
    ----------
    incumbents : mapping of str to sequence of mapping
        By engine, each with ``trial``, ``inner`` and ``outer``, by ascending trial.
    """
    points = list(chain.from_iterable(incumbents.values()))
    losses = [point[kind] for point in points for kind in ("inner", "outer")]
    last = max(point["trial"] for point in points)
    x = linear_scale([0, max(last, 1)], _PROMISE_LEFT + 6.0, _PROMISE_RIGHT - 4.0)
    y = linear_scale(losses, _BOTTOM - 6.0, float(_TOP))
    ends = sorted(
        (
            (engine, kind, y(found[-1][kind]))
            for engine, found in incumbents.items()
            for kind in _KINDS
        ),
        key=lambda end: end[2],
    )
    heights = spread([end for _, _, end in ends], _APART, _TOP, _BOTTOM)
    return draw(
        _PROMISE_WIDTH,
        _PROMISE_HEIGHT,
        vertical_axis(y, _PROMISE_LEFT, _PROMISE_RIGHT),
        horizontal_axis(x, _BOTTOM, label="trial"),
        *(
            _line(engine, kind, found, x, y)
            for engine, found in incumbents.items()
            for kind in _KINDS
        ),
        *(
            text(
                _PROMISE_RIGHT + 6,
                height + 4,
                f"{_short(engine)} {kind}",
                f"halo {encoding(engine).class_}",
            )
            for (engine, kind, _), height in zip(ends, heights, strict=True)
        ),
        title="Loss of the incumbents by trial",
        description=_describe(incumbents),
    )


def _short(engine: str) -> str:
    facts = ENGINE_FACTS.get(engine)
    return engine if facts is None else facts.short or facts.label


def _line(
    engine: str, kind: str, found: Sequence[Mapping[str, Any]], x: Scale, y: Scale
) -> Fragment:
    where: list[Point] = [(x(one["trial"]), y(one[kind])) for one in found]
    where.append((x(x.high), where[-1][1]))
    return steps(where, f"{_KINDS[kind]} {encoding(engine).class_}")


def _describe(incumbents: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    described = [
        f"{encoding(engine).name}: after trial {found[-1]['trial']} inner loss "
        f"{found[-1]['inner']:.4g}, outer loss {found[-1]['outer']:.4g}."
        for engine, found in incumbents.items()
        if found
    ]
    return " ".join(described)
