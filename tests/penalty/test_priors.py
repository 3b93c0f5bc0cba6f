"""A penalty and its prior are the same statement, in closed form and in fits."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import make_objective, make_problem
from scipy.optimize import minimize_scalar

from boostreg.effects.mechanism import leaf_weights
from boostreg.engines import ENGINES, Growth, Problem
from boostreg.errors import PenaltyError
from boostreg.penalty import Penalty, Units
from boostreg.penalty.priors import (
    as_prior,
    laplace_scale,
    normal_std,
    reg_alpha_from_scale,
    reg_lambda_from_std,
)

positive = st.floats(1e-6, 1e6)
gradients = st.floats(-1e3, 1e3)
UNITS = Units(gradient=2.0, hessian=0.25, n_samples=100)


def leaf_map(G, H, *, reg_alpha=0.0, reg_lambda=0.0):
    """Return the weights of leaves under these penalties alone."""
    penalty = Penalty(reg_alpha=reg_alpha, reg_lambda=reg_lambda)
    return leaf_weights(np.asarray(G, float), np.asarray(H, float), penalty)


@given(positive, positive)
def test_priors_and_penalties_are_inverse(penalty, variance):
    std = normal_std(penalty, variance)
    scale = laplace_scale(penalty, variance)

    assert reg_lambda_from_std(std, variance) == pytest.approx(penalty, rel=1e-12)
    assert reg_alpha_from_scale(scale, variance) == pytest.approx(penalty, rel=1e-12)


def test_no_penalty_is_the_uniform_prior():
    assert normal_std(0.0) == laplace_scale(0.0) == math.inf
    assert reg_lambda_from_std(math.inf) == reg_alpha_from_scale(math.inf) == 0.0


@given(gradients, st.floats(1e-3, 1e3), st.floats(0, 1e3), st.floats(0, 1e3))
def test_map_of_a_leaf_minimises_the_negative_log_posterior(G, H, alpha, reg_lambda):
    (weight,) = leaf_map([G], [H], reg_alpha=alpha, reg_lambda=reg_lambda)

    def loss(w):
        return G * w + H * w**2 / 2 + alpha * abs(w) + reg_lambda * w**2 / 2

    found = minimize_scalar(loss, bounds=(-2e6, 2e6), options={"xatol": 1e-9}).x
    assert loss(weight) <= loss(found) + 1e-9 * max(abs(loss(found)), 1)


def test_posterior_mode_is_the_map_of_normal_rows_under_a_normal_prior():
    """Rows y ~ N(w, s2) under w ~ N(0, std^2): the textbook's posterior mean."""
    y, s2, std = np.array([1.0, 2.0, 4.0]), 0.5, 0.7
    posterior_mean = (y.sum() / s2) / (len(y) / s2 + 1 / std**2)

    weight = leaf_map([-y.sum()], [3.0], reg_lambda=reg_lambda_from_std(std, s2))

    np.testing.assert_allclose(weight, posterior_mean, rtol=1e-12)


def test_laplace_density_falls_by_e_within_one_scale():
    """Along the axis, exp(-alpha |w| / s2) must be the Laplace density's shape."""
    alpha, s2 = 3.0, 0.5

    assert alpha * laplace_scale(alpha, s2) / s2 == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["squared_error", "logistic", "poisson"])
def test_leaves_of_real_trees_are_maps(whole_engine, kind):
    problem = make_problem(kind, weighted=True)
    alpha = 0.0 if whole_engine.refusal("reg_alpha", 1.0, problem) else 2.0
    penalty = Penalty(reg_alpha=alpha, reg_lambda=3.0, max_leaves=8, learning_rate=0.5)
    training = whole_engine.fit(whole_engine.bin(problem), penalty, Growth(n_rounds=1))
    trees = whole_engine.trees(training.model)
    rows = trees.leaf_indices(problem.train.X)[:, 0]
    start = np.tile(problem.standard.intercept, (problem.train.n_samples, 1))
    weights = problem.train.weights
    g = weights * problem.objective.gradient(problem.train.y, start)[:, 0]
    h = weights * problem.objective.hessian(problem.train.y, start)[:, 0]

    expected = leaf_map(
        np.bincount(rows, g), np.bincount(rows, h), reg_alpha=alpha, reg_lambda=3.0
    )
    if kind == "poisson":
        expected = np.clip(expected, -0.7, 0.7)

    reached = np.unique(rows)
    np.testing.assert_allclose(
        trees.value[reached], 0.5 * expected[reached], rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize(
    ("name", "precision"), [("xgboost", 1e-6), ("lightgbm", 1e-12)]
)
def test_every_leaf_of_a_whole_tree_is_the_map(name, precision):
    """XGBoost keeps leaves in float32; all sums here are exact in either engine."""
    table = make_problem(n_samples=2000).train
    y = np.round(8 * table.y) / 8
    problem = Problem.of(replace(table, y=np.r_[y, -y], X=np.r_[table.X, table.X + 1]),
                         None, make_objective("squared_error"))  # fmt: skip
    penalty = Penalty(reg_alpha=2.0, reg_lambda=3.0, max_leaves=200, learning_rate=1.0)
    engine = ENGINES[name]
    training = engine.fit(engine.bin(problem), penalty, Growth(n_rounds=1))
    trees = engine.trees(training.model)

    rows = trees.leaf_indices(problem.train.X)[:, 0]
    g = -problem.train.y  # the derivative at the intercept, which is 0
    expected = leaf_map(
        np.bincount(rows, g), np.bincount(rows), reg_alpha=2.0, reg_lambda=3.0
    )

    reached = np.unique(rows)
    assert len(reached) > 100
    np.testing.assert_allclose(
        trees.value[reached], expected[reached], rtol=precision, atol=precision
    )


def test_leaf_without_hessian_or_penalty_weighs_nothing():
    np.testing.assert_array_equal(leaf_map([1.0], [0.0]), [0.0])


def test_prior_counts_rows_and_names_both_priors():
    raw = Penalty(reg_lambda=1.25, reg_alpha=6.0)

    prior = as_prior(raw, UNITS, noise_variance=0.2)

    assert (prior["rows"], prior["alpha_rows"]) == (5.0, 3.0)
    assert prior["std"] == pytest.approx(0.4)
    assert prior["laplace"] == pytest.approx(0.2 / 6)
    assert prior["sentence"] == (
        "In the first tree, reg_lambda is a prior worth 5 rows, normal with standard "
        "deviation 0.4: a leaf of as many rows keeps half of its weight. In the first "
        "tree, reg_alpha takes away the gradient of 3 rows and is a Laplace prior of "
        "scale 0.0333: a leaf whose gradients sum to less weighs 0."
    )


@pytest.mark.parametrize("kind", ["squared_error", "logistic"])
def test_worth_in_rows_holds_in_the_first_tree_alone_unless_hessians_are_constant(
    whole_engine, kind
):
    """A leaf of R rows keeps R / (R + worth) there; later ones keep less."""
    problem = make_problem(kind)
    penalty = Penalty(reg_lambda=5.0, max_leaves=8, learning_rate=0.5)
    training = whole_engine.fit(whole_engine.bin(problem), penalty, Growth(n_rounds=30))
    trees = whole_engine.trees(training.model)
    start = np.tile(problem.standard.intercept, (problem.train.n_samples, 1))
    h = problem.objective.hessian(problem.train.y, start)[:, 0]
    units = Units(gradient=1.0, hessian=float(h.mean()), n_samples=len(h))
    worth = as_prior(penalty, units)["rows"]
    leaves = trees.leaf_indices(problem.train.X)
    kept = []
    for column in (0, -1):
        reached, counts = np.unique(leaves[:, column], return_counts=True)
        sums = trees.hessian[reached]
        kept.append(sums / (sums + 5.0) / (counts / (counts + worth)))

    np.testing.assert_allclose(kept[0], 1, rtol=1e-4)
    if kind == "squared_error":
        np.testing.assert_allclose(kept[1], 1, rtol=1e-4)
    else:
        assert np.median(kept[1]) < 0.9


def test_the_median_leaf_of_the_model_is_reported_next_to_the_first_tree():
    known = as_prior(Penalty(reg_lambda=0.25), UNITS, kept=0.028)
    off = as_prior(Penalty(reg_lambda=0), UNITS, kept=1.0)

    assert (
        "Over all trees, the median leaf keeps 2.8% of its weight."
        in (known["sentence"])
    )
    assert "median" not in as_prior(Penalty(reg_lambda=0.25), UNITS)["sentence"]
    assert "median" not in off["sentence"]


def test_prior_of_r_rows_has_the_standard_error_of_a_mean_of_r_rows():
    noise, rows = 4.0, 25
    units = Units(gradient=1.0, hessian=1.0, n_samples=100)

    prior = as_prior(Penalty(reg_lambda=rows), units, noise)

    assert prior["std"] == pytest.approx(math.sqrt(noise / rows))


def test_uniform_prior_is_reported_as_none():
    prior = as_prior(Penalty(reg_lambda=0.0), UNITS, 1.0)

    assert (prior["std"], prior["laplace"], prior["rows"]) == (None, None, 0.0)
    assert prior["sentence"] == (
        "reg_lambda is 0: no normal prior. reg_alpha is 0: no Laplace prior."
    )


def test_without_noise_variance_only_rows_are_reported():
    prior = as_prior(Penalty(reg_lambda=0.25), UNITS)

    assert (prior["std"], prior["noise_variance"]) == (None, None)
    assert "worth 1 row: a leaf" in prior["sentence"]


def test_rows_without_hessian_or_gradient_are_reported():
    prior = as_prior(Penalty(), Units(0.0, 0.0, 3), 1.0)

    assert (prior["rows"], prior["alpha_rows"]) == (None, None)
    assert "carry no hessian" in prior["sentence"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normal_std(-1.0), "reg_lambda must be a finite number >= 0, got -1.0"),
        (lambda: normal_std(1.0, 0.0), "noise_variance must be a finite number > 0"),
        (
            lambda: laplace_scale(math.nan),
            "reg_alpha must be a finite number >= 0, got nan",
        ),
        (lambda: reg_lambda_from_std(0.0), "std must be a number > 0, got 0.0"),
        (lambda: reg_alpha_from_scale(-2.0), "scale must be a number > 0, got -2.0"),
        (lambda: as_prior(Penalty(scale="rows"), UNITS), "raw must be in scale 'raw'"),
    ],
)
def test_what_is_no_prior_is_refused(call, message):
    with pytest.raises(PenaltyError, match=message):
        call()
