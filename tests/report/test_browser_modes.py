"""Every shipped report and the stress pages, in all modes, in headless Chromium."""

import runpy
from pathlib import Path

import pytest

from boostreg.report import render
from boostreg.study.files import read_csv, read_json

NAMED = ("one_trial", "one_engine", "many_trials", "failed_but_one", "hostile_names")
STRESS = [
    case
    for case in runpy.run_path(str(Path(__file__).with_name("test_page.py")))["STRESS"]
    if case.__name__ in NAMED
]
REPORTS = sorted(Path(__file__).parents[2].glob("reports/*/results.json"))
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
MODES = {
    "light": (WIDE, {"color_scheme": "light", "forced_colors": "none"}),
    "dark": (WIDE, {"color_scheme": "dark", "forced_colors": "none"}),
    "narrow": (NARROW, {"color_scheme": "light", "forced_colors": "none"}),
    "forced": (WIDE, {"color_scheme": "light", "forced_colors": "active"}),
}
# Text of charts, whose colours test_palette checks, and the further rows of tables.
ALIKE = [["svg > *"], ["tbody tr:nth-child(n+4)"]]
OF_A_MODE = ["color-contrast", "target-size", "scrollable-region-focusable"]


def violations(page, mode):
    """Return what axe finds; after the first mode only the rules that modes change."""
    from axe_playwright_python.sync_playwright import Axe

    only = {} if mode == "light" else {"runOnly": OF_A_MODE}
    options = only | {"resultTypes": ["violations"]}
    found = Axe().run(page, context={"exclude": ALIKE}, options=options)
    return [
        (mode, rule["id"], [node["html"][:120] for node in rule["nodes"]][:3])
        for rule in found.response["violations"]
    ]


def faults(there):
    """Return all that is wrong with an open page in any mode."""
    found = there.faults()
    for mode, (size, media) in MODES.items():
        there.page.set_viewport_size(size)
        there.page.emulate_media(**media)
        found += [f"{mode}: scrolls sideways"] * (there.overflow() > 0)
        found += violations(there.page, mode)
    return found + there.faults()


@pytest.mark.parametrize("stored", REPORTS, ids=lambda path: path.parent.name)
def test_shipped_reports_hold_in_every_mode(stored, visit, write_page):
    tables = (read_csv(stored.with_name(f"{n}.csv")) for n in ("trials", "paths"))
    text = render(read_json(stored), *tables)

    there = visit(write_page(text))

    assert faults(there) == []
    assert there.page.locator("main svg.boostreg:not(.sw)").count() >= 4
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
