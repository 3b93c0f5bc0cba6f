"""Minima of quadratic functions with absolute values, against every sign pattern."""

from itertools import product

import numpy as np
import pytest

from boostreg.baselines.active_set import Dense, penalised_minimum


def draw(seed, n, n_rows):
    """Return a matrix of rank ``n_rows``, nearly singular if that is below ``n``."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n))
    X[:, 1] = X[:, 0] + 1e-3 * X[:, 1]
    Q = X.T @ X + 1e-9 * np.eye(n)
    l1 = rng.uniform(0.1, 2, n) * (rng.random(n) < 0.8)
    return Q, rng.normal(size=n), X.T @ rng.normal(size=n_rows), l1


def objective(Q, start, slope, l1, x):
    moved = x - start
    return slope @ moved + moved @ Q @ moved / 2 + l1 @ np.abs(x)


@pytest.mark.parametrize("seed", range(20))
def test_minimum_is_the_lowest_of_all_sign_patterns(seed):
    Q, start, slope, l1 = draw(seed, n=5, n_rows=9)

    x = penalised_minimum(Dense(Q), start, slope, l1, 1e-12)

    lowest = np.inf
    for signs in product((-1, 0, 1), repeat=5):
        on = np.array(signs) != 0
        point = np.zeros(5)
        right = (Q @ start - slope - l1 * signs)[on]
        point[on] = np.linalg.solve(Q[np.ix_(on, on)], right)
        lowest = min(lowest, objective(Q, start, slope, l1, point))
    assert objective(Q, start, slope, l1, x) == pytest.approx(lowest, rel=1e-8)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("n_rows", [30, 90])
def test_many_coordinates_meet_the_conditions_of_optimality(seed, n_rows):
    """Also with fewer rows than coordinates, where coordinate descent hardly moves."""
    Q, start, slope, l1 = draw(seed, n=60, n_rows=n_rows)
    l1 = np.maximum(l1, 0.05)

    x = penalised_minimum(Dense(Q), start, slope, l1, 1e-8)

    gradient = slope + Q @ (x - start)
    on = x != 0
    np.testing.assert_allclose(gradient[on], -(l1 * np.sign(x))[on], atol=1e-6)
    assert np.all(np.abs(gradient[~on]) <= l1[~on] + 1e-6)


def test_search_that_is_cut_ends_lower_than_it_began(monkeypatch):
    monkeypatch.setattr("boostreg.baselines.active_set._MAX_STEPS", 1)
    Q, start, slope, l1 = draw(0, n=40, n_rows=30)

    x = penalised_minimum(Dense(Q), start, slope, l1, 1e-12)

    assert objective(Q, start, slope, l1, x) < objective(Q, start, slope, l1, start)
