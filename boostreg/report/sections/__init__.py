"""The sections of the page: each turns results into what the template lays out."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures.scale import places
from boostreg.report.claims import judges_claims
from boostreg.report.results import Results
from boostreg.report.sections.answer import answer_section
from boostreg.report.sections.claims import claims_section
from boostreg.report.sections.importance import importance_section, promise_section
from boostreg.report.sections.parameters import parameters_section
from boostreg.report.sections.penalties import penalties_section
from boostreg.report.sections.setup import setup_section
from boostreg.report.sections.simple import simple_section
from boostreg.report.sections.size import size_section
from boostreg.report.sections.table import select_rows, trials_section
from boostreg.report.wording import PICKS

__all__ = ["SECTIONS", "Rows", "build_sections"]

SECTIONS = (
    "answer", "claims", "use", "effects", "importance", "size",
    "simple", "promise", "trials", "setup",
)  # fmt: skip
"""Every section that a page may have, by the key that its template reads."""

Rows = Sequence[Mapping[str, object]]
"""The rows of a CSV file of a run."""


def build_sections(
    results: Results, trials: Rows, paths: Rows, fits: Rows = ()
) -> list[dict[str, Any]]:
    """Return the sections of a page, without those that have no data.

    A run that judges claims only has no section on tuning.
    """
    if judges_claims(results):
        wall = claims_section(results)
        shown_of_claims = (answer_section(results), wall, setup_section(results))
        return [section for section in shown_of_claims if section is not None]
    engines = results["engines"].values()
    losses = [found[pick]["outer"]["loss"] for found in engines for pick in PICKS]
    decimals = places([min((v for v in losses if v is not None), default=1.0)])
    shown = select_rows(results, trials)
    built = (
        answer_section(results),
        claims_section(results),
        parameters_section(results),
        penalties_section(results, paths, decimals),
        importance_section(results),
        size_section(results, shown, decimals, fits),
        simple_section(results, decimals),
        promise_section(results, decimals),
        trials_section(results, shown, decimals),
        setup_section(results),
    )
    return [section for section in built if section is not None]
