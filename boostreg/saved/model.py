"""Saving and loading models, and predicting new rows with them."""

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.data import Column, Task
from boostreg.engine_facts import ENGINE_FACTS, SUFFIXES
from boostreg.engines import Model, Standard, get_engine
from boostreg.engines.columns import refuse_beyond_float32
from boostreg.errors import ModelError, reason
from boostreg.penalty import Units
from boostreg.saved.card import ModelCard
from boostreg.saved.linear import LinearModel
from boostreg.saved.rows import Predictor, read_rows
from boostreg.trees import TreeEnsemble, TreeSize

__all__ = [
    "LoadedModel",
    "load_model",
    "microseconds_per_row",
    "predict_natively",
    "save_model",
]


_PATIENCE = 60.0
"""Seconds that a library may take to open a model."""
_TASKS: dict[int, Task] = {0: "regression", 2: "binary", 3: "multiclass"}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel(Predictor):
    """A model read from disk by ``load_model``.

    Attributes
    ----------
    card : ModelCard
    trees : TreeEnsemble
        The trees of the file; predictions are made from them.
    path : Path
        The library's own file, absolute.
    """

    card: ModelCard
    trees: TreeEnsemble
    path: Path
    _warned: set[str] = field(default_factory=set, init=False, repr=False)

    @property
    def native(self) -> Any:
        """The library's own booster, read from the file at each call.

        A library may crash on a damaged file. A separate process therefore opens the
        file first and predicts a row, which takes a second or two.

        Raises
        ------
        ModelError
            If the file is missing or was changed, or its library cannot open it.
        """
        _refuse_changed(self.path, _read(self.path), self.card)
        _try_native(self.path)
        return get_engine(self.card.engine).open(self.path)

    @property
    def size(self) -> TreeSize:
        """The size, measured when the model was saved."""
        return self.card.size

    @override
    def raw(self, X: Any) -> Array:
        card = self.card
        rows = read_rows(X, card.columns, card.reading, self._warned)
        if ENGINE_FACTS[card.engine].rules.single:
            seen = rows if card.features is None else card.features.apply(rows)
            refuse_beyond_float32(seen, card.columns)
        return self.trees.predict(rows) + self.trees.intercept


def save_model(  # noqa: PLR0913  what the file of a library does not hold
    model: Model,
    path: Path,
    *,
    columns: tuple[Column, ...],
    classes: list[Any],
    size: TreeSize,
    offset: str | None = None,
) -> Path:
    """Write a model in its library's own format, and its card next to it.

    The suffix of ``path`` is replaced by the library's own; the card has ``.json``.
    ``classes`` are the labels in the order of the outputs, empty for regression.
    ``offset`` is its name if the model was trained with one.

    Raises
    ------
    ModelError
        If the folder does not exist, or a class is not a number, boolean or text.
    """
    for label in classes:
        if not isinstance(label, (bool, int, float, str)):
            raise ModelError(
                f"a class must be a number, a boolean or text to be saved, got "
                f"{label!r}."
            )
    if not path.parent.is_dir():
        raise ModelError(f"{path.parent} is not a folder.")
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
        offset=offset,
        size=size,
        sha256=_sha256(target.read_bytes()),
        ranks=engine.ranks(model),
        intercept=engine.own_intercept(model),
    )
    text = json.dumps(card.as_dict(), indent=2, allow_nan=False, ensure_ascii=False)
    target.with_suffix(".json").write_text(text + "\n", "utf-8", newline="\n")
    return target


def load_model(path: str | PathLike[str]) -> LoadedModel | LinearModel:
    """Return a model that a run or an estimator saved.

    Parameters
    ----------
    path : str or path-like
        Path of the library's own file or of its card, which is next to it, or of a
        linear model, which is one file of JSON.

    Returns
    -------
    LoadedModel or LinearModel
        Its ``predict`` reads rows as in training; ``card`` describes them.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or if the two do not match.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from boostreg import BoostedRegressor
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 1.0]
    >>> path = BoostedRegressor(n_estimators=5).fit(X, y).save_model(mkdtemp() + "/a")
    >>> model = load_model(path)
    >>> model.predict([[0.0], [3.0]]).round(2), model.size.n_leaves
    (array([0.35, 0.65]), 10)
    """
    file = Path(path)
    if file.suffix == ".json" and file.is_file():
        content = _read_card(file, file)
        if isinstance(content, dict) and content.get("kind") == LinearModel.kind:
            return LinearModel.from_dict(content, file.absolute())
    return _load_trees(path)


def _load_trees(path: str | PathLike[str]) -> LoadedModel:
    card, file = _read_pair(path)
    # LightGBM's first trees include the intercept in their leaves.
    trees = TreeEnsemble.from_model(file, learning_rate=1.0, intercept=0.0)
    _refuse_other(file, card, trees)
    trees = replace(trees, features=card.features)
    if card.intercept:
        trees = trees.with_intercept(card.intercept)
    return LoadedModel(card, trees, file.absolute())


def _read_pair(path: str | PathLike[str]) -> tuple[ModelCard, Path]:
    """Return the card of a model, and the file that it describes."""
    file = Path(path)
    if file.suffix == ".json":
        found = [file.with_suffix(s) for s in SUFFIXES if file.with_suffix(s).is_file()]
        if len(found) != 1:
            raise ModelError(
                f"{file} must be next to one model file with the same name and one of "
                f"the suffixes {', '.join(SUFFIXES)}, found {len(found)}."
            )
        file = found[0]
    beside = file.with_suffix(".json")
    content = _read(file)
    described = _read_card(beside, file)
    try:
        card = ModelCard.from_dict(described)
    except ModelError as error:
        raise ModelError(f"{beside}: {error}") from error
    _refuse_changed(file, content, card)
    return card, file


def _read_card(path: Path, file: Path) -> Any:
    try:
        return json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{path} is not a model card for {file.name}: {reason(error)}."
        ) from error


def _read(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise ModelError(f"{path} is not a regular file; name a model or its card.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {reason(error)}. A model and its card must be "
            f"next to each other, such as model.ubj and model.json."
        ) from error


def _refuse_changed(file: Path, content: bytes, card: ModelCard) -> None:
    if _sha256(content) != card.sha256:
        raise ModelError(
            f"{file} does not match its card {file.with_suffix('.json').name}: its "
            f"SHA-256 is {_sha256(content)}, not {card.sha256}. Restore both files."
        )


def _refuse_other(file: Path, card: ModelCard, trees: TreeEnsemble) -> None:
    """Raise ModelError if a card cannot describe these trees."""
    compared = {
        "engine": (trees.engine, card.engine),
        "columns": (trees.n_features, len(card.columns)),
        "outputs": (trees.n_outputs, card.objective.n_outputs),
        # An intercept alone may be stored as a tree.
        "rounds": (trees.n_rounds, card.n_rounds or trees.n_rounds),
    }
    for what, (found, expected) in compared.items():
        if found != expected:
            raise ModelError(
                f"{file} does not match its card: {what} must be {expected!r}, got "
                f"{found!r}."
            )
    if not (np.isfinite(trees.value).all() and np.isfinite(trees.intercept).all()):
        raise ModelError(f"{file} must have finite leaves and a finite intercept.")


def _try_native(path: Path) -> None:
    """Open a model in its library in another process; raise if that fails there."""
    program = (
        "import sys; from boostreg.saved.model import predict_natively as predict; "
        "predict(sys.argv[1])"
    )
    modules = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    try:
        tried = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-P", "-c", program, str(path.resolve())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            env=os.environ | {"PYTHONPATH": modules},
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{path} cannot be opened by its library within {_PATIENCE:g} seconds."
        ) from None
    if tried.returncode:
        raise ModelError(
            f"{path} cannot be opened by its library, which fails or crashes (exit "
            f"status {tried.returncode}); predict works without the library."
        )


def predict_natively(path: str) -> None:
    """Open the model at ``path`` in its library and predict a row of zeros."""
    loaded = _load_trees(path)
    columns = len(loaded.card.columns)
    get_engine(loaded.card.engine).predict(_opened(loaded), np.zeros((1, columns)))


def microseconds_per_row(model: LoadedModel | LinearModel, X: Array) -> float:
    """Return the time to predict a row, in batches of 1,000 rows and one thread.

    ``X`` are rows of the training table, repeated to 1,000. The library predicts from
    numbers; that cells of text are read is not part of it.
    """
    rows = np.resize(X, (_BATCH, X.shape[1])) if len(X) else X
    if isinstance(model, LinearModel):
        predict = model.raw_of
    else:
        opened, engine = _opened(model, threads=1), get_engine(model.card.engine)

        def predict(rows: Array) -> Array:
            return engine.predict(opened, rows)

    seconds = []
    for _ in range(_TIMED):
        started = time.perf_counter()
        predict(rows)
        seconds.append(time.perf_counter() - started)
    # The minimum, because disturbances only add time.
    return min(seconds) * 1e6 / _BATCH


_BATCH, _TIMED = 1000, 5


def _opened(loaded: LoadedModel, threads: int | None = None) -> Model:
    """Return the model in its own library, without its intercept."""
    card = loaded.card
    return Model(
        engine=card.engine,
        native=get_engine(card.engine).open(loaded.path, threads),
        objective=card.objective,
        standard=Standard(
            intercept=np.zeros(card.objective.n_outputs),
            target_scale=1.0,
            weight_scale=1.0,
            units=Units(1.0, 1.0, 1),
        ),
        columns=card.columns,
        learning_rate=1.0,
        n_rounds=card.n_rounds,
        complete=(False,) * len(card.columns),
        pure=False,
        features=card.features,
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
