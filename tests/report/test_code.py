"""The code on a page runs without changes, and all its forms give the same model."""

import re
from functools import cache
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from boostreg.data.sources import read_source
from boostreg.report import render
from boostreg.study.files import read_csv, read_json
from boostreg.study.load import load_study

REPORTS = Path(__file__).parents[2] / "reports"
STUDIES = {"families": "synthetic:mixed", "quickstart": "sklearn:diabetes"}


@cache
def code_of(name):
    """Return the code of a shipped run's page, written anew, by its id."""
    results = read_json(REPORTS / name / "results.json")
    tables = (read_csv(REPORTS / name / f"{n}.csv") for n in ("trials", "paths"))
    found = re.findall(
        r'<code id="([\w-]+)">(.*?)</code>', render(results, *tables), re.DOTALL
    )
    return {key: unescape(text) for key, text in found}


def run(code, source):
    """Return what pasted code leaves behind, given the data as they were read."""
    frame = read_source(source, base=Path())
    names = {"X": frame.drop(columns="target"), "y": frame["target"]}
    exec(code, names)  # noqa: S102 - that it runs is the point
    return names


def scores(names):
    """Return what a model of any library predicts for its training rows."""
    import xgboost

    model, rows = names["model"], names["X"]
    if isinstance(model, xgboost.Booster):
        return model.predict(names["data"])
    proba = getattr(model, "predict_proba", None)
    return proba(rows)[:, 1] if proba else model.predict(rows)


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("name", STUDIES)
def test_pasted_code_runs_and_grows_the_same_model(name, engine):
    code = code_of(name)

    own = scores(run(code[f"{engine}-one_se-python"], STUDIES[name]))
    ours = scores(run(code[f"{engine}-one_se-boostreg"], STUDIES[name]))

    # The bare LightGBM bins a column of many values around 0, ours from its minimum on.
    assert np.corrcoef(own, ours)[0, 1] > (0.999 if engine == "xgboost" else 0.99)


@pytest.mark.parametrize("name", STUDIES)
def test_yaml_completes_a_study(name, tmp_path):
    lines = code_of(name)["lightgbm-one_se-yaml"]
    path = tmp_path / "again.yaml"
    source = STUDIES[name]
    path.write_text(
        f"name: again\ndata: {{source: '{source}', target: target}}\n{lines}"
    )
    pick = read_json(REPORTS / name / "results.json")["engines"]["lightgbm"]["one_se"]

    spec = load_study(path).spec

    assert spec.rounds.max == pick["rounds"]
    assert spec.search.fixed["max_leaves"] == pick["penalty"]["max_leaves"]
    assert spec.search.space.as_dict() == {}
