"""scikit-learn's engine grows XGBoost's trees, and says what it does not take.

Unlike LightGBM it bans no feature from a subtree, so full trees are compared.
"""

from dataclasses import replace

import numpy as np
import pytest
from problems import as_table, make_objective, make_problem, make_table
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_info

from boostreg import load_model
from boostreg.data import read_source
from boostreg.engines import Growth, HistGradientBoosting, Problem, XGBoost
from boostreg.errors import StudyError, UnsupportedPenaltyError
from boostreg.penalty import Penalty
from boostreg.saved import save_model
from boostreg.study.runner import run_study

SKLEARN = HistGradientBoosting()
KINDS = ["squared_error", "logistic", "softmax", "poisson", "gamma"]
WEIGHTED = pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])


def fit(problem, engine=SKLEARN, n_rounds=20, patience=None, **penalties):
    growth = Growth(n_rounds=n_rounds, patience=patience)
    return engine.fit(engine.bin(problem), Penalty(**penalties), growth)


def row_weights(table):
    return np.ones(table.n_samples) if table.weights is None else table.weights


@WEIGHTED
@pytest.mark.parametrize("reg_lambda", [0.0, 30.0])
@pytest.mark.parametrize(
    ("kind", "max_leaves"), [("squared_error", 31), ("logistic", 31), ("softmax", 15)]
)
def test_full_trees_are_those_of_xgboost(kind, max_leaves, reg_lambda, weighted):
    problem = make_problem(kind, weighted=weighted)
    penalties = {"reg_lambda": reg_lambda, "max_leaves": max_leaves}

    one, two = (
        engine.trees(fit(problem, engine, **penalties).model)
        for engine in (XGBoost(), SKLEARN)
    )

    assert_same_leaves(one, two, problem.train.X)
    assert np.diff(two.tree_offsets).max() == 2 * max_leaves - 1


def assert_same_leaves(one, two, X):
    rows_one, rows_two = one.leaf_indices(X), two.leaf_indices(X)
    a, b = one.value[rows_one], two.value[rows_two]
    assert a.shape == b.shape
    assert (np.abs(a - b) <= 1e-5 * np.abs(a).max(axis=0)).all()
    for column in zip(rows_one.T, rows_two.T, strict=True):
        pairs = {*zip(*(c.tolist() for c in column), strict=True)}
        assert len(pairs) == len(set(column[0])) == len(set(column[1]))


@WEIGHTED
@pytest.mark.parametrize("kind", KINDS)
def test_leaves_follow_the_closed_form_in_our_units(kind, weighted):
    problem = make_problem(kind, weighted=weighted)
    train, objective = problem.train, problem.objective
    training = fit(problem, n_rounds=4, reg_lambda=2.5, max_leaves=7)
    trees, w = SKLEARN.trees(training.model), row_weights(train)[:, None]
    leaves = trees.leaf_indices(train.X)

    for tree, (output, number) in enumerate(
        zip(trees.output, trees.round, strict=True)
    ):
        raw = SKLEARN.predict(training.model, train.X, int(number))
        gradient = w * objective.gradient(train.y, raw)
        hessian = w * objective.hessian(train.y, raw)
        for leaf in np.unique(leaves[:, tree]):
            rows = leaves[:, tree] == leaf
            G, H = gradient[rows, output].sum(), hessian[rows, output].sum()
            assert trees.value[leaf] == pytest.approx(-0.1 * G / (H + 2.5), rel=2e-4)
            assert trees.hessian[leaf] == pytest.approx(H, rel=1e-6)


@WEIGHTED
@pytest.mark.parametrize("kind", KINDS)
def test_intercept_is_ours(kind, weighted):
    problem = make_problem(kind, weighted=weighted)

    found = fit(problem, n_rounds=1).model.standard.intercept

    np.testing.assert_allclose(found, problem.standard.intercept, atol=1e-12)


@pytest.mark.parametrize("patience", [1, 3, 7])
def test_patience_cuts_the_long_run_and_changes_no_tree(patience):
    """Rounds are grown in blocks, whose length must not show."""
    problem = make_problem()
    long = fit(problem, n_rounds=60)
    losses = long.valid_loss
    best = np.minimum.accumulate(losses)
    last_best = np.array([np.argmin(losses[: k + 1]) for k in range(61)])
    expected = int(np.argmax(np.arange(61) - last_best >= patience))

    short = fit(problem, n_rounds=60, patience=patience)

    assert 0 < short.model.n_rounds == expected < 60
    np.testing.assert_allclose(short.valid_loss, losses[: expected + 1], rtol=1e-12)
    assert short.valid_loss.min() == pytest.approx(best[expected])
    cut = SKLEARN.trees(SKLEARN.truncate(long.model, expected))
    np.testing.assert_allclose(SKLEARN.trees(short.model).value, cut.value, rtol=1e-9)


def test_rounds_end_where_no_split_is_left():
    table = as_table(np.ones((20, 1)), np.arange(20.0))

    training = fit(Problem.of(table, None, make_objective("squared_error")))

    assert training.exhausted
    assert training.model.n_rounds == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reg_alpha", 0.1),
        ("min_split_gain", 0.1),
        ("max_delta_step", 1.0),
        ("path_smooth", 1.0),
        ("subsample", 0.5),
        ("colsample_bytree", 0.5),
    ],
)
def test_what_it_lacks_is_refused_with_what_it_takes(name, value):
    with pytest.raises(UnsupportedPenaltyError, match=f"has no {name}; .* reg_lambda"):
        fit(make_problem(), **{name: value})


def test_minimum_hessian_above_its_own_is_refused():
    with pytest.raises(UnsupportedPenaltyError, match=r"fixed at 0\.001, got 1; .*"):
        fit(make_problem(), min_child_weight=1.0)


@pytest.mark.parametrize("kind", ["absolute_error", "quantile"])
def test_penalty_on_replaced_leaves_is_refused(kind):
    with pytest.raises(UnsupportedPenaltyError, match="replaces every leaf weight"):
        fit(make_problem(kind), reg_lambda=1.0)


def test_tweedie_is_refused():
    with pytest.raises(StudyError, match=r"for engine sklearn, got 'tweedie'\."):
        fit(make_problem("tweedie"))


def test_monotone_columns_are_refused_for_more_than_two_classes():
    problem = replace(make_problem("softmax"), monotone=(1, 0, 0, 0, 0))

    with pytest.raises(UnsupportedPenaltyError, match="more than two classes"):
        fit(problem)


@pytest.mark.parametrize(("kind", "factor"), [("logistic", 1.0), ("softmax", 2.0)])
def test_minimum_hessian_of_zero_is_its_own_fixed_one(kind, factor):
    """It is 0.001 per row weight of about one, in scikit-learn's own hessian.

    So ours is a power of two near the mean row weight larger, and for softmax, whose
    hessian is half of ours there, twice that.
    """
    problem = make_problem(kind, weighted=True)
    free = {"reg_lambda": 0.0, "max_leaves": None, "learning_rate": 1.0}

    zero, least = (
        SKLEARN.trees(fit(problem, n_rounds=60, min_child_weight=m, **free).model)
        for m in (0.0, 0.001)
    )

    np.testing.assert_array_equal(zero.value, least.value)
    n_nodes = np.diff(zero.tree_offsets)
    leaves = (zero.left < 0) & np.repeat(n_nodes > 1, n_nodes)
    floor = 0.001 * factor * problem.standard.weight_scale
    assert floor <= zero.hessian[leaves].min() * 1.0001 < 1.05 * floor


@pytest.mark.parametrize("kind", ["logistic", "poisson"])
def test_row_minimum_is_exact_where_others_refuse(kind):
    problem = make_problem(kind, weighted=True)

    trees = SKLEARN.trees(fit(problem, min_child_samples=17, reg_lambda=0.0).model)

    leaves = trees.leaf_indices(problem.train.X)
    assert min(np.unique(c, return_counts=True)[1].min() for c in leaves.T) == 17
    with pytest.raises(UnsupportedPenaltyError, match="or engine sklearn"):
        fit(problem, XGBoost(), min_child_samples=17)


def test_target_and_weights_in_other_units_change_nothing_else():
    table = make_table(weighted=True)
    heavy = replace(table, y=1024 * table.y, weights=table.weights / 64)
    problems = (
        Problem.of(t, None, make_objective("squared_error")) for t in (table, heavy)
    )

    once, other = (
        SKLEARN.trees(fit(p, reg_lambda=5.0, scale="rows").model) for p in problems
    )

    np.testing.assert_array_equal(once.threshold, other.threshold)
    np.testing.assert_allclose(other.value, 1024 * once.value, rtol=1e-6)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_of_the_growth(threads, monkeypatch):
    seen, grow = [], HistGradientBoostingRegressor.fit

    def spy(self, *given, **named):
        pools = threadpool_info()
        seen.extend(p["num_threads"] for p in pools if p["user_api"] == "openmp")
        return grow(self, *given, **named)

    monkeypatch.setattr(HistGradientBoostingRegressor, "fit", spy)
    problem = make_problem()
    SKLEARN.fit(SKLEARN.bin(problem), Penalty(), Growth(n_rounds=2, threads=threads))

    assert set(seen) == {threads}


@pytest.mark.parametrize("kind", KINDS)
def test_saved_model_predicts_alone(kind, tmp_path):
    problem = make_problem(kind, weighted=True, missing=True)
    model = SKLEARN.truncate(fit(problem, n_rounds=9).model, 5)
    classes = list(range(problem.objective.n_classes))
    size = SKLEARN.trees(model).size()
    columns = problem.train.columns

    path = save_model(
        model, tmp_path / "model", columns=columns, classes=classes, size=size
    )
    loaded = load_model(path)

    X = problem.valid.X
    found = loaded.predict_proba(X) if classes else loaded.predict(X)
    expected = problem.objective.predict(SKLEARN.predict(model, X))
    assert path.suffix == ".npz"
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax"])
def test_what_is_missing_only_later_goes_right_as_in_xgboost(kind):
    problem = make_problem(kind)
    model = fit(problem).model
    trees, X = SKLEARN.trees(model), problem.valid.X

    for column in range(X.shape[1]):
        late, beyond = X.copy(), X.copy()
        late[:, column], beyond[:, column] = np.nan, 1e9
        found = SKLEARN.predict(model, late)
        np.testing.assert_array_equal(found, SKLEARN.predict(model, beyond))
        alone = SKLEARN.export(model)._raw_predict(late)  # noqa: SLF001
        np.testing.assert_allclose(found, alone, rtol=1e-9)
    assert not trees.default_left.any()


STUDY = """
name: small
data: {source: "sklearn:diabetes", target: target}
engines: [sklearn]
rounds: {max: 5, patience: 2}
search:
  trials: 3
  in_flight: 2
  scale: rows
  space: {reg_lambda: {low: 0.1, high: 100, log: true}}
validation: {outer: {folds: 2}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean]
effects: {points: 0}
"""


def test_study_runs_to_models_that_predict_alone(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(STUDY)

    folder = run_study(path, out=tmp_path, workers=1)

    rows = read_source("sklearn:diabetes", base=tmp_path)
    model = load_model(folder / "models" / "sklearn-best.json")
    spread = np.std(model.predict(rows) - rows["target"])
    assert spread < 0.95 * np.std(rows["target"])
