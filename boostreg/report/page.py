"""The report as one self-contained page, written from plain data.

Numbers and sentences come with ``results``; ``shell`` explains how a page is kept safe.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from boostreg.figures import Figure
from boostreg.report.claims import judges_claims
from boostreg.report.glossary import TERMS, link_terms
from boostreg.report.results import Results
from boostreg.report.sections import SECTIONS, Rows, build_sections
from boostreg.report.shell import fill, island
from boostreg.report.wording import counted_rows

__all__ = ["page_figures", "render"]

PARTS = {
    "answer": "Answer",
    "claims": "Claims",
    "penalties": "What each penalty does",
    "size": "Size against loss",
    "simple": "Trees or a simple model",
    "use": "Use it",
    "evidence": "Evidence",
}
"""The parts of a page by the id of their element, each in a template of its name."""

_STYLES = (
    "report.css",
    *(f"{part}.css" for part in PARTS),
    "print.css",
)
_SCRIPTS = (
    "tools.js", "scale.js", "zoom.js", "report.js", "penalties.js", "trials.js",
    "picture.js", "ready.js",
)  # fmt: skip

_CLAIM_SCRIPTS = ("tools.js", "report.js", "picture.js", "ready.js")


def render(results: Results, trials: Rows, paths: Rows, fits: Rows = ()) -> str:
    r"""Return the page of a run.

    Equal arguments give equal bytes; only ``results["run"]`` depends on the clock.

    The arguments are the content of ``results.json`` and the rows of ``trials.csv``,
    ``paths.csv`` and ``fits.csv``; a missing number is None or NaN. With ``fits``, a
    trial that is kept shows its folds. The HTML is to be written as UTF-8 with
    ``newline="\n"``: the page allows its own scripts and styles by the hash of their
    bytes.
    """
    sections = {
        section["id"]: section
        for section in build_sections(results, trials, paths, fits)
    }
    study = results["study"]
    data: dict[str, Any] = {"trials": None, "effects": {}, "budget": None}
    if "trials" in sections:
        data["trials"] = sections["trials"]["island"]
    if "size" in sections:
        data["budget"] = sections["size"]["island"]
    if "effects" in sections:
        data["effects"] = {
            card["penalty"]: {key: card[key] for key in ("grid", "readings")}
            for card in sections["effects"]["cards"]
        }
    page = fill(
        "report.html",
        styles=_STYLES,
        scripts=_CLAIM_SCRIPTS if judges_claims(results) else _SCRIPTS,
        title=study["title"] or study["name"] or "Regularization study",
        crumbs=list(_crumbs(results)),
        parts=[(part, name) for part, name in PARTS.items() if _has(part, sections)],
        sections=dict.fromkeys(SECTIONS) | sections,
        terms=TERMS,
        island=island(data),
    )
    return link_terms(page)


def _crumbs(results: Results) -> Iterator[str]:
    """Yield what the run is: its name, its data, its judges and its day."""
    data, outer = results["data"], results["study"]["validation"]["outer"]
    yield results["study"]["name"]
    if judges_claims(results):
        yield ", ".join(dict.fromkeys(one["resamples"] for one in results["claims"]))
        yield results["run"]["finished"][:10]
        return
    rows = counted_rows(data, results["study"])
    yield f"{rows}, {data['features']:,} features"
    folds, repeats = outer.get("folds"), outer.get("repeats") or 1
    judges = f"{folds:g} outer folds" if folds else "one outer split"
    if repeats > 1:
        judges += f", repeated {repeats:g} times,"
    yield f"judged on {judges} that no choice has seen"
    yield results["run"]["finished"][:10]


def _has(part: str, sections: Mapping[str, Any]) -> bool:
    needs = {"penalties": "effects", "evidence": "setup"}
    if part == "answer" and "use" not in sections:
        return False  # the counts of verdicts are the head of the claims
    return needs.get(part, part) in sections


def page_figures(results: Results, trials: Rows, paths: Rows) -> dict[str, Figure]:
    """Return the figures of a page by section and title, in its order.

    Small strips in tables are left out.
    """
    found: dict[str, Figure] = {}
    for section in build_sections(results, trials, paths):
        for figure in _figures_in(section):
            name = f"{section['id']}: {figure.title}"
            twice = sum(other.split(" #")[0] == name for other in found)
            found[f"{name} #{twice + 1}" if twice else name] = figure
    return found


def _figures_in(content: Any) -> Iterator[Figure]:
    if isinstance(content, Figure):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            if key != "narrow":  # the same figure once more, for phones
                yield from _figures_in(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _figures_in(value)
