"""Margins, support vectors and zeros of linear SVMs."""

import numpy as np
import pytest
from samples import BETA, make_sample, measure

from boostreg.claims.experiments.svm import fit_machine


def test_the_margin_is_the_gap_between_two_points():
    X = np.array([[-1.0, 0.0], [1.0, 0.0]])
    machine = fit_machine((X, np.array([0.0, 1.0])), "l2", 1e4)

    assert machine.margin == pytest.approx(2, rel=1e-3)
    assert machine.error((X, np.array([0.0, 1.0]))) == 0
    assert machine.error((X, np.array([1.0, 0.0]))) == 1


@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_a_stronger_penalty_widens_the_margin(kind):
    series = measure("margins", make_sample("logistic")).series

    assert (np.diff(series[f"{kind}_margin"]) <= 1e-9).all()
    assert series[f"{kind}_support"][0] > series[f"{kind}_support"][-1]


def test_zeros_are_l1_s_alone():
    series = measure("margins", make_sample("logistic")).series

    assert series["l1_zeros"][0] == 1
    assert max(series["l2_zeros"]) == 0


def test_a_penalty_helps_where_rows_are_few_and_not_where_they_are_many():
    beta = np.r_[BETA, np.zeros(20)]
    few = [
        measure("margins", make_sample("logistic", n_samples=50, beta=beta, seed=seed))
        for seed in range(4)
    ]
    many = measure("margins", make_sample("logistic", n_samples=600)).values

    for kind in ("l1", "l2"):
        change = f"{kind}_new_loss_change"
        assert np.mean([one.values[change] for one in few]) < -0.1
        assert abs(many[change]) < 0.05
