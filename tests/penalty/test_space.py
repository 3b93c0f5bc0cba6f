"""Ranges are quantile functions, spaces are checked with all faults at once."""

import pickle
from functools import reduce
from operator import getitem

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from boostreg.errors import PenaltyError
from boostreg.penalty import Condition, Penalty, Range, parse_space, space_names
from boostreg.penalty.shipped import describe_space, read_shipped
from boostreg.penalty.space import RANGE_KEYS

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
        ({"low": 2, "high": 2}, r"low must be a number below high \(2\), got 2\."),
        (
            {"low": 0, "high": 1, "log": True},
            "low must be a number above 0 if log is true, got 0.",
        ),
        ({"low": 0, "high": 1, "zero": 1.0}, "zero must be a number from 0 to below 1"),
        ({"low": 0, "high": float("inf")}, "high must be a finite number, got inf"),
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
        (
            "defualt",
            "space must be one of: .*, got 'defualt'; did you mean 'default'\\?",
        ),
        (3, "space must be the name of a space, or ranges by penalty, got 3."),
        ({"lambda": {}}, "space.lambda: unknown penalty 'lambda'"),
        ({"reg_alhpa": {}}, "space.reg_alhpa: .* did you mean 'reg_alpha'\\?"),
        ({"reg_alpha": []}, "space.reg_alpha: must be a range with low and high"),
        ({"reg_alpha": -3}, "space.reg_alpha: must be a finite number >= 0, got -3."),
        ({"lightgbm": {"reg_alpha": 3}}, "space.lightgbm.reg_alpha: must be a range"),
        (
            {"reg_alpha": {"low": 1, "high": 3, "when": "often"}},
            "space.reg_alpha.when: must be one other penalty with above or below",
        ),
        (
            {"reg_alpha": {"low": 1, "high": 3, "when": {"max_depth": {"over": 3}}}},
            "space.reg_alpha.when.max_depth.over: unknown key 'over'; expected one of",
        ),
        (
            {"reg_alpha": {"low": 1, "high": 3, "when": {"max_depth": {"above": 3}}}},
            "space.reg_alpha.when: must be another searched penalty, one without",
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
            r"when\.max_depth\.above: must be a number less than below \(3\), got 3\.",
        ),
        ({"reg_alpha": {"low": 1}}, "space.reg_alpha.high: is missing"),
        (
            {"reg_alpha": {"low": 1, "hgih": 2, "high": 3}},
            "space.reg_alpha.hgih: unknown key 'hgih'; .* did you mean 'high'\\?",
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
            "space.max_leaves.zero: max_leaves cannot be 0, so remove this key",
        ),
        (
            {"max_leaves": {"low": 2.5, "high": 8}},
            "space.max_leaves.low: must be a whole number of at least 2, got 2.5",
        ),
        (
            {"subsample": {"low": 0.5, "high": 2}},
            "space.subsample.high: must be a number above 0 and at most 1, got 2.",
        ),
        (
            {"reg_alpha": {"low": 3, "high": 1}},
            r"space\.reg_alpha\.low: must be a number below high \(1\), got 3\.",
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


WHEN = {"max_leaves": {"above": 5, "below": 7}}
RIGHT = {
    "max_leaves": {"low": 4, "high": 8, "log": True},
    "reg_alpha": {"low": 1, "high": 2, "log": True, "zero": 0.5, "when": WHEN},
    "max_depth": 3,
    "reg_lambda": {"prior": "normal", "std": 1, "noise_variance": 2},
    "lightgbm": {"cat_l2": {"low": 1, "high": 2, "zero": 0.1}},
}


def places(content, *above):
    """Return the keys that lead to each value and mapping of a space."""
    inner = content.items() if isinstance(content, dict) else ()
    deeper = [place for key, value in inner for place in places(value, *above, key)]
    return [above, *deeper] if above else deeper


def changed(content, place, value):
    """Return a space with another value at one place."""
    key, *rest = place
    return content | {key: changed(content[key], rest, value) if rest else value}


PLACES = places(RIGHT)


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_the_one_fault_of_a_space_has_the_keys_that_lead_to_it(place):
    with pytest.raises(PenaltyError) as error:
        parse_space(changed(RIGHT, place, "nonsense"))

    (fault,) = error.value.faults
    assert (fault.loc, fault.found) == (("space", *place), "nonsense")


@pytest.mark.parametrize(
    "place", [p for p in PLACES if p[-2:] != ("when", "max_leaves")], ids=".".join
)
def test_a_misspelt_key_is_a_fault_at_that_key(place):
    content = RIGHT
    for key in place[:-1]:
        content = content[key]
    wrong = changed(RIGHT, (*place[:-1], "nonsense"), content[place[-1]])

    with pytest.raises(
        PenaltyError, match=r"nonsense: unknown \w+ 'nonsense'; expected"
    ):
        parse_space(wrong)


def test_all_faults_are_reported_at_once():
    with pytest.raises(PenaltyError) as error:
        parse_space({"reg_alpha": {}, "nonsense": {}, "max_leaves": 1.5})

    assert len(str(error.value).splitlines()) == 4
    assert [(fault.loc[1:], fault.kind) for fault in error.value.faults] == [
        (("max_leaves",), "value"),
        (("reg_alpha", "low"), "missing"),
        (("reg_alpha", "high"), "missing"),
        (("nonsense",), "unknown"),
    ]


@pytest.mark.parametrize("value", [RIGHT, *space_names()], ids=str)
def test_a_space_that_is_written_out_is_read_as_the_same_space(value):
    space = parse_space(value)

    assert parse_space(space.as_dict()) == space


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.sampled_from([0.5, float("nan"), float("inf"), 10**400, "normal", ""])
)
words = st.sampled_from(
    [*RANGE_KEYS, *WHEN, *WHEN["max_leaves"], *RIGHT, "prior", "std", "nonsense"]
)
contents = st.recursive(
    scalars, lambda inner: st.dictionaries(words, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(words, contents, max_size=4))
def test_whatever_a_space_is_its_faults_lead_to_what_they_found(content):
    try:
        space = parse_space(content)
    except PenaltyError as error:
        for fault in error.faults:
            holder = reduce(getitem, fault.loc[:-1], {"space": content})
            found = holder.get(fault.loc[-1])
            one = [*found] if isinstance(found, dict) else []
            assert found is fault.found or found == fault.found or one == [fault.found]
            assert (fault.kind == "missing") == (fault.loc[-1] not in holder)
    else:
        assert parse_space(space.as_dict()) == space


def test_faults_come_through_a_pickle():
    """As an error does that a worker process raises."""
    with pytest.raises(PenaltyError) as error:
        parse_space({"reg_alpha": {"low": "x", "high": 2}})

    again = pickle.loads(pickle.dumps(error.value))  # noqa: S301 - of our own

    assert (again.faults, str(again)) == (error.value.faults, str(error.value))
