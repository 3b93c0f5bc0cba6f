"""The prior of leaf weights is found again where it was planted."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_friedman1

from boostreg import tune
from boostreg.data import make_splits, prepare_table
from boostreg.fits.dataset import Dataset
from boostreg.losses import Objective
from boostreg.penalty import Penalty, Range
from boostreg.tuning.guess import LeafSums, LeafWork, Prior, guesses, prior
from boostreg.tuning.measuring import FitSettings, inner_fits
from boostreg.tuning.proposals import Proposer
from boostreg.tuning.search import Tuning, TuningJob
from boostreg.tuning.trial import Setting

LAMBDA = Range(low=0.01, high=100.0, log=True, zero=0.2)
ALPHA = Range(low=0.001, high=10.0, log=True, zero=0.2)


def sums_of(gradients, hessian=1.0):
    """Return the sums of leaves whose rows have these gradients."""
    n = np.array([len(g) for g in gradients], dtype=float)
    G = np.array([g.sum() for g in gradients])
    squared = np.array([(g**2).sum() for g in gradients])
    return LeafSums(
        spread=(squared - G**2 / n).sum(),
        freedom=((n - 1) * hessian).sum(),
        squares=(G**2 / (n * hessian)).sum(),
        hessian=(n * hessian).sum(),
        leaves=len(n),
        gradient_unit=2.0,
        hessian_unit=1.0,
        n_samples=100.0,
    )


@pytest.mark.parametrize("std", [0.3, 1.0, 3.0])
def test_a_planted_prior_is_found_again(std):
    """Leaves of 5 to 60 rows, weights from a normal prior, noise of variance 4."""
    rng = np.random.default_rng(0)
    leaves = []
    for n in rng.integers(5, 60, size=4000):
        weight = rng.normal(0, std)
        leaves.append(-weight + rng.normal(0, 2, size=n))

    found = prior([sums_of(leaves[:2000]), sums_of(leaves[2000:])])

    assert found.noise == pytest.approx(4, rel=0.02)
    assert found.variance == pytest.approx(std**2, rel=0.1)
    assert found.reg_lambda == pytest.approx(4 / std**2, rel=0.1)
    assert found.reg_alpha == pytest.approx(4 / (std / math.sqrt(2)), rel=0.06)


def test_leaves_of_mere_noise_suggest_the_strongest_penalty_allowed():
    one = sums_of([np.array([1.0, -1.0])] * 3)

    made = guesses([one], {"reg_lambda": LAMBDA}, {}, "raw")

    assert prior([one]) == Prior(noise=2.0, variance=0.0)
    assert made == [Penalty(reg_lambda=100.0)]


def test_each_guess_is_alone_and_in_the_units_of_the_search():
    rng = np.random.default_rng(1)
    leaves = [rng.normal(rng.normal(0, 1), 2, size=30) for _ in range(500)]
    found = [sums_of(leaves)]
    space = {"reg_alpha": ALPHA, "reg_lambda": LAMBDA}

    first, second = guesses(found, space, {"max_leaves": 8}, "rows")

    assert (second.reg_lambda, first.reg_alpha) == (0.0, 0.0)
    assert first.reg_lambda == pytest.approx(prior(found).reg_lambda / 1.0)
    assert second.reg_alpha == pytest.approx(prior(found).reg_alpha / 2.0)
    assert (first.scale, first.max_leaves) == ("rows", 8)


@given(st.floats(0.001, 1e6), st.floats(0, 1e6), st.floats(1, 100))
def test_a_guess_lies_in_its_range(spread, squares, leaves):
    one = LeafSums(spread, 10.0, squares, 50.0, leaves, 1.0, 1.0, 60.0)

    (made,) = guesses([one], {"reg_lambda": LAMBDA}, {}, "raw")

    assert LAMBDA.low <= made.reg_lambda <= LAMBDA.high


def test_no_leaf_is_no_prior_and_gives_the_defaults():
    none = LeafSums(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 60.0)

    assert prior([none]) is prior([]) is None
    assert guesses([none], {"reg_lambda": LAMBDA}, {}, "raw") == [Penalty()]


@pytest.fixture(scope="module")
def noisy():
    """Return a function that makes a data set of some noise."""

    def make(noise):
        X, y = make_friedman1(240, 6, noise=noise, random_state=0)
        frame = {f"x{k}": column for k, column in enumerate(X.T)} | {"y": y}
        import pandas as pd

        table = prepare_table(pd.DataFrame(frame), target="y")
        inner = {"folds": 3, "repeats": 1}
        splits = make_splits(table, outer=inner, inner=inner, seed=0)
        return Dataset(table, splits, Objective("squared_error"))

    return make


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm", "sklearn"])
def test_more_noise_in_the_data_suggests_more_penalty(noisy, engine):
    limits = FitSettings(n_inner=3, n_rounds=60, patience=10, seed=0)
    free = Penalty(reg_lambda=0.0, min_child_weight=0.0)

    found = []
    for noise in (0.5, 5.0):
        dataset = noisy(noise)
        fits = inner_fits(Setting(engine, None, free), limits)
        works = [LeafWork(fit) for fit in fits]
        found.append(prior([w.decode(w.run(dataset)) for w in works]))

    calm, wild = found
    assert wild.reg_lambda > 3 * calm.reg_lambda
    assert wild.noise == pytest.approx(25, rel=0.6)


def test_guesses_are_the_third_trial_and_wait_for_nothing_but_the_leaves():
    proposer = Proposer(space={"reg_lambda": LAMBDA}, n_trials=6, guessed=True)
    limits = FitSettings(n_inner=2, n_rounds=10, patience=2, seed=0)
    job = TuningJob(Tuning(outer=None, proposers={"xgboost": proposer}, limits=limits))

    asked = job.ready()
    leaves = [work for work in asked if isinstance(work, LeafWork)]

    assert proposer.n_asked == 2
    assert not proposer.may_ask
    for work in leaves:
        job.receive(work, sums_of([np.array([3.0, 1.0])]))
    assert job.guesses == {"reg_lambda": 2}
    later = [work.fit.penalty for work in job.ready()]
    assert later[0] == Penalty(reg_lambda=job.prior.reg_lambda)


def test_a_search_too_short_for_guesses_has_none():
    proposer = Proposer(space={"reg_lambda": LAMBDA}, n_trials=2, guessed=True)

    assert list(proposer.guess_numbers) == []


def test_tune_measures_the_guess_among_its_first_trials(noisy):
    table = noisy(5.0).table
    tuned = tune(
        table.X,
        table.y,
        engine="xgboost",
        space={"reg_lambda": {"low": 0.01, "high": 100, "log": True}},
        trials=4,
        cv=3,
        rounds=30,
        workers=1,
    )

    guessed = tuned.trials["reg_lambda"][2]
    assert 3 < guessed <= 100
