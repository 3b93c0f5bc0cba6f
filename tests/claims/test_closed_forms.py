"""Penalised optima of a quadratic loss against direct minimisation and leaves."""

import numpy as np
import pytest
from scipy.optimize import minimize

from boostreg.claims.experiments.optimum import l1_optimum, l2_optimum
from boostreg.effects.mechanism import leaf_weights
from boostreg.penalty import Penalty
from boostreg.penalty.priors import reg_lambda_from_std

W = np.array([1.5, -0.4, 0.02, -3.0])


@pytest.fixture
def hessian():
    """Return a Hessian with one direction in which the loss is flat."""
    root = np.random.default_rng(0).normal(size=(3, 4))
    return root.T @ root


@pytest.mark.parametrize("strength", [0.0, 0.3, 50.0])
def test_l2_optimum_has_no_slope_left(hessian, strength):
    moved = l2_optimum(W, hessian, strength)

    np.testing.assert_allclose(hessian @ (moved - W) + strength * moved, 0, atol=1e-12)


def test_l2_keeps_of_each_direction_its_share_of_the_curvature(hessian):
    values, vectors = np.linalg.eigh(hessian)

    moved = l2_optimum(W, hessian, 0.7)

    share = values / (values + 0.7)
    np.testing.assert_allclose(vectors.T @ moved, share * (vectors.T @ W), atol=1e-12)


@pytest.mark.parametrize("strength", [0.0, 0.3, 2.0])
def test_l1_optimum_is_that_of_direct_minimisation(strength):
    """Each weight as the difference of two that are not negative: a smooth problem."""
    h = np.array([0.5, 1.0, 4.0, 0.2])

    def cost(parts):
        w = parts[:4] - parts[4:]
        slope = h * (w - W)
        value = h @ (w - W) ** 2 / 2 + strength * parts.sum()
        return value, np.r_[slope + strength, strength - slope]

    found = minimize(
        cost, np.ones(8), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 8,
        options={"ftol": 1e-16, "gtol": 1e-11},
    ).x  # fmt: skip
    moved = l1_optimum(W, h, strength)
    np.testing.assert_allclose(moved, found[:4] - found[4:], atol=1e-7)
    np.testing.assert_array_equal(moved == 0, np.abs(W) <= strength / h)


def test_penalties_move_the_optimum_further_the_stronger_they_are(hessian):
    strengths = (0.0, 0.1, 1.0, 10.0, 1e6)

    l2 = [np.linalg.norm(l2_optimum(W, hessian, s) - W) for s in strengths]
    l1 = [np.linalg.norm(l1_optimum(W, np.ones(4), s) - W) for s in strengths]

    for moved in (l2, l1):
        assert moved[0] == 0
        assert moved == sorted(moved)
        assert moved[-1] == pytest.approx(np.linalg.norm(W), rel=1e-4)


def test_a_leaf_is_the_case_of_one_dimension():
    G, H = np.array([-6.0, 1.0, 3.0]), np.array([2.0, 2.0, 5.0])

    lone = [l2_optimum([-g / h], [[h]], 2.0)[0] for g, h in zip(G, H, strict=True)]

    l2, l1 = Penalty(reg_lambda=2.0), Penalty(reg_alpha=2.0, reg_lambda=0.0)
    np.testing.assert_allclose(lone, leaf_weights(G, H, l2), rtol=1e-14)
    np.testing.assert_allclose(
        l1_optimum(-G / H, H, 2.0), leaf_weights(G, H, l1), rtol=1e-14
    )


def test_strength_of_ridge_is_a_prior_on_coefficients():
    """Ridge of y = 2 x with a normal prior: the textbook's posterior mean."""
    x = np.array([1.0, -1.0, 1.0, -1.0])
    variance, std = 0.5, 0.7
    strength = reg_lambda_from_std(std, variance) / len(x)

    ridge = np.mean(x * 2 * x) / (np.mean(x * x) + strength)

    posterior_mean = (x @ (2 * x) / variance) / (x @ x / variance + 1 / std**2)
    assert ridge == pytest.approx(posterior_mean, rel=1e-12)
