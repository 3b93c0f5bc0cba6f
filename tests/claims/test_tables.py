"""Claims over many tables: the tables, the random-effects mean, the verdict."""

import math

import numpy as np
import pytest

from boostreg.claims.tables import (
    FOLDS,
    TABLES,
    find_over_tables,
    pool,
    table_sample,
)


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


def changes(effects, seed=0):
    """Return changes on the folds of tables, by name."""
    rng = np.random.default_rng(seed)
    return {
        f"table {k}": np.expm1(effect + 0.05 * rng.standard_normal(FOLDS))
        for k, effect in enumerate(effects)
    }


@pytest.mark.parametrize(
    ("effects", "verdict", "n_supported"),
    [
        ([-0.6, -0.7, -0.8, -0.65, -0.7, -0.75], "supported", 6),
        ([-0.02, 0.0, 0.05, -0.03, 0.01, 0.04], "refuted", 0),
        ([-1.5, 0.8, -0.6, 0.4, -1.0, 0.2], "not settled", 3),
    ],
)
def test_verdict_is_about_the_mean_and_tables_are_judged_by_themselves(
    effects, verdict, n_supported
):
    found = find_over_tables("lightgbm", changes(effects), ("below", 0.2, 0.0))

    assert found.verdict == verdict
    assert sum(one.verdict == "supported" for one in found.tables) == n_supported
    assert found.interval.n == len(found.values) == len(found.tables) == 6
    assert found.predicted[0] < found.interval.low <= found.interval.high
    assert found.predicted[1] > found.interval.high


def test_no_end_lies_below_minus_100_percent():
    values = changes([-3.0, -5.0, -9.0, 1.0]) | {"nothing left": [-1.0] * FOLDS}

    found = find_over_tables(None, values, ("below", 0.2, 0.0))

    assert found.interval.low > -1
    assert found.predicted[0] > -1
    assert found.tables[-1].interval.estimate == pytest.approx(-0.99)


def test_value_that_is_missing_on_a_table_is_named():
    values = changes([-0.6, -0.7, -0.8]) | {"moons": [math.nan] * FOLDS}

    found = find_over_tables(None, values, ("below", 0.2, 0.0))

    assert found.verdict == "not settled"
    assert found.interval.method == "no interval: no value on moons"


@pytest.mark.parametrize("name", TABLES)
def test_folds_of_a_table_share_no_new_row_and_have_all(name):
    samples = [table_sample(name, fold, seed=1) for fold in range(FOLDS)]

    n_rows = len(samples[0].y) + len(samples[0].y_new)
    assert sum(len(one.y_new) for one in samples) == n_rows <= 300
    for one in samples:
        spread = one.X.std(axis=0)
        assert np.allclose(one.X.mean(axis=0), 0, atol=1e-9)
        assert np.allclose(spread[spread > 0], 1)
        assert len(np.unique(one.y)) > 1
    again = table_sample(name, 0, seed=1)
    assert np.array_equal(again.X, samples[0].X)
    assert np.array_equal(again.y_new, samples[0].y_new)


def test_there_are_at_least_a_dozen_tables_of_both_kinds():
    kinds = [table_sample(name, 0, 0).objective.name for name in TABLES]

    assert len(TABLES) >= 12
    assert kinds.count("squared_error") >= 6
    assert kinds.count("logistic") >= 6
