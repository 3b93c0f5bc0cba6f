"""Models on disk: written and read with their cards."""

import hashlib
import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Column, Task
from boostreg.engines import Model, Standard, get_engine
from boostreg.errors import ModelError, reason
from boostreg.losses import Array
from boostreg.penalty import Units
from boostreg.saved.card import ModelCard
from boostreg.saved.rows import read_rows
from boostreg.trees import TreeEnsemble, TreeSize

__all__ = ["LoadedModel", "load_model", "save_model"]

_SUFFIXES = (".ubj", ".txt", ".npz")
_TASKS: dict[int, Task] = {0: "regression", 2: "binary", 3: "multiclass"}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model read from disk; ``load_model`` makes one.

    Attributes
    ----------
    card : ModelCard
    native : object
        The library's own booster.
    """

    card: ModelCard
    native: Any

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
        if card.n_rounds == 0:  # an intercept alone, wherever the file keeps it
            trees = TreeEnsemble.from_model(self.native)
            return trees.predict(rows) + trees.intercept
        return get_engine(card.engine).predict(_as_model(card, self.native), rows)


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
        shifted=engine.shifted(model),
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
        If one of the two is not there, the card is damaged, or the file is not the one
        that the card belongs to.
    """
    file = _model_file(Path(path))
    beside = file.with_suffix(".json")
    try:
        content = file.read_bytes()
        described = json.loads(beside.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read as a model with its card {beside.name}: "
            f"{reason(error)}."
        ) from error
    card = ModelCard.from_dict(described)
    if _sha256(content) != card.sha256:
        raise ModelError(
            f"{file} is not the file that {beside.name} was written for: its SHA-256 "
            f"is {_sha256(content)}, not {card.sha256}."
        )
    return LoadedModel(card, get_engine(card.engine).open(file))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _model_file(path: Path) -> Path:
    if path.suffix != ".json":
        return path
    found = [path.with_suffix(s) for s in _SUFFIXES if path.with_suffix(s).is_file()]
    if len(found) != 1:
        raise ModelError(
            f"{path} must lie beside one model with its name and one of the endings "
            f"{_SUFFIXES}, found {len(found)}."
        )
    return found[0]


def _as_model(card: ModelCard, native: Any) -> Model:
    """Return a booster that predicts alone as an engine's model."""
    alone = Standard(np.zeros(card.objective.n_outputs), Units(1.0, 1.0, 1))
    return Model(
        engine=card.engine,
        native=native,
        objective=card.objective,
        standard=alone,
        columns=card.columns,
        learning_rate=1.0,
        n_rounds=card.n_rounds,
        complete=(False,) * len(card.columns),
        pure=False,
        features=card.features,
    )
