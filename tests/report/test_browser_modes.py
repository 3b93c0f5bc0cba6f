"""Every shipped report and the stress pages, in all modes, in headless Chromium."""

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
REPORTS = sorted(Path(__file__).parents[2].glob("reports/*/results.json"))


@pytest.mark.parametrize("stored", REPORTS, ids=lambda path: path.parent.name)
def test_shipped_reports_hold_in_every_mode(stored, visit, write_page):
    tables = (read_csv(stored.with_name(f"{n}.csv")) for n in ("trials", "paths"))
    text = render(read_json(stored), *tables)

    there = visit(write_page(text))

    assert there.page.locator("main svg.boostreg:not(.sw)").count() >= 4
    assert faults(there) == []
    assert len(text.encode()) < 1_500_000


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
