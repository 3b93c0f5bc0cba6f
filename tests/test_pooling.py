"""Random effects: the mean over tables, its intervals, and slopes along a property."""

import math

import numpy as np
import pytest
from scipy.stats import linregress

from boostreg.pooling import pool, pool_slope


def simulated(rng, *, n_tables=12, mean=-0.3, between=0.2):
    """Return estimated effects and their true variances."""
    variances = rng.uniform(0.005, 0.05, n_tables)
    effects = mean + between * rng.standard_normal(n_tables)
    return effects + np.sqrt(variances) * rng.standard_normal(n_tables), variances


def test_mean_of_equal_tables_is_theirs_with_no_difference_between_them():
    found = pool([0.2] * 6, [0.01] * 6)

    assert found.estimate == pytest.approx(0.2)
    assert found.between == 0
    # t with 5 degrees of freedom times sqrt(0.01 / 6)
    assert found.high - 0.2 == pytest.approx(2.570582 * math.sqrt(0.01 / 6), rel=1e-6)


def test_variance_between_tables_makes_the_weighted_squares_equal_their_number():
    """That is the equation of Paule and Mandel."""
    effects, variances = simulated(np.random.default_rng(0))

    found = pool(effects, variances)

    w = 1 / (variances + found.between**2)
    assert found.between > 0
    assert w @ (effects - found.estimate) ** 2 == pytest.approx(len(effects) - 1)
    assert found.estimate == pytest.approx(w @ effects / w.sum())


def test_moving_every_effect_moves_the_mean_and_nothing_else():
    effects, variances = simulated(np.random.default_rng(1))

    one, other = pool(effects, variances), pool(effects + 3, variances)

    assert other.estimate - one.estimate == pytest.approx(3)
    assert other.high - other.low == pytest.approx(one.high - one.low)
    assert other.between == pytest.approx(one.between)


def test_intervals_cover_the_mean_and_the_effect_of_another_table():
    rng = np.random.default_rng(2)
    mean = other = 0
    for _ in range(400):
        found = pool(*simulated(rng))
        drawn = -0.3 + 0.2 * rng.standard_normal()
        mean += found.low <= -0.3 <= found.high
        other += found.predicted[0] <= drawn <= found.predicted[1]

    # The standard error is 1.1 %; for the coverage see the module.
    assert mean >= 0.92 * 400
    assert other >= 0.89 * 400


def test_table_without_spread_does_not_take_all_the_weight():
    found = pool([-0.1, -0.5, -0.6, -0.7], [0.0, 0.01, 0.01, 0.01])

    assert -0.6 < found.estimate < -0.35


def test_slope_of_tables_of_equal_variance_is_that_of_least_squares():
    rng = np.random.default_rng(3)
    x = rng.uniform(2, 4, 20)
    y = 0.1 * x + 0.2 * rng.standard_normal(20)

    found, expected = pool_slope(y, np.zeros(20), x), linregress(x, y)

    # t with 18 degrees of freedom
    assert found.estimate == pytest.approx(expected.slope, rel=1e-6)
    assert found.high - found.estimate == pytest.approx(
        2.100922 * expected.stderr, rel=1e-5
    )


def test_interval_of_a_slope_covers_it():
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(300):
        effects, variances = simulated(rng, n_tables=20)
        x = rng.uniform(2, 4, 20)
        found = pool_slope(effects + 0.15 * x, variances, x)
        covered += found.low <= 0.15 <= found.high

    assert 0.92 * 300 <= covered <= 0.99 * 300
