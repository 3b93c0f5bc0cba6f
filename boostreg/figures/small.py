"""Small charts: shares of variance, counts, searched ranges, fronts, incumbents."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.marks import Point, points, steps
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    count,
    is_number,
    known,
    linear_scale,
    log_scale,
    percent,
    robust_high,
    shorten,
    significant,
)
from boostreg.figures.svg import Fragment, circle, element, path, px, text

__all__ = [
    "counts_chart",
    "promise_chart",
    "share_bars",
    "sparkline",
]


def share_bars(
    shares: Mapping[str, Mapping[str, float | None]],
    names: Sequence[str],
    *,
    title: str,
) -> Figure:
    """Draw a bar from 0 to 100% per name and engine, in the order of ``names``.

    A share of None is not determined: text instead of a bar. Estimates slightly outside
    0 to 1 are drawn at that end, with the unchanged number.
    """
    bar, left, right = 11.0, 132.0, 290.0
    block = bar * len(shares) + 9
    foot = block * len(names) + 8
    frame = Frame(330, round(foot + 22), left, right, top=4, bottom=foot)

    def at(share: float) -> float:
        return left + min(max(share, 0.0), 1.0) * (right - left)

    def words(share: float | None) -> str:
        return "not determined" if share is None else percent(share)

    parts: list[Fragment] = [
        path(f"M{px(at(share))} 4V{px(foot)}", "ax" if share == 0 else "g")
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    parts += [
        text(at(share), foot + 15, percent(share), anchor="middle")
        for share in (0.0, 0.5, 1.0)
    ]
    for k, name in enumerate(names):
        top = 6 + block * k
        middle = top + bar * len(shares) / 2 + 4
        parts.append(text(left - 8, middle, shorten(name, 18), "k", "end"))
        for j, (engine, found) in enumerate(shares.items()):
            y, share = top + bar * j, found.get(name)
            if share is None:
                parts.append(text(left + 4, y + 9, words(share), "n"))
                continue
            width = max(at(share) - left, 1.0)
            class_ = f"bar {encoding(engine).class_}"
            box = {"x": left, "y": y + 1, "width": width, "height": bar - 2}
            parts.append(element("rect", **box, class_=class_))
            parts.append(text(at(share) + 4, y + 9.5, percent(share), "halo small"))
    described = "; ".join(
        f"{encoding(engine).name}: "
        + ", ".join(f"{name} {words(found.get(name))}" for name in names)
        for engine, found in shares.items()
    )
    return frame.draw(*parts, title=title, description=described)


def counts_chart(counts: Mapping[str, float], *, title: str) -> Figure:
    """Draw one row per count with its number; an unknown count has no dot."""
    foot = 22.0 * len(counts) + 10
    frame = Frame(520, round(foot + 46), left=110, right=440, top=6, bottom=foot)
    x = log_scale([1.0, *known(counts.values())], frame.left + 6, frame.right - 6)
    parts = [frame.horizontal_axis(x, grid=True, label="count (log axis)")]
    for k, (name, value) in enumerate(counts.items()):
        y = 17 + 22.0 * k
        parts.append(text(frame.left - 12, y + 4, name, anchor="end"))
        parts.append(text(frame.right + 12, y + 4, count(value), "k"))
        if is_number(value):
            start = px(x.start if x.zero is None else x.zero)
            parts.append(path(f"M{start} {px(y)}H{px(x(value))}", "lead"))
            parts.append(circle(x(value), y, 4, "dot"))
    described = "; ".join(f"{name} {count(value)}" for name, value in counts.items())
    return frame.draw(*parts, title=title, description=described)


def sparkline(fronts: Mapping[str, Sequence[Point]]) -> Figure:
    """Draw each engine's front, leaves (logarithmic) to the right, loss upwards.

    There are no labels, and the axes fit this front only: it shows how fast the loss
    decreases with size, not how low it is. The mark is the lowest loss.

    ``fronts`` has pairs of leaves and loss, by ascending leaves.
    """
    frame = Frame(width=90, height=24, left=4, right=85, top=4, bottom=20)
    finite = {
        engine: [(a, b) for a, b in front if is_number(a) and is_number(b)]
        for engine, front in fronts.items()
    }
    every = [point for front in finite.values() for point in front]
    high = robust_high(loss for _, loss in every)
    shown = [p for p in every if high is None or p[1] <= high]
    x = log_scale([p[0] for p in shown], frame.left, frame.right, room=6)
    y = linear_scale([p[1] for p in shown], frame.bottom, frame.top, margin=0.0)
    parts, described = [], []
    for engine, front in finite.items():
        drawn = encoding(engine)
        where = [(x(a), y(b)) for a, b in front if high is None or b <= high]
        parts += [steps(where, f"fr {drawn.class_}"), points(engine, where[-1:])]
        if front:
            leaves, loss = min(front, key=lambda point: point[1])
            lowest = f"lowest loss {significant(loss, 4)} at {count(leaves)} leaves"
            described.append(f"{drawn.name}: {lowest}")
    return frame.draw(
        *parts,
        title="Front of size and loss",
        description="; ".join(described) or "nothing was measured",
    )


def promise_chart(incumbents: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw inner (dashed) and outer (solid) loss of the incumbents by trial.

    ``incumbents`` have ``trial``, ``inner`` and ``outer``, by ascending trial.
    """
    frame = Frame(width=640, height=240, left=62, right=520, top=12, bottom=196)
    every = [point for found in incumbents.values() for point in found]
    last = max(point["trial"] for point in every)
    x = frame.across([0, max(last, 1)])
    y = frame.up([point[kind] for point in every for kind in ("inner", "outer")])
    lines, ends, described = [], [], []
    for engine, found in incumbents.items():
        drawn, facts, end = encoding(engine), ENGINE_FACTS.get(engine), found[-1]
        short = engine if facts is None else facts.short or facts.label
        for kind, style in (("inner", "pk"), ("outer", "ln")):
            where: list[Point] = [(x(one["trial"]), y(one[kind])) for one in found]
            where.append((x(x.high), where[-1][1]))
            lines.append(steps(where, f"{style} {drawn.class_}"))
            ends.append((y(end[kind]), f"{short} {kind}", f"halo {drawn.class_}"))
        described.append(
            f"{drawn.name}: after trial {end['trial']} inner loss "
            f"{end['inner']:.4g}, outer loss {end['outer']:.4g}."
        )
    return frame.draw(
        frame.vertical_axis(y),
        frame.horizontal_axis(x, label="trial"),
        *lines,
        frame.end_labels(ends, frame.right + 6),
        title="Loss of the incumbents by trial",
        description=" ".join(described),
    )
