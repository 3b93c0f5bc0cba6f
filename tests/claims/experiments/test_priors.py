"""Penalties are priors where mean and likelihood are what they are said to be."""

from dataclasses import replace

import numpy as np
import pytest
from samples import ENGINES, make_sample, measure


@pytest.mark.parametrize("prior", ["normal", "laplace", "uniform"])
@pytest.mark.parametrize(("kind", "bar"), [("squared_error", 1e-8), ("logistic", 1e-6)])
def test_penalised_coefficients_are_the_maximum_of_their_posterior(prior, kind, bar):
    sample = make_sample(kind, n_samples=150, correlation=0.5)

    found = measure("coefficient_prior", sample, prior=prior).values

    assert found["difference"] < bar
    assert (found["moved"] > 0.05) == (prior != "uniform")


@pytest.mark.parametrize("prior", ["normal", "laplace"])
def test_a_prior_with_another_mean_is_no_penalty(prior):
    sample = make_sample(n_samples=150)

    found = measure("coefficient_prior", sample, prior=prior, mean=5.0).values

    assert found["difference"] > 0.02


def test_classes_that_separate_have_no_maximum_without_a_prior():
    sample = make_sample("logistic", n_samples=150)
    apart = replace(sample, y=(sample.X[:, 0] > 0).astype(float))

    uniform = measure("coefficient_prior", apart, prior="uniform").values
    normal = measure("coefficient_prior", apart, prior="normal").values

    assert not uniform["difference"] < 1e-6
    assert normal["difference"] < 1e-6


@pytest.mark.parametrize("prior", ["normal", "laplace", "uniform"])
@pytest.mark.parametrize(("engine", "bar"), [("xgboost", 1e-6), ("lightgbm", 1e-12)])
@pytest.mark.parametrize("kind", ["squared_error", "logistic"])
def test_leaves_are_the_maximum_of_the_posterior(prior, engine, bar, kind):
    found = measure("leaf_prior", make_sample(kind), engine=engine, prior=prior).values

    assert found["difference"] < bar
    assert (found["moved"] > 1e-3) == (prior != "uniform")


@pytest.mark.parametrize("engine", ENGINES)
def test_only_squared_error_makes_a_leaf_the_maximum_of_the_likelihood_itself(engine):
    squared, classes = (
        measure("leaf_prior", make_sample(kind), engine=engine).values
        for kind in ("squared_error", "logistic")
    )

    assert squared["exact_difference"] < 1e-6
    assert classes["exact_difference"] > 0.01


def test_pictures_show_that_laplace_alone_takes_a_leaf_to_zero():
    series = measure("leaf_prior", make_sample()).series

    assert series["map_laplace"][0] == pytest.approx(1)
    assert series["map_laplace"][-1] == 0 < series["map_normal"][-1]
    for kind in ("normal", "laplace"):
        top = np.argmax(series[f"{kind}_posterior"])
        assert series["weight"][top] == pytest.approx(0.5, abs=0.03)
