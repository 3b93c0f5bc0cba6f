"""The code on a page runs without changes, and all its forms give the same model."""

import re
from functools import cache
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from boostreg.data.sources import read_source
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.report.page import render
from boostreg.report.sections.answer import one_line
from boostreg.study.files import read_csv, read_json
from boostreg.study.load import load_study

REPORTS = Path(__file__).parents[2] / "reports"
STUDIES = {"families": "synthetic:mixed", "quickstart": "sklearn:diabetes"}


@cache
def results_of(name):
    """Return the results of a shipped run."""
    return read_json(REPORTS / name / "results.json")


@cache
def code_of(name):
    """Return the code of a shipped run's page, written anew, by its id."""
    tables = (read_csv(REPORTS / name / f"{n}.csv") for n in ("trials", "paths"))
    page = render(results_of(name), *tables)
    found = re.findall(r'<code id="([\w-]+)">(.*?)</code>', page, re.DOTALL)
    return {key: unescape(text) for key, text in found}


def models_of(name):
    """Return the models of a page as (engine, pick)."""
    found = (re.fullmatch(r"(\w+)-(one_se|best)-yaml", key) for key in code_of(name))
    return [one.groups() for one in found if one]


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


MODELS = [(name, *model) for name in STUDIES for model in models_of(name)]


@pytest.mark.parametrize(("name", "engine", "pick"), MODELS)
def test_pasted_code_runs_and_grows_the_same_model(name, engine, pick):
    code = code_of(name)

    own = scores(run(code[f"{engine}-{pick}-python"], STUDIES[name]))
    ours = scores(run(code[f"{engine}-{pick}-boostreg"], STUDIES[name]))

    # The bare LightGBM bins a column of many values around 0, ours from its minimum on.
    assert np.corrcoef(own, ours)[0, 1] > (0.999 if engine == "xgboost" else 0.99)


@pytest.mark.parametrize(("name", "engine", "pick"), MODELS)
def test_the_line_of_the_first_screen_grows_the_same_model(name, engine, pick):
    own = run(code_of(name)[f"{engine}-{pick}-python"], STUDIES[name])
    line = one_line(results_of(name), engine, pick)

    model = eval(line, vars(__import__(engine)))  # noqa: S307 - pasted code is the point
    model.fit(own["X"], own["y"])

    # The wrapper of LightGBM bins and bundles like the bare library.
    assert np.corrcoef(scores(own), scores(own | {"model": model}))[0, 1] > 0.9999


@pytest.mark.parametrize("name", STUDIES)
def test_the_first_screen_shows_the_line_of_the_model_that_is_named(name):
    results = results_of(name)
    found, simple = results["answer"]["settings"], results["simple_model"]
    line = one_line(results, found["engine"], found["model"])
    if results["answer"]["use"] == simple["model"]:
        line = f"load_model({simple['file']!r}).predict(new_rows)"

    assert code_of(name)["model-line"] == line


@pytest.mark.parametrize(("name", "engine", "pick"), MODELS)
def test_pasted_parameters_give_the_stored_model_but_for_the_digits(name, engine, pick):
    stored = results_of(name)["engines"][engine][pick]
    code = code_of(name)
    exact = {
        key: value
        for key, value in stored["penalty"].items()
        if f"{key}=" in code[f"{engine}-{pick}-boostreg"]
    }

    pasted = run(code[f"{engine}-{pick}-boostreg"], STUDIES[name])
    model = pasted["model"]
    full = clone(model).set_params(**exact).fit(pasted["X"], pasted["y"])

    # 4 digits change no split here; ties may, so leaves within 2%, predictions 1%.
    assert model.size_.n_leaves == pytest.approx(stored["size"]["leaves"], rel=0.02)
    assert full.size_.n_leaves == stored["size"]["leaves"]
    spread = np.std(scores(pasted | {"model": full}))
    assert np.max(np.abs(scores(pasted) - scores(pasted | {"model": full}))) < (
        0.01 * spread
    )


@pytest.mark.parametrize(("name", "engine", "pick"), MODELS)
def test_code_to_predict_names_a_model_that_the_run_saves(name, engine, pick):
    code = code_of(name)
    suffix = ENGINE_FACTS[engine].suffix

    assert f"--model {engine}-{pick}\n" in code[f"{engine}-{pick}-shell"]
    assert f"'models/{engine}-{pick}{suffix}'" in code[f"{engine}-{pick}-Python"]


@pytest.mark.parametrize("name", STUDIES)
def test_yaml_completes_a_study(name, tmp_path):
    (engine, chosen), *_ = models_of(name)
    lines = code_of(name)[f"{engine}-{chosen}-yaml"]
    path = tmp_path / "again.yaml"
    source = STUDIES[name]
    path.write_text(
        f"name: again\ndata: {{source: '{source}', target: target}}\n{lines}"
    )
    pick = results_of(name)["engines"][engine][chosen]

    spec = load_study(path).spec

    assert spec.rounds.max == pick["rounds"]
    assert {key: pick["penalty"][key] for key in spec.search.fixed} == dict(
        spec.search.fixed
    )
    assert spec.search.space.as_dict() == {}
