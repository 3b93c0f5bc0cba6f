"""The models of a run, found by name and used on new rows."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from boostreg import BoostedClassifier, BoostedRegressor, cli, load_model
from boostreg.data import Reading
from boostreg.errors import DataError, ModelError
from boostreg.study.load import load_study
from boostreg.study.output import find_model, predict_rows
from boostreg.study.plan import Plan
from boostreg.study.runner import run_study

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


def test_unknown_model_is_reported_with_those_there_are(folder):
    with pytest.raises(ModelError, match=r"no model 'best'; it holds lightgbm-best, "):
        find_model(folder, "best")


def test_folder_of_no_run_is_reported(tmp_path):
    with pytest.raises(DataError, match=r"has no results\.json, so no run"):
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


def test_offset_is_read_from_its_column(folder, rows):
    offset = np.log1p(np.arange(30.0))
    fitted = BoostedRegressor(n_estimators=4, objective="poisson")
    fitted.fit(X, Y, offset=offset).save_model(folder / "models" / "xgboost-best")
    X.assign(offset=offset).to_csv(rows, index=False)

    _, *lines = predict_rows(folder, str(rows), model="xgboost-best").splitlines()

    expected = fitted.predict(X, offset=offset)
    np.testing.assert_allclose(np.array(lines, dtype=float), expected, rtol=1e-6)


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


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["no", "yes"]], ids=str)
def test_class_labels_of_a_study_have_the_type_of_its_column(tmp_path, labels):
    rows = pd.DataFrame({"x": np.arange(30.0), "y": labels * 15})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    study = tmp_path / "study.yaml"
    study.write_text("name: labels\ndata: {source: rows.csv, target: y}\n", "utf-8")

    found = Plan(load_study(study)).card()["class_labels"]

    assert found == labels
    assert {type(label) for label in found} == {type(labels[0])}


FOREIGN = """
name: foreign
data: {source: d.csv, target: y, separator: ';', decimal: ',', missing: ['?']}
engines: [xgboost]
rounds: {max: 20, patience: 5}
search: {trials: 1}
validation: {outer: {folds: 2}, inner: {folds: 2}}
effects: {points: 0}
paths: {penalties: []}
baselines: [mean]
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Return the folder of a run on a file with cells that are guessed in two ways."""
    folder, rng = tmp_path_factory.mktemp("foreign"), np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "flag": rng.choice(["TRUE", "FALSE", "perhaps"], 120),
            "code": rng.choice(["01", "02", "A1"], 120),
            "size": rng.choice(["1,5", "2", "?"], 120),
        }
    )
    frame["y"] = (frame["flag"] == "TRUE") * 2 + (frame["code"] == "01") * 1.5
    frame.to_csv(folder / "d.csv", sep=";", decimal=",", index=False)
    (folder / "foreign.yaml").write_text(FOREIGN)
    return run_study(folder / "foreign.yaml", out=folder / "out", workers=1)


def test_prediction_of_a_row_depends_on_that_row_alone(foreign, tmp_path):
    head, *lines = (foreign.parents[1] / "d.csv").read_text().splitlines()
    _, *whole = predict_rows(foreign, str(foreign.parents[1] / "d.csv")).splitlines()
    alone = tmp_path / "alone.csv"

    for line, expected in list(zip(lines, whole, strict=True))[:30]:
        alone.write_text(f"{head}\n{line}\n")
        assert predict_rows(foreign, str(alone)).splitlines() == [
            "prediction",
            expected,
        ]
    assert len(set(whole)) == 4  # flag and code by two


def test_model_reads_what_pandas_guessed_by_its_own_types(foreign, tmp_path):
    source = foreign.parents[1] / "d.csv"
    guessed = pd.read_csv(source, sep=";", decimal=",", na_values="?").head(1)
    guessed = guessed.assign(flag=True, code=1)
    guessed.astype({"flag": str, "code": str}).replace({"1": "01"}).to_csv(
        tmp_path / "text.csv", sep=";", decimal=",", index=False
    )

    model = load_model(find_model(foreign))

    (reported,) = model.predict(guessed)
    assert model.card.reading == Reading(("?",), ",", None, ";")
    assert (
        predict_rows(foreign, str(tmp_path / "text.csv")) == f"prediction\n{reported}\n"
    )


def test_card_without_a_reading_is_of_a_model_with_plain_cells(folder):
    path = find_model(folder)
    content = json.loads(path.read_text("utf-8"))
    del content["reading"]
    path.write_text(json.dumps(content), "utf-8")

    assert load_model(path).card.reading == Reading()


@pytest.mark.parametrize("reading", [{}, {"decimal": 3}, [], "x"])
def test_card_with_a_damaged_reading_is_refused(folder, reading):
    path = find_model(folder)
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content | {"reading": reading}), "utf-8")

    with pytest.raises(ModelError, match="the model card is damaged"):
        load_model(path)


@pytest.mark.parametrize("label", [1.5, None, ["a"]])
def test_card_with_a_category_that_is_no_text_is_refused(folder, label):
    path = find_model(folder)
    content = json.loads(path.read_text("utf-8"))
    named = next(c for c in content["columns"] if c["categories"])
    named["categories"][0] = label
    path.write_text(json.dumps(content), "utf-8")

    with pytest.raises(ModelError, match="the model card is damaged"):
        load_model(path)
