"""What a training part allows before any tree is grown: facts for the linter."""

import numpy as np
from numpy.typing import NDArray

from boostreg.engines.problem import Problem
from boostreg.losses import Array
from boostreg.penalty import Scale
from boostreg.penalty.findings import Facts

__all__ = ["measure_facts"]

_MOST_CELLS = 2**24


def measure_facts(problem: Problem, *, n_rounds: int, scale: Scale = "raw") -> Facts:
    """Return what the training rows of ``problem`` allow, at the intercept.

    Splits are searched exactly, over every value and, for categories, every cut of
    their order by G / H; so neither library's bins can hold a better one. Of more than
    16 million cells, rows are taken at even steps and sums scaled up.
    """
    table, objective = problem.train, problem.objective
    raw = np.tile(problem.standard.intercept, (table.n_samples, 1))
    weights = np.ones(table.n_samples) if table.weights is None else table.weights
    gradient = objective.gradient(table.y, raw)
    hessian = objective.hessian(table.y, raw)
    G, H = weights[:, None] * gradient, weights[:, None] * hessian
    step = -(-table.X.size // _MOST_CELLS)
    gradient_sum, gain = _best_splits(
        table.X[::step], G[::step], H[::step], table.categorical
    )
    ratio = np.divide(gradient, hessian, out=np.zeros_like(G), where=hessian > 0)
    return Facts(
        units=problem.standard.units,
        objective=objective.name,
        constant_hessian=problem.constant_hessian,
        total_hessian=float(H.sum(axis=0).max()),
        largest_gradient=step * gradient_sum,
        largest_gain=step * gain,
        largest_weight=float(np.abs(ratio).max()),
        n_features=table.n_features,
        n_rounds=n_rounds,
        scale=scale,
    )


def _best_splits(
    X: NDArray[np.float64], G: Array, H: Array, categorical: tuple[int, ...]
) -> tuple[float, float]:
    """Return the largest abs(G) on a side and the best gain of any root split."""
    total = G.sum(axis=0), H.sum(axis=0)
    best_sum = best_gain = 0.0
    for feature, column in enumerate(X.T):
        for GL, HL in _left_sides(column, G, H, feature in categorical):
            GR, HR = total[0] - GL, total[1] - HL
            open_sides = (HL > 0) & (HR > 0)
            sides = np.maximum(np.abs(GL), np.abs(GR))
            gain = _score(GL, HL) + _score(GR, HR) - _score(*total)
            best_sum = max(best_sum, float(np.max(sides, initial=0, where=open_sides)))
            best_gain = max(best_gain, float(np.max(gain, initial=0, where=open_sides)))
    return best_sum, best_gain


def _left_sides(
    column: NDArray[np.float64], G: Array, H: Array, is_categorical: bool
) -> list[tuple[Array, Array]]:
    """Return sums left of every cut, missing rows on the right and on the left."""
    known = ~np.isnan(column)
    missing = G[~known].sum(axis=0), H[~known].sum(axis=0)
    values, G, H = column[known], G[known], H[known]
    sides = []
    # Each class sorts categories by its own ratio; numbers have one order for all.
    for output in range(G.shape[1]):
        g, h = G[:, output], H[:, output]
        keys = _category_ratio(values, g, h) if is_categorical else values
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(keys[order]) > 0, len(keys) > 0))
        sides.append((np.cumsum(g[order])[ends], np.cumsum(h[order])[ends]))
    return [
        pair
        for number, (GL, HL) in enumerate(sides)
        for pair in _both_ways(GL, HL, missing[0][number], missing[1][number], number)
    ]


def _category_ratio(values: NDArray[np.float64], g: Array, h: Array) -> Array:
    codes = values.astype(np.int64)
    G, H = np.bincount(codes, g), np.bincount(codes, h)
    ratio = np.divide(G, H, out=np.zeros_like(G), where=H > 0)
    return np.asarray(ratio[codes], dtype=np.float64)
