"""A saved model predicts alone in the bare library; what acts acts, or is refused."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
import xgboost
from problems import as_table, make_objective, make_problem

from boostreg.data import Column
from boostreg.engines import Growth, LightGBM, Problem, XGBoost
from boostreg.errors import UnsupportedPenaltyError
from boostreg.penalty import Penalty

LIBRARIES = pytest.mark.parametrize(
    "engine", [XGBoost(), LightGBM()], ids=["xgboost", "lightgbm"]
)
SMOOTH = ["squared_error", "logistic", "softmax", "poisson", "gamma", "tweedie"]


def penalty_for(kind):
    if kind in SMOOTH:
        return Penalty(reg_alpha=0.1, reg_lambda=2.0, max_leaves=6)
    return Penalty(reg_lambda=0.0, max_leaves=6)


def train(engine, problem, kind, **growth):
    return engine.fit(engine.bin(problem), penalty_for(kind), Growth(**growth))


@pytest.mark.parametrize("kind", SMOOTH)
@LIBRARIES
def test_trees_and_intercept_are_what_is_predicted(engine, kind):
    problem = make_problem(kind, weighted=True, missing=True)

    model = train(engine, problem, kind, n_rounds=8).model

    trees = engine.trees(model)
    raw = engine.predict(model, problem.valid.X)
    expected = trees.predict(problem.valid.X) + problem.standard.intercept
    np.testing.assert_allclose(raw, expected, rtol=1e-5, atol=1e-5)


def bare(path, X, kind):
    """Return what the library alone predicts from a file: means or probabilities."""
    if path.suffix == ".ubj":
        booster = xgboost.Booster(model_file=path)
        found = booster.predict(xgboost.DMatrix(X))
    else:
        found = lightgbm.Booster(model_file=path).predict(X)
    return np.column_stack([1 - found, found]) if kind == "logistic" else found


@pytest.mark.parametrize("n_rounds", [0, 3, 10])
@pytest.mark.parametrize("kind", SMOOTH)
@LIBRARIES
def test_saved_model_predicts_alone(engine, kind, n_rounds, tmp_path):
    problem = make_problem(kind)
    model = engine.truncate(train(engine, problem, kind, n_rounds=10).model, n_rounds)
    X = problem.valid.X.copy()
    X[::7, 2] = np.nan  # missing only now

    path = engine.save(model, tmp_path / "model")

    raw = engine.predict(model, X)
    expected = problem.objective.predict(raw)
    np.testing.assert_allclose(bare(path, X, kind), expected, rtol=3e-6, atol=1e-7)


@LIBRARIES
def test_model_without_a_round_is_the_intercept(engine):
    problem = make_problem()

    model = train(engine, problem, "squared_error", n_rounds=0).model

    assert engine.trees(model).size().n_leaves == 0
    assert set(engine.predict(model, problem.valid.X)[:, 0]) == {
        problem.standard.intercept[0]
    }


@LIBRARIES
def test_value_missing_only_after_training_goes_right(engine):
    problem = make_problem()
    model = train(engine, problem, "squared_error", n_rounds=10).model
    X = problem.valid.X.copy()
    X[:, 2] = np.nan
    beyond = X.copy()
    beyond[:, 2] = 1e30

    np.testing.assert_allclose(
        engine.predict(model, X), engine.predict(model, beyond), rtol=1e-12
    )


@pytest.mark.parametrize("field", ["subsample", "colsample_bytree"])
@LIBRARIES
def test_sampling_acts_and_follows_the_seed(engine, field):
    problem = make_problem()
    bins, penalty = engine.bin(problem), Penalty(**{field: 0.5})

    def losses(seed, p=penalty):
        return engine.fit(bins, p, Growth(n_rounds=5, seed=seed)).train_loss

    np.testing.assert_array_equal(losses(1), losses(1))
    assert not np.array_equal(losses(1), losses(2))
    assert not np.array_equal(losses(1), losses(1, Penalty()))


@LIBRARIES
def test_row_minimum_is_exact_for_squared_error(engine):
    problem = make_problem()
    trees = engine.trees(
        engine.fit(
            engine.bin(problem),
            Penalty(min_child_samples=17, reg_lambda=0.0),
            Growth(n_rounds=10),
        ).model
    )

    leaves = trees.leaf_indices(problem.train.X)

    counts = [np.unique(column, return_counts=True)[1].min() for column in leaves.T]
    assert min(counts) == 17


@pytest.mark.parametrize("problem", [("logistic", False), ("squared_error", True)])
@LIBRARIES
def test_row_minimum_that_cannot_be_exact_is_refused(engine, problem):
    kind, weighted = problem

    with pytest.raises(UnsupportedPenaltyError, match="min_child_samples=5 cannot"):
        engine.check(
            Penalty(min_child_samples=5), make_problem(kind, weighted=weighted)
        )


def test_xgboost_refuses_path_smooth_and_lightgbm_smooths():
    problem, penalty = make_problem(), Penalty(path_smooth=50.0, max_leaves=7)

    with pytest.raises(UnsupportedPenaltyError, match="no counterpart of path_smooth"):
        XGBoost().check(penalty, problem)

    engine = LightGBM()
    bins = engine.bin(problem)
    free, smooth = (
        engine.trees(engine.fit(bins, p, Growth(n_rounds=5)).model).size().l2_norm
        for p in (Penalty(max_leaves=7), penalty)
    )
    assert smooth < free


def test_reg_alpha_beside_max_delta_step_is_refused_before_xgboost_3_4():
    engine, penalty = XGBoost(), Penalty(reg_alpha=1.0, max_delta_step=0.5)
    version = tuple(int(part) for part in xgboost.__version__.split(".")[:2])

    if version < (3, 4):
        with pytest.raises(UnsupportedPenaltyError, match="out of the split gain"):
            engine.check(penalty, make_problem())
    else:
        engine.check(penalty, make_problem())


@pytest.mark.parametrize("kind", ["absolute_error", "quantile"])
def test_lightgbm_refuses_penalties_on_leaves_that_it_replaces(kind):
    with pytest.raises(UnsupportedPenaltyError, match="replaces every leaf weight"):
        LightGBM().check(Penalty(reg_lambda=1.0), make_problem(kind))


@LIBRARIES
def test_default_reference_is_the_untouched_wrapper(engine):
    problem = make_problem("logistic", weighted=True)
    train_part = problem.train
    wrapper = {
        "xgboost": xgboost.XGBClassifier(random_state=3, n_jobs=1),
        "lightgbm": lightgbm.LGBMClassifier(random_state=3, n_jobs=1, verbosity=-1),
    }[engine.name]
    wrapper.fit(train_part.X, train_part.y, sample_weight=train_part.weights)

    model = engine.fit_default(problem, seed=3, threads=1)

    raw = engine.predict(model, problem.valid.X)
    found = problem.objective.predict(raw)
    booster = getattr(wrapper, "booster_", None)
    expected = (
        wrapper.predict_proba(problem.valid.X)
        if booster is None
        else np.column_stack(
            [1 - booster.predict(problem.valid.X), booster.predict(problem.valid.X)]
        )
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert model.n_rounds == 100


def test_cat_l2_shrinks_splits_of_categories_in_lightgbm_alone():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 12, size=(400, 1)).astype(float)
    y = rng.normal(size=12)[X[:, 0].astype(int)] + 0.1 * rng.normal(size=400)
    table = replace(as_table(X, y), columns=(Column("c", tuple(map(str, range(12)))),))
    problem = Problem.of(table, None, make_objective("squared_error"))
    engine = LightGBM()
    bins = engine.bin(problem)

    free, shrunk = (
        engine.trees(engine.fit(bins, p, Growth(n_rounds=1)).model)
        for p in (Penalty(max_leaves=2), Penalty(max_leaves=2, cat_l2=30.0))
    )

    assert free.feature[0] == 0
    np.testing.assert_allclose(
        shrunk.value[1:] / free.value[1:],
        (free.hessian[1:] + 1) / (free.hessian[1:] + 31),
        rtol=1e-6,
    )
    with pytest.raises(UnsupportedPenaltyError, match="no counterpart of cat_l2"):
        XGBoost().check(Penalty(cat_l2=1.0), problem)
