"""Steepness of straight boundaries, and detours of those that trees draw."""

import numpy as np
import pytest
from samples import BETA, ENGINES, make_sample, measure

from boostreg.claims.experiments.smoothness import walk


def test_a_line_that_only_rises_makes_no_detours():
    X = np.random.default_rng(0).normal(size=(50, 3))

    straight = walk(lambda rows: 2 * rows[:, 0], X, seed=1)
    waving = walk(lambda rows: 3 * np.sin(8 * rows[:, 0]), X, seed=1)

    assert straight.detours == pytest.approx(0, abs=1e-12)
    assert straight.total > 0
    assert waving.detours > 0.5


def test_penalties_flatten_a_boundary_that_few_noisy_rows_drew_too_steep():
    beta = np.r_[BETA, np.zeros(10)]
    few = measure("smooth_line", make_sample("logistic", beta=beta, n_samples=60))
    many = measure("smooth_line", make_sample("logistic", n_samples=400))

    for name in ("l1", "l2"):
        change = f"{name}_steepness_change"
        assert few.values[change] < -0.3
        assert few.values[change] < many.values[change]
        steepness = few.series[f"{name}_steepness"]
        assert steepness[-1] < 0.1
        assert steepness[0] > 0.9


@pytest.mark.parametrize("engine", ENGINES)
def test_a_penalty_straightens_trees_as_far_as_it_is_strong(engine):
    sample = make_sample("logistic", n_samples=150)

    none, some, much = (
        measure("smooth_trees", sample, engine=engine, strength=rows, rounds=12).values
        for rows in (0.0, 10.0, 1000.0)
    )

    assert none["l2_variation_change"] == none["l2_detour_change"] == 0
    assert some["l2_detour_change"] < -0.1
    assert much["l2_variation_change"] < some["l2_variation_change"] < 0
