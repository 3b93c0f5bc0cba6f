"""Predictions of refits on outer folds, and what permuting a column costs."""

import math
from dataclasses import replace

import numpy as np
import pytest

from boostreg.data import make_splits, prepare_table
from boostreg.engines import get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, grow, run_fit
from boostreg.fits.work import PickWork, ReferenceWork
from boostreg.losses import Objective
from boostreg.penalty import Penalty

ENGINES = ("xgboost", "lightgbm", "sklearn")


@pytest.fixture(scope="module")
def dataset():
    """Return rows whose target depends on the first column alone."""
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    frame["c"] = 1.0 * (frame["c"] > 9)  # constant, so that no tree can use it
    frame["y"] = 3 * frame["a"] + rng.normal(size=200)
    table = prepare_table(frame, target="y", task="regression")
    splits = make_splits(
        table,
        outer={"folds": 2, "repeats": 1},
        inner={"folds": 2, "repeats": 1},
        seed=0,
    )
    return Dataset(table, splits, Objective("squared_error"))


def fit_of(engine, n_rounds=20):
    return Fit(
        outer=1,
        inner=None,
        engine=engine,
        penalty=Penalty(max_leaves=4),
        n_rounds=n_rounds,
        patience=None,
        seed=3,
    )


@pytest.fixture(params=ENGINES)
def fit(request):
    return fit_of(request.param)


def test_predictions_are_those_whose_losses_the_refit_has(dataset, fit):
    work = PickWork(fit)

    record = work.decode(work.run(dataset))

    _, rows = dataset.splits.rows(1, None)
    squares = (dataset.table.y[rows] - record.raw[:, 0]) ** 2
    np.testing.assert_array_equal(squares, run_fit(dataset, fit).row_losses)
    assert record.rises == ()


def test_permuting_an_unused_column_costs_exactly_nothing(dataset, fit):
    columns = tuple(range(dataset.table.n_features))
    work = PickWork(fit, columns)

    rises = work.decode(work.run(dataset)).rises

    assert rises[0] > 1
    assert all(abs(rise) < 0.2 for rise in rises[1:])
    assert rises[-1] == 0


def test_rise_is_that_of_the_mean_loss_over_permutations(dataset, fit):
    """Many permutations of our own have nearly the same mean."""
    work = PickWork(fit, (0,), n_repeats=40)
    (rise,) = work.decode(work.run(dataset)).rises
    engine, model = get_engine(fit.engine), grow(dataset, fit).model
    _, rows = dataset.splits.rows(1, None)
    X, y, rng = dataset.table.X[rows], dataset.table.y[rows], np.random.default_rng(9)
    losses = []
    for _ in range(200):
        moved = X.copy()
        moved[:, 0] = rng.permutation(moved[:, 0])
        losses.append(np.mean((y - engine.predict(model, moved)[:, 0]) ** 2))
    before = np.mean((y - engine.predict(model, X)[:, 0]) ** 2)

    assert rise == pytest.approx(math.log(np.mean(losses) / before), abs=0.05)


def test_same_work_has_the_same_bytes_and_key(dataset, fit):
    work = PickWork(fit, (0, 1))

    assert work.run(dataset) == work.run(dataset)
    assert work.key(dataset) == PickWork(fit, (0, 1)).key(dataset)
    assert work.key(dataset) != PickWork(fit, (1, 0)).key(dataset)
    assert work.key(dataset) != PickWork(fit, (0, 1), n_repeats=4).key(dataset)


def test_rows_are_sampled_where_there_are_too_many(dataset, fit, monkeypatch):
    every = PickWork(fit, (0,)).run(dataset)
    monkeypatch.setattr("boostreg.fits.work._MAX_PERMUTED", 30)
    work = PickWork(fit, (0,))

    found, whole = (work.decode(one) for one in (work.run(dataset), every))

    np.testing.assert_array_equal(found.raw, whole.raw)
    assert found.rises != whole.rises
    assert found.rises[0] > 1


def test_rows_without_weight_are_not_permuted(dataset, fit, monkeypatch):
    """Otherwise the few sampled rows may have no weight at all."""
    weights = 1.0 * (np.arange(200) % 10 == 0)
    table = replace(dataset.table, weights=weights)
    weighted = Dataset(table, dataset.splits, dataset.objective)
    monkeypatch.setattr("boostreg.fits.work._MAX_PERMUTED", 3)
    work = PickWork(fit, (0,))

    (rise,) = work.decode(work.run(weighted)).rises

    assert math.isfinite(rise)


@pytest.mark.parametrize("engine", ENGINES)
def test_default_model_has_the_predictions_of_its_losses(dataset, engine):
    work = ReferenceWork(0, engine, seed=1)

    record = work.decode(work.run(dataset))

    _, rows = dataset.splits.rows(0, None)
    squares = (dataset.table.y[rows] - record.raw[:, 0]) ** 2
    np.testing.assert_array_equal(squares, record.row_losses)
    assert record.test_loss == pytest.approx(squares.mean())
