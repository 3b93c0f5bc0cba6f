"""Shipped reports of each kind and the stress pages, in all modes, in Chromium."""

import runpy
from pathlib import Path

import pytest
from modes import faults

from boostreg.report import render
from boostreg.study.files import read_csv, read_json

NAMED = ("one_trial", "one_engine", "many_trials", "failed_but_one", "hostile_names")
STRESS = [
    case
    for case in runpy.run_path(str(Path(__file__).with_name("test_page.py")))["STRESS"]
    if case.__name__ in NAMED
]
SHIPPED = Path(__file__).parents[2] / "reports"
REPORTS = sorted(SHIPPED.glob("*/results.json"))


# One of each kind; the other claims have the same parts.
KINDS = (
    "quickstart", "breast_cancer", "wine", "families", "claims-ensembles",
    "claims-tables",
)  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_shipped_reports_hold_in_every_mode(name, visit, write_page):
    stored = SHIPPED / name / "results.json"
    tables = (read_csv(stored.with_name(f"{n}.csv")) for n in ("trials", "paths"))

    there = visit(write_page(render(read_json(stored), *tables)))

    assert there.page.locator("main svg.boostreg:not(.sw)").count() >= 4
    assert faults(there) == []


@pytest.mark.parametrize("stored", REPORTS, ids=lambda path: path.parent.name)
def test_shipped_reports_are_small(stored):
    assert stored.with_name("report.html").stat().st_size < 1_500_000


@pytest.mark.parametrize("case", STRESS, ids=lambda case: case.__name__)
def test_stress_pages_hold_in_every_mode(case, visit, write_page, sample_run):
    there = visit(write_page(render(*case(sample_run))))

    assert faults(there) == []


@pytest.mark.parametrize("stored", REPORTS[:1], ids=lambda path: path.parent.name)
def test_answer_is_read_without_javascript(stored, visit, write_page):
    tables = (read_csv(stored.with_name(f"{n}.csv")) for n in ("trials", "paths"))
    results = read_json(stored)

    page = visit(write_page(render(results, *tables)), java_script_enabled=False).page

    for sentence in results["text"]["answer"]:
        assert page.locator(".answer").get_by_text(sentence).is_visible()
