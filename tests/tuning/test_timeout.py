"""The timeout of ``tune`` is the time of the whole call, whatever its fits take."""

import time
from dataclasses import replace

import numpy as np
import pytest
from simulated import Machine
from sklearn.datasets import make_friedman1

from boostreg import tune
from boostreg.engines import growing_until
from boostreg.errors import FitError
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.fit import CutError, FitResult, TimeLimit, derive_seed
from boostreg.fits.journal import Journal
from boostreg.fits.work import FitWork, run_work
from boostreg.penalty import Penalty, parse_space
from boostreg.tuning import FitSettings, Proposer, Tuning
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.budget import Budget
from boostreg.tuning.measuring import Shrinkage, inner_fits
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.search import TuningJob
from boostreg.tuning.trial import Setting

TIMEOUT = 30.0
GROWTH = 1.25
"""Rows of the table per training row of one of five folds."""
SPACE = parse_space("default").for_engine("xgboost")


def jobs_of(
    *, workers, engines=("xgboost",), timeout=TIMEOUT, clock=lambda: 0.0, **settings
):
    """Return a search on five folds, and the test of which penalties act."""
    settings = {"space": SPACE, "n_trials": 40, "sampler": "sobol"} | settings
    tuning = Tuning(
        outer=None,
        proposers={engine: Proposer(**settings) for engine in engines},
        limits=FitSettings(
            n_inner=5, n_rounds=Shrinkage(6.0), patience=Shrinkage(0.8), seed=5
        ),
        racing="moderated",
    )
    budget = timeout and Budget(
        started=0.0,
        timeout=timeout,
        reading=0.0,
        growth=GROWTH,
        n_folds=5,
        n_penalties=len(SPACE),
        workers=workers,
    )
    search = TuningJob(tuning, budget=budget, clock=clock)
    return search, ActingJob(search, clock=clock)


def spread(seconds, fit, width=1.0):
    """Return seconds times a factor within ``width / 2`` of 1."""
    # The key stays the same when fits get another field.
    drawn = derive_seed(1, fit.inner, fit.key("", {}))
    return seconds * (1 + width * (drawn / 2**31 - 0.5))


def run_for(noisy, seconds, workers, **settings):
    """Run a search whose fits take these seconds on average."""
    machine = Machine(
        workers, lambda fit: replace(noisy(fit), seconds=spread(seconds, fit))
    )
    jobs = jobs_of(workers=workers, clock=machine.clock, **settings)
    machine.run(jobs)
    return machine, *jobs


@pytest.mark.parametrize("workers", [2, 16])
@pytest.mark.parametrize("seconds", [1.0, 4.0, 20.0])
def test_search_test_of_penalties_and_last_fit_end_in_time(noisy, seconds, workers):
    machine, search, acting = run_for(noisy, seconds, workers, n_trials=400)

    best = search.tuning.incumbent
    seconds = [fold.seconds * fold.n_rounds / fold.n_grown for fold in best.folds]
    assert 0.5 * TIMEOUT <= machine.now + GROWTH * np.mean(seconds) <= TIMEOUT
    assert acting.selection.best.trial == best.number
    assert search.was_cut or acting.was_cut


def test_two_engines_share_the_time_of_one(noisy):
    machine, search, acting = run_for(
        noisy, 2.0, 4, n_trials=400, engines=("lightgbm", "xgboost")
    )

    best = search.tuning.incumbent
    seconds = np.mean([fold.seconds for fold in best.folds])
    assert 0.5 * TIMEOUT <= machine.now + GROWTH * seconds <= TIMEOUT
    assert {trial.engine for trial in search.tuning.trials} == {"lightgbm", "xgboost"}
    assert search.was_cut
    assert acting.selection.best.trial == best.number


def test_trials_that_time_ended_are_neither_failed_nor_raced(noisy):
    machine, search, _ = run_for(noisy, 1.5, 4)

    trials = search.tuning.trials
    full = run_for(noisy, 1.5, 4, timeout=None)[1].tuning.trials
    assert machine.cut
    assert search.tuning.n_dropped >= 1
    assert {trial.state for trial in trials} <= {"complete", "raced"}
    by_number = {trial.number: trial.loss for trial in full}
    assert all(trial.loss == by_number[trial.number] for trial in trials)


def test_a_slow_trial_is_dropped_and_the_search_goes_on(noisy):
    def one_is_slow(fit):
        slow = fit.penalty.reg_lambda == 0  # the first trial
        return replace(noisy(fit), seconds=20.0 if slow else 0.5)

    machine = Machine(8, one_is_slow)
    search, _ = jobs = jobs_of(workers=8, clock=machine.clock)
    machine.run(jobs)

    numbers = [trial.number for trial in search.tuning.trials]
    assert 0 not in numbers
    assert len(numbers) > 20


def test_without_a_complete_trial_its_folds_so_far_are_kept(noisy):
    _, search, acting = run_for(noisy, 60.0, 2)

    (trial,) = search.tuning.trials
    (n_folds,) = {
        search.tuning.n_partial,
        len(trial.folds),
        len(trial.curves.valid_loss),
    }
    assert trial.number == 0
    assert 1 <= n_folds < 5
    assert {fold.n_rounds for fold in trial.folds} == {trial.n_rounds}
    assert acting.selection.best.trial == 0


def test_nothing_measured_in_time_is_an_error(noisy):
    _, _, acting = run_for(noisy, 1e6, 2)

    with pytest.raises(FitError, match="No trial of xgboost on all rows is complete"):
        _ = acting.selection


def test_the_journal_has_complete_fits_and_no_others(noisy, tmp_path):
    machine = Machine(4, lambda fit: replace(noisy(fit), seconds=2.0))
    jobs = jobs_of(workers=4, clock=machine.clock)
    with Journal(tmp_path / "journal.db") as journal:
        machine.run(jobs, journal=journal)
        kept = [journal.get(FitWork(fit).key(machine)) for fit in machine.cut]

    assert machine.cut
    assert kept == [None] * len(kept)


def test_test_of_penalties_is_skipped_if_it_would_not_end_in_time(noisy):
    _, search, acting = run_for(noisy, 2.0, 2)

    assert acting.was_cut
    assert acting.reduced == {}
    assert acting.selection == search.tuning.selection


@pytest.fixture(scope="module")
def table():
    return make_friedman1(5000, noise=1.0, random_state=0)


def slow_fit(dataset, n_rounds=100_000):
    limits = FitSettings(n_inner=2, n_rounds=n_rounds, patience=None, seed=0)
    return dataset, inner_fits(Setting("xgboost", None, Penalty()), limits)[0]


def test_a_fit_past_its_limit_stops_with_the_rounds_so_far(table, tmp_path):
    dataset, fit = slow_fit(read_dataset(*table, cv=2, seed=0))
    dataset.save(tmp_path)
    run_work(str(tmp_path), FitWork(replace(fit, n_rounds=1)))  # reads and bins
    limit = TimeLimit(until=time.monotonic() + 1)

    with pytest.raises(CutError, match="stopped at its time limit") as cut:
        run_work(str(tmp_path), FitWork(fit), limit)

    so_far = cut.value.so_far
    assert isinstance(so_far, FitResult)
    assert 0 < so_far.n_rounds < 100_000
    whole = replace(fit, n_rounds=so_far.n_rounds)
    again = FitWork(whole).decode(run_work(str(tmp_path), FitWork(whole)))
    np.testing.assert_array_equal(again.valid_loss, so_far.valid_loss)


def test_a_limit_that_is_not_reached_changes_nothing(table):
    dataset, fit = slow_fit(read_dataset(*table, cv=2, seed=0), n_rounds=20)
    free = FitWork(fit).decode(FitWork(fit).run(dataset))

    with growing_until(time.monotonic() + 600):
        timed = FitWork(fit).decode(FitWork(fit).run(dataset))

    np.testing.assert_array_equal(timed.valid_loss, free.valid_loss)


def test_slow_fits_end_with_the_timeout_and_leave_a_model(table):
    X, y = table
    tune(X[:100], y[:100], trials=2, rounds=2, workers=2)  # workers have started
    started = time.monotonic()

    tuned = tune(X, y, timeout=3, rounds=10**6, patience=10**6, cv=3, workers=2)

    assert time.monotonic() - started < 5
    assert tuned.was_cut
    assert any("timeout ended the search" in note for note in tuned.notes)
    assert tuned.best.acting is None
    assert np.mean((tuned.predict(X) - y) ** 2) < np.var(y)


def test_processes_that_do_not_answer_are_ended(table, monkeypatch, tmp_path):
    """Here workers that never start; it is the same for a fit that does not end."""
    (tmp_path / "asleep.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("boostreg.tuning.tune.PRELOAD", ("asleep",))
    monkeypatch.setattr("boostreg.tuning.tune.LocalExecutor", LocalExecutor)
    started = time.monotonic()

    with pytest.raises(FitError, match=r"Nothing was measured .* timeout of 2 seconds"):
        tune(*table, timeout=2, workers=2)

    assert time.monotonic() - started < 4


N_WORKERS = (1, 2, 4, 8, 16)


@pytest.fixture(scope="module")
def runs(noisy):
    """Return the search with each number of workers, without a timeout."""
    found = {}
    for n in N_WORKERS:
        machine = Machine(
            n, lambda fit: replace(noisy(fit), seconds=spread(1.0, fit, 0.5))
        )
        search, _ = jobs_of(workers=n, timeout=None, n_trials=120)
        found[n] = machine.run([search]), search.tuning
    return found


def test_results_are_equal_with_any_number_of_workers(runs):
    found = {
        repr([(t.number, t.state, t.loss) for t in tuning.trials] + [tuning.selection])
        for _, tuning in runs.values()
    }

    assert len(found) == 1
    assert "raced" in found.pop()


def test_workers_are_busy_with_the_folds_of_all_open_trials(runs):
    work = {n: machine.busy / machine.now for n, (machine, _) in runs.items()}

    assert work[1] == pytest.approx(1.0)
    assert work[8] >= 6
    assert work[16] >= 14


def test_folds_ahead_make_a_search_faster_although_some_are_not_needed(runs):
    times = [machine.now for machine, _ in runs.values()]

    assert times == sorted(times, reverse=True)
    assert runs[1][0].n_run < runs[16][0].n_run
