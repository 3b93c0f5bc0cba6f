"""The models of a run, found by name and used on new rows."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from boostreg import BoostedClassifier, BoostedRegressor, cli
from boostreg.errors import DataError, ModelError
from boostreg.study.models import find_model, predict_rows

X = pd.DataFrame({"x": np.arange(30.0), "sort": list("ab") * 15})
Y = X["x"] // 10


@pytest.fixture
def folder(tmp_path):
    """Return a folder as a run leaves it, with a regression of each engine."""
    models = tmp_path / "run" / "models"
    models.mkdir(parents=True)
    for engine in ("xgboost", "lightgbm"):
        fitted = BoostedRegressor(engine=engine, n_estimators=4).fit(X, Y)
        for pick in ("best", "one_se"):
            fitted.save_model(models / f"{engine}-{pick}")
    losses = {"xgboost": 0.5, "lightgbm": 0.4}
    picks = {name: {"best": {"inner": {"loss": v}}} for name, v in losses.items()}
    results = tmp_path / "run" / "results.json"
    results.write_text(json.dumps({"engines": picks}), "utf-8")
    return tmp_path / "run"


@pytest.fixture
def rows(tmp_path):
    """Return a CSV file of rows to predict, columns in another order."""
    path = tmp_path / "rows.csv"
    X.assign(id=range(30))[["id", "sort", "x"]].to_csv(path, index=False)
    return path


def test_model_is_found_by_name(folder):
    assert find_model(folder, "xgboost-one_se").name == "xgboost-one_se.json"


def test_best_of_the_engine_with_the_least_loss_is_taken(folder):
    assert find_model(folder).name == "lightgbm-best.json"


def test_unknown_model_is_told_with_those_there_are(folder):
    with pytest.raises(ModelError, match=r"no model 'best'; it holds lightgbm-best, "):
        find_model(folder, "best")


def test_folder_of_no_run_is_told(tmp_path):
    with pytest.raises(DataError, match=r"holds no results\.json, so no run"):
        find_model(tmp_path)


def test_means_come_as_one_column(folder, rows):
    head, *lines = predict_rows(folder, str(rows)).splitlines()

    fitted = BoostedRegressor(engine="lightgbm", n_estimators=4).fit(X, Y)
    assert head == "prediction"
    np.testing.assert_allclose(np.array(lines, dtype=float), fitted.predict(X))


def test_classes_come_with_their_probabilities(folder, rows):
    labels = Y.map({0.0: "=a", 1.0: "-1", 2.0: "c"})
    fitted = BoostedClassifier(n_estimators=4).fit(X, labels)
    fitted.save_model(folder / "models" / "xgboost-best")

    text = predict_rows(folder, str(rows), model="xgboost-best")

    head, first, *_ = text.splitlines()
    assert head == "prediction,probability_-1,probability_=a,probability_c"
    assert first.startswith("'=a,")  # never a formula in a spreadsheet
    assert sum(map(float, first.split(",")[1:])) == pytest.approx(1.0)


def test_command_prints_or_writes_the_same(folder, rows, monkeypatch, capsys):
    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["boostreg", "predict", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, capsys.readouterr().out

    out = folder / "predicted.csv"
    printed = command(folder, rows, "--model", "xgboost-best")
    written = command(folder, rows, "--model", "xgboost-best", "--out", out)

    assert written == (0, f"{out}\n")
    assert printed == (0, out.read_text("utf-8"))
    assert command(folder, folder / "none.csv")[0] == 2
