"""A penalty's effect on given trees, and on which trees grow, add up to the whole."""

from dataclasses import replace

import numpy as np
import pytest
from problems import make_problem, make_table

from boostreg.data import make_splits
from boostreg.effects.effects import PathRow
from boostreg.effects.mechanism import (
    MEASURES,
    RefreshWork,
    assign,
    mechanism,
    refresh,
    why_not_split,
)
from boostreg.engines import Growth, get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, run_fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty

ENGINES = ["xgboost", "lightgbm"]
VALUES = (0.5, 20.0)
N_FOLDS, N_ROUNDS = 3, 12


@pytest.fixture(scope="module")
def dataset():
    table = make_table("logistic")
    folds = {"folds": N_FOLDS, "repeats": 1}
    splits = make_splits(table, outer=folds, inner=folds, seed=0)
    return Dataset(table, splits, Objective("logistic", None, 2))


def fit_of(engine, penalty, inner=0):
    return Fit(
        outer=0,
        inner=inner,
        engine=engine,
        penalty=penalty,
        n_rounds=N_ROUNDS,
        patience=None,
        seed=0,
    )


def rows_of(dataset, engine, name):
    """Return a path's rows at equal rounds, and the refreshed trees of its folds."""
    rows, refreshed = [], {}
    free = Penalty(reg_lambda=0.0, max_leaves=6)
    for inner in range(N_FOLDS):
        for point, value in enumerate((0.0, *VALUES)):
            fit = fit_of(engine, replace(free, **{name: value}), inner)
            found = run_fit(dataset, fit)
            rows.append(
                PathRow(
                    engine=engine,
                    penalty=name,
                    anchor="fixed",
                    reading="equal",
                    point=point,
                    value=value,
                    outer_fold=0,
                    inner_fold=inner,
                    rounds=N_ROUNDS,
                    loss=float(found.valid_loss[-1]),
                    train_loss=float(found.train_loss[-1]),
                    size=found.sizes.at(found.n_rounds),
                    seconds=0.0,
                )
            )
        work = RefreshWork(fit_of(engine, free, inner), name, VALUES)
        refreshed[0, inner] = work.decode(work.run(dataset))
    return rows, refreshed


@pytest.mark.parametrize("name", ["reg_alpha", "reg_lambda"])
@pytest.mark.parametrize("engine", ENGINES)
def test_both_parts_make_the_whole_difference_to_zero_penalty(dataset, engine, name):
    rows, refreshed = rows_of(dataset, engine, name)

    found = mechanism(rows, refreshed, 0.5)

    for number, point in enumerate(found.points, start=1):
        for measure in MEASURES:
            at = [
                np.mean([r.measure(measure) for r in rows if r.point == p])
                for p in (0, number)
            ]
            parts = point.shrinkage[measure], point.structure[measure]
            whole = point.total[measure].estimate
            assert whole == pytest.approx(at[1] - at[0], rel=1e-12, abs=1e-12)
            assert sum(p.estimate for p in parts) == pytest.approx(
                whole, rel=1e-12, abs=1e-12
            )
        assert point.shrinkage["leaves"].estimate == 0
        assert point.shrinkage["l2_norm"].estimate < 0


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_penalty_given_trees_keep_their_loss(dataset, engine):
    fit = fit_of(engine, Penalty(reg_lambda=0.0, max_leaves=6))
    work = RefreshWork(fit, "reg_lambda", (0.0,))

    (found,) = work.decode(work.run(dataset))

    grown = run_fit(dataset, fit)
    assert found.loss == pytest.approx(grown.valid_loss[-1], rel=1e-5)
    assert found.train_loss == pytest.approx(grown.train_loss[-1], rel=1e-5)
    assert found.size.n_leaves == grown.sizes.n_leaves[-1]


def test_stumps_of_one_feature_have_no_structure_effect():
    """One binary feature leaves but one split, which no reg_lambda here prevents."""
    rng = np.random.default_rng(0)
    table = make_table()
    X = rng.integers(0, 2, (400, 1)).astype(float)
    table = replace(
        table, X=X, y=X[:, 0] + rng.normal(size=400), columns=table.columns[:1]
    )
    folds = {"folds": N_FOLDS, "repeats": 1}
    splits = make_splits(table, outer=folds, inner=folds, seed=0)
    data = Dataset(table, splits, Objective("squared_error"))

    found = mechanism(*rows_of(data, "xgboost", "reg_lambda"), 0.5)

    for point in found.points:
        scale = abs(point.total["loss"].estimate)
        assert abs(point.structure["loss"].estimate) < 1e-4 * scale


def test_a_missing_fold_leaves_the_question_open(dataset):
    rows, refreshed = rows_of(dataset, "xgboost", "reg_lambda")

    assert mechanism(rows, dict(list(refreshed.items())[1:]), 0.5) is None


@pytest.mark.parametrize(
    "changed", [{"subsample": 0.5}, {"path_smooth": 1.0}, {"cat_l2": 1.0}]
)
def test_leaves_that_depend_on_more_than_their_rows_are_not_refreshed(changed):
    assert why_not_split(Penalty(), make_problem()) is None
    assert why_not_split(Penalty(**changed), make_problem())


@pytest.mark.parametrize("kind", ["absolute_error", "quantile"])
def test_leaves_that_are_quantiles_are_not_refreshed(kind):
    assert "quantiles" in why_not_split(Penalty(), make_problem(kind))


@pytest.mark.parametrize("engine", ENGINES)
def test_leaves_within_monotone_bounds_are_not_refreshed(engine):
    """Bounds move leaves away from what their own rows ask for."""
    free = make_problem()
    bound = replace(free, monotone=(1, 0, -1, 0, 0))
    penalty, grower = Penalty(reg_lambda=0.0, max_leaves=16), get_engine(engine)

    def misses(problem):
        bins = grower.bin(problem)
        trees = grower.trees(grower.fit(bins, penalty, Growth(n_rounds=5)).model)
        anew = refresh(trees, assign(trees, problem), problem, penalty).trees
        return np.abs(anew.value - trees.value)[trees.left < 0].max()

    assert misses(free) < 1e-4
    assert misses(bound) > 1e-2
    assert why_not_split(penalty, free) is None
    assert "monotone" in why_not_split(penalty, bound)


def test_the_key_knows_values_and_name(dataset):
    fit = fit_of("xgboost", Penalty())
    keys = {
        RefreshWork(fit, name, values).key(dataset)
        for name in ("reg_alpha", "reg_lambda")
        for values in ((1.0,), (1.0, 2.0))
    }

    assert len(keys) == 4
