"""A limited step: no few rows of a large count or weight carry predictions away."""

import numpy as np
import pytest

from boostreg import BoostedRegressor
from boostreg.errors import DataError, FitError

LIMITED = pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])


def rare_counts(heavy):
    """Return counts of mean 0.07 with 30 rows near 20, and weights."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, 4)), rng.poisson(0.07, 2000).astype(float)
    y[:30] = np.minimum(rng.poisson(20, 30), 24)
    weights = np.where(rng.random(2000) < 0.01, heavy, 1.0)
    return X, y, weights


def counts(engine, **given):
    return BoostedRegressor(engine=engine, objective="poisson", **given)


@LIMITED
@pytest.mark.parametrize("heavy", [1.0, 1e4])
@pytest.mark.parametrize("reg_lambda", [0.0, None])
def test_rare_counts_are_never_predicted_beyond_the_largest(engine, heavy, reg_lambda):
    X, y, weights = rare_counts(heavy)

    model = counts(engine, n_estimators=50, reg_lambda=reg_lambda)

    assert model.fit(X, y, sample_weight=weights).predict(X).max() < 25


@LIMITED
def test_five_rows_are_never_predicted_beyond_the_largest(engine):
    X, y = np.arange(5.0)[:, None], np.array([20.0, 0.0, 0.0, 1.0, 0.0])

    found = counts(engine, n_estimators=50, reg_lambda=0.0).fit(X, y).predict(X)

    assert found.max() < 25


def heavy_rows(objective, heavy):
    """Return one column, a target and weights; five rows at its minimum are heavy."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 1))
    y = rng.poisson(np.exp(x[:, 0])) + (0.001 if objective == "gamma" else 0.0)
    y[:5] = y.min()
    return x, y, np.r_[np.full(5, heavy), np.ones(295)]


@LIMITED
@pytest.mark.parametrize("objective", ["poisson", "gamma", {"tweedie": 1.5}])
@pytest.mark.parametrize("heavy", [1.0, 1e3, 1e6])
def test_means_stay_within_the_range_of_the_target(engine, objective, heavy):
    x, y, weights = heavy_rows(objective, heavy)

    model = BoostedRegressor(engine=engine, objective=objective, reg_lambda=0.0)
    found = model.fit(x, y, sample_weight=weights).predict(x)

    assert found.max() < 1.2 * y.max()
    assert found.min() > 0.8 * y.min()


@pytest.mark.parametrize(("objective", "heavy"), [("poisson", 1e4), ("gamma", 1.0)])
def test_scikit_learn_says_where_a_step_left_the_target(objective, heavy):
    x, y, weights = heavy_rows(objective, heavy)
    model = BoostedRegressor(engine="sklearn", objective=objective, reg_lambda=0.0)

    with pytest.raises(FitError, match="has no limit on leaf weights: after"):
        model.fit(x, y, sample_weight=weights)


def test_scikit_learn_says_where_its_training_loss_rises():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1000, 3))
    y = np.exp(5 * rng.normal(size=1000) + 0.5 * X[:, 0])

    with pytest.raises(FitError, match="the training loss rises from"):
        BoostedRegressor(engine="sklearn", objective="gamma").fit(X, y)


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm", "sklearn"])
@pytest.mark.parametrize("objective", ["absolute_error", {"quantile": 0.1}], ids=str)
def test_one_far_target_moves_no_median_but_its_own(engine, objective):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = np.sin(2 * X[:, 0]) + 0.2 * rng.normal(size=600)
    far = y.copy()
    far[3] = 1e6
    new = rng.normal(size=(400, 3))

    def predicted(target):
        model = BoostedRegressor(engine=engine, objective=objective, n_estimators=50)
        return model.fit(X, target).predict(new)

    assert np.mean(np.abs(predicted(far) - predicted(y))) < 0.2


def test_target_that_float32_takes_for_zero_is_refused_with_its_row():
    y = np.r_[np.full(50, 1e9), 1e-37]

    with pytest.raises(DataError, match="target is 1e-37 in row 50, too far below"):
        BoostedRegressor(objective="gamma").fit(np.arange(51.0)[:, None], y)
