"""Hopeless trials are given up, by a rule that sees no more than the sampler."""

import numpy as np
import pytest
from optuna import create_study
from optuna.exceptions import TrialPruned
from optuna.pruners import WilcoxonPruner

from boostreg.penalty import Range
from boostreg.tuning import FitSettings, Proposer, TrialCurves, Tuning
from boostreg.tuning.measuring import RULES, Race

LAMBDA = {"reg_lambda": Range(low=0.01, high=100, log=True)}
FOLDS = np.array([0.9, 1.3, 1.0, 0.8, 1.1])


def make_tuning(*, n_inner=5, **options):
    given = {"racing": "moderated", "sampler": "sobol", "n_trials": 30} | options
    racing = given.pop("racing")
    return Tuning(
        outer=None,
        proposers={"xgboost": Proposer(space=LAMBDA, **given)},
        limits=FitSettings(n_inner=n_inner, n_rounds=20, patience=20, seed=0),
        racing=racing,
    )


@pytest.fixture
def slope(cut):
    """Return fits whose loss rises with the distance of reg_lambda from 1."""

    def measure(fit):
        rng = np.random.default_rng([fit.inner, int(1e6 * fit.penalty.reg_lambda)])
        distance = abs(np.log10(fit.penalty.reg_lambda + 1e-3))
        level = FOLDS[fit.inner] + distance + 0.02 * rng.normal()
        return cut(level + np.linspace(1, 0, 21), fit)

    return measure


@pytest.fixture
def race():
    """Return a race against an incumbent, differences being small as a rule."""
    rng = np.random.default_rng(0)
    seen = [complete(n, FOLDS + 0.02 * n + 0.05 * rng.normal(size=5)) for n in range(8)]
    return {rule: Race.among(seen, rule) for rule in RULES}


def complete(number, losses, leaves=3):
    """Return the curves of a complete trial of one tree."""
    sizes = dict.fromkeys(("n_leaves", "n_trees", "n_bytes"), np.array([0.0, leaves]))
    curve = np.column_stack([np.full(len(losses), 9.0), losses])
    return TrialCurves(number=number, valid_loss=curve, **sizes)


@pytest.mark.parametrize("rule", RULES)
def test_hopeless_trials_cost_fewer_fits_and_the_best_stays(run, slope, rule):
    full, raced = make_tuning(racing=None), make_tuning(racing=rule)
    _, all_fits = run(full, slope)

    _, fits = run(raced, slope)

    assert len(fits) < (0.6 if rule == "moderated" else 0.95) * len(all_fits)
    assert raced.selection.best == full.selection.best
    assert raced.selection.one_se == full.selection.one_se


def test_raced_trials_say_so_and_offer_no_candidates(run, slope):
    tuning = make_tuning()
    run(tuning, slope)

    raced = [trial for trial in tuning.trials if trial.state == "raced"]

    assert len(raced) > 10
    for trial in raced:
        assert trial.curves is None
        assert trial.reason == f"hopeless after {len(trial.folds)} inner folds"
        assert trial.loss == pytest.approx(
            np.mean([fold.valid_loss for fold in trial.folds])
        )
    assert all(
        one.trial not in {t.number for t in raced} for one in tuning.selection.front
    )


def test_no_penalty_and_our_defaults_are_always_measured(run, cut):
    def measure(fit):
        worst = fit.penalty.reg_lambda in (0.0, 1.0)
        return cut(FOLDS[fit.inner] + 10.0 * worst + np.linspace(1, 0, 21), fit)

    tuning = make_tuning(in_flight=1)
    run(tuning, measure)

    assert [trial.state for trial in tuning.trials[:2]] == ["complete"] * 2


def test_a_trial_sees_no_more_than_the_sampler(run, slope):
    """The first that can be raced is the one that sees five trials."""
    tuning = make_tuning(in_flight=6)
    run(tuning, slope)

    first = min(t.number for t in tuning.trials if t.state == "raced")

    assert first >= 4 + 6


def test_the_sampler_gets_what_a_raced_trial_would_have_lost(run, slope):
    """By pairs: a raced trial on an easy fold is no good trial."""
    reported = {}
    tuning = make_tuning()
    tell = tuning.proposer.tell
    tuning.proposer.tell = lambda n, loss, leaves: (
        reported.__setitem__(n, loss),
        tell(n, loss, leaves),
    )
    run(tuning, slope)

    raced = [trial for trial in tuning.trials if trial.state == "raced"]
    truth = [FOLDS.mean() + abs(np.log10(t.penalty.reg_lambda + 1e-3)) for t in raced]
    np.testing.assert_allclose([reported[t.number] for t in raced], truth, atol=0.1)


def test_leaves_against_loss_is_never_raced(run, slope):
    tuning = make_tuning(sampler="nsga2")
    run(tuning, slope)

    assert {trial.state for trial in tuning.trials} == {"complete"}


def test_four_rivals_are_needed():
    seen = [complete(n, FOLDS) for n in range(5)]

    assert Race.among(seen[:4], "moderated") is None
    assert Race.among(seen, "moderated") is not None


@pytest.mark.parametrize("rule", RULES)
def test_a_trial_is_kept_while_a_prefix_of_it_is_on_the_front(race, result, rule):
    """Its loss is hopeless; with 2 leaves there is no better one."""
    far = race[rule].losses + 5
    folds = [[result([9.0, one], leaves=n) for one in far] for n in (2, 3, 4)]
    lost = [any(race[rule].lost(one[:k]) for k in range(1, 6)) for one in folds]

    assert lost == [False, True, True]


def test_the_front_is_that_of_the_folds_measured_so_far(result):
    """The small trial leads the small rival on the first fold alone."""
    large = [complete(n, FOLDS, leaves=30) for n in range(5)]
    small = complete(5, FOLDS + np.array([6.0, 0, 0, 0, 0]), leaves=2)
    against = Race.among([*large, small], "moderated")
    own = [result([9.0, one + 5], leaves=2) for one in FOLDS]

    assert [against.lost(own[:k]) for k in (1, 2)] == [False, True]


def test_front_of_a_raced_search_is_that_of_a_full_one(run, result):
    """Whatever small trees lose in loss: few fits are saved, no candidate is lost."""

    def measure(fit):
        rng = np.random.default_rng([fit.inner, int(1e6 * fit.penalty.reg_lambda)])
        leaves = 2 + int(10 / (1 + fit.penalty.reg_lambda))
        level = FOLDS[fit.inner] + 20 / leaves + 0.001 * rng.normal()
        return result(level + np.linspace(0.1, 0, 21), leaves=leaves)

    full, raced = make_tuning(racing=None), make_tuning()
    _, all_fits = run(full, measure)

    _, fits = run(raced, measure)

    assert raced.selection.front == full.selection.front
    assert len(fits) < len(all_fits)


@pytest.mark.parametrize("rule", RULES)
def test_better_than_the_incumbent_is_never_lost(race, result, rule):
    for shift in (0.0, 0.1, 1.0):
        best = [result([9.0, loss - shift]) for loss in race[rule].losses]
        assert not any(race[rule].lost(best[:k]) for k in range(1, 6))


def test_moderated_tells_after_one_fold_only_what_is_far_behind(race, result):
    against = race["moderated"]
    first = against.losses[0]
    usual = np.sqrt(against.variance)

    assert against.lost([result([9.0, first + 5 * usual])])
    assert not against.lost([result([9.0, first + usual])])


def test_consistent_lag_is_lost_sooner_than_a_noisy_one(race, result):
    against = race["moderated"]
    lag = np.sqrt(against.variance)
    noise = lag * np.array([3.0, -3.0, 0.0])

    steady = [result([9.0, one]) for one in against.losses[:3] + lag]
    noisy = [result([9.0, one]) for one in against.losses[:3] + lag + noise]

    assert against.lost(steady)
    assert not against.lost(noisy)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("seed", range(20))
def test_ranks_say_what_optuna_s_pruner_says(result, seed):
    rng = np.random.default_rng(seed)
    rival = FOLDS + 0.05 + 0.1 * rng.normal(size=5)
    against = Race(FOLDS, 0.01, "wilcoxon")
    ours = [
        against.lost([result([9.0, one]) for one in rival[:k]]) for k in range(1, 6)
    ]

    theirs = []
    study = create_study(pruner=WilcoxonPruner())

    def objective(trial):
        losses = FOLDS if trial.number == 0 else rival
        for step, loss in enumerate(losses):
            trial.report(loss, step)
            if trial.number == 1:
                theirs.append(trial.should_prune())
        return losses.mean()

    study.optimize(objective, n_trials=2, catch=TrialPruned)
    assert ours == theirs
