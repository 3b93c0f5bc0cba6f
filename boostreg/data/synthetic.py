r"""Planted data: the truth is known, so a report's claims can be checked against it.

Every data set is the same on every platform: its draws are fixed by a seed, and
numbers that pass through functions such as sine are rounded to six decimals.

=============  =====  ==========  =================================================
name           rows   features    target
=============  =====  ==========  =================================================
``friedman1``  1000   x0..x9      :math:`10 \sin(\pi x_0 x_1) + 20 (x_2 - 0.5)^2
                                  + 10 x_3 + 5 x_4 + e`, x uniform on [0, 1),
                                  e standard normal [1]_
``noise``      1000   x0..x9      e alone: no feature says anything
``step``       1000   x0..x4      :math:`2 [x_0 > 0.3] + [x_1 > 0.6]
                                  - 3 [x_0 > 0.7]`, without noise
``sparse``     1000   x0..x49     :math:`3 z_0 - 2 z_1 + 2 z_2 - z_3 + z_4 + e`,
                                  z standard normal
``collinear``  200    x0..x29     :math:`2 z_0 - 1.5 z_6 + z_{12} - z_{18}
                                  + z_{24} / 2 + 1.5 e`, z standard normal,
                                  neighbours correlated by 0.8, others by its powers
``classes``    400    x0..x29     yes with probability 1 / (1 + exp(-f)),
                                  :math:`f = 2 z_0 - 1.5 z_1 + 1.5 z_2 - z_3 + z_4`,
                                  z standard normal
``mixed``      1200   x0..x3,     yes with probability 1 / (1 + exp(-f)),
                      colour,     :math:`f = 2 x_0 - 1 + s(colour) + 1.5 [x_1
                      flag        missing] + [flag] x_2`; s is 1.5 for red, 0 for
                                  green, -1.5 for blue and 0 where missing; x
                                  standard normal; 15 % of x1, 10 % of x2 and 5 %
                                  of colour are missing at random (a missing x2
                                  counts as drawn)
=============  =====  ==========  =================================================

References
----------
.. [1] J. H. Friedman. "Multivariate Adaptive Regression Splines". The Annals of
   Statistics 19, 1991. https://doi.org/10.1214/aos/1176347963
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SYNTHETIC",
    "classes",
    "collinear",
    "friedman1",
    "mixed",
    "noise",
    "sparse",
    "step",
]

_DECIMALS = 6


def friedman1(n_samples: int = 1000, seed: int = 0) -> "pd.DataFrame":
    """Return a smooth function of five features, with noise; five more do nothing."""
    rng = np.random.default_rng(seed)
    X = rng.random((n_samples, 10))
    signal = (
        10 * np.sin(np.pi * X[:, 0] * X[:, 1])
        + 20 * (X[:, 2] - 0.5) ** 2
        + 10 * X[:, 3]
        + 5 * X[:, 4]
    )
    return _frame(X, signal + rng.standard_normal(n_samples))


def noise(n_samples: int = 1000, seed: int = 0) -> "pd.DataFrame":
    """Return a target that no feature says anything about."""
    rng = np.random.default_rng(seed)
    X = rng.random((n_samples, 10))
    return _frame(X, rng.standard_normal(n_samples))


def step(n_samples: int = 1000, seed: int = 0) -> "pd.DataFrame":
    """Return a step function without noise: three splits hold all of it."""
    X = np.random.default_rng(seed).random((n_samples, 5))
    y = 2.0 * (X[:, 0] > 0.3) + 1.0 * (X[:, 1] > 0.6) - 3.0 * (X[:, 0] > 0.7)
    return _frame(X, y)


def sparse(n_samples: int = 1000, seed: int = 0) -> "pd.DataFrame":
    """Return a linear target of 5 among 50 features, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 50))
    signal = 3 * X[:, 0] - 2 * X[:, 1] + 2 * X[:, 2] - X[:, 3] + X[:, 4]
    return _frame(X, signal + rng.standard_normal(n_samples))


def collinear(n_samples: int = 200, seed: int = 0) -> "pd.DataFrame":
    """Return a linear target of 5 among 30 features that are correlated in a row."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 30))
    for column in range(1, 30):
        X[:, column] = 0.8 * X[:, column - 1] + 0.6 * X[:, column]
    signal = 2 * X[:, 0] - 1.5 * X[:, 6] + X[:, 12] - X[:, 18] + 0.5 * X[:, 24]
    return _frame(X, signal + 1.5 * rng.standard_normal(n_samples))


def classes(n_samples: int = 400, seed: int = 0) -> "pd.DataFrame":
    """Return two classes whose log odds are a sum of 5 among 30 features."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 30))
    score = 2 * X[:, 0] - 1.5 * X[:, 1] + 1.5 * X[:, 2] - X[:, 3] + X[:, 4]
    yes = rng.random(n_samples) < 1 / (1 + np.exp(-score))
    return _frame(X, np.where(yes, "yes", "no").astype(object))


def mixed(n_samples: int = 1200, seed: int = 0) -> "pd.DataFrame":
    """Return two classes that depend on numbers, a category, a flag and gaps."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 4))
    drawn = (3 * rng.random(n_samples)).astype(np.int64)
    colour = np.array(["red", "green", "blue"], dtype=object)[drawn]
    flag = rng.random(n_samples) < 0.5
    gone = rng.random((3, n_samples)) < np.array([[0.15], [0.10], [0.05]])
    pulls = np.array([1.5, 0.0, -1.5])[drawn]
    score = (
        2 * X[:, 0] - 1 + np.where(gone[2], 0.0, pulls) + 1.5 * gone[0] + flag * X[:, 2]
    )
    yes = rng.random(n_samples) < 1 / (1 + np.exp(-score))
    X[gone[0], 1] = np.nan
    X[gone[1], 2] = np.nan
    colour[gone[2]] = None
    frame = _frame(X, np.where(yes, "yes", "no").astype(object))
    frame.insert(4, "colour", colour)
    frame.insert(5, "flag", flag)
    return frame


SYNTHETIC: dict[str, Callable[[], "pd.DataFrame"]] = {
    "classes": classes,
    "collinear": collinear,
    "friedman1": friedman1,
    "mixed": mixed,
    "noise": noise,
    "sparse": sparse,
    "step": step,
}
"""What ``synthetic:NAME`` returns."""


def _frame(X: Array, y: NDArray[np.generic]) -> "pd.DataFrame":
    import pandas as pd

    names = [f"x{index}" for index in range(X.shape[1])]
    frame = pd.DataFrame(X.round(_DECIMALS), columns=names)
    return frame.assign(
        target=y.round(_DECIMALS) if y.dtype.kind == "f" else y  # text stays
    )
