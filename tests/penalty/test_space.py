"""Ranges are quantile functions, spaces are checked with all faults at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from boostreg.errors import PenaltyError
from boostreg.penalty import Condition, Penalty, Range, parse_space, space_names
from boostreg.penalty.shipped import describe_space, read_shipped

shares = st.floats(0, 1)
zeros = st.floats(0, 0.99)


@st.composite
def ranges(draw):
    """Return a range of any kind."""
    low = draw(st.floats(1e-6, 1e6))
    high = low * draw(st.floats(1.01, 1e6))
    return Range(low=low, high=high, log=draw(st.booleans()), zero=draw(zeros))


@st.composite
def whole_ranges(draw):
    """Return a range of counts."""
    low = draw(st.integers(1, 50))
    high = low + draw(st.integers(1, 500))
    return Range(low=low, high=high, log=draw(st.booleans()), whole=True)


@given(ranges() | whole_ranges(), shares)
def test_every_share_gives_a_value_that_the_range_contains(entry, share):
    assert entry.contains(entry.quantile(share))


@given(ranges() | whole_ranges(), shares, shares)
def test_quantiles_never_fall(entry, one, other):
    low, high = sorted((one, other))

    assert entry.quantile(low) <= entry.quantile(high)


@given(ranges(), shares)
def test_zero_has_exactly_its_probability(entry, share):
    assert (entry.quantile(share) == 0) == (share < entry.zero)


@given(ranges(), shares)
def test_share_is_the_inverse_of_quantile(entry, share):
    value = entry.quantile(share)

    assert entry.quantile(entry.share(value)) == pytest.approx(value, rel=1e-6)


@given(whole_ranges(), st.data())
def test_every_count_can_be_drawn(entry, data):
    value = data.draw(st.integers(int(entry.low), int(entry.high)))

    assert entry.quantile(entry.share(value)) == value
    assert isinstance(entry.quantile(0.5), int)


def test_counts_are_equally_likely():
    entry = Range(low=2, high=5, whole=True)

    drawn = [entry.quantile(u) for u in np.linspace(0, 1, 4001)]

    assert np.bincount(drawn)[2:] == pytest.approx(1000, abs=2)


def test_logarithmic_range_halves_at_its_geometric_mean():
    assert Range(low=0.01, high=100, log=True).quantile(0.5) == pytest.approx(1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"low": 2, "high": 2}, "low must be below high, got 2 and 2."),
        ({"low": 0, "high": 1, "log": True}, "low must be above 0 where log, got 0."),
        ({"low": 0, "high": 1, "zero": 1.0}, "zero must be at least 0 and below 1"),
        ({"low": 0, "high": float("inf")}, "low and high must be finite"),
    ],
)
def test_impossible_range_is_refused(fields, message):
    with pytest.raises(PenaltyError, match=message):
        Range(**fields)


def test_unlimited_is_in_no_range():
    assert not Range(low=2, high=9, whole=True).contains(None)


def test_default_space_is_that_of_the_design():
    space = parse_space("default")

    assert space.entries == {
        "reg_alpha": Range(low=0.001, high=10, log=True, zero=0.2),
        "reg_lambda": Range(low=0.001, high=100, log=True, zero=0.1),
        "min_split_gain": Range(low=0.001, high=100, log=True, zero=0.3),
        "max_leaves": Range(low=4, high=64, log=True, whole=True),
    }


@pytest.mark.parametrize("name", space_names())
def test_shipped_spaces_say_what_they_are_and_hold_possible_penalties(name):
    space, written = parse_space(name), read_shipped(name)

    assert written["title"]
    assert written["source"]
    for engine in ("xgboost", "lightgbm"):
        entries = space.for_engine(engine)
        for share in (0.0, 0.5, 1.0):
            Penalty(**{n: entry.quantile(share) for n, entry in entries.items()})


@pytest.mark.parametrize("name", space_names())
def test_a_described_space_can_be_copied_back(name):
    """What is printed below ``space:`` is YAML, and means the same."""
    lines = list(describe_space(name))
    ranges = [line for line in lines[lines.index("space:") :] if line]
    end = next((i for i, line in enumerate(ranges) if "left out" in line), None)

    content = YAML(typ="safe").load("\n".join(ranges[:end]))

    assert parse_space(content["space"]) == parse_space(name)


def test_a_number_or_none_in_place_of_a_range_is_fixed():
    space = parse_space({"max_leaves": None, "reg_lambda": 3})

    assert space.entries == {}
    assert space.fixed == {"max_leaves": None, "reg_lambda": 3}


@pytest.mark.parametrize(
    ("limits", "inside"),
    [
        ({"above": 3}, [False, False, True, True]),
        ({"below": 4}, [True, True, False, False]),
        ({"above": 2, "below": 5}, [False, True, True, False]),
    ],
)
def test_a_condition_is_strict(limits, inside):
    condition = Condition(name="max_depth", **limits)

    assert [condition.holds({"max_depth": v}) for v in (2, 3, 4, 5)] == inside


def test_ranges_of_one_engine_come_on_top():
    space = parse_space(
        {
            "reg_alpha": {"low": 1, "high": 2},
            "lightgbm": {"path_smooth": {"low": 0, "high": 3}},
        }
    )

    assert set(space.for_engine("xgboost")) == {"reg_alpha"}
    assert set(space.for_engine("lightgbm")) == {"reg_alpha", "path_smooth"}


def test_shipped_space_leaves_out_engines_that_are_not_studied():
    space = parse_space("wide", engines=("xgboost",))

    assert "path_smooth" not in space.for_engine("lightgbm")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("defualt", "space: unknown space 'defualt', did you mean 'default'\\?"),
        (3, "space: must be a name or ranges by penalty, got 3."),
        ({"lambda": {}}, "space.lambda: unknown penalty 'lambda'"),
        ({"reg_alhpa": {}}, "space.reg_alhpa: .* did you mean 'reg_alpha'\\?"),
        ({"reg_alpha": []}, "space.reg_alpha: must be a range with low and high"),
        ({"reg_alpha": -3}, "space.reg_alpha: reg_alpha must be finite"),
        ({"lightgbm": {"reg_alpha": 3}}, "space.lightgbm.reg_alpha: must be a range"),
        (
            {"reg_alpha": {"low": 1, "high": 3, "when": "often"}},
            "space.reg_alpha.when: must be one other penalty with above or below",
        ),
        (
            {"reg_alpha": {"low": 1, "high": 3, "when": {"max_depth": {"over": 3}}}},
            "space.reg_alpha.when: must be one other penalty with above or below",
        ),
        (
            {"reg_alpha": {"low": 1, "high": 3, "when": {"max_depth": {"above": 3}}}},
            "space.reg_alpha.when: must be another penalty that is searched without",
        ),
        (
            {
                "max_depth": {"low": 1, "high": 8},
                "reg_alpha": {
                    "low": 1,
                    "high": 3,
                    "when": {"max_depth": {"above": 3, "below": 3}},
                },
            },
            "space.reg_alpha.when: above must be less than below, got 3.0 and 3.0.",
        ),
        ({"reg_alpha": {"low": 1}}, "space.reg_alpha.high: is missing"),
        (
            {"reg_alpha": {"low": 1, "hgih": 2, "high": 3}},
            "space.reg_alpha.hgih: unknown key 'hgih', did you mean 'high'\\?",
        ),
        (
            {"reg_alpha": {"low": "1", "high": 3}},
            "space.reg_alpha.low: must be a number, got '1'.",
        ),
        (
            {"reg_alpha": {"low": 1, "high": float("nan")}},
            "space.reg_alpha.high: must be a number, got nan.",
        ),
        (
            {"reg_alpha": {"low": 1, "high": 3, "log": "yes"}},
            "space.reg_alpha.log: must be true or false, got 'yes'.",
        ),
        (
            {"reg_alpha": {"low": 1, "high": 3, "zero": "half"}},
            "space.reg_alpha.zero: must be a number, got 'half'.",
        ),
        (
            {"max_leaves": {"low": 2, "high": 8, "zero": 0.5}},
            "space.max_leaves.zero: max_leaves must be a whole number of at least 2",
        ),
        (
            {"max_leaves": {"low": 2.5, "high": 8}},
            "space.max_leaves.low: max_leaves must be a whole number",
        ),
        (
            {"subsample": {"low": 0.5, "high": 2}},
            "space.subsample.high: subsample must be above 0 and at most 1, got 2.",
        ),
        (
            {"reg_alpha": {"low": 3, "high": 1}},
            "space.reg_alpha: low must be below high, got 3.0 and 1.0.",
        ),
        ({"lightgbm": 3}, "space.lightgbm: must be ranges by penalty, got 3."),
        (
            {"lightgbm": {"nonsense": {}}},
            "space.lightgbm.nonsense: unknown penalty 'nonsense'",
        ),
    ],
)
def test_fault_is_named_by_its_key(value, message):
    with pytest.raises(PenaltyError, match=message):
        parse_space(value)


def test_all_faults_are_reported_at_once():
    with pytest.raises(PenaltyError) as error:
        parse_space({"reg_alpha": {}, "nonsense": {}, "max_leaves": 1.5})

    assert len(str(error.value).splitlines()) == 4
