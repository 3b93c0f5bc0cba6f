"""Proposals are pure functions of seed, number and the outcomes they may see."""

import logging
import math

import numpy as np
import pytest
from optuna.samplers import TPESampler

from boostreg.errors import PenaltyError, StudyError
from boostreg.penalty import Penalty, Range, parse_space, space_names
from boostreg.tuning import SAMPLERS, Proposer, first_penalties
from boostreg.tuning.proposals import portfolio

DEFAULT = parse_space("default").for_engine("xgboost")
SEARCHING_RATE = [
    name
    for name in space_names()
    if "learning_rate" in parse_space(name).for_engine("lightgbm")
]


def loss_of(penalty):
    """Return a bowl in three penalties, least where reg_lambda is 3."""
    return (
        (math.log10(penalty.reg_lambda + 1e-3) - math.log10(3)) ** 2
        + penalty.reg_alpha
        + (math.log2(penalty.max_leaves) - 4) ** 2 / 10
    )


def drive(proposer, loss=loss_of):
    """Ask for everything, and report each outcome at once."""
    asked = []
    while proposer.may_ask:
        asked.append(proposer.ask())
        proposer.tell(len(asked) - 1, loss(asked[-1]), asked[-1].max_leaves)
    return asked


def univariate(seed):
    """Return a sampler of Optuna that is not one of ours, for one proposal."""
    return TPESampler(seed=seed, n_ei_candidates=48)


@pytest.fixture(params=[*SAMPLERS, univariate])
def sampler(request):
    if request.param == "gp":
        pytest.importorskip("torch", reason="the sampler gp needs PyTorch")
    return request.param


def test_first_proposals_are_the_unpenalised_model_and_our_defaults(sampler):
    fixed = {"learning_rate": 0.3, "max_depth": 4}
    proposer = Proposer(space=DEFAULT, fixed=fixed, sampler=sampler)

    free, default = proposer.ask(), proposer.ask()

    assert default == Penalty(learning_rate=0.3, max_depth=4)
    assert free == Penalty(
        reg_lambda=0.0, min_child_weight=0.0, learning_rate=0.3, max_depth=4
    )


def test_first_proposals_drop_fixed_penalties_but_keep_fixed_capacity():
    fixed = {"reg_alpha": 5.0, "min_child_samples": 20, "max_leaves": 7}

    free, default = first_penalties(fixed)

    assert (free.reg_alpha, free.min_child_samples, free.max_leaves) == (0.0, 1, 7)
    assert default == Penalty(**fixed)


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("name", SEARCHING_RATE)
def test_a_portfolio_lies_in_its_space_and_begins_cheaply(name, engine):
    space = parse_space(name)
    ranges = space.for_engine(engine)

    made = portfolio(ranges, space.fixed)

    for penalty in made:
        assert all(r.contains(getattr(penalty, n)) for n, r in ranges.items())
        assert all(getattr(penalty, n) == value for n, value in space.fixed.items())
    leaves = [p.max_leaves or 2**p.max_depth for p in made]
    assert made[0].learning_rate > min(p.learning_rate for p in made)
    assert leaves[0] <= max(leaves) / 8


def test_a_portfolio_has_our_defaults_and_ends_with_no_penalty():
    ranges = {
        "reg_lambda": Range(low=0.1, high=9, zero=0.2),
        "learning_rate": Range(low=0.05, high=0.08),
        "subsample": Range(low=0.5, high=1.0),
    }

    *others, free = portfolio(ranges, {"max_leaves": 8})

    assert Penalty(max_leaves=8, learning_rate=0.08) in others
    assert free == Penalty(max_leaves=8, learning_rate=0.08, reg_lambda=0.0)


def test_given_first_proposals_come_before_all_others(sampler):
    first = (Penalty(max_leaves=5), Penalty(max_leaves=6), Penalty())

    asked = drive(Proposer(space=DEFAULT, sampler=sampler, first=first))

    assert tuple(asked[:3]) == first
    assert len(set(asked[3:]) - set(first)) == 37


def test_proposals_come_from_the_space_and_keep_what_is_fixed(sampler):
    proposer = Proposer(
        space=DEFAULT, fixed={"learning_rate": 0.3}, scale="rows", sampler=sampler
    )

    drawn = drive(proposer)[2:]

    assert len(drawn) == 38
    for penalty in drawn:
        assert all(r.contains(getattr(penalty, n)) for n, r in DEFAULT.items())
        assert (penalty.learning_rate, penalty.scale) == (0.3, "rows")
        assert isinstance(penalty.max_leaves, int)


def test_same_seed_gives_same_proposals_and_another_seed_others(sampler):
    def ask(seed):
        return drive(Proposer(space=DEFAULT, sampler=sampler, seed=seed))

    assert ask(1) == ask(1)
    assert ask(1)[2:] != ask(2)[2:]


def test_more_trials_leave_the_first_ones_as_they_were(sampler):
    few = drive(Proposer(space=DEFAULT, sampler=sampler, n_trials=30))
    many = drive(Proposer(space=DEFAULT, sampler=sampler, n_trials=50))

    assert many[:30] == few


def test_a_sampler_of_optuna_proposes_after_the_first_points_and_learns():
    near = {"own": univariate, "sobol": "sobol"}
    losses = {
        name: [loss_of(one) for one in drive(Proposer(space=DEFAULT, sampler=each))]
        for name, each in near.items()
    }

    assert losses["own"][:12] == losses["sobol"][:12]
    assert np.mean(losses["own"][12:]) < 0.8 * np.mean(losses["sobol"][12:])


@pytest.mark.parametrize("in_flight", [1, 3, 8])
def test_window_opens_only_when_the_oldest_trial_has_ended(in_flight):
    proposer = Proposer(space=DEFAULT, in_flight=in_flight)
    for _ in range(in_flight):
        proposer.ask()

    for number in range(1, in_flight):
        proposer.tell(number, 1.0)
    early = proposer.may_ask
    proposer.tell(0, 1.0)

    assert not early
    assert proposer.may_ask


@pytest.mark.parametrize("learning", ["tpe", "nsga2"])
def test_outcomes_that_arrive_early_are_held_back(learning):
    """Whatever has ended, trial t sees those up to t - in_flight, no others."""

    def ask(loss_of_late):
        proposer = Proposer(space=DEFAULT, sampler=learning, in_flight=4)
        asked = []
        while len(asked) < 36:
            asked.append(proposer.ask())
            number = len(asked) - 1
            late = number in (33, 34, 35)
            proposer.tell(number, loss_of_late if late else loss_of(asked[-1]))
        return [*asked, proposer.ask()]

    assert ask(-1e9) == ask(1e9)


@pytest.mark.parametrize("sign", [1, -1])
def test_tpe_learns_whether_zero_is_worth_it(sign):
    def loss(penalty):
        return loss_of(penalty) + sign * (penalty.reg_alpha > 0)

    proposer = Proposer(space=DEFAULT, sampler="tpe", in_flight=1, n_trials=60)
    asked = drive(proposer, loss)

    early = [loss(penalty) for penalty in asked[2:12]]
    late = [loss(penalty) for penalty in asked[40:]]
    assert np.median(late) < np.median(early)
    assert np.mean([p.reg_alpha == 0 for p in asked[40:]]) == pytest.approx(
        0.5 + 0.5 * sign, abs=0.3
    )


def test_running_trials_keep_the_sampler_away():
    """Trials in flight are known to run, so that they are not proposed again."""
    proposer = Proposer(space=DEFAULT, in_flight=20, n_trials=60)

    asked = drive(proposer)

    assert len(set(asked)) > 55


def test_failed_trials_tell_nothing():
    proposer = Proposer(space=DEFAULT, in_flight=2)
    asked = 0
    while proposer.may_ask:
        proposer.ask()
        proposer.tell(asked, None)
        asked += 1

    assert asked == 40


def test_zero_is_drawn_with_its_probability():
    space = {"reg_alpha": Range(low=1, high=2, zero=0.3)}
    proposer = Proposer(space=space, sampler="random", n_trials=2002)

    drawn = [penalty.reg_alpha for penalty in drive(proposer)[2:]]

    assert np.mean([value == 0 for value in drawn]) == pytest.approx(0.3, abs=0.03)
    assert all(value == 0 or 1 <= value <= 2 for value in drawn)


def test_sobol_points_are_spread_evenly():
    space = {"subsample": Range(low=0.5, high=1.0)}
    proposer = Proposer(space=space, sampler="sobol", n_trials=66)

    drawn = [penalty.subsample for penalty in drive(proposer)[2:]]

    counts, _ = np.histogram(drawn, bins=8, range=(0.5, 1.0))
    assert counts.tolist() == [8] * 8


@pytest.mark.parametrize("n_trials", [1, 2, 3])
def test_fewest_trials_are_possible(n_trials, sampler):
    proposer = Proposer(space=DEFAULT, sampler=sampler, n_trials=n_trials)

    assert len(drive(proposer)) == n_trials


def test_empty_space_proposes_the_fixed_penalties_again(sampler):
    proposer = Proposer(space={}, fixed={"max_leaves": 8}, sampler=sampler, n_trials=6)

    assert drive(proposer)[2:] == [Penalty(max_leaves=8)] * 4


@pytest.mark.parametrize("unfit", ["outside", "inside"])
def test_first_proposal_outside_the_space_does_not_teach_the_sampler(unfit):
    """Defaults have reg_lambda 1: their loss counts only where that can be drawn."""
    low = 2.0 if unfit == "outside" else 0.5
    space = {"reg_lambda": Range(low=low, high=10)}

    def ask(loss_of_default):
        proposer = Proposer(space=space, in_flight=1, n_trials=20)
        losses = iter([5.0, loss_of_default])
        return drive(proposer, lambda p: next(losses, p.reg_lambda))

    assert (ask(-9.0) == ask(9.0)) == (unfit == "outside")


def test_penalty_both_fixed_and_searched_is_refused():
    with pytest.raises(PenaltyError, match="reg_alpha is both fixed and searched"):
        Proposer(space=DEFAULT, fixed={"reg_alpha": 1.0})


def test_unknown_sampler_is_refused():
    with pytest.raises(StudyError, match=r"sampler must be one of tpe, .*, got 'cma'"):
        Proposer(space=DEFAULT, sampler="cma")


def test_gp_is_refused_above_its_most_trials_and_without_torch(monkeypatch):
    monkeypatch.setattr("boostreg.tuning.proposals.find_spec", lambda _: None)

    with pytest.raises(StudyError, match=r"gp needs PyTorch: pip install torch"):
        Proposer(space=DEFAULT, sampler="gp")
    with pytest.raises(StudyError, match=r"gp supports at most 400 trials, got 401"):
        Proposer(space=DEFAULT, sampler="gp", n_trials=401)


CONDITIONAL = parse_space(
    {
        "max_leaves": {"low": 2, "high": 33},
        "reg_lambda": {"low": 2, "high": 9, "when": {"max_leaves": {"above": 16}}},
        "min_split_gain": {
            "low": 1,
            "high": 2,
            "zero": 0.5,
            "when": {"reg_alpha": {"above": 1, "below": 3}},
        },
        "reg_alpha": {"low": 0, "high": 4},
    }
).entries


def test_a_penalty_whose_condition_fails_has_our_default(sampler):
    asked = drive(Proposer(space=CONDITIONAL, sampler=sampler, n_trials=60))[2:]

    assert {p.reg_lambda == 1 for p in asked if p.max_leaves <= 16} == {True}
    assert {2 <= p.reg_lambda <= 9 for p in asked if p.max_leaves > 16} == {True}
    outside = [p for p in asked if not 1 < p.reg_alpha < 3]
    assert {p.min_split_gain for p in outside} == {0.0}
    assert {p.min_split_gain > 0 for p in asked if p not in outside} == {True, False}


def test_a_first_proposal_without_what_is_conditional_lies_inside():
    """Our defaults, 31 leaves or fewer, teach the sampler although lambda is not 1."""
    when = {"max_leaves": {"above": 31}}
    space = parse_space(
        {
            "max_leaves": {"low": 2, "high": 64},
            "reg_lambda": {"low": 2, "high": 9, "when": when},
        }
    ).entries

    def ask(loss_of_default):
        proposer = Proposer(space=space, in_flight=1, n_trials=20)
        losses = iter([5.0, loss_of_default])
        return drive(proposer, lambda p: next(losses, p.reg_lambda))

    assert ask(-9.0) != ask(9.0)


def test_optuna_says_nothing_and_keeps_its_verbosity(capfd, caplog):
    import optuna

    before = optuna.logging.get_verbosity()
    with caplog.at_level(logging.DEBUG):
        drive(Proposer(space=DEFAULT))

    out, err = capfd.readouterr()
    assert (out, err, caplog.text) == ("", "", "")
    assert optuna.logging.get_verbosity() == before
