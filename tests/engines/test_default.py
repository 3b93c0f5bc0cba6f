"""The default reference is the library's own fit and predict, and nothing else."""

import lightgbm
import numpy as np
import pytest
import xgboost
from problems import make_problem
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from boostreg.engines import ENGINES

# The wrapper of LightGBM 4.6 warns about the arrays that it makes of data frames.
pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")

SEED = 3
REGRESSORS = {
    "xgboost": lambda **given: xgboost.XGBRegressor(
        random_state=SEED, n_jobs=1, **given
    ),
    "lightgbm": lambda **given: lightgbm.LGBMRegressor(
        random_state=SEED, n_jobs=1, verbosity=-1, **given
    ),
    "sklearn": lambda **given: HistGradientBoostingRegressor(
        random_state=SEED, **given
    ),
}
CLASSIFIERS = {
    "xgboost": lambda: xgboost.XGBClassifier(random_state=SEED, n_jobs=1),
    "lightgbm": lambda: lightgbm.LGBMClassifier(
        random_state=SEED, n_jobs=1, verbosity=-1
    ),
    "sklearn": lambda: HistGradientBoostingClassifier(random_state=SEED),
}
NAMED = {
    ("squared_error", "xgboost"): {},
    ("squared_error", "lightgbm"): {},
    ("squared_error", "sklearn"): {},
    ("poisson", "xgboost"): {"objective": "count:poisson"},
    ("poisson", "lightgbm"): {"objective": "poisson"},
    ("poisson", "sklearn"): {"loss": "poisson"},
    ("quantile", "xgboost"): {
        "objective": "reg:quantileerror",
        "quantile_alpha": 0.7,
    },
    ("quantile", "lightgbm"): {"objective": "quantile", "alpha": 0.7},
    ("quantile", "sklearn"): {"loss": "quantile", "quantile": 0.7},
}


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(("kind", "name"), NAMED)
def test_regression_is_the_untouched_wrapper(kind, name, weighted):
    problem, engine = make_problem(kind, weighted=weighted, missing=True), ENGINES[name]
    train, X = problem.train, problem.valid.X
    wrapper = REGRESSORS[name](**NAMED[kind, name])
    wrapper.fit(train.X, train.y, sample_weight=train.weights)

    model = engine.fit_default(problem, SEED, 1)

    ours = problem.objective.predict(engine.predict(model, X))
    np.testing.assert_allclose(ours, wrapper.predict(X), rtol=2e-6)
    assert model.n_rounds == 100


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("kind", ["logistic", "softmax"])
def test_classification_is_the_untouched_wrapper(kind, name):
    problem, engine = make_problem(kind, missing=True), ENGINES[name]
    X = problem.valid.X
    wrapper = CLASSIFIERS[name]().fit(problem.train.X, problem.train.y)

    model = engine.fit_default(problem, SEED, 1)

    ours = problem.objective.predict(engine.predict(model, X))
    np.testing.assert_allclose(ours, wrapper.predict_proba(X), rtol=1e-5, atol=2e-6)


def test_its_trees_add_up_to_its_predictions(engine):
    problem = make_problem("logistic")
    model = engine.fit_default(problem, SEED, 1)

    trees = engine.trees(model)

    found = trees.predict(problem.valid.X) + trees.intercept
    expected = engine.predict(model, problem.valid.X)
    np.testing.assert_allclose(found, expected, atol=5e-6)


def test_penalties_that_a_library_refuses_do_not_hinder_it(engine):
    """The wrapper's reg_lambda acts in its own way, or not at all."""
    problem = make_problem("absolute_error")

    model = engine.fit_default(problem, SEED, 1)

    loss = problem.objective.loss(
        problem.train.y, engine.predict(model, problem.train.X)
    )
    assert loss < problem.start_loss(problem.train)
