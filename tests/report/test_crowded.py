"""No two texts of a chart overlap, on wide screens and on phones."""

import runpy
from pathlib import Path

import pytest
from modes import crowded

from boostreg.report import render
from boostreg.study.files import read_csv, read_json

STRESS = [
    case
    for case in runpy.run_path(str(Path(__file__).with_name("test_page.py")))["STRESS"]
    if case.__name__ in {"third_engine", "multiclass", "hostile_names"}
]
REPORTS = Path(__file__).parents[2] / "reports"
STUDIES = ("quickstart", "families")


@pytest.mark.parametrize("name", STUDIES)
def test_texts_of_shipped_charts_have_room(name, visit, write_page):
    folder = REPORTS / name
    tables = (read_csv(folder / f"{n}.csv") for n in ("trials", "paths"))

    page = visit(write_page(render(read_json(folder / "results.json"), *tables))).page

    assert crowded(page) == []


@pytest.mark.parametrize("case", STRESS, ids=lambda case: case.__name__)
def test_texts_of_charts_have_room_whatever_the_run(
    case, visit, write_page, sample_run
):
    page = visit(write_page(render(*case(sample_run)))).page

    assert crowded(page) == []


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
