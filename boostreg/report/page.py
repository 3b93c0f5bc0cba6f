"""The report as one self-contained page, written from plain data.

No number is computed here and no sentence is made: both come with ``results``. How it
is kept safe stands in ``shell``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from boostreg.figures import Figure, encoding
from boostreg.figures.scale import places
from boostreg.report.results import Results
from boostreg.report.sections import (
    answer_section,
    baselines_section,
    claims_section,
    effects_section,
    engines_section,
    front_section,
    importance_section,
    parameters_section,
    promise_section,
    select_rows,
    setup_section,
    shrinkage_section,
    trees_section,
    trials_section,
)
from boostreg.report.sections.words import PICKS
from boostreg.report.shell import content_policy, fill, island

__all__ = ["page_figures", "policy", "render"]

_STYLES, _SCRIPTS = ("report.css",), (
    "tools.js", "scale.js", "zoom.js", "report.js",
)  # fmt: skip

_SECTIONS = (
    "answer", "claims", "use", "effects", "importance", "shrinkage", "trees", "front",
    "engines", "linear", "promise", "trials", "setup",
)  # fmt: skip

Rows = Sequence[Mapping[str, object]]


def render(results: Results, trials: Rows, paths: Rows, fits: Rows = ()) -> str:
    r"""Return the page of a run.

    Equal arguments give equal bytes; only ``results["run"]`` depends on the clock.

    Parameters
    ----------
    results : Results
        The content of ``results.json``.
    trials : sequence of mapping
        Rows of ``trials.csv``; a number that is missing is None or NaN.
    paths : sequence of mapping
        Rows of ``paths.csv``.
    fits : sequence of mapping
        Rows of ``fits.csv``: a trial that is kept shows its folds.

    Returns
    -------
    str
        HTML, to be written as UTF-8 with ``newline="\n"``: the page allows its own
        scripts and styles by the hash of their bytes.
    """
    sections = _sections(results, trials, paths, fits)
    return fill(
        "report.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title=_title(results),
        crumbs=_crumbs(results),
        sections=dict.fromkeys(_SECTIONS) | {s["id"]: s for s in sections},
        island=island(_script_data(sections)),
    )


def page_figures(results: Results, trials: Rows, paths: Rows) -> dict[str, Figure]:
    """Return the figures of a page by section and title, in its order.

    Small strips in tables are left out.
    """
    found: dict[str, Figure] = {}
    for section in _sections(results, trials, paths):
        for figure in _figures_in(section):
            name = f"{section['id']}: {figure.title}"
            twice = sum(other.split(" #")[0] == name for other in found)
            found[f"{name} #{twice + 1}" if twice else name] = figure
    return found


def _figures_in(content: Any) -> Iterator[Figure]:
    if isinstance(content, Figure):
        yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _figures_in(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _figures_in(value)


def policy() -> str:
    """Return the content security policy: this page's scripts and styles, no more."""
    return content_policy(styles=_STYLES, scripts=_SCRIPTS)


def _sections(
    results: Results, trials: Rows, paths: Rows, fits: Rows = ()
) -> list[dict[str, Any]]:
    decimals = _loss_places(results)
    shown = select_rows(results, trials)
    built = (
        answer_section(results, decimals),
        claims_section(results),
        parameters_section(results),
        effects_section(results, paths, decimals),
        importance_section(results),
        shrinkage_section(results),
        trees_section(results),
        front_section(results, shown, decimals, fits),
        engines_section(results, decimals),
        baselines_section(results, decimals),
        promise_section(results, decimals),
        trials_section(results, shown, decimals),
        setup_section(results),
    )
    return [section for section in built if section is not None]


def _loss_places(results: Results) -> int:
    losses = [
        found[pick]["outer"]["loss"]
        for found in results["engines"].values()
        for pick in PICKS
    ]
    return places([min((v for v in losses if v is not None), default=1.0)])


def _title(results: Results) -> str:
    study = results["study"]
    return study["title"] or study["name"] or "Regularization study"


def _crumbs(results: Results) -> list[str]:
    study = results["study"]
    trials = study["search"]["trials"]
    return [
        study["name"],
        results["data"]["task"],
        " and ".join(encoding(e).name for e in results["engines"]),
        f"{trials} {'trial' if trials == 1 else 'trials'} an engine",
        results["run"]["finished"][:10],
    ]


def _script_data(sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {"trials": None, "effects": {}}
    for section in sections:
        if section["id"] == "trials":
            data["trials"] = section["island"]
        if section["id"] == "effects":
            data["effects"] = {
                row["penalty"]: {
                    "grid": row["grid"],
                    "readings": row["readings"],
                    "start": row["start"],
                }
                for row in section["rows"]
            }
    return data
