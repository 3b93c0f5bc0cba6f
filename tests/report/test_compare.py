"""Two runs compared: by how much, with what certainty, and when not at all."""

import copy
import html
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from boostreg.errors import DataError, StudyError
from boostreg.report.pair import compare_runs, pair_lines, render_pair
from boostreg.report.sections.answer import lead_engine
from boostreg.report.wording import engine_name
from boostreg.statistics import corrected_t, holm
from boostreg.study.index import compare_folders, write_index

SHIPPED = Path(__file__).parents[2] / "reports"
NAMES = ("first", "second")


@pytest.fixture(scope="module")
def stored():
    return json.loads((SHIPPED / "quickstart" / "results.json").read_text("utf-8"))


@pytest.fixture
def a(stored):
    return copy.deepcopy(stored)


@pytest.fixture
def b(stored):
    return copy.deepcopy(stored)


def worsen(results, factors):
    """Multiply the outer losses of every pick, fold by fold."""
    for found in results["engines"].values():
        for pick in ("best", "one_se"):
            outer = found[pick]["outer"]
            losses = np.array(outer["losses"])
            outer["losses"] = (losses * np.resize(factors, len(losses))).tolist()
            outer["loss"] = float(np.mean(outer["losses"]))


def shrink(results, factor):
    """Multiply the leaves of every pick."""
    for found in results["engines"].values():
        for pick in ("best", "one_se"):
            for fold in found[pick]["by_outer_fold"]:
                fold["leaves"] = round(factor * fold["leaves"])


def lead(compared):
    return next(row for row in compared["rows"] if row["leads"])


def test_run_is_the_same_as_itself(a, b):
    compared = compare_runs(a, b, NAMES)

    assert {row["loss"]["word"] for row in compared["rows"]} == {"the same"}
    assert compared["answer"][0].startswith("second has the loss of first on every")
    assert compared["study"] == compared["environment"] == []


def test_difference_is_that_of_the_paired_folds(a, b):
    worsen(b, [1.0, 1.1, 0.9, 1.2, 1.05])

    found = lead(compare_runs(a, b, NAMES))["loss"]

    engine = lead_engine(a)
    losses = [r["engines"][engine]["one_se"]["outer"]["losses"] for r in (a, b)]
    expected = corrected_t(np.subtract(losses[1], losses[0]), a["outer_ratio"])
    assert found["difference"] == pytest.approx(expected.estimate)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))


def test_words_rest_on_adjusted_p_values_over_losses_and_leaves(a, b):
    worsen(b, [1.05, 1.04, 1.06, 1.05, 1.05])
    shrink(b, 0.97)

    rows = compare_runs(a, b, NAMES)["rows"]

    found = [row[key] for row in rows for key in ("loss", "leaves")]
    adjusted = holm([one["p"] for one in found])
    assert [one["adjusted"] for one in found] == pytest.approx(adjusted)
    assert {row["loss"]["word"] for row in rows} == {"more"}


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ([0.95, 0.96, 0.94, 0.95, 0.95], "second is better than first"),
        ([1.05, 1.04, 1.06, 1.05, 1.05], "second is worse than first"),
        ([1.2, 0.8, 1.1, 0.9, 1.0], "No detectable difference in loss between second"),
    ],
)
def test_answer_says_which_is_better(a, b, factors, words):
    worsen(b, factors)

    assert compare_runs(a, b, NAMES)["answer"][0].startswith(words)


def test_answer_says_which_is_smaller(a, b):
    shrink(b, 0.5)

    compared = compare_runs(a, b, NAMES)

    assert compared["answer"][1].startswith("second is smaller: ")
    assert lead(compared)["leaves"]["relative"] == pytest.approx(-0.5, abs=0.01)
    assert -1 < lead(compared)["leaves"]["low"] < -0.45


@pytest.mark.parametrize(
    ("keys", "value", "flag"),
    [
        (("data", "fingerprint"), "0" * 64, "The data differ: rows and columns"),
        (("study", "seed"), 7, "The outer folds differ: seed 0 in A, 7 in B."),
        (
            ("study", "validation", "outer", "repeats"),
            2,
            "The outer folds differ: outer folds folds 5, repeats 3 in A",
        ),
        (("data", "loss"), "absolute error", "The losses differ: loss squared error"),
        (("study", "data", "weights"), "w", "The losses differ: row weights none in A"),
    ],
)
def test_what_does_not_match_is_flagged_and_never_paired(a, b, keys, value, flag):
    *above, last = keys
    part = b
    for key in above:
        part = part[key]
    part[last] = value

    compared = compare_runs(a, b, NAMES)
    page = html.unescape(render_pair(compared, a, b))

    assert any(text.startswith(flag) for text in compared["flags"])
    assert all(row["loss"] is row["leaves"] is None for row in compared["rows"])
    assert "cannot be paired" in compared["answer"][0]
    assert compared["flags"][0] in page
    assert f"WARNING: {compared['flags'][0]}" in list(pair_lines(compared))


def test_losses_of_two_kinds_share_no_axis(a, b):
    b["data"]["loss"] = "absolute error"

    page = render_pair(compare_runs(a, b, NAMES), a, b)

    assert 'id="front"' not in page
    assert "inner loss" not in page


def test_one_split_has_no_interval_and_says_so(a, b):
    for results in (a, b):
        results["study"]["validation"]["outer"] = {"holdout": 0.3}
        for found in results["engines"].values():
            for pick in ("best", "one_se"):
                del found[pick]["outer"]["losses"][1:]
                del found[pick]["by_outer_fold"][1:]
    b["engines"][lead_engine(b)]["one_se"]["outer"]["losses"] = [1.0]

    compared = compare_runs(a, b, NAMES)

    assert lead(compared)["loss"]["word"] == "no interval"
    assert "keeps no losses of single rows" in compared["notes"][0]
    assert not any("not known" in line for line in pair_lines(compared))


def test_engines_that_lead_are_compared_across(a, b):
    first = lead_engine(a)
    del b["engines"][first]

    compared = compare_runs(a, b, NAMES)

    names = (engine_name(first), engine_name(lead_engine(b)))
    assert lead(compared)["name"].startswith("{} in A, {} in B".format(*names))
    assert lead(compared)["loss"]["n"] == 15
    alone = next(r for r in compared["rows"] if r["name"] == f"{names[0]} best")
    assert alone["loss"] is None


def test_only_what_differs_is_listed(a, b):
    b["study"]["search"]["trials"] = 80
    b["study"]["name"] = "another"
    b["versions"]["xgboost"] = "9.9"

    compared = compare_runs(a, b, NAMES)

    assert compared["study"] == [["search.trials", "20", "80"]]
    assert compared["environment"] == [["xgboost", a["versions"]["xgboost"], "9.9"]]


def test_page_holds_the_sentences_and_both_fronts(a, b):
    worsen(b, [0.95, 0.96, 0.94, 0.95, 0.95])
    compared = compare_runs(a, b, NAMES)

    page = html.unescape(render_pair(compared, a, b))

    assert all(sentence in page for sentence in compared["answer"])
    assert page.count('class="fr x dash"') == page.count('class="fr x"') == 1
    assert page.count("<h3>") == len(a["effects"]["xgboost"])
    assert page == html.unescape(render_pair(compared, a, b))


def test_hostile_names_never_become_markup(a, b):
    bad = "<img src=x onerror=alert(1)>\x1b[2J"
    b["study"]["title"] = b["data"]["loss"] = bad
    b["versions"][bad] = bad
    compared = compare_runs(a, b, (bad, bad))

    assert "<img" not in render_pair(compared, a, b)
    assert not any("\x1b" in line for line in pair_lines(compared))


@pytest.fixture
def folders(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shutil.copy(SHIPPED / "quickstart" / "results.json", tmp_path / name)
    return tmp_path / "one", tmp_path / "two"


def test_page_lies_beside_the_runs(folders):
    page, lines = compare_folders(*folders)

    assert page == folders[0].parent.resolve() / "compare-one-two.html"
    assert lines[0] == "A = one, B = two"
    assert str(page.parent) not in page.read_text("utf-8")


def test_page_links_the_reports_beside_it_and_the_index_links_the_page(folders):
    (folders[0] / "report.html").write_text("page", "utf-8")
    index = write_index(folders[0].parent).page

    page, _ = compare_folders(*folders)

    assert 'href="./one/report.html"' in page.read_text("utf-8")
    assert 'href="./two/report.html"' not in page.read_text("utf-8")
    assert 'href="./compare-one-two.html"' in index.read_text("utf-8")


def test_page_of_another_making_is_never_replaced(folders, tmp_path):
    (tmp_path / "mine.html").write_text("mine", "utf-8")

    with pytest.raises(DataError, match=r"mine\.html was not written by boostreg"):
        compare_folders(*folders, tmp_path / "mine.html")

    assert (tmp_path / "mine.html").read_text("utf-8") == "mine"


def test_run_is_not_compared_with_itself(folders):
    with pytest.raises(StudyError, match="A and B must be two different runs"):
        compare_folders(folders[0], folders[0] / ".." / "one")


def test_folder_without_results_is_named(folders, tmp_path):
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        compare_folders(folders[0], tmp_path / "nowhere")
