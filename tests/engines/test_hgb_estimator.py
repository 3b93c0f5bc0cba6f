"""What scikit-learn's engine hands to its estimator, and what it adds to the trees."""

from dataclasses import replace

import numpy as np
import pytest
from problems import make_problem
from sklearn.ensemble import HistGradientBoostingClassifier

from boostreg.engines import Growth, HistGradientBoosting, Problem, XGBoost
from boostreg.errors import DataError
from boostreg.penalty import Penalty

ENGINE = HistGradientBoosting()


def fit(problem, n_rounds=8, **given):
    growth = {k: given.pop(k) for k in ("patience", "seed") if k in given}
    return ENGINE.fit(
        ENGINE.bin(problem), Penalty(**given), Growth(n_rounds=n_rounds, **growth)
    )


@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax5"])
def test_hessians_and_weights_are_those_of_xgboost(kind):
    problem = make_problem(kind, n_samples=900, weighted=True)
    xgboost, penalty = XGBoost(), Penalty(reg_lambda=3.0, max_leaves=12)
    grown = xgboost.fit(xgboost.bin(problem), penalty, Growth(n_rounds=8)).model

    one, two = (
        xgboost.trees(grown),
        ENGINE.trees(fit(problem, reg_lambda=3.0, max_leaves=12).model),
    )

    for name in ("hessian", "value"):
        a, b = (
            getattr(trees, name)[trees.leaf_indices(problem.train.X)]
            for trees in (one, two)
        )
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5 * np.abs(a).max())
    sizes = one.size(3.0), two.size(3.0)
    assert sizes[0].l2_norm == pytest.approx(sizes[1].l2_norm, rel=1e-5)
    assert sizes[0].shrinkage == pytest.approx(sizes[1].shrinkage, rel=1e-4)
    assert two.hessian[0] == pytest.approx(one.hessian[0], rel=1e-5)


def test_params_are_in_its_own_unit():
    problem = make_problem("softmax", weighted=True)

    params = ENGINE.params(Penalty(reg_lambda=3.0, max_leaves=None), problem)

    assert params["l2_regularization"] == 1.5
    assert params["learning_rate"] == 0.05
    assert params["max_leaf_nodes"] is None
    assert params["early_stopping"] is False


def test_its_own_estimator_with_those_params_is_the_model():
    problem = make_problem("softmax", weighted=True)
    penalty = Penalty(reg_lambda=3.0, max_leaves=9)
    train = problem.train
    alone = HistGradientBoostingClassifier(
        **ENGINE.params(penalty, problem), max_iter=8
    ).fit(train.X, train.y, sample_weight=train.weights)

    model = fit(problem, reg_lambda=3.0, max_leaves=9).model

    ours = problem.objective.predict(ENGINE.predict(model, problem.valid.X))
    np.testing.assert_allclose(ours, alone.predict_proba(problem.valid.X), rtol=1e-6)


def test_class_without_training_rows_is_refused():
    problem = make_problem("softmax")
    some = problem.train.rows(np.flatnonzero(problem.train.y != 1))

    with pytest.raises(DataError, match="all 3 classes; only 2 occur"):
        fit(Problem.of(some, None, problem.objective))


def test_column_without_a_value_is_never_split():
    problem = make_problem()
    X = problem.train.X.copy()
    X[:, 2] = np.nan
    empty = Problem.of(replace(problem.train, X=X), None, problem.objective)

    model = fit(empty).model

    assert 2 not in ENGINE.trees(model).feature
    assert np.isfinite(ENGINE.predict(model, problem.valid.X)).all()
