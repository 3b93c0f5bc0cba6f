"""Intervals against scipy, closed forms, and a small simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from boostreg.errors import DataError
from boostreg.statistics import (
    corrected_t,
    standard_error,
    within_one_se,
)

DIFFERENCES = np.array([-0.31, -0.05, 0.12, -0.44, -0.2])


def test_without_overlap_it_is_the_ordinary_t_test():
    test = stats.ttest_1samp(DIFFERENCES, 0.0)

    interval = corrected_t(DIFFERENCES, 0.0)

    expected = (*test.confidence_interval(0.95), test.pvalue)
    found = (interval.low, interval.high, interval.p_value)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_correction_follows_the_formula(level):
    error = math.sqrt((1 / 5 + 1 / 4) * DIFFERENCES.var(ddof=1))

    interval = corrected_t(DIFFERENCES, 1 / 4, level)

    t = interval.estimate / error
    reach = stats.t.ppf(0.5 + level / 2, 4) * error
    assert interval.high - interval.estimate == pytest.approx(reach, rel=1e-12)
    assert interval.p_value == pytest.approx(2 * stats.t.cdf(t, 4), rel=1e-12)
    assert (interval.n, interval.method) == (5, "corrected resampled t")


def test_two_splits_have_the_closed_form_of_cauchy():
    """With one degree of freedom, Student's t is Cauchy: p = 1 - 2 atan(t) / pi."""
    t = 2.0 / math.sqrt((1 / 2 + 1) * 2.0)

    interval = corrected_t([1.0, 3.0], 1.0)

    assert interval.p_value == pytest.approx(1 - 2 * math.atan(t) / math.pi)


@given(
    arrays(np.float64, st.integers(2, 12), elements=st.floats(-1e3, 1e3, width=32)),
    st.floats(0, 2),
)
def test_interval_leaves_out_zero_exactly_when_p_is_small(differences, ratio):
    interval = corrected_t(differences, ratio, 0.95)

    # At the border itself rounding may decide either way.
    if abs(interval.p_value - 0.05) > 1e-9:
        leaves_out_zero = interval.low > 0 or interval.high < 0
        assert leaves_out_zero == (interval.p_value < 0.05)


def test_one_number_has_no_interval_and_says_so():
    interval = corrected_t([0.5], 0.25)

    assert interval.estimate == 0.5
    assert not interval.exists
    assert math.isnan(interval.high)
    assert math.isnan(interval.p_value)
    assert interval.method == "no interval: one split"


@pytest.mark.parametrize(("value", "p_value"), [(0.0, 1.0), (0.1, 0.0), (-7.3, 0.0)])
def test_equal_differences_have_no_width(value, p_value):
    found = corrected_t([value] * 3, 0.25)

    assert (found.low, found.estimate, found.high) == (value, value, value)
    assert found.p_value == p_value


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_loss_that_is_not_finite_has_no_interval(value):
    with np.errstate(invalid="ignore"):
        interval = corrected_t([1.0, value, 2.0], 0.25)

    assert not interval.exists
    assert interval.method == "no interval: a loss is not finite"


def test_correction_covers_where_splits_are_correlated(rng):
    """Equal correlation n_test / (n_test + n_train) is what the correction assumes."""
    shared = rng.normal(size=(1000, 1)) * math.sqrt(0.2)
    draws = shared + rng.normal(size=(1000, 5)) * math.sqrt(0.8)

    found = {r: [corrected_t(d, r) for d in draws] for r in (0.0, 0.25)}

    missed = {r: np.mean([i.p_value < 0.05 for i in found[r]]) for r in found}
    assert missed[0.25] == pytest.approx(0.05, abs=0.02)
    assert missed[0.0] > 0.09


def test_one_se_rule_pairs_the_folds():
    """The second loses a little in each fold; the third more, but not surely."""
    best = np.array([1.0, 2.0, 3.0])
    losses = [best, best + 0.1, best + np.array([0.5, -0.4, 0.3])]

    assert within_one_se(losses, 0).tolist() == [True, False, True]


def test_one_fold_admits_only_what_loses_nothing():
    assert within_one_se([[1.0], [1.0], [1.1]], 0).tolist() == [True, True, False]
    assert np.isnan(standard_error([1.0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: corrected_t([], 0.2), "at least one number, got shape"),
        (lambda: corrected_t([1.0], -0.2), "test_train_ratio must be finite"),
        (lambda: corrected_t([1.0, 2.0], 0.2, 1.0), "level must be between 0 and 1"),
    ],
)
def test_input_outside_its_domain_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.fixture
def rng():
    """Return a seeded generator."""
    return np.random.default_rng(0)
