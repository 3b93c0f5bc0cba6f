"""Features that are found and features that are not, where the truth is planted."""

from dataclasses import replace

import numpy as np
import pytest
from samples import ENGINES, make_sample, measure


def test_the_lasso_finds_a_strong_truth_and_misses_one_below_the_noise():
    clear = measure("lasso_selection", make_sample(noise=0.5)).values
    weak = make_sample(beta=np.r_[0.02, -0.02, np.zeros(18)], noise=3.0)
    lost = measure("lasso_selection", weak).values

    assert clear["recall"] == clear["recall_at_true_size"] == 1
    assert lost["recall_at_true_size"] < 1
    assert lost["recall_of_largest_ridge"] < 1


def test_the_strength_that_predicts_best_keeps_false_features():
    found = [
        measure("lasso_selection", make_sample(n_samples=100, seed=seed)).values
        for seed in range(5)
    ]

    assert np.mean([one["false_discovery"] for one in found]) > 0.1
    assert np.mean([one["recall"] for one in found]) > 0.9


def test_what_is_no_truth_counts_as_false_for_the_lasso():
    right, wrong = (measure("lasso_selection", one).values for one in turned())

    assert wrong["false_discovery"] > right["false_discovery"]
    assert right["recall"] == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_truth_counts_as_false_for_trees(engine):
    right, wrong = (
        measure("tree_selection", one, engine=engine, rounds=1).values
        for one in turned()
    )

    assert wrong["false_discovery"] > right["false_discovery"]
    assert wrong["recall"] < right["recall"] == 1
    assert right["chosen"] == wrong["chosen"]


def turned():
    """Return a sample, and the same with a truth that it has not."""
    sample = make_sample(noise=0.5)
    return sample, replace(sample, truth={"informative": (3, 4, 5)})
