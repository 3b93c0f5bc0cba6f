"""Each penalty acts as it says in every library, or is refused with the reason."""

from dataclasses import replace

import numpy as np
import pytest
import xgboost
from problems import as_table, make_objective, make_problem
from sklearn.datasets import load_breast_cancer

from boostreg.data import Column
from boostreg.engines import Growth, LightGBM, Problem, XGBoost
from boostreg.errors import UnsupportedPenaltyError
from boostreg.penalty import Penalty

LOGISTIC = make_objective("logistic")
OLD = tuple(int(part) for part in xgboost.__version__.split(".")[:2]) < (3, 4)


def grow(engine, problem, penalty, n_rounds=5, seed=0):
    growth = Growth(n_rounds=n_rounds, seed=seed, curves=False)
    return engine.trees(engine.fit(engine.bin(problem), penalty, growth).model)


@pytest.mark.parametrize("reg_lambda", [0.0, 1.0])
def test_no_minimum_hessian_grows_no_side_without_rows(whole_engine, reg_lambda):
    """Confident classes leave hessians that rounding can be taken for."""
    X, y = load_breast_cancer(return_X_y=True)
    problem = Problem.of(as_table(X, y * 1.0, n_classes=2), None, LOGISTIC)
    free = Penalty(reg_lambda=reg_lambda, min_child_weight=0.0)

    trees = grow(whole_engine, problem, free, n_rounds=80)

    assert trees.n_rounds == 80
    leaves = trees.leaf_indices(X)
    filled = [len(np.unique(column)) for column in leaves.T]
    assert filled == ((np.diff(trees.tree_offsets) + 1) // 2).tolist()


@pytest.mark.parametrize("field", ["subsample", "colsample_bytree"])
def test_sampling_follows_the_seed(whole_engine, field):
    problem, penalty = make_problem(), Penalty(**{field: 0.5})

    first, again, other, whole = (
        grow(whole_engine, problem, p, seed=seed).predict(problem.train.X)
        for p, seed in ((penalty, 1), (penalty, 1), (penalty, 2), (Penalty(), 1))
    )

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, whole)


def test_rows_of_a_round_are_that_share(whole_engine):
    problem = make_problem(n_samples=2000)

    trees = grow(whole_engine, problem, Penalty(subsample=0.4), n_rounds=20)

    rows_a_tree = trees.hessian[trees.left < 0].sum() / trees.n_trees
    assert rows_a_tree == pytest.approx(0.4 * problem.train.n_samples, rel=0.05)


def test_columns_of_a_tree_are_that_share(whole_engine):
    problem = make_problem(codes=(20,) * 10)

    trees = grow(whole_engine, problem, Penalty(colsample_bytree=0.3), n_rounds=10)

    tree = np.repeat(np.arange(trees.n_trees), np.diff(trees.tree_offsets))
    used = [set(trees.feature[tree == t]) - {-1} for t in range(trees.n_trees)]
    assert max(map(len, used)) == 3
    assert len(set().union(*used)) > 3


def test_row_minimum_is_exact_for_squared_error(engine):
    problem = make_problem()
    penalty = Penalty(min_child_samples=17, reg_lambda=0.0)

    leaves = grow(engine, problem, penalty).leaf_indices(problem.train.X)

    counts = [np.unique(column, return_counts=True)[1].min() for column in leaves.T]
    assert min(counts) == 17


def test_row_minimum_is_exact_for_rows_of_one_weight(whole_engine):
    problem = make_problem()
    heavy = replace(problem.train, weights=np.full(problem.train.n_samples, 0.37))
    penalty = Penalty(min_child_samples=17, reg_lambda=0.0)

    one, two = (
        grow(whole_engine, Problem.of(table, None, problem.objective), penalty)
        for table in (problem.train, heavy)
    )

    np.testing.assert_array_equal(one.threshold, two.threshold)


@pytest.mark.parametrize("problem", [("logistic", False), ("squared_error", True)])
def test_row_minimum_that_cannot_be_exact_is_refused(whole_engine, problem):
    kind, weighted = problem

    with pytest.raises(UnsupportedPenaltyError, match="min_child_samples=5 cannot"):
        whole_engine.check(
            Penalty(min_child_samples=5), make_problem(kind, weighted=weighted)
        )


@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax"])
def test_clipped_stumps_agree(kind):
    problem = make_problem(kind, weighted=True)
    penalty = Penalty(max_delta_step=0.3, max_leaves=2, learning_rate=0.5)

    one, two = (
        grow(engine, problem, penalty, 15) for engine in (XGBoost(), LightGBM())
    )

    found = one.predict(problem.train.X)
    np.testing.assert_allclose(found, two.predict(problem.train.X), atol=1e-6)
    assert np.abs(one.value).max() == pytest.approx(0.5 * 0.3)


def test_clip_beside_reg_alpha_is_refused_before_xgboost_3_4():
    engine, penalty = XGBoost(), Penalty(reg_alpha=1.0, max_delta_step=0.5)

    if OLD:
        with pytest.raises(UnsupportedPenaltyError, match="if max_delta_step is"):
            engine.check(penalty, make_problem())
    else:
        engine.check(penalty, make_problem())


def test_clip_of_poisson_is_refused_by_xgboost():
    with pytest.raises(
        UnsupportedPenaltyError, match="also changes the Poisson hessian"
    ):
        XGBoost().check(Penalty(max_delta_step=0.5), make_problem("poisson"))
    LightGBM().check(Penalty(max_delta_step=0.5), make_problem("poisson"))


@pytest.mark.parametrize("name", ["path_smooth", "cat_l2"])
def test_what_xgboost_lacks_is_refused(name):
    with pytest.raises(UnsupportedPenaltyError, match=f"no counterpart of {name}"):
        XGBoost().check(Penalty(**{name: 1.0}), make_problem())
    LightGBM().check(Penalty(**{name: 1.0}), make_problem())


def test_cat_l2_shrinks_splits_of_categories():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 12, size=(400, 1)).astype(float)
    y = rng.normal(size=12)[X[:, 0].astype(int)] + 0.1 * rng.normal(size=400)
    table = replace(as_table(X, y), columns=(Column("c", tuple(map(str, range(12)))),))
    problem = Problem.of(table, None, make_objective("squared_error"))

    free, shrunk = (
        grow(LightGBM(), problem, Penalty(max_leaves=2, cat_l2=strength), 1)
        for strength in (0.0, 30.0)
    )

    assert free.feature[0] == 0
    np.testing.assert_allclose(
        shrunk.value[1:] / free.value[1:],
        (free.hessian[1:] + 1) / (free.hessian[1:] + 31),
        rtol=1e-6,
    )


@pytest.mark.parametrize("kind", ["absolute_error", "quantile"])
@pytest.mark.parametrize("name", ["reg_alpha", "reg_lambda", "max_delta_step"])
def test_penalty_on_leaves_that_are_replaced_is_refused(whole_engine, kind, name):
    penalty = Penalty(**({"reg_lambda": 0.0} | {name: 0.5}))
    problem = make_problem(kind)

    if whole_engine.name == "xgboost" and not OLD:
        whole_engine.check(penalty, problem)
    else:
        with pytest.raises(
            UnsupportedPenaltyError,
            match=rf"replaces every leaf .* so {name}=0\.5 would",
        ):
            whole_engine.check(penalty, problem)


@pytest.mark.parametrize("kind", ["absolute_error", "quantile"])
def test_reg_lambda_acts_on_their_leaves_since_xgboost_3_4(kind):
    """Until then they are medians, and since then steps on a smooth surrogate."""
    if OLD:
        pytest.skip("refused, see above")
    problem = make_problem(kind)

    free, shrunk = (
        grow(XGBoost(), problem, Penalty(reg_lambda=strength), 1).size().l2_norm
        for strength in (0.0, 100.0)
    )

    assert shrunk < free / 2


@pytest.mark.parametrize("kind", ["absolute_error", "quantile"])
@pytest.mark.parametrize(
    "given", [{"min_split_gain": 20.0}, {"min_child_weight": 40.0}, {"max_leaves": 3}]
)
def test_penalty_on_the_structure_acts_on_their_trees(whole_engine, kind, given):
    problem, free = make_problem(kind), Penalty(reg_lambda=0.0)

    few, many = (
        grow(whole_engine, problem, penalty).size().n_leaves
        for penalty in (replace(free, **given), free)
    )

    assert few < many
