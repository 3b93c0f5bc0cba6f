"""Metrics, calibration, columns and coefficients follow from what a run stores."""

import json
import math
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from scipy.stats import binomtest
from sklearn import metrics as sk

from boostreg import load_model
from boostreg.study.output import find_model, predict_rows
from boostreg.study.runner import run_study

REPORTS = Path(__file__).parents[2] / "reports"
# Numbers, three classes, and two classes with all families of models.
SHIPPED = ("quickstart", "wine", "families")
TAIL = """
name: s
rounds: {max: 15, patience: 3}
search: {trials: 2, scale: rows}
validation: {outer: {folds: 2, repeats: REPEATS}, inner: {folds: 2}}
paths: {penalties: []}
effects: {points: 0}
"""
STUDIES = {
    "numbers": """
data: {source: rows.csv, target: y, drop: [two, three, n], weights: w}
metrics: [neg_root_mean_squared_error, r2, neg_mean_absolute_error]
baselines: [mean, lasso]
engines: [xgboost]
""",
    "two": """
data: {source: rows.csv, target: two, drop: [y, three, n], weights: w}
baselines: [mean, ridge]
engines: [lightgbm]
""",
    "three": """
data: {source: rows.csv, target: three, drop: [y, w, two, n], task: multiclass}
baselines: [mean, ridge]
engines: [lightgbm]
""",
    "counts": """
data: {source: rows.csv, target: n, drop: [y, w, two, three], objective: poisson,
  task: regression}
baselines: [mean, ridge]
engines: [xgboost]
""",
}
SKLEARN = {
    "neg_root_mean_squared_error": sk.root_mean_squared_error,
    "neg_mean_absolute_error": sk.mean_absolute_error,
    "r2": sk.r2_score,
}


@pytest.fixture(scope="module")
def rows():
    """Return 240 rows with numbers, missing numbers, categories and targets."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=240)
    z = np.where(rng.random(240) < 0.2, np.nan, rng.normal(size=240))
    sort = rng.choice(["a", "b", "c"], 240)
    y = 2 * x + np.nan_to_num(z) + (sort == "b") + rng.normal(size=240)
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "sort": sort,
            "noise": rng.normal(size=240),
            "w": rng.uniform(0.5, 2.0, 240).round(3),
            "y": y,
            "two": np.where(y + rng.normal(size=240) > 0, "yes", "no"),
            "three": np.digitize(y, [-1.5, 1.5]),
            "n": rng.poisson(np.exp(0.4 * x)),
        }
    )


@pytest.fixture(scope="module")
def runs(rows, tmp_path_factory):
    """Return a function that runs a study once and returns its folder."""
    done = {}

    def run(name):
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            rows.to_csv(folder / "rows.csv", index=False)
            tail = TAIL.replace("REPEATS", str(1 + (name in ("numbers", "three"))))
            (folder / "s.yaml").write_text(STUDIES[name] + tail)
            done[name] = run_study(folder / "s.yaml", out=folder / "out", workers=1)
        return done[name]

    return run


def read(folder):
    """Return the results of a run, and its outer predictions."""
    results = json.loads((folder / "results.json").read_text("utf-8"))
    return results, pd.read_csv(folder / "predictions.csv")


def models(results):
    """Yield the name of each model, and what the results say of it."""
    for engine, found in results["engines"].items():
        for model in ("best", "one_se", "default", "unpenalised"):
            yield f"{engine} {model}", found[model]
    yield from results["baselines"].items()


def predicted(table, model, labels):
    """Return numbers, or probabilities with a column per class."""
    names = [f"{model} probability_{label}" for label in labels] or [model]
    return table[names].to_numpy()


def scored(name, fold, model, labels):
    """Return a metric by scikit-learn's function on one fold."""
    values, weights = predicted(fold, model, labels), fold["weight"]
    if not labels:
        return SKLEARN[name](fold["target"], values[:, 0], sample_weight=weights)
    hit = values.argmax(axis=1)
    codes = np.array([labels.index(one) for one in fold["target"]])
    match name:
        case "accuracy":
            return np.average(hit == codes, weights=weights)
        case "roc_auc":
            return sk.roc_auc_score(codes, values[:, 1], sample_weight=weights)
        case "roc_auc_ovr":
            each = [
                sk.roc_auc_score(codes == k, values[:, k], sample_weight=weights)
                for k in range(len(labels))
            ]
            return np.mean(each)
    squares = (values - np.eye(len(labels))[codes]) ** 2
    parts = squares[:, 1] if len(labels) == 2 else squares.sum(axis=1)
    return np.average(parts, weights=weights)


def check_metrics(folder):
    """Check every metric of every model by predictions.csv alone."""
    results, table = read(folder)
    labels = results["data"]["class_labels"]
    assert list(results["metrics"]) == results["study"]["metrics"]
    for model, found in models(results):
        assert list(found["metrics"]) == list(results["metrics"])
        for name, one in found["metrics"].items():
            folds = [
                scored(name, fold, model, labels)
                for _, fold in table.groupby("outer_fold")
            ]
            assert one["value"] == pytest.approx(np.mean(folds), rel=1e-9), model
            if one["low"] is not None:
                assert one["low"] <= one["value"] + 1e-12
                assert one["high"] >= one["value"] - 1e-12


def losses_of(results, table, model):
    """Return the loss of each row by its definition."""
    labels, y = results["data"]["class_labels"], table["target"]
    values = predicted(table, model, labels)
    if labels:
        codes = np.array([labels.index(one) for one in y])
        return -np.log(values[np.arange(len(y)), codes])
    f = values[:, 0]
    if results["data"]["objective"] == "poisson":
        own = np.where(y > 0, y * np.log(np.maximum(y, 1) / f), 0.0)
        return 2 * (own - y + f)
    return (y - f) ** 2


def check_losses(folder):
    """Check that the stored losses are those of the stored predictions."""
    results, table = read(folder)
    losses = pd.read_csv(folder / "losses.csv")
    for key in ("outer_fold", "row", "weight"):
        assert table[key].equals(losses[key])
    for model, _ in models(results):
        found = losses_of(results, table, model)
        np.testing.assert_allclose(found, losses[model], rtol=1e-6, atol=1e-6)


def check_calibration(folder):
    """Check bins and Wilson's intervals of the first curve."""
    results, table = read(folder)
    labels = results["data"]["class_labels"]
    for curve in results["calibration"]:
        values = table[f"{curve['model']} probability_{curve['label']}"]
        hit = table["target"] == curve["label"]
        bins, weights = curve["bins"], table["weight"]
        assert 1 <= len(bins) <= 10
        means = [one["predicted"] for one in bins]
        assert means == sorted(means)
        assert min(means) >= values.min()
        assert max(means) <= values.max()
        for one in bins:
            assert one["low"] <= one["observed"] <= one["high"]
        if (weights == 1).all() and table["row"].is_unique:
            total = sum(one["rows"] for one in bins)
            assert total == len(table)
            assert sum(one["observed"] * one["rows"] for one in bins) == pytest.approx(
                hit.sum()
            )
    assert bool(results["calibration"]) == bool(labels)


@pytest.mark.parametrize("name", STUDIES)
def test_metrics_follow_from_the_predictions_of_a_run(runs, name):
    check_metrics(runs(name))


@pytest.mark.parametrize("name", SHIPPED)
def test_measures_of_a_shipped_run_follow_from_its_predictions(name):
    check_metrics(REPORTS / name)
    check_losses(REPORTS / name)
    check_calibration(REPORTS / name)


@pytest.mark.parametrize("name", STUDIES)
def test_losses_follow_from_the_predictions_of_a_run(runs, name):
    check_losses(runs(name))


@pytest.mark.parametrize("name", STUDIES)
def test_calibration_follows_from_the_predictions_of_a_run(runs, name):
    check_calibration(runs(name))


def test_calibration_bins_are_the_tenths_of_the_predictions(runs):
    """By sorting; repeats of a row count once in the interval."""
    results, table = read(runs("three"))
    curve = results["calibration"][0]
    values = table[f"{curve['model']} probability_{curve['label']}"].to_numpy()
    hit = (table["target"] == curve["label"]).to_numpy()
    first = curve["bins"][0]
    here = np.sort(values)[: int((values <= np.quantile(values, 0.1)).sum())]

    chosen = values <= here[-1]
    distinct = table["row"][chosen]
    n = len(distinct) ** 2 / (distinct.value_counts() ** 2).sum()

    assert first["predicted"] == pytest.approx(here.mean())
    assert first["observed"] == pytest.approx(hit[chosen].mean())
    assert first["rows"] == distinct.nunique()
    z2 = 3.8414588
    middle = (first["observed"] + z2 / (2 * n)) / (1 + z2 / n)
    assert (first["low"] + first["high"]) / 2 == pytest.approx(middle, rel=1e-6)


@pytest.mark.parametrize(("hits", "n"), [(7, 40), (0, 40), (40, 40), (1, 1)])
def test_wilson_interval_is_that_of_scipy(hits, n):
    from boostreg.report.measures import _wilson

    expected = binomtest(hits, n).proportion_ci(method="wilson")

    assert _wilson(hits / n, n) == pytest.approx(
        (expected.low, expected.high), abs=1e-12
    )


def test_gain_shares_are_those_of_the_libraries(runs):
    folder = runs("numbers")
    results, _ = read(folder)
    names = ["x", "z", "sort", "noise"]
    for engine, found in results["engines"].items():
        (file,) = (folder / "models").glob(f"{engine}-best.[tu]*")
        if engine == "xgboost":
            native = xgboost.Booster(model_file=file)
            total = native.get_score(importance_type="total_gain")
            gains = {
                n: total.get(n, total.get(f"f{k}", 0)) for k, n in enumerate(names)
            }
        else:
            native = lightgbm.Booster(model_file=file)
            gains = dict(zip(names, native.feature_importance("gain"), strict=True))
        for one in found["features"]["best"]["features"]:
            expected = gains[one["name"]] / sum(gains.values())
            assert one["gain"] == pytest.approx(expected, rel=1e-4)


def test_permuting_what_makes_the_target_costs_most(runs):
    for engine in read(runs("numbers"))[0]["engines"].values():
        found = {one["name"]: one for one in engine["features"]["one_se"]["features"]}
        assert max(found, key=lambda name: found[name]["rise"]) == "x"
        assert found["x"]["low"] > 0.2
        assert abs(found.get("noise", {"rise": 0})["rise"]) < 0.1


@pytest.mark.parametrize("name", STUDIES)
def test_raw_coefficients_predict_as_the_saved_linear_model(runs, rows, name):
    folder = runs(name)
    simple = read(folder)[0]["simple_model"]
    model = load_model(folder / simple["file"])
    outputs = model.card.classes if name == "three" else (None,)
    raw = np.tile(np.array(simple["raw_intercept"]), (len(rows), 1))
    for one in simple["coefficients"]:
        values = rows[one["column"]]
        if one["category"] is not None:
            values = (values == one["category"]).astype(float)
        elif one["input"].endswith("(missing)"):
            values = values.isna().astype(float)
        else:
            values = values.fillna(values.mean())
        raw[:, outputs.index(one["output"])] += one["raw"] * values.to_numpy()

    # A missing number is the mean, weighted where rows have weights.
    known = ~rows["z"].isna() | (name in ("three", "counts"))
    np.testing.assert_allclose(raw[known], model.raw(rows)[known], rtol=1e-9, atol=1e-9)
    sizes = [abs(one["standardized"]) for one in simple["coefficients"]]
    assert sizes == sorted(sizes, reverse=True)
    assert simple["file_bytes"] == (folder / simple["file"]).stat().st_size


def test_command_predicts_with_the_saved_linear_model(runs, rows):
    folder = runs("three")
    model = load_model(find_model(folder, "ridge"))

    table = predict_rows(folder, str(folder.parents[1] / "rows.csv"), model="ridge")

    lines = table.splitlines()
    assert lines[0] == "prediction,probability_0,probability_1,probability_2"
    assert len(lines) == 241
    shares = model.predict_proba(rows)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert (model.predict(rows) == shares.argmax(axis=1)).all()
    assert np.mean(model.predict(rows) == rows["three"]) > 0.6


def test_saved_models_state_their_bytes_and_their_time(runs):
    folder = runs("numbers")
    results, _ = read(folder)
    for engine, found in results["engines"].items():
        for pick in ("best", "one_se"):
            (file,) = (
                path
                for path in (folder / "models").glob(f"{engine}-{pick}.*")
                if path.suffix != ".json"
            )
            assert found[pick]["file_bytes"] == file.stat().st_size
    times = results["run"]["microseconds_per_row"]
    assert set(times) == {path.stem for path in (folder / "models").glob("*.json")}
    assert all(0 < one < 1e5 and math.isfinite(one) for one in times.values())
