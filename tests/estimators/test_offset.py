"""An offset of the raw score: counts with an exposure, amounts, and two classes."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.metrics import accuracy_score, mean_poisson_deviance, r2_score

from boostreg import (
    BoostedClassifier,
    BoostedRegressor,
    Penalty,
    load_model,
    penalty_path,
    tune,
)
from boostreg.errors import DataError, StudyError

OBJECTIVES = {"poisson": "poisson", "gamma": "gamma", "tweedie": {"tweedie": 1.5}}
PENALTY = Penalty(max_leaves=8, reg_lambda=2.0, min_child_weight=3.0)


@pytest.fixture(scope="module")
def rows():
    """Return features, offsets, and counts whose mean has the offset as a factor."""
    rng = np.random.default_rng(0)
    X, offset = rng.integers(0, 50, (900, 2)) / 10, rng.normal(size=900)
    y = rng.poisson(np.exp(offset - 1 + 0.5 * X[:, 0] - 0.3 * X[:, 1]))
    return X, y.astype(float), offset


@pytest.fixture(params=OBJECTIVES)
def objective(request):
    """Return each objective with a log link."""
    return OBJECTIVES[request.param]


@pytest.fixture
def make(whole_engine, objective):
    """Return a function that makes a model of an objective and an engine."""
    settings = {"engine": whole_engine.name, "objective": objective, "n_estimators": 12}
    return lambda: BoostedRegressor(**settings, **PENALTY.as_dict())


def targets(y, objective):
    """Return targets of the objective: gamma has no zeros."""
    return y + 0.5 if objective == "gamma" else y


def bare_scores(engine, params, rows, zero=1.0):
    """Return raw scores of the library itself, started at the given scores.

    ``zero`` is XGBoost's ``base_score`` for a raw score of 0.
    """
    X, y, start = rows
    if engine == "xgboost":
        data = xgboost.DMatrix(X, y, base_margin=start)
        booster = xgboost.train(params | {"base_score": zero}, data, 12)
        return booster.predict(data, output_margin=True)
    data = lightgbm.Dataset(X, y, init_score=start)
    booster = lightgbm.train(params | {"boost_from_average": False}, data, 12)
    return booster.predict(X, raw_score=True) + start


def test_offset_is_where_the_library_itself_starts(make, objective, rows):
    X, y, offset = rows
    y = targets(y, objective)
    fitted = make().fit(X, y, offset=offset)

    own = np.log(fitted.predict(X, offset=offset))

    start = offset + np.log(fitted.predict(X[:1], n_rounds=0, offset=0)[0])

    params = PENALTY.params(fitted.engine, objective=objective)
    bare = bare_scores(fitted.engine, params, (X, y, start))
    np.testing.assert_allclose(own, bare, atol=2e-6)


def test_constant_offset_changes_only_the_first_value(make, objective, rows):
    X, y, _ = rows
    y = targets(y, objective)
    without = make().fit(X, y)

    fitted = make().fit(X, y, offset=np.full(len(y), 0.7))

    start = without.trees_.intercept - fitted.trees_.intercept
    np.testing.assert_allclose(start, 0.7, rtol=1e-9)
    np.testing.assert_allclose(fitted.trees_.value, without.trees_.value, atol=1e-6)
    np.testing.assert_allclose(fitted.predict(X, offset=0.7), without.predict(X), 1e-6)


def test_counts_with_an_exposure_are_rates_with_it_as_weight(whole_engine, rows):
    X, y, offset = rows
    settings = {"engine": whole_engine.name, "objective": "poisson"}
    exposure = np.exp(offset)

    counts = BoostedRegressor(**settings).fit(X, y, offset=offset)
    rates = BoostedRegressor(**settings).fit(X, y / exposure, sample_weight=exposure)

    found = counts.predict(X, offset=offset) / exposure
    np.testing.assert_allclose(found, rates.predict(X), rtol=1e-6)
    assert counts.size_.n_leaves == rates.size_.n_leaves


def test_saved_model_reads_the_offset_by_name_or_as_an_argument(make, rows, tmp_path):
    X, y, offset = rows
    frame = pd.DataFrame(X, columns=["a", "b"])
    fitted = make().fit(frame, y + 0.5, offset=offset)
    loaded = load_model(fitted.save_model(tmp_path / "model"))

    expected = fitted.predict(frame, offset=offset)

    by_name = loaded.predict(frame.assign(offset=offset))
    np.testing.assert_allclose(by_name, expected, rtol=1e-5)
    np.testing.assert_array_equal(loaded.predict(frame, offset=offset), by_name)
    with pytest.raises(DataError, match="X has no column 'offset', the offset of the"):
        loaded.predict(frame)


def test_validation_rows_have_their_own_offset(whole_engine, rows):
    X, y, offset = rows
    model = BoostedRegressor(engine=whole_engine.name, objective="poisson")
    exposure = np.exp(offset)

    found = model.fit(X, y, offset=offset, eval_set=(X, y, None, offset)).valid_loss_

    rate, weighted = y / exposure, {"sample_weight": exposure}
    judged = model.fit(X, rate, **weighted, eval_set=(X, rate, exposure)).valid_loss_
    np.testing.assert_allclose(found, judged, rtol=1e-6)
    with pytest.raises(DataError, match="eval_set must be with an offset"):
        model.fit(X, y, offset=offset, eval_set=(X, y))


def test_what_an_offset_cannot_mean_is_refused(rows):
    X, y, offset = rows
    model = BoostedRegressor(objective="poisson", n_estimators=2)

    with pytest.raises(StudyError, match=r"log link .*, got 'squared_error'"):
        BoostedRegressor().fit(X, y, offset=offset)
    with pytest.raises(DataError, match=r"within \+-80, got 365\.0 in row 0"):
        model.fit(X, y, offset=365 + offset * 0)
    with pytest.raises(DataError, match=r"one value per row of X, 900, or be one"):
        model.fit(X, y, offset=offset[:3])
    with pytest.raises(DataError, match="trained without an offset; remove offset"):
        model.fit(X, y).predict(X, offset=offset)
    with pytest.raises(DataError, match="trained with an offset, so predict needs one"):
        model.fit(X, y, offset=offset).predict(X)


def test_search_with_an_offset_is_that_of_the_rates(rows):
    X, y, offset = rows
    exposure, folds = np.exp(offset), [(np.arange(600), np.arange(600, 900))]
    settings = {"engine": "lightgbm", "trials": 1, "rounds": 9, "workers": 1}

    found = tune(X, y, offset=offset, objective="poisson", cv=folds, **settings)

    model = found.best.estimator().fit(X[:600], y[:600], offset=offset[:600])
    rate = y[600:] / exposure[600:]
    loss = mean_poisson_deviance(
        rate, model.predict(X[600:], offset=0), sample_weight=exposure[600:]
    )
    assert found.best.loss == pytest.approx(loss, rel=1e-6)
    by_row = found.predict(X, offset=offset) / found.predict(X, offset=0)
    np.testing.assert_allclose(by_row, exposure)


def test_path_with_an_offset_is_that_of_the_rates(rows):
    X, y, offset = rows
    exposure, folds = np.exp(offset), [(np.arange(600), np.arange(600, 900))]
    settings = {"engine": "lightgbm", "objective": "poisson", "cv": folds}
    settings |= {"grid": [0.0, 10.0], "rounds": 9, "workers": 1}

    counts = penalty_path(X, y, "reg_lambda", offset=offset, **settings)
    rates = penalty_path(
        X, y / exposure, "reg_lambda", sample_weight=exposure, **settings
    )

    np.testing.assert_allclose(counts["loss"], rates["loss"], rtol=1e-9)
    assert list(counts["leaves"]) == list(rates["leaves"])


def test_score_is_that_of_predictions_with_the_offset(rows):
    X, y, offset = rows
    model = BoostedRegressor(objective="poisson", n_estimators=5)
    model.fit(X, y, offset=offset)

    found = model.score(X, y, sample_weight=y + 1, offset=offset)

    expected = r2_score(y, model.predict(X, offset=offset), sample_weight=y + 1)
    assert found == expected
    with pytest.raises(DataError, match="needs one"):
        model.score(X, y)


@pytest.fixture(scope="module")
def classes():
    """Return features, offsets, and classes whose log odds have the offset added."""
    rng = np.random.default_rng(1)
    X, offset = rng.integers(0, 50, (900, 2)) / 10, 2 * rng.normal(size=900)
    odds = np.exp(offset - 2 + X[:, 0] - 0.3 * X[:, 1])
    return X, (rng.random(900) < odds / (1 + odds)).astype(float), offset


@pytest.fixture
def make_classifier(whole_engine):
    """Return a function that makes a classifier of an engine."""
    settings = {"engine": whole_engine.name, "n_estimators": 12}
    return lambda: BoostedClassifier(**settings, **PENALTY.as_dict())


def test_offset_of_classes_is_where_the_library_itself_starts(make_classifier, classes):
    X, y, offset = classes
    fitted = make_classifier().fit(X, y, offset=offset)

    own = fitted.decision_function(X, offset=offset)

    start = fitted.decision_function(X, n_rounds=0, offset=offset)
    params = PENALTY.params(fitted.engine, objective="logistic", n_classes=2)
    bare = bare_scores(fitted.engine, params, (X, y, start), zero=0.5)
    np.testing.assert_allclose(own, bare, atol=2e-6)
    chances = 1 / (1 + np.exp(-start))
    assert chances.mean() == pytest.approx(y.mean(), rel=1e-9)
    assert np.ptp(start - offset) < 1e-12


def test_constant_offset_of_classes_changes_only_the_intercept(
    make_classifier, classes
):
    X, y, _ = classes
    without = make_classifier().fit(X, y)

    fitted = make_classifier().fit(X, y, offset=np.full(len(y), 0.7))

    start = without.trees_.intercept - fitted.trees_.intercept
    np.testing.assert_allclose(start, 0.7, rtol=1e-9)
    np.testing.assert_allclose(fitted.trees_.value, without.trees_.value, atol=1e-6)
    assert fitted.units_.hessian == pytest.approx(without.units_.hessian)


def test_losses_of_classes_are_those_of_predictions_with_their_offsets(
    make_classifier, classes
):
    X, y, offset = classes
    train, valid = slice(0, 600), slice(600, 900)
    fitted = make_classifier().fit(
        X[train],
        y[train],
        offset=offset[train],
        eval_set=(X[valid], y[valid], None, offset[valid]),
    )

    chances = fitted.predict_proba(X[valid], offset=offset[valid])

    at_y = chances[np.arange(300), y[valid].astype(int)]
    loss = fitted.valid_loss_[fitted.n_rounds_]
    assert loss == pytest.approx(-np.log(at_y).mean(), rel=1e-5)
    assert fitted.score(X, y, offset=offset) == accuracy_score(
        y, fitted.predict(X, offset=offset)
    )


def test_saved_classifier_reads_the_offset_by_name_or_as_an_argument(
    make_classifier, classes, tmp_path
):
    X, y, offset = classes
    frame = pd.DataFrame(X, columns=["a", "b"])
    fitted = make_classifier().fit(frame, y, offset=offset)
    loaded = load_model(fitted.save_model(tmp_path / "model"))

    expected = fitted.predict_proba(frame, offset=offset)

    by_name = loaded.predict_proba(frame.assign(offset=offset))
    np.testing.assert_allclose(by_name, expected, atol=1e-6)
    np.testing.assert_array_equal(loaded.predict_proba(frame, offset=offset), by_name)
    found = loaded.predict(frame, offset=offset)
    np.testing.assert_array_equal(found, fitted.predict(frame, offset=offset))
    with pytest.raises(DataError, match="X has no column 'offset', the offset of the"):
        loaded.predict_proba(frame)


def test_offsets_of_classes_that_no_library_takes_are_refused_by_name(classes):
    X, y, offset = classes
    three = np.arange(len(y)) % 3

    with pytest.raises(StudyError, match=r"log link .*, got 'softmax'"):
        BoostedClassifier().fit(X, three, offset=offset)
    with pytest.raises(StudyError, match="engine sklearn takes no offset"):
        BoostedClassifier(engine="sklearn").fit(X, y, offset=offset)
    with pytest.raises(StudyError, match="here; BoostedClassifier takes one, got 'log"):
        tune(X, y, offset=offset, task="binary", trials=1, workers=1)
    with pytest.raises(DataError, match="trained with an offset, so predict needs one"):
        BoostedClassifier(n_estimators=2).fit(X, y, offset=offset).predict(X)
