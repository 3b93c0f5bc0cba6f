"""Columns as a library is given them: from their smallest value on, or as ranks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FeatureMap"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """An increasing map of each column.

    Attributes
    ----------
    shift : ndarray of shape (n_features,)
        Subtracted from a column; 0 where it stays where it is.
    ranks : dict of int to ndarray
        By place of a column the values, ascending, whose count up to ``x`` stands for
        ``x``.

    Examples
    --------
    >>> days = FeatureMap(np.zeros(1), {0: np.array([20240115.0, 20240116.0])})
    >>> days.apply(np.array([[20240114.0], [20240115.0], [20240118.0]])).tolist()
    [[0.0], [1.0], [2.0]]
    """

    shift: Array
    ranks: dict[int, Array]

    @property
    def is_identity(self) -> bool:
        """Whether no column is changed."""
        return not self.ranks and not self.shift.any()

    def apply(self, X: Array) -> Array:
        """Return rows (n_samples, n_features) as the library is given them.

        ``X`` itself where no column is changed.
        """
        if self.is_identity:
            return X
        X = np.asarray(X - self.shift, dtype=np.float64)
        for place, values in self.ranks.items():
            known = ~np.isnan(X[:, place])
            rank = np.searchsorted(values, X[known, place], side="right")
            X[known, place] = rank.astype(np.float64)
        return X

    def undo(self, feature: NDArray[np.integer], values: Array) -> Array:
        """Return thresholds of columns ``feature`` in the columns' own units.

        A row goes left if its mapped value is at most the threshold; so it does with
        its own value and what is returned.
        """
        own = np.asarray(values + self.shift[feature], dtype=np.float64)
        for place, ranked in self.ranks.items():
            here = feature == place
            # At most rank k means below the value with that rank.
            above = np.append(ranked, np.inf)[np.floor(values[here]).astype(np.int64)]
            own[here] = np.nextafter(above, -np.inf)
        return own
