r"""A normal prior around a track record, which is not L2.

A weight w is the expected value of a new row, such as the views of a post. Its record
is the mean m of the training rows; n new rows y follow. With the prior
:math:`w \sim N(m, s^2 / R)`, worth R rows, and rows of variance :math:`s^2`, the
maximum of the posterior is :math:`(\sum y + R m) / (n + R)`: it lies between the record
and the mean of the new rows. L2 of the same strength has the prior
:math:`N(0, s^2 / R)` and gives :math:`\sum y / (n + R)`: it pulls towards 0. Both
agree only for a record of 0, or if the record is subtracted before.
"""

from collections.abc import Iterable

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    procedure,
)

__all__ = ["track_record"]

_SHARES = np.linspace(-0.4, 1.6, 101)
_POSTS = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0])
_FINEST = 20_001

_DENSITIES = {
    "likelihood": "likelihood",
    "record_prior": "record: prior",
    "record_posterior": "record: posterior",
    "l2_prior": "L2: prior",
    "l2_posterior": "L2: posterior",
}
_ESTIMATES = {"maximum": "record: MAP", "l2": "L2", "mean": "mean of rows"}


@procedure(
    {
        "difference": (
            "difference of the L2 estimate to the maximum of the posterior with a "
            "prior around the record, over that maximum"
        ),
        "centred_difference": (
            "difference of the L2 estimate of the deviation from the record, plus the "
            "record, to the maximum of the posterior with a prior around the record, "
            "over that maximum"
        ),
        "new_loss_change": (
            "squared error on further rows of the L2 estimate over that of the "
            "maximum of the posterior with a prior around the record, minus 1"
        ),
        "negative_share": "share of the Laplace prior of L1 below 0",
    },
    options={
        "posts": Option(5, "new rows", low=1, high=1000),
        "rows": Option(5.0, "rows that the prior is worth", 0.01, 1e6),
    },
    panels=(
        Panel(
            "A prior around the record, and that of L2",
            x="share",
            x_label="weight over the record",
            y_label="density over its largest",
            lines=_DENSITIES,
        ),
        Panel(
            "Estimates with growing data",
            x="posts",
            x_label="new rows",
            y_label="estimate over the record",
            lines=_ESTIMATES,
            x_log=True,
        ),
    ),
    objectives="squared_error",
)
def track_record(sample: Sample, options: Options) -> Measured:
    """Compare L2 with a normal prior around the mean of earlier rows.

    The maximum of the posterior is found by bisection, the L2 estimate is that of
    scikit-learn's ridge regression on a constant column.
    """
    rows, record = float(options["rows"]), float(np.mean(sample.y))
    variance = float(np.var(sample.y))
    posts = min(int(options["posts"]), len(sample.y_new) - 1)
    new, further = sample.y_new[:posts], sample.y_new[posts:]
    maximum = _maximum(new, record, variance, rows)
    penalised = _ridge(new, rows)
    centred = _ridge(new - record, rows) + record
    losses = [float(np.mean((further - one) ** 2)) for one in (penalised, maximum)]
    values = {
        "difference": abs(penalised - maximum) / abs(maximum),
        "centred_difference": abs(centred - maximum) / abs(maximum),
        "new_loss_change": losses[0] / losses[1] - 1,
        "negative_share": _below_zero(float(np.sqrt(variance / rows))),
    }
    along = [sample.y_new[: int(n)] for n in _POSTS]
    series: dict[str, Iterable[float]] = {
        "share": _SHARES,
        **_densities(new, record, variance, rows),
        "posts": _POSTS,
        "maximum": [_maximum(y, record, variance, rows) / record for y in along],
        "l2": [_ridge(y, rows) / record for y in along],
        "mean": [float(np.mean(y)) / record for y in along],
    }
    return Measured.of(values, series)


def _maximum(y: Array, mean: float, variance: float, rows: float) -> float:
    """Return the maximum of the posterior with a normal prior around ``mean``."""
    from scipy.optimize import brentq

    def slope(w: float) -> float:
        # Of the negative log posterior: sum (w - y) / s^2 + (w - m) R / s^2
        return float(np.sum(w - y) + (w - mean) * rows) / variance

    reach = 1 + float(np.max(np.abs(y))) + abs(mean)
    return float(brentq(slope, -reach, reach, xtol=1e-13, rtol=1e-14))


def _ridge(y: Array, strength: float) -> float:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=strength, fit_intercept=False)
    return float(model.fit(np.ones((len(y), 1)), y).coef_[0])


def _below_zero(scale: float) -> float:
    """Return the mass of a zero-mean Laplace density below 0, by quadrature."""
    x = np.linspace(-40 * scale, 40 * scale, _FINEST)
    density = np.exp(-np.abs(x) / scale)
    half = len(x) // 2
    below = float(np.sum(density[:half]) + density[half] / 2)
    return below / float(np.sum(density))


def _densities(
    y: Array, record: float, variance: float, rows: float
) -> dict[str, Array]:
    """Return the densities at ``_SHARES`` of the record, each over its largest."""
    w = _SHARES * record
    likelihood = len(y) * (w - np.mean(y)) ** 2 / (2 * variance)
    around, zero = (rows * (w - m) ** 2 / (2 * variance) for m in (record, 0.0))
    costs = (likelihood, around, likelihood + around, zero, likelihood + zero)
    return {
        name: np.exp(np.min(cost) - cost)
        for name, cost in zip(_DENSITIES, costs, strict=True)
    }
