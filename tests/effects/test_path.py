"""A path from Python: the rows of ``paths.csv`` for a table of the caller's."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from boostreg import penalty_path
from boostreg.errors import PenaltyError

SMALL = {"cv": 3, "rounds": 30, "patience": 5, "workers": 1}


def test_a_strong_penalty_leaves_fewer_leaves_and_more_loss():
    X, y = load_diabetes(return_X_y=True)

    path = penalty_path(X, y, "min_split_gain", grid=[0, 1e9], **SMALL)

    assert len(path) == 2 * 3 * 2
    path = path[path["reading"] == "stopped"]
    means = path.groupby("value")[["leaves", "loss"]].mean()
    assert means["leaves"][0] > 0
    assert means["loss"][1e9] == pytest.approx(np.var(y), rel=0.05)


def test_the_grid_begins_with_zero_and_counts_are_whole():
    X, y = load_diabetes(return_X_y=True)
    short = SMALL | {"rounds": 3, "points": 4}

    found = penalty_path(X, y, "reg_alpha", engine="lightgbm", **short)
    leaves = penalty_path(X, y, "max_leaves", **short)

    assert sorted(set(found["value"])) == [0.0, 0.001, 0.1, 10.0]
    assert list(dict.fromkeys(leaves["value"])) == [64, 25, 10, 4]


def test_the_grid_of_what_can_not_be_zero_begins_where_it_does_nothing():
    X, y = load_diabetes(return_X_y=True)

    found = penalty_path(X, y, "learning_rate", **SMALL | {"rounds": 3, "points": 3})

    assert list(dict.fromkeys(found["value"])) == [1.0, 0.3, 0.01]


@pytest.mark.parametrize("grid", [[], [1.0, 1.0], [None, 8], [float("inf")], ["8"]])
def test_a_grid_of_something_else_than_numbers_is_refused(grid):
    with pytest.raises(PenaltyError, match="grid must have at least one finite number"):
        penalty_path([[0.0]], [0.0], "max_leaves", grid=grid)


def test_a_part_of_a_leaf_is_refused():
    with pytest.raises(PenaltyError, match=r"max_leaves must be a whole .* got 8\.5"):
        penalty_path([[0.0]] * 9, [0.0, 1.0, 2.0] * 3, "max_leaves", grid=[8.5])


def test_a_name_that_is_no_penalty_is_refused():
    with pytest.raises(PenaltyError, match="name must be one of reg_alpha"):
        penalty_path([[0.0]], [0.0], "lambda")
