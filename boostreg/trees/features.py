"""Columns as a library is given them: shifted and scaled where it needs that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FeatureScale"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureScale:
    """An increasing map of each column, ``(x - shift) * factor``.

    Attributes
    ----------
    shift : ndarray of shape (n_features,)
        0 where a column stays where it is.
    factor : ndarray of shape (n_features,)
        Powers of two; 1 where a column keeps its unit.

    Examples
    --------
    >>> scale = FeatureScale(np.array([20240000.0]), np.array([1.0]))
    >>> scale.apply(np.array([[20240116.0]]))
    array([[116.]])
    """

    shift: Array
    factor: Array

    @classmethod
    def identity(cls, n_features: int) -> "FeatureScale":
        """Return the map that changes no column."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @property
    def changed(self) -> NDArray[np.int64]:
        """Places of the columns that are changed."""
        return np.flatnonzero((self.shift != 0) | (self.factor != 1))

    def apply(self, X: Array) -> Array:
        """Return rows (n_samples, n_features) as the library is given them.

        ``X`` itself where no column is changed.
        """
        places = self.changed
        if not len(places):
            return X
        X = X.copy()
        with np.errstate(over="ignore"):
            X[:, places] = (X[:, places] - self.shift[places]) * self.factor[places]
        return X

    def undo(self, feature: NDArray[np.integer], values: Array) -> Array:
        """Return values of columns ``feature`` in the user's units, same shape."""
        return np.asarray(values / self.factor[feature] + self.shift[feature])
