"""Experiments on single statements: each finds what is planted, and its opposite."""

import numpy as np
import pytest
from samples import make_objective, make_sample, measure

from boostreg.claims.experiments.base import Sample
from boostreg.claims.experiments.chosen import condition, inflation
from boostreg.claims.experiments.network_effects import boundary_bend


def values(name, sample, **options):
    return measure(name, sample, **options).values


def rows_of(y, y_new):
    """Return a sample whose columns say nothing."""
    X, X_new = np.ones((len(y), 1)), np.ones((len(y_new), 1))
    return Sample(X, np.asarray(y), X_new, np.asarray(y_new), make_objective(), 0)


def test_prior_around_a_record_pulls_to_the_record_and_l2_to_zero():
    """Five rows of 40 after a record of 55: maximum 47.5, L2 20."""
    rng = np.random.default_rng(0)
    record = 55 + rng.standard_normal(200)
    record += 55 - record.mean()
    sample = rows_of(record, [40.0] * 5 + [47.5] * 20)

    found = values("track_record", sample, posts=5, rows=5.0)

    assert found["difference"] == pytest.approx((47.5 - 20) / 47.5)
    assert found["centred_difference"] == pytest.approx(0, abs=1e-12)
    assert found["negative_share"] == pytest.approx(0.5, abs=1e-9)
    assert found["new_loss_change"] > 100


def test_prior_around_a_record_of_zero_is_l2():
    record = np.random.default_rng(0).standard_normal(200)
    sample = rows_of(record - record.mean(), [0.5, 1.0, 0.2, 0.7, 1.1, 0.4])

    assert values("track_record", sample, posts=3)["difference"] < 1e-12


def test_condition_and_inflation_follow_the_correlation_of_two_columns():
    """(1 + r) / (1 - r) and 1 / (1 - r^2)."""
    X = np.random.default_rng(0).standard_normal((200, 2))
    X = np.linalg.qr(X - X.mean(axis=0))[0]
    X[:, 1] = 0.6 * X[:, 0] + 0.8 * X[:, 1]

    assert condition(X) == pytest.approx(1.6 / 0.4)
    assert inflation(X) == pytest.approx(1 / (1 - 0.36))


def collinear(copied):
    """Return a target of the first four columns; four others copy the ``copied``."""
    sample = make_sample(n_samples=200, beta=np.r_[np.full(4, 2.0), np.zeros(4)])
    rng = np.random.default_rng(0)

    def widened(X):
        X = X.copy()
        X[:, 5:] = X[:, [copied]] + 0.05 * rng.standard_normal((len(X), 3))
        return X

    parts = widened(sample.X), sample.y, widened(sample.X_new), sample.y_new
    return Sample(*parts, sample.objective, 0)


def test_lasso_chooses_less_collinear_columns_where_the_others_are_copies():
    found = values("chosen_collinearity", collinear(copied=4))

    assert found["half_condition_over_random"] < -0.5
    assert found["half_inflation_over_random"] < -0.5


def test_lasso_chooses_all_of_the_collinear_columns_where_they_matter():
    sample = collinear(copied=4)
    y, y_new = (X[:, 4:].sum(axis=1) for X in (sample.X, sample.X_new))
    opposite = Sample(sample.X, y, sample.X_new, y_new, sample.objective, 0)

    found = values("chosen_collinearity", opposite)

    assert found["half_condition_over_random"] > 1


def test_largest_coefficient_keeps_its_share_under_l1_where_columns_are_unrelated():
    sample = make_sample(n_samples=400, beta=np.r_[5.0, np.full(9, 0.5)])

    found = values("relative_sizes", sample)

    assert found["l1_top_share_growth"] > 0.2
    assert found["l1_kept_order"] > 0.5
    assert abs(found["l2_top_share_growth"]) < 0.1


def test_no_unit_dies_without_a_penalty_and_nothing_changes():
    found = values("dead_unit_cost", make_sample(n_samples=80), strength=0.0, epochs=5)

    assert found["dead_share"] == 0
    assert found["new_loss_change"] == 0
    assert found["removed_loss_change"] == pytest.approx(0, abs=1e-12)


def test_units_die_under_a_strong_penalty_and_their_removal_costs_nothing():
    sample = make_sample(n_samples=120)

    found = values("dead_unit_cost", sample, strength=0.1, epochs=100)

    assert found["dead_share"] > 0.3
    assert abs(found["pruned_loss_change"]) < 0.01


def test_dead_units_harm_where_the_target_needs_all_of_them():
    """A clear target of many rows: under a strong L1 the network cannot follow it."""
    sample = make_sample(n_samples=300, beta=np.full(10, 1.0), noise=0.1)

    found = values("dead_unit_cost", sample, strength=0.3, epochs=60)

    assert found["new_loss_change"] > 0.5
    assert found["removed_loss_change"] > -0.01


def network(units):
    """Return a network of units: weights, bias, output weight."""
    W = np.array([weights for weights, _, _ in units], dtype=float).T
    c, v = (np.array([unit[k] for unit in units], dtype=float) for k in (1, 2))
    return W, c, v, np.zeros(1)


def test_boundary_of_one_unit_is_straight_and_that_of_a_round_class_bends():
    X = np.random.default_rng(0).standard_normal((200, 2))
    sides = [((2, 0), 2, 1), ((-2, 0), 2, 1), ((0, 2), 2, 1), ((0, -2), 2, 1)]
    W, c, v, _ = network(sides)

    straight, steep = boundary_bend(network([((2, 0), 0, 1.5)]), X, 0)
    bent, _ = boundary_bend((W, c, v, np.array([-3.0])), X, 0)

    assert straight == 0.001  # counts as straight
    assert steep == pytest.approx(2.0 * 1.5)
    assert bent > 0.8


def test_network_that_sees_one_class_has_no_boundary():
    W, c, v, _ = network([((2, 0), 0, 1)])

    found = boundary_bend((W, c, v, np.array([5.0])), np.zeros((9, 2)), 0)

    assert np.isnan(found).all()


def test_l2_straightens_a_boundary_that_noise_bends():
    sample = make_sample("logistic", n_samples=80, beta=np.r_[2.0, np.zeros(4)])

    found = values("network_boundary", sample, epochs=150, strength=0.1)

    assert found["l2_bend_change_strong"] < -0.5


def test_plain_steps_end_no_lower_than_proximal_ones():
    found = values("network_descent", make_sample(n_samples=80), epochs=60)

    assert found["subgradient_over_proximal"] > -0.01


def test_each_penalty_has_the_wider_margin_in_its_own_norm():
    beta = np.r_[3.0, -3.0, np.zeros(18)]
    sample = make_sample("logistic", n_samples=150, beta=beta)

    found = values("margins_by_norm", sample)

    assert found["l1_over_l2_maximum"] > 0


@pytest.mark.parametrize(("rows", "least"), [(15, 0.0), (300, 1.0)])
def test_lasso_finds_all_features_only_on_enough_rows(rows, least):
    sample = make_sample(n_samples=300, noise=2.0)

    recall = [
        values("wide_selection", make_sample(noise=2.0, seed=seed), rows=rows)
        for seed in range(4)
    ]

    assert len(sample.y) == 300
    whole = np.mean([one["recall_at_true_size"] for one in recall])
    assert (whole == 1) == (least == 1)


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
def test_penalties_help_on_noise_and_not_on_a_clear_step(engine):
    rng = np.random.default_rng(0)

    def sample(draw):
        X, X_new = rng.random((2, 200, 4))
        return Sample(X, draw(X), X_new, draw(X_new), make_objective(), 0)

    noisy = sample(lambda X: X[:, 0] + rng.standard_normal(len(X)))
    clear = sample(lambda X: np.where(X[:, 0] > 0.5, 1.0, -1.0))

    on_noise = values("penalised_ensembles", noisy, engine=engine)
    on_step = values("penalised_ensembles", clear, engine=engine)

    assert on_noise["l2_norm_at_100"] < -0.2
    assert on_noise["l1_leaves_at_10"] < -0.2
    assert on_step["l2_new_loss"] >= 0
