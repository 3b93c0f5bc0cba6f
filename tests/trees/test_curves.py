"""Curves of all prefixes equal the sizes of each prefix, counted the slow way."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.errors import ModelError
from boostreg.trees import SIZES, TreeEnsemble, TreeSize
from boostreg.trees.size import _count_distinct, prefix_smallest


def slow_size(trees: TreeEnsemble, reg_lambda: float) -> TreeSize:
    """Return the size as its definitions read."""
    leaf = trees.left < 0
    tree = np.repeat(np.arange(trees.n_trees), np.diff(trees.tree_offsets))
    weight = trees.value[leaf] / trees.learning_rates[tree[leaf]]
    hessian = trees.hessian[leaf]
    shares = hessian / (hessian + reg_lambda) if reg_lambda else np.ones(leaf.sum())
    known = shares[~np.isnan(shares)]

    def point(share, method):
        return np.quantile(known, share, method=method) if weight.size else 1.0

    pairs = set(zip(trees.feature[~leaf], trees.threshold[~leaf], strict=True))
    return TreeSize(
        n_trees=trees.n_trees,
        n_leaves=int(leaf.sum()),
        n_splits=int((~leaf).sum()),
        depth=int(trees.depth.max(initial=0)),
        n_features=len(set(trees.feature[~leaf])),
        n_thresholds=len(pairs),
        n_bytes=20 * int((~leaf).sum()) + 8 * int(leaf.sum()),
        l1_norm=np.abs(weight).sum(),
        l2_norm=np.sqrt((weight**2).sum()),
        zero_share=(weight == 0).mean() if weight.size else 0.0,
        shrinkage=np.median(known) if weight.size else 1.0,
        shrinkage_low=point(0.1, "lower"),
        shrinkage_high=point(0.9, "higher"),
    )


@pytest.mark.parametrize("reg_lambda", [0.0, 1.0, 30.0])
def test_curves_of_xgboost_equal_every_prefix(xgboost_case, reg_lambda):
    booster, _ = xgboost_case
    trees = TreeEnsemble.from_model(booster, learning_rate=0.15)

    curves = trees.sizes(reg_lambda)

    for k in range(trees.n_rounds + 1):
        slow = slow_size(trees.truncate(k), reg_lambda)
        np.testing.assert_allclose(astuple(curves.at(k)), astuple(slow), rtol=1e-9)


def test_curves_of_lightgbm_equal_every_prefix(grow):
    for params in ({}, {"lambda_l1": 20.0}, {"objective": "multiclass"}):
        more = {"num_class": 3} if "objective" in params else {}
        booster, _ = grow.lightgbm(**params, **more)
        trees = TreeEnsemble.from_model(booster, intercept=0.25)

        curves = trees.sizes(2.0)

        for k in range(trees.n_rounds + 1):
            slow = slow_size(trees.truncate(k), 2.0)
            np.testing.assert_allclose(astuple(curves.at(k)), astuple(slow), rtol=1e-9)


def test_no_rounds_have_no_size_and_shrink_nothing(grow):
    booster, _ = grow.xgboost()

    size = TreeEnsemble.from_model(booster).size_at(0)

    assert size == TreeSize(*[0] * 7, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("rounds", [-1, 9])
def test_rounds_that_are_not_there_are_refused(grow, rounds):
    booster, _ = grow.xgboost(8)
    trees = TreeEnsemble.from_model(booster)

    for ask in (trees.size_at, trees.truncate):
        with pytest.raises(ModelError, match=f"between 0 and 8, got {rounds}"):
            ask(rounds)


def test_curves_have_one_entry_a_prefix_and_every_size(grow):
    booster, _ = grow.xgboost(8)

    curves = TreeEnsemble.from_model(booster).sizes()

    assert {getattr(curves, name).shape for name in SIZES} == {(9,)}
    assert curves.n_rounds == 8


@given(
    st.lists(st.tuples(st.integers(0, 6), st.floats(-5, 5).map(lambda v: round(v, 1)))),
    st.integers(7, 9),
)
def test_ranks_of_a_prefix_are_those_of_its_sorted_values(pairs, n_prefixes):
    pairs.sort(key=lambda pair: pair[0])
    prefix = np.array([p for p, _ in pairs], dtype=np.int64)
    values = np.array([v for _, v in pairs], dtype=np.float64)

    found = prefix_smallest(values, prefix, n_prefixes)

    for k in range(n_prefixes):
        held = np.sort(values[prefix <= k])
        expected = np.full(4, np.nan)
        if n := held.size:
            tenth = (n - 1) // 10
            expected = held[[tenth, (n - 1) // 2, n // 2, n - 1 - tenth]]
        np.testing.assert_array_equal(found[:, k], expected)


def test_size_has_a_small_table_for_notebooks(grow):
    booster, _ = grow.xgboost(2)

    html = TreeEnsemble.from_model(booster).size()._repr_html_()

    assert "<table><caption>TreeSize</caption>" in html
    assert ">n_trees</th><td>2</td>" in html


@given(st.lists(st.integers(0, 2**62), max_size=300), st.integers(1, 2**40))
def test_distinct_keys_are_counted_however_they_collide(keys, modulus):
    found = _count_distinct(np.array([key % modulus for key in keys], dtype=np.int64))

    assert found == len({key % modulus for key in keys})
