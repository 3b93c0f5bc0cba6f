"""Binned rows are shared by all fits of a split, as long as there is room."""

import numpy as np
import pytest
from problems import make_table

from boostreg.data import leave_to_the_file, make_splits
from boostreg.fits import dataset as module
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, run_fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty


@pytest.fixture
def dataset(monkeypatch):
    """Return data whose table has room for four of its ten binned inner folds."""
    monkeypatch.setattr(module, "MIN_ROOM", 0)
    table = make_table()
    inner = {"folds": 5, "repeats": 2}
    splits = make_splits(table, outer={"holdout": 0.2}, inner=inner, seed=0)
    return Dataset(table, splits, Objective("squared_error"))


def test_a_split_is_binned_once_while_there_is_room(dataset):
    first = dataset.bins("lightgbm", None, 0)

    assert dataset.bins("lightgbm", None, 0) is first
    assert dataset.bins("xgboost", None, 0) is not first


def test_what_was_not_used_for_longest_makes_room(dataset):
    kept = [dataset.bins("lightgbm", None, inner) for inner in range(4)]
    dataset.bins("lightgbm", None, 0)
    dataset.bins("lightgbm", None, 4)

    assert dataset.bins("lightgbm", None, 0) is kept[0]
    assert dataset.bins("lightgbm", None, 3) is kept[3]
    assert dataset.bins("lightgbm", None, 1) is not kept[1]


def test_small_data_keep_every_split(dataset, monkeypatch):
    monkeypatch.undo()
    whole = Dataset(dataset.table, dataset.splits, dataset.objective)
    kept = [whole.bins("lightgbm", None, inner) for inner in range(10)]

    assert [whole.bins("lightgbm", None, i) for i in range(10)] == kept


def test_mapped_pages_come_back_as_they_were(tmp_path):
    values = np.arange(10_000.0)
    np.save(tmp_path / "values.npy", values)
    mapped = np.load(tmp_path / "values.npy", mmap_mode="r")

    for array in (mapped, np.asarray(mapped), values):
        leave_to_the_file(array)
        np.testing.assert_array_equal(array, np.arange(10_000.0))


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
def test_data_opened_from_files_give_the_same_fits(dataset, tmp_path, engine):
    dataset.save(tmp_path)
    opened = Dataset.open(tmp_path)

    for inner in (0, 7, 0):
        fit = Fit(
            outer=None,
            inner=inner,
            engine=engine,
            penalty=Penalty(),
            n_rounds=5,
            patience=None,
            seed=0,
        )
        here, there = run_fit(dataset, fit), run_fit(opened, fit)
        np.testing.assert_array_equal(here.valid_loss, there.valid_loss)
