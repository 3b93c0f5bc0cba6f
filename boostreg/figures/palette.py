"""Colours and shapes: each engine has a hue and a shape as a second cue.

Claims have hues of their own, ``l1`` and ``l2`` for the two penalties.

Pairs are light and dark. Tests check contrast and colour-blind distances of this table.
There is no purple, and worse and better are never red and green.
"""

from dataclasses import dataclass

from boostreg.engine_facts import ENGINE_FACTS, Shape

__all__ = ["PALETTE", "Encoding", "encoding", "palette_css"]

PALETTE = {
    "bg": ("#fcfbf8", "#14171b"),
    "panel": ("#f4f2ec", "#1c2026"),
    "ink": ("#16191d", "#eceae4"),
    "ink2": ("#4b5058", "#b3b8bf"),
    "rule": ("#d9d5cb", "#363c44"),
    "grid": ("#e7e3d9", "#2a2f36"),
    "x": ("#0b4f8f", "#5aa9ee"),
    "l": ("#c9530a", "#f6b04e"),
    "lt": ("#b84a06", "#f6b04e"),
    "s": ("#16191d", "#eceae4"),
    "n": ("#6d7177", "#9aa1aa"),
    "l1": ("#00685f", "#58c7b8"),
    "l2": ("#a92268", "#f29ac0"),
    "hl": ("#fff3c4", "#3b3413"),
    "focus": ("#0b4f8f", "#8cc6ff"),
    "warnbg": ("#fff1cf", "#3a2f10"),
    "warnink": ("#4a3500", "#ffe3a1"),
}

_FORCED = {
    "bg": "Canvas",
    "panel": "Canvas",
    "ink": "CanvasText",
    "ink2": "CanvasText",
    "rule": "GrayText",
    "grid": "GrayText",
    "x": "LinkText",
    "l": "CanvasText",
    "lt": "CanvasText",
    "s": "CanvasText",
    "n": "GrayText",
    "l1": "LinkText",
    "l2": "CanvasText",
    "hl": "Canvas",
    "focus": "Highlight",
    "warnbg": "Canvas",
    "warnink": "CanvasText",
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How an engine is drawn: a class of the stylesheet and a shape."""

    class_: str
    name: str
    shape: Shape


def encoding(engine: str) -> Encoding:
    """Return how ``engine`` is drawn; other models are grey diamonds.

    >>> encoding("lightgbm").shape, encoding("ridge").name
    ('square', 'ridge')
    """
    if (facts := ENGINE_FACTS.get(engine)) is None:
        return Encoding("n", engine, "diamond")
    return Encoding(facts.style, facts.label, facts.shape)


def palette_css(selector: str) -> str:
    """Return the colours as custom properties of ``selector``, for light and dark."""
    light = ";".join(f"--{name}:{pair[0]}" for name, pair in PALETTE.items())
    both = ";".join(
        f"--{name}:light-dark({pair[0]},{pair[1]})" for name, pair in PALETTE.items()
    )
    forced = ";".join(f"--{name}:{value}" for name, value in _FORCED.items())
    return (
        f"{selector}{{{light}}}\n"
        f"@supports (color:light-dark(#000,#fff)){{"
        f"{selector}{{color-scheme:light dark;{both}}}}}\n"
        f"@media (forced-colors:active){{{selector}{{{forced}}}}}\n"
    )
