"""The page of evidence: the answer, what to tune first, the findings, the tables.

The page is made from the shell and the figures of the reports, so that it loads nothing
and escapes all names.
"""

from collections.abc import Mapping

from boostreg.evidence.finding import (
    Data,
    against,
    interval,
    mean_gains,
    tolerance_of,
)
from boostreg.evidence.findings import all_findings
from boostreg.evidence.meta import Evidence
from boostreg.evidence.sizes import good_values
from boostreg.evidence.tables import TOGETHER
from boostreg.figures import encoding
from boostreg.figures.scale import MISSING, count, percent
from boostreg.report.shell import fill
from boostreg.report.wording import TextTable, capitalize, counted, listed

__all__ = ["render_evidence"]

_STYLES = ("report.css", "answer.css", "print.css", "pages.css")
_SCRIPTS = ("tools.js", "picture.js", "ready.js")

_GROUPS: Mapping[str, str] = {
    "worse": "Tuning raises the mean loss",
    "same": "The mean loss changes by less than {}",
    "as good": "Costs less than {}, not shown to help",
    "not settled": "Not settled",
}
"""How the sentence on the penalties with one word begins."""


def render_evidence(evidence: Evidence) -> str:
    """Return the page.

    The same content gives the same bytes. What fewer than three tables measure is left
    out.
    """
    content = evidence.content
    findings = list(all_findings(content))
    every = {engine for one in content["penalties"].values() for engine in one}
    return fill(
        "meta.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title="What penalties do in general",
        n_tables=len(content["tables"]),
        rows=_rows(content),
        answer=_answer(content),
        first=_first_table(content),
        findings=findings,
        engines=[*sorted(every - {TOGETHER}), TOGETHER],
        tables=_tables(content),
        left_out=evidence.left_out,
        tolerance=tolerance_of(content),
    )


def _rows(content: Data) -> str:
    """Return the rows of the smallest and the largest table."""
    rows = [table["rows"] for table in content["tables"]]
    return f"{count(min(rows))} to {count(max(rows))} rows" if rows else "no rows"


def _answer(content: Data) -> list[str]:
    """Return what to tune first, and what not."""
    gains, n = mean_gains(content), counted(len(content["tables"]), "table")
    if not gains:
        why = "a mean needs three tables on which the same penalty was tuned"
        return [f"{n} cannot say what penalties do in general: {why}."]
    better = [name for name, gain in gains.items() if gain["word"] == "better"]
    lines = [
        f"No penalty is shown to lower the mean loss on top of the others, over {n}."
    ]
    if better:
        first = gains[better[0]]
        over = counted(first["tables"], "table")
        means = f"{interval(first)} loss over {over}"
        versus = against(better[0], content["penalties"][better[0]][TOGETHER])
        lines = [
            f"Tune {better[0]} first: {means}{versus}, on top of the other penalties."
        ]
        lines += _more_on(content["penalties"][better[0]])
        if len(better) > 1:
            also = listed([f"{name} {interval(gains[name])}" for name in better[1:]])
            lines.append(f"Then {also}.")
    whole = {name: content["penalties"][name][TOGETHER]["alone"] for name in gains}
    alone = {n: one for n, one in whole.items() if one and one["word"] == "better"}
    if alone:
        most = min(alone, key=lambda name: alone[name]["change"])
        lines.append(f"Tuned alone, {most} gains most: {interval(alone[most])}.")
    for word, group in _GROUPS.items():
        names = [name for name, gain in gains.items() if gain["word"] == word]
        if names:
            means = listed([f"{name} {interval(gains[name])}" for name in names])
            lines.append(f"{group.format(tolerance_of(content))}: {means}.")
    return lines


def _more_on(by_engine: Data) -> list[str]:
    """Return the good values of a penalty, and its gain over the libraries' own."""
    values, gains = [], []
    for engine, one in by_engine.items():
        label = encoding(engine).name
        found = one.get("values")
        if found is not None and found["rows"] is not None:
            values.append(f"{label} {good_values(found)}")
        if one.get("against_own") is not None:
            gains.append(f"{label} {interval(one['against_own'])}")
    lines = [f"Good values: {listed(values)}."] if values else []
    if gains:
        lines.append(f"Against the library's own value: {listed(gains)} loss.")
    return [" ".join(lines)] if lines else []


def _first_table(content: Data) -> TextTable:
    rows = []
    by_advice: dict[tuple[str, ...], list[Data]] = {}
    for one in content["first"]:
        by_advice.setdefault((*one["tune"], "", *one["leave"]), []).append(one)
    for same in by_advice.values():
        one, trials = same[0], [str(each["trials"]) for each in same]
        later = one["later"]
        rows.append(
            (
                f"{listed(trials, 'or')} trials",
                ", ".join(one["tune"]) or "nothing: stop early, keep the defaults",
                ", ".join(one["leave"]) or MISSING,
                MISSING
                if later is None
                else f"{interval(later)} after {one['trials']}, over "
                f"{counted(later['tables'], 'table')}",
            )
        )
    return TextTable(
        "What to tune first",
        ("with", "tune", "leave at its default", "loss by later trials"),
        tuple(rows),
        (0, 1, 2, 3),
    )


def _tables(content: Data) -> TextTable:
    rows = tuple(
        (
            table["name"],
            table["source"],
            table["target"],
            table["task"],
            count(table["rows"]),
            count(table["columns"]),
            percent(table["categories"]),
            MISSING if table["noise"] is None else percent(table["noise"]),
            count(table["trials"]),
        )
        for table in content["tables"]
    )
    heads = ("run", "source", "target", "task", "rows", "columns", "categories",
             "loss left", "trials")  # fmt: skip
    return TextTable(capitalize(counted(len(rows), "table")), heads, rows, (0, 1, 2, 3))
