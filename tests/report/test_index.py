"""The page of all studies: what it lists, what it leaves out, what it never touches."""

import copy
import html
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from boostreg.errors import DataError
from boostreg.report.index import index_row, render_index
from boostreg.report.sections.answer import lead_engine
from boostreg.study.files import read_json
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

    row = index_row("mine", results)

    keys = {key for _, key, _ in row.cells}
    assert found["one_se"]["outer"]["loss"] in keys
    assert found["one_se"]["size"]["leaves"] in keys
    assert row.says == results["text"]["answer"][0]


def test_time_of_a_run_read_from_the_journal_is_not_its_time(run):
    results = copy.deepcopy(run[0])
    results["run"].update(seconds=7.0, fits=100, fits_from_journal=10)
    counted = index_row("mine", results).cells[-1]
    results["run"]["fits_from_journal"] = 100

    assert counted[:2] == ("7 s", 7.0)
    assert index_row("mine", results).cells[-1][1] is None


def test_claims_are_apart_with_their_verdicts_and_a_finding():
    results = read_json(SHIPPED / "claims-ensembles" / "results.json")
    row = index_row("claims-ensembles", results)

    page = render_index([row])

    verdicts = Counter(claim["verdict"] for claim in results["claims"])
    assert {name: n for _, name, n in row.counts} == verdicts
    (most,) = (c for c in results["claims"] if c["id"] == "B6.stopped")
    times = 1 + max(one["estimate"] for one in most["findings"])
    assert row.says.startswith("With early stopping, L2")
    assert row.says.endswith(f"by {times:.0f}")
    assert 'id="studies"' not in page
    assert row.says in html.unescape(page)


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
        row = index_row(run.name, read_json(run / "results.json"))
        assert row.says in html.unescape(page)
        assert f'href="./{run.name}/report.html"' in page
