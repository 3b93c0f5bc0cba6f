"""Lasso and elastic net paths against celer, a solver that shares no code with ours."""

import numpy as np
import pytest
from celer import celer_path

from boostreg.baselines import linear as least_squares
from boostreg.baselines.linear import (
    dual_gap,
    elastic_net_path,
    exact_elastic_net,
    strength_grid,
)


@pytest.mark.parametrize("n_samples", [200, 40])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
def test_paths_agree_with_celer(make_design, l1_ratio, n_samples):
    """With 40 rows of 60 inputs too, where coordinate descent hardly moves."""
    design = make_design("squared_error", n_samples=n_samples, n_inputs=60)
    strengths = strength_grid(design, l1_ratio)

    path = elastic_net_path(design, strengths, l1_ratio)

    X = np.asfortranarray(design.X)
    y = design.y - design.y.mean()
    _, expected, _ = celer_path(
        X, y, pb="lasso", alphas=strengths, l1_ratio=l1_ratio, tol=1e-13, max_iter=200
    )
    assert path.converged.all()
    np.testing.assert_allclose(path.coefficients[:, :, 0], expected.T, atol=1e-4)


@pytest.mark.parametrize("l2", [0.0, 0.2])
def test_minimum_is_found_from_any_start_among_dependent_columns(l2):
    """Two columns are equal and two sum to 0: only predictions are determined."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(20, 30))
    X[:, 1], X[:, 3] = X[:, 0], -X[:, 2]
    y = X[:, 0] + X[:, 2] + rng.normal(size=20)

    from_zero, from_noise = (
        exact_elastic_net(X, y, 0.5, l2, start)
        for start in (np.zeros(30), rng.normal(size=30))
    )

    for b in (from_zero, from_noise):
        assert abs(dual_gap(X, y, 0.5, l2, b)) <= 1e-12 * (y @ y)
    np.testing.assert_allclose(X @ from_zero, X @ from_noise, atol=1e-10)
    assert dual_gap(X, y, 0.5, l2, from_zero + 1e-3) > 1e-6


def test_descent_that_does_not_arrive_is_still_said(make_design, monkeypatch):
    """Without the exact steps, 20 sweeps leave a gap, and the path says where."""
    monkeypatch.setattr(least_squares, "_MAX_SWEEPS", 20)
    monkeypatch.setattr(least_squares, "exact_elastic_net", lambda *args: args[-1])
    design = make_design("squared_error", n_samples=40, n_inputs=60)

    path = elastic_net_path(design, strength_grid(design, 1.0), 1.0)

    assert path.converged[0]
    assert not path.converged[-1]
