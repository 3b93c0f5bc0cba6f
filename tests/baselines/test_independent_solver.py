"""Lasso and elastic net paths against celer, a solver that shares no code with ours."""

import numpy as np
import pytest
from celer import celer_path

from boostreg.baselines.design import strength_grid
from boostreg.baselines.least_squares import elastic_net_path


@pytest.mark.parametrize("n_samples", [200, 40])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
def test_paths_agree_with_celer(make_design, l1_ratio, n_samples):
    """With 40 rows of 60 inputs too, where the lasso leaves most of them out."""
    design = make_design("squared_error", n_samples=n_samples, n_inputs=60)
    strengths = strength_grid(design, l1_ratio)[:16]

    path = elastic_net_path(design, strengths, l1_ratio)

    X = np.asfortranarray(design.X)
    y = design.y - design.y.mean()
    _, expected, _ = celer_path(
        X, y, pb="lasso", alphas=strengths, l1_ratio=l1_ratio, tol=1e-12, max_iter=200
    )
    assert path.converged.all()
    np.testing.assert_allclose(path.coefficients[:, :, 0], expected.T, atol=1e-4)
