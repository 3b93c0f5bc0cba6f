"""All studies of a folder on one page: what each found, how large, how good.

Every number and sentence is one of a run's ``results.json``; only dates and seconds
depend on the clock.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from boostreg.figures import Figure, sparkline
from boostreg.figures.scale import count, fixed, percent, places
from boostreg.report.results import EngineData, Results
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.setup import without_folders
from boostreg.report.sections.words import engine_name, span
from boostreg.report.shell import fill

__all__ = ["IndexRow", "index_row", "render_index"]

_STYLES, _SCRIPTS = ("report.css", "pages.css"), ("tools.js", "index.js")

Cell = tuple[str, str | float | None, bool]
"""What is written, what is sorted by (None last both ways), and if it is text."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One study.

    Attributes
    ----------
    folder, link : str
        Its folder, and the page relative to the index; empty where there is no page.
    title, verdict : str
        The study's title, and the first sentence of its answer.
    front : Figure
        A sparkline.
    cells : tuple of Cell
        In the order of the page's columns.
    """

    folder: str
    link: str
    title: str
    verdict: str
    front: Figure
    cells: tuple[Cell, ...]


COLUMNS = ("loss", "95% interval", "measured as", "leaves", "saved", "engine", "trials",
           "data", "rows", "finished", "seconds")  # fmt: skip


def index_row(folder: str, results: Results, *, has_page: bool = True) -> IndexRow:
    """Return what the index says of a run.

    Loss and interval are those of the leading engine's ``one_se`` on the outer folds,
    leaves those of the model on all rows. Leaves saved compare ``one_se`` with the
    library's defaults, both as means over the outer folds.
    """
    engine = lead_engine(results)
    found = results["engines"][engine]
    return IndexRow(
        folder=folder,
        link=f"./{quote(folder, safe='', errors='replace')}/report.html"
        if has_page
        else "",
        title=results["study"]["title"] or "",
        verdict=next(iter(results["text"]["answer"]), ""),
        front=sparkline(_fronts(results)),
        cells=(*_loss_cells(results, found), *_leaf_cells(found), *_setting(results)),
    )


def render_index(
    rows: Sequence[IndexRow],
    left_out: Sequence[tuple[str, str]] = (),
    comparisons: Sequence[str] = (),
) -> str:
    """Return the page.

    Parameters
    ----------
    rows : sequence of IndexRow
    left_out : sequence of (str, str)
        Folders whose results can not be shown, each with the reason.
    comparisons : sequence of str
        Names of the comparison pages beside the index.
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


def _fronts(results: Results) -> dict[str, list[tuple[float, float]]]:
    return {
        engine: [(point["leaves"], point["loss"]) for point in found["front"]]
        for engine, found in results["engines"].items()
    }


def _loss_cells(results: Results, found: EngineData) -> list[Cell]:
    outer, name = found["one_se"]["outer"], results["data"]["loss"]
    loss = outer["loss"]
    decimals = places([loss])
    return [
        (fixed(loss, decimals), loss, False),
        (span(outer, decimals), outer["low"], False),
        (name, name, True),
    ]


def _leaf_cells(found: EngineData) -> list[Cell]:
    leaves = found["one_se"]["size"]["leaves"]
    tuned = found["one_se"]["outer_size"]["leaves"]
    plain = found["default"]["size"]["leaves"]
    saved = 1 - tuned / plain if plain and tuned is not None else None
    return [_counted(leaves), (percent(saved), saved, False)]


def _counted(value: float | None) -> Cell:
    return count(value), None if value is None else float(value), False


def _setting(results: Results) -> list[Cell]:
    engine = engine_name(lead_engine(results))
    trials = results["study"]["search"]["trials"]
    source, rows = without_folders(results["data"]["source"]), results["data"]["rows"]
    finished, seconds = results["run"]["finished"][:10], results["run"]["seconds"]
    return [
        (engine, engine, True),
        _counted(trials),
        (source, source, True),
        _counted(rows),
        (finished, finished, True),
        _counted(seconds),
    ]
