"""``BoostedRegressor``, a scikit-learn estimator."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.data import Table
from boostreg.estimators.boosted import Boosted, Settings
from boostreg.estimators.inputs import (
    read_numbers_of,
    read_training,
    read_weights,
    trainable,
)
from boostreg.losses import Objective

__all__ = ["BoostedRegressor"]


@dataclass(kw_only=True, repr=False, eq=False)
class BoostedRegressor(RegressorMixin, Boosted):  # type: ignore[misc] # no types
    """Boosted trees for regression, with the same penalties in every engine.

    Parameters
    ----------
    engine : {"xgboost", "lightgbm", "sklearn"}, default="xgboost"
        The library that grows the trees.
    n_estimators : int, default=100
        Maximum number of boosting rounds.
    learning_rate, max_leaves, max_depth, subsample, colsample_bytree, reg_alpha, \
reg_lambda, min_split_gain, min_child_weight, min_child_samples, max_delta_step, \
path_smooth, cat_l2, scale
        See ``Penalty``, also for defaults. ``fit`` refuses a penalty that the engine
        does not support. ``reg_lambda`` None means 1, or 0 if the library sets leaves
        to quantiles (``absolute_error`` and ``quantile``).
    objective : str, dict or None, default=None
        ``"squared_error"`` (for None), ``"poisson"``, ``"gamma"``,
        ``{"tweedie": 1.5}``, ``"absolute_error"`` or ``{"quantile": 0.9}``.
    monotone : dict, sequence of int or None, default=None
        1 if predictions must not decrease in a column, -1 if they must not increase, 0
        for no constraint; a dict by column name, or one number per column.
    early_stopping : float or None, default=None
        Fraction of the training rows to hold out. The model keeps the rounds with the
        lowest loss on them.
    patience : int or None, default=30
        With validation rows: rounds without improvement before growing stops; None to
        grow all rounds and keep the best.
    random_state : int, RandomState or None, default=None
        Seed of row and column sampling, and of the held-out rows.
    n_jobs : int or None, default=None
        Number of threads: None for one, -1 for all cores.

    Attributes
    ----------
    trees_ : TreeEnsemble
    size_ : TreeSize
    penalties_ : Penalty
        The effective penalties in raw units; ``penalties_.to_scale("rows", units_)``
        converts them.
    units_ : Units
        Factors from rows to raw units, measured on the training rows.
    native_ : object
        The library's own booster, usable without boostreg.
    n_rounds_ : int
        Number of rounds in use.
    train_loss_, valid_loss_ : ndarray of shape (n_grown + 1,)
        Mean loss after each round, starting with the intercept alone, on training and
        validation rows; ``valid_loss_`` is empty without validation rows.
    categories_ : dict of str to tuple of str
        The labels of each category column, in the order of their codes.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if ``X`` is a data frame.

    Examples
    --------
    >>> model = BoostedRegressor(engine="lightgbm", n_estimators=5, reg_lambda=2.0)
    >>> model.fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 1.0]).size_.n_leaves
    10
    """

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None
    ) -> Self:
        """Grow the ensemble.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_samples, n_features)
            A data frame (pandas, polars, PyArrow and others) may contain numbers,
            booleans, text and categories, everything else numbers. NaN is missing; an
            absent entry of a sparse matrix is 0.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        eval_set : tuple, optional
            ``(X, y)`` or ``(X, y, sample_weight)``: validation rows for early stopping,
            instead of a fraction of the training rows. A list with one such tuple
            is accepted too.
        """
        settings = Settings.of(self)
        objective = Objective.for_task("regression", 0, self.objective)
        rows, target, columns = read_training(self, X, y, y_numeric=True)
        train = Table(
            X=rows,
            y=np.asarray(target, dtype=np.float64),
            columns=trainable(columns),
            task="regression",
            target="y",
            weights=read_weights(sample_weight, rows),
        )
        return self._fit(train, objective, settings, columns=columns, eval_set=eval_set)

    def predict(self, X: Any, n_rounds: int | None = None) -> Array:
        """Return the predicted mean or quantile of each row.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_samples, n_features)
            A category that is not in the training data counts as missing.
        n_rounds : int, optional
            Number of rounds to use. Default: all.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        raw = self._raw(X, n_rounds)
        return self._model.objective.predict(raw)

    @override
    def _read_validation(self, y: Any, X: Array) -> tuple[Array, Array | None]:
        return read_numbers_of(y, X), None
