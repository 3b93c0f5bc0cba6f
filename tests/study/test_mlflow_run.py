"""A run in MLflow: one run of the study, and one nested in it per model."""

import sys

import pytest

from boostreg.errors import DataError, MissingExtraError, RunError
from boostreg.study.mlflow_run import log_run
from boostreg.study.run import read_results


@pytest.fixture
def client(monkeypatch, tmp_path):
    """Return a client of MLflow that keeps its runs in a folder of the test."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = pytest.importorskip(
        "mlflow", reason="the extra boostreg[mlflow] is missing"
    )
    return mlflow.MlflowClient(tracking_uri=(tmp_path / "mlruns").as_uri())


@pytest.fixture
def logged(client, small_run):
    """Return the run of the small study in MLflow, and those of its models by name."""
    number, n_models = log_run(
        small_run, experiment="penalties", uri=client.tracking_uri
    )
    place = client.get_experiment_by_name("penalties").experiment_id
    found = client.search_runs([place])
    models = {
        one.info.run_name: one
        for one in found
        if one.data.tags.get("mlflow.parentRunId") == number
    }
    assert len(models) == n_models == len(found) - 1
    return client.get_run(number), models


def paths(client, run):
    """Return the paths of the artifacts of a run of MLflow."""
    return {one.path for one in client.list_artifacts(run.info.run_id)}


def test_study_is_logged_with_its_answer_and_its_files(client, logged, small_run):
    study, _ = logged
    results = read_results(small_run)

    assert study.info.run_name == "small"
    assert study.data.params["rows"] == str(results["data"]["rows"])
    assert study.data.params["version lightgbm"] == results["versions"]["lightgbm"]
    assert results["text"]["answer"][0] in study.data.tags["mlflow.note.content"]
    assert paths(client, study) >= {"report.html", "results.json", "trials.csv"}
    assert study.info.status == "FINISHED"


def test_each_judged_model_is_a_nested_run_with_its_figures(client, logged, small_run):
    _, models = logged
    engine = read_results(small_run)["engines"]["lightgbm"]

    picks = {"best", "one_se", "default", "unpenalised"}
    assert set(models) == {*(f"lightgbm-{pick}" for pick in picks), "mean"}
    for pick in ("best", "one_se"):
        found, run = engine[pick], models[f"lightgbm-{pick}"]
        assert run.data.metrics["loss"] == found["outer"]["loss"]
        assert run.data.metrics["leaves"] == found["size"]["leaves"]
        assert float(run.data.params["reg_lambda"]) == found["penalty"]["reg_lambda"]
        files = {f"lightgbm-{pick}.txt", f"lightgbm-{pick}.json"}
        assert paths(client, run) == files


@pytest.mark.usefixtures("client")
def test_run_that_mlflow_does_not_take_is_one_message(small_run, tmp_path):
    (tmp_path / "file").write_text("no folder")
    uri = (tmp_path / "file").as_uri()

    with pytest.raises(RunError, match="MLflow rejected the run or did not answer"):
        log_run(small_run, uri=uri)


def test_folder_without_results_is_refused_before_mlflow_is_asked(tmp_path):
    with pytest.raises(DataError, match="has no results"):
        log_run(tmp_path)


def test_without_mlflow_the_extra_is_named(monkeypatch, small_run):
    for name in ("mlflow", "mlflow.exceptions", "mlflow.tracking"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(MissingExtraError, match=r"boostreg\[mlflow\]"):
        log_run(small_run)
