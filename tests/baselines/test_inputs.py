"""Inputs are learned from the training rows and nothing else."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from boostreg.baselines.inputs import fit_inputs, transform
from boostreg.data import Column, Table

NAN = np.nan


def table_of(*columns, **categories):
    """Return a table of columns a, b, ..., those named with categories."""
    X = np.column_stack(columns).astype(float)
    names = "abcdef"[: len(columns)]
    return Table(
        X=X,
        y=np.zeros(len(X)),
        columns=tuple(Column(n, categories.get(n)) for n in names),
        task="regression",
        target="y",
    )


def learn(table, weights=None):
    """Return names and standardized values of a table's own inputs."""
    w = np.ones(len(table.y)) if weights is None else np.asarray(weights, float)
    inputs = fit_inputs(table.features(), w)
    return [i.name for i in inputs], transform(inputs, table.X)


def test_inputs_equal_a_pipeline_of_scikit_learn(make_table):
    table = make_table()
    one_hot = OneHotEncoder(drop="if_binary", sparse_output=False)
    encoder = ColumnTransformer(
        [
            ("numbers", SimpleImputer(add_indicator=True), [0, 1, 2]),
            ("categories", one_hot, [3, 4]),
        ]
    )
    expected = make_pipeline(encoder, StandardScaler()).fit_transform(table.X)

    names, found = learn(table)

    order = ["x0", "x1", "x2", "x1 (missing)", "color=red", "color=green"]
    order += ["color=blue", "color (missing)", "switch=on"]
    by_name = found[:, [names.index(name) for name in order]]
    np.testing.assert_allclose(by_name, expected, atol=1e-12)


def test_missing_number_is_the_mean_and_an_input_of_its_own():
    names, values = learn(table_of([1.0, 3.0, NAN, NAN]))

    assert names == ["a", "a (missing)"]
    np.testing.assert_allclose(values[:, 0], [-np.sqrt(2), np.sqrt(2), 0, 0])
    np.testing.assert_allclose(values[:, 1], [-1, -1, 1, 1])


@pytest.mark.parametrize(
    ("column", "categories", "expected"),
    [
        ([5, 5, 5], None, []),
        ([NAN, NAN, NAN], None, []),
        ([NAN, 5, 5], None, ["a (missing)"]),
        ([0, 0, 0], ("u", "v"), []),
        ([0, 1, 0], ("u", "v"), ["a=v"]),
        ([0, NAN, 0], ("u", "v"), ["a (missing)"]),
        ([0, 2, 0], ("u", "v", "w"), ["a=w"]),
        ([0, 1, NAN], ("u", "v"), ["a=u", "a=v", "a (missing)"]),
    ],
)
def test_inputs_that_say_something_are_kept(column, categories, expected):
    table = table_of(column, a=categories) if categories else table_of(column)

    names, values = learn(table)

    assert names == expected
    assert values.shape == (3, len(expected))


def test_category_of_later_rows_alone_turns_all_indicators_off():
    train = table_of([0, 1, 2, 0], a=("u", "v", "w", "new"))
    inputs = fit_inputs(train.features(), np.ones(4))

    off = transform(inputs, np.array([[3.0], [NAN]]))

    expected = [-i.center / i.scale for i in inputs]
    np.testing.assert_allclose(off, [expected, expected])


def test_number_missing_in_later_rows_alone_is_the_mean():
    inputs = fit_inputs(table_of([1.0, 2.0, 6.0]).features(), np.ones(3))

    assert transform(inputs, np.array([[NAN]])).tolist() == [[0.0]]


def test_weights_are_repetitions():
    column, times = np.array([1.0, NAN, 4.0, 0.5]), [2, 1, 3, 1]

    _, weighted = learn(table_of(column), times)
    _, repeated = learn(table_of(np.repeat(column, times)))

    np.testing.assert_allclose(np.repeat(weighted, times, axis=0), repeated)


def test_rows_of_weight_zero_have_no_say():
    names, values = learn(table_of([1.0, 2.0, NAN], [0, 0, 1], b=("u", "v")), [1, 1, 0])

    assert names == ["a"]
    np.testing.assert_allclose(values[:, 0], [-1, 1, 0])


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_very_large_and_small_numbers_are_standardized_alike(factor):
    column = np.array([1.0, 2.0, 4.0])

    _, plain = learn(table_of(column))
    _, scaled = learn(table_of(factor * column))

    np.testing.assert_allclose(scaled, plain, rtol=1e-12)
