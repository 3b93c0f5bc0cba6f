"""Splits: the folds of every level of a study, the same in every process."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from boostreg.data import make_splits, prepare_table
from boostreg.errors import DataError


def rows_of(n_samples):
    """Return a regression table of one column that numbers its rows."""
    frame = pd.DataFrame({"x": range(n_samples), "y": range(n_samples)})
    return prepare_table(frame, target="y")


def test_splits_answer_for_every_level():
    table = rows_of(20)
    plan = {"folds": 5, "repeats": 2}

    splits = make_splits(table, outer=plan, inner={"holdout": 0.25}, seed=3)

    assert (splits.n_outer, splits.n_inner) == (10, 1)
    assert splits.rows(None, None)[0].tolist() == list(range(20))
    assert not len(splits.rows(None, None)[1])
    assert splits.rows(2, None)[1] is splits.outer[2].test
    assert splits.rows(2, 0)[1] is splits.inner[2][0].test
    assert splits.rows(None, 0)[1] is splits.inner[None][0].test
    assert (splits.outer_ratio, splits.inner_ratio) == (4 / 16, 5 / 15)
    assert all(part.dtype == np.int64 for part in splits.rows(1, 0))


def test_repeats_and_levels_and_seeds_differ():
    table = rows_of(30)
    plan = {"folds": 3, "repeats": 2}

    first = make_splits(table, outer=plan, inner=plan, seed=0)
    second = make_splits(table, outer=plan, inner=plan, seed=1)

    prints = [
        fold.fingerprint
        for splits in (first, second)
        for folds in (splits.outer, splits.inner[None])
        for fold in folds
    ]
    assert len(set(prints)) == len(prints) == 24


SCRIPT = """
from pathlib import Path
from boostreg.data import make_splits, prepare_table, read_source

frame = read_source("synthetic:mixed", base=Path())
table = prepare_table(frame, target="target")
splits = make_splits(table, outer={"folds": 3}, inner={"folds": 2}, seed=7)
print(splits.inner[1][1].fingerprint[:16])
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_folds_are_the_same_in_every_process_and_on_every_platform(hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "c2656bc70c836914"


GROUPED = pd.DataFrame(
    {
        "x": range(600),
        "y": ["a", "b", "b", "b", "b", "b"] * 100,
        "group": np.repeat(range(120), 5),
    }
)


@pytest.mark.parametrize("groups", [None, "group"])
@pytest.mark.parametrize("outer", [{"folds": 3}, {"holdout": 0.5}])
def test_a_search_sees_few_rows_and_the_judges_are_the_same(groups, outer):
    table = prepare_table(GROUPED, target="y", groups=groups)
    whole = make_splits(table, outer=outer, inner={"folds": 2}, seed=0)

    splits = make_splits(table, outer=outer, inner={"folds": 2}, seed=0, searched=120)

    for number, fold in enumerate(splits.outer):
        assert fold.fingerprint == whole.outer[number].fingerprint
    for level in (*range(splits.n_outer), None):
        seen, judges = splits.rows(level, "searched")
        train, test = splits.rows(level, None)
        inner = [np.concatenate(splits.rows(level, k)) for k in range(2)]
        assert 110 <= len(seen) <= 130
        assert np.isin(seen, train).all()
        assert judges.tolist() == test.tolist()
        assert all(np.sort(part).tolist() == seen.tolist() for part in inner)
        if groups is None:
            assert (table.y[seen] == 0).mean() == pytest.approx(1 / 6, abs=0.01)
        else:
            left = np.setdiff1d(train, seen)
            assert not np.isin(table.groups[seen], table.groups[left]).any()


@pytest.mark.parametrize("groups", [None, "group"])
def test_folds_of_some_rows_never_have_another(groups):
    table = prepare_table(GROUPED, target="y", groups=groups)
    folds = {"folds": 3}

    splits = make_splits(table, outer=folds, inner=folds, seed=0, used=150, searched=60)

    used, none = splits.rows(None, None)
    judged = np.concatenate([fold.test for fold in splits.outer])
    assert 140 <= len(used) == splits.n_used <= 160
    assert len(none) == 0
    assert np.sort(judged).tolist() == used.tolist()
    for level in (0, 1, 2, None):
        for part in ("searched", "rounds", 0, None):
            assert np.isin(np.concatenate(splits.rows(level, part)), used).all()
    if groups is None:
        assert (table.y[used] == 0).mean() == pytest.approx(1 / 6, abs=0.01)
    else:
        left = np.delete(np.arange(table.n_samples), used)
        assert not np.isin(table.groups[used], table.groups[left]).any()


def test_rounds_are_found_on_all_training_rows_but_one_inner_test():
    splits = make_splits(
        rows_of(90), outer={"folds": 3}, inner={"folds": 2}, seed=0, searched=20
    )

    for level in (0, 1, 2, None):
        train, held = splits.rows(level, "rounds")
        assert held.tolist() == splits.inner[level][0].test.tolist()
        every = splits.rows(level, None)[0].tolist()
        assert np.sort(np.concatenate([train, held])).tolist() == every
        assert not np.isin(train, held).any()


@pytest.mark.parametrize("searched", [None, 60, 1000])
def test_a_search_that_may_see_all_rows_has_the_folds_of_all(searched):
    table, plan = rows_of(90), {"folds": 3}

    splits = make_splits(table, outer=plan, inner=plan, seed=0, searched=searched)

    seen = splits.rows(0, "searched")[0]
    assert seen.tolist() == splits.outer[0].train.tolist()
    assert (0 in splits.searched) is False


def test_a_class_that_few_rows_lack_is_named_with_their_number():
    frame = pd.DataFrame({"x": range(4000), "y": ["a"] * 3990 + ["rare"] * 10})
    table, plan = prepare_table(frame, target="y"), {"folds": 2}

    with pytest.raises(DataError, match=r"search sees 100 rows.*'rare'"):
        make_splits(table, outer=plan, inner=plan, seed=0, searched=100)
