"""Callbacks of ``tune``, in Optuna's manner."""

import optuna
import pytest
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from boostreg.penalty import parse_space
from boostreg.tuning import FitSettings, Proposer, Tuning
from boostreg.tuning.mirror import Callbacks

RANGES = parse_space("default").for_engine("xgboost")
STATES = {"complete": "COMPLETE", "raced": "PRUNED", "failed": "FAIL"}


@pytest.fixture
def search(run):
    """Return a function that runs a simulated search with callbacks."""

    def searched(*callbacks, workers=1):
        proposer = Proposer(space=RANGES, n_trials=24, in_flight=4, seed=1)
        limits = FitSettings(n_inner=3, n_rounds=60, patience=8, seed=5)
        tuning = Tuning(
            outer=None,
            proposers={"xgboost": proposer},
            limits=limits,
            racing="moderated",
        )
        called = Callbacks(callbacks, {"xgboost": RANGES})
        receive = tuning.receive

        def receive_and_call(*given):
            receive(*given)
            called.update(tuning)

        tuning.receive = receive_and_call
        run(tuning, workers=workers, seed=workers)
        return tuning.trials, called

    return searched


def told(trials):
    """Return what results must have in common."""
    return [(trial.number, trial.penalty, trial.state, trial.loss) for trial in trials]


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_every_trial_is_passed_on_once_by_number(search, workers):
    seen = []

    trials, _ = search(
        lambda study, trial: seen.append((len(study.trials), trial)), workers=workers
    )

    assert [count for count, _ in seen] == list(range(1, 25))
    assert [trial.number for _, trial in seen] == list(range(24))
    for (_, shown), trial in zip(seen, trials, strict=True):
        assert shown.state == TrialState[STATES[trial.state]]
        assert shown.value == (trial.loss if trial.state == "complete" else None)
        assert shown.params["reg_lambda"] == trial.penalty.reg_lambda
        assert shown.user_attrs["engine"] == "xgboost"
    assert told(trials) == told(search()[0])


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_stop_ends_the_search_after_the_same_trials_on_any_workers(search, workers):
    def stop_at_fifth(study, trial):
        if trial.number == 5:
            study.stop()

    trials, called = search(stop_at_fifth, workers=workers)

    assert called.notes == ("A callback stopped the search at trial 5.",)
    assert told(trials) == told(search()[0])[: 5 + 4]


def test_callbacks_of_optuna_work(search):
    states = (TrialState.COMPLETE, TrialState.PRUNED)

    trials, called = search(MaxTrialsCallback(7, states=states))

    assert called.notes == ("A callback stopped the search at trial 6.",)
    assert len(trials) == 6 + 4


def test_error_of_a_callback_is_raised(search):
    def fail(study, _):
        raise LookupError(study.best_trial.number)

    with pytest.raises(LookupError, match="0"):
        search(fail)


def test_optuna_says_nothing_and_keeps_its_verbosity(search, capfd):
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)

    search(lambda *_: None)

    kept = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(before)
    assert kept == optuna.logging.DEBUG
    assert capfd.readouterr().err == ""
