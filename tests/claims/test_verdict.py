"""A verdict follows from an interval and the least effect that counts, and no more."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.claims.verdict import (
    Margin,
    bounded,
    format_verdicts,
    judge,
    largest_deviation,
    overall,
    replicate_t,
    resampled_t,
)
from boostreg.statistics import Interval

finite = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)
directions = st.sampled_from(["increasing", "decreasing", "above", "below"])
FLIPPED = {
    "increasing": "decreasing",
    "decreasing": "increasing",
    "above": "below",
    "below": "above",
    "equal": "equal",
}


def interval(low, high):
    """Return an interval with its estimate in the middle."""
    return Interval((low + high) / 2, low, high, 0.5, 5, "t")


@st.composite
def intervals(draw):
    low, high = sorted((draw(finite), draw(finite)))
    return interval(low, high)


@given(intervals(), directions, positive)
def test_supported_is_an_interval_wholly_of_effects_that_count(shown, expect, least):
    upwards = expect in ("increasing", "above")
    effects = (shown.low, shown.high) if upwards else (-shown.low, -shown.high)

    verdict = judge(shown, expect, least)

    assert (verdict == "supported") == all(effect >= least for effect in effects)
    assert (verdict == "refuted") == all(effect < least for effect in effects)


@given(intervals(), positive)
def test_equality_is_shown_by_an_interval_within_what_does_not_count(shown, most):
    verdict = judge(shown, "equal", most)

    inside = -most <= shown.low and shown.high <= most
    outside = shown.low > most or shown.high < -most
    assert (verdict == "supported") == inside
    assert (verdict == "refuted") == outside


@given(st.lists(finite, min_size=1, max_size=9), positive, finite)
def test_one_resample_that_deviates_refutes_an_identity(values, most, than):
    verdict = judge(largest_deviation(values, than), "identical", most, than)

    holds = all(abs(value - than) <= most for value in values)
    assert verdict == ("supported" if holds else "refuted")


def test_identity_has_no_interval_and_needs_every_value():
    shown = largest_deviation([1e-9, -3e-9])

    assert not shown.exists
    assert shown.estimate == -3e-9
    broken = largest_deviation([1e-9, math.nan])
    assert judge(broken, "identical", 1.0) == "not settled"
    assert judge(largest_deviation([]), "identical", 1.0) == "not settled"


@given(intervals(), positive)
def test_at_most_is_shown_by_the_upper_end_alone(shown, most):
    verdict = judge(shown, "at_most", most)

    assert (verdict == "supported") == (shown.high <= most)
    assert (verdict == "refuted") == (shown.low > most)


@given(intervals(), st.sampled_from(sorted(FLIPPED)), positive, finite)
def test_mirrored_measurements_bear_out_the_mirrored_claim(shown, expect, least, than):
    mirrored = interval(-shown.high, -shown.low)

    there = judge(shown, expect, least, than)

    assert judge(mirrored, FLIPPED[expect], least, -than) == there


@given(intervals(), directions, positive, st.floats(1.0, 100.0))
def test_more_that_is_claimed_is_never_easier_to_support(shown, expect, least, factor):
    if judge(shown, expect, factor * least) == "supported":
        assert judge(shown, expect, least) == "supported"
    if judge(shown, expect, least) == "refuted":
        assert judge(shown, expect, factor * least) == "refuted"


@given(st.lists(finite, min_size=1, max_size=9), directions, positive)
def test_claim_and_its_opposite_are_never_both_supported(values, expect, least):
    shown = replicate_t(values)

    verdicts = {judge(shown, e, least) for e in (expect, FLIPPED[expect])}

    assert verdicts != {"supported"}


def test_one_resample_settles_nothing():
    assert judge(replicate_t([5.0]), "above", 1.0) == "not settled"


def test_value_that_is_not_finite_settles_nothing_and_says_so():
    shown = resampled_t([1.0, math.nan, 2.0], 0.25)

    assert judge(shown, "above", 0.1) == "not settled"
    assert shown.method == "no interval: a value is not finite"


def test_folds_share_rows_so_their_interval_is_wider_than_that_of_replicates():
    values = [1.0, 1.2, 0.9, 1.1]
    folds, replicates = resampled_t(values, 0.25), replicate_t(values)

    assert folds.low < replicates.low
    assert folds.high > replicates.high
    assert replicates.method == "t over independent replicates"


@given(st.lists(st.floats(-1.0, 1e3), min_size=2, max_size=9))
def test_no_change_falls_below_minus_100_percent(values):
    for shown in (
        resampled_t(values, 0.25, change=True),
        replicate_t(values, change=True),
    ):
        assert -1 <= shown.low <= shown.estimate * (1 + 1e-9) + 1e-9
        assert shown.estimate <= shown.high + 1e-9 * (1 + abs(shown.high))


@given(st.lists(st.floats(-0.99, 100.0), min_size=2, max_size=9))
def test_changes_of_inverted_ratios_have_the_inverted_interval(values):
    there = resampled_t(values, 0.25, change=True)
    back = resampled_t([1 / (1 + v) - 1 for v in values], 0.25, change=True)

    assert math.log1p(back.estimate) == pytest.approx(
        -math.log1p(there.estimate), abs=1e-9
    )
    if there.low > -1 and there.high < 1e6:
        assert math.log1p(back.low) == pytest.approx(-math.log1p(there.high), abs=1e-6)


def test_change_to_nothing_ends_at_minus_100_percent():
    shown = resampled_t([-1.0, -0.9, -0.2], 0.25, change=True)

    assert shown.low == -1
    assert shown.method == "corrected resampled t of ratios, one of them 0"
    assert replicate_t([-0.5, -0.4], change=True).method == (
        "t over independent replicates of log ratios"
    )


def test_a_lower_bound_supports_what_lies_above_and_nothing_below():
    shown = bounded(interval(1.8, 2.0), ["at least", None])

    assert judge(shown, "above", 0.3) == "supported"
    assert judge(shown, "above", 3.0) == "not settled"  # it may be any number above
    assert judge(shown, "below", 0.3) == "refuted"
    assert judge(shown, "equal", 5.0) == "not settled"
    assert judge(shown, "equal", 1.0) == "refuted"
    assert shown.method.endswith("of 1 of 2 resamples only a bound is known")


def test_bounds_of_both_kinds_settle_nothing():
    shown = bounded(interval(1.8, 2.0), ["at least", "at most"])

    assert not shown.exists
    assert bounded(interval(1.8, 2.0), [None, None]) == interval(1.8, 2.0)


@pytest.mark.parametrize(
    ("verdicts", "together", "by_engine"),
    [
        (("supported", "supported"), "supported", ""),
        (("refuted", "refuted"), "refuted", ""),
        (
            ("supported", "refuted"),
            "not settled",
            "supported with XGBoost, refuted with LightGBM",
        ),
    ],
)
def test_engines_that_disagree_leave_a_claim_open_and_say_when(
    verdicts, together, by_engine
):
    named = dict(zip(("XGBoost", "LightGBM"), verdicts, strict=True))

    assert overall(verdicts) == together
    assert format_verdicts(named) == by_engine


def test_least_effect_is_a_share_or_a_number():
    assert Margin.read("12.5%") == Margin(0.125, share=True)
    assert Margin.read(2) == Margin(2.0)
