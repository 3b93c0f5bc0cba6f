"""Several engines share one search, and the better one gets more of its trials."""

from dataclasses import replace

import numpy as np
import optuna
import pandas as pd
import pytest
from runs import opened
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold

from boostreg import load_model, tune
from boostreg.engines import ENGINES
from boostreg.errors import FitError, StudyError
from boostreg.losses import OBJECTIVES
from boostreg.penalty import Penalty, Range
from boostreg.tuning import FitSettings, Proposer, Tuning
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.proposals import JointProposer
from boostreg.tuning.purpose import Speed
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.search import TuningJob

BOTH = ("lightgbm", "xgboost")
SHORT = {"trials": 20, "rounds": 6, "patience": 3, "cv": 2}
FIRST = (*BOTH, *BOTH, *["lightgbm"] * 4)
"""Engines of the first trials of the default space."""
IN_FLIGHT = 4
SPACE = {"reg_lambda": Range(low=0.01, high=100, log=True)}


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X.iloc[:200, :4], y[:200]


@pytest.fixture(scope="module")
def tuned(diabetes):
    return tune(*diabetes, **SHORT, workers=1)


def expected_engines(trials, first=FIRST):
    """Return the engine of each trial by the rule, from a frame of complete trials."""
    found = list(first)
    for number in range(len(found), len(trials)):
        seen = trials[: number - IN_FLIGHT + 1]
        best = seen.engine[seen.loss.idxmin()]
        (other,) = {*BOTH} - {best}
        found.append(other if (number - len(first)) % 4 == 3 else best)
    return found[: len(trials)]


def test_the_lead_begins_and_the_better_engine_then_gets_three_of_four(tuned):
    trials = tuned.trials.where(tuned.trials.state == "complete")

    found = list(tuned.trials.engine)

    assert found == expected_engines(trials.assign(engine=tuned.trials.engine))
    assert {*found[len(FIRST) :]} == {*BOTH}


def test_results_do_not_depend_on_workers(tuned, diabetes):
    three = tune(*diabetes, **SHORT, workers=3)

    left, right = (t.trials.drop(columns="seconds") for t in (three, tuned))
    pd.testing.assert_frame_equal(left, right)
    assert (three.best, three.one_se) == (tuned.best, tuned.one_se)


def test_first_trials_are_those_of_each_engine_alone(tuned, diabetes):
    for engine, places in {"lightgbm": range(6), "xgboost": (0, 2)}.items():
        alone = tune(*diabetes, engine=engine, **SHORT | {"trials": 6}, workers=1)
        same = alone.trials.iloc[list(places)].reset_index(drop=True)
        own = tuned.trials[tuned.trials.engine == engine]
        own = own[: len(places)].reset_index(drop=True)

        assert list(own.max_leaves) == list(same.max_leaves)
        complete = (own.state == "complete") & (same.state == "complete")
        assert list(own.loss[complete]) == list(same.loss[complete])


def test_picks_and_front_name_the_engine_of_their_trial(tuned):
    engines = dict(zip(tuned.trials.trial, tuned.trials.engine, strict=True))

    assert tuned.engine == "auto"
    for pick in (tuned.best, tuned.one_se, tuned.smallest, tuned.knee):
        assert pick.engine == engines[pick.trial]
        assert pick.params() == pick.params(pick.engine)
    assert list(tuned.pareto.engine) == [engines[n] for n in tuned.pareto.trial]
    assert tuned.best_estimator_.engine == tuned.best.engine
    assert "Tuned lightgbm and xgboost, 20 trials" in repr(tuned)


def test_figure_has_the_trials_of_each_engine(tuned):
    drawn = tuned.figure().svg

    assert "LightGBM" in drawn
    assert "XGBoost" in drawn


@pytest.fixture(scope="module")
def plain(diabetes):
    """Return folds, and a search over them without sampling of rows or columns."""
    X, y = diabetes
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    space = {"max_leaves": {"low": 2, "high": 8}, "reg_lambda": {"low": 0, "high": 9}}
    return folds, tune(
        X, y, space=space, trials=10, rounds=20, cv=folds, workers=1, racing=False
    )


def test_picks_refit_to_the_leaves_they_state(plain, diabetes):
    folds, tuned = plain
    X, y = diabetes

    assert set(tuned.trials.engine) == {*BOTH}
    for n_leaves in tuned.pareto.n_leaves[1:]:
        pick = tuned.select(max_leaves=n_leaves)
        fitted = [pick.estimator().fit(X.iloc[t], y.iloc[t]) for t, _ in folds]

        mean = np.mean([model.size_.n_leaves for model in fitted])
        assert mean == pytest.approx(pick.n_leaves) == pytest.approx(n_leaves)


def test_a_space_without_the_learning_rate_begins_with_two_trials_of_each(plain):
    trials = plain[1].trials

    assert list(trials.engine) == expected_engines(trials, first=BOTH * 2)
    assert list(trials.reg_lambda[:4]) == [0, 0, 1, 1]


@pytest.mark.parametrize("slow", BOTH)
def test_time_per_row_is_that_of_each_engine(tuned, monkeypatch, slow):
    speeds = dict.fromkeys(BOTH, Speed((2.0, 100.0), (1e-3, 1e-3)))
    speeds[slow] = Speed((2.0, 100.0), (1e3, 1e3))
    monkeypatch.setattr("boostreg.tuning.tuned.measure_speed", speeds.get)

    pick = tuned.select(max_microseconds=1.0)

    assert pick.n_rounds > 0
    assert pick.engine != slow


def test_trials_are_mirrored_to_a_study_for_each_engine(tmp_path, diabetes):
    storage = f"sqlite:///{tmp_path / 'trials.db'}"

    found = tune(*diabetes, **SHORT | {"trials": 5}, workers=1, storage=storage).trials

    with opened(storage) as kept:
        names = optuna.get_all_study_names(kept)
        studies = {
            name.split("/")[1]: optuna.load_study(study_name=name, storage=kept).trials
            for name in names
        }
    assert set(studies) == {*BOTH}
    for engine, trials in studies.items():
        numbers = [trial.user_attrs["boostreg:trial"] for trial in trials]
        assert sorted(numbers) == list(found.trial[found.engine == engine])


WRONG = {
    "none": ([], r"engine must be at least one engine, got \[\]"),
    "unknown": (["xgboost", "catboost"], "engine must be one of .* got 'catboost'"),
    "a number": (3, "engine must be one of .* got 3"),
}


@pytest.mark.parametrize(("engine", "message"), WRONG.values(), ids=WRONG)
def test_engines_are_checked_before_any_fit(diabetes, engine, message):
    with pytest.raises(StudyError, match=message):
        tune(*diabetes, **SHORT, engine=engine)


def test_listed_engines_are_searched_in_their_order(diabetes):
    few = {"trials": 6, "rounds": 3, "cv": 2, "workers": 1, "space": "default"}

    found = tune(*diabetes, engine=["sklearn", "xgboost", "sklearn"], **few)

    assert list(found.trials.engine[:4]) == ["sklearn", "xgboost"] * 2
    assert any("Not searched with engine sklearn" in note for note in found.notes)


CLASSES = {"logistic": (2, "binary"), "softmax": (3, "multiclass")}


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_both_engines_have_every_objective(engine, name):
    """So that ``auto`` needs no other engine for any of them."""
    parameters = {"tweedie": {"tweedie": 1.5}, "quantile": {"quantile": 0.9}}
    n_classes, task = CLASSES.get(name, (0, "regression"))
    rows = np.arange(60)
    dataset = read_dataset(
        rows[:, None],
        rows % (n_classes or 7) + 1,
        cv=2,
        seed=0,
        task=task,
        objective=parameters.get(name, name),
    )

    ENGINES[engine].check(Penalty(reg_lambda=0.0), dataset.problem(None, 0))


def tuning_of(engines=BOTH, *, racing="moderated", **options):
    given = {"space": SPACE, "n_trials": 40, "sampler": "sobol"} | options
    return Tuning(
        outer=None,
        proposers={engine: Proposer(**given) for engine in engines},
        limits=FitSettings(n_inner=5, n_rounds=60, patience=8, seed=5),
        racing=racing,
    )


@pytest.fixture
def better(noisy):
    """Return the maker of fits of which those of one engine are better by 0.3."""

    def make(engine):
        def measure(fit):
            result = noisy(fit)
            worse = 0.3 * (fit.engine != engine)
            return replace(result, valid_loss=result.valid_loss + worse)

        return measure

    return make


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize("sampler", ["sobol", "tpe"])
def test_an_engine_that_is_better_gets_more_trials(run, better, engine, sampler):
    tuning = tuning_of(sampler=sampler)

    run(tuning, better(engine), workers=3)

    engines = [trial.engine for trial in tuning.trials]
    assert engines[:4] == [*BOTH] * 2
    sampled = engines[4 + IN_FLIGHT :]
    assert 0.7 < sampled.count(engine) / len(sampled) < 0.8
    best = tuning.trials[tuning.selection.best.trial]
    assert best.engine == engine


@pytest.mark.parametrize("sampler", ["sobol", "tpe", "nsga2"])
def test_simulated_results_do_not_depend_on_workers_or_delays(run, better, sampler):
    found = set()
    for workers in (1, 3, 8):
        tuning = tuning_of(sampler=sampler, n_trials=32)
        run(tuning, better("xgboost"), workers=workers, seed=workers)
        trials = [(t.engine, t.penalty, t.state, t.loss) for t in tuning.trials]
        found.add(repr(trials) + repr(tuning.selection))

    assert len(found) == 1


def test_never_more_are_open_than_in_flight(run, better):
    widest, _ = run(tuning_of(), better("xgboost"), workers=8)

    assert widest == IN_FLIGHT


def test_a_trial_races_against_the_trials_of_the_other_engine(run, better):
    """The worse engine loses more races than it would alone."""
    alone, joint = tuning_of(["lightgbm"]), tuning_of()

    for tuning in (alone, joint):
        run(tuning, better("xgboost"))

    states = [
        [trial.state for trial in tuning.trials[12:] if trial.engine == "lightgbm"]
        for tuning in (alone, joint)
    ]
    shares = [each.count("raced") / len(each) for each in states]
    assert shares[0] < shares[1]
    assert shares[1] > 0.7


def test_equal_penalties_of_two_engines_are_both_measured(run, better):
    tuning = tuning_of(n_trials=2, racing=None)

    run(tuning, better("xgboost"))

    one, two = tuning.trials
    assert one.penalty == two.penalty
    assert two.loss == pytest.approx(one.loss - 0.3)


@pytest.mark.parametrize("engine", BOTH)
def test_penalties_of_a_pick_are_tested_with_its_engine(better, engine):
    search = TuningJob(tuning_of(n_trials=16))
    job, tested = ActingJob(search), []
    while not job.done:
        for work in search.ready():
            search.receive(work, better(engine)(work.fit))
        for work in job.ready():
            tested.append(work.fit.engine)
            job.receive(work, better(engine)(work.fit))

    assert set(tested) == {engine}


def test_without_a_complete_trial_both_engines_are_named(run):
    tuning = tuning_of(n_trials=6)
    run(tuning, lambda _: FitError("no"))

    with pytest.raises(FitError, match="No trial of lightgbm and xgboost on all rows"):
        _ = tuning.selection


def drive(proposer, loss_of):
    """Tell each trial as soon as it is asked; return the engines."""
    asked = []
    while proposer.may_ask:
        engine, _ = proposer.ask()
        proposer.tell(len(asked), loss_of(engine))
        asked.append(engine)
    return asked


def test_the_others_share_the_fourth_trial_in_turn():
    sizes = {"a": 1, "b": 3, "c": 1}
    first = tuple(Penalty(max_leaves=n) for n in (2, 3, 4))
    proposer = JointProposer(
        {
            name: Proposer(
                space=SPACE, sampler="sobol", n_trials=17, first=first[:n], in_flight=1
            )
            for name, n in sizes.items()
        }
    )

    asked = drive(proposer, {"a": 2.0, "b": None, "c": 1.0}.get)

    assert asked[:5] == ["a", "b", "c", "b", "b"]
    assert asked[5:] == [*"ccca", *"cccb", *"ccca"]


def test_outcomes_within_the_window_change_nothing():
    """An engine that becomes better at trial s leads from trial s + in_flight on."""
    lead = []
    for in_flight in (1, 2, 3):
        proposer = JointProposer(
            {
                name: Proposer(
                    space=SPACE, sampler="sobol", n_trials=24, in_flight=in_flight
                )
                for name in BOTH
            }
        )
        losses = iter([1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 0.5, *[3.0] * 20])
        asked = drive(proposer, lambda _, losses=losses: next(losses))
        assert asked[:8] == [*BOTH * 2, *["lightgbm"] * 3, "xgboost"]
        lead.append(asked[8:].index("xgboost"))

    assert lead == [0, 1, 2]


def rare_penalties(twelfth):
    """Return the penalties of the worse engine, given the loss of its twelfth trial."""
    both = {name: Proposer(space=SPACE, n_trials=80) for name in BOTH}
    proposer, found = JointProposer(both), []
    while proposer.may_ask:
        number, (engine, penalty) = proposer.n_asked, proposer.ask()
        loss = 1.0
        if engine == "xgboost":
            found.append(penalty)
            loss = twelfth if len(found) == 12 else 2 + 0.01 * len(found)
        proposer.tell(number, loss)
    return found


def test_an_engine_with_few_trials_learns_from_its_latest():
    """The trial before is four trials ago, so its outcome is known."""
    one, other = rare_penalties(2.5), rare_penalties(1.5)

    assert one[:12] == other[:12]
    assert one[12] != other[12]


def test_report_is_a_page_of_the_picks_the_front_and_the_notes(tuned, tmp_path):
    noted = replace(tuned, notes=("Less than <planned>.",))

    text = noted.report(tmp_path / "search.html").read_text("utf-8")

    assert "Less than &lt;planned&gt;." in text
    for loss in (tuned.best.loss, tuned.one_se.loss, *tuned.pareto.loss):
        assert f">{loss:.6g}<" in text
    assert f"n_estimators&#x27;: {tuned.best.n_rounds}" in text
    assert "<svg" in text
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")
    with pytest.raises(StudyError, match="could not be written: No such file"):
        tuned.report(tmp_path / "none" / "search.html")


def test_saved_model_is_the_best_estimator(tuned, diabetes, tmp_path):
    loaded = load_model(tuned.save(tmp_path / "model"))

    X, _ = diabetes
    np.testing.assert_allclose(loaded.predict(X), tuned.predict(X), rtol=1e-5)
