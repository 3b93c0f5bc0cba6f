"""Shipped reports of each kind and the stress pages, in all modes, in Chromium."""

import runpy
from pathlib import Path

import pytest
from modes import faults

from boostreg.report import render
from boostreg.study.files import read_csv, read_json

NAMED = ("one_engine", "many_trials", "hostile_names")
STRESS = [
    case
    for case in runpy.run_path(str(Path(__file__).with_name("test_page.py")))["STRESS"]
    if case.__name__ in NAMED
]
SHIPPED = Path(__file__).parents[2] / "reports"
REPORTS = sorted(SHIPPED.glob("*/results.json"))


# One of each kind; the other claims have the same parts.
KINDS = ("quickstart", "families", "claims-ensembles", "claims-tables")


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


@pytest.mark.parametrize("name", KINDS[:2])
def test_answer_is_read_on_the_first_screen_also_without_javascript(
    name, visit, write_page
):
    stored = SHIPPED / name / "results.json"
    tables = (read_csv(stored.with_name(f"{n}.csv")) for n in ("trials", "paths"))
    results = read_json(stored)
    text = write_page(render(results, *tables))

    for scripts in (True, False):
        page = visit(text, java_script_enabled=scripts).page
        answer, first = page.locator("#answer"), page.locator("#answer svg.boostreg")

        shown = " ".join(answer.inner_text().split())
        assert results["text"]["answer"][0] in shown
        for one in results["text"]["answers"]:
            assert f"{one['question']} {one['head']} {one['detail']}" in shown
        box = answer.bounding_box()
        assert box["y"] + box["height"] <= 900
        assert first.first.bounding_box()["y"] < 400
        page.set_viewport_size({"width": 360, "height": 740})
        drawn = page.locator("#answer .narrowonly svg").first.bounding_box()
        assert drawn["y"] < 600
