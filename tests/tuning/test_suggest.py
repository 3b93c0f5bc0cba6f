"""``suggest`` inside other people's objectives."""

import numpy as np
import optuna
import pytest

from boostreg.errors import PenaltyError
from boostreg.penalty import Penalty, parse_space
from boostreg.tuning.tune import suggest

SPACE = {
    "reg_alpha": {"low": 1, "high": 2, "zero": 0.3},
    "max_leaves": {"low": 2, "high": 9, "log": True},
    "lightgbm": {"path_smooth": {"low": 1, "high": 5}},
}


@pytest.fixture
def study():
    """Return a study that draws at random, without a word."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))


def test_params_hold_the_true_values(study):
    for _ in range(50):
        trial = study.ask()
        penalty = suggest(trial, SPACE)

        zero = trial.params["reg_alpha_zero"] < 0.3
        assert penalty.reg_alpha == (0.0 if zero else trial.params["reg_alpha"])
        assert penalty.max_leaves == trial.params["max_leaves"]
        assert isinstance(penalty.max_leaves, int)


def test_zero_has_its_probability(study):
    drawn = [suggest(study.ask(), SPACE).reg_alpha for _ in range(500)]

    assert np.mean(np.array(drawn) == 0) == pytest.approx(0.3, abs=0.06)


def test_what_is_not_in_the_space_has_our_defaults(study):
    penalty = suggest(study.ask(), {"reg_lambda": {"low": 1, "high": 2}})

    assert penalty == Penalty(reg_lambda=penalty.reg_lambda)


def test_ranges_of_an_engine_are_added_on_request(study):
    assert suggest(study.ask(), SPACE).path_smooth == 0
    assert suggest(study.ask(), SPACE, engine="lightgbm").path_smooth >= 1


def test_best_trial_gives_its_penalty_back(study):
    asked = []

    def objective(trial):
        asked.append(suggest(trial, SPACE))
        return asked[-1].reg_alpha

    study.optimize(objective, n_trials=10)

    assert suggest(study.best_trial, SPACE) == asked[study.best_trial.number]


@pytest.mark.parametrize("name", ["TPESampler", "NSGAIISampler"])
def test_samplers_see_the_same_parameters_in_every_trial(name, caplog):
    sampler = getattr(optuna.samplers, name)(seed=0)
    study = optuna.create_study(sampler=sampler)
    optuna.logging.enable_propagation()

    study.optimize(lambda trial: suggest(trial).reg_lambda, n_trials=15)
    optuna.logging.disable_propagation()

    assert len({tuple(sorted(trial.params)) for trial in study.trials}) == 1
    assert "independent" not in caplog.text


def test_fixed_and_conditional_entries_are_kept(study):
    when = {"max_leaves": {"below": 5}}
    space = {
        "max_depth": 3,
        "max_leaves": {"low": 2, "high": 9},
        "reg_lambda": {"low": 2, "high": 3, "when": when},
    }

    asked = [suggest(study.ask(), space) for _ in range(40)]

    assert {p.max_depth for p in asked} == {3}
    assert {p.reg_lambda == 1 for p in asked if p.max_leaves >= 5} == {True}
    assert {p.reg_lambda >= 2 for p in asked if p.max_leaves < 5} == {True}


def test_parsed_space_is_taken_too(study):
    assert suggest(study.ask(), parse_space("default")).reg_lambda >= 0


def test_fault_of_the_space_is_named(study):
    with pytest.raises(PenaltyError, match=r"space\.lambda: unknown penalty 'lambda'"):
        suggest(study.ask(), {"lambda": {"low": 1, "high": 2}})
