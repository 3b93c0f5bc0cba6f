"""Pages of each kind, in all modes, in Chromium: accessible, and texts with room."""

import runpy
from pathlib import Path

import pytest
from modes import MODES, crowded, faults

from boostreg.report.page import render
from boostreg.study.files import read_csv, read_json

STRESS = {
    case.__name__: case
    for case in runpy.run_path(str(Path(__file__).with_name("test_page.py")))["STRESS"]
}
SHIPPED = Path(__file__).parents[2] / "reports"
REPORTS = sorted(SHIPPED.glob("*/results.json"))
# Numbers with two engines, and classes with all families of models.
STUDIES = ("quickstart", "families")
# All pages share their colours: one is seen in all modes.
MODES_OF = {"quickstart": tuple(MODES), "families": ("light", "narrow")}


@pytest.fixture(scope="module", params=STUDIES)
def shipped(request, tmp_path_factory):
    """Return the results of a shipped run, and its page, written anew."""
    folder = SHIPPED / request.param
    tables = (read_csv(folder / f"{name}.csv") for name in ("trials", "paths"))
    results = read_json(folder / "results.json")
    file = tmp_path_factory.mktemp("shipped") / "report.html"
    file.write_text(render(results, *tables), "utf-8", newline="\n")
    return results, file


@pytest.fixture(scope="module")
def seen(shipped, open_visit):
    """Return the results of a shipped run, and a visit of its page."""
    results, file = shipped
    return results, open_visit(file)


def check_first_screen(page, text):
    """Check that the answer is read on the first screen, wide and narrow."""
    answer, first = page.locator("#answer"), page.locator("#answer svg.boostreg")

    shown = " ".join(answer.inner_text().split())
    assert text["answer"][0] in shown
    for one in text["answers"]:
        assert f"{one['question']} {one['head']} {one['detail']}" in shown
    box = answer.bounding_box()
    assert box["y"] + box["height"] <= 900
    assert first.first.bounding_box()["y"] < 400
    page.set_viewport_size({"width": 360, "height": 740})
    drawn = page.locator("#answer .narrowonly svg").first.bounding_box()
    assert drawn["y"] < 600


def test_answer_is_read_on_the_first_screen(seen):
    results, there = seen

    check_first_screen(there.page, results["text"])


def test_shipped_reports_hold_in_their_modes_and_their_texts_have_room(seen):
    results, there = seen

    assert there.page.locator("main svg.boostreg:not(.sw)").count() >= 4
    assert crowded(there.page) == []
    # The last test of the page, because it leaves parts of it out.
    assert faults(there, *MODES_OF[results["study"]["name"]]) == []


def test_answer_is_read_on_the_first_screen_without_javascript(shipped, visit):
    results, file = shipped

    page = visit(file, java_script_enabled=False).page

    check_first_screen(page, results["text"])


def test_hostile_names_hold_on_wide_and_narrow_screens_and_have_room(
    visit, write_page, sample_run
):
    there = visit(write_page(render(*STRESS["hostile_names"](sample_run))))

    assert crowded(there.page) == []
    assert faults(there, "light", "narrow") == []


@pytest.mark.parametrize("name", ["third_engine", "multiclass"])
def test_texts_of_charts_have_room_whatever_the_run(
    name, visit, write_page, sample_run
):
    there = visit(write_page(render(*STRESS[name](sample_run))))

    assert crowded(there.page) == []
    assert there.faults() == []


def test_texts_that_overlap_or_leave_their_chart_are_found(visit, write_page):
    texts = "".join(
        f'<text x="{x}" y="{y}">{words}</text>'
        for x, y, words in ((5, 20, "first"), (12, 24, "second"), (80, 60, "third"))
    )
    page = visit(write_page(f'<svg width="100" height="70">{texts}</svg>')).page

    assert crowded(page, "light") == [
        "light: : 'first' overlaps 'second'",
        "light: : 'third' leaves its chart",
    ]


@pytest.mark.parametrize("stored", REPORTS, ids=lambda path: path.parent.name)
def test_shipped_reports_are_small(stored):
    assert stored.with_name("report.html").stat().st_size < 1_500_000
