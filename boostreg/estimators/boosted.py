"""The common part of the estimators: arguments, fitting, and fitted attributes."""

import numbers
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from boostreg.arrays import Array
from boostreg.data import Column, Table, make_holdout
from boostreg.engines import Engine, Growth, Model, Problem, Training, get_engine
from boostreg.errors import DataError, ModelError, PenaltyError, StudyError
from boostreg.estimators.inputs import read_monotone, read_prediction, read_weights
from boostreg.losses import Objective
from boostreg.penalty import PENALTIES, SCALED, Penalty, Scale, Units
from boostreg.penalty.priors import as_prior
from boostreg.saved import added_offset, read_offset, save_model
from boostreg.trees import SIZES, TreeEnsemble, TreeSize

if TYPE_CHECKING:
    # scikit-learn has no types. A base class of unknown type would let type checkers
    # accept any argument of our estimators.
    class BaseEstimator:
        """The typed methods of scikit-learn's class."""

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def __sklearn_tags__(self) -> Any: ...
        def __getstate__(self) -> dict[str, Any]: ...
        def _repr_html_inner(self) -> str: ...
        def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]: ...

    class Mixin:
        """The typed methods of scikit-learn's mixins."""

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float: ...

    class RegressorMixin(Mixin):
        """As scikit-learn's."""

    class ClassifierMixin(Mixin):
        """As scikit-learn's."""

else:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

__all__ = [
    "Boosted",
    "ClassifierMixin",
    "RegressorMixin",
    "Settings",
    "penalties_and_size",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """Validated arguments of an estimator.

    Attributes
    ----------
    engine : Engine
    penalty : Penalty
        In the scale of the estimator.
    settles : bool
        Whether ``reg_lambda`` was not given, so that it is 0 if the engine refuses
        our default.
    n_rounds : int
        Maximum number of boosting rounds.
    share : float or None
        Fraction of the rows used for early stopping.
    patience : int or None
        Rounds without improvement on the validation rows before growing stops.
    seed : int
        Derived from ``random_state``.
    threads : int
        Threads of the library.
    """

    engine: Engine
    penalty: Penalty
    settles: bool
    n_rounds: int
    share: float | None
    patience: int | None
    seed: int
    threads: int

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Validate the arguments of ``estimator``.

        Raises
        ------
        PenaltyError
            If a penalty is outside its domain.
        StudyError
            If another argument is.
        """
        given = {name: getattr(estimator, name) for name in PENALTIES}
        written = estimator.reg_lambda is not None
        penalties = {n: v for n, v in given.items() if n != "reg_lambda" or written}
        patience = estimator.patience
        random = check_random_state(estimator.random_state)
        return cls(
            engine=get_engine(estimator.engine),
            penalty=Penalty(**penalties, scale=estimator.scale),
            settles=not written,
            n_rounds=_whole("n_estimators", estimator.n_estimators),
            share=_share(estimator.early_stopping),
            patience=None if patience is None else _whole("patience", patience),
            seed=int(random.randint(2**31 - 1)),
            threads=_threads(estimator.n_jobs),
        )

    def on(self, problem: Problem) -> Self:
        """Return the settings with defaults that the engine supports on a problem."""
        if not self.settles:
            return self
        changed: dict[str, Any] = self.engine.settled_defaults(problem)
        return replace(self, penalty=replace(self.penalty, **changed))


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise StudyError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def _share(value: Any) -> float | None:
    if value is None:
        return None
    number = isinstance(value, (float, np.floating))
    if not (number and 0 < value < 1):
        raise StudyError(
            f"early_stopping must be None or a fraction of the rows, above 0 "
            f"and below 1, got {value!r}."
        )
    return float(value)


def _threads(n_jobs: Any) -> int:
    if n_jobs is None:
        return 1
    whole = isinstance(n_jobs, numbers.Integral) and not isinstance(n_jobs, bool)
    if not whole or n_jobs == 0:
        raise StudyError(
            f"n_jobs must be None or a whole number other than 0, got {n_jobs!r}."
        )
    requested, cores = int(n_jobs), os.cpu_count() or 1
    return requested if requested > 0 else max(1, cores + 1 + requested)


def penalties_and_size(
    penalty: Penalty, units: Units, size: TreeSize, n_rounds: int
) -> str:
    """Return HTML tables of the effective penalties per scale, and of the size."""
    scales: dict[str, dict[str, str]] = {}
    for scale in get_args(Scale):
        try:
            same = penalty.to_scale(scale, units)
            scales[scale] = {name: _format(getattr(same, name)) for name in SCALED}
        except PenaltyError:  # the target does not vary, so there is no unit
            scales[scale] = dict.fromkeys(SCALED, "no unit")
    effective = {
        name: [_format(getattr(penalty, name))]
        if name not in SCALED
        else [known[name] for known in scales.values()]
        for name in PENALTIES
    }
    grown = {"n_rounds": [_format(n_rounds)]}
    grown |= {name: [_format(getattr(size, name))] for name in SIZES}
    sentence = as_prior(penalty, units, kept=size.shrinkage)["sentence"]
    return (
        '<div style="display:flex;gap:2em;flex-wrap:wrap">'
        f"{_table('Penalties', effective, tuple(scales))}{_table('Size', grown)}</div>"
        f"<p>{sentence}</p>"
    )


def _table(
    caption: str, rows: dict[str, list[str]], heads: tuple[str, ...] = ()
) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", *heads))
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{name}</th>'
        f"{''.join(f'<td>{value}</td>' for value in values)}</tr>"
        for name, values in rows.items()
    )
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return f"<table><caption>{caption}</caption>{top}<tbody>{body}</tbody></table>"


def _format(value: float | None) -> str:
    if value is None:
        return "no limit"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


@dataclass(kw_only=True, repr=False, eq=False)
class Boosted(BaseEstimator, ABC):
    """Base class of ``BoostedRegressor`` and ``BoostedClassifier``.

    As a dataclass it states each argument once; the generated ``__init__`` only assigns
    them, which is what scikit-learn requires.
    """

    engine: str = "xgboost"
    n_estimators: int = 100
    learning_rate: float = 0.1
    max_leaves: int | None = 31
    max_depth: int | None = None
    subsample: float = 1.0
    colsample_bytree: float = 1.0
    reg_alpha: float = 0.0
    reg_lambda: float | None = None
    min_split_gain: float = 0.0
    min_child_weight: float = 0.001
    min_child_samples: int = 1
    max_delta_step: float = 0.0
    path_smooth: float = 0.0
    cat_l2: float = 0.0
    scale: Scale = "raw"
    objective: str | dict[str, float] | None = None
    monotone: Any = None
    early_stopping: float | None = None
    patience: int | None = 30
    random_state: Any = None
    n_jobs: int | None = None

    _model: Model = field(init=False)
    _columns: tuple[Column, ...] = field(init=False)

    @abstractmethod
    def _read_validation(self, y: Any, X: Array) -> tuple[Array, Array | None]:
        """Return target and row weights of the validation rows ``X``."""

    def _fit(
        self,
        train: Table,
        objective: Objective,
        settings: Settings,
        *,
        columns: tuple[Column, ...],
        eval_set: Any,
    ) -> Self:
        """Grow on the rows with weight, and keep the best rounds on validation rows.

        New rows are read with ``columns``. ``eval_set`` is the argument of ``fit``;
        without it, ``early_stopping`` holds out a fraction of the rows of ``train``.
        """
        self._warned: set[str] = set()
        objective.check_target(train.y)
        self._has_offset = train.offset is not None
        train = _as_fitted(train, objective)
        if train.weights is not None:
            if not train.weights.any():
                raise DataError(
                    "class_weight gives every row weight 0; at least one must be above "
                    "0."
                )
            train = train.rows(np.flatnonzero(train.weights))
        valid = None
        if eval_set is not None:
            valid = self._validation_rows(train, columns, eval_set)
            objective.check_target(valid.y)
            valid = _as_fitted(valid, objective)
        if valid is None and settings.share is not None:
            every = np.arange(train.n_samples)
            fold = make_holdout(train, every, share=settings.share, seed=settings.seed)
            train, valid = train.rows(fold.train), train.rows(fold.test)
        signs = read_monotone(self.monotone, columns)
        problem = Problem.of(train, valid, objective, monotone=signs)
        settings = settings.on(problem)
        training = _grow(problem, settings)
        model = training.model
        self._model, self._columns = model, columns
        self.units_: Units = model.standard.units
        self.penalties_: Penalty = settings.penalty.to_raw(self.units_)
        self.n_rounds_ = model.n_rounds
        self.train_loss_: Array = training.train_loss
        self.valid_loss_: Array = training.valid_loss
        for name in ("trees_", "native_"):
            self.__dict__.pop(name, None)
        return self

    def _validation_rows(
        self, train: Table, columns: tuple[Column, ...], eval_set: Any
    ) -> Table:
        if isinstance(eval_set, list) and len(eval_set) == 1:
            eval_set = eval_set[0]  # accepted by the libraries' own estimators too
        is_listed = isinstance(eval_set, (tuple, list))
        if not (is_listed and len(eval_set) in (2, 3, 4)):
            raise DataError(
                f"eval_set must be (X, y), (X, y, sample_weight) or (X, y, "
                f"sample_weight, offset), got {type(eval_set).__name__}."
            )
        rows, target, given, offset = (*eval_set, None, None)[:4]
        X = read_prediction(self, rows, columns, self._warned)
        y, weights = self._read_validation(target, X)
        given = read_weights(given, X)
        if given is not None:
            weights = given if weights is None else weights * given
        if (offset is None) == self._has_offset:
            side = "with" if self._has_offset else "without"
            raise DataError(f"eval_set must be {side} an offset, as the training rows.")
        if offset is not None:
            offset = read_offset(offset, len(X))
        return replace(train, X=X, y=y, weights=weights, offset=offset)

    def _scores(self, X: Any, n_rounds: int | None, offset: Any) -> Array:
        """Return raw scores (n_samples, n_outputs) of the first ``n_rounds`` rounds."""
        check_is_fitted(self)
        if n_rounds is not None and n_rounds not in range(self.n_rounds_ + 1):
            raise ModelError(
                f"n_rounds must be a whole number from 0 to {self.n_rounds_}, got "
                f"{n_rounds!r}."
            )
        rows = read_prediction(self, X, self._columns, self._warned)
        raw = get_engine(self._model.engine).predict(self._model, rows, n_rounds)
        return raw + added_offset(offset, len(raw), trained=self._has_offset)

    @cached_property
    def trees_(self) -> TreeEnsemble:
        """The trees as arrays, leaves in units of the raw score."""
        check_is_fitted(self)
        trees = get_engine(self._model.engine).trees(self._model)
        return replace(trees, reg_lambda=self.penalties_.reg_lambda)

    @cached_property
    def native_(self) -> Any:
        """The library's own booster, usable without boostreg, with the intercept.

        It expects category columns as codes: positions in ``categories_``.
        """
        check_is_fitted(self)
        return get_engine(self._model.engine).export(self._model)

    @property
    def feature_importances_(self) -> Array:
        """The share of each column in the gain of all splits, ``(n_features_in_,)``.

        All are 0 if no tree has a split.
        """
        gains = self.trees_.gains()
        total = gains.sum()
        return gains / total if total > 0 else gains

    @property
    def size_(self) -> TreeSize:
        """The size of all trees in use."""
        check_is_fitted(self)
        return self.size_at(self.n_rounds_)

    @property
    def categories_(self) -> dict[str, tuple[str, ...]]:
        """The labels of each category column, in the order of their codes."""
        check_is_fitted(self)
        return {c.name: c.categories for c in self._columns if c.categories}

    def size_at(self, n_rounds: int) -> TreeSize:
        """Return the size of the first ``n_rounds`` rounds."""
        check_is_fitted(self)
        return self.trees_.size_at(n_rounds)

    def save_model(self, path: str | PathLike[str]) -> Path:
        """Write the model in the library's own format, and metadata next to it.

        Parameters
        ----------
        path : str or path-like
            The suffix is replaced: by the library's own, and by ``.json`` for metadata.

        Returns
        -------
        Path
            Of the model; ``boostreg.load_model`` reads it with its ``.json``.

        Raises
        ------
        ModelError
            If the folder does not exist, or classes are neither numbers nor text.
        """
        check_is_fitted(self)
        return save_model(
            self._model,
            Path(path),
            columns=self._columns,
            classes=self.classes_.tolist() if hasattr(self, "classes_") else [],
            size=self.size_,
            offset="offset" if self._has_offset else None,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        derived = ("trees_", "native_")
        return {name: value for name, value in state.items() if name not in derived}

    def _repr_html_inner(self) -> str:
        html: str = super()._repr_html_inner()
        if not self.__sklearn_is_fitted__():
            return html
        own = (self.penalties_, self.units_, self.size_, self.n_rounds_)
        return html + penalties_and_size(*own)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle


def _as_fitted(table: Table, objective: Objective) -> Table:
    """Return rows as engines take them; of two classes, they take an offset."""
    return table if objective.name == "logistic" else objective.without_offset(table)


def _grow(problem: Problem, settings: Settings) -> Training:
    """Return the ensemble, cut at the best round on the validation rows."""
    engine = settings.engine
    training = engine.fit(
        engine.bin(problem, settings.threads),
        settings.penalty,
        Growth(
            n_rounds=settings.n_rounds,
            patience=None if problem.valid is None else settings.patience,
            seed=settings.seed,
            threads=settings.threads,
        ),
    )
    if problem.valid is None:
        return training
    best = int(np.argmin(training.valid_loss))
    return replace(training, model=engine.truncate(training.model, best))
