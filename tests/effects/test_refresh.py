"""Leaves that are computed anew are those that the libraries would have grown."""

from dataclasses import replace

import numpy as np
import pytest
import xgboost
from problems import make_problem, with_reg_alpha_if_taken

from boostreg.effects.mechanism import assign, leaf_weights, refresh
from boostreg.engines import Growth, Standard, XGBoost
from boostreg.engines.xgb import _params
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

FREE = Penalty(reg_lambda=0.0, max_leaves=8, min_child_weight=0.01)
GROWTH = ("tree_method", "grow_policy")
OBJECTIVES = ["squared_error", "logistic", "softmax", "poisson"]


def grown(engine, problem, penalty=FREE, n_rounds=10):
    model = engine.fit(engine.bin(problem), penalty, Growth(n_rounds=n_rounds)).model
    return engine.trees(model), model


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_the_same_penalty_gives_the_leaves_that_were_grown(
    whole_engine, kind, weighted
):
    problem = make_problem(kind, weighted=weighted)
    penalty = with_reg_alpha_if_taken(
        whole_engine, replace(FREE, reg_lambda=2.0, reg_alpha=0.3), problem
    )
    trees, _ = grown(whole_engine, problem, penalty)

    found = refresh(trees, assign(trees, problem), problem, penalty)

    leaf = trees.left < 0
    scale = np.abs(trees.value).max()
    np.testing.assert_allclose(
        found.trees.value[leaf], trees.value[leaf], rtol=1e-4, atol=1e-5 * scale
    )


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_another_penalty_gives_the_leaves_of_xgboost_s_own_refresh(kind, weighted):
    """The library's ``refresh`` updater, on a plain DMatrix, is the oracle."""
    problem, engine = make_problem(kind, weighted=weighted), XGBoost()
    intercept, units = problem.standard.intercept, problem.standard.units
    shift = float(intercept[0]) if kind == "squared_error" else 0.0
    start = np.zeros(1) if kind == "squared_error" else intercept
    problem = replace(problem, standard=Standard(intercept, units, shift, start=start))
    trees, model = grown(engine, problem)
    penalty = with_reg_alpha_if_taken(
        engine, replace(FREE, reg_lambda=7.0, reg_alpha=0.5), problem
    )

    found = refresh(trees, assign(trees, problem), problem, penalty)

    leaf = trees.left < 0
    expected = refreshed_by_library(model, problem, penalty)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        found.trees.value[leaf], expected, rtol=1e-5, atol=1e-6 * scale
    )
    assert np.abs(expected - trees.value[leaf]).max() > 0.05 * scale


def refreshed_by_library(model, problem, penalty):
    """Return the leaves after ``process_type=update`` with ``updater=refresh``."""
    part = problem.part(problem.train)
    changed = {
        "process_type": "update",
        "updater": "refresh",
        "refresh_leaf": True,
        "reg_lambda": penalty.reg_lambda,
        "reg_alpha": penalty.reg_alpha,
        "learning_rate": penalty.learning_rate,
        "verbosity": 0,
        "nthread": 1,
    }
    matrix = xgboost.DMatrix(
        problem.train.X, label=part.y, weight=part.weights, base_margin=part.margin
    )
    params = _params(problem.limited(penalty), problem, 1.0) | changed
    params = {name: params[name] for name in params if name not in GROWTH}
    updated = xgboost.train(params, matrix, model.n_rounds, xgb_model=model.native)
    trees = TreeEnsemble.from_xgboost_ubj(
        updated.save_raw("ubj"), learning_rate=penalty.learning_rate
    )
    return trees.value[trees.left < 0]


def test_curves_are_the_losses_of_the_new_trees(whole_engine):
    problem = make_problem("logistic", missing=True)
    trees, _ = grown(whole_engine, problem)

    found = refresh(
        trees, assign(trees, problem), problem, replace(FREE, reg_lambda=5.0)
    )

    for table, curve in (
        (problem.train, found.train_loss),
        (problem.valid, found.valid_loss),
    ):
        for n_rounds in (0, 1, 10):
            raw = trees.intercept + found.trees.predict(table.X, n_rounds)
            loss = problem.objective.loss(table.y, raw, table.weights)
            assert curve[n_rounds] == pytest.approx(loss, rel=1e-12)


def test_weights_follow_the_closed_form():
    penalty = Penalty(reg_alpha=1.0, reg_lambda=3.0, max_delta_step=0.6)

    found = leaf_weights(np.array([-3.0, 0.5, 9.0, 0.0]), np.full(4, 2.0), penalty)

    np.testing.assert_allclose(found, [2 / 5, 0.0, -0.6, 0.0])


def test_a_penalty_that_forbids_every_weight_leaves_the_intercept(whole_engine):
    problem = make_problem()
    trees, _ = grown(whole_engine, problem)

    found = refresh(
        trees, assign(trees, problem), problem, replace(FREE, reg_alpha=1e9)
    )

    assert not found.trees.value.any()
    assert (found.valid_loss == found.valid_loss[0]).all()
