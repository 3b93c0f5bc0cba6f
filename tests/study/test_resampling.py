"""Studies of some of the rows, searches that see some of these, and their models."""

import json
from dataclasses import replace

import numpy as np
import pytest
from runs import assert_same_run

from boostreg.errors import StudyError
from boostreg.fits.dataset import Dataset
from boostreg.study import plan as plans
from boostreg.study import resampling
from boostreg.study.load import study_of
from boostreg.study.plan import Plan
from boostreg.study.presets import PRESETS
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
    monkeypatch.setattr(resampling, "LARGE", 1000)
    monkeypatch.setattr(resampling, "_SEARCHED_VALUES", 1500)
    monkeypatch.setattr(resampling, "_FEWEST_ROWS", 100)

    by_default = Plan(study_of(content))
    content["search"]["rows"] = "all"
    on_all = Plan(study_of(content))

    assert by_default.spec.search.rows == 1500 // by_default.table.n_features
    assert not on_all.splits.searched


def test_large_tables_are_judged_by_a_fifth_of_their_rows(monkeypatch):
    content = json.loads(json.dumps(STUDY))
    del content["validation"]["outer"]
    folds = Plan(study_of(content)).splits
    monkeypatch.setattr(resampling, "LARGE", 1000)

    (one,) = Plan(study_of(content)).splits.outer

    assert folds.n_outer > 1
    assert len(one.test) == pytest.approx(0.2 * folds.n_samples, abs=1)


def test_quick_uses_some_rows_of_a_large_table_unless_all_are_set(monkeypatch):
    few = replace(PRESETS["quick"], most_values=2000)
    monkeypatch.setattr(plans, "PRESETS", PRESETS | {"quick": few})
    monkeypatch.setattr(resampling, "_FEWEST_ROWS", 100)
    content = STUDY | {"preset": "quick"}
    on_all = content | {"data": STUDY["data"] | {"rows": "all"}}

    quick, whole, default = map(Plan, map(study_of, (content, on_all, STUDY)))

    assert quick.splits.n_used == 2000 // quick.table.n_features
    assert whole.splits.n_used == default.splits.n_used == whole.table.n_samples


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    """Return a run on 200 of the rows of its table."""
    content = STUDY | {"data": STUDY["data"] | {"rows": 200}, "search": {"trials": 3}}
    out = tmp_path_factory.mktemp("part")
    return open_run(run_study(content, out=out, workers=2))


def test_folds_and_models_are_of_the_rows_that_a_study_uses(part):
    lines = (part.folder / "predictions.csv").read_text().splitlines()
    judged = {int(line.split(",")[1]) for line in lines[1:]}
    n_rows = part.results["data"]["rows"]

    assert len(judged) == 200
    assert max(judged) > 200  # rows are numbered as in the table
    assert f"200 of {n_rows:,} rows" in (part.folder / "report.html").read_text()
    assert any(
        "uses 200 random rows" in note for note in part.results["text"]["caveats"]
    )


def test_a_study_of_some_rows_is_the_same_from_the_study_it_left(part, tmp_path):
    again = run_study(part.folder / "study.yaml", out=tmp_path, workers=1)

    assert_same_run(again, part.folder)


@pytest.mark.parametrize("rows", [99, 0, -5, 1.5, "some", True, [100]])
@pytest.mark.parametrize("part", ["data", "search"])
def test_wrong_number_of_rows_is_refused_with_what_is_allowed(part, rows):
    with pytest.raises(StudyError) as found:
        study_of(STUDY | {part: STUDY[part] | {"rows": rows}})

    text = str(found.value)
    assert f"{part}.rows" in text
    assert "a number of rows from 100 on, or all" in text
