"""What must not matter: the unit of the target, of the weights, and doubled rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import make_objective, make_table

from boostreg.engines import Growth, LightGBM, Problem, XGBoost
from boostreg.penalty import Penalty

LIBRARIES = pytest.mark.parametrize(
    "engine", [XGBoost(), LightGBM()], ids=["xgboost", "lightgbm"]
)
KINDS = pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax"])

powers_of_two = st.integers(-30, 30).map(lambda power: 2.0**power)
factors = st.floats(1e-6, 1e6)
# Half a row off a whole number: no sum of hessians may lie on the limit itself.
penalties = st.builds(
    Penalty,
    reg_alpha=st.sampled_from([0.0, 0.5, 3.0]),
    reg_lambda=st.sampled_from([0.0, 1.0, 20.0]),
    min_split_gain=st.sampled_from([0.0, 0.1, 1.0]),
    min_child_weight=st.sampled_from([0.001, 4.5]),
    max_leaves=st.sampled_from([2, 7, 15]),
)
few = settings(max_examples=5, deadline=None, derandomize=True)


def trees_of(engine, table, penalty, kind="squared_error", n_rounds=6):
    problem = Problem.of(table, None, make_objective(kind))
    growth = Growth(n_rounds=n_rounds, curves=False)
    return engine.trees(engine.fit(engine.bin(problem), penalty, growth).model)


def assert_same_splits(one, two):
    np.testing.assert_array_equal(one.tree_offsets, two.tree_offsets)
    np.testing.assert_array_equal(one.feature, two.feature)
    np.testing.assert_array_equal(one.threshold, two.threshold)


@LIBRARIES
@few
@given(factor=powers_of_two, penalty=penalties)
def test_target_in_another_power_of_two_changes_no_bit(engine, factor, penalty):
    table, penalty = make_table(n_samples=150), replace(penalty, scale="rows")

    once = trees_of(engine, table, penalty)
    other = trees_of(engine, replace(table, y=table.y * factor), penalty)

    assert_same_splits(once, other)
    np.testing.assert_array_equal(other.value, once.value * factor)


@LIBRARIES
@few
@given(factor=factors, penalty=penalties)
def test_target_in_another_unit_only_scales_the_leaves(engine, factor, penalty):
    table, penalty = make_table(n_samples=150), replace(penalty, scale="rows")
    X = table.X

    once = trees_of(engine, table, penalty)
    other = trees_of(engine, replace(table, y=table.y * factor), penalty)

    largest = np.abs(once.value).max() * factor
    np.testing.assert_allclose(
        other.predict(X), once.predict(X) * factor, rtol=1e-5, atol=1e-5 * largest
    )


@KINDS
@LIBRARIES
@few
@given(factor=powers_of_two, penalty=penalties)
def test_weights_in_another_power_of_two_change_no_bit(engine, kind, factor, penalty):
    table = make_table(kind, n_samples=150, weighted=True)
    penalty = replace(penalty, scale="rows")

    once = trees_of(engine, table, penalty, kind)
    heavier = replace(table, weights=table.weights * factor)
    other = trees_of(engine, heavier, penalty, kind)

    assert_same_splits(once, other)
    np.testing.assert_array_equal(other.value, once.value)


@KINDS
@LIBRARIES
@few
@given(factor=factors, penalty=penalties)
def test_weights_in_another_unit_change_nothing(engine, kind, factor, penalty):
    table = make_table(kind, n_samples=150, weighted=True)
    penalty = replace(penalty, scale="rows")

    once = trees_of(engine, table, penalty, kind)
    heavier = replace(table, weights=table.weights * factor)
    other = trees_of(engine, heavier, penalty, kind)

    largest = np.abs(once.value).max()
    np.testing.assert_allclose(
        other.predict(table.X), once.predict(table.X), rtol=1e-5, atol=1e-5 * largest
    )


@KINDS
@LIBRARIES
@few
@given(penalty=penalties)
def test_rows_written_twice_change_nothing_in_units_of_share(engine, kind, penalty):
    # Weights, so that no two rows have equal gradients: between splits of equal gain
    # rounding decides, and it is another with twice the rows. Few codes, for so are
    # LightGBM's estimates of rows (see test_parity).
    table = make_table(kind, n_samples=150, weighted=True, codes=(4, 5, 6, 7, 3))
    # A share of the rows, so that 150 rows have what the penalty says in rows.
    share = replace(
        penalty,
        reg_alpha=penalty.reg_alpha / 150,
        reg_lambda=penalty.reg_lambda / 150,
        min_split_gain=penalty.min_split_gain / 150,
        min_child_weight=penalty.min_child_weight / 150,
        scale="share",
    )

    once = trees_of(engine, table, share, kind)
    twice = trees_of(engine, table.rows(np.repeat(np.arange(150), 2)), share, kind)

    largest = np.abs(once.value).max()
    np.testing.assert_allclose(
        twice.predict(table.X), once.predict(table.X), rtol=1e-5, atol=1e-5 * largest
    )
