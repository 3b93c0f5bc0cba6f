"""Rows to predict, as the numbers that a model was trained on."""

import hashlib
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data import (
    Column,
    Reading,
    Task,
    apply_columns,
    as_matrix,
    as_table,
    is_frame,
)
from boostreg.engine_facts import ENGINE_FACTS, SUFFIXES
from boostreg.engines import Model, get_engine
from boostreg.engines.columns import refuse_beyond_float32
from boostreg.errors import DataError, ModelError, reason
from boostreg.saved.card import ModelCard
from boostreg.trees import TreeEnsemble, TreeSize

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LoadedModel",
    "frame_of",
    "has_categories",
    "load_model",
    "read_frame",
    "read_rows",
    "save_model",
]

_log = logging.getLogger(__name__)


def has_categories(columns: tuple[Column, ...]) -> bool:
    """Return whether some column is read by its labels."""
    return any(column.categories is not None for column in columns)


def read_rows(
    X: Any, columns: tuple[Column, ...], reading: Reading | None = None
) -> Array:
    """Return a frame, columns by name, or an array, columns by place, as numbers.

    ``X`` is what ``as_table`` takes.

    Cells of text are read as ``reading`` says, which is that of training.

    Raises
    ------
    DataError
        If a column is not there or holds another kind of values than in training.
    """
    X = as_table(X)
    if is_frame(X):
        return read_frame(X, columns, reading)
    if has_categories(columns):
        return read_frame(frame_of(X, columns), columns, reading)
    rows = as_matrix(X)
    _refuse_shape(rows, columns)
    if np.isinf(rows).any():
        raise DataError("X holds infinite values; a value is finite or missing.")
    if reading is not None and reading.missing_numbers:
        rows = np.where(np.isin(rows, list(reading.missing_numbers)), np.nan, rows)
    return rows


def read_frame(
    frame: Any, columns: tuple[Column, ...], reading: Reading | None = None
) -> Array:
    """Return a DataFrame as numbers; categories that training did not see are logged.

    Raises
    ------
    DataError
        As ``read_rows``.
    """
    matrix, notes = apply_columns(frame, columns, reading)
    for note in notes:
        _log.warning(note)
    return matrix


def frame_of(X: Any, columns: tuple[Column, ...]) -> "pd.DataFrame":
    """Return an array, columns by place, as a DataFrame with the names of training."""
    import pandas as pd

    rows: NDArray[Any] = np.asarray(X, dtype=object)
    _refuse_shape(rows, columns)
    names = [column.name for column in columns]
    return pd.DataFrame(rows, columns=names).infer_objects()


def _refuse_shape(rows: NDArray[Any], columns: tuple[Column, ...]) -> None:
    if rows.ndim != 2 or rows.shape[1] != len(columns):
        raise DataError(f"X must be (n_samples, {len(columns)}), got {rows.shape}.")


_PATIENCE = 60.0
"""Seconds that a library may take to open a model."""
_TASKS: dict[int, Task] = {0: "regression", 2: "binary", 3: "multiclass"}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model read from disk; ``load_model`` makes one.

    Attributes
    ----------
    card : ModelCard
    trees : TreeEnsemble
        The file's trees, as it holds them: predictions are made from them.
    path : Path
        The library's own file, absolute.
    """

    card: ModelCard
    trees: TreeEnsemble
    path: Path

    @property
    def native(self) -> Any:
        """The library's own booster, read from the file at each call.

        A library may crash on a damaged file and end this process with it. So a process
        of its own opens the file first and predicts a row; that takes a second or two.

        Raises
        ------
        ModelError
            If the file is not there or was changed since, or its library cannot open
            it.
        """
        _refuse_changed(self.path, _read(self.path), self.card)
        _try_native(self.path)
        return get_engine(self.card.engine).open(self.path)

    @property
    def size(self) -> TreeSize:
        """The size, as it was measured when the model was saved."""
        return self.card.size

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the predicted mean, quantile or class label of each row.

        Parameters
        ----------
        X : frame, array-like or sparse matrix of shape (n_samples, n_features)
            A frame of pandas, polars, PyArrow or another library may have its columns
            in any order, and others beside them; an array has them in the order of the
            card. Categories stand as they are; one that training did not see is
            missing, an entry that a sparse matrix does not keep is 0.

        Raises
        ------
        DataError
            If a column is not there or holds another kind of values than in training.
        """
        raw = self._raw(X)
        if not self.card.classes:
            return self.card.objective.predict(raw)
        codes = raw.argmax(axis=1) if raw.shape[1] > 1 else (raw[:, 0] > 0).astype(int)
        labels: NDArray[Any] = np.array(self.card.classes)[codes]
        return labels

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (n_samples, n_classes).

        Raises
        ------
        ModelError
            If the model is one of regression.
        DataError
            As ``predict``.
        """
        if not self.card.classes:
            raise ModelError("predict_proba needs classes; this model is a regression.")
        return self.card.objective.predict(self._raw(X))

    def _raw(self, X: Any) -> Array:
        card = self.card
        rows = read_rows(X, card.columns, card.reading)
        if ENGINE_FACTS[card.engine].rules.single:
            seen = rows if card.features is None else card.features.apply(rows)
            refuse_beyond_float32(seen, card.columns)
        return self.trees.predict(rows) + self.trees.intercept


def save_model(
    model: Model,
    path: Path,
    *,
    columns: tuple[Column, ...],
    classes: list[Any],
    size: TreeSize,
) -> Path:
    """Write a model in its library's own format, and its card beside it.

    Parameters
    ----------
    model : Model
    path : Path
        Its ending becomes the library's own.
    columns : tuple of Column
        To read later rows by.
    classes : list
        Labels in the order of the outputs; empty for regression.
    size : TreeSize

    Returns
    -------
    Path
        Of the model; the card has the ending ``.json``.

    Raises
    ------
    ModelError
        If the folder is not there, or a class is no number, boolean or text.
    """
    for label in classes:
        if not isinstance(label, (bool, int, float, str)):
            raise ModelError(
                f"a class must be a number, a boolean or text to be saved, got "
                f"{label!r}."
            )
    if not path.parent.is_dir():
        raise ModelError(f"{path.parent} must be a folder, there is none.")
    engine, objective = get_engine(model.engine), model.objective
    target = engine.save(model, path)
    card = ModelCard(
        engine=model.engine,
        pick=None,
        n_rounds=model.n_rounds,
        target=None,
        task=_TASKS[min(objective.n_classes, 3)],
        objective=objective,
        classes=tuple(classes),
        columns=columns,
        size=size,
        sha256=_sha256(target.read_bytes()),
        ranks=engine.ranks(model),
        intercept=engine.own_intercept(model),
    )
    text = json.dumps(card.as_dict(), indent=2, allow_nan=False, ensure_ascii=False)
    target.with_suffix(".json").write_text(text + "\n", "utf-8", newline="\n")
    return target


def load_model(path: str | PathLike[str]) -> LoadedModel:
    """Return a model that a run or an estimator saved.

    Parameters
    ----------
    path : str or path-like
        Of the library's own file or of its card, which lie side by side.

    Raises
    ------
    ModelError
        If one of the two is not there or is damaged, or the file is not the one that
        the card belongs to.
    """
    card, file = _read_pair(path)
    # What first trees of LightGBM hold of the intercept stays in their leaves.
    trees = TreeEnsemble.from_model(file, learning_rate=1.0, intercept=0.0)
    _refuse_other(file, card, trees)
    trees = replace(trees, features=card.features)
    if card.intercept:
        trees = trees.with_intercept(card.intercept)
    return LoadedModel(card, trees, file.absolute())


def _read_pair(path: str | PathLike[str]) -> tuple[ModelCard, Path]:
    """Return the card of a model, and its file, which is the one the card is of."""
    file = _model_file(Path(path))
    beside = file.with_suffix(".json")
    content = _read(file)
    try:
        described = json.loads(_read(beside))
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{beside} cannot be read as the card of {file.name}: {reason(error)}."
        ) from error
    try:
        card = ModelCard.from_dict(described)
    except ModelError as error:
        raise ModelError(f"{beside}: {error}") from error
    _refuse_changed(file, content, card)
    return card, file


def _read(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise ModelError(f"{path} is no regular file; name a model or its card.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read; a model and its card lie side by side, as "
            f"model.ubj and model.json: {reason(error)}."
        ) from error


def _refuse_changed(file: Path, content: bytes, card: ModelCard) -> None:
    if _sha256(content) != card.sha256:
        raise ModelError(
            f"{file} is not the file that {file.with_suffix('.json').name} was written "
            f"for: its SHA-256 is {_sha256(content)}, not {card.sha256}."
        )


def _refuse_other(file: Path, card: ModelCard, trees: TreeEnsemble) -> None:
    """Raise ModelError if trees cannot be those that a card tells of."""
    compared = {
        "engine": (trees.engine, card.engine),
        "columns": (trees.n_features, len(card.columns)),
        "outputs": (trees.n_outputs, card.objective.n_outputs),
        # An intercept alone may be kept as a tree.
        "rounds": (trees.n_rounds, card.n_rounds or trees.n_rounds),
    }
    for what, (found, expected) in compared.items():
        if found != expected:
            raise ModelError(
                f"{file} is not the model of its card: {what} must be {expected!r}, "
                f"got {found!r}."
            )
    if not (np.isfinite(trees.value).all() and np.isfinite(trees.intercept).all()):
        raise ModelError(f"{file} must have finite leaves and a finite intercept.")


def _try_native(path: Path) -> None:
    """Have another process open a model in its library and predict a row.

    Raises
    ------
    ModelError
        If it fails, crashes, or has not ended after a minute.
    """
    command = [sys.executable, "-P", "-m", "boostreg.saved.probe", str(path.resolve())]
    modules = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    try:
        tried = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            env=os.environ | {"PYTHONPATH": modules},
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{path} cannot be opened by its library, which did not end in "
            f"{_PATIENCE:g} seconds."
        ) from None
    if tried.returncode:
        raise ModelError(
            f"{path} cannot be opened by its library, which fails or crashes on it "
            f"(exit status {tried.returncode}); predictions do not need it."
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _model_file(path: Path) -> Path:
    if path.suffix != ".json":
        return path
    found = [path.with_suffix(s) for s in SUFFIXES if path.with_suffix(s).is_file()]
    if len(found) != 1:
        raise ModelError(
            f"{path} must lie beside one model with its name and one of the endings "
            f"{SUFFIXES}, found {len(found)}."
        )
    return found[0]
