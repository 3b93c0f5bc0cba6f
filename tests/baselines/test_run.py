"""A baseline on one split: what chooses, what judges, and what is written down."""

from dataclasses import fields, replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from boostreg.baselines import (
    BaselineResult,
    available_baselines,
    missing_extra,
    network,
    newton,
    run_baseline,
)
from boostreg.baselines import linear as design
from boostreg.baselines.names import NETWORKS, SVMS
from boostreg.errors import DataError, StudyError, UnsupportedPenaltyError
from boostreg.losses import Objective

TRAIN, TEST = np.arange(66), np.arange(66, 90)
OBJECTIVES = {
    "squared_error": Objective("squared_error"),
    "logistic": Objective("logistic", n_classes=2),
    "softmax": Objective("softmax", n_classes=3),
    "poisson": Objective("poisson"),
    "quantile": Objective("quantile", 0.7),
}
CASES = [
    (kind, name)
    for kind, objective in OBJECTIVES.items()
    for name in available_baselines(objective)
    if missing_extra(name) is None
]
QUICK = [
    case
    for case in CASES
    if case[1] not in NETWORKS
    and (case[1] != "elastic_net" or case == ("squared_error", "elastic_net"))
]
DRAWN = [case for case in CASES if case[1] in NETWORKS]


def same(one, other, *, but=("seconds",)):
    """Say whether two results are equal to the last bit."""
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan=True)
        if isinstance(getattr(one, f.name), np.ndarray)
        else repr(getattr(one, f.name)) == repr(getattr(other, f.name))
        for f in fields(one)
        if f.name not in but
    )


@pytest.fixture(autouse=True)
def _short_paths(monkeypatch):
    """Make the grids coarse: what is tested does not depend on how fine they are."""
    monkeypatch.setattr(design, "_POINTS", 8)
    monkeypatch.setattr(design, "_QUANTILE_POINTS", 5)
    monkeypatch.setattr(network, "_POINTS", 3)
    monkeypatch.setattr(network, "_STEPS", 30)


@pytest.fixture
def run(make_table, thirds):
    """Return a function that runs a baseline on a table with everything in it."""

    def run_one(baseline, kind="squared_error", table=None, test=TEST, **options):
        table = make_table(kind, weighted=True) if table is None else table
        objective = OBJECTIVES[kind]
        inner = thirds(TRAIN)
        return run_baseline(baseline, table, TRAIN, test, inner, objective, **options)

    return run_one


@pytest.fixture(scope="module")
def kept():
    """Return the results of baselines as ``run`` makes them by default."""
    return {}


@pytest.fixture
def result_of(run, kept):
    """Return a function like ``run`` without options, which runs each case once."""

    def result(baseline, kind="squared_error"):
        if (baseline, kind) not in kept:
            kept[baseline, kind] = run(baseline, kind)
        return kept[baseline, kind]

    return result


@pytest.mark.parametrize(("kind", "baseline"), CASES)
def test_result_survives_the_journal_to_the_last_bit(result_of, kind, baseline):
    result = result_of(baseline, kind)

    again = BaselineResult.from_bytes(result.to_bytes())

    assert result.notes == ()  # all solvers converged
    assert same(result, again, but=())
    assert again.to_bytes() == result.to_bytes()


@pytest.mark.parametrize(("kind", "baseline"), QUICK)
def test_equal_arguments_give_equal_bits_whatever_the_seed(
    run, result_of, kind, baseline
):
    assert same(result_of(baseline, kind), run(baseline, kind, seed=1))


@pytest.mark.parametrize(("kind", "baseline"), QUICK)
def test_outer_test_rows_reach_nothing_that_chooses(
    run, result_of, make_table, kind, baseline
):
    table = make_table(kind, weighted=True)
    X, y, weights = table.X.copy(), table.y.copy(), table.weights.copy()
    X[TEST, :3], X[TEST, 3:], y[TEST], weights[TEST] = 1e6, 0.0, y[TEST][::-1], 99.0
    other = replace(table, X=X, y=y, weights=weights)

    before, after = result_of(baseline, kind), run(baseline, kind, other)

    judged = ("seconds", "test_loss", "test_rows_losses", "test_raw")
    assert same(before, after, but=judged)
    assert not np.array_equal(before.test_rows_losses, after.test_rows_losses)


def test_inner_losses_are_those_of_a_pipeline_in_each_fold(run, make_table, thirds):
    """So means and deviations come from the training rows of each fold alone."""
    table = make_table()
    table = replace(table, X=table.X[:, [0, 2]], columns=table.columns[:2])

    result = run("ridge", table=table)

    at = int(np.argmin(result.inner_losses.mean(axis=1)))
    for number, fold in enumerate(thirds(TRAIN)):
        ridge = Ridge(alpha=result.strengths[at] * len(fold.train))
        model = make_pipeline(StandardScaler(), ridge)
        model.fit(table.X[fold.train], table.y[fold.train])
        loss = np.mean((table.y[fold.test] - model.predict(table.X[fold.test])) ** 2)
        assert result.inner_losses[at, number] == pytest.approx(loss, rel=1e-9)


def test_test_losses_are_those_of_a_pipeline_at_the_chosen_strength(run, make_table):
    table = make_table()
    table = replace(table, X=table.X[:, [0, 2]], columns=table.columns[:2])

    result = run("ridge", table=table)

    model = make_pipeline(StandardScaler(), Ridge(alpha=66 * result.strength))
    model.fit(table.X[TRAIN], table.y[TRAIN])
    expected = (table.y[TEST] - model.predict(table.X[TEST])) ** 2
    np.testing.assert_allclose(result.test_rows_losses, expected, rtol=1e-8)
    np.testing.assert_allclose(result.chosen[:, 0], model[-1].coef_, rtol=1e-8)
    assert result.test_loss == pytest.approx(expected.mean())


@pytest.mark.parametrize("baseline", ["ridge", "lasso", "elastic_net"])
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_strength_has_the_least_inner_loss_and_one_se_is_stronger(
    result_of, kind, baseline
):
    if baseline not in available_baselines(OBJECTIVES[kind]):
        return

    result = result_of(baseline, kind)

    losses = [point.loss for point in result.path]
    assert result.inner_loss == min(losses)
    assert result.strength == result.strengths[losses.index(min(losses))]
    assert result.one_se_strength >= result.strength
    assert np.all(np.diff(result.strengths) < 0)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_mean_is_the_intercept_of_the_objective(result_of, make_table, kind):
    table, objective = make_table(kind, weighted=True), OBJECTIVES[kind]
    y, weights = table.y, table.weights

    result = result_of("mean", kind)

    best = objective.intercept(y[TRAIN], weights[TRAIN])
    expected = objective.row_losses(y[TEST], np.tile(best, (len(TEST), 1)))
    np.testing.assert_allclose(result.test_rows_losses, expected)
    assert result.test_loss == np.average(expected, weights=weights[TEST])
    assert (result.strength, result.l1_ratio, result.path) == (None, None, ())
    assert (result.n_coefficients, result.n_inputs) == (0, 9)


@pytest.mark.parametrize(("kind", "n_outputs"), [("squared_error", 1), ("softmax", 3)])
def test_path_counts_and_names_its_coefficients(result_of, kind, n_outputs):
    result = result_of("lasso", kind)

    point = result.path[np.flatnonzero(result.strengths == result.strength)[0]]
    assert result.path[0].n_coefficients == 0
    assert point.n_coefficients == result.n_coefficients > 0
    assert point.coefficients.shape == (9 * n_outputs,)
    assert len(set(result.coefficient_names)) == 9 * n_outputs
    if kind == "softmax":
        assert result.coefficient_names[:2] == ("x0 [a]", "x0 [b]")


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_lasso_beats_the_mean_where_there_is_a_signal(result_of, kind):
    assert result_of("lasso", kind).inner_loss < result_of("mean", kind).inner_loss


def test_larger_target_is_the_same_model_in_larger_units(run, make_table):
    table = make_table()
    larger = replace(table, y=1e6 * table.y)

    once, million = (run("lasso", table=t) for t in (table, larger))

    assert million.strength == pytest.approx(1e6 * once.strength)
    assert million.test_loss == pytest.approx(1e12 * once.test_loss, rel=1e-6)


def test_without_test_rows_the_test_loss_is_nan(run):
    result = run("ridge", test=np.arange(0))

    assert np.isnan(result.test_loss)
    assert result.test_rows_losses.shape == (0,)


@pytest.mark.parametrize(("kind", "baseline"), CASES)
def test_without_an_input_that_varies_all_baselines_are_the_mean(
    run, make_table, kind, baseline
):
    """Up to the tube of an SVM, whose best constant is close to the mean."""
    table = make_table(kind)
    constant = replace(table, X=np.zeros_like(table.X))

    result = run(baseline, kind, constant)

    mean = run("mean", kind, constant)
    assert (result.n_inputs, result.n_coefficients) == (0, 0)
    off = 0.02 if baseline in SVMS and kind == "squared_error" else 1e-5
    np.testing.assert_allclose(result.test_loss, mean.test_loss, rtol=off)


@pytest.mark.parametrize(("kind", "baseline"), DRAWN)
def test_network_repeats_its_bits_and_follows_the_seed(run, result_of, kind, baseline):
    once = result_of(baseline, kind)
    again, other = (run(baseline, kind, seed=seed) for seed in (0, 1))

    assert same(once, again)
    assert not np.array_equal(once.test_rows_losses, other.test_rows_losses)


def test_solver_that_stops_early_is_noted(run, monkeypatch):
    monkeypatch.setattr(newton, "_MAX_STEPS", 1)

    (note,) = run("lasso", "logistic").notes

    assert note.startswith("lasso: the solver stopped before its tolerance in ")
    assert note.endswith(" of 32 fits.")


def test_mean_needs_no_inner_fold(make_table):
    result = run_baseline(
        "mean", make_table(), TRAIN, TEST, (), OBJECTIVES["squared_error"]
    )

    assert np.isnan(result.inner_loss)
    assert np.isfinite(result.test_loss)


@pytest.mark.parametrize(
    ("baseline", "kind", "error", "message"),
    [
        ("rigde", "squared_error", StudyError, "unknown 'rigde', expected one of"),
        ("ridge", "quantile", UnsupportedPenaltyError, "available are .*'lasso'"),
        ("lasso", "squared_error", DataError, "at least one inner fold .* got 0"),
    ],
)
def test_what_cannot_be_run_is_refused(make_table, baseline, kind, error, message):
    table = make_table(kind)

    with pytest.raises(error, match=message):
        run_baseline(baseline, table, TRAIN, TEST, (), OBJECTIVES[kind])


def test_split_without_weight_is_refused(run, make_table):
    table = make_table(weighted=True)
    weights = table.weights.copy()
    weights[TEST] = 0.0

    with pytest.raises(DataError, match="in some test row of each split, got 0 in all"):
        run("mean", table=replace(table, weights=weights))


@pytest.mark.parametrize("baseline", ["ridge", "lasso", "svm_l1", "mlp"])
@pytest.mark.parametrize("kind", ["logistic", "softmax"])
def test_class_that_a_fold_never_saw_costs_dearly_but_finitely(
    run, make_table, thirds, baseline, kind
):
    table, lone = make_table(kind), OBJECTIVES[kind].n_classes - 1.0
    y = np.minimum(table.y, lone - 1)
    y[thirds(TRAIN)[0].test[:2]] = lone

    result = run(baseline, kind, replace(table, y=y))

    assert np.all(np.isfinite(result.inner_losses))
    assert np.all(result.inner_losses[:, 0] > result.inner_losses[:, 1])
