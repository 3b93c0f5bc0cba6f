"""Binning rows block by block gives the models of binning them at once."""

from dataclasses import replace

import numpy as np
import pytest
from problems import N_CLASSES, as_table, make_objective, make_target

from boostreg.data import Column
from boostreg.data import rows as module
from boostreg.engines import Growth, Problem, get_engine
from boostreg.penalty import Penalty

N_ROWS, N_COLUMNS = 3000, 6
KINDS = ("squared_error", "logistic", "poisson", "softmax")
every_engine = pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
every_kind = pytest.mark.parametrize("kind", KINDS)


def make_rows(kind):
    """Return weighted rows with an offset, categories, and missing values.

    Two columns have more values than bins, one has few, one is far from 0.
    """
    rng = np.random.default_rng(1)
    X = rng.normal(size=(N_ROWS, N_COLUMNS))
    X[:, 2] = np.round(X[:, 2], 1)
    X[:, 3] += 1e9
    X[:, 4] = rng.integers(0, 3, N_ROWS)
    X[:, 5] = rng.integers(0, 30, N_ROWS)
    X[rng.random(X.shape) < 0.05] = np.nan
    signal = np.nan_to_num(X[:, 0]) + (X[:, 4] == 1)
    classes = N_CLASSES.get(kind, 0)
    table = as_table(
        X,
        make_target(kind, signal, rng),
        rng.uniform(0.5, 2, N_ROWS),
        n_classes=classes,
    )
    columns = list(table.columns)
    columns[4] = Column("few", ("a", "b", "c"))
    columns[5] = Column("many", tuple(f"c{k:02}" for k in range(30)))
    offset = None if classes else rng.normal(scale=0.1, size=N_ROWS)
    return replace(table, columns=tuple(columns), offset=offset)


def problem_of(table, objective, *, fortran=False):
    """Return two thirds of the rows as a problem whose features stay in the table."""
    if fortran:
        table = replace(table, X=np.asfortranarray(table.X))
    tested = np.arange(N_ROWS) % 3 == 0
    parts = [np.flatnonzero(~tested), np.flatnonzero(tested)]
    train, valid = map(table.without_features, parts)
    return Problem.of(train, valid, objective, stored=tuple(map(table.features, parts)))


def trained(problem, engine, penalty):
    bins = get_engine(engine).bin(problem)
    return get_engine(engine).fit(bins, penalty, Growth(n_rounds=6))


def text_of(training, engine):
    native = training.model.native
    if engine == "lightgbm":
        return native.model_to_string()
    return bytes(native.save_raw("ubj"))


@every_engine
@every_kind
@pytest.mark.parametrize("fortran", [False, True], ids=["by rows", "by columns"])
@pytest.mark.parametrize("block_rows", [1999, 64])
@pytest.mark.parametrize("weighted", ["all", "training rows", "none"])
def test_blocks_give_the_same_model(  # noqa: PLR0917 - a case each
    engine, kind, fortran, block_rows, weighted, monkeypatch
):
    table, objective = make_rows(kind), make_objective(kind)
    if weighted == "none":
        table = replace(table, weights=None, offset=None)
    elif weighted == "training rows":
        table.weights[::3] = 1.0  # those of the validation rows
    penalty = Penalty(reg_lambda=2.0, max_leaves=12)
    whole = trained(problem_of(table, objective), engine, penalty)

    monkeypatch.setattr(module, "BLOCK_CELLS", block_rows * N_COLUMNS)
    problem = problem_of(table, objective, fortran=fortran)
    parts = trained(problem, engine, penalty)

    assert problem.features(problem.train).n_blocks > 1
    assert text_of(parts, engine) == text_of(whole, engine)
    np.testing.assert_array_equal(parts.train_loss, whole.train_loss)
    np.testing.assert_array_equal(parts.valid_loss, whole.valid_loss)


@every_engine
def test_blocks_give_the_same_default_model(engine, monkeypatch):
    table, objective = make_rows("squared_error"), make_objective("squared_error")
    whole = get_engine(engine).fit_default(problem_of(table, objective), 0, 1)

    monkeypatch.setattr(module, "BLOCK_CELLS", 500 * N_COLUMNS)
    parts = get_engine(engine).fit_default(problem_of(table, objective), 0, 1)

    X = table.X
    np.testing.assert_array_equal(
        get_engine(engine).predict(parts, X), get_engine(engine).predict(whole, X)
    )


@every_engine
def test_blocks_give_the_same_predictions(engine, monkeypatch):
    table, objective = make_rows("poisson"), make_objective("poisson")
    model = trained(problem_of(table, objective), engine, Penalty()).model
    rows = np.flatnonzero(np.arange(N_ROWS) % 2)
    whole = get_engine(engine).predict(model, table.X[rows])

    monkeypatch.setattr(module, "BLOCK_CELLS", 256 * N_COLUMNS)
    found = get_engine(engine).predict_rows(model, table.features(rows))

    np.testing.assert_array_equal(found, whole)


def test_lightgbm_samples_the_same_rows_of_a_table_too_long_to_bin_by_all(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(210_000, 2))  # bins come from 200,000 rows
    table = as_table(X, X[:, 0] ** 2 + X[:, 1])
    problem = Problem.of(table, None, make_objective("squared_error"))
    whole = trained(problem, "lightgbm", Penalty())

    monkeypatch.setattr(module, "BLOCK_CELLS", 2 * 50_000)
    parts = trained(problem, "lightgbm", Penalty())

    assert text_of(parts, "lightgbm") == text_of(whole, "lightgbm")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("index", [None, np.array([7, 2, 2, 9, 0, 5, 6])])
def test_blocks_and_columns_are_those_of_the_rows(order, index, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_CELLS", 3 * 4)
    X = np.asarray(np.arange(40.0).reshape(10, 4), order=order)
    columns = tuple(Column(f"x{k}") for k in range(4))
    expected = X if index is None else X[index]

    rows = module.FeatureRows(X, columns, index)

    assert [len(block) for block in rows.blocks()] == [3] * (len(expected) // 3) + [1]
    np.testing.assert_array_equal(np.concatenate(list(rows.blocks())), expected)
    np.testing.assert_array_equal(rows.column(2), expected[:, 2])
    np.testing.assert_array_equal(rows.whole(), expected)


def test_no_rows_are_one_block_without_rows():
    rows = module.FeatureRows(np.empty((0, 2)), (Column("a"), Column("b")))

    assert [block.shape for block in rows.blocks()] == [(0, 2)]
