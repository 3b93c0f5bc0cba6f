r"""Tables of a run for articles: Markdown, or LaTeX with booktabs.

The tables of results are those of the page, with the same figures and words. Two more
state what was searched and what it took.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from boostreg.figures.scale import MINUS, MISSING, significant
from boostreg.report.claims import judges_claims
from boostreg.report.results import Results
from boostreg.report.sections import Rows, build_sections
from boostreg.report.sections.setup import run_facts
from boostreg.report.wording import TextTable, engine_name, listed, plain, used_rows

__all__ = ["export_tables", "to_latex", "to_markdown"]

_NAMED = MappingProxyType(
    {
        ("simple", "table"): "models",
        ("simple", "comparisons"): "comparisons",
        ("simple", "sizes"): "sizes",
        ("effects", "table"): "penalties",
        ("size", "purposes"): "purposes",
    }
)
"""Tables of the page, by section and key, and their names."""

_LATEX = MappingProxyType(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {MINUS: "$-$", MISSING: "--", "\u00d7": r"$\times$", "±": r"$\pm$", "²": "$^2$"}
    | {"→": r"$\to$", "≤": r"$\le$", "≥": r"$\ge$", "<": r"$<$", ">": r"$>$"}
)


def export_tables(results: Results, paths: Rows) -> dict[str, TextTable]:
    """Return the tables of a run by name: space, budget, and those of its results.

    A run that judges claims only has ``budget`` and ``claims``. ``paths`` are the rows
    of ``paths.csv``.
    """
    found = {"budget": _budget(results)}
    sections = {one["id"]: one for one in build_sections(results, (), paths)}
    if judges_claims(results):
        return found | dict(_claims(sections["claims"]))
    found = {"space": _space(results), **found}
    for (section, key), name in _NAMED.items():
        table = sections.get(section, {}).get(key)
        if isinstance(table, TextTable) and table.rows:
            found[name] = table
    return found | dict(_claims(sections.get("claims")))


def _claims(section: Mapping[str, Any] | None) -> Iterator[tuple[str, TextTable]]:
    """Yield one table with the figures of all claims."""
    questions = section["questions"].values() if section else ()
    tables = [card["table"] for cards in questions for card in cards]
    if tables:
        rows = tuple(row for table in tables for row in table.rows)
        heads, left = tables[0].heads, tables[0].left
        yield "claims", TextTable("Claims", heads, rows, left)


def _space(results: Results) -> TextTable:
    """Return the ranges and the fixed values of a search."""
    search = results["study"]["search"]
    rows = []
    for name, entry in search["space"].items():
        by_engine = entry if name in results["engines"] else {name: entry}
        engine = engine_name(name) if name in results["engines"] else "all"
        rows += [(key, engine, *_entry(one)) for key, one in by_engine.items()]
    rows += [(name, "all", *_entry(value)) for name, value in search["fixed"].items()]
    scale = {"raw": "raw units", "rows": "rows of the first tree"}
    words = scale.get(search["scale"], search["scale"])
    heads = ("parameter", "engine", "from", "to", "distribution", "exactly 0")
    return TextTable(f"Search space, penalties in {words}", heads, tuple(rows), (0, 1))


def _entry(entry: Any) -> tuple[str, str, str, str]:
    """Return the ends of a range, its distribution, and its share of zeros."""
    if not isinstance(entry, Mapping) or "low" not in entry:
        value = plain(entry) if isinstance(entry, Mapping) else _value(entry)
        return value, value, "fixed", MISSING
    zero = entry.get("zero", 0.0)
    kind = "log-uniform" if entry.get("log") else "uniform"
    share = f"{significant(100 * zero)}%" if zero else MISSING
    return _value(entry["low"]), _value(entry["high"]), kind, share


def _value(value: float | None) -> str:
    return "none" if value is None else significant(value, 4)


def _budget(results: Results) -> TextTable:
    """Return how much a run did: rows, folds, trials, fits, time and versions."""
    versions = results["versions"]
    study: Any = results["study"]  # its schema leaves some keys open
    folds = study["validation"]
    n_rows, used = results["data"]["rows"], used_rows(results["data"], study)
    libraries = [name for name in ("python", *results["engines"]) if name in versions]
    rows = {
        "rows": plain(n_rows),
        **({"rows used": plain(used)} if used < n_rows else {}),
        "features": plain(results["data"]["features"]),
        "outer folds": plain(folds["outer"]),
        "inner folds": plain(folds["inner"]),
        "engines": listed([engine_name(engine) for engine in study["engines"]]),
        "trials per engine and outer fold": plain(study["search"]["trials"]),
        "rounds": plain(study["rounds"]),
        "values per path": plain(study["paths"]["points"]),
        "points of the design": plain(study["effects"]["points"]),
        **dict(run_facts(results["run"])),
        "seed": plain(study["seed"]),
        "versions": ", ".join(f"{name} {versions[name]}" for name in libraries),
    }
    return TextTable("Budget", ("quantity", "value"), tuple(rows.items()), (0, 1))


def to_markdown(table: TextTable) -> str:
    r"""Return a table as Markdown, with its caption above.

    >>> print(to_markdown(TextTable("A", ("model", "loss"), (("a|b", "1"),))))
    A
    <BLANKLINE>
    | model | loss |
    |---|---:|
    | a\|b | 1 |
    """
    bar = r"\|"
    rules = ["---" if n in table.left else "---:" for n in range(len(table.heads))]
    lines = [
        f"| {' | '.join(cell.replace('|', bar) for cell in row)} |"
        for row in _texts(table)
    ]
    lines.insert(1, f"|{'|'.join(rules)}|")
    return "\n".join([table.caption, "", *lines])


def to_latex(table: TextTable, label: str) -> str:
    r"""Return a table as a LaTeX float; its preamble needs ``booktabs``.

    >>> print(to_latex(TextTable("A", ("model", "loss"), (("a_b", "1%"),)), "tab:a"))
    \begin{table}
    \centering
    \caption{A}
    \label{tab:a}
    \begin{tabular}{lr}
    \toprule
    model & loss \\
    \midrule
    a\_b & 1\% \\
    \bottomrule
    \end{tabular}
    \end{table}
    """
    columns = "".join("l" if n in table.left else "r" for n in range(len(table.heads)))
    head, *rows = (" & ".join(map(_escaped, row)) + r" \\" for row in _texts(table))
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(table.caption)}}}",
            rf"\label{{{label}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            *(r"\toprule", head, r"\midrule", *rows, r"\bottomrule"),
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _texts(table: TextTable) -> Iterator[Sequence[str]]:
    """Yield head and rows in one line per cell, without pictures."""
    for row in (table.heads, *table.rows):
        yield [
            re.sub(r"\s+", " ", cell) if isinstance(cell, str) else "" for cell in row
        ]
