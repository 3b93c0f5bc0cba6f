"""Claims over many tables: the tables, the random-effects mean, the verdict."""

import math

import numpy as np
import pytest

from boostreg.claims.tables import FOLDS, TABLES, find_over_tables, table_sample


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
