"""Linear models on disk: one JSON file that predicts as the fitted baseline."""

import json

import numpy as np
import pandas as pd
import pytest

from boostreg import load_model
from boostreg.baselines import run_baseline
from boostreg.data import Reading, make_folds, prepare_table
from boostreg.errors import ModelError, UnseenCategoryWarning
from boostreg.losses import Objective
from boostreg.saved import LinearCard, LinearModel

TARGETS = {
    "regression": (None, "lasso"),
    "binary": (None, "svm_l2"),
    "multiclass": (None, "ridge"),
    "counts": ("poisson", "elastic_net"),
    "median": ("absolute_error", "lasso"),
}


def make_frame():
    """Return rows with a number that may be missing, and a category."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=120)
    y = x + rng.normal(size=120)
    return pd.DataFrame(
        {
            "x": np.where(rng.random(120) < 0.1, np.nan, x),
            "size": 1e6 * rng.normal(size=120),
            "sort": rng.choice(["a", "b", "c"], 120),
            "regression": y,
            "binary": np.where(y > 0, "yes", "no"),
            "multiclass": np.digitize(y, [-0.7, 0.7]),
            "counts": rng.poisson(np.exp(0.5 * x)),
            "median": y,
        }
    )


def fit(name):
    """Return a fitted baseline with its table and its model for the disk."""
    given, baseline = TARGETS[name]
    frame = make_frame()
    task = name if name in ("binary", "multiclass") else "regression"
    others = [other for other in TARGETS if other != name]
    table = prepare_table(frame, target=name, task=task, drop=others)
    objective = Objective.for_task(task, len(table.classes), given)
    everything = np.arange(len(frame))
    folds = make_folds(table, everything, folds=3, seed=0)
    result = run_baseline(baseline, table, everything, everything, folds, objective)
    model = LinearModel(
        card=LinearCard(
            model=baseline,
            strength=result.strength,
            l1_ratio=result.l1_ratio,
            target=name,
            task=task,
            objective=objective,
            classes=table.labels,
            columns=table.columns,
            reading=Reading(),
        ),
        inputs=result.encoding,
        intercept=result.intercept,
        coefficients=result.chosen,
    )
    return frame, result, model


@pytest.fixture
def saved(tmp_path):
    """Return the path of a saved regression."""
    path = tmp_path / "lasso.json"
    path.write_text(json.dumps(fit("regression")[2].as_dict()), "utf-8")
    return path


@pytest.mark.parametrize("name", TARGETS)
def test_loaded_model_predicts_as_the_fitted_baseline(name, tmp_path):
    frame, result, model = fit(name)
    path = tmp_path / "simple.json"
    path.write_text(json.dumps(model.as_dict(), allow_nan=False), "utf-8")

    loaded = load_model(path)

    np.testing.assert_allclose(
        loaded.raw(frame), result.test_raw, rtol=1e-12, atol=1e-12
    )
    assert loaded.card == model.card
    assert loaded.path == path


def test_classes_and_probabilities_have_the_labels_of_the_target(tmp_path):
    frame, _, model = fit("binary")
    path = tmp_path / "svm_l2.json"
    path.write_text(json.dumps(model.as_dict()), "utf-8")

    loaded = load_model(path)

    shares = loaded.predict_proba(frame)
    np.testing.assert_array_equal(
        loaded.predict(frame), np.where(shares[:, 1] > 0.5, "yes", "no")
    )
    assert np.mean(loaded.predict(frame) == frame["binary"]) > 0.6


def test_columns_are_found_by_name_and_unknown_categories_count_as_missing(saved):
    frame = make_frame()
    loaded = load_model(saved)

    swapped = loaded.predict(frame[["sort", "size", "x"]])
    with pytest.warns(UnseenCategoryWarning, match="as missing: 'new'"):
        new = loaded.predict(frame.assign(sort="new"))
    missing = loaded.predict(frame.assign(sort=None))

    np.testing.assert_array_equal(swapped, loaded.predict(frame))
    np.testing.assert_array_equal(new, missing)


def test_probabilities_of_a_regression_are_refused(saved):
    with pytest.raises(ModelError, match="predict_proba needs classes"):
        load_model(saved).predict_proba(make_frame())


def damaged(**changes):
    return lambda content: content | changes


def without_scale(content):
    content["inputs"][0]["scale"] = 0.0
    return content


def of_another_column(content):
    content["inputs"][0]["column"] = "none"
    return content


@pytest.mark.parametrize(
    "damage",
    [
        damaged(intercept=[]),
        damaged(intercept=[float("nan")]),
        damaged(inputs=[{}]),
        damaged(columns=[{"name": "x"}]),
        damaged(task="ranking"),
        damaged(objective="logistic"),
        damaged(reading=[]),
        damaged(classes=None),
        without_scale,
        of_another_column,
    ],
)
def test_damaged_file_is_reported_with_its_path(saved, damage):
    content = json.loads(saved.read_text("utf-8"))
    saved.write_text(json.dumps(damage(content)), "utf-8")

    with pytest.raises(ModelError, match=r"lasso\.json: the linear model is damaged"):
        load_model(saved)


def test_size_of_a_linear_model_is_refused(saved, capsys, monkeypatch):
    from boostreg import cli

    monkeypatch.setattr("sys.argv", ["boostreg", "size", str(saved)])
    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 2
    assert "is a linear model, which has no trees" in capsys.readouterr().err
