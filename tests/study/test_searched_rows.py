"""Searches that see some of the rows, and models of all of them."""

import json

import numpy as np
import pytest
from runs import assert_same_run

from boostreg.fits.dataset import Dataset
from boostreg.study import plan as plans
from boostreg.study.load import study_of
from boostreg.study.plan import Plan
from boostreg.study.run import open_run
from boostreg.study.runner import run_study

STUDY = {
    "name": "few",
    "data": {"source": "synthetic:friedman1", "target": "target"},
    "rounds": {"max": 60, "patience": 5},
    "search": {"trials": 3, "rows": 120, "fixed": {"learning_rate": 0.3}},
    "validation": {"outer": {"folds": 2}, "inner": {"folds": 2}},
    "paths": {"penalties": ["reg_lambda"], "points": 2},
    "effects": {"points": 0},
    "baselines": ["mean", "ridge"],
}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return open_run(run_study(STUDY, out=tmp_path_factory.mktemp("few"), workers=2))


def test_models_of_the_picks_are_trained_on_all_rows(few):
    rows = few.results["data"]["rows"]
    for name in ("xgboost", "lightgbm"):
        card = few.folder / "models" / f"{name}-best.json"
        trained = few.results["engines"][name]["best"]
        assert json.loads(card.read_text())["rounds"] == trained["rounds"]
    assert any(f"Searches, paths and linear strengths see 120 of {rows:,}" in note
               for note in few.results["text"]["caveats"])  # fmt: skip


def test_models_of_all_rows_have_a_lower_loss_than_those_of_few(few):
    for engine in few.results["engines"].values():
        assert engine["best"]["outer"]["loss"] < engine["best"]["inner"]["loss"]
        # Its gap to inner folds would be that of fewer rows.
        assert engine["nested_gap"] == {}


def test_same_bits_for_any_number_of_workers_from_the_study_it_left(few, tmp_path):
    again = run_study(few.folder / "study.yaml", out=tmp_path, workers=1)

    assert_same_run(again, few.folder)


def test_workers_read_the_same_rows(tmp_path):
    dataset = Plan(study_of(STUDY)).dataset
    dataset.save(tmp_path)

    again = Dataset.open(tmp_path)

    for outer in (0, 1, None):
        for inner in (0, 1, "searched", "rounds", None):
            pairs = zip(
                dataset.splits.rows(outer, inner),
                again.splits.rows(outer, inner),
                strict=True,
            )
            assert all(np.array_equal(*pair) for pair in pairs)


def test_large_tables_are_searched_on_some_rows_unless_all_are_set(monkeypatch):
    content = json.loads(json.dumps(STUDY))
    del content["search"]["rows"]
    assert Plan(study_of(content)).spec.search.rows is None
    monkeypatch.setattr(plans, "LARGE", 1000)
    monkeypatch.setattr(plans, "_SEARCHED_VALUES", 1500)
    monkeypatch.setattr(plans, "_FEWEST_SEARCHED", 100)

    by_default = Plan(study_of(content))
    content["search"]["rows"] = "all"
    on_all = Plan(study_of(content))

    assert by_default.spec.search.rows == 1500 // by_default.table.n_features
    assert not on_all.splits.searched


@pytest.mark.parametrize("rows", [99, 0, -5, 1.5, "some", True, [100]])
def test_wrong_number_of_rows_is_refused_with_what_is_allowed(fault, rows):
    text = fault(f"search: {{rows: {json.dumps(rows)}}}")

    assert "search.rows" in text
    assert "a number of rows from 100 on, or all" in text
