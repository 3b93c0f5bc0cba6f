"""SVG elements as safe markup, and conversion to PNG by resvg or a browser."""

import os
import re
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path

from boostreg.errors import FigureError, MissingExtraError

__all__ = [
    "BROWSERS",
    "Fragment",
    "circle",
    "element",
    "group",
    "path",
    "px",
    "text",
    "to_png",
]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Browsers to look for on the PATH, in order, without the package resvg_py."""

_ZOOM = 2
_SECONDS = 60


def to_png(svg: str, width: int, height: int) -> bytes:
    """Return an SVG document as a PNG with two pixels per unit.

    Raises
    ------
    MissingExtraError
        If there is no converter.
    FigureError
        If the converter fails.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        return _by_browser(svg, width, height)
    return bytes(svg_to_bytes(svg_string=svg, zoom=_ZOOM))


def _by_browser(svg: str, width: int, height: int) -> bytes:
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if program is None:
        raise MissingExtraError(
            "A PNG needs a converter: run 'pip install boostreg[png]', put one of "
            f"{', '.join(BROWSERS)} on the PATH, or save as .svg."
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source, target = Path(folder, "figure.svg"), Path(folder, "figure.png")
        source.write_bytes(svg.encode("utf-8"))
        command = [
            program,
            "--headless",
            # root cannot use the sandbox; the figure is our own and loads nothing
            *(["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={Path(folder, 'profile')}",
            f"--force-device-scale-factor={_ZOOM}",
            f"--window-size={width},{height}",
            f"--screenshot={target}",
            source.as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603  our own arguments
        except (OSError, subprocess.SubprocessError) as error:
            raise FigureError(f"{program} made no PNG: {error}.") from error
        if not target.exists():
            raise FigureError(f"{program} wrote no PNG.")
        return target.read_bytes()


# XML 1.0 forbids these even as character references.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Fragment(str):
    """Markup that is safe to put inside other markup."""

    __slots__ = ()


def px(value: float) -> str:
    """Return a coordinate with one decimal, which is below what the eye can see.

    >>> px(12.0), px(12.34), px(-0.01)
    ('12', '12.3', '0')
    """
    rounded = f"{value:.1f}".removesuffix(".0")
    return "0" if rounded == "-0" else rounded


def element(tag: str, *children: str, **attributes: object) -> Fragment:
    """Return one element; text that is not a ``Fragment`` is escaped.

    Attributes with value None are omitted, numbers are rounded by ``px``, and
    ``text_anchor`` is written ``text-anchor``, ``class_`` is written ``class``.

    >>> element("text", "a < b", class_="k", x=1.26)
    '<text class="k" x="1.3">a &lt; b</text>'
    """
    written = ""
    for name, value in attributes.items():
        if value is not None:
            content = escape(_clean(str(value)))
            if isinstance(value, int | float):
                content = px(value)
            written += f' {name.rstrip("_").replace("_", "-")}="{content}"'
    body = "".join(
        child if isinstance(child, Fragment) else escape(_clean(child), quote=False)
        for child in children
    )
    return Fragment(f"<{tag}{written}>{body}</{tag}>" if body else f"<{tag}{written}/>")


def group(*children: str, **attributes: object) -> Fragment:
    """Return a group of elements."""
    return element("g", *children, **attributes)


def path(d: str, class_: str, **attributes: object) -> Fragment:
    """Return a path; an empty path is omitted."""
    return element("path", d=d, class_=class_, **attributes) if d else Fragment()


def circle(x: float, y: float, radius: float, class_: str) -> Fragment:
    """Return a circle."""
    return element("circle", cx=x, cy=y, r=radius, class_=class_)


def text(
    x: float, y: float, content: str, class_: str | None = None, anchor: str = "start"
) -> Fragment:
    """Return a line of text with its baseline at ``y``."""
    side = None if anchor == "start" else anchor
    return element("text", content, x=x, y=y, class_=class_, text_anchor=side)


def _clean(content: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", content)
