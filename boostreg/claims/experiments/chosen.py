r"""How collinear the columns are that a lasso chooses, and which weights stay large.

With R the correlations of p columns, the condition number is the largest eigenvalue of
R over the smallest, and the variance inflation factor of column j is entry j of the
diagonal of :math:`R^{-1}` [1]_: 1 without collinearity. Any subset of columns has a
lower condition number (eigenvalues interlace), so a chosen set is also compared with
random sets of its size.

References
----------
.. [1] D. A. Belsley, E. Kuh, R. E. Welsch. "Regression Diagnostics". Wiley, 1980.
   doi:10.1002/0471725153
"""

from collections.abc import Callable

import numpy as np

from boostreg.arrays import Array, Mask
from boostreg.claims.experiments.base import (
    NORM,
    Measured,
    Options,
    Sample,
    along_strength,
    procedure,
    rank_correlation,
)
from boostreg.claims.experiments.coefficients import (
    L1_RATIOS,
    Linear,
    coefficients,
    matched,
)

__all__ = ["chosen_collinearity", "condition", "inflation", "relative_sizes"]

_DRAWS = 100
_SMALLEST = 1e-12

_SETS = {
    "best": "columns of the lasso of minimum inner loss",
    "half": "columns of the first lasso with at least half of all",
}
_FIGURES = {"condition": "condition number", "inflation": "largest variance inflation"}


def condition(X: Array) -> float:
    """Return the condition number of the correlations of columns, 1 for one column.

    >>> condition(np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]))
    1.0
    """
    values = np.linalg.eigvalsh(_correlations(X))
    return float(values[-1] / max(values[0], _SMALLEST)) if X.shape[1] else 1.0


def inflation(X: Array) -> float:
    """Return the largest variance inflation factor of columns, 1 for one column.

    >>> X = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    >>> inflation(X)
    1.0
    """
    inverse = np.linalg.pinv(_correlations(X), hermitian=True)
    return float(np.max(np.diag(inverse))) if X.shape[1] else 1.0


def _correlations(X: Array) -> Array:
    centred = X - X.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    scaled = centred / np.where(length > 0, length, 1.0)
    return np.asarray(scaled.T @ scaled)


_MEASURED: dict[str, Callable[[Array], float]] = {
    "condition": condition,
    "inflation": inflation,
}


@procedure(
    {
        f"{name}_{figure}_over_{other}": (
            f"{words} of the {columns}, over that of {others}, minus 1"
        )
        for name, columns in _SETS.items()
        for figure, words in _FIGURES.items()
        for other, others in (
            ("all", "all columns"),
            ("random", "as many random columns (geometric mean)"),
        )
    }
    | {f"{name}_columns": f"number of {columns}" for name, columns in _SETS.items()},
    panels=(
        along_strength(
            "Collinearity of the chosen columns",
            "share",
            "figure of the chosen columns",
            _FIGURES,
            y_log=True,
        ),
    ),
)
def chosen_collinearity(sample: Sample, options: Options) -> Measured:
    """Compare the collinearity of the columns that a lasso chooses with others."""
    del options
    linear = Linear.of(sample)
    X, grid = linear.design.X, linear.grid(1.0)
    chosen = coefficients(linear.path(grid, 1.0)) != 0
    enough = np.flatnonzero(chosen.sum(axis=1) >= X.shape[1] / 2)
    places = {
        "best": linear.choose(1.0, sample.seed),
        "half": int(enough[0]) if enough.size else len(grid) - 1,
    }
    rng = np.random.default_rng(sample.seed)
    values: dict[str, float] = {}
    for name, place in places.items():
        mine: Mask = chosen[place]
        size = int(np.sum(mine))
        values[f"{name}_columns"] = float(size)
        draws = [rng.permutation(X.shape[1])[:size] for _ in range(_DRAWS)]
        for figure, of in _MEASURED.items():
            here = of(X[:, mine])
            random = float(np.exp(np.mean([np.log(of(X[:, one])) for one in draws])))
            values[f"{name}_{figure}_over_all"] = here / of(X) - 1
            values[f"{name}_{figure}_over_random"] = here / random - 1
    return Measured.of(
        values,
        {
            "share": grid[::-1] / grid[0],
            **{
                figure: [of(X[:, one]) for one in chosen[::-1]]
                for figure, of in _MEASURED.items()
            },
        },
    )


_WORDS = {"l1": "L1", "l2": "L2"}


@procedure(
    {
        **{
            f"{name}_top_share_growth": (
                f"share of the largest coefficient in the sum of absolute "
                f"coefficients under {words}, over its share without a penalty, minus 1"
            )
            for name, words in _WORDS.items()
        },
        **{
            f"{name}_kept_order": (
                "rank correlation of a coefficient's unpenalised size and the share "
                f"of it that {words} leaves"
            )
            for name, words in _WORDS.items()
        },
        "l1_over_l2_top_share": (
            "share of the largest coefficient in the sum of absolute coefficients "
            "under L1, over that under L2, minus 1"
        ),
    },
    options={"norm": NORM},
    panels=[
        along_strength(
            f"Share of the largest coefficient along {words}",
            f"{name}_strength",
            "share of the sum",
            {f"{name}_top": "largest coefficient"},
        )
        for name, words in _WORDS.items()
    ],
)
def relative_sizes(sample: Sample, options: Options) -> Measured:
    """Compare the largest coefficient with all under L1 and under L2.

    Both leave the same share of the length of the unpenalised coefficients.
    """
    linear, goal = Linear.of(sample), float(options["norm"])
    free = np.abs(linear.free())
    values: dict[str, float] = {}
    series: dict[str, Array] = {}
    tops: dict[str, float] = {}
    for name, l1_ratio in L1_RATIOS.items():
        kept = np.abs(matched(linear, l1_ratio, goal, "norm"))
        tops[name] = _top_share(kept)
        values[f"{name}_top_share_growth"] = tops[name] / _top_share(free) - 1
        shares = np.divide(kept, free, out=np.zeros_like(kept), where=free > 0)
        values[f"{name}_kept_order"] = rank_correlation(free, shares)
        grid = linear.grid(l1_ratio)
        path = np.abs(coefficients(linear.path(grid, l1_ratio)))
        series[f"{name}_strength"] = grid[::-1] / grid[0]
        series[f"{name}_top"] = np.array([_top_share(one) for one in path[::-1]])
    values["l1_over_l2_top_share"] = tops["l1"] / tops["l2"] - 1
    return Measured.of(values, series)


def _top_share(sizes: Array) -> float:
    """Return the largest of some sizes over their sum, NaN if all are 0."""
    total = float(np.sum(sizes))
    return float(np.max(sizes)) / total if total > 0 else float("nan")
