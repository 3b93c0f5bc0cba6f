"""Tables and figures as a notebook shows them: in one row while there is room."""

from collections.abc import Mapping, Sequence
from html import escape

from boostreg.figures.figure import Figure

__all__ = ["notebook_html", "notebook_table"]


def notebook_table(
    caption: str, heads: Sequence[str], rows: Mapping[str, Sequence[str]]
) -> str:
    """Return a table whose rows have a head each; all text is escaped."""
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
    """Return markup and figures, each figure at most as wide as it was drawn."""
    shown = "".join(
        f'<div style="flex:0 1 {part.width}px">{part.standalone()}</div>'
        if isinstance(part, Figure)
        else f"<div>{part}</div>"
        for part in parts
    )
    return f'<div style="display:flex;gap:1.5em;flex-wrap:wrap">{shown}</div>'
