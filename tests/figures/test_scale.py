"""Scales put values where they belong, and their ticks are round and few."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from boostreg.figures.scale import (
    MINUS,
    MISSING,
    Scale,
    count,
    fixed,
    linear_scale,
    log_scale,
    places,
    robust_high,
    significant,
)

numbers = st.floats(-1e9, 1e9)
positive = st.floats(1e-6, 1e9)


@given(numbers, numbers)
def test_linear_axis_holds_its_values_and_has_few_ticks(a, b):
    assume(abs(a - b) > 1e-6 * max(abs(a), abs(b), 1e-3))

    scale = linear_scale([a, b], 0, 100)

    assert all(-1e-6 <= scale(v) <= 100 + 1e-6 for v in (a, b))
    assert 1 <= len(scale.ticks(5)) <= 6


@given(positive, positive)
def test_log_axis_holds_its_values_and_its_ticks(a, b):
    scale = log_scale([a, b], 0, 100)

    ticks = scale.ticks(5)
    assert all(-1e-6 <= scale(v) <= 100 + 1e-6 for v in (a, b))
    assert all(-1e-6 <= scale(t.value) <= 100 + 1e-6 for t in ticks)
    assert len({t.label for t in ticks}) == len(ticks) <= 16


@given(positive, st.floats(1.5, 1e6))
def test_equal_ratios_take_equal_space_on_a_log_axis(low, ratio):
    scale = Scale(low, low * ratio**2, 0, 100, log=True)

    assert scale(low * ratio) == pytest.approx(50)


def test_zero_stands_apart_before_a_log_axis():
    scale = log_scale([0, 0.001, 10], 10, 110)

    assert scale(0) == 10
    assert scale(0.001) == 40
    assert all(tick.value > 0 for tick in scale.ticks())


def test_axis_that_points_up_keeps_zero_below():
    scale = log_scale([0, 1, 100], 120, 10)

    assert scale(0) > scale(1) > scale(100)


@pytest.mark.parametrize("values", [[], [None], [math.nan, math.inf], [0.0], [3.0]])
@pytest.mark.parametrize("make", [linear_scale, log_scale])
def test_axis_of_nothing_or_one_value_is_still_an_axis(make, values):
    scale = make(values, 0, 100)

    assert scale.low < scale.high
    assert all(math.isfinite(scale(v)) for v in (0.0, 3.0))


def test_ticks_of_one_axis_have_equal_decimals():
    labels = [tick.label for tick in Scale(0.354, 0.371, 0, 1).ticks(4)]

    assert {len(label) for label in labels} == {5}


def test_few_huge_losses_are_cut_and_an_even_spread_is_not():
    assert robust_high([1, 1.1, 1.2, 1.3, 1.4, 1000]) < 3
    assert robust_high([1, 2, 3, 4, 5, 6]) == 6
    assert robust_high([2.0, 2.0, 9.0]) == 9
    assert robust_high([]) is None


def test_negative_numbers_have_a_true_minus():
    assert fixed(-1.5, 1) == f"{MINUS}1.5"
    assert significant(-0.00012345) == f"{MINUS}0.000123"


@pytest.mark.parametrize("value", [None, math.nan, math.inf, True, "1"])
def test_what_is_no_number_is_a_dash(value):
    assert fixed(value, 2) == count(value) == significant(value) == MISSING


@given(st.floats(1e-7, 1e12))
def test_largest_loss_keeps_four_digits(value):
    shown = fixed(value, places([value]))

    assert sum(c.isdigit() for c in shown.lstrip("0.,")) >= 3
