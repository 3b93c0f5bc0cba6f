"""Index and comparison in headless Chromium: as silent and reachable as the report."""

import runpy
from pathlib import Path

import pytest
from modes import faults

from boostreg.report.index import index_row, render_index
from boostreg.report.pair import JudgedRows, compare_runs, render_pair

HOSTILE = runpy.run_path(str(Path(__file__).with_name("test_page.py")))["HOSTILE"]


@pytest.fixture(scope="module")
def index_page(sample_run, tmp_path_factory):
    rows = [
        index_row("one", sample_run(n_trials=6)[0]),
        index_row("two", sample_run(n_trials=8, engines=("lightgbm",))[0]),
        *(index_row(name, sample_run(n_trials=3)[0]) for name in HOSTILE),
    ]
    file = tmp_path_factory.mktemp("index") / "index.html"
    text = render_index(rows, [("bad", "is not JSON")], ["compare-one-two.html"])
    file.write_text(text, "utf-8", newline="\n")
    return file


def test_index_is_silent_and_accessible(visit, index_page):
    assert faults(visit(index_page), "light", "narrow", "dark") == []


def test_index_sorts_by_keyboard(visit, index_page):
    page = visit(index_page).page
    head = page.locator("#table th", has_text="trials")

    head.locator("button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    assert head.get_attribute("aria-sort") == "descending"
    assert page.locator("#table tbody th a").first.text_content() == "two"


def test_index_is_filtered_by_any_word_of_a_row(visit, index_page):
    page = visit(index_page).page

    page.locator("#filter").fill("TWO lightgbm")

    assert page.locator("#table tbody tr:visible").count() == 1
    assert page.locator("#count").text_content() == f"1 of {2 + len(HOSTILE)}"
    page.keyboard.press("Escape")
    assert page.locator("#table tbody tr:visible").count() == 2 + len(HOSTILE)


def test_two_ticks_make_the_command(visit, index_page):
    page = visit(index_page).page

    page.locator(".choose").nth(1).focus()
    page.keyboard.press("Space")
    page.locator(".choose").nth(0).check()

    assert page.locator("#command").text_content() == "boostreg compare two one"


def test_index_reads_without_javascript(visit, index_page):
    page = visit(index_page, java_script_enabled=False).page

    assert page.locator("#table tbody tr").last.is_visible()
    assert page.locator("#filter").is_hidden()


@pytest.fixture(scope="module")
def write_pair(sample_run, sample_losses, tmp_path_factory):
    """Return a function that writes a comparison, with hostile names if asked."""

    def write(*, hostile):
        a, b = (sample_run(n_trials=n)[0] for n in (5, 6))
        names = (HOSTILE[0], HOSTILE[6]) if hostile else ("one", "two")
        if hostile:
            b["data"]["loss"] = b["study"]["title"] = " ".join(HOSTILE)
        file = tmp_path_factory.mktemp("pair") / "compare-one-two.html"
        tables = tuple(JudgedRows.from_table(sample_losses(r), r) for r in (a, b))
        text = render_pair(compare_runs(a, b, names, tables), a, b)
        file.write_text(text, "utf-8", newline="\n")
        return file

    return write


def test_comparison_is_silent_and_accessible_also_with_hostile_names(visit, write_pair):
    assert faults(visit(write_pair(hostile=True)), "narrow", "forced") == []


def test_comparison_reads_without_javascript(visit, write_pair):
    page = visit(write_pair(hostile=False), java_script_enabled=False).page

    assert page.locator(".answer").is_visible()
    assert page.locator("#effects svg").last.is_visible()
