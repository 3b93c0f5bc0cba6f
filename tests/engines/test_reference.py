"""Under penalties each library grows full trees as the reference does."""

import numpy as np
import pytest
from engines.reference import boost
from problems import make_problem

from boostreg.engines import Growth, LightGBM, XGBoost
from boostreg.penalty import Penalty

N_ROUNDS = 6
PENALTIES = {
    # Of a row or two of little weight LightGBM's estimate may be none, see test_parity.
    "free": Penalty(reg_lambda=0.0, min_child_weight=0.5),
    "lambda": Penalty(reg_lambda=30.0),
    "alpha": Penalty(reg_alpha=3.0, reg_lambda=0.0),
    "gain": Penalty(min_split_gain=1.0, reg_lambda=0.0),
    "all": Penalty(reg_alpha=1.0, reg_lambda=10.0, min_split_gain=0.5),
    "weight": Penalty(min_child_weight=8.7, reg_lambda=0.0),
}
CASES = pytest.mark.parametrize("name", PENALTIES)


@pytest.fixture(
    name="problem",
    scope="module",
    params=[("squared_error", False), ("squared_error", True), ("logistic", True)],
    ids=["squared_error", "squared_error-weighted", "logistic-weighted"],
)
def some_problem(request):
    """Return problems whose rows all have another gradient, so that no splits tie."""
    kind, weighted = request.param
    return make_problem(kind, n_samples=900, weighted=weighted)


def raw_scores(engine, problem, penalty, n_rounds=N_ROUNDS):
    growth = Growth(n_rounds=n_rounds, curves=False)
    model = engine.fit(engine.bin(problem), penalty, growth).model
    return engine.predict(model, problem.train.X)


def assert_same(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@CASES
def test_xgboost_searches_every_feature_in_every_node(problem, name):
    found = raw_scores(XGBoost(), problem, PENALTIES[name])

    assert_same(found, boost(problem, PENALTIES[name], N_ROUNDS, inherit=False))


@CASES
def test_lightgbm_passes_over_features_that_a_node_above_could_not_split(problem, name):
    found = raw_scores(LightGBM(), problem, PENALTIES[name])

    assert_same(found, boost(problem, PENALTIES[name], N_ROUNDS, inherit=True))


def test_lightgbm_still_has_that_rule(problem):
    """Fails when LightGBM drops it: then the documentation may drop it too."""
    found = raw_scores(LightGBM(), problem, PENALTIES["gain"])

    whole = boost(problem, PENALTIES["gain"], N_ROUNDS, inherit=False)
    assert np.abs(found - whole).max() > 0.01 * np.abs(whole).max()
