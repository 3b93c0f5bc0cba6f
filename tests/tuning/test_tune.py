"""``tune`` finds the same with any number of workers, from anywhere, and says so."""

import logging
import re
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import optuna
import pandas as pd
import pytest
import xgboost
from runs import opened
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import KFold, cross_val_score

import boostreg
from boostreg import BoostedRegressor, tune
from boostreg.errors import (
    DataError,
    PenaltyError,
    StudyError,
    UnsupportedPenaltyError,
)
from boostreg.penalty import Penalty, parse_space
from boostreg.tuning import FitSettings, Proposer, Tuning, first_penalties
from boostreg.tuning.measuring import Shrinkage
from boostreg.tuning.mirror import Link, Mirror, search_name
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.search import TuningJob

SMALL = {"trials": 5, "rounds": 30, "patience": 5, "cv": 3, "workers": 1}
SPACE = {
    "reg_alpha": {"low": 0.001, "high": 10, "log": True, "zero": 0.2},
    "reg_lambda": {"low": 0.001, "high": 100, "log": True, "zero": 0.1},
}
WRAPPERS = {"xgboost": xgboost.XGBRegressor, "lightgbm": lightgbm.LGBMRegressor}


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def tuned(diabetes):
    return tune(*diabetes, engine="xgboost", **SMALL)


def make_tuning(n_trials):
    space = parse_space("default").for_engine("xgboost")
    limits = FitSettings(n_inner=3, n_rounds=60, patience=8, seed=5)
    proposer = Proposer(space=space, n_trials=n_trials)
    return Tuning(outer=None, proposers={"xgboost": proposer}, limits=limits)


def timeless(tuned):
    return tuned.trials.drop(columns="seconds")


def test_results_do_not_depend_on_workers_or_callbacks(tuned, diabetes):
    seen = []
    settings = SMALL | {"workers": 2, "callbacks": [lambda *given: seen.append(given)]}

    pair = tune(*diabetes, engine="xgboost", **settings)

    assert [trial.number for _, trial in seen] == list(pair.trials.trial)

    pd.testing.assert_frame_equal(timeless(pair), timeless(tuned))
    assert pair.selection == tuned.selection
    assert (pair.best, pair.one_se) == (tuned.best, tuned.one_se)


class Stopped(Exception):  # noqa: N818  not an error: it carries the jobs
    """Ends ``tune`` before any fit."""


@pytest.fixture
def planned(monkeypatch, diabetes):
    """Return a function that returns the search ``tune`` would run."""

    def run_here(jobs, *_, **__):
        raise Stopped(jobs[0].tuning)

    monkeypatch.setattr("boostreg.tuning.tune.run_here", run_here)

    def plan(data=diabetes, **given):
        with pytest.raises(Stopped) as stopped:
            tune(*data, **given)
        return stopped.value.args[0]

    return plan


def test_a_space_without_the_learning_rate_begins_as_a_study_does(planned):
    proposer = planned(space="default", engine="xgboost").proposers["xgboost"]

    asked = [proposer.ask(), proposer.ask()]

    assert asked == list(first_penalties({"learning_rate": 0.1}, "rows"))
    assert proposer.guessed


@pytest.mark.parametrize("engine", WRAPPERS)
def test_the_default_space_begins_with_small_ensembles(planned, engine):
    tuning = planned(engine=engine)

    fits = tuning.ready()

    # No column is a category, so the penalty on categories of LightGBM is left out.
    assert set(tuning.proposers[engine].space) == set(parse_space("standard").entries)
    assert [fit.penalty.max_leaves for fit in fits[::5]] == [5, 2, 31, 50]


@pytest.mark.parametrize("levels", [3, 4])
def test_the_penalty_on_categories_is_searched_where_it_acts(planned, levels):
    """LightGBM separates one of up to 3 categories, without that penalty."""
    rng = np.random.default_rng(0)
    codes = np.arange(300) % levels
    X = pd.DataFrame({"x": rng.random(300), "c": pd.Categorical(codes.astype(str))})
    y = rng.normal(size=300) + codes % 3
    estimator = BoostedRegressor(engine="lightgbm", n_estimators=5)

    searched = planned(engine="lightgbm", data=(X, y)).proposers["lightgbm"].space

    free, penalised = (
        clone(estimator).set_params(cat_l2=value).fit(X, y).predict(X)
        for value in (0.0, 100.0)
    )
    acts = not np.array_equal(free, penalised)
    assert acts == (levels > 3)
    assert ("cat_l2" in searched) == acts


def test_rounds_and_patience_follow_the_rate_of_a_trial(planned):
    fits = planned(engine="xgboost").ready()

    for fit in fits:
        rate = fit.penalty.learning_rate
        assert rate * (fit.n_rounds - 1) < 40 <= rate * fit.n_rounds
        assert rate * (fit.patience - 1) < 3 <= rate * fit.patience
    assert len({fit.n_rounds for fit in fits}) == 4


def test_given_rounds_and_patience_hold_for_every_trial(planned):
    fits = planned(rounds=70, patience=7).ready()

    assert {(fit.n_rounds, fit.patience) for fit in fits} == {(70, 7)}


@pytest.mark.parametrize("engine", WRAPPERS)
def test_params_give_the_loss_in_the_bare_library(engine, diabetes):
    """Pasted into the library's wrapper, on the same folds, rounds as chosen.

    Small trees: in nodes of two rows every feature splits alike, and rounding decides
    between equal gains. Columns that start at 0: the bare LightGBM bins a column of
    many values around 0, ours from its smallest value on.
    """
    X, y = diabetes
    X = X - X.min(axis=0)
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    small = {"cv": folds, "fixed": {"max_leaves": 4, "learning_rate": 0.1}}
    best = tune(X, y, engine=engine, space=SPACE, **SMALL | small).best
    assert best.n_rounds > 0

    model = WRAPPERS[engine](**best.params(), n_jobs=1)
    scores = cross_val_score(model, X, y, cv=folds, scoring="neg_mean_squared_error")

    assert -scores.mean() == pytest.approx(best.loss, rel=1e-6)


def test_estimator_of_a_pick_has_its_settings_and_fits_the_same_again(tuned, diabetes):
    X, y = diabetes
    sampling = replace(tuned.best.penalty, subsample=0.5)
    pick = replace(tuned.best, penalty=sampling)

    fitted, again = (pick.estimator().fit(X, y) for _ in range(2))

    assert fitted.n_rounds_ == pick.n_rounds
    assert fitted.get_params()["reg_lambda"] == sampling.reg_lambda
    np.testing.assert_array_equal(fitted.predict(X), again.predict(X))


def test_smaller_picks_cost_loss_and_never_leaves(tuned):
    leaves, losses = list(tuned.pareto.n_leaves), list(tuned.pareto.loss)

    assert leaves == sorted(leaves)
    assert losses == sorted(losses, reverse=True)
    assert tuned.select(max_leaves=leaves[1]).loss == losses[1]
    assert tuned.tolerance == 0.01
    within = [n for n, v in zip(leaves, losses, strict=True) if v <= 1.01 * losses[-1]]
    assert tuned.smallest.n_leaves == within[0]
    assert tuned.one_se.n_leaves <= tuned.best.n_leaves


def test_classes_categories_and_weights_are_taken():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.iloc[:, :3].assign(kind=pd.cut(X["mean area"], 4, labels=list("abcd")))
    label = y.map({0: "ill", 1: "well"})

    found = tune(X, label, engine="lightgbm", sample_weight=1.0 + y, **SMALL)

    assert found.loss_name == "log loss"
    assert found.best.loss < 0.4
    assert set(found.best.estimator().fit(X, label).classes_) == {"ill", "well"}
    weighted = found.best.estimator().fit(X, label, sample_weight=1.0 + y)
    assert np.array_equal(found.predict(X), weighted.predict(X))
    assert np.array_equal(found.predict_proba(X), weighted.predict_proba(X))
    pasted = xgboost.XGBClassifier(**found.best.params("xgboost"), n_jobs=1).fit(X, y)
    assert pasted.get_booster().num_boosted_rounds() == found.best.n_rounds


def test_predictions_are_those_of_best_on_all_rows(tuned, diabetes):
    X, y = diabetes

    model = tuned.best_estimator_

    assert model.n_rounds_ == tuned.best.n_rounds
    assert np.array_equal(tuned.predict(X), tuned.best.estimator().fit(X, y).predict(X))
    with pytest.raises(StudyError, match="predict_proba needs a target with classes"):
        tuned.predict_proba(X)


def test_a_pick_without_rounds_has_no_estimator():
    X, y = np.arange(60.0)[:, None], np.tile([0.0, 1.0, 2.0], 20)

    found = tune(X, y, task="regression", **SMALL | {"trials": 2})

    assert found.best_estimator_ is None
    with pytest.raises(StudyError, match=r"no best_estimator_ .* best has 0 rounds"):
        found.predict(X)


def test_groups_never_cross_a_fold(diabetes):
    X, y = diabetes
    groups = np.repeat(np.arange(len(X) // 2), 2)

    dataset = read_dataset(X, y, cv=3, seed=0, groups=groups)

    for fold in dataset.splits.inner[None]:
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_a_journal_answers_the_second_time(tmp_path, diabetes):
    first = tune(*diabetes, **SMALL, journal=tmp_path)

    again = tune(*diabetes, **SMALL, journal=tmp_path)

    pd.testing.assert_frame_equal(again.trials, first.trials)  # seconds too


def test_a_plain_script_without_a_main_guard_works(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from sklearn.datasets import load_diabetes\n"
        "from boostreg import tune\n"
        "X, y = load_diabetes(return_X_y=True)\n"
        "print('once')\n"
        "print(tune(X, y, trials=3, rounds=10, cv=2, workers=1))\n"
    )

    run = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": ""},
        cwd=Path(boostreg.__file__).parents[1],
    )

    assert run.stdout.count("once") == 1
    assert "Tuned lightgbm and xgboost, 3 trials, squared error:" in run.stdout


def test_a_notebook_shows_the_picks(tuned):
    page = tuned._repr_html_()

    assert "xgboost, 5 trials, squared error" in page
    assert f"<td>{tuned.best.loss:.6g}</td>" in page


FIRST = np.arange(60)
HALVES = [(FIRST[:30], FIRST[30:]), (FIRST[30:], FIRST[:30])]
FOLDS = {
    "no weight to judge by": (
        {"cv": KFold(4), "sample_weight": FIRST < 45},
        "a test part has no row of weight above 0",
    ),
    "no weight to train on": (
        {"cv": HALVES, "sample_weight": FIRST >= 30},
        "a training part has no row of weight above 0",
    ),
    "a class that training lacks": (
        {"cv": HALVES, "y": np.where(FIRST < 30, "no", "yes")},
        "class 'yes' of 'target' is missing from a training part of 30 rows",
    ),
    "a row on both sides": (
        {"cv": [(FIRST[:31], FIRST[30:])]},
        r"cv puts row 30 .* in both the train and the test part",
    ),
    "a group on both sides": (
        {"cv": HALVES, "groups": FIRST // 20},
        "cv splits groups between train and test .1 in one fold.; use .* GroupKFold",
    ),
}


@pytest.mark.parametrize(("given", "words"), FOLDS.values(), ids=FOLDS)
def test_folds_of_a_splitter_are_checked_as_our_own_are(given, words):
    rows = {"X": FIRST[:, None] * [1.0, -1.0], "y": FIRST % 7, "seed": 0}

    with pytest.raises(DataError, match=words):
        read_dataset(**rows | given)


WRONG = {
    "rounds": (0, StudyError, "rounds must be a whole number of at least 1, got 0"),
    "trials": (0, StudyError, "trials must be a whole number of at least 1, got 0"),
    "workers": (0, StudyError, "workers must be a whole number of at least 1"),
    "cv": (1, DataError, "folds must be at least 2"),
    "engine": ("catboost", StudyError, "engine must be one of"),
    "sampler": ("grid", StudyError, "sampler must be one of"),
    "space": ("tiny", PenaltyError, "tiny"),
    "fixed": ({"reg_lambda": 1.0}, PenaltyError, "both fixed and searched"),
    "objective": ("logistic", StudyError, "not for a regression"),
    "sample_weight": (
        [1.0],
        DataError,
        "weights must have one value per row of X, 442",
    ),
    "timeout": (0, StudyError, "timeout must be above 0 seconds"),
    "storage": ("trials.db", StudyError, "storage must be a URL"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_reported_before_any_fit(diabetes, name):
    value, error, message = WRONG[name]

    with pytest.raises(error, match=message):
        tune(*diabetes, **SMALL | {name: value})


def test_a_function_as_sampler_has_no_name_for_a_storage(diabetes):
    options = {"sampler": optuna.samplers.TPESampler, "storage": "sqlite://"}

    with pytest.raises(StudyError, match="storage needs a sampler with a name"):
        tune(*diabetes, **SMALL, **options)


def test_an_unknown_fixed_name_is_reported_with_the_nearest(diabetes):
    with pytest.raises(PenaltyError, match=r"fixed\.reg_lamda: unknown .*'reg_lambda'"):
        tune(*diabetes, **SMALL | {"fixed": {"reg_lamda": 1.0}})


def test_penalty_that_the_engine_lacks_is_refused(diabetes):
    space = {"path_smooth": {"low": 1, "high": 10}}

    with pytest.raises(UnsupportedPenaltyError, match="no counterpart of path_smooth"):
        tune(*diabetes, **SMALL, space=space)


def test_rows_must_be_a_table(diabetes):
    with pytest.raises(DataError, match="two dimensions"):
        tune(diabetes[1], diabetes[1], **SMALL)


def test_several_targets_are_refused_by_name(diabetes):
    X, y = diabetes

    with pytest.raises(DataError, match="y has 2 columns; models predict one target"):
        tune(X, np.column_stack([y, y]), **SMALL)
    data = {"source": "sklearn:linnerud", "target": ["Weight", "Waist"]}
    with pytest.raises(StudyError, match="one study for each"):
        boostreg.run_study({"name": "two", "data": data})


def test_time_that_is_up_ends_the_proposals_and_says_so(noisy):
    now = iter(range(10_000))
    tuning = make_tuning(n_trials=40)
    job = TuningJob(tuning, timeout=30, clock=lambda: float(next(now)))

    while not job.done:
        for work in job.ready():
            job.receive(work, noisy(work.fit))

    assert job.was_cut
    assert 2 <= len(tuning.trials) < 40
    assert tuning.selection.best


def test_trials_are_mirrored_once_for_optuna_s_dashboard(tmp_path, diabetes):
    storage = f"sqlite:///{tmp_path / 'trials.db'}"

    for _ in range(2):
        tuned = tune(*diabetes, engine="xgboost", **SMALL, storage=storage)

    with opened(storage) as kept:
        (name,) = optuna.get_all_study_names(kept)
        trials = optuna.load_study(study_name=name, storage=kept).trials
    assert name.startswith("tune/xgboost/")
    shown = {t.user_attrs["boostreg:trial"]: t for t in trials}
    assert len(trials) == SMALL["trials"]
    for row in tuned.trials.itertuples():
        assert shown[row.trial].params["reg_lambda"] == row.reg_lambda
        if row.state == "complete":
            assert shown[row.trial].value == row.loss


def search(engine="xgboost", n_trials=3, n_rounds=60, **settings):
    space = parse_space("default").for_engine(engine)
    limits = FitSettings(n_inner=3, n_rounds=n_rounds, patience=8, seed=5)
    proposer = Proposer(**{"space": space, "n_trials": n_trials} | settings)
    return Tuning(outer=None, proposers={engine: proposer}, limits=limits)


OTHERS = {
    "engine": {"engine": "lightgbm"},
    "rounds": {"n_rounds": 61},
    "rounds by rate": {"n_rounds": Shrinkage(6.0)},
    "seed": {"seed": 1},
    "sampler": {"sampler": "random"},
    "scale": {"scale": "rows"},
    "fixed": {"fixed": {"learning_rate": 0.3}},
    "space": {"space": parse_space(SPACE).for_engine("xgboost")},
    "first trials": {"first": (Penalty(max_leaves=2), Penalty())},
    "in_flight": {"in_flight": 1},
}


def test_the_same_search_has_one_name_however_long_it_is(diabetes):
    first, again = (read_dataset(*diabetes, cv=3, seed=0) for _ in range(2))

    assert search_name("x", search(n_trials=9), again) == search_name(
        "x", search(), first
    )


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_search_has_another_name(diabetes, other):
    dataset = read_dataset(*diabetes, cv=3, seed=0)

    found = search_name("x", search(**other), dataset)

    assert found != search_name("x", search(), dataset)


def test_another_table_another_fold_or_objective_has_another_name(diabetes):
    X, y = diabetes
    tables = [
        read_dataset(X, y, cv=3, seed=0),
        read_dataset(X, 100 * y, cv=3, seed=0),
        read_dataset(X.iloc[:, ::-1], y, cv=3, seed=0),
        read_dataset(X, y, cv=3, seed=1),
        read_dataset(X, y, cv=3, seed=0, objective="poisson"),
        read_dataset(X, y, cv=3, seed=0, sample_weight=y),
    ]

    assert len({search_name("x", search(), table) for table in tables}) == len(tables)


def test_a_search_that_goes_on_adds_its_new_trials_alone(tmp_path, diabetes):
    X, y = diabetes
    storage = f"sqlite:///{tmp_path / 'trials.db'}"
    searches = [(y, 3), (100 * y, 3), (100 * y, 5), (100 * y, 4)]

    for target, trials in searches:
        few = SMALL | {"engine": "xgboost", "trials": trials, "rounds": 5}
        tune(X, target, **few, storage=storage)

    with opened(storage) as kept:
        names = optuna.get_all_study_names(kept)
        found = [optuna.load_study(study_name=n, storage=kept).trials for n in names]
    numbers = [[t.user_attrs["boostreg:trial"] for t in trials] for trials in found]
    assert sorted(map(sorted, numbers)) == [[0, 1, 2], [0, 1, 2, 3, 4]]


def test_a_storage_that_fails_is_reported_once_without_its_password(caplog, run):
    tuning = make_tuning(n_trials=3)
    run(tuning)
    url = "postgresql+psycopg2://ann:canary@127.0.0.1:1/trials?password=canary"
    link = Link(url)
    mirrors = [Mirror(link, name, {}) for name in "xy"]

    with caplog.at_level(logging.WARNING, logger="boostreg"):
        for mirror in mirrors * 2:
            mirror.update(tuning.trials)

    assert "canary" not in caplog.text + repr(link) + repr(mirrors)
    assert caplog.text.count("no longer mirrored to postgresql+psycopg2://***@") == 1


SECONDS = {0.1: 2, 1.8: 3, 2.3: 4, 2.7: 5, float("inf"): 5}
"""Folds by seconds: 30 trials of 4,420 cells at 250,000 cells per second."""


@pytest.mark.parametrize(("core_seconds", "n_folds"), SECONDS.items())
def test_a_short_time_leaves_fewer_of_the_same_folds(diabetes, core_seconds, n_folds):
    every = read_dataset(*diabetes, cv=5, seed=3).splits.inner[None]

    found = read_dataset(*diabetes, seed=3, core_seconds=core_seconds)

    kept = [fold.fingerprint for fold in found.splits.inner[None]]
    assert kept == [fold.fingerprint for fold in every[:n_folds]]


def test_fewer_folds_are_a_note_unless_cv_asks_for_them(diabetes, monkeypatch):
    monkeypatch.setattr("boostreg.tuning.rows.CELLS_PER_SECOND", 1)
    small = {"trials": 1, "rounds": 5, "workers": 1, "task": "regression"}
    small["timeout"] = 60

    notes = tune(*diabetes, **small).notes

    assert notes[0].startswith("Trials were measured on 2 of 5 folds")
    assert not tune(*diabetes, **small, cv=2).notes


def test_with_a_timeout_the_number_of_trials_is_open(diabetes, monkeypatch):
    monkeypatch.setattr("boostreg.tuning.tune._MOST_TRIALS", 7)
    monkeypatch.setattr("boostreg.tuning.tune._TRIALS", 2)
    small = {"rounds": 3, "cv": 2, "workers": 1}

    assert len(tune(*diabetes, **small).trials) == 2
    assert len(tune(*diabetes, **small, timeout=60).trials) == 7
    assert len(tune(*diabetes, **small, timeout=60, trials=3).trials) == 3


def interrupted_at(monkeypatch, n_trials):
    """Let Ctrl-C arrive once so many trials are measured."""
    receive = TuningJob.receive

    def received(self, work, record):
        receive(self, work, record)
        if len(self.tuning.trials) == n_trials:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TuningJob, "receive", received)


@pytest.mark.parametrize("timeout", [None, 60])
def test_ctrl_c_returns_what_was_found(diabetes, monkeypatch, timeout):
    handler = signal.getsignal(signal.SIGINT)
    interrupted_at(monkeypatch, 3)

    found = tune(*diabetes, **SMALL | {"trials": 40}, timeout=timeout)

    assert 1 <= len(found.trials) < 40
    assert found.was_cut
    assert found.best.acting is None
    assert any(note.startswith("Ctrl-C ended the search: ") for note in found.notes)
    assert found.predict(diabetes[0]).shape == (442,)
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_before_anything_is_measured_is_passed_on(diabetes, monkeypatch):
    def ready(_):
        signal.raise_signal(signal.SIGINT)
        return ()

    monkeypatch.setattr(TuningJob, "ready", ready)

    with pytest.raises(KeyboardInterrupt):
        tune(*diabetes, **SMALL)


def test_a_terminal_shows_the_best_trial_unless_it_is_not_verbose(
    diabetes, monkeypatch
):
    shown = []
    monkeypatch.setattr("boostreg.tuning.tune.can_show_bar", lambda: True)
    monkeypatch.setattr("boostreg.tuning.tune.bar", lambda: nullcontext(shown.append))

    found = tune(*diabetes, **SMALL)
    last = shown[-1]
    tune(*diabetes, **SMALL, verbose=False)

    assert shown[-1] is last
    assert (last.stage, last.done, last.total) == ("trials", 5, 5)
    assert f"best loss {found.trials['loss'].min():.5g}, " in last.text


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("n_trials", "use trials"),
        ("n_jobs", "use workers"),
        ("n_estimators", "use rounds"),
        ("early_stopping_rounds", "use patience"),
        ("gamma", "use space={'min_split_gain': ...}"),
        ("num_leaves", "use space={'max_leaves': ...}"),
        ("eta", "use space={'learning_rate': ...}"),
        ("trails", "did you mean 'trials'?"),
    ],
)
def test_names_of_other_libraries_are_answered_with_ours(diabetes, given, answer):
    expected = re.escape(f"tune() has no argument {given!r}; {answer}")

    with pytest.raises(TypeError, match=expected):
        tune(*diabetes, **{given: 1})


def test_an_inferred_task_is_reported(diabetes):
    X, y = diabetes
    digits = (y // 40).astype(int)

    notes = tune(X, digits, **SMALL | {"trials": 1}).notes

    assert "inferred" in notes[0]
    assert "regression" in notes[0]
    assert tune(X, digits, **SMALL | {"trials": 1}, task="multiclass").notes == ()
