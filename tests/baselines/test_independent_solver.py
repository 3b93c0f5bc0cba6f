"""Lasso and elastic net paths against celer, a solver that shares no code with ours."""

import numpy as np
import pytest

from boostreg.baselines import linear
from boostreg.baselines.linear import least_squares_path, strength_grid

celer_path = pytest.importorskip("celer", reason="no celer").celer_path


@pytest.mark.parametrize("n_samples", [200, 40])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
def test_paths_agree_with_celer(make_design, l1_ratio, n_samples):
    """With 40 rows of 60 inputs too, where coordinate descent hardly moves."""
    design = make_design("squared_error", n_samples=n_samples, n_inputs=60)
    strengths = strength_grid(design, l1_ratio)

    path = least_squares_path(design, strengths, l1_ratio)

    X = np.asfortranarray(design.X)
    y = design.y - design.y.mean()
    _, expected, _ = celer_path(
        X, y, pb="lasso", alphas=strengths, l1_ratio=l1_ratio, tol=1e-13, max_iter=200
    )
    assert path.converged.all()
    np.testing.assert_allclose(path.coefficients[:, :, 0], expected.T, atol=2e-5)


def test_descent_that_does_not_arrive_is_reported(make_design, monkeypatch):
    monkeypatch.setattr(linear, "_SWEEPS", (20, 20))
    design = make_design("squared_error", n_samples=40, n_inputs=60)

    path = least_squares_path(design, strength_grid(design, 1.0), 1.0)

    assert path.converged[0]
    assert not path.converged[-1]
