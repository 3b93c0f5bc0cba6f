"""A network's gradients are right, and its penalties do what their steps can do."""

from dataclasses import replace

import numpy as np
import pytest
from samples import make_sample, measure

from boostreg.claims.experiments.network import (
    NetworkRows,
    Rule,
    gradients,
    initial,
    loss,
    steps,
)


@pytest.mark.parametrize("kind", ["squared_error", "logistic"])
def test_gradients_are_those_of_central_differences(kind):
    data = NetworkRows.of(make_sample(kind, n_samples=40))
    weights = initial(10, 4, np.random.default_rng(0))

    found = gradients(weights, data)

    for place, slopes in enumerate(found):
        for index in np.ndindex(slopes.shape):
            sides = []
            for nudge in (1e-6, -1e-6):
                moved = [w.copy() for w in weights]
                moved[place][index] += nudge
                sides.append(loss(tuple(moved), data))
            assert slopes[index] == pytest.approx(
                (sides[0] - sides[1]) / 2e-6, rel=1e-5, abs=1e-8
            )


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_training_lowers_the_loss(optimiser):
    data = NetworkRows.of(make_sample())
    start = initial(10, 6, np.random.default_rng(0))

    *_, end = steps(data, start, Rule(optimiser), epochs=20, seed=0)

    assert loss(end, data) < 0.5 * loss(start, data)


def test_l2_is_weight_decay_for_gradient_descent_and_not_for_adam():
    found = measure("weight_decay", make_sample()).values
    without = measure("weight_decay", make_sample(), strength=0.0).values

    assert found["sgd_difference"] < 1e-9
    assert found["adam_difference"] > 0.1
    assert without["adam_difference"] == 0


def test_proximal_steps_alone_land_on_zeros():
    found = measure("network_zeros", make_sample()).values
    weak = measure("network_zeros", make_sample(), strength=1e-5).values

    assert found["proximal_zero_share"] > 0.3
    assert found["subgradient_zero_share"] == found["l2_zero_share"] == 0
    assert found["subgradient_near_zero_share"] > found["l2_near_zero_share"]
    assert weak["proximal_zero_share"] < 0.1


def test_l1_kills_units_only_where_it_is_strong_enough():
    """By what they add to the output, whether or not their weights are exactly 0."""
    sample = make_sample(n_samples=120)
    strong = measure("dead_units", sample, strength=0.05, epochs=120).values
    weak = measure("dead_units", sample, strength=1e-4, epochs=20).values

    for optimiser in ("sgd", "adam"):
        assert strong[f"proximal_{optimiser}"] > 0.3
        assert strong[f"subgradient_{optimiser}"] > 0.3
        assert strong[f"proximal_{optimiser}_zero"] > 0.3
        assert strong[f"subgradient_{optimiser}_zero"] == 0
        assert strong[f"l2_{optimiser}_zero"] == 0
        assert weak[f"proximal_{optimiser}"] == weak[f"l2_{optimiser}"] == 0


def test_a_strong_enough_penalty_kills_every_unit():
    found = measure("dead_units", make_sample(), strength=5.0, epochs=30).values

    assert found["proximal_sgd_zero"] == found["proximal_adam_zero"] == 1
    assert min(found["proximal_sgd"], found["proximal_adam"]) > 0.9


@pytest.mark.parametrize("how", ["l1", "proximal"])
def test_adam_lowers_the_penalised_loss_by_both_kinds_of_step(how):
    """A threshold that is not scaled like Adam's steps is next to no penalty."""
    data = NetworkRows.of(make_sample())
    start = initial(10, 6, np.random.default_rng(0))

    def objective(weights):
        return loss(weights, data) + 0.05 * sum(
            np.abs(weights[k]).sum() for k in (0, 2)
        )

    *_, end = steps(data, start, Rule("adam", how, 0.05), epochs=100, seed=0)

    assert objective(end) < 0.7 * objective(start)


def test_units_still_dying_at_the_end_give_a_lower_bound():
    short = measure("dead_units", make_sample(), strength=0.05, epochs=6)
    long = measure("dead_units", make_sample(), strength=0.05, epochs=120)

    assert short.bounds["proximal_adam"] == "at least"
    assert short.values["proximal_adam"] <= long.values["proximal_adam"]
    assert "proximal_adam" not in long.bounds


def test_subgradient_steps_stay_away_from_the_minimum_and_proximal_steps_reach_it():
    kink = measure("kink", make_sample(), steps=1000)
    found = kink.values

    assert kink.bounds["subgradient_over_proximal"] == "at least"
    assert "proximal_over_l2" not in kink.bounds
    assert found["proximal_left"] < 1e-10
    assert found["subgradient_left"] > 1e-4
    assert found["subgradient_over_proximal"] > 1
    assert abs(found["proximal_over_l2"]) < 0.5


def test_without_much_of_a_penalty_the_kink_costs_nothing():
    sample = replace(make_sample(beta=np.r_[2.0, -2.0]), seed=1)

    kink = measure("kink", sample, fit=0.999, steps=1000, distance=0.01)
    found = kink.values

    assert not kink.bounds
    assert found["subgradient_over_proximal"] == pytest.approx(0, abs=0.2)
