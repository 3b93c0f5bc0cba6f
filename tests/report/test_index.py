"""The page of all studies: what it lists, what it leaves out, what it never touches."""

import copy
import html
import json
import re
import shutil
from pathlib import Path

import pytest

from boostreg.errors import DataError
from boostreg.report.index import index_row, render_index
from boostreg.report.sections.answer import lead_engine
from boostreg.study.index import write_index

SHIPPED = Path(__file__).parents[2] / "reports"
HOSTILE = "<img src=x onerror=alert(1)> \"'$(reboot) \N{RIGHT-TO-LEFT OVERRIDE}abc"


@pytest.fixture
def reports(tmp_path):
    """Return a copy of the shipped results: two runs, without what is large."""
    for name in ("quickstart", "wine"):
        (tmp_path / name).mkdir()
        shutil.copy(SHIPPED / name / "results.json", tmp_path / name)
    (tmp_path / "quickstart" / "report.html").write_text("page", "utf-8")
    return tmp_path


def text_of(page):
    return html.unescape(page.read_text("utf-8"))


def test_row_says_what_the_results_say(run):
    results = run[0]
    found = results["engines"][lead_engine(results)]

    cells = index_row("mine", results).cells

    keys = {key for _, key, _ in cells}
    tuned, plain = found["one_se"]["outer_size"], found["default"]["size"]
    assert found["one_se"]["outer"]["loss"] in keys
    assert found["one_se"]["size"]["leaves"] in keys
    assert 1 - tuned["leaves"] / plain["leaves"] in keys


def test_verdict_is_the_first_sentence_of_the_answer(run):
    row = index_row("mine", run[0])

    assert row.verdict == run[0]["text"]["answer"][0]


def test_front_is_drawn_for_every_engine(run):
    assert index_row("mine", run[0]).front.svg.count('class="fr') == 2


def test_run_without_numbers_still_has_its_row(run):
    results = copy.deepcopy(run[0])
    for found in results["engines"].values():
        found["one_se"]["outer"].update(loss=None, low=None, high=None)
        found["one_se"]["size"]["leaves"] = found["default"]["size"]["leaves"] = None
        found["front"] = []

    page = render_index([index_row("mine", results)])

    assert "mine" in page
    assert "nan" not in page.lower().split()


def test_reports_are_linked_where_there_are_any(reports):
    page = text_of(write_index(reports).page)

    assert 'href="./quickstart/report.html"' in page
    assert 'href="./wine/report.html"' not in page


def test_equal_runs_give_equal_bytes(reports):
    first = write_index(reports).page.read_bytes()

    assert write_index(reports).page.read_bytes() == first


def test_what_is_no_run_is_named_and_left_out(reports):
    (reports / "broken").mkdir()
    (reports / "broken" / "results.json").write_text("{", "utf-8")
    (reports / "foreign").mkdir()
    (reports / "foreign" / "results.json").write_text("[1]", "utf-8")
    (reports / "no_run").mkdir()

    written = write_index(reports)

    assert [name for name, _ in written.left_out] == ["broken", "foreign"]
    assert "broken: broken/results.json is not JSON" in text_of(written.page)
    assert str(reports) not in text_of(written.page)


def test_comparisons_of_the_folder_are_linked(reports):
    ours = write_index(reports).page.read_text("utf-8")
    (reports / "compare-a-b.html").write_text(ours, "utf-8")
    (reports / "compare-c-d.html").write_text("another's", "utf-8")

    page = text_of(write_index(reports).page)

    assert 'href="./compare-a-b.html"' in page
    assert "compare-c-d.html" not in page


def test_page_of_another_making_is_never_replaced(reports):
    (reports / "index.html").write_text("my site", "utf-8")

    with pytest.raises(
        DataError, match="was not written by boostreg and was not changed"
    ):
        write_index(reports)

    assert (reports / "index.html").read_text("utf-8") == "my site"


@pytest.mark.parametrize(
    ("name", "reason"), [("empty", "contains no run"), ("absent", "does not exist")]
)
def test_folder_without_runs_is_refused(name, reason, tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(DataError, match=reason):
        write_index(tmp_path / name)


def test_hostile_names_never_become_markup_or_commands(run):
    results = copy.deepcopy(run[0])
    results["study"]["title"] = results["data"]["source"] = HOSTILE
    results["text"]["answer"] = [HOSTILE]

    page = render_index([index_row(HOSTILE, results)] * 2, [(HOSTILE, HOSTILE)])

    assert "<img" not in page
    command = html.unescape(re.search(r'<code id="command">(.*?)</code>', page)[1])
    assert command.startswith("boostreg compare '<img")
    assert "'\"'\"'$(reboot)" in command


def test_shipped_index_is_of_the_shipped_runs():
    page = (SHIPPED / "index.html").read_text("utf-8")

    for run in sorted(path.parent for path in SHIPPED.glob("*/results.json")):
        answer = json.loads((run / "results.json").read_text("utf-8"))["text"]["answer"]
        assert answer[0] in html.unescape(page)
        assert f'href="./{run.name}/report.html"' in page
