"""Zeros and evenness at equal strength, and what the largest weights keep."""

from dataclasses import replace

import numpy as np
import pytest
from samples import ENGINES, make_sample, measure

from boostreg.claims.experiments.coefficients import (
    Linear,
    coefficients,
    fit_kept,
    matched,
)
from boostreg.claims.experiments.sparsity import touching


@pytest.mark.parametrize("kind", ["squared_error", "logistic"])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_matched_models_keep_the_share_that_is_asked(kind, l1_ratio):
    linear = Linear.of(make_sample(kind))
    grid = linear.grid(l1_ratio)
    kept = fit_kept(linear, linear.path(grid, l1_ratio))
    lengths = np.linalg.norm(coefficients(linear.path(grid, l1_ratio)), axis=1)

    by_fit = np.linalg.norm(matched(linear, l1_ratio, 0.9, "fit"))
    by_norm = np.linalg.norm(matched(linear, l1_ratio, 0.4, "norm"))

    assert by_fit == pytest.approx(np.interp(0.9, kept, lengths), rel=0.05)
    assert by_norm == pytest.approx(0.4 * np.linalg.norm(linear.free()), rel=1e-4)


def test_lasso_zeroes_what_is_sparse_and_little_of_what_is_dense():
    sparse = make_sample(noise=0.5)
    dense = make_sample(beta=np.array([1.0, -1.0, 1.0, -1.0, 1.0]), noise=0.5)

    far, near = (measure("coefficient_sparsity", one).values for one in (sparse, dense))

    assert far["zero_share_difference"] > 0.5
    assert far["gini_difference"] > 0
    assert near["zero_share_difference"] == 0
    assert abs(near["gini_difference"]) < 0.05


@pytest.mark.parametrize("engine", ENGINES)
def test_leaves_have_zeros_under_l1_alone_and_none_where_all_are_large(engine):
    noisy = measure("leaf_sparsity", make_sample(), engine=engine).values
    x = np.repeat([0.0, 1.0], 150)
    plain = replace(make_sample(), X=x[:, None], y=2 * x, X_new=x[:, None], y_new=2 * x)
    even = measure("leaf_sparsity", plain, engine=engine, rounds=1).values

    assert noisy["l2_zero_share"] == 0
    assert noisy["zero_share_difference"] > 0.1
    assert noisy["zero_share_difference_same_trees"] > 0.05
    assert noisy["gini_difference"] > 0
    assert even["zero_share_difference_same_trees"] == 0
    assert abs(even["gini_difference_same_trees"]) < 1e-3


def test_the_largest_coefficient_keeps_more_under_l1_where_many_are_small():
    many = np.r_[4.0, np.tile([0.4, -0.4], 8)]
    few = np.r_[1.0, -1.0, 1.0]

    far, near = (
        measure("largest_coefficients", make_sample(beta=b, noise=0.3), largest=1)
        for b in (many, few)
    )

    assert far.values["difference"] > 0.01
    assert near.values["difference"] < far.values["difference"]
    assert 0 < far.values["l2_kept"] < far.values["l1_kept"] < 1


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_leaves_keep_the_same_under_both(engine):
    x = np.repeat([0.0, 1.0], 150)
    plain = replace(make_sample(), X=x[:, None], y=2 * x, X_new=x[:, None], y_new=2 * x)

    found = measure("largest_leaves", plain, engine=engine, rounds=1).values

    assert found["l1_kept"] == pytest.approx(0.5, abs=1e-3)
    assert found["difference"] == pytest.approx(0, abs=1e-3)


def test_the_diamond_is_touched_at_its_corner_and_the_circle_is_not():
    assert touching(1).tolist() == [1.0, 0.0]
    assert (np.abs(touching(2)) > 0.1).all()
    assert np.linalg.norm(touching(2)) == pytest.approx(1)
