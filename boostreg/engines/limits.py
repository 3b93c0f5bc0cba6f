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
    best_sum = best_gain = 0.0
    features = problem.features(table)
    for feature in range(table.n_features):
        column = features.column(feature)[::step]
        for g, h in zip(G[::step].T, H[::step].T, strict=True):
            keys = column
            if feature in table.categorical:  # G / H of each row's category
                known = ~np.isnan(column)
                codes = column[known].astype(np.int64)
                GC, HC = np.bincount(codes, g[known]), np.bincount(codes, h[known])
                of_category = np.divide(GC, HC, out=np.zeros_like(GC), where=HC > 0)
                keys = np.full(len(column), np.nan)
                keys[known] = of_category[codes]
            largest, gain = _best_cut(keys, g, h)
            best_sum, best_gain = max(best_sum, largest), max(best_gain, gain)
    ratio = np.divide(gradient, hessian, out=np.zeros_like(G), where=hessian > 0)
    return Facts(
        units=problem.standard.units,
        objective=objective.name,
        constant_hessian=problem.constant_hessian,
        total_hessian=float(H.sum(axis=0).max()),
        largest_gradient=step * best_sum,
        largest_gain=step * best_gain,
        largest_weight=float(np.abs(ratio).max()),
        n_features=table.n_features,
        n_rounds=n_rounds,
        scale=scale,
    )


def _best_cut(keys: NDArray[np.float64], g: Array, h: Array) -> tuple[float, float]:
    """Return the largest abs(G) of a side and the best gain of all cuts of the keys.

    Missing keys are on either side. Gains are those without penalties, G_L^2 / H_L +
    G_R^2 / H_R - G^2 / H: eq. 7 of https://arxiv.org/abs/1603.02754 without its 1/2.
    """
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
