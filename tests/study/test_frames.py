"""From a data frame or a mapping to a run: as from a study file."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from ruamel.yaml import YAML

from boostreg import open_run, run_table
from boostreg.errors import DataError, StudyError
from boostreg.study.load import load_study, study_of
from boostreg.study.runner import run_study

SMALL = {
    "engines": ["lightgbm"],
    "rounds": {"max": 5},
    "search": {"trials": 4, "space": "default"},
    "validation": {"outer": {"folds": 3}, "inner": {"folds": 2}},
    "paths": {"points": 0},
    "effects": {"points": 0},
    "baselines": ["mean"],
}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=90)
    label = pd.Series(rng.choice(["left", "right"], 90), dtype="category")
    return pd.DataFrame({"x": x, "label": label, 7: x + (label == "left")})


def test_a_frame_gives_a_report_with_an_answer(frame, tmp_path):
    run = run_table(frame, "7", name="mine", out=tmp_path, **SMALL)

    assert run.folder == tmp_path / "mine"
    assert "<h1" in (run.folder / "report.html").read_text("utf-8")
    assert run.results["text"]["answer"]
    columns = {one["name"]: one["kind"] for one in run.results["data"]["columns"]}
    assert columns == {"x": "numeric", "label": "category"}
    again = load_study(run.folder / "study.yaml").spec
    assert (again.search.scale, again.search.trials) == ("rows", 4)


@pytest.mark.parametrize(
    ("target", "keys", "message"),
    [
        ("y", {}, "'7'"),
        ("7", {"serach": {}}, "the study|serach: unknown key.*search"),
        ("7", {"preset": "fast"}, "quick"),
    ],
)
def test_an_invalid_call_writes_nothing(frame, tmp_path, target, keys, message):
    with pytest.raises((DataError, StudyError), match=message):
        run_table(frame, target, out=tmp_path, **SMALL | keys)

    assert list(tmp_path.iterdir()) == []


def test_rows_without_names_are_no_table(tmp_path):
    with pytest.raises(DataError, match="data frame with named columns, got ndarray"):
        run_table(np.eye(9), "0", out=tmp_path)


def test_frames_of_two_libraries_give_the_same_study(frame, tmp_path, monkeypatch):
    seen = []

    def stopped(study, **_):
        seen.append(pd.read_parquet(study.base / study.spec.data.source))
        raise KeyboardInterrupt

    monkeypatch.setattr("boostreg.study.runner.run_study", stopped)
    named = frame.rename(columns=str)
    for one in (named, pl.from_pandas(named)):
        with pytest.raises(KeyboardInterrupt):
            run_table(one, "7", out=tmp_path)

    pd.testing.assert_frame_equal(*seen, check_dtype=False, check_categorical=False)


def test_a_mapping_is_a_study_file(tmp_path, frame, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("table.csv", index=False)
    content = {"name": "x", "data": {"source": "table.csv", "target": "7"}, **SMALL}
    YAML(typ="safe").dump(content, tmp_path / "x.yaml")

    folder = run_study(content, workers=1)

    assert study_of(content).spec == load_study("x.yaml").spec
    assert open_run(folder).results["study"]["search"]["trials"] == 4
    with pytest.raises(StudyError, match=r"the study: search.trails: unknown key"):
        run_study(content | {"search": {"trails": 3}})
