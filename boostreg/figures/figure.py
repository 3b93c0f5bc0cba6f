"""A finished figure: embedded in pages, displayed in notebooks, saved to files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from boostreg.errors import FigureError, reason
from boostreg.figures.palette import PALETTE, palette_css
from boostreg.figures.svg import Fragment, element, to_png

__all__ = [
    "Figure",
    "draw",
    "figure_css",
    "notebook_html",
    "notebook_page",
    "notebook_table",
]


@cache
def figure_css() -> str:
    """Return the CSS rules of figures; colours come from ``palette_css``."""
    return files("boostreg.figures").joinpath("figures.css").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as SVG.

    Attributes
    ----------
    title : str
        Short description of the content.
    svg : str
        One ``<svg>`` element, for a page with ``figure_css`` and ``palette_css``.
    width, height : int
        Size in pixels at which text has its natural size.
    """

    title: str
    svg: str
    width: int
    height: int

    def standalone(self) -> str:
        """Return the figure as a document with its own stylesheet.

        Plain colours come first, for programs without CSS custom properties; the
        colour scheme of the reader is followed if it is known.
        """
        themed = palette_css(".boostreg") + figure_css()
        asked = f"@supports (color:light-dark(#000,#fff)){{{themed}}}"
        style = element("style", Fragment(_plain_css() + asked))
        return self._document(element("title", self.title) + style)

    def save(self, path: str | Path) -> Path:
        """Write the figure and return its path.

        Parameters
        ----------
        path : str or Path
            Ends in ``.svg`` or ``.png``. A PNG has light colours and double resolution,
            and needs the extra ``png`` or a Chromium on the PATH.

        Raises
        ------
        FigureError
            If the suffix is another one, the converter fails, or the file cannot be
            written.
        MissingExtraError
            If there is no PNG converter; the message says what to install.
        """
        target = Path(path)
        match target.suffix.lower():
            case ".svg":
                content = (self.standalone() + "\n").encode("utf-8")
            case ".png":
                content = to_png(self._flat(), self.width, self.height)
            case other:
                raise FigureError(
                    f"path must end in .svg or .png, got {other!r} in {str(path)!r}."
                )
        try:
            target.write_bytes(content)
        except OSError as error:
            raise FigureError(
                f"{target} could not be written: {reason(error)}."
            ) from error
        return target

    def _flat(self) -> str:
        """Return a document in light colours, for programs with little CSS support."""
        ground = element(
            "rect", width=self.width, height=self.height, fill=PALETTE["bg"][0]
        )
        font = Fragment(".boostreg{font-family:sans-serif;font-size:12px}")
        return self._document(element("style", Fragment(_plain_css() + font)) + ground)

    def _document(self, head: str) -> str:
        opening, rest = self.svg.split(">", 1)
        size = f' width="{self.width}" height="{self.height}"'
        space = ' xmlns="http://www.w3.org/2000/svg"'
        return f"{opening}{space}{size}>{head}{rest}"

    def _repr_html_(self) -> str:
        return self.standalone()


@cache
def _plain_css() -> str:
    """Return the rules with light colours in place of custom properties."""
    return re.sub(
        r"var\(--([a-z0-9]+)\)", lambda found: PALETTE[found[1]][0], figure_css()
    )


def draw(
    width: int, height: int, *children: str, title: str, description: str
) -> Figure:
    """Return a figure of ``children``; title and description are for screen readers."""
    svg = element(
        "svg",
        *children,
        class_="boostreg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=f"{title}. {description}",
    )
    return Figure(title, svg, width, height)


def notebook_table(
    caption: str, heads: Sequence[str], rows: Mapping[str, Sequence[str]]
) -> str:
    """Return a table with row headers; all text is escaped."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("", *heads))
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows.items()
    )
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return (
        f"<table><caption>{escape(caption)}</caption>{top}<tbody>{body}</tbody></table>"
    )


def notebook_html(*parts: str | Figure) -> str:
    """Return markup and figures, each figure at its natural width at most."""
    shown = "".join(
        f'<div style="flex:0 1 {part.width}px">{part.standalone()}</div>'
        if isinstance(part, Figure)
        else f"<div>{part}</div>"
        for part in parts
    )
    return f'<div style="display:flex;gap:1.5em;flex-wrap:wrap">{shown}</div>'


_PAGE_CSS = (
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2em "
    "auto;max-width:72em;padding:0 1em}table{border-collapse:collapse;margin:1em 0}"
    "caption{text-align:left;font-weight:600}th,td{padding:.15em .8em .15em 0;"
    "text-align:right;font-variant-numeric:tabular-nums}pre{overflow-x:auto}"
)


def notebook_page(title: str, *parts: str | Figure) -> str:
    """Return what a notebook shows as a page of its own; ``title`` is escaped."""
    shown = "\n".join(map(notebook_html, parts))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_PAGE_CSS}</style>\n"
        f"<h1>{escape(title)}</h1>\n{shown}\n</html>\n"
    )
