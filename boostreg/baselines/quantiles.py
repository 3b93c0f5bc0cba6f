"""Lasso for absolute error and quantiles: linear programs, by scikit-learn."""

import warnings

import numpy as np
from numpy.typing import NDArray

from boostreg.baselines.design import Design, Path

__all__ = ["quantile_path"]

Array = NDArray[np.float64]


def quantile_path(design: Design, strengths: Array) -> Path:
    """Return L1-penalised quantile regressions along ``strengths``.

    The absolute error is twice the pinball loss of the median, which scikit-learn
    minimises, so it takes half the strength.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import QuantileRegressor

    level, factor = 0.5, 0.5
    if design.objective.name == "quantile":
        level, factor = float(design.objective.parameter or 0.5), 1.0
    n, (_, n_inputs) = len(strengths), design.X.shape
    intercepts, coefficients = np.empty((n, 1)), np.zeros((n, n_inputs, 1))
    converged = np.ones(n, dtype=np.bool_)
    for number, strength in enumerate(strengths):
        if n_inputs == 0:
            intercepts[number] = design.intercept
            continue
        model = QuantileRegressor(quantile=level, alpha=factor * strength)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            # Mean weight 1, for the solver's tolerances are absolute.
            weights = design.weights * len(design.y)
            model.fit(design.X, design.y, sample_weight=weights)
        kinds = {warning.category for warning in caught}
        converged[number] = ConvergenceWarning not in kinds
        intercepts[number], coefficients[number, :, 0] = model.intercept_, model.coef_
    return Path(strengths, intercepts, coefficients, converged)
