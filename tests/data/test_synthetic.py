"""Planted data hold what their documentation says, the same everywhere."""

import numpy as np
import pytest

from boostreg.data import prepare_table
from boostreg.data.synthetic import SYNTHETIC

PRINTS = {
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
