"""Facts for the linter: bounds that training rows set before any tree is grown."""

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.engines.problem import Problem
from boostreg.penalty import Scale
from boostreg.penalty.lint_facts import Facts

__all__ = ["measure_facts"]

_MAX_CELLS = 2**23


def measure_facts(problem: Problem, *, n_rounds: int, scale: Scale = "raw") -> Facts:
    """Return the bounds that the training rows of ``problem`` set, at the intercept.

    Splits are searched exactly: over every value and, for categories, every cut of
    their order by G / H. No binned split of a library can be better. Beyond 8 million
    cells (times classes), every k-th row is used and the sums are scaled up.
    """
    table, objective = problem.train, problem.objective
    raw = np.tile(problem.standard.intercept, (table.n_samples, 1))
    weights = np.ones(table.n_samples) if table.weights is None else table.weights
    gradient = objective.gradient(table.y, raw)
    hessian = objective.hessian(table.y, raw)
    G, H = weights[:, None] * gradient, weights[:, None] * hessian
    step = max(-(-table.X.size * objective.n_outputs // _MAX_CELLS), 1)
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
    best_sum = best_gain = 0.0
    for feature, column in enumerate(X.T):
        for g, h in zip(G.T, H.T, strict=True):
            keys = _ratios(column, g, h) if feature in categorical else column
            largest, gain = _best_cut(keys, g, h)
            best_sum, best_gain = max(best_sum, largest), max(best_gain, gain)
    return best_sum, best_gain


def _best_cut(keys: NDArray[np.float64], g: Array, h: Array) -> tuple[float, float]:
    """Return both for cuts between different keys, with missing keys on either side."""
    known = ~np.isnan(keys)
    order = np.argsort(keys[known], kind="stable")
    cuts = np.flatnonzero(np.diff(keys[known][order]) > 0)
    GL, HL = (np.cumsum(values[known][order]) for values in (g, h))
    missing = g[~known].sum(), h[~known].sum()
    GL, HL = (
        np.concatenate([sums[cuts], sums[cuts] + rest, sums[-1:]])
        for sums, rest in zip((GL, HL), missing, strict=True)
    )
    if known.all():  # the last cut would leave the right side empty
        GL, HL = GL[:-1], HL[:-1]
    G, H = g.sum(), h.sum()
    GR, HR = G - GL, H - HL
    splits = (HL > 0) & (HR > 0)
    if not splits.any():
        return 0.0, 0.0
    GL, HL, GR, HR = GL[splits], HL[splits], GR[splits], HR[splits]
    gain = GL**2 / HL + GR**2 / HR - G**2 / H
    return float(np.maximum(np.abs(GL), np.abs(GR)).max()), float(gain.max())


def _ratios(column: NDArray[np.float64], g: Array, h: Array) -> Array:
    """Return each row's G / H of its category, NaN where that is missing."""
    known = ~np.isnan(column)
    codes = column[known].astype(np.int64)
    G, H = np.bincount(codes, g[known]), np.bincount(codes, h[known])
    ratio = np.divide(G, H, out=np.zeros_like(G), where=H > 0)
    keys = np.full(len(column), np.nan)
    keys[known] = ratio[codes]
    return keys
