"""Splits: the folds of every level of a study, the same in every process."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from boostreg.data import make_splits, prepare_table


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
