"""What the estimators learn: penalties in force, rounds kept, trees and boosters."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.feature_selection import RFECV, SelectFromModel
from sklearn.utils.class_weight import compute_sample_weight

from boostreg import BoostedClassifier, BoostedRegressor, tree_size
from boostreg.errors import (
    DataError,
    ModelError,
    PenaltyError,
    StudyError,
    UnsupportedPenaltyError,
)


def predict_bare(booster, X, fitted):
    """Return what the library alone predicts, category columns given as codes."""
    if isinstance(booster, lightgbm.Booster):
        return booster.predict(X)
    if not isinstance(booster, xgboost.Booster):
        return predict_estimator(booster, X)
    kinds = ["c" if n in fitted.categories_ else "q" for n in names(fitted)]
    matrix = xgboost.DMatrix(X, feature_types=kinds, enable_categorical=True)
    return booster.predict(matrix)


def predict_estimator(estimator, X):
    """Return what an estimator of scikit-learn predicts, as the boosters would."""
    if not hasattr(estimator, "predict_proba"):
        return estimator.predict(X)
    shares = estimator.predict_proba(X)
    return shares[:, 1] if shares.shape[1] == 2 else shares


def names(fitted):
    return getattr(fitted, "feature_names_in_", range(fitted.n_features_in_))


def coded(frame, fitted):
    """Return a DataFrame with the places of its labels in ``categories_``."""
    columns = {}
    for name in frame.columns:
        labels = fitted.categories_.get(name)
        codes = {label: code for code, label in enumerate(labels or ())}
        given = frame[name].astype(object).map(codes) if labels else frame[name]
        columns[name] = given.to_numpy(dtype=float, na_value=np.nan)
    return np.column_stack(list(columns.values()))


TARGETS = {
    "squared_error": lambda y: 3.0 * y + 100,
    "poisson": lambda y: 2.0 * y,
    "gamma": lambda y: y + 0.5,
    "quantile": lambda y: y + 1.0,
}


@pytest.mark.parametrize("objective", TARGETS)
def test_native_regression_predicts_alone(regressor, frame, labels, objective):
    given = {"quantile": 0.7} if objective == "quantile" else objective
    penalty = {"reg_lambda": 0.0} if objective == "quantile" else {}
    y = TARGETS[objective](labels)

    fitted = regressor(objective=given, **penalty).fit(frame, y)

    bare = predict_bare(fitted.native_, coded(frame, fitted), fitted)
    np.testing.assert_allclose(bare, fitted.predict(frame), rtol=1e-6, atol=1e-6)


def test_native_tweedie_model_predicts_alone(whole_engine, frame, labels):
    fitted = BoostedRegressor(
        engine=whole_engine.name, objective={"tweedie": 1.4}, n_estimators=8
    ).fit(frame, 2.0 * labels)

    bare = predict_bare(fitted.native_, coded(frame, fitted), fitted)
    np.testing.assert_allclose(bare, fitted.predict(frame), rtol=1e-6, atol=1e-6)


def test_native_binary_model_predicts_alone(classifier, frame, labels):
    fitted = classifier().fit(frame, labels)

    bare = predict_bare(fitted.native_, coded(frame, fitted), fitted)

    np.testing.assert_allclose(bare, fitted.predict_proba(frame)[:, 1], atol=1e-6)


def test_native_multiclass_model_predicts_alone(classifier, X, y):
    classes = y + (X[:, 2] > 0.8)
    fitted = classifier().fit(X, classes)

    bare = predict_bare(fitted.native_, X, fitted)

    np.testing.assert_allclose(bare, fitted.predict_proba(X), atol=1e-6)


def test_native_model_of_no_round_is_the_intercept(regressor, X):
    noise = np.random.default_rng(3).normal(size=len(X))
    given = {"learning_rate": 1.0, "early_stopping": 0.5}

    fitted = regressor(**given).fit(X, noise)

    assert fitted.n_rounds_ == 0
    bare = predict_bare(fitted.native_, X, fitted)
    np.testing.assert_allclose(bare, fitted.predict(X), atol=1e-6)


def test_trees_add_up_to_the_raw_score(classifier, X, y):
    fitted = classifier().fit(X, y)

    intercept = fitted.decision_function(X, n_rounds=0)

    by_trees = fitted.trees_.predict(X)[:, 0] + intercept
    np.testing.assert_allclose(by_trees, fitted.decision_function(X), atol=1e-5)


def test_every_prefix_is_a_model(make, X, y):
    fitted = make(n_estimators=6).fit(X, y)

    short = make(n_estimators=3).fit(X, y)

    np.testing.assert_allclose(fitted.predict(X, n_rounds=3), short.predict(X))
    assert fitted.size_at(3) == short.size_
    assert fitted.size_at(6) == fitted.size_


@pytest.mark.parametrize("n_rounds", [-1, 9, 2.5])
def test_rounds_that_were_not_grown_are_refused(make, X, y, n_rounds):
    fitted = make().fit(X, y)

    with pytest.raises(ModelError, match=rf"from 0 to 8, got {n_rounds}\."):
        fitted.predict(X, n_rounds=n_rounds)


def test_a_share_of_the_rows_stops_growth(make, X, y):
    fitted = make(n_estimators=300, learning_rate=0.5, early_stopping=0.3, patience=5)

    fitted.fit(X, y)

    n_grown = len(fitted.valid_loss_) - 1
    assert fitted.n_rounds_ == np.argmin(fitted.valid_loss_)
    assert n_grown == fitted.n_rounds_ + 5 < 300
    assert len(fitted.train_loss_) == n_grown + 1
    assert fitted.trees_.n_rounds == fitted.n_rounds_ > 0


def test_given_rows_stop_growth(make, X, y):
    fitted = make(n_estimators=300, learning_rate=0.5, patience=5)

    fitted.fit(X[:80], y[:80], eval_set=(X[80:], y[80:]))

    best = fitted.valid_loss_[fitted.n_rounds_]
    assert best == fitted.valid_loss_.min()
    assert len(fitted.valid_loss_) == fitted.n_rounds_ + 6 < 300


def test_given_rows_may_stand_in_a_list_as_in_the_libraries(make, X, y):
    judges = (X[80:], y[80:])

    one, two = (
        make().fit(X[:80], y[:80], eval_set=given).valid_loss_
        for given in (judges, [judges])
    )

    np.testing.assert_array_equal(one, two)


def test_without_patience_all_rounds_are_grown_and_the_best_kept(make, X, y):
    fitted = make(n_estimators=40, learning_rate=0.5, patience=None)

    fitted.fit(X[:80], y[:80], eval_set=(X[80:], y[80:][::-1]))

    assert len(fitted.valid_loss_) == 41
    assert fitted.n_rounds_ == np.argmin(fitted.valid_loss_) < 40


def test_weights_of_judging_rows_count(regressor, X, y):
    judges = (X[80:], y[80:], np.arange(40.0))

    fitted = regressor().fit(X[:80], y[:80], eval_set=judges)

    error = (y[80:] - fitted.predict(X[80:])) ** 2
    expected = np.average(error, weights=judges[2])
    np.testing.assert_allclose(fitted.valid_loss_.min(), expected, rtol=1e-5)


def test_judging_frame_is_read_like_later_rows(make, frame, labels):
    fitted = make().fit(frame[:80], labels[:80], eval_set=(frame[80:], labels[80:]))

    assert fitted.valid_loss_[-1] < fitted.valid_loss_[0]


def test_without_judges_all_rounds_stay(make, X, y):
    fitted = make(patience=1).fit(X, y)

    assert fitted.n_rounds_ == 8
    assert len(fitted.valid_loss_) == 0
    assert np.all(np.diff(fitted.train_loss_) < 0)


def test_judges_of_an_unknown_class_are_refused(classifier, X, y):
    with pytest.raises(DataError, match=r"eval_set has class 2, .* in y: \[0, 1\]"):
        classifier().fit(X, y, eval_set=(X, y + 1))


@pytest.mark.parametrize("given", [5, "X", ([[1.0]],)])
def test_judges_of_another_shape_are_refused(make, X, y, given):
    with pytest.raises(DataError, match=r"eval_set must be \(X, y\), "):
        make().fit(X, y, eval_set=given)


def test_penalties_act_in_raw_units(regressor, X, y):
    fitted = regressor(scale="share", reg_lambda=0.05).fit(X, 10.0 * y)

    assert fitted.penalties_.scale == "raw"
    np.testing.assert_allclose(fitted.penalties_.reg_lambda, 0.05 * len(X))


def test_leaf_limit_and_minima_bound_the_size(make, X, y):
    fitted = make(max_leaves=3, max_depth=1).fit(X, y)

    assert fitted.size_.depth == 1
    assert fitted.size_.n_leaves <= 2 * 8


def test_class_weights_are_row_weights(classifier, X, y):
    by_class = classifier(class_weight={0: 1.0, 1: 5.0}).fit(X, y)
    balanced = classifier(class_weight="balanced").fit(X, y)

    by_row = classifier().fit(X, y, sample_weight=np.where(y == 1, 5.0, 1.0))
    even = classifier().fit(X, y, compute_sample_weight("balanced", y))

    np.testing.assert_array_equal(by_class.predict_proba(X), by_row.predict_proba(X))
    np.testing.assert_array_equal(balanced.predict_proba(X), even.predict_proba(X))


@pytest.mark.parametrize(
    "classes", [["no", "yes"], [-3, 40], [False, True], [1.0, 3.0]], ids=str
)
def test_labels_keep_their_kind(classifier, X, y, classes):
    labels = np.array(classes)[y]

    fitted = classifier(n_estimators=30).fit(X, labels)

    assert fitted.classes_.tolist() == classes
    assert fitted.predict(X).dtype == labels.dtype
    assert np.mean(fitted.predict(X) == labels) > 0.9


def test_sampling_follows_random_state(make_whole, X, y):
    given = {"subsample": 0.6, "colsample_bytree": 0.5}
    first, second = (make_whole(**given).fit(X, y) for _ in range(2))
    third = make_whole(**given, random_state=1).fit(X, y)

    assert np.array_equal(first.trees_.value, second.trees_.value)
    assert not np.array_equal(first.trees_.value, third.trees_.value)


def test_threads_are_counted_from_the_end(make, X, y):
    alone = make().fit(X, y).predict(X)

    found = make(n_jobs=-1).fit(X, y).predict(X)

    np.testing.assert_allclose(found, alone, rtol=1e-5)


WRONG = {
    "engine": ("catboost", StudyError, "engine must be one of"),
    "scale": ("log", PenaltyError, "scale must be one of"),
    "reg_lambda": (
        -1.0,
        PenaltyError,
        "reg_lambda must be a finite number >= 0, got -1.0",
    ),
    "max_leaves": (1, PenaltyError, "max_leaves must be a whole number of at least 2"),
    "n_estimators": (
        0,
        StudyError,
        "n_estimators must be a whole number of at least 1",
    ),
    "patience": (0, StudyError, "patience must be a whole number of at least 1"),
    "early_stopping": (1.0, StudyError, "early_stopping must be None or a fraction"),
    "n_jobs": (0, StudyError, "n_jobs must be None or a whole number other than 0"),
    "monotone": ([2, 0, 0, 0], DataError, "monotone must be a dict of -1, 0 or 1"),
    "objective": ("hinge", StudyError, "objective must be one of"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_told_by_fit(make, X, y, name):
    value, error, message = WRONG[name]

    with pytest.raises(error, match=message):
        make(**{name: value}).fit(X, y)


def test_objective_must_suit_the_estimator(regressor, classifier, X, y):
    with pytest.raises(StudyError, match="'logistic' is not for a regression"):
        regressor(objective="logistic").fit(X, y)
    with pytest.raises(StudyError, match="'poisson' is not for a binary"):
        classifier(objective="poisson").fit(X, y)


def test_target_must_suit_the_objective(regressor, X, y):
    with pytest.raises(
        DataError, match="target must be positive for objective 'gamma'"
    ):
        regressor(objective="gamma").fit(X, y)


def test_penalty_that_the_engine_lacks_is_refused_and_the_model_stays(X, y):
    fitted = BoostedRegressor(engine="xgboost", n_estimators=3).fit(X, y)
    before = fitted.predict(X)

    with pytest.raises(UnsupportedPenaltyError, match="no counterpart of path_smooth"):
        fitted.set_params(path_smooth=1.0).fit(X, y)

    np.testing.assert_array_equal(fitted.predict(X), before)


@pytest.mark.parametrize("as_names", [True, False], ids=["by name", "by place"])
def test_monotone_columns_stay_monotone(make, as_names):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"up": rng.uniform(0, 30, 300), "free": rng.normal(size=300)})
    y = (frame["up"] / 10 + np.sin(frame["up"]) > 1.5).astype(int)
    grid = pd.DataFrame({"up": np.linspace(0, 30, 200), "free": 0.0})

    def scores(monotone):
        fitted = make(monotone=monotone, n_estimators=30).fit(frame, y)
        return getattr(fitted, "decision_function", fitted.predict)(grid)

    assert np.diff(scores(None)).min() < 0
    assert np.diff(scores({"up": 1} if as_names else [1, 0])).min() >= 0


def test_monotone_column_that_is_not_there_is_named(make, X, y):
    with pytest.raises(DataError, match="monotone: there is no feature 'age'"):
        make(monotone={"age": 1}).fit(X, y)


def test_numbers_beyond_float32_train_every_engine(make, X, y):
    X = X.copy()
    X[3, 2] = 1e39

    assert np.isfinite(make().fit(X, y).predict(X)).all()


def test_new_numbers_beyond_float32_are_refused_by_xgboost_alone(make, engine, X, y):
    model, far = make().fit(X, y), X.copy()
    far[3, 2] = 1e39

    if engine.name == "xgboost":
        with pytest.raises(DataError, match=r"up to 3.4e\+38, but column 'x2'"):
            model.predict(far)
    else:
        assert np.isfinite(model.predict(far)).all()


def test_target_beyond_float32_is_refused_by_every_engine(regressor, X):
    with pytest.raises(DataError, match=r"within \+-1e\+38, got 1e\+39 in row 0"):
        regressor().fit(X, np.full(len(X), 1e39))


@pytest.mark.parametrize("unit", [1e39, 1e-39])
def test_weights_in_a_unit_beyond_float32_are_like_any_other(make, X, y, unit):
    given = {"scale": "rows", "reg_lambda": 2.0}

    heavy = make(**given).fit(X, y, sample_weight=np.full(len(X), unit))

    plain = make(**given).fit(X, y, sample_weight=np.ones(len(X)))
    np.testing.assert_allclose(heavy.train_loss_, plain.train_loss_, rtol=1e-3)


@pytest.mark.parametrize("reg_lambda", [1e39, 1e-39])
def test_penalty_beyond_float32_acts_as_its_limit(regressor, X, y, reg_lambda):
    fitted = regressor(reg_lambda=reg_lambda).fit(X, y)

    limit = np.full(len(X), y.mean())
    if reg_lambda < 1:
        limit = regressor(reg_lambda=0.0).fit(X, y).predict(X)
    np.testing.assert_allclose(fitted.predict(X), limit, rtol=1e-6)


def test_size_of_an_estimator_is_its_own_and_knows_reg_lambda(make, X, y):
    fitted = make(reg_lambda=3.0).fit(X, y)

    assert tree_size(fitted) == fitted.size_
    assert 0 < fitted.trees_.size_at(1).shrinkage < 1


def test_size_of_an_estimator_that_is_not_fitted_is_refused(make):
    with pytest.raises(ModelError, match=r"Boosted\w+ must be fitted first"):
        tree_size(make())


@pytest.mark.parametrize("weights", [[0, 0, 1, 1], [1, 1, 0, 0]])
def test_class_without_weight_is_refused_by_every_engine(engine, weights):
    X, y = np.arange(40.0)[:, None], ["no", "no", "yes", "yes"] * 10

    with pytest.raises(DataError, match="has no row of weight above 0"):
        BoostedClassifier(engine=engine.name).fit(X, y, sample_weight=weights * 10)


def test_importances_are_the_librarys_shares_of_gain(X, y):
    boosted = BoostedRegressor(engine="lightgbm", n_estimators=8).fit(X, y)
    native = boosted.native_.feature_importance("gain")
    np.testing.assert_allclose(
        boosted.feature_importances_, native / native.sum(), rtol=1e-4
    )

    boosted = BoostedRegressor(engine="xgboost", n_estimators=8).fit(X, y)
    score = boosted.native_.get_score(importance_type="total_gain")
    native = np.array([score.get(f"f{k}", 0.0) for k in range(X.shape[1])])
    np.testing.assert_allclose(
        boosted.feature_importances_, native / native.sum(), rtol=1e-4
    )


def test_importances_select_features(make, X, y):
    noisy = np.column_stack([np.random.default_rng(1).normal(size=len(X)), X])

    kept = SelectFromModel(make(), threshold="mean").fit(noisy, y).get_support()
    ranked = RFECV(make(), cv=2, min_features_to_select=2).fit(noisy, y)

    assert kept[1:].any()
    assert not kept[0]
    assert ranked.ranking_.shape == (noisy.shape[1],)
    assert not make().fit(np.zeros_like(X), y).feature_importances_.any()
