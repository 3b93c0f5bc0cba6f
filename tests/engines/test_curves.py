"""Curves are the loss of the model cut at each round, whoever measures them."""

import numpy as np
import pytest
from problems import make_problem

from boostreg.engines import ENGINES, Growth, HistGradientBoosting
from boostreg.errors import StudyError
from boostreg.penalty import Penalty

KINDS = [
    "squared_error",
    "logistic",
    "softmax",
    "softmax5",
    "poisson",
    "gamma",
    "absolute_error",
    "quantile",
]
LIBRARIES = [
    *((engine, kind) for engine in ENGINES.values() for kind in KINDS),
    (ENGINES["xgboost"], "tweedie"),
    (ENGINES["lightgbm"], "tweedie"),
]


def small_penalty(kind):
    lambda_ = 0.0 if kind in {"absolute_error", "quantile"} else 1.0
    return Penalty(reg_lambda=lambda_, max_leaves=8, learning_rate=0.3)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("engine", "kind"), LIBRARIES, ids=lambda value: getattr(value, "name", value)
)
def test_each_entry_is_the_loss_of_that_prefix(engine, kind, weighted):
    problem = make_problem(kind, weighted=weighted, missing=True)

    training = engine.fit(engine.bin(problem), small_penalty(kind), Growth(n_rounds=12))

    measured = {"train": training.train_loss, "valid": training.valid_loss}
    for part, curve in measured.items():
        table = getattr(problem, part)
        expected = [
            problem.objective.loss(
                table.y, engine.predict(training.model, table.X, rounds), table.weights
            )
            for rounds in range(training.model.n_rounds + 1)
        ]
        np.testing.assert_allclose(curve, expected, rtol=1e-5)
    assert training.model.n_rounds == 12


def test_first_entry_is_the_intercept_alone(engine):
    problem = make_problem("poisson", weighted=True)

    training = engine.fit(engine.bin(problem), Penalty(), Growth(n_rounds=3))

    start = problem.start_loss(problem.valid)
    assert training.valid_loss[0] == pytest.approx(start, rel=1e-12)


@pytest.mark.parametrize("patience", [1, 4])
def test_fit_ends_after_patience_rounds_without_a_better_one(engine, patience):
    problem = make_problem(n_samples=200)
    fast = Penalty(reg_lambda=0.0, learning_rate=0.7)
    bins = engine.bin(problem)

    whole = engine.fit(bins, fast, Growth(n_rounds=40)).valid_loss
    cut = engine.fit(bins, fast, Growth(n_rounds=40, patience=patience)).valid_loss

    best = int(np.argmin(cut))
    assert len(cut) == best + patience + 1 < len(whole)
    np.testing.assert_array_equal(cut, whole[: len(cut)])


def test_training_loss_judges_where_no_rows_are_put_aside(engine):
    problem = make_problem()
    alone = type(problem).of(problem.train, None, problem.objective)

    training = engine.fit(engine.bin(alone), Penalty(), Growth(n_rounds=5, patience=1))

    assert len(training.train_loss) == 6
    assert len(training.valid_loss) == 0


def test_fit_without_curves_grows_the_same_trees(engine):
    bins = engine.bin(make_problem())

    silent, said = (
        engine.fit(bins, Penalty(), Growth(n_rounds=4, curves=curves))
        for curves in (False, True)
    )

    np.testing.assert_array_equal(
        engine.trees(silent.model).value, engine.trees(said.model).value
    )


def test_scikit_learn_lacks_tweedie():
    problem = make_problem("tweedie")

    with pytest.raises(StudyError, match=r"objective must be one of .* got 'tweedie'"):
        HistGradientBoosting().check(Penalty(), problem)
