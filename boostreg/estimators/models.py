"""``BoostedRegressor`` and ``BoostedClassifier``, the scikit-learn estimators."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.data import Table, Task
from boostreg.errors import DataError
from boostreg.estimators.boosted import (
    Boosted,
    ClassifierMixin,
    RegressorMixin,
    Settings,
)
from boostreg.estimators.inputs import (
    read_labels,
    read_numbers_of,
    read_training,
    read_weights,
    trainable,
)
from boostreg.losses import Objective
from boostreg.saved import read_offset

__all__ = ["BoostedClassifier", "BoostedRegressor"]


@dataclass(kw_only=True, repr=False, eq=False)
class BoostedRegressor(RegressorMixin, Boosted):
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
    feature_importances_ : ndarray of shape (n_features_in_,)
        The share of each column in the gain of all splits.
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
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 1.0]
    >>> model.fit(X, y).size_.n_leaves, model.size_at(2).n_leaves
    (10, 4)
    >>> model.predict(X).round(2), model.feature_importances_
    (array([0.39, 0.39, 0.61, 0.61]), array([1.]))
    >>> model.score(X, y) > 0.3
    True
    >>> model.trees_.n_trees, model.native_.num_trees(), model.categories_
    (5, 5, {})
    >>> from tempfile import mkdtemp
    >>> model.save_model(mkdtemp() + "/model").name
    'model.txt'
    """

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        offset: Any = None,
        eval_set: Any = None,
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
        offset : array-like of shape (n_samples,), optional
            What is added to the raw score, such as the logarithm of an exposure, for an
            objective with a log link: ``poisson``, ``gamma`` and ``tweedie``. The model
            is that of the rates ``y / exp(offset)``, with the row weights that make
            their loss the same (see ``Objective.without_offset``): so are its losses,
            and ``native_`` predicts rates. ``predict`` then needs an offset, too.
        eval_set : tuple, optional
            ``(X, y)``, ``(X, y, sample_weight)`` or ``(X, y, sample_weight, offset)``:
            validation rows for early stopping, instead of a fraction of the training
            rows. A list with one such tuple is accepted too.
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
            offset=None if offset is None else read_offset(offset, len(rows)),
        )
        return self._fit(train, objective, settings, columns=columns, eval_set=eval_set)

    def predict(
        self, X: Any, n_rounds: int | None = None, *, offset: Any = None
    ) -> Array:
        """Return the predicted mean or quantile of each row.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_samples, n_features)
            A category that is not in the training data counts as missing, with one
            ``UnseenCategoryWarning`` per fitted estimator and column.
        n_rounds : int, optional
            Number of rounds to use. Default: all.
        offset : array-like of shape (n_samples,) or float, optional
            Needed if the model was trained with an offset; 0 gives the mean per unit of
            exposure.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        raw = self._scores(X, n_rounds, offset)
        return self._model.objective.predict(raw)

    @override
    def score(
        self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None
    ) -> float:
        """Return R² of the predictions; see ``predict`` for ``X`` and ``offset``."""
        predicted = self.predict(X, offset=offset)
        return float(r2_score(y, predicted, sample_weight=sample_weight))

    @override
    def _read_validation(self, y: Any, X: Array) -> tuple[Array, Array | None]:
        return read_numbers_of(y, X), None


@dataclass(kw_only=True, repr=False, eq=False)
class BoostedClassifier(ClassifierMixin, Boosted):
    """Boosted trees for classification, with the same penalties in every engine.

    Parameters
    ----------
    class_weight : dict, "balanced" or None, default=None
        Factor on row weights by class, also for validation rows.
    objective : str or None, default=None
        ``"logistic"`` for two classes, ``"softmax"`` for more; None infers it.
    engine, n_estimators, learning_rate, max_leaves, max_depth, subsample, \
colsample_bytree, reg_alpha, reg_lambda, min_split_gain, min_child_weight, \
min_child_samples, max_delta_step, path_smooth, cat_l2, scale, monotone, \
early_stopping, patience, random_state, n_jobs
        As in ``BoostedRegressor``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    trees_, size_, penalties_, units_, native_, n_rounds_, train_loss_, valid_loss_, \
categories_, n_features_in_, feature_names_in_
        As in ``BoostedRegressor``.

    Examples
    --------
    >>> model = BoostedClassifier(engine="lightgbm", n_estimators=5)
    >>> model.fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    BoostedClassifier(engine='lightgbm', n_estimators=5)
    >>> model.predict([[0.5], [2.5]]).tolist()
    ['no', 'yes']
    >>> model.score([[0.5], [2.5]], ["no", "yes"])
    1.0
    >>> model.predict_proba([[0.5]]).round(2), model.decision_function([[0.5]]).round(2)
    (array([[0.58, 0.42]]), array([-0.31]))
    """

    objective: str | None = None
    class_weight: Any = None

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        offset: Any = None,
        eval_set: Any = None,
    ) -> Self:
        """Grow the ensemble.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_samples, n_features)
            A data frame (pandas, polars, PyArrow and others) may contain numbers,
            booleans, text and categories, everything else numbers. NaN is missing; an
            absent entry of a sparse matrix is 0.
        y : array-like of shape (n_samples,)
            Labels of two or more classes.
        sample_weight : array-like of shape (n_samples,), optional
        offset : array-like of shape (n_samples,), optional
            What is added to the raw score, the log odds of the second class, such as
            that of an earlier model: for two classes, and not for engine ``sklearn``.
            Predictions then need an offset, too, and ``native_`` leaves it out.
        eval_set : tuple, optional
            ``(X, y)``, ``(X, y, sample_weight)`` or ``(X, y, sample_weight, offset)``:
            validation rows for early stopping, instead of a fraction of the training
            rows. A list with one such tuple is accepted too.
        """
        settings = Settings.of(self)
        rows, labels, columns = read_training(self, X, y, y_numeric=False)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise DataError(
                f"y has only one class, {self.classes_.tolist()[0]!r}; "
                f"classification needs at least 2."
            )
        task: Task = "binary" if n_classes == 2 else "multiclass"
        factors = None
        if self.class_weight is not None:
            factors = compute_class_weight(
                self.class_weight, classes=self.classes_, y=labels
            ).astype(np.float64)
        self._class_factors: Array | None = factors
        train = Table(
            X=rows,
            y=codes.astype(np.float64),
            columns=trainable(columns),
            task=task,
            target="y",
            classes=tuple(map(str, self.classes_)),
            weights=self._weights(codes, read_weights(sample_weight, rows)),
            offset=None if offset is None else read_offset(offset, len(rows)),
        )
        self._refuse_weightless(train)
        objective = Objective.for_task(task, n_classes, self.objective)
        return self._fit(train, objective, settings, columns=columns, eval_set=eval_set)

    def _refuse_weightless(self, train: Table) -> None:
        """Raise DataError if a class has no row with weight above 0."""
        if train.weights is None or not train.weights.any():
            return
        counts = np.bincount(train.y[train.weights > 0].astype(int), minlength=2)
        counts = np.pad(counts, (0, max(len(self.classes_) - len(counts), 0)))
        if not counts.all():
            lost = self.classes_.tolist()[int(np.argmin(counts))]
            raise DataError(
                f"class {lost!r} has no row of weight above 0; remove its rows, or "
                "give them weight."
            )

    def predict(
        self, X: Any, n_rounds: int | None = None, *, offset: Any = None
    ) -> NDArray[Any]:
        """Return the most likely class of each row.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_samples, n_features)
            A category that is not in the training data counts as missing, with one
            ``UnseenCategoryWarning`` per fitted estimator and column.
        n_rounds : int, optional
            Number of rounds to use. Default: all.
        offset : array-like of shape (n_samples,) or float, optional
            Needed if the model was trained with an offset.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        scores = self.decision_function(X, n_rounds, offset=offset)
        codes = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(int)
        predicted: NDArray[Any] = self.classes_[codes]
        return predicted

    def predict_proba(
        self, X: Any, n_rounds: int | None = None, *, offset: Any = None
    ) -> Array:
        """Return the probability of each class, (n_samples, n_classes).

        See ``predict`` for the arguments.
        """
        raw = self._scores(X, n_rounds, offset)
        return self._model.objective.predict(raw)

    def decision_function(
        self, X: Any, n_rounds: int | None = None, *, offset: Any = None
    ) -> Array:
        """Return raw scores: (n_samples,) for two classes, otherwise one per class.

        See ``predict`` for the arguments.
        """
        raw = self._scores(X, n_rounds, offset)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    @override
    def score(
        self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None
    ) -> float:
        """Return the share of correct classes; see ``predict`` for ``offset``."""
        predicted = self.predict(X, offset=offset)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    @override
    def _read_validation(self, y: Any, X: Array) -> tuple[Array, Array | None]:
        labels = column_or_1d(read_labels(y, "y of eval_set"))
        check_consistent_length(X, labels)
        unknown = ~np.isin(labels, self.classes_)
        if unknown.any():
            found = np.asarray(labels)[unknown].tolist()[0]
            raise DataError(
                f"eval_set has class {found!r}, which is not in y: "
                f"{self.classes_.tolist()}."
            )
        codes = np.searchsorted(self.classes_, labels)
        return codes.astype(np.float64), self._weights(codes, None)

    def _weights(self, codes: NDArray[Any], weights: Array | None) -> Array | None:
        if self._class_factors is None:
            return weights
        by_class: Array = self._class_factors[codes]
        return by_class if weights is None else weights * by_class
