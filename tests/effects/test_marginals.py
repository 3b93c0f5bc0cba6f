"""Exact marginals of a forest against its own predictions, cell by cell."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from boostreg.effects.importance import forest_leaves, variance_given


@pytest.fixture(scope="module")
def forest():
    draw = np.random.default_rng(0)
    X = draw.random((40, 3))
    y = 5 * (X[:, 0] > 0.07) + X[:, 0] * X[:, 1] + draw.normal(size=40)
    return RandomForestRegressor(12, max_depth=4, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def cells(forest):
    """Return the prediction in every cell between thresholds, and the cells' widths."""
    edges = [
        np.unique(
            np.concatenate(
                [[0, 1], *(t.tree_.threshold[t.tree_.feature == i] for t in forest)]
            )
        )
        for i in range(3)
    ]
    middles = [(edge[1:] + edge[:-1]) / 2 for edge in edges]
    grid = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1)
    values = forest.predict(grid.reshape(-1, 3)).reshape(grid.shape[:-1])
    return values, [np.diff(edge) for edge in edges]


@pytest.mark.parametrize("held", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)])
def test_variance_is_that_of_the_predictions(forest, cells, held):
    values, widths = cells
    mean = values
    for axis in sorted(set(range(3)) - set(held), reverse=True):
        mean = np.tensordot(mean, widths[axis], axes=(axis, 0))
    weight = widths[held[0]]
    for axis in held[1:]:
        weight = np.multiply.outer(weight, widths[axis])
    expected = np.average(
        (mean - np.average(mean, weights=weight)) ** 2, weights=weight
    )

    found = variance_given(forest_leaves(forest, 3), held)

    assert found == pytest.approx(expected, rel=1e-6)  # the forest reads float32
