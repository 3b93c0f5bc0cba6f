"""A study with Keras's regularizers: whole where Keras is, refused where it is not."""

import json
import re
from importlib.metadata import version

import pytest

from boostreg.baselines import extra_packages, missing_extra, names
from boostreg.errors import StudyError
from boostreg.fits.work import library_versions
from boostreg.study.runner import run_study

KERAS = ("keras_l1", "keras_l2", "keras_l1l2", "keras_decay")
STUDY = f"""
name: keras
data: {{source: synthetic:mixed, target: target, task: binary}}
engines: [lightgbm]
rounds: {{max: 10, patience: 5}}
search: {{trials: 2, racing: false, space: {{max_leaves: {{low: 4, high: 8}}}}}}
validation: {{outer: {{folds: 2}}, inner: {{folds: 2}}}}
paths: {{penalties: [], points: 2}}
effects: {{points: 0}}
baselines: [mean, ridge, {", ".join(KERAS)}]
"""

missing = missing_extra("keras_l1")
with_keras = pytest.mark.skipif(missing is not None, reason=str(missing))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    path = folder / "study.yaml"
    path.write_text(STUDY)
    return run_study(path, out=folder, workers=2)


@pytest.fixture(scope="module")
def results(run):
    return json.loads((run / "results.json").read_text())


@with_keras
@pytest.mark.parametrize("name", KERAS)
def test_a_network_of_keras_stands_beside_the_ensembles(results, name):
    families = results["baselines"]

    one, mean, ridge = families[name], families["mean"], families["ridge"]

    outer = one["outer"]
    assert outer["low"] < outer["loss"] < outer["high"]
    assert outer["loss"] < mean["outer"]["loss"]
    assert outer["loss"] == pytest.approx(ridge["outer"]["loss"], abs=0.05)
    # 16 units, each with a weight per input and one to the score.
    inputs = ridge["parameters"]
    assert one["parameters"] == 16 * (inputs + 1)
    assert 0 < one["coefficients"] <= one["parameters"]
    assert 0 < one["live_units"] <= 16


@with_keras
def test_l1_drops_weights_and_units_that_decay_keeps(results):
    l1, decay = (results["baselines"][name] for name in ("keras_l1", "keras_decay"))

    assert l1["coefficients"] < 0.7 * decay["coefficients"]
    assert l1["live_units"] <= decay["live_units"]


@with_keras
@pytest.mark.parametrize("name", KERAS)
def test_sizes_grow_along_the_path_as_the_penalty_falls(results, name):
    path = results["baselines"][name]["path"]

    strongest, weakest = path[0], path[-1]

    assert strongest["strength"] > weakest["strength"]
    assert strongest["coefficients"] < weakest["coefficients"]
    assert strongest["live_units"] < weakest["live_units"]


@with_keras
def test_the_page_states_weights_and_live_units_of_each_network(run):
    page = (run / "report.html").read_text()

    sizes = re.findall(r"[\d.]+ of 192 weights, [\d.]+ live units", page)

    assert len(set(sizes)) == len(KERAS)


@with_keras
def test_results_name_the_versions_that_decided_them(results):
    versions = results["versions"]

    assert {name: versions[name] for name in ("keras", "jax", "jaxlib")} == {
        name: version(name) for name in ("keras", "jax", "jaxlib")
    }


def test_packages_of_the_extra_count_where_the_study_asks_for_them():
    assert extra_packages("lasso") == ()
    assert set(extra_packages("keras_l1")) == {"keras", "jax", "jaxlib"}
    assert "keras" not in library_versions()
    assert library_versions(("no-such-package",))["no-such-package"] == "none"


def test_without_keras_the_study_is_refused_before_anything_is_written(
    write, tmp_path, monkeypatch
):
    monkeypatch.setattr(names, "find_spec", lambda _: None)
    study, out = write(STUDY), tmp_path / "out"

    with pytest.raises(StudyError, match=r"pip install 'boostreg\[keras\]'"):
        run_study(study, out=out, workers=1)

    assert not out.exists()
