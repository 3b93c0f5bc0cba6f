"""A penalty acts if a pick is not as good without it; the others are switched off."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_friedman1

from boostreg import tune
from boostreg.errors import FitError
from boostreg.penalty import Penalty, Range
from boostreg.tuning import FitSettings, Proposer, TrialCurves, Tuning
from boostreg.tuning.acting import ActingJob, reduction, removable, weakest, without
from boostreg.tuning.search import TuningJob
from boostreg.tuning.trial import Trial

SPACE = {
    "reg_alpha": Range(low=0.001, high=10, log=True, zero=0.2),
    "reg_lambda": Range(low=0.001, high=100, log=True, zero=0.1),
    "min_split_gain": Range(low=0.001, high=100, log=True, zero=0.3),
    "min_child_weight": Range(low=0.001, high=100, log=True, zero=0.3),
    "max_leaves": Range(low=4, high=64, log=True, whole=True),
}
FULL = Penalty(reg_alpha=1.0, reg_lambda=2.0, min_split_gain=3.0, min_child_weight=4.0)
FOLDS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
SAME = FOLDS * 0


def made_trial(penalty, losses, leaves=100.0):
    """Return a trial of one round with these losses by fold; 0 rounds are far off."""
    losses = np.asarray(losses, dtype=np.float64)
    curve = np.array([0.0, leaves])
    curves = TrialCurves(
        number=0,
        valid_loss=np.stack([losses + 1000, losses], axis=1),
        n_leaves=curve,
        n_trees=curve,
        n_bytes=curve,
    )
    return Trial(
        number=0,
        engine="xgboost",
        penalty=penalty,
        state="complete",
        curves=curves,
        n_rounds=1,
    )


def reduce_by(cost, *, penalty=FULL, space=SPACE, tolerance=0.01, leaves=None):
    """Return the reduced pick, and how often trials were requested.

    ``cost`` gives the increase of the loss by fold from the names that are off; the
    pick has a loss of 100 on each fold. ``leaves`` gives the leaves in the same way.
    """
    names = removable(penalty, space)

    def measure(one):
        off = frozenset(names) - frozenset(removable(one, space))
        size = 100.0 if leaves is None else leaves(off)
        return made_trial(one, 100.0 + cost(off), size)

    pick = measure(penalty)
    going = reduction(pick.curves.candidate(1), penalty, pick.curves, space, tolerance)
    wanted, n_requests = next(going), 1
    while True:
        try:
            wanted = going.send({one: measure(one) for one in wanted})
        except StopIteration as end:
            return end.value, n_requests
        n_requests += 1


def acting_of(cost, **options):
    return set(reduce_by(cost, **options)[0].acting) - {"max_leaves"}


def additive(**costs):
    """Return the cost by fold of switching off penalties that do not interact."""
    return lambda off: sum((costs[name] for name in off if name in costs), SAME)


@pytest.mark.parametrize("name", removable(FULL, SPACE))
def test_single_acting_penalty_among_four_is_found(name):
    reduced, n_requests = reduce_by(additive(**{name: SAME + 5 + FOLDS}))

    assert reduced.acting == tuple(n for n in SPACE if n in (name, "max_leaves"))
    assert reduced.penalty == without(
        FULL, [n for n in removable(FULL, SPACE) if n != name], SPACE
    )
    assert n_requests == 2  # each alone, and those that do not act together


def test_exact_tie_goes_off():
    reduced, _ = reduce_by(additive())

    assert reduced.acting == ("max_leaves",)
    assert reduced.penalty == without(FULL, removable(FULL, SPACE), SPACE)


def test_penalty_that_harms_goes_off():
    assert "reg_alpha" not in acting_of(additive(reg_alpha=SAME - 5 + FOLDS))


def test_change_beyond_the_tolerance_acts_however_noisy():
    """Its standard error is 1.4, the tolerance is 1."""
    assert "reg_alpha" in acting_of(additive(reg_alpha=SAME + 1.2 + 2 * FOLDS))


def test_change_within_the_tolerance_does_not_act_however_certain():
    assert "reg_alpha" not in acting_of(additive(reg_alpha=SAME + 0.5))


def test_penalty_that_only_makes_the_model_smaller_acts():
    acting, _ = reduce_by(
        additive(), leaves=lambda off: 800.0 if "min_split_gain" in off else 100.0
    )

    assert acting.acting == ("min_split_gain", "max_leaves")
    assert acting.candidate.n_leaves == 100


def test_two_that_replace_each_other_leave_the_more_costly_one():
    def cost(off):
        both = {"reg_alpha", "reg_lambda"} <= off
        return SAME + (20 if both else 0) + (0.001 if "reg_lambda" in off else 0)

    assert acting_of(cost, tolerance=0.01) == {"reg_lambda"}


def test_none_goes_off_that_acts_alone():
    every = dict.fromkeys(removable(FULL, SPACE), SAME + 5)
    reduced, n_requests = reduce_by(additive(**every))

    assert reduced.penalty == FULL
    assert set(reduced.acting) == set(SPACE)
    assert n_requests == 1


@pytest.mark.parametrize("n_folds", [1, 5])
def test_tolerance_decides_however_many_folds(n_folds):
    def acts(cost):
        trial = made_trial(FULL, [100.0] * n_folds)
        space = {"reg_alpha": SPACE["reg_alpha"]}
        going = reduction(trial.curves.candidate(1), FULL, trial.curves, space, 0.01)
        (one,) = next(going)
        with pytest.raises(StopIteration) as end:
            going.send({one: made_trial(one, [100.0 + cost] * n_folds)})
        return end.value.value.acting == ("reg_alpha",)

    assert not acts(0.9)
    assert acts(1.1)


def test_failed_measurement_keeps_the_penalty():
    space = {"reg_alpha": SPACE["reg_alpha"]}
    trial = made_trial(FULL, FOLDS + 100)
    going = reduction(trial.curves.candidate(1), FULL, trial.curves, space, 0.01)
    (one,) = next(going)
    with pytest.raises(StopIteration) as end:
        going.send(
            {one: Trial(number=0, engine="xgboost", penalty=one, state="failed")}
        )

    assert end.value.value.penalty == FULL


@given(
    costs=st.lists(st.floats(-20, 20), min_size=4, max_size=4),
    pairs=st.lists(st.floats(-5, 20), min_size=6, max_size=6),
)
def test_reduced_pick_is_never_worse_than_the_tolerance_allows(costs, pairs):
    """Whatever the penalties do alone and together."""
    names = removable(FULL, SPACE)
    both = [{a, b} for i, a in enumerate(names) for b in names[i + 1 :]]

    def cost(off):
        alone = sum(c for name, c in zip(names, costs, strict=True) if name in off)
        return (
            SAME
            + alone
            + sum(c for two, c in zip(both, pairs, strict=True) if two <= off)
        )

    reduced, n_requests = reduce_by(cost)

    assert reduced.candidate.loss <= 100 * 1.01
    assert reduced.candidate.n_leaves <= 100
    assert n_requests <= len(names)
    kept = set(removable(reduced.penalty, SPACE))
    assert kept == set(reduced.acting) - {"max_leaves"}


def test_capacity_and_learning_rate_are_kept():
    space = SPACE | {"learning_rate": Range(low=0.01, high=0.3, log=True)}
    reduced, _ = reduce_by(additive(), space=space)

    assert reduced.acting == ("max_leaves", "learning_rate")
    assert reduced.penalty.learning_rate == FULL.learning_rate


def test_off_is_the_weakest_value_that_the_space_allows():
    samples = Range(low=5, high=50, whole=True)

    assert weakest("min_child_samples", samples) == 5
    assert weakest("min_child_samples", replace(samples, low=1)) == 1
    assert weakest("max_delta_step", Range(low=0.1, high=10, zero=0.5)) == 0
    assert weakest("max_delta_step", Range(low=0.1, high=10)) == 10
    assert weakest("subsample", Range(low=0.5, high=1)) == 1


def run_jobs_on(workers, seed, fit):
    """Run a search and its reduction on simulated workers; return the reduction."""
    searched = {n: SPACE[n] for n in ("reg_alpha", "reg_lambda", "max_leaves")}
    tuning = Tuning(
        outer=2,
        proposers={"xgboost": Proposer(space=searched, n_trials=9)},
        limits=FitSettings(n_inner=3, n_rounds=60, patience=8, seed=5),
    )
    search = TuningJob(tuning)
    jobs, waiting = [search, ActingJob(search)], []
    rng = np.random.default_rng(seed)
    while not all(job.done for job in jobs):
        for job in jobs:
            waiting += [(job, work) for work in job.ready()]
        if not waiting:
            continue
        job, work = waiting.pop(int(rng.integers(min(workers, len(waiting)))))
        job.receive(work, fit(work.fit))
    return jobs[1]


def as_text(job):
    """Return all that a reduction found, to the bit."""
    parts = [
        (one.candidate, one.penalty, one.acting, one.curves.valid_loss.tobytes())
        for one in job.reduced.values()
    ]
    return repr(parts) + repr(job.selection)


def test_reduction_does_not_depend_on_workers_or_delays(noisy):
    found = {
        as_text(run_jobs_on(workers, seed, noisy))
        for workers in (1, 2, 4, 8)
        for seed in range(3)
    }

    assert len(found) == 1


def test_one_se_is_never_larger_than_best(noisy):
    reduced = run_jobs_on(1, 0, noisy).reduced

    assert list(reduced) == ["best", "one_se"]
    assert reduced["one_se"].candidate.n_leaves <= reduced["best"].candidate.n_leaves


def test_search_without_a_complete_trial_has_nothing_to_reduce():
    job = run_jobs_on(1, 0, lambda _: FitError("no"))

    assert job.reduced == {}
    with pytest.raises(FitError, match="No trial of xgboost on outer fold 2"):
        _ = job.selection


PLANTED = {
    "min_child_samples": {"low": 1, "high": 60},
    "min_child_weight": {"low": 0.01, "high": 0.5, "zero": 0.1},
    "cat_l2": {"low": 0.1, "high": 10, "zero": 0.1},
    "max_delta_step": {"low": 1e5, "high": 1e6, "zero": 0.1},
}


def planted_table(n_samples=300):
    """Return noisy rows on which small leaves overfit, without categories.

    A hessian is 1, so that min_child_weight below 1 prevents no split, and no leaf
    weight reaches max_delta_step.
    """
    return make_friedman1(n_samples, noise=4.0, random_state=0)


def test_tuned_picks_name_the_single_planted_penalty():
    limits = {"trials": 8, "rounds": 60, "cv": 3, "workers": 1}
    found = tune(*planted_table(), engine="lightgbm", space=PLANTED, **limits)
    best, one_se = found.best, found.one_se

    assert best.acting == ("min_child_samples",)
    assert best.penalty.min_child_samples > 1
    assert best.params()["cat_l2"] == 0
    for pick in (best, one_se):
        off = pick.penalty
        assert (off.min_child_weight, off.cat_l2, off.max_delta_step) == (0, 0, 0)
    assert found.knee.acting is None
