"""A run leaves what it should, and the same whoever ran it and however it went."""

import json
import re
import shutil
import sqlite3
from html import unescape
from pathlib import Path
from statistics import geometric_mean

import pytest
from runs import TABLES, assert_same_run, results_of
from truth import untruths

from boostreg.errors import StudyError
from boostreg.report.results import json_schema
from boostreg.study.run import read_results
from boostreg.study.runner import run_study

STUDY = """
name: small
data: {source: "sklearn:diabetes", target: target}
rounds: {max: 8, patience: 4}
search: {trials: 3, in_flight: 2, scale: rows}
validation: {outer: {folds: 2}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean, ridge]
effects: {points: 2}
claims:
  - {id: weight, says: 'L2 takes weight', measure: l1_norm, along: reg_lambda,
     reading: equal, expect: decreasing, at_least: 1%}
  - {id: form, says: 'closed form', experiment: leaf_optimum,
     measure: difference, engine: lightgbm, expect: identical, at_most: 1e-6}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    """Return the folder of a run by two workers that nothing disturbed."""
    return run_study(study, out=tmp_path_factory.mktemp("out"), workers=2)


def test_run_leaves_every_file(finished):
    names = {path.name for path in finished.iterdir()}
    models = {path.name for path in (finished / "models").iterdir()}

    assert {"report.html", "results.json", "study.yaml", *TABLES} <= names
    assert (finished.parent / "study.schema.json").exists()  # of all runs there
    assert "xgboost-best.ubj" in models
    assert "lightgbm-one_se.txt" in models


def test_run_leaves_results_of_the_stated_form(finished):
    jsonschema = pytest.importorskip("jsonschema", reason="no jsonschema")

    jsonschema.Draft202012Validator(json_schema()).validate(read_results(finished))


def test_run_is_listed_beside_it(finished):
    page = (finished.parent / "index.html").read_text("utf-8")

    assert 'href="./small/report.html"' in page


def test_study_that_a_run_left_gives_the_same_with_any_number_of_workers(
    finished, tmp_path
):
    again = run_study(finished / "study.yaml", out=tmp_path, workers=1)

    assert_same_run(again, finished)


def test_second_run_makes_only_the_fits_it_does_not_find_and_says_the_same(
    study, finished, tmp_path
):
    """Also if what is gone left holes, as a damaged journal does."""
    folder = tmp_path / "small"
    shutil.copytree(finished, folder)
    with sqlite3.connect(folder / "journal.db") as journal:
        gone = journal.execute("delete from entry where rowid % 3 = 0").rowcount
    journal.close()

    run_study(study, out=tmp_path, workers=1)

    run = json.loads((folder / "results.json").read_text())["run"]
    assert run["fits"] - run["fits_from_journal"] == gone > 0
    assert_same_run(folder, finished)


def test_study_that_a_run_left_is_not_run_into_its_own_outputs(finished, monkeypatch):
    monkeypatch.chdir(finished)

    with pytest.raises(StudyError, match="--out"):
        run_study(Path("study.yaml"))


def test_a_study_that_searches_answers_before_it_judges_a_claim(finished):
    answer = results_of(finished)["text"]["answer"]

    [place] = [
        k for k, sentence in enumerate(answer) if sentence.startswith("2 claims:")
    ]

    assert place == len(answer) - 3  # after all others, with the claims themselves
    assert "XGBoost" in answer[0] or "LightGBM" in answer[0]


def test_leaves_are_compared_by_their_ratios_fold_by_fold(finished):
    results = results_of(finished)
    leaves = {
        engine: [fold["leaves"] for fold in found["best"]["by_outer_fold"]]
        for engine, found in results["engines"].items()
    }

    [found] = [
        one
        for one in results["sizes"]
        if (one["a"], one["b"]) == ("lightgbm best", "xgboost best")
    ]

    ratios = [b / a for a, b in zip(*leaves.values(), strict=True)]
    assert found["folds"] == pytest.approx(ratios)
    assert found["ratio"] == pytest.approx(geometric_mean(ratios))
    assert 0 < found["low"] <= found["ratio"] <= found["high"]
    assert "LightGBM best / XGBoost best" in (finished / "report.html").read_text()


def test_page_states_the_losses_of_results(finished):
    page = (finished / "report.html").read_text()
    text = results_of(finished)["text"]
    plain = unescape(re.sub("<[^>]*>", "", page))

    assert untruths(page, results_of(finished)) == []
    assert text["answer"][0] in plain
    assert len(text["answers"]) == 3
    for short in text["answers"]:
        assert short["head"] in plain
        assert short["detail"] in plain
