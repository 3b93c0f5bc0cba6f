"""What a missing value means in each library, where their rules part.

Where training rows of a node miss a number, every library learns the better side for
them (``test_parity`` has missing values); ``test_models`` states that a column without
any in training sends later ones right.
"""

from dataclasses import replace

import numpy as np
import pytest
from problems import as_table, make_category_problem, make_objective, make_problem

from boostreg.data import Column
from boostreg.engines import ENGINES, Growth, Problem
from boostreg.penalty import Penalty


def predictor(engine, problem, n_rounds=1, **penalties):
    """Return what predicts raw scores of an unpenalised ensemble."""
    free = {"reg_lambda": 0.0, "learning_rate": 1.0} | penalties
    growth = Growth(n_rounds=n_rounds, curves=False)
    model = engine.fit(engine.bin(problem), Penalty(**free), growth).model
    return lambda X: engine.predict(model, np.asarray(X, dtype=float))[:, 0]


def missing_below_the_first_split():
    """Return rows whose second column has gaps only where the first is 0."""
    first, second = (a.ravel() for a in np.meshgrid([0.0, 1.0], np.arange(8.0)))
    y = 64 * first + np.where((first == 1) & (second > 3), 16.0, 0.0)
    X = np.column_stack([first, np.where((first == 0) & (second < 3), np.nan, second)])
    return Problem.of(as_table(X, y), None, make_objective("squared_error"))


def test_value_that_a_node_never_missed_goes_right_but_left_in_lightgbm(engine):
    predict = predictor(engine, missing_below_the_first_split(), max_leaves=3)

    late, left, right = predict([[1.0, np.nan], [1.0, 0.0], [1.0, 7.0]])

    assert right - left == pytest.approx(16.0)
    assert late == (left if engine.name == "lightgbm" else right)


def test_it_goes_the_same_way_in_training_as_later(whole_engine):
    """So the curve of judging rows is the loss of what predicts them."""
    problem = make_problem("squared_error", missing=True)
    training = whole_engine.fit(
        whole_engine.bin(problem), Penalty(max_leaves=31), Growth(n_rounds=20)
    )

    raw = whole_engine.predict(training.model, problem.valid.X)

    loss = problem.objective.loss(problem.valid.y, raw)
    assert training.valid_loss[-1] == pytest.approx(loss, rel=1e-5)


def three_categories_and_missing(alike):
    """Return 240 rows, where the missing and the first ``alike`` categories are 1."""
    codes = np.arange(240) % 4
    y = ((codes < alike) | (codes == 3)).astype(float)
    X = np.where(codes == 3, np.nan, codes)[:, None]
    table = replace(as_table(X, y), columns=(Column("c", ("c0", "c1", "c2")),))
    return Problem.of(table, None, make_objective("squared_error"))


@pytest.mark.parametrize("alike", [1, 2])
def test_lightgbm_sets_no_missing_category_beside_one_of_three(engine, alike):
    """Of up to three it parts one from the others, missing ones always with these."""
    problem = three_categories_and_missing(alike)

    raw = predictor(engine, problem, max_leaves=2)(problem.train.X)

    fits = bool(np.allclose(raw, problem.train.y, atol=1e-6))
    assert fits is (engine.name != "lightgbm" or alike == 2)


def test_category_missing_only_later_may_go_another_way():
    """Right in each library, but which categories stand there is its own choice."""
    problem = make_category_problem(12, seed=2)
    predictors = [
        predictor(engine, problem, max_leaves=2) for engine in ENGINES.values()
    ]

    known = [predict(problem.train.X) for predict in predictors]
    late = [predict([[np.nan]])[0] for predict in predictors]

    for other in known[1:]:
        np.testing.assert_allclose(other, known[0], rtol=1e-5)
    assert late[0] == pytest.approx(known[0].max())
    assert late[1:] == pytest.approx([known[0].min()] * 2)
