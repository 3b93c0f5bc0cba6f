"""Penalties are checked when they are made, and keep their meaning across scales."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.errors import BoostregError, PenaltyError
from boostreg.penalty import PENALTIES, SCALED, Penalty, Units
from boostreg.penalty.value import CAPACITY, PENALTY_FACTS, UNPENALISED

amounts = st.just(0.0) | st.floats(1e-6, 1e6)
# Powers of two, so that scaling is exact in floating point.
powers = st.integers(-20, 20).map(lambda power: 2.0**power)
units = st.builds(Units, powers, powers, st.integers(0, 12).map(lambda p: 2**p))
penalties = st.builds(
    Penalty, **dict.fromkeys(SCALED, amounts), scale=st.sampled_from(["rows", "share"])
)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), -1e-300, 10**400])
@pytest.mark.parametrize("name", [*SCALED, "max_delta_step", "path_smooth"])
def test_amount_outside_its_domain_is_refused(name, value):
    with pytest.raises(
        PenaltyError, match=f"{name} must be a finite number >= 0, got "
    ):
        Penalty(**{name: value})


@pytest.mark.parametrize("value", [0.0, 1.5, -0.1, float("nan")])
@pytest.mark.parametrize("name", ["subsample", "colsample_bytree", "learning_rate"])
def test_share_outside_its_domain_is_refused(name, value):
    with pytest.raises(
        PenaltyError, match=f"{name} must be a number above 0 and at most 1"
    ):
        Penalty(**{name: value})


@pytest.mark.parametrize("value", [0, 2.0, True, "31", float("inf")])
@pytest.mark.parametrize(
    ("name", "least"), [("min_child_samples", 1), ("max_leaves", 2), ("max_depth", 1)]
)
def test_count_outside_its_domain_is_refused(name, least, value):
    rule = f"{name} must be a whole number of at least {least}, got {value!r}."

    with pytest.raises(PenaltyError, match=rule.replace(".", r"\.")):
        Penalty(**{name: value})


@pytest.mark.parametrize("value", ["1", None, True, [1.0]])
def test_amount_that_is_no_number_is_refused(value):
    with pytest.raises(PenaltyError, match="reg_lambda must be a number, got "):
        Penalty(reg_lambda=value)


def test_only_capacity_may_be_unlimited():
    assert Penalty(max_leaves=None, max_depth=None).max_leaves is None

    with pytest.raises(PenaltyError, match="min_child_samples must be a whole number"):
        Penalty(min_child_samples=None)


def test_unknown_scale_is_refused():
    with pytest.raises(PenaltyError, match=r"scale must be one of .*'per_row'"):
        Penalty(scale="per_row")


def test_errors_are_caught_by_family_and_by_kind():
    assert issubclass(PenaltyError, BoostregError)
    assert issubclass(PenaltyError, ValueError)


def test_defaults_are_those_of_the_design():
    assert Penalty().as_dict() == {
        "reg_alpha": 0.0,
        "reg_lambda": 1.0,
        "min_split_gain": 0.0,
        "min_child_weight": 0.001,
        "min_child_samples": 1,
        "max_leaves": 31,
        "max_depth": None,
        "max_delta_step": 0.0,
        "path_smooth": 0.0,
        "cat_l2": 0.0,
        "subsample": 1.0,
        "colsample_bytree": 1.0,
        "learning_rate": 0.1,
    }


def test_scaled_penalties_are_penalties():
    assert set(SCALED) < set(PENALTIES)


def test_rows_are_worth_their_gradient_hessian_and_gain():
    ones = dict.fromkeys(SCALED, 1.0)

    raw = Penalty(**ones, scale="rows").to_raw(Units(3.0, 2.0, 10))

    assert (raw.reg_alpha, raw.reg_lambda) == (3.0, 2.0)
    assert (raw.min_split_gain, raw.min_child_weight) == (4.5, 2.0)
    assert raw.scale == "raw"


@given(penalties, units)
def test_shares_are_rows_times_their_number(penalty, unit):
    share = replace(penalty, scale="share").to_raw(unit)
    rows = replace(penalty, scale="rows").to_raw(unit)

    for name in SCALED:
        assert getattr(share, name) == unit.n_samples * getattr(rows, name)


@given(penalties, units)
def test_going_to_raw_and_back_changes_nothing(penalty, unit):
    back = penalty.to_raw(unit).to_scale(penalty.scale, unit)

    assert back == penalty


@given(penalties, units)
def test_what_has_no_unit_keeps_its_number(penalty, unit):
    raw = penalty.to_raw(unit)

    for name in set(PENALTIES) - set(SCALED):
        assert getattr(raw, name) == getattr(penalty, name)


@given(units)
def test_raw_needs_no_unit(unit):
    assert Penalty(reg_lambda=3.0).to_raw(unit) == Penalty(reg_lambda=3.0)


@given(penalties, units, powers)
def test_rows_follow_the_target(penalty, unit, factor):
    """A target times c has gradients times c, gains times c squared."""
    scaled = replace(unit, gradient=factor * unit.gradient)

    once, more = penalty.to_raw(unit), penalty.to_raw(scaled)

    assert more.reg_alpha == factor * once.reg_alpha
    assert more.reg_lambda == once.reg_lambda
    assert more.min_split_gain == factor**2 * once.min_split_gain


def test_a_target_that_does_not_vary_has_no_unit():
    with pytest.raises(PenaltyError, match="no unit, because the target does not vary"):
        Penalty().to_scale("rows", Units(0.0, 1.0, 10))


def test_facts_are_those_of_every_penalty_in_the_order_of_its_fields():
    assert tuple(PENALTY_FACTS) == PENALTIES


@pytest.mark.parametrize("name", PENALTIES)
def test_an_idle_value_is_one_that_the_penalty_may_have(name):
    idle = PENALTY_FACTS[name].idle

    assert getattr(Penalty(**{name: idle}), name) == idle


def test_the_unpenalised_model_keeps_capacity_sampling_and_learning_rate():
    kept = {name for name in PENALTIES if name not in UNPENALISED}

    assert kept == {*CAPACITY, "subsample", "colsample_bytree", "learning_rate"}
