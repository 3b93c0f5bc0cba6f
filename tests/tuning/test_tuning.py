"""A tuning is a pure function of its fits, whoever runs them and in which order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostreg.errors import FitError
from boostreg.penalty import Penalty, Range, parse_space
from boostreg.tuning import SAMPLERS, FitSettings, Proposer, Tuning
from boostreg.tuning.measuring import RULES, Shrinkage

DEFAULT = parse_space("default").for_engine("xgboost")
WITHOUT_TORCH = [name for name in SAMPLERS if name != "gp"]
ONE = {"reg_lambda": Range(low=0.01, high=100, log=True, zero=0.3)}


def make_tuning(
    space=DEFAULT, *, n_inner=3, n_rounds=60, patience=8, racing=None, **options
):
    return Tuning(
        racing=racing,
        outer=2,
        proposers={"xgboost": Proposer(space=space, **({"n_trials": 12} | options))},
        limits=FitSettings(
            n_inner=n_inner, n_rounds=n_rounds, patience=patience, seed=5
        ),
    )


def summary(tuning):
    """Return all that a tuning found, comparable to the bit, clocks left out."""
    return [
        (
            replace(trial, curves=None, seconds=0.0),
            trial.curves and trial.curves.valid_loss.tobytes(),
            trial.curves and trial.curves.n_leaves.tobytes(),
        )
        for trial in map(_timeless, tuning.trials)
    ]


def _timeless(trial):
    return replace(trial, folds=tuple(replace(f, seconds=0.0) for f in trial.folds))


def as_text(tuning):
    return repr(summary(tuning)) + repr(tuning.selection)


@pytest.mark.parametrize(
    ("in_flight", "racing"), [*zip((1, 4, 8), (None, *RULES), strict=True)]
)
@pytest.mark.parametrize("sampler", WITHOUT_TORCH)
def test_results_do_not_depend_on_workers_or_delays(run, sampler, in_flight, racing):
    """The window algorithm: one outcome for 1, 3 and 8 workers."""
    outcomes = set()
    for workers in (1, 3, 8):
        tuning = make_tuning(
            sampler=sampler, in_flight=in_flight, n_trials=24, racing=racing
        )
        run(tuning, workers=workers, seed=workers)
        outcomes.add(as_text(tuning))

    assert len(outcomes) == 1


@pytest.fixture(scope="session")
def in_order(run):
    """Return what comes of fits that arrive in the order they were asked for."""
    tuning = make_tuning(n_trials=16)
    run(tuning)
    return as_text(tuning)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), workers=st.integers(2, 12))
def test_any_order_of_arrival_gives_the_same_trials(run, in_order, seed, workers):
    tuning = make_tuning(n_trials=16)

    run(tuning, workers=workers, seed=seed)

    assert as_text(tuning) == in_order


def test_one_in_flight_is_strictly_sequential(run):
    widest, _ = run(make_tuning(in_flight=1), workers=8)

    assert widest == 1


def test_never_more_are_open_than_in_flight(run):
    widest, _ = run(make_tuning(in_flight=3), workers=8)

    assert widest == 3


def test_every_trial_asks_for_its_inner_folds_at_equal_seeds():
    first, *others = make_tuning(in_flight=2, n_trials=2).ready()

    assert [fit.inner for fit in (first, *others)] == [0, 1, 2, 0, 1, 2]
    assert [fit.outer for fit in others] == [2] * 5
    assert first.seed == others[2].seed != others[0].seed
    assert (first.n_rounds, first.patience) == (60, 8)


def test_a_trial_is_stopped_by_the_maximum_of_its_own_rate(run, cut):
    """The loss falls for 40 rounds: 20 are too few, 60 are not."""
    tuning = make_tuning(
        {"learning_rate": Range(low=0.1, high=0.3)},
        n_rounds=Shrinkage(6.0),
        patience=Shrinkage(1.0),
        first=(Penalty(learning_rate=0.3), Penalty(learning_rate=0.1)),
        n_trials=2,
    )
    falling = np.concatenate([np.linspace(2, 1, 41), np.full(60, 1.5)])

    _, fits = run(tuning, lambda fit: cut(falling, fit))

    assert {(f.n_rounds, f.patience) for f in fits} == {(20, 4), (60, 10)}
    assert [trial.n_rounds for trial in tuning.trials] == [20, 40]
    stopped = [trial.curves.stopped_by_max for trial in tuning.trials]
    assert stopped == [True, False]


def test_each_fit_is_asked_for_once(run):
    tuning = make_tuning(ONE, n_trials=40)

    _, fits = run(tuning, workers=3)

    assert len(set(fits)) == len(fits)
    assert len(tuning.trials) == 40


def test_equal_penalties_are_measured_once(run):
    tuning = make_tuning(ONE, n_trials=40, in_flight=6)
    run(tuning, workers=3)

    zeros = [trial for trial in tuning.trials if trial.penalty.reg_lambda == 0][1:]
    assert len(zeros) > 3
    assert len({trial.loss for trial in zeros}) == 1
    assert [trial.curves.number for trial in zeros] == [t.number for t in zeros]
    assert sum(trial.seconds > 0 for trial in zeros) == 1


def test_short_folds_are_fitted_again_to_the_longest_fold_s_best(run, cut):
    ends = {0: 5, 1: 20, 2: 40}

    def measure(fit):
        valley = np.abs(np.arange(61.0) - ends[fit.inner])
        return cut(valley, fit)

    tuning = make_tuning(n_trials=1)
    _, fits = run(tuning, measure)

    again = [(f.inner, f.n_rounds) for f in fits if f.patience is None]
    assert again == [(0, 40), (1, 40)]
    assert tuning.trials[0].curves.valid_loss.shape == (3, 41)
    assert tuning.trials[0].n_rounds == 20
    assert tuning.trials[0].seconds == 5


def test_exhausted_folds_are_not_fitted_again(run, cut):
    def measure(fit):
        falling = np.exp(-np.arange(61) / 9)
        return cut(falling, fit, ends_at=7 if fit.inner == 0 else None)

    tuning = make_tuning(n_trials=1)
    _, fits = run(tuning, measure)

    assert len(fits) == 3
    assert tuning.trials[0].n_rounds == 60
    assert tuning.selection.best.rounds_max_reached


def test_pure_noise_is_best_left_alone(run, cut):
    tuning = make_tuning()

    run(tuning, lambda fit: cut(1 + np.arange(61) * 0.01, fit))

    assert tuning.selection.best.n_rounds == tuning.selection.one_se.n_rounds == 0


@pytest.mark.parametrize("workers", [1, 7])
def test_failed_fit_makes_a_failed_trial_with_its_reason(run, noisy, workers):
    def measure(fit):
        crashes = fit.penalty.reg_lambda == 1 and fit.inner >= 1
        return FitError(f"crash {fit.inner}") if crashes else noisy(fit)

    tuning = make_tuning(n_trials=30)
    run(tuning, measure, workers=workers)

    assert [trial.number for trial in tuning.trials] == list(range(30))
    assert tuning.trials[1].state == "failed"
    assert "crash 1" in tuning.trials[1].reason
    assert {t.state for t in tuning.trials if t.number != 1} == {"complete"}
    assert tuning.selection.best.trial != 1


def test_failure_of_a_repeated_fit_fails_the_trial(run, noisy):
    def measure(fit):
        return FitError("gone") if fit.patience is None else noisy(fit)

    tuning = make_tuning()
    _, fits = run(tuning, measure)

    repeated = {fit.penalty for fit in fits if fit.patience is None}
    failed = {trial.penalty for trial in tuning.trials if trial.state == "failed"}
    assert repeated == failed != set()


def test_loss_that_is_no_number_fails_the_trial(run, result, noisy):
    def measure(fit):
        bad = fit.penalty.reg_lambda == 0
        return result([1.0, np.nan]) if bad else noisy(fit)

    tuning = make_tuning()
    run(tuning, measure)

    assert tuning.trials[0].state == "failed"
    assert tuning.trials[0].reason == "inner fold 0: the loss is nan at round 1."


def test_selection_of_nothing_says_what_went_wrong(run):
    tuning = make_tuning(n_trials=3)
    run(tuning, lambda _: FitError("The disk is gone."))

    with pytest.raises(FitError, match=r"No trial of xgboost on outer fold 2 .* gone"):
        _ = tuning.selection
    assert tuning.incumbent is None


def test_incumbent_is_the_best_so_far(run):
    tuning = make_tuning()
    run(tuning)

    assert tuning.incumbent.number == tuning.selection.best.trial
    assert tuning.incumbent.loss == tuning.selection.best.loss


def test_stop_ends_with_what_is_open(noisy):
    tuning = make_tuning(in_flight=4, patience=None)
    fits = tuning.ready()

    tuning.stop()
    for fit in fits:
        tuning.receive(fit, noisy(fit))

    assert tuning.ready() == []
    assert tuning.done
    assert len(tuning.trials) == 4
