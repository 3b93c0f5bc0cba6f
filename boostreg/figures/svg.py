"""SVG as text that escapes itself: a child is markup only if this module made it."""

import re
from html import escape

__all__ = ["Fragment", "circle", "element", "group", "path", "px", "text"]

# What XML 1.0 forbids even as a character reference; a saved figure must stay readable.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Fragment(str):
    """Markup that is safe to put inside other markup."""

    __slots__ = ()


def px(value: float) -> str:
    """Return a coordinate with one decimal, the least that the eye can tell.

    >>> px(12.0), px(12.34), px(-0.01)
    ('12', '12.3', '0')
    """
    rounded = f"{value:.1f}".removesuffix(".0")
    return "0" if rounded == "-0" else rounded


def element(tag: str, *children: str, **attributes: object) -> Fragment:
    """Return one element; text that is not a ``Fragment`` is escaped.

    Attributes of value None are left out, numbers are rounded by ``px``, and
    ``text_anchor`` is written ``text-anchor``, ``class_`` is written ``class``.

    >>> element("text", "a < b", class_="k", x=1.26)
    '<text class="k" x="1.3">a &lt; b</text>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    body = "".join(
        child if isinstance(child, Fragment) else escape(_clean(child), quote=False)
        for child in children
    )
    return Fragment(f"<{tag}{written}>{body}</{tag}>")


def group(*children: str, **attributes: object) -> Fragment:
    """Return a group of elements."""
    return element("g", *children, **attributes)


def path(d: str, class_: str, **attributes: object) -> Fragment:
    """Return a path; an empty one is left out."""
    return element("path", d=d, class_=class_, **attributes) if d else Fragment()


def circle(x: float, y: float, radius: float, class_: str) -> Fragment:
    """Return a circle."""
    return element("circle", cx=x, cy=y, r=radius, class_=class_)


def text(
    x: float, y: float, content: str, class_: str | None = None, anchor: str = "start"
) -> Fragment:
    """Return a line of text that stands on ``y``."""
    side = None if anchor == "start" else anchor
    return element("text", content, x=x, y=y, class_=class_, text_anchor=side)


def _attribute(value: object) -> str:
    if isinstance(value, int | float):
        return px(value)
    return escape(_clean(str(value)))


def _clean(content: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", content)
