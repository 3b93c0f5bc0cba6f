"""Sizes are compared by ratios, and no interval of one reaches below zero."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean, ttest_rel

from boostreg.effects.effects import paired_ratio

sizes = st.lists(
    st.tuples(st.integers(1, 10_000), st.integers(1, 10_000)), min_size=2, max_size=12
)


@given(sizes, st.floats(0, 2))
def test_the_geometric_mean_lies_within_an_interval_above_zero(pairs, correction):
    first, second = np.array(pairs).T

    found = paired_ratio(first, second, correction)

    assert found.estimate == pytest.approx(gmean(first / second))
    assert 0 <= found.low <= found.estimate * (1 + 1e-12)
    assert found.high >= found.estimate * (1 - 1e-12)


def test_without_correction_it_is_the_paired_t_test_of_logarithms():
    first, second = np.array([[30, 12, 50, 40], [60, 30, 70, 100]])

    found = paired_ratio(first, second, 0.0)

    oracle = ttest_rel(np.log(first), np.log(second))
    assert found.p_value == pytest.approx(oracle.pvalue)
    ends = np.exp(oracle.confidence_interval(0.95))
    np.testing.assert_allclose((found.low, found.high), ends)


@given(sizes)
def test_the_other_way_round_it_is_the_inverse(pairs):
    first, second = np.array(pairs).T

    one, two = paired_ratio(first, second, 0.5), paired_ratio(second, first, 0.5)

    assert one.estimate * two.estimate == pytest.approx(1)
    assert one.p_value == pytest.approx(two.p_value)


def test_models_without_a_leaf_have_the_ratio_of_means_and_no_interval():
    found = paired_ratio([0, 10], [20, 20], 0.5)

    assert (found.estimate, found.exists) == (0.25, False)
    assert found.method == "no interval: a model has no leaf"
    assert np.isnan(paired_ratio([5], [0], 0.5).estimate)
