"""What each penalty does: a row per penalty, its change of loss and of leaves.

There is a wide drawing and one for phones; intervals that an axis cuts end in an arrow.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.intervals import level_interval
from boostreg.figures.marks import mark
from boostreg.figures.palette import encoding
from boostreg.figures.scale import (
    Scale,
    factor,
    is_number,
    known,
    linear_scale,
    shorten,
    tick_percent,
)
from boostreg.figures.svg import Fragment, path, px, text

__all__ = ["PenaltyEffect", "PenaltyRow", "penalty_forest"]

Ends = tuple[float | None, float | None, float | None]
"""An estimate, then the low and the high end of its interval."""


@dataclass(frozen=True, slots=True)
class PenaltyEffect:
    """What tuning a penalty does with one engine.

    Attributes
    ----------
    engine : str
        Determines colour and shape.
    change, factor : tuple of float or None
        Change of loss, as a share, and factor on the leaves: estimate, low, high.
    with_others : bool
        Whether the other penalties are at their tuned values; hollow if not.
    """

    engine: str
    change: Ends
    factor: Ends
    with_others: bool = True


@dataclass(frozen=True, slots=True)
class PenaltyRow:
    """A penalty: its name, what it is, the word for what it does, and its effects.

    ``note`` says more where the numbers surprise.
    """

    name: str
    what: str
    word: str
    effects: tuple[PenaltyEffect, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Panels:
    """Where a forest has its text and its two panels, and how high its rows are."""

    width: int
    left: tuple[float, float]
    right: tuple[float, float]
    top: float
    step: float
    text_above: float
    letters: int


_FOREST = _Panels(620, (176, 388), (420, 612), 34, 14, 0, 26)
_FOREST_NARROW = _Panels(328, (6, 156), (182, 322), 34, 13, 38, 24)
_FACTORS = (0.1, 1 / 3, 1.0, 3.0, 10.0)
_FARTHEST_CHANGE = 1.0
"""Changes of loss beyond +100% are arrows."""


def penalty_forest(
    rows: Sequence[PenaltyRow], *, loss: str, narrow: bool = False
) -> Figure:
    """Draw a row per penalty: its change of loss, and its factor on the leaves.

    The axis of factors goes from a tenth to ten times; what lies beyond is an arrow.
    """
    form = _FOREST_NARROW if narrow else _FOREST
    heights = [_height(row, form) for row in rows]
    foot = form.top + sum(heights)
    x = _change_scale(rows, *form.left)
    factors = Scale(0.1, 10.0, *form.right, log=True)
    n = 3 if narrow else 6
    parts: list[Fragment] = [
        text(form.left[0], 11, "change of loss", "k"),
        text(form.left[0], 25, "left is better"),
        text(form.right[0], 11, "change of leaves", "k"),
        text(form.right[0], 25, "left is smaller (log)"),
    ]
    marks = (
        (x, 0.0, [(t.value, _percent(t.value)) for t in x.ticks(n)]),
        (
            factors,
            1.0,
            [(v, _factor(v)) for v in (_FACTORS[::2] if narrow else _FACTORS)],
        ),
    )
    for scale, _, found in marks:
        parts += _tick_labels(scale, found, foot)
    top = form.top
    for row, height in zip(rows, heights, strict=True):
        parts.append(path(f"M0 {px(top)}H{form.width}", "g"))
        for scale, origin, found in marks:
            for value, _ in found:
                class_ = "ax" if math.isclose(value, origin, abs_tol=1e-12) else "g"
                start, end = px(top + form.text_above), px(top + height)
                parts.append(path(f"M{px(scale(value))} {start}V{end}", class_))
        parts += _row_text(row, top, form)
        parts += _row_marks(row, top, form, x, factors)
        top += height
    described = "; ".join(
        f"{row.name} {row.word}: "
        + ", ".join(
            f"{encoding(e.engine).name} {'' if e.with_others else 'alone '}"
            f"{_percent(e.change[0])} loss, leaves {_factor(e.factor[0])}"
            for e in row.effects
        )
        for row in rows
    )
    frame = Frame(form.width, round(foot + 20), *form.left, form.top, foot)
    return frame.draw(
        *parts,
        title=f"What each penalty does to {loss} and leaves",
        description=described,
    )


def _change_scale(rows: Sequence[PenaltyRow], start: float, end: float) -> Scale:
    effects = [effect for row in rows for effect in row.effects]
    estimates = known(effect.change[0] for effect in effects)
    farthest = max(map(abs, estimates), default=0.0)
    limit = min(max(2.2 * farthest, 0.1), _FARTHEST_CHANGE)
    ends = known(end for effect in effects for end in effect.change)
    shown = [0.0, *(min(max(v, -limit), limit) for v in ends)]
    shown += [-0.02, 0.02]
    return linear_scale(shown, start, end, margin=0.04)


def _tick_labels(
    scale: Scale, marks: Sequence[tuple[float, str]], foot: float
) -> Iterator[Fragment]:
    """Yield the labels of an axis, those near its ends inside of it."""
    for value, words in marks:
        place = scale(value)
        x, anchor = place, "middle"
        if scale.end - place < 16:
            x, anchor = place + 6, "end"
        elif place - scale.start < 16:
            x, anchor = place - 6, "start"
        yield text(x, foot + 15, words, anchor=anchor)


def _height(row: PenaltyRow, form: _Panels) -> float:
    effects = form.text_above + len(row.effects) * form.step
    if form.text_above:
        return effects + 10
    lines = 2 + len(_wrapped(row.what, form.letters)) + bool(row.note)
    return max(effects, 6 + 15.5 * lines) + 10


def _percent(share: float | None) -> str:
    if not is_number(share):
        return "cut by rounds.max"
    if share == 0:
        return "0"
    return tick_percent(share)


def _factor(ratio: float | None) -> str:
    """Return a factor after its sign.

    >>> _factor(1 / 3)[1:], _factor(10.0)[1:], _factor(1.0)
    ('3', '10', 'same')
    """
    words = factor(ratio)
    return "same" if words[1:] == "1" else words


def _row_text(row: PenaltyRow, top: float, form: _Panels) -> Iterator[Fragment]:
    """Yield the name of a penalty, what it is, the word for what it does, the note."""
    name = shorten(row.name, 22)
    class_ = "k" if row.word in ("helps", "harms") else None
    if form.text_above:
        yield text(0, top + 16, name, "k")
        yield text(form.width, top + 16, row.word, class_, "end")
        yield text(0, top + 31, shorten(row.what, form.letters))
        yield text(form.width, top + 31, row.note, "i small", "end")
        return
    lines = _wrapped(row.what, form.letters)
    yield text(0, top + 19, name, "k")
    for k, line in enumerate([*lines, row.word, row.note]):
        style = (None, class_, "i small")[max(0, k + 1 - len(lines))]
        yield text(0, top + 34.5 + 15.5 * k, line, style)


def _wrapped(words: str, letters: int) -> list[str]:
    """Return words in at most two lines.

    >>> _wrapped("maximum splits from root to leaf", 20)
    ['maximum splits from', 'root to leaf']
    """
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) >= letters and len(lines) < 2:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [shorten(line, letters) for line in lines]


def _row_marks(
    row: PenaltyRow, top: float, form: _Panels, x: Scale, factors: Scale
) -> Iterator[Fragment]:
    """Yield the effects of a penalty, one line each, and its note."""
    first = top + form.text_above + 12
    unrated: list[float] = []
    for k, effect in enumerate(row.effects):
        y = first + k * form.step
        class_ = encoding(effect.engine).class_
        if not is_number(effect.change[0]):
            unrated.append(y)
        for ends, scale in ((effect.change, x), (effect.factor, factors)):
            value, low, high = ends
            if not is_number(value):
                continue
            thin = "ci" if effect.with_others else "ci weak"
            yield level_interval(scale, y, low, high, f"{thin} {class_}")
            if scale.low <= value <= scale.high:
                at = (scale(value), y)
                yield mark(effect.engine, at, filled=effect.with_others)
    # Neighbours without a change share the words.
    for y in unrated:
        if y - form.step not in unrated:
            run = 1
            while y + run * form.step in unrated:
                run += 1
            middle = y + (run - 1) * form.step / 2
            yield text(x(0) + 6, middle + 4, "cut by rounds.max", "n small halo")
