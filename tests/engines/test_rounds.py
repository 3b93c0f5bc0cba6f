"""What a round is where the libraries draw rows and columns, or smooth leaves."""

import numpy as np
import pytest
from problems import as_table, make_objective, make_problem

from boostreg.engines import Growth, LightGBM, Problem
from boostreg.penalty import Penalty


@pytest.fixture
def unlucky():
    """Return rows of which many a half has no split that is worth its gain."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, size=(40, 2)).astype(float)
    y = 0.3 * X[:, 0] + rng.normal(size=40)
    return Problem.of(as_table(X, y), None, make_objective("squared_error"))


def test_draw_without_a_split_is_drawn_again(unlucky):
    """LightGBM alone would end for good at the first of them."""
    engine = LightGBM()
    penalty = Penalty(min_split_gain=2.0, reg_lambda=0.0, subsample=0.5, max_leaves=4)

    training = engine.fit(engine.bin(unlucky), penalty, Growth(n_rounds=12, seed=3))

    trees = engine.trees(training.model)
    assert training.model.n_rounds == 12
    assert not training.exhausted
    assert (np.diff(trees.tree_offsets) > 1).all()


def test_fit_without_draws_ends_at_once(unlucky):
    engine = LightGBM()
    penalty = Penalty(min_split_gain=50.0, reg_lambda=0.0, max_leaves=4)

    training = engine.fit(engine.bin(unlucky), penalty, Growth(n_rounds=12))

    assert training.exhausted
    assert training.model.n_rounds == 0


def test_smoothing_asks_lightgbm_for_two_rows_a_leaf():
    """However weak: its min_data_in_leaf becomes 2 (src/io/config.cpp)."""
    problem, engine = make_problem(), LightGBM()
    bins, free = engine.bin(problem), {"reg_lambda": 0.0, "max_leaves": None}

    fewest = []
    for strength in (0.0, 1e-9):
        penalty = Penalty(path_smooth=strength, **free)
        model = engine.fit(bins, penalty, Growth(n_rounds=1)).model
        leaves = engine.trees(model).leaf_indices(problem.train.X)
        fewest.append(np.unique(leaves, return_counts=True)[1].min())

    assert fewest == [1, 2]


def test_smoothed_leaf_is_drawn_to_its_parent():
    problem, engine = make_problem(), LightGBM()
    penalty = Penalty(path_smooth=30.0, reg_lambda=0.0, max_leaves=2, learning_rate=1.0)

    model = engine.fit(engine.bin(problem), penalty, Growth(n_rounds=1)).model

    trees = engine.trees(model)
    rows = trees.leaf_indices(problem.train.X)[:, 0]
    residual = problem.train.y - problem.standard.intercept[0]
    for leaf in np.unique(rows):
        n = (rows == leaf).sum()
        expected = residual[rows == leaf].mean() * n / (n + 30)  # its parent is at 0
        assert trees.value[leaf] == pytest.approx(expected, rel=1e-5)


def test_bins_keep_no_copy_of_the_features(whole_engine):
    problem = make_problem()

    kept = whole_engine.bin(problem).problem

    assert kept.train.X.shape == problem.train.X.shape
    assert kept.train.X.strides == (0, 0)
    assert kept.valid.X.strides == (0, 0)
    np.testing.assert_array_equal(kept.train.y, problem.train.y)
