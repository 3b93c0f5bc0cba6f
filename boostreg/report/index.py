"""All studies of a folder on one page, from the ``results.json`` of each."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from boostreg.figures import Figure, sparkline
from boostreg.figures.scale import count, fixed, percent, places
from boostreg.report.results import Results
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.setup import without_folders
from boostreg.report.shell import fill
from boostreg.report.wording import engine_name, span

__all__ = ["IndexRow", "index_row", "render_index"]

_STYLES, _SCRIPTS = ("report.css", "print.css", "pages.css"), ("tools.js", "index.js")

Cell = tuple[str, str | float | None, bool]
"""What is written, what is sorted by (None last both ways), and if it is text."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One study: ``cells`` are in the order of the page's columns."""

    folder: str
    link: str  # to its page, relative to the index; empty where there is none
    title: str
    verdict: str  # the first sentence of its answer
    front: Figure
    cells: tuple[Cell, ...]


COLUMNS = ("loss", "95% interval", "measured as", "leaves", "saved", "engine", "trials",
           "data", "rows", "finished", "seconds")  # fmt: skip


def index_row(folder: str, results: Results, *, has_page: bool = True) -> IndexRow:
    """Return a run's row of the index.

    Loss and interval are those of the leading engine's ``one_se`` on the outer folds,
    leaves those of the model on all rows. Leaves saved compare ``one_se`` with the
    library's defaults, both as means over the outer folds.
    """
    lead, data = lead_engine(results), results["data"]
    found, engine = results["engines"][lead], engine_name(lead)
    one_se, default = found["one_se"], found["default"]
    outer, loss = one_se["outer"], one_se["outer"]["loss"]
    leaves, plain = one_se["outer_size"]["leaves"], default["size"]["leaves"]
    saved = 1 - leaves / plain if plain and leaves is not None else None
    source, finished = without_folders(data["source"]), results["run"]["finished"][:10]
    decimals = places([loss])
    link = f"./{quote(folder, safe='', errors='replace')}/report.html"
    fronts = {
        name: [(point["leaves"], point["loss"]) for point in one["front"]]
        for name, one in results["engines"].items()
    }
    return IndexRow(
        folder=folder,
        link=link if has_page else "",
        title=results["study"]["title"] or "",
        verdict=next(iter(results["text"]["answer"]), ""),
        front=sparkline(fronts),
        cells=(
            (fixed(loss, decimals), loss, False),
            (span(outer, decimals), outer["low"], False),
            (data["loss"], data["loss"], True),
            _counted(one_se["size"]["leaves"]),
            (percent(saved), saved, False),
            (engine, engine, True),
            _counted(results["study"]["search"]["trials"]),
            (source, source, True),
            _counted(data["rows"]),
            (finished, finished, True),
            _counted(results["run"]["seconds"]),
        ),
    )


def _counted(value: float | None) -> Cell:
    return count(value), None if value is None else float(value), False


def render_index(
    rows: Sequence[IndexRow],
    left_out: Sequence[tuple[str, str]] = (),
    comparisons: Sequence[str] = (),
) -> str:
    """Return the page.

    ``left_out`` are folders whose results cannot be shown, each with the reason,
    ``comparisons`` the names of the comparison pages beside the index.
    """
    pair = [row.folder for row in rows[:2]] if len(rows) > 1 else ["A", "B"]
    return fill(
        "index.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title="Studies of regularization",
        rows=rows,
        columns=COLUMNS,
        left_out=left_out,
        comparisons=[
            (name, f"./{quote(name, safe='', errors='replace')}")
            for name in comparisons
        ],
        command=f"boostreg compare {' '.join(map(shlex.quote, pair))}",
        shell_name=shlex.quote,
    )
