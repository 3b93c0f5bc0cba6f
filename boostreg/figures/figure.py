"""A finished picture: it goes into a page, shows itself in a notebook, saves itself."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from boostreg.figures.palette import palette_css
from boostreg.figures.svg import Fragment, element

__all__ = ["Figure", "draw", "figure_css"]


@cache
def figure_css() -> str:
    """Return the rules for what figures draw; colours come from ``palette_css``."""
    return files("boostreg.figures").joinpath("figures.css").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as SVG.

    Attributes
    ----------
    title : str
        What is shown, in a few words.
    svg : str
        One ``<svg>`` element for a page that has ``figure_css`` and ``palette_css``.
    width, height : int
        Size in pixels at which text has its natural size.
    """

    title: str
    svg: str
    width: int
    height: int

    def standalone(self) -> str:
        """Return the picture as a document that carries its own stylesheet."""
        style = element("style", Fragment(palette_css(".boostreg") + figure_css()))
        title = element("title", self.title)
        opening, rest = self.svg.split(">", 1)
        size = f' width="{self.width}" height="{self.height}"'
        space = ' xmlns="http://www.w3.org/2000/svg"'
        return f"{opening}{space}{size}>{title}{style}{rest}"

    def save(self, path: str | Path) -> Path:
        """Write the picture as an SVG file and return its path."""
        target = Path(path)
        with target.open("w", encoding="utf-8", newline="\n") as file:
            file.write(self.standalone() + "\n")
        return target

    def _repr_html_(self) -> str:
        return self.standalone()


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
