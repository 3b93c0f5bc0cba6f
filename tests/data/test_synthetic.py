"""Planted data hold what their documentation says, the same everywhere."""

import numpy as np
import pytest

from boostreg.data import planted_truth, prepare_table
from boostreg.data.synthetic import SYNTHETIC

PRINTS = {
    "classes": "89246427b0b84524",
    "collinear": "6cf9f1442bf053b8",
    "friedman1": "e34f07f394bd3127",
    "mixed": "fd9855788bec08ba",
    "noise": "8b2096b71d36c9de",
    "sparse": "ec7076ea92363324",
    "step": "c70a4d0485f823f7",
}


@pytest.mark.parametrize("name", SYNTHETIC)
def test_planted_data_are_the_same_on_every_platform(name):
    table = prepare_table(SYNTHETIC[name](), target="target")

    assert table.fingerprint[:16] == PRINTS[name]


def test_friedman1_is_its_formula_and_unit_noise():
    frame = SYNTHETIC["friedman1"]()
    x = frame.to_numpy().T

    rest = x[-1] - (
        10 * np.sin(np.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4]
    )

    assert abs(rest.mean()) < 0.1
    assert abs(rest.std() - 1) < 0.1


def test_step_is_its_formula_without_noise():
    frame = SYNTHETIC["step"]()

    expected = 2 * (frame.x0 > 0.3) + (frame.x1 > 0.6) - 3 * (frame.x0 > 0.7)

    np.testing.assert_array_equal(frame.target, expected)


def test_only_five_columns_of_sparse_matter():
    frame = SYNTHETIC["sparse"]()
    X = frame.drop(columns="target").to_numpy()

    coefficients = np.linalg.lstsq(X, frame.target.to_numpy())[0]

    expected = np.r_[3, -2, 2, -1, 1, np.zeros(45)]
    np.testing.assert_allclose(coefficients, expected, atol=0.15)


def test_noise_has_nothing_to_learn():
    frame = SYNTHETIC["noise"]()

    correlations = frame.corr()["target"].drop("target")

    assert correlations.abs().max() < 0.1


def test_mixed_has_categories_flags_and_missing_values():
    table = prepare_table(SYNTHETIC["mixed"](), target="target")

    assert (table.task, table.classes) == ("binary", ("no", "yes"))
    assert table.columns[4].categories == ("blue", "green", "red")
    missing = np.isnan(table.X).mean(axis=0)
    np.testing.assert_allclose(missing, [0, 0.15, 0.1, 0, 0.05, 0], atol=0.03)


def test_missing_values_of_mixed_say_yes_more_often():
    frame = SYNTHETIC["mixed"]()
    yes = frame.target == "yes"

    assert yes[frame.x1.isna()].mean() > yes[frame.x1.notna()].mean() + 0.1


def test_collinear_is_linear_in_five_columns_of_a_correlated_row():
    frame = SYNTHETIC["collinear"](n_samples=5000)
    X = frame.drop(columns="target").to_numpy()
    truth = planted_truth("collinear")

    coefficients = np.linalg.lstsq(X, frame.target.to_numpy())[0]
    left = frame.target - X @ truth["coefficients"]

    np.testing.assert_allclose(coefficients, truth["coefficients"], atol=0.15)
    assert np.flatnonzero(truth["coefficients"]).tolist() == [0, 6, 12, 18, 24]
    assert left.var() == pytest.approx(truth["noise_variance"], rel=0.1)
    assert np.corrcoef(X[:, 3], X[:, 4])[0, 1] == pytest.approx(0.8, abs=0.03)
    np.testing.assert_allclose(X.std(axis=0), 1, atol=0.05)


def test_classes_follow_their_log_odds():
    table = prepare_table(SYNTHETIC["classes"](n_samples=5000), target="target")
    score = table.X @ planted_truth("classes")["coefficients"]
    share = 1 / (1 + np.exp(-score))

    assert table.classes == ("no", "yes")
    for low, high in ((0, 0.2), (0.4, 0.6), (0.8, 1)):
        rows = (share > low) & (share < high)
        assert table.y[rows].mean() == pytest.approx(share[rows].mean(), abs=0.04)
