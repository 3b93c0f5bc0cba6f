"""First trees as they are written for a drawing."""

import numpy as np
import pandas as pd
import pytest

from boostreg import BoostedRegressor
from boostreg.data import make_splits, prepare_table
from boostreg.effects.paths import path_points
from boostreg.effects.sketch import Sketch, SketchWork, sketched_points, written_tree
from boostreg.figures.sketch import read_tree
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble


def leaves(node):
    if not node.children:
        return [node.value]
    return [leaf for child in node.children for leaf in leaves(child)]


@pytest.fixture(scope="module")
def forest():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X[:, 0] + 2 * (X[:, 2] > 0)
    model = BoostedRegressor(engine="lightgbm", n_estimators=2, max_leaves=6)
    return TreeEnsemble.from_model(model.fit(X, y))


@pytest.mark.parametrize("tree", [0, 1])
def test_written_tree_has_every_leaf_in_order(forest, tree):
    nodes = slice(*forest.tree_offsets[tree : tree + 2])
    values = forest.value[nodes][forest.left[nodes] < 0]

    read = leaves(read_tree(written_tree(forest, tree)))

    assert sorted(read) == pytest.approx(sorted(values), rel=1e-3)


def test_sketches_span_the_path_and_hold_zero():
    path = path_points("xgboost", Penalty(), {"reg_lambda": (0.0, 1, 2, 3, 4, 5, 6)})

    assert [point.value for point in sketched_points(path)] == [0.0, 2.0, 4.0, 6.0]
    assert [point.value for point in sketched_points(path[:2])] == [0.0, 1.0]


def test_fit_without_a_tree_is_one_leaf_of_zero():
    frame = pd.DataFrame({"x": np.arange(20.0), "y": np.arange(20.0) % 2})
    table = prepare_table(frame, target="y", task="regression")
    folds = {"folds": 2}
    splits = make_splits(table, outer=folds, inner=folds, seed=0)
    data = Dataset(table, splits, Objective("squared_error"))
    work = SketchWork(
        Fit(
            outer=0,
            inner=None,
            engine="lightgbm",
            penalty=Penalty(min_split_gain=1e9),
            n_rounds=1,
            patience=None,
            seed=0,
        )
    )

    assert work.decode(work.run(data)) == Sketch(1, "0")
