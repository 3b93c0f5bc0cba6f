"""Two runs compared: by how much, with what certainty, and when not at all."""

import copy
import html
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from boostreg.changes import Judges
from boostreg.errors import DataError, StudyError
from boostreg.report.pair import JudgedRows, compare_runs, pair_lines, render_pair
from boostreg.report.sections.answer import lead_engine
from boostreg.report.wording import engine_name
from boostreg.study.files import read_csv
from boostreg.study.index import compare_folders, write_index

SHIPPED = Path(__file__).parents[2] / "reports"
NAMES = ("first", "second")


@pytest.fixture(scope="module")
def stored():
    folder = SHIPPED / "quickstart"
    results = json.loads((folder / "results.json").read_text("utf-8"))
    return results, JudgedRows.from_table(read_csv(folder / "losses.csv"), results)


@pytest.fixture
def a(stored):
    return copy.deepcopy(stored[0])


@pytest.fixture
def b(stored):
    return copy.deepcopy(stored[0])


@pytest.fixture
def rows(stored):
    return stored[1]


def scaled(rows, factors):
    """Return the losses of every model, multiplied row by row, the same in each."""
    losses = {
        name: tuple(
            values * np.resize(factors, rows_.max() + 1)[rows_]
            for values, rows_ in zip(found, rows.judges.rows, strict=True)
        )
        for name, found in rows.losses.items()
    }
    return replace(rows, losses=losses)


def shrink(results, factor):
    """Multiply the leaves of every pick."""
    for found in results["engines"].values():
        for pick in ("best", "one_se"):
            for fold in found[pick]["by_outer_fold"]:
                fold["leaves"] = round(factor * fold["leaves"])


def lead(compared):
    return next(row for row in compared["rows"] if row["leads"])


def test_run_is_the_same_as_itself(a, b, rows):
    compared = compare_runs(a, b, NAMES, (rows, rows))

    assert {row["loss"].word for row in compared["rows"]} == {"same"}
    assert {row["leaves"].word for row in compared["rows"]} == {"same"}
    assert compared["answer"][0].startswith(
        "second and first have the same loss within"
    )
    assert compared["study"] == compared["environment"] == []


def test_change_is_that_of_the_paired_rows(a, b, rows):
    # With one engine and one pick, the interval is Student's t over rows and folds.
    for results in (a, b):
        del results["engines"]["lightgbm"]
        results["engines"]["xgboost"]["best"] = results["engines"]["xgboost"]["one_se"]
    first = {"xgboost best": rows.losses["xgboost one_se"]}
    first["xgboost one_se"] = first["xgboost best"]
    second = dict.fromkeys(first, rows.losses["xgboost default"])

    tables = (replace(rows, losses=first), replace(rows, losses=second))
    found = lead(compare_runs(a, b, NAMES, tables))["loss"].change

    table = pd.read_csv(SHIPPED / "quickstart" / "losses.csv")
    mean = table.groupby("outer_fold").mean().mean()
    x, y = table["xgboost default"], table["xgboost one_se"]
    effect = x / mean["xgboost default"] - y / mean["xgboost one_se"]
    n_folds = table["outer_fold"].nunique()
    share = 1 / table.groupby("outer_fold")["row"].transform("size")
    by_row = (share * effect / n_folds).groupby(table["row"]).sum()
    fold_mean = effect.groupby(table["outer_fold"]).mean()
    of_fold = (
        effect.groupby(table["outer_fold"]).var(ddof=1)
        * share.groupby(table["outer_fold"]).first()
    )
    by_repeat = fold_mean.groupby(np.arange(n_folds) // 5).mean()
    training = max(0, fold_mean.var() - of_fold.mean(), by_repeat.var())
    n = len(by_row)
    shared = training * (1 / 5 + 1 / 4)
    spread = np.sqrt(n / (n - 1) * (by_row**2).sum() + shared)
    theta = np.log(mean["xgboost default"] / mean["xgboost one_se"])
    half = stats.t.ppf(0.975, n - 1) * spread
    assert found.estimate == pytest.approx(np.expm1(theta))
    assert found.low == pytest.approx(np.expm1(theta - half), rel=0.02)
    assert found.high == pytest.approx(np.expm1(theta + half), rel=0.02)


def test_intervals_of_all_picks_hold_together(a, b, rows):
    rng = np.random.default_rng(0)
    other = scaled(rows, rng.uniform(0.5, 1.5, 442))

    together = compare_runs(a, b, NAMES, (rows, other))
    kept = lead_engine(a)
    for results in (a, b):
        results["engines"] = {kept: results["engines"][kept]}
    fewer = compare_runs(a, b, NAMES, (rows, other))

    def width(compared):
        change = lead(compared)["loss"].change
        return np.log1p(change.high) - np.log1p(change.low)

    assert [row["loss"].family for row in together["rows"]] == [4] * 4
    assert width(together) > width(fewer)


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ([0.95], "second is better than first"),
        ([1.05], "second is worse than first"),
        ([1.004], "second and first have the same loss within 1%"),
        ([1.9, 0.1], "Not settled between second and first"),
    ],
)
def test_answer_is_read_off_the_interval_that_it_states(a, b, rows, factors, words):
    compared = compare_runs(a, b, NAMES, (rows, scaled(rows, factors)))

    found = lead(compared)["loss"]
    assert compared["answer"][0].startswith(f"{words}: ")
    assert f"{found.estimate} loss ({found.ends}; " in compared["answer"][0]
    assert found.word == found.change.word(a["study"]["tolerance"])


def test_smaller_tolerance_of_both_decides(a, b, rows):
    a["study"]["tolerance"] = 0.001

    compared = compare_runs(a, b, NAMES, (rows, scaled(rows, [1.004])))

    assert lead(compared)["loss"].word == "worse"
    assert "0.1%" in compared["notes"][1]


def test_answer_says_which_is_smaller(a, b, rows):
    shrink(b, 0.5)

    compared = compare_runs(a, b, NAMES, (rows, rows))

    assert compared["answer"][1].startswith("second is smaller: ")
    found = lead(compared)["leaves"]
    assert found.ratio == pytest.approx(0.5, abs=0.01)
    assert 0 < found.low < 0.5 < found.high < 0.55


@pytest.mark.parametrize(
    ("changed", "flag"),
    [
        ({("data", "fingerprint"): "0" * 64}, "The data differ: rows and columns"),
        ({("study", "seed"): 7}, "The outer folds differ: seed 0 in A, 7 in B."),
        (
            {("study", "validation", "outer", "repeats"): 3},
            "The outer folds differ: outer folds folds 5, repeats 2 in A",
        ),
        ({("data", "loss"): "absolute error"}, "The losses differ: loss squared error"),
        (
            {("study", "data", "weights"): "w"},
            "The losses differ: row weights none in A",
        ),
    ],
)
def test_what_does_not_match_is_flagged_and_never_paired(a, b, rows, changed, flag):
    for (*above, last), value in changed.items():
        part = b
        for key in above:
            part = part[key]
        part[last] = value

    compared = compare_runs(a, b, NAMES, (rows, rows))
    page = html.unescape(render_pair(compared, a, b))

    assert any(text.startswith(flag) for text in compared["flags"])
    assert all(row["loss"] is row["leaves"] is None for row in compared["rows"])
    assert "cannot be paired" in compared["answer"][0]
    assert compared["flags"][0] in page
    assert f"WARNING: {compared['flags'][0]}" in list(pair_lines(compared))


def other_rows(judges):
    return {"rows": (judges.rows[0] + 1, *judges.rows[1:])}


def other_weights(judges):
    return {"weights": (judges.weights[0] * 2, *judges.weights[1:])}


def other_groups(_):
    return {"groups": np.arange(442) // 2}


def other_folds(judges):
    return {"rows": judges.rows[:5], "weights": judges.weights[:5]}


@pytest.mark.parametrize(
    "change", [other_rows, other_weights, other_groups, other_folds]
)
def test_other_rows_folds_or_weights_in_the_tables_are_never_paired(a, b, rows, change):
    other = replace(rows, judges=replace(rows.judges, **change(rows.judges)))

    compared = compare_runs(a, b, NAMES, (rows, other))

    assert [text.split(":")[0] for text in compared["flags"]] == [
        "The outer folds differ"
    ]
    assert all(row["loss"] is row["leaves"] is None for row in compared["rows"])


def test_losses_of_two_kinds_share_no_axis(a, b, rows):
    b["data"]["loss"] = "absolute error"

    page = render_pair(compare_runs(a, b, NAMES, (rows, rows)), a, b)

    assert 'id="front"' not in page
    assert "inner loss" not in page


def test_one_split_has_an_interval_of_the_loss_and_none_of_the_leaves(a, b, rows):
    for results in (a, b):
        results["study"]["validation"]["outer"] = {"holdout": 0.3}
        for found in results["engines"].values():
            for pick in ("best", "one_se"):
                del found[pick]["by_outer_fold"][1:]
    judges = Judges(rows.judges.rows[:1], rows.judges.weights[:1])
    first = JudgedRows(judges, {name: v[:1] for name, v in rows.losses.items()})

    compared = compare_runs(a, b, NAMES, (first, scaled(first, [1.05])))

    found = lead(compared)
    assert found["loss"].word == "worse"
    assert found["loss"].change.method == "t over test rows, on log ratios"
    assert found["leaves"].word == "no interval"
    assert "one measurement of each size" in compared["answer"][1]
    assert not any("not known" in line for line in pair_lines(compared))


def test_a_loss_of_zero_has_no_interval_and_says_so(a, b, rows):
    compared = compare_runs(a, b, NAMES, (rows, scaled(rows, [0.0])))

    assert lead(compared)["loss"].word == "not settled"
    assert any(
        note.endswith("has no interval: a mean loss is 0.")
        for note in compared["notes"]
    )


def test_engines_that_lead_are_compared_across(a, b, rows):
    first = lead_engine(a)
    del b["engines"][first]

    compared = compare_runs(a, b, NAMES, (rows, rows))

    names = (engine_name(first), engine_name(lead_engine(b)))
    assert lead(compared)["name"].startswith("{} in A, {} in B".format(*names))
    assert (lead(compared)["loss"].n, lead(compared)["loss"].family) == (442, 3)
    alone = next(r for r in compared["rows"] if r["name"] == f"{names[0]} best")
    assert alone["loss"] is None


def test_only_what_differs_is_listed(a, b, rows):
    b["study"]["search"]["trials"] = 80
    b["study"]["name"] = "another"
    b["versions"]["xgboost"] = "9.9"

    compared = compare_runs(a, b, NAMES, (rows, rows))

    assert compared["study"] == [["search.trials", "20", "80"]]
    assert compared["environment"] == [["xgboost", a["versions"]["xgboost"], "9.9"]]


def test_page_holds_the_sentences_and_both_fronts(a, b, rows):
    compared = compare_runs(a, b, NAMES, (rows, scaled(rows, [0.95, 0.9])))

    page = html.unescape(render_pair(compared, a, b))

    assert all(sentence in page for sentence in compared["answer"])
    assert page.count('class="fr x dash"') == page.count('class="fr x"') == 1
    assert page.count("<h3>") == len(a["effects"]["xgboost"])
    assert page == html.unescape(render_pair(compared, a, b))


def test_hostile_names_never_become_markup(a, b, rows):
    bad = "<img src=x onerror=alert(1)>\x1b[2J"
    b["study"]["title"] = b["data"]["loss"] = bad
    b["versions"][bad] = bad
    compared = compare_runs(a, b, (bad, bad), (rows, rows))

    assert "<img" not in render_pair(compared, a, b)
    assert not any("\x1b" in line for line in pair_lines(compared))


@pytest.fixture
def folders(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for file in ("results.json", "losses.csv"):
            shutil.copy(SHIPPED / "quickstart" / file, tmp_path / name)
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


def test_folder_without_the_losses_of_rows_is_named(folders):
    (folders[1] / "losses.csv").unlink()

    with pytest.raises(DataError, match=r"two/losses\.csv is missing; run the study"):
        compare_folders(*folders)


def test_table_without_a_judged_model_is_damaged(folders):
    table = pd.read_csv(folders[1] / "losses.csv").drop(columns="xgboost one_se")
    table.to_csv(folders[1] / "losses.csv", index=False)

    with pytest.raises(DataError, match=r"is damaged: results\.json and the tables"):
        compare_folders(*folders)
