"""Shares of the variance as bars, one group a penalty."""

from collections.abc import Mapping, Sequence

from boostreg.figures.figure import Figure, draw
from boostreg.figures.numerals import percent, shorten
from boostreg.figures.palette import encoding
from boostreg.figures.svg import Fragment, element, group, path, px, text

__all__ = ["share_bars"]

_WIDTH, _LEFT, _RIGHT, _BAR, _GAP = 330, 132.0, 290.0, 11.0, 9.0


def share_bars(
    shares: Mapping[str, Mapping[str, float | None]],
    names: Sequence[str],
    *,
    title: str,
) -> Figure:
    """Draw a bar from 0 to 100% for each name and engine.

    Parameters
    ----------
    shares : mapping of engine to mapping of name to share
        None where it is not determined: words stand instead of a bar. An estimate a
        little beyond 0 or 1 is drawn at that end, its number as it is.
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
    said = "; ".join(
        f"{encoding(engine).name}: "
        + ", ".join(f"{name} {_words(found.get(name))}" for name in names)
        for engine, found in shares.items()
    )
    return draw(_WIDTH, height, *parts, title=title, description=said)


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
