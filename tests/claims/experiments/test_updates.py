"""What one step takes, and in which order weights fall."""

from dataclasses import replace

import numpy as np
import pytest
from samples import ENGINES, make_sample, measure


@pytest.mark.parametrize("kind", ["squared_error", "logistic"])
def test_a_step_takes_a_constant_under_l1_and_a_share_under_l2(kind):
    found = measure("one_step", make_sample(kind)).values

    assert found["l1_slope"] == pytest.approx(0, abs=1e-3)
    assert found["l2_slope"] == pytest.approx(1, abs=1e-3)


def test_correlated_columns_end_elsewhere_than_one_step_points():
    truth = {"beta": np.r_[4.0, 2.0, 1.0, 0.5], "noise": 0.1}
    apart = measure("one_step", make_sample(**truth)).values
    together = measure("one_step", make_sample(**truth, correlation=0.9)).values

    gaps = [abs(one["l2_slope_at_end"] - 1) for one in (apart, together)]
    assert gaps[0] < gaps[1]


def stumps_of(*shares, n_samples=400):
    """Return rows whose one feature has a level for each leaf, of stated shares."""
    counts = np.round(np.array(shares) * n_samples).astype(int)
    x = np.repeat(np.arange(len(shares), dtype=float), counts)
    y = np.array([-4.0, 1.0, 2.0, 5.0])[x.astype(int)]
    noise = np.tile([-0.1, 0.1], len(x) // 2)
    return replace(make_sample(), X=x[:, None], y=y + noise, X_new=x[:, None], y_new=y)


@pytest.mark.parametrize("engine", ENGINES)
def test_leaves_of_equal_curvature_follow_the_statement_and_others_do_not(engine):
    options = {"engine": engine, "rounds": 1}
    equal = measure("leaf_steps", stumps_of(0.25, 0.25, 0.25, 0.25), **options).values
    unequal = measure("leaf_steps", stumps_of(0.02, 0.5, 0.44, 0.04), **options).values

    assert equal["l2_share_spread"] < 1e-4
    assert equal["l1_amount_spread"] < 1e-4
    assert unequal["l2_share_spread"] > 0.3
    assert unequal["l1_amount_spread"] > 0.3
    assert unequal["curvature_spread"] > equal["curvature_spread"] + 0.5


def test_small_coefficients_vanish_first_under_l1_and_none_under_l2():
    beta = np.r_[0.2, 0.5, 1.0, 2.0, 4.0]
    found = measure("order_of_falling", make_sample(beta=beta)).values

    assert found["l1_vanish_order"] == pytest.approx(1.0)
    assert found["l2_fall_order"] > 0.8
    assert found["l1_share_order"] < -0.5
    assert found["l2_zeros"] == 0


def test_the_order_turns_where_large_coefficients_stand_on_small_columns():
    sample = make_sample(beta=np.r_[4.0, 2.0, 1.0, 0.5])
    scale = np.array([0.01, 0.1, 1.0, 10.0])
    turned = replace(sample, X=sample.X * scale, X_new=sample.X_new * scale)

    found = measure("order_of_falling", turned).values

    assert found["l1_vanish_order"] < 0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_order_of_leaves_turns_with_their_curvature(engine):
    options = {"engine": engine, "rounds": 1}
    equal = measure("leaf_order", stumps_of(0.25, 0.25, 0.25, 0.25), **options).values
    unequal = measure("leaf_order", stumps_of(0.02, 0.3, 0.65, 0.03), **options).values

    assert equal["l1_vanish_order"] == pytest.approx(1.0)
    assert unequal["l1_vanish_order"] < 0.5
    assert unequal["l2_share_order"] > 0.5
