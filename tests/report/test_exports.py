"""Tables for articles: the figures and words of the page, in Markdown and in LaTeX."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from boostreg.report.exports import export_tables
from boostreg.report.wording import plain
from boostreg.study.output import table_lines

REPORTS = Path(__file__).parents[2] / "reports"
SIGNS = {
    "\\%": "%", "\\_": "_", "\\&": "&", "\\#": "#", "$-$": "\u2212", "--": "\u2013",
    "$\\times$": "\u00d7", "$\\pm$": "\u00b1", "$^2$": "\u00b2",
}  # fmt: skip


def cells_of(lines, mark):
    """Return the rows of cells of all tables, without rules."""
    rows = [
        [cell.strip() for cell in re.split(rf"(?<!\\){mark}", line)]
        for text in lines
        for line in text.splitlines()
    ]
    return [row for row in rows if len(row) > 1]


def markdown_cells(name):
    rows = cells_of(table_lines(REPORTS / name), r"\|")
    return [row[1:-1] for row in rows if not re.fullmatch("-+:?", row[1])]


@pytest.mark.parametrize("name", ["quickstart", "claims-sparsity"])
def test_results_are_the_tables_of_the_page(name):
    page = (REPORTS / name / "report.html").read_text("utf-8")
    tables = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    shown = {
        tuple(
            " ".join(unescape(re.sub(r"<[^>]*>", "", cell)).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        )
        for row in tables
    }

    rows = markdown_cells(name)
    start = next(n for n, row in enumerate(rows) if row[0] in ("model", "claim"))

    assert len(rows) - start > 5
    assert [row for row in rows[start:] if tuple(row) not in shown] == []


def test_budget_has_the_rows_that_a_study_uses():
    results = json.loads((REPORTS / "quickstart" / "results.json").read_text("utf-8"))
    n_rows = results["data"]["rows"]
    results["study"]["data"]["rows"] = n_rows - 7

    budget = dict(export_tables(results, [])["budget"].rows)

    assert not [row for row in markdown_cells("quickstart") if row[0] == "rows used"]
    assert (budget["rows"], budget["rows used"]) == (plain(n_rows), plain(n_rows - 7))


def test_space_and_budget_are_those_of_the_study():
    rows = markdown_cells("quickstart")

    none = SIGNS["--"]
    assert ["min_split_gain", "all", "0.1", "100", "log-uniform", "30%"] in rows
    assert ["learning_rate", "all", "0.1", "0.1", "fixed", none] in rows
    assert ["trials per engine and outer fold", "20"] in rows


@pytest.mark.parametrize("name", ["quickstart", "families"])
def test_latex_has_the_same_cells(name):
    lines = list(table_lines(REPORTS / name, latex=True))
    texts = [line.replace("\\\\", "") for line in lines]

    found = cells_of(texts, "&")

    for sign, meaning in SIGNS.items():
        found = [[cell.replace(sign, meaning) for cell in row] for row in found]
    assert found == markdown_cells(name)
    whole = "\n".join(lines)
    assert whole.count("\\begin{tabular}") == whole.count("\\bottomrule") > 5
    labels = re.findall(r"\\label\{(.*)\}", whole)
    assert len(set(labels)) == len(labels) == whole.count("\\caption")
