"""All runs of a folder on one page, from the ``results.json`` of each.

Studies are rows of a table, runs that judge claims are cards below it.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from boostreg.figures import Figure, sparkline
from boostreg.figures.scale import MISSING, count, fixed, places
from boostreg.report.claims import count_verdicts, judges_claims
from boostreg.report.found import finding_sentence, surprise
from boostreg.report.results import Results
from boostreg.report.sections.answer import lead_engine
from boostreg.report.sections.claims import GLYPHS
from boostreg.report.shell import fill
from boostreg.report.wording import engine_name, span

__all__ = ["IndexRow", "index_row", "render_index"]

_STYLES, _SCRIPTS = ("report.css", "print.css", "pages.css"), ("tools.js", "index.js")

Cell = tuple[str, str | float | None, bool]
"""What is written, what is sorted by (None last both ways), and if it is text."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One run.

    Attributes
    ----------
    folder, title : str
        Its name, and what its study is called.
    link : str
        To its page, relative to the index; empty where there is none.
    says : str
        The first sentence of its answer; of claims the most surprising finding.
    heads : tuple of (str, str)
        Its short answers, each a question and the head of the answer.
    counts : tuple of (str, str, int)
        Glyph, verdict and number of claims; empty for a study.
    front : Figure
        Size and inner loss of its candidates.
    cells : tuple of Cell
        In the order of the page's columns.
    """

    folder: str
    link: str
    title: str
    says: str
    heads: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, str, int], ...]
    front: Figure
    cells: tuple[Cell, ...]


COLUMNS = ("loss", "95% interval", "measured as", "leaves", "engine", "trials", "rows",
           "finished", "time")  # fmt: skip


def index_row(folder: str, results: Results, *, has_page: bool = True) -> IndexRow:
    """Return a run's row of the index.

    Loss and interval are those of the leading engine's ``one_se`` on the outer folds,
    leaves those of the model on all rows.
    """
    lead, data = lead_engine(results), results["data"]
    one_se, engine = results["engines"][lead]["one_se"], engine_name(lead)
    outer, loss = one_se["outer"], one_se["outer"]["loss"]
    finished = results["run"]["finished"][:10]
    decimals = places([loss])
    link = f"./{quote(folder, safe='', errors='replace')}/report.html"
    fronts = {
        name: [(point["leaves"], point["loss"]) for point in one["front"]]
        for name, one in results["engines"].items()
    }
    says, counts = next(iter(results["text"]["answer"]), ""), {}
    if judges_claims(results):
        says = finding_sentence(max(results["claims"], key=surprise))
        counts = count_verdicts(results["claims"])
    answers, run = results["text"]["answers"], results["run"]
    time: Cell = (f"{count(run['seconds'])} s", float(run["seconds"]), False)
    if 2 * run["fits_from_journal"] > run["fits"]:  # read, not run
        time = (MISSING, None, False)
    return IndexRow(
        folder=folder,
        link=link if has_page else "",
        title=results["study"]["title"] or "",
        says=says,
        heads=tuple((one["question"], one["head"]) for one in answers),
        counts=tuple((GLYPHS[name], name, n) for name, n in counts.items()),
        front=sparkline(fronts),
        cells=(
            (fixed(loss, decimals), loss, False),
            (span(outer, decimals), outer["low"], False),
            (data["loss"], data["loss"], True),
            _counted(one_se["size"]["leaves"]),
            (engine, engine, True),
            _counted(results["study"]["search"]["trials"]),
            _counted(data["rows"]),
            (finished, finished, True),
            time,
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
    studies = [row for row in rows if not row.counts]
    pair = [row.folder for row in studies[:2]] if len(studies) > 1 else ["A", "B"]
    return fill(
        "index.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title="Studies of regularization",
        rows=studies,
        claims=[row for row in rows if row.counts],
        columns=COLUMNS,
        left_out=left_out,
        comparisons=[
            (name, f"./{quote(name, safe='', errors='replace')}")
            for name in comparisons
        ],
        command=f"boostreg compare {' '.join(map(shlex.quote, pair))}",
        shell_name=shlex.quote,
    )
