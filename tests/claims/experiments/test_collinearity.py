"""Twins unsettle what the lasso chooses, and little of what it predicts."""

import numpy as np
import pytest
from samples import make_sample, measure

from boostreg.claims.experiments.collinearity import instability, with_twins


@pytest.mark.parametrize("correlation", [0.0, 0.8, 0.99])
def test_twins_have_the_given_correlation(correlation):
    X = with_twins(make_sample(n_samples=2000), correlation, 3).design.X

    found = [np.corrcoef(X[:, k], X[:, 10 + k])[0, 1] for k in range(3)]

    assert X.shape[1] == 13
    np.testing.assert_allclose(found, correlation, atol=0.06)


def test_instability_is_1_for_sets_by_chance():
    chance = np.random.default_rng(0).random((400, 50)) < 0.3

    assert instability(chance) == pytest.approx(1, abs=0.02)
    assert np.isnan(instability(np.ones((5, 4), dtype=bool)))


def test_the_lasso_chooses_among_twins_by_chance_and_ridge_shares_among_them():
    sample = make_sample(noise=3.0, n_samples=200)

    found = measure("collinearity", sample, twins=3, resamples=10).values

    assert found["lasso_instability_growth"] > 0.05
    assert found["lasso_over_ridge_coefficient"] > 0.5
    assert found["lasso_coefficient_growth"] > found["ridge_coefficient_growth"]
    assert abs(found["lasso_prediction_growth"]) < 0.5


def test_sets_are_steady_where_nothing_is_noise():
    beta = np.r_[3.0, -3.0, np.zeros(6)]
    quiet, loud = (
        measure(
            "collinearity",
            make_sample(beta=beta, noise=noise, n_samples=200),
            twins=1,
            resamples=10,
        ).values
        for noise in (0.01, 5.0)
    )

    assert quiet["lasso_instability"] < 0.2
    assert loud["lasso_instability"] > quiet["lasso_instability"] + 0.1
