"""A verdict follows the data: where they contradict a claim, it is refuted."""

from dataclasses import replace

import numpy as np
import pytest

from boostreg.claims.experiments import EXPERIMENTS
from boostreg.claims.experiments.base import Sample
from boostreg.claims.paths import PathQuestion, answer_path
from boostreg.claims.verdict import (
    Margin,
    bounded,
    judge,
    largest_deviation,
    replicate_t,
)
from boostreg.data import Column, Table, make_splits
from boostreg.effects.paths import path_points, path_rows
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import run_fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.tuning import FitSettings
from boostreg.tuning.measuring import Measuring

SQUARED, LOGISTIC = Objective("squared_error"), Objective("logistic", None, 2)


def linear(coefficients, noise, n_samples, seed, *, classes=False):
    """Return a sample of a linear target, or of two classes by its sign."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * n_samples, len(coefficients)))
    y = X @ np.asarray(coefficients) + noise * rng.standard_normal(2 * n_samples)
    y = (y > 0).astype(float) if classes else y
    parts = (X[:n_samples], y[:n_samples], X[n_samples:], y[n_samples:])
    return Sample(*parts, LOGISTIC if classes else SQUARED, seed)


def verdict(name, measure, samples, expect, least, **given):
    """Return what an experiment on several samples says of a claim."""
    (found,) = verdicts(name, (measure,), samples, expect, least, **given)
    return found


def verdicts(name, measures, samples, expect, least, *, than=0.0, **options):
    """Return what it says of the same claim about each of several measures."""
    procedure = EXPERIMENTS[name]
    settings = {key: option.default for key, option in procedure.options.items()}
    found = [procedure.run(one, settings | options) for one in samples]
    said = []
    for measure in measures:
        values = [one.values[measure] for one in found]
        if expect == "identical":
            interval = largest_deviation(values, than)
        else:
            interval = replicate_t(values, change=measure in procedure.changes)
            interval = bounded(interval, [one.bounds.get(measure) for one in found])
        said.append(judge(interval, expect, least, than))
    return said


def path_verdict(
    draw, measure, along, value, *, learning_rate=0.3, n_inner=4, **question
):
    """Return whether both engines say that a measure falls, by default by 20 %.

    The least gain is that of no rounding error: without it clear steps are split on.
    """
    asked = {"reading": "equal", "margin": Margin.read("20%")} | question
    table = draw(np.random.default_rng(0))
    plans = {"outer": {"holdout": 0.25}, "inner": {"folds": n_inner, "repeats": 1}}
    dataset = Dataset(table, make_splits(table, **plans, seed=0), SQUARED)
    base = Penalty(
        reg_lambda=0.0, min_split_gain=1e-3, learning_rate=learning_rate, scale="rows"
    )
    verdicts = set()
    for engine in ("xgboost", "lightgbm"):
        points = path_points(engine, base, {along: (0.0, value)})
        settings = [s for point in points for s in point.settings((0,))]
        limits = FitSettings(n_inner=n_inner, n_rounds=8, patience=8, seed=0)
        measuring = Measuring(settings, limits, keep=True)
        while not measuring.done:
            for work in measuring.ready():
                measuring.receive(work, run_fit(dataset, work.fit))
        path_question = PathQuestion(
            engine=engine,
            measure=measure,
            along=along,
            against=None,
            at="end",
            anchor="fixed",
            expect="decreasing",
            **asked,
        )
        rows = path_rows(points, (0,), measuring)
        verdicts.add(answer_path(path_question, rows, 1 / (n_inner - 1)).verdict)
    return verdicts


def table(X, y):
    columns = tuple(Column(f"x{k}") for k in range(X.shape[1]))
    return Table(X=X, y=y, columns=columns, task="regression", target="y")


def noisy(rng):
    """Return a slope under noise: most splits after the first are bought by chance."""
    X = rng.random((300, 4))
    return table(X, 4 * X[:, 0] + rng.standard_normal(300))


def slope(noise):
    """Return the draw of a slope under noise, on more rows than in ``noisy``."""

    def draw(rng):
        X = rng.random((800, 4))
        return table(X, 4 * X[:, 0] + noise * rng.standard_normal(800))

    return draw


def two_levels(rng):
    """Return one step without noise: one split holds all of it."""
    X = rng.random((300, 4))
    return table(X, np.where(X[:, 0] > 0.5, 1.0, -1.0))


def staircase(rng):
    """Return sixteen levels on one feature, without noise.

    Below the first split all gradients have one sign, and under a large reg_lambda a
    split there gains nothing.
    """
    X = rng.random((300, 1))
    return table(X, np.floor(16 * X[:, 0]))


@pytest.mark.parametrize(("mean", "expected"), [(0.0, "supported"), (1.0, "refuted")])
def test_holds_for_a_prior_around_zero_and_for_no_other(mean, expected):
    samples = [linear([1.0, -2.0, 0.0], 1.0, 60, seed) for seed in range(2)]

    found = verdict("coefficient_prior", "difference", samples, "identical", 1e-6,
                    prior="normal", mean=mean)  # fmt: skip

    assert found == expected


@pytest.mark.parametrize(
    ("classes", "expected"), [(False, "supported"), (True, "refuted")]
)
def test_a_leaf_is_the_exact_maximum_only_where_the_loss_is_quadratic(
    classes, expected
):
    samples = [
        linear([1.0, -2.0, 0.0], 1.0, 80, seed, classes=classes) for seed in range(3)
    ]

    found = verdict("leaf_prior", "exact_difference", samples, "equal", 1e-3,
                    engine="lightgbm", rounds=3)  # fmt: skip

    assert found == expected


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [((3.0, -2.0, *(0.0,) * 18), "supported"), ((1.0,) * 20, "refuted")],
    ids=["few matter", "all matter alike"],
)
def test_l1_leaves_most_weights_zero_only_where_few_matter(coefficients, expected):
    samples = [linear(coefficients, 0.5, 100, seed) for seed in range(4)]

    found = verdict("coefficient_sparsity", "l1_zero_share", samples, "above", 0.01,
                    than=0.5)  # fmt: skip

    assert found == expected


@pytest.mark.parametrize(
    ("draw", "expected"), [(noisy, "supported"), (two_levels, "refuted")]
)
def test_l1_limits_trees_that_fit_noise_and_not_those_of_one_clear_step(draw, expected):
    found = path_verdict(draw, "leaves_per_tree", "reg_alpha", 20.0)

    assert found == {expected}


@pytest.mark.parametrize(
    ("draw", "expected"), [(staircase, "supported"), (two_levels, "refuted")]
)
def test_l2_leaves_fewer_leaves_only_where_gradients_share_a_sign(draw, expected):
    found = path_verdict(draw, "leaves", "reg_lambda", 1e4)

    assert found == {expected}


@pytest.mark.parametrize(("noise", "expected"), [(1.0, "supported"), (0.1, "refuted")])
def test_l2_wins_more_than_it_costs_only_where_trees_learn_noise_by_heart(
    noise, expected
):
    found = path_verdict(slope(noise), "both_losses", "reg_lambda", 120.0,
                         learning_rate=1.0, n_inner=8, reading="stopped",
                         margin=Margin.read("1%"))  # fmt: skip

    assert found == {expected}


@pytest.mark.parametrize(
    ("noise_std", "n_samples", "expected"),
    [(5.0, 28, "supported"), (0.1, 400, "refuted")],
    ids=["few noisy rows", "many clear rows"],
)
def test_l2_is_better_on_new_rows_only_where_the_optimum_is_noise(
    noise_std, n_samples, expected
):
    samples = [linear((0.3,) * 20, noise_std, n_samples, seed) for seed in range(8)]

    found = verdicts("losses_along_a_penalty", ("new_change", "both_change"), samples,
                     "below", 0.01, penalty="l2")  # fmt: skip

    assert found == [expected] * 2


@pytest.mark.parametrize(("slope", "expected"), [(0.0, "supported"), (2.0, "refuted")])
def test_l1_kills_a_unit_only_where_the_target_needs_none(slope, expected):
    measures = ("proximal_sgd", "proximal_adam", "subgradient_sgd")
    samples = [linear([slope, slope], 1.0, 100, seed) for seed in range(2)]

    found = verdicts("dead_units", measures, samples, "above", 0.05, epochs=60,
                     hidden=1, strength=0.1)  # fmt: skip

    assert found == [expected] * 3


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [((1.0, 0.0, 0.0), "supported"), ((0.0, 0.0, 0.0), "refuted")],
    ids=["some are needed", "none is"],
)
def test_l1_kills_more_units_than_l2_only_where_some_are_needed(coefficients, expected):
    """Without a target both end without a unit."""
    samples = [linear(coefficients, 1.0, 150, seed) for seed in range(3)]

    found = verdict("dead_units", "more_than_l2_sgd", samples, "above", 0.05,
                    epochs=40, hidden=6, strength=0.3)  # fmt: skip

    assert found == expected


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [((2.0, *(0.0,) * 9), "supported"), ((2.0, -2.0, 2.0), "refuted")],
    ids=["weights end at zero", "none does"],
)
def test_the_kink_slows_steps_only_where_weights_end_on_it(coefficients, expected):
    samples = [linear(coefficients, 1.0, 100, seed) for seed in range(3)]

    found = verdict("kink", "subgradient_over_proximal", samples, "above", 0.3,
                    steps=1000)  # fmt: skip

    assert found == expected


@pytest.mark.parametrize(
    ("coefficients", "noise", "n_samples", "expected"),
    [
        ((3.0, 0.0, 0.0), 0.5, 200, "supported"),
        ((0.3, -0.3, 0.3, -0.3), 1.0, 25, "refuted"),
    ],
    ids=["many clear rows", "few noisy rows"],
)
def test_twins_move_lasso_predictions_only_where_rows_tell_little(
    coefficients, noise, n_samples, expected
):
    samples = [linear(coefficients, noise, n_samples, seed) for seed in range(4)]

    found = verdict("collinearity", "lasso_prediction_growth", samples, "at_most", 0.1,
                    twins=len(coefficients), resamples=8)  # fmt: skip

    assert found == expected


MANY, ALIKE, LONE = (2.0, *(0.4, -0.4) * 10), (1.0,) * 4, (4.0, *(0.1,) * 6)


@pytest.mark.parametrize(
    ("measure", "coefficients", "expected"),
    [
        ("difference", MANY, "supported"),
        ("difference", LONE, "refuted"),
        ("top_share_difference", MANY, "supported"),
        ("top_share_difference", ALIKE, "refuted"),
        ("near_zero_difference", MANY, "supported"),
        ("near_zero_difference", ALIKE, "refuted"),
    ],
)
def test_l1_leaves_the_largest_large_only_where_many_others_have_the_length(
    measure, coefficients, expected
):
    samples = [linear(coefficients, 0.2, 300, seed) for seed in range(4)]

    found = verdict("largest_coefficients", measure, samples, "above", 0.1)

    assert found == expected


@pytest.mark.parametrize(
    ("coefficients", "scale", "expected"),
    [
        ((4.0, 2.0, 1.0, 0.5, 0.25), 1.0, "supported"),
        ((1.0,) * 8, 0.05, "refuted"),
    ],
    ids=["columns alike", "large on small columns"],
)
def test_large_coefficients_lose_more_under_l2_only_where_columns_are_alike(
    coefficients, scale, expected
):
    """A large coefficient on a small column is the first that the lasso drops."""
    samples = []
    for seed in range(4):
        one = linear(coefficients, 0.3, 200, seed)
        columns = np.geomspace(scale, 1.0, len(coefficients))
        samples.append(replace(one, X=one.X * columns, X_new=one.X_new * columns))

    found = verdict("order_of_falling", "share_order_difference", samples, "above", 0.5)

    assert found == expected


@pytest.mark.parametrize(
    ("copies", "n_samples", "expected"),
    [(8, 100, "supported"), (0, 1000, "refuted")],
    ids=["columns alike", "one column and noise"],
)
def test_l1_reduces_the_margin_only_where_l2_shares_it_among_columns(
    copies, n_samples, expected
):
    """Equal weights on k like columns have a norm smaller by the root of k."""
    samples = []
    for seed in range(4):
        one = linear((1.0, *(0.0,) * 9), 1.0, n_samples, seed, classes=True)
        rng = np.random.default_rng(seed)
        X, X_new = (
            np.column_stack([X, X[:, :1] + 0.3 * rng.standard_normal((len(X), copies))])
            for X in (one.X, one.X_new)
        )
        samples.append(replace(one, X=X, X_new=X_new))

    found = verdict("margins", "l1_over_l2_margin", samples, "below", 0.1)

    assert found == expected


ENGINES = pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])


def leaves_of(levels, n_rows, seed):
    """Return a sample of one column, whose values have a level and a number of rows."""
    x = np.repeat(np.arange(len(levels)), n_rows).astype(float)
    rng = np.random.default_rng(seed)
    y = np.asarray(levels)[x.astype(int)] + 0.01 * rng.standard_normal(len(x))
    return Sample(x[:, None], y - y.mean(), x[:, None], y - y.mean(), SQUARED, seed)


@ENGINES
@pytest.mark.parametrize(
    ("even", "expected"), [(False, "supported"), (True, "refuted")]
)
def test_the_largest_of_even_leaves_keeps_more_only_where_leaves_differ(
    engine, even, expected
):
    samples = [
        leaves_of((-1.0, 1.0), 100, seed)
        if even
        else linear((1.0, -2.0, 0.5, 0.0), 1.0, 150, seed)
        for seed in range(4)
    ]

    found = verdict("largest_leaves", "difference_equal_curvature", samples, "above",
                    0.02, engine=engine, rounds=1 if even else 10)  # fmt: skip

    assert found == expected


@ENGINES
@pytest.mark.parametrize(
    ("n_rows", "expected"),
    [((60, 55, 50, 45, 40), "supported"), ((10, 20, 40, 80, 160), "refuted")],
    ids=["large on fewer rows", "large on many rows"],
)
def test_large_leaves_lose_more_under_l2_only_where_they_have_fewer_rows(
    engine, n_rows, expected
):
    samples = [
        leaves_of((1.0, -1.2, 1.4, -1.6, 1.8), n_rows, seed) for seed in range(4)
    ]

    found = verdict("leaf_order", "share_order_difference", samples, "above", 0.5,
                    engine=engine, rounds=1)  # fmt: skip

    assert found == expected


def classes(probability, n_samples, seed):
    """Return two classes, drawn with a probability given one column."""
    rng = np.random.default_rng(seed)
    X, X_new = rng.random((2, n_samples, 1))
    y, y_new = (
        (rng.random(n_samples) < probability(rows[:, 0])).astype(float)
        for rows in (X, X_new)
    )
    return Sample(X, y, X_new, y_new, LOGISTIC, seed)


@ENGINES
@pytest.mark.parametrize(
    ("probability", "n_samples", "expected"),
    [
        (lambda x: 0.3 + 0.4 * x, 150, "supported"),
        (lambda x: np.floor(4 * x) % 2, 1500, "refuted"),
    ],
    ids=["noise", "clear waves"],
)
def test_penalties_smooth_trees_only_where_noise_made_them_wind(
    engine, probability, n_samples, expected
):
    measures = ("l2_variation_change", "l2_detour_change", "l1_detour_change")
    samples = [classes(probability, n_samples, seed) for seed in range(4)]

    found = verdicts("smooth_trees", measures, samples, "below", 0.05, engine=engine,
                     rounds=15)  # fmt: skip

    assert found == [expected] * 3
