"""Folds: every row judged once, nothing leaks, and what cannot be split is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.data import (
    Column,
    Table,
    make_folds,
    make_holdout,
    make_splits,
)
from boostreg.errors import DataError


def table_of(y, *, task="regression", **arrays):
    """Return a table of one column that numbers its rows.

    For regression so does the target, where ``y`` does not vary.
    """
    y = np.asarray(y, dtype=np.float64)
    if task == "regression" and len(y) and y.min() == y.max():
        y = np.arange(len(y), dtype=np.float64)
    labels = () if task == "regression" else tuple("abcdefgh"[: int(y.max()) + 1])
    return Table(
        X=np.arange(len(y), dtype=np.float64)[:, None],
        y=y,
        columns=(Column("x"),),
        task=task,
        target="y",
        classes=labels,
        **{name: np.asarray(array) for name, array in arrays.items()},
    )


def every(table):
    return np.arange(table.n_samples)


@st.composite
def problems(draw):
    """Return a table, folds and a seed that fit together, of any task."""
    folds = draw(st.integers(2, 5))
    n_classes = draw(st.sampled_from([1, 2, 3]))
    counts = [draw(st.integers(folds, 12)) for _ in range(n_classes)]
    y = draw(st.permutations(np.repeat(range(n_classes), counts).tolist()))
    task = {1: "regression", 2: "binary", 3: "multiclass"}[n_classes]
    return table_of(y, task=task), folds, draw(st.integers(0, 2**64))


@given(problems())
def test_folds_partition_the_rows(problem):
    table, folds, seed = problem
    rows = every(table)

    made = make_folds(table, rows, folds=folds, seed=seed)

    np.testing.assert_array_equal(np.sort(np.concatenate([f.test for f in made])), rows)
    for fold in made:
        np.testing.assert_array_equal(np.union1d(fold.train, fold.test), rows)
        assert not np.intersect1d(fold.train, fold.test).size


@given(problems())
def test_fold_sizes_differ_by_one_row_at_most_in_total_and_by_class(problem):
    table, folds, seed = problem

    made = make_folds(table, every(table), folds=folds, seed=seed)

    sizes = [len(fold.test) for fold in made]
    counts = np.array(
        [np.bincount(table.y[f.test].astype(int), minlength=64) for f in made]
    )
    assert max(sizes) - min(sizes) <= 1
    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all() or not table.classes


@given(problems(), st.floats(0.05, 0.95))
def test_holdout_holds_its_share_of_every_class(problem, share):
    table, _, seed = problem
    try:
        fold = make_holdout(table, every(table), share=share, seed=seed)
    except DataError as error:
        assert "is missing from a training part" in str(error)  # noqa: PT017  a rare class
        return

    n = table.n_samples
    assert len(fold.test) == min(max(round(share * n), 1), n - 1)
    np.testing.assert_array_equal(np.union1d(fold.train, fold.test), np.arange(n))
    realised = len(fold.test) / n
    counts = np.bincount(table.y[fold.test].astype(int), minlength=1)
    whole = np.bincount(table.y.astype(int))[: len(counts)]
    assert (np.abs(counts - realised * whole) <= 1).all() or not table.classes


@st.composite
def grouped(draw):
    """Return a regression table whose rows belong to groups, and folds for it."""
    folds = draw(st.integers(2, 4))
    sizes = draw(st.lists(st.integers(1, 6), min_size=folds, max_size=12))
    groups = draw(st.permutations(np.repeat(np.arange(len(sizes)) * 7, sizes).tolist()))
    return table_of(np.arange(len(groups)), groups=groups), folds


@given(grouped(), st.integers(0, 9))
def test_groups_never_cross_a_fold(problem, seed):
    table, folds = problem

    made = make_folds(table, every(table), folds=folds, repeats=2, seed=seed)
    held = make_holdout(table, every(table), share=0.3, seed=seed)

    for fold in (*made, held):
        assert len(fold.test)
        assert not np.intersect1d(
            table.groups[fold.train], table.groups[fold.test]
        ).size
    for repeat in (made[:folds], made[folds:]):
        together = np.sort(np.concatenate([fold.test for fold in repeat]))
        np.testing.assert_array_equal(together, every(table))


def test_groups_are_stratified_by_class():
    groups = np.repeat(np.arange(40), 5)
    y = np.repeat(np.arange(40) % 4 == 0, 5)  # ten groups of one class, thirty of other
    table = table_of(y, task="binary", groups=groups)

    made = make_folds(table, every(table), folds=5, seed=0)

    assert {int(table.y[fold.test].sum()) for fold in made} == {10}


@given(
    st.lists(st.integers(0, 30), min_size=8, max_size=60).filter(
        lambda times: len(set(times)) >= 6
    ),
    st.integers(2, 5),
)
def test_time_folds_train_on_the_past_alone(times, folds):
    table = table_of(np.arange(len(times)), time=np.array(times, dtype=float))

    made = make_folds(table, every(table), folds=folds, seed=0)

    assert len(made) == folds
    for fold in made:
        assert table.time[fold.train].max() < table.time[fold.test].min()
    for before, after in itertools.pairwise(made):
        np.testing.assert_array_equal(
            after.train, np.union1d(before.train, before.test)
        )
    assert table.time[made[-1].test].max() == max(times)


def test_time_folds_of_even_data_are_even():
    table = table_of(np.arange(12), time=np.arange(12.0)[::-1])

    made = make_folds(table, every(table), folds=3, seed=0)

    assert [fold.test.tolist() for fold in made] == [[6, 7, 8], [3, 4, 5], [0, 1, 2]]


def test_time_holdout_is_the_last_share():
    table = table_of(np.arange(8), time=[1, 2, 3, 4, 5, 6, 6, 6])

    fold = make_holdout(table, every(table), share=0.25, seed=0)

    assert fold.test.tolist() == [5, 6, 7]


def test_time_and_groups_together_keep_tested_groups_out_of_training():
    table = table_of(np.arange(8), time=np.arange(8.0), groups=[0, 1, 2, 3, 2, 3, 4, 0])

    *_, last = make_folds(table, every(table), folds=3, seed=0)

    assert last.test.tolist() == [6, 7]
    assert last.train.tolist() == [1, 2, 3, 4, 5]


def test_forward_folds_cannot_be_repeated():
    table = table_of(np.arange(8), time=np.arange(8.0))

    with pytest.raises(DataError, match=r"repeats must be 1 .* got 2"):
        make_folds(table, every(table), folds=2, repeats=2, seed=0)


@given(problems())
def test_no_outer_test_row_reaches_an_inner_fold(problem):
    table, folds, seed = problem
    y = np.tile(table.y, 4) if table.classes else np.arange(4 * table.n_samples)
    table = table_of(y, task=table.task)

    splits = make_splits(table, outer={"folds": folds}, inner={"folds": 2}, seed=seed)

    for number, outer in enumerate(splits.outer):
        for inner in splits.inner[number]:
            assert not np.intersect1d(outer.test, np.r_[inner.train, inner.test]).size
            np.testing.assert_array_equal(
                np.union1d(inner.train, inner.test), outer.train
            )


def test_repeats_of_unequal_groups_differ():
    groups = np.repeat(np.arange(9), np.arange(1, 10))
    table = table_of(np.arange(45), groups=groups)

    made = make_folds(table, every(table), folds=3, repeats=3, seed=0)

    assert len({fold.fingerprint for fold in made}) > 3


REFUSED = {
    "rows": (table_of([1, 2, 3]), {"folds": 5}, "5 folds need at least 5 rows, got 3"),
    "class": (
        table_of([0] * 9 + [1] * 2, task="binary"),
        {"folds": 3},
        "class 'b' of 'y' has 2 of 11 rows",
    ),
    "groups": (
        table_of(range(6), groups=[0, 0, 0, 1, 1, 1]),
        {"folds": 3},
        "3 folds need at least 3 groups, got 2",
    ),
    "class in one group": (
        table_of([0, 0, 0, 0, 1, 1], task="binary", groups=[0, 1, 2, 3, 4, 4]),
        {"folds": 2},
        "class 'b' of 'y' is missing from a training part",
    ),
    "times": (
        table_of(range(4), time=[1.0, 1.0, 2.0, 2.0]),
        {"folds": 2},
        "2 forward folds need at least 3 different points in time, got 2",
    ),
    "class in time": (
        table_of([0, 0, 0, 1, 1, 1], task="binary", time=np.arange(6.0)),
        {"folds": 2},
        "class 'b' of 'y' is missing from a training part",
    ),
    "weights": (
        table_of(range(4), weights=[1.0, 0.0, 0.0, 0.0]),
        {"folds": 2},
        "part has no row of weight above 0",
    ),
    "one fold": (table_of(range(4)), {"folds": 1}, "folds must be at least 2"),
    "share": (table_of(range(4)), {"holdout": 1.5}, "above 0 and below 1, got 1.5"),
    "one row": (table_of([1.0]), {"holdout": 0.5}, "needs at least 2 rows, got 1"),
    "one group": (
        table_of(range(3), groups=[1, 1, 1]),
        {"holdout": 0.5},
        "at least 2 groups",
    ),
}


@pytest.mark.parametrize(("table", "outer", "words"), REFUSED.values(), ids=REFUSED)
def test_split_that_is_not_possible_is_refused(table, outer, words):
    with pytest.raises(DataError, match=rf"outer: .*{words}"):
        make_splits(table, outer=outer, inner={"folds": 2}, seed=0)


def test_inner_split_that_is_not_possible_names_its_outer_fold():
    table = table_of([0] * 8 + [1] * 4, task="binary")

    with pytest.raises(DataError, match=r"^inner: in outer fold 0, 4 fo"):
        make_splits(table, outer={"folds": 4}, inner={"folds": 4}, seed=0)


def test_train_part_of_one_target_is_refused_with_its_fold():
    y = np.r_[np.zeros(8), 1.0, 2.0]
    table = table_of(y, groups=np.repeat([0, 1, 2, 3, 4], 2))

    with pytest.raises(DataError, match=r"^outer: target 'y' is 0\.0 in all"):
        make_splits(table, outer={"folds": 5}, inner={"folds": 2}, seed=0)


def test_rows_of_weight_zero_teach_no_class():
    table = table_of([0, 0, 1, 1] * 3, task="binary", weights=[1.0, 1.0, 0.0, 0.0] * 3)

    with pytest.raises(
        DataError, match="class 'b' of 'y' is missing from a training part"
    ):
        make_folds(table, every(table), folds=2, seed=0)
