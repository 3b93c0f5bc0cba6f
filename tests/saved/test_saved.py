"""Models on disk: whole, alone in the bare library, and refused when changed."""

import hashlib
import json
import subprocess
import sys

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

import boostreg
from boostreg import BoostedClassifier, BoostedRegressor, load_model, tree_size
from boostreg.errors import DataError, ModelError, UnseenCategoryWarning

N_ROWS = 90


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return a column of numbers with gaps and one of categories."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=N_ROWS)
    numbers[::8] = np.nan
    sorts = pd.Categorical(rng.choice(["café", "tea", "7"], N_ROWS))
    return pd.DataFrame({"number": numbers, "sort": sorts})


@pytest.fixture
def y(frame) -> np.ndarray:
    """Return a target that follows both columns."""
    return (frame["sort"] == "tea").to_numpy() + frame["number"].fillna(2.0).to_numpy()


@pytest.fixture
def regression(engine, frame, y):
    """Return a fitted regressor of the engine."""
    return BoostedRegressor(engine=engine.name, n_estimators=6).fit(frame, y + 50)


@pytest.fixture
def path(regression, tmp_path):
    """Return the file of a saved regressor."""
    return regression.save_model(tmp_path / "model")


def test_regression_comes_back_with_its_size(regression, path, frame):
    loaded = load_model(path)

    np.testing.assert_allclose(
        loaded.predict(frame), regression.predict(frame), rtol=1e-6
    )
    assert loaded.size == regression.size_
    assert loaded.card.n_rounds == 6
    assert loaded.card.engine == regression.engine


def test_card_finds_its_model(path, frame):
    by_card = load_model(path.with_suffix(".json"))

    np.testing.assert_array_equal(
        by_card.predict(frame), load_model(str(path)).predict(frame)
    )


@pytest.mark.parametrize(
    "classes", [["no", "yes"], [3, 5, 9], [False, True], ["a", "b", "c"]], ids=str
)
def test_classes_come_back_as_they_were(engine, tmp_path, frame, y, classes):
    codes = np.digitize(y, np.quantile(y, np.arange(1, len(classes)) / len(classes)))
    fitted = BoostedClassifier(engine=engine.name, n_estimators=5)
    fitted.fit(frame, np.array(classes)[codes])

    loaded = load_model(fitted.save_model(tmp_path / "model"))

    np.testing.assert_array_equal(loaded.predict(frame), fitted.predict(frame))
    assert loaded.predict(frame).dtype == fitted.predict(frame).dtype
    np.testing.assert_allclose(
        loaded.predict_proba(frame), fitted.predict_proba(frame), atol=1e-6
    )


@pytest.mark.parametrize("objective", ["gamma", {"tweedie": 1.3}], ids=str)
def test_objective_comes_back_with_its_number(
    whole_engine, tmp_path, frame, y, objective
):
    fitted = BoostedRegressor(
        engine=whole_engine.name, n_estimators=5, objective=objective
    )
    fitted.fit(frame, np.exp(y))

    loaded = load_model(fitted.save_model(tmp_path / "model"))

    np.testing.assert_allclose(loaded.predict(frame), fitted.predict(frame), rtol=1e-6)
    parameter = None if objective == "gamma" else 1.3
    assert loaded.card.objective.parameter == parameter


def test_model_without_rounds_predicts_the_intercept(engine, tmp_path, frame):
    noise = np.random.default_rng(1).normal(size=N_ROWS)
    fitted = BoostedRegressor(
        engine=engine.name, early_stopping=0.5, learning_rate=1.0, random_state=0
    ).fit(frame, noise)

    loaded = load_model(fitted.save_model(tmp_path / "model"))

    assert loaded.card.n_rounds == 0
    np.testing.assert_allclose(loaded.predict(frame), fitted.predict(frame), rtol=1e-6)


def test_columns_are_found_by_name(path, frame):
    loaded = load_model(path)
    mixed = frame.assign(other="x")[["other", "sort", "number"]]

    np.testing.assert_array_equal(loaded.predict(mixed), loaded.predict(frame))


def test_rows_without_names_stand_in_order(path, frame):
    loaded = load_model(path)

    by_place = loaded.predict(frame.to_numpy(object))

    np.testing.assert_array_equal(by_place, loaded.predict(frame))


def test_numbers_alone_need_no_frame(engine, tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 2))
    fitted = BoostedRegressor(engine=engine.name, n_estimators=3).fit(X, X[:, 0])

    loaded = load_model(fitted.save_model(tmp_path / "model"))

    np.testing.assert_allclose(loaded.predict(X.tolist()), fitted.predict(X), rtol=1e-6)
    with pytest.raises(DataError, match=r"must be \(n_samples, 2\), got \(40,\)"):
        loaded.predict(X[:, 0])
    with pytest.raises(DataError, match="infinite"):
        loaded.predict([[np.inf, 0.0]])
    with pytest.raises(DataError, match="X must be numbers"):
        loaded.predict([["a", "b"]])


def test_unseen_category_is_missing_with_one_warning(path, frame):
    loaded = load_model(path)
    missing = loaded.predict(frame.assign(sort=None))

    with pytest.warns(UnseenCategoryWarning, match="read as missing: 'milk'"):
        unseen = loaded.predict(frame.assign(sort="milk"))
    again = loaded.predict(frame.assign(sort="beer"))  # a warning would be an error

    np.testing.assert_array_equal(unseen, missing)
    np.testing.assert_array_equal(again, missing)


def test_regression_has_no_probabilities(path, frame):
    with pytest.raises(ModelError, match="this is a regression model"):
        load_model(path).predict_proba(frame)


def test_bare_xgboost_reads_the_file(tmp_path, frame, y):
    fitted = BoostedRegressor(engine="xgboost", n_estimators=6).fit(frame, y + 50)
    path = fitted.save_model(tmp_path / "model")
    labels = fitted.categories_["sort"]
    bare = frame.assign(sort=frame["sort"].cat.set_categories(labels).cat.codes)

    booster = xgboost.Booster(model_file=path)

    matrix = xgboost.DMatrix(
        bare.to_numpy(), feature_types=["q", "c"], enable_categorical=True
    )
    np.testing.assert_allclose(
        booster.predict(matrix), fitted.predict(frame), rtol=1e-6
    )
    assert path.suffix == ".ubj"


def test_bare_lightgbm_reads_the_file(tmp_path, frame, y):
    fitted = BoostedRegressor(engine="lightgbm", n_estimators=6).fit(frame, y + 50)
    path = fitted.save_model(tmp_path / "model")
    labels = fitted.categories_["sort"]
    bare = frame.assign(sort=frame["sort"].cat.set_categories(labels).cat.codes)

    booster = lightgbm.Booster(model_file=path)

    np.testing.assert_allclose(
        booster.predict(bare.to_numpy()), fitted.predict(frame), rtol=1e-12
    )
    assert path.suffix == ".txt"


def test_trees_of_the_file_are_those_of_the_model(regression, path):
    counted = tree_size(path)

    assert counted.n_leaves == regression.size_.n_leaves
    assert counted.n_thresholds == regression.size_.n_thresholds


def test_changed_file_is_refused(path):
    path.write_bytes(path.read_bytes() + b"\n")

    with pytest.raises(ModelError, match=r"does not match its card model\.json"):
        load_model(path)


@pytest.mark.parametrize("left", ["model", "card"])
def test_half_of_the_pair_is_refused(path, left):
    (path.with_suffix(".json") if left == "model" else path).unlink()

    for name in (path, path.with_suffix(".json")):
        with pytest.raises(ModelError, match=r"model\.(json|ubj|txt)"):
            load_model(name)


DAMAGE = {
    "no JSON": lambda _: "{",
    "a list": lambda _: "[]",
    "no columns": lambda card: json.dumps(card | {"columns": [{"name": "x"}]}),
    "no size": lambda card: json.dumps(card | {"size": {}}),
    "no engine": lambda card: json.dumps(card | {"engine": "os"}),
    "another task": lambda card: json.dumps(card | {"task": "ranking"}),
    "another objective": lambda card: json.dumps(card | {"objective": "logistic"}),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_card_is_refused(path, damage):
    card = path.with_suffix(".json")
    card.write_text(damage(json.loads(card.read_text("utf-8"))), "utf-8")

    with pytest.raises(ModelError, match=r"model\.json|the model card is damaged"):
        load_model(path)


def test_folder_must_be_there(regression, tmp_path):
    with pytest.raises(ModelError, match="is not a folder"):
        regression.save_model(tmp_path / "none" / "model")


def test_classes_that_json_lacks_are_refused(engine, tmp_path):
    days = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")
    fitted = BoostedClassifier(engine=engine.name, n_estimators=2)
    fitted.fit([[0.0], [1.0]], days)

    with pytest.raises(ModelError, match="a class must be a number, a boolean or text"):
        fitted.save_model(tmp_path / "model")


def test_saving_needs_a_fit(engine, tmp_path):
    with pytest.raises(AttributeError, match="not fitted yet"):
        BoostedRegressor(engine=engine.name).save_model(tmp_path / "model")


def test_load_model_is_public():
    assert "load_model" in boostreg.__all__


def test_native_booster_predicts_what_the_loaded_model_does(engine, path, frame):
    loaded = load_model(path)

    native = loaded.native

    assert tree_size(native).n_leaves == loaded.size.n_leaves
    if engine.name == "lightgbm":
        coded = frame.assign(sort=frame["sort"].cat.codes).to_numpy()
        rows = loaded.predict(frame)
        np.testing.assert_allclose(native.predict(coded)[:8], rows[:8], rtol=1e-12)


PREDICT = """
import sys
import numpy as np
from boostreg import load_model
load_model(sys.argv[1]).predict(np.array([[1.0, "tea"]], dtype=object))
print({"xgboost", "lightgbm", "sklearn"} & set(sys.modules))
"""


def test_predicting_loads_no_library(path):
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, path],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "set()\n"


@pytest.fixture
def hostile(tmp_path, frame, y):
    """Return a file that our reader takes and its library does not, with its card."""
    fitted = BoostedRegressor(engine="lightgbm", n_estimators=6).fit(frame, y)
    path = fitted.save_model(tmp_path / "model")
    text = path.read_text().replace("objective=regression", "objective=nothing")
    path.write_text(text)
    card = json.loads(path.with_suffix(".json").read_text("utf-8"))
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card), "utf-8")
    return path


def test_library_that_fails_on_a_file_does_so_in_a_process_of_its_own(hostile, frame):
    loaded = load_model(hostile)

    assert np.isfinite(loaded.predict(frame)).all()
    with pytest.raises(ModelError, match=r"model\.txt cannot be opened by its library"):
        loaded.native  # noqa: B018 - opening is the test


@pytest.mark.parametrize("seconds", [0.01])
def test_library_that_does_not_end_is_given_up(path, monkeypatch, seconds):
    monkeypatch.setattr("boostreg.saved.model._PATIENCE", seconds)

    with pytest.raises(ModelError, match=r"within 0\.01 seconds"):
        load_model(path).native  # noqa: B018 - opening is the test


STRANGE = {
    "other columns": {"columns": [{"name": "number", "categories": None}]},
    "columns without names": {"columns": [{"name": 1, "categories": None}] * 2},
    "more rounds": {"rounds": 7},
    "endless rounds": {"rounds": float("inf")},
    "classes": {"task": "binary", "objective": "logistic", "classes": ["a"]},
    "nested sizes": {"size": []},
}


@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE)
def test_card_of_another_model_is_refused(path, change):
    _refused_with(path, change)


def test_card_of_another_engine_is_refused(engine, path):
    _refused_with(
        path, {"engine": "xgboost" if engine.name != "xgboost" else "sklearn"}
    )


def _refused_with(path, change):
    card = path.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text("utf-8")) | change), "utf-8")

    with pytest.raises(
        ModelError, match=r"the model card is damaged|does not match its card"
    ):
        load_model(path)
