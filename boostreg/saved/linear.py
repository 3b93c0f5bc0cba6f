"""A linear model on disk: one JSON file with its coefficients and the encoding.

The raw score of a row is the intercept plus the sum of coefficients times inputs. An
input reads one column: the number itself, 1 where a category matches, or 1 where the
value is missing. It is centred and divided by its scale; a missing number is then 0.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.baselines.inputs import Input, transform
from boostreg.data import Column, Reading
from boostreg.errors import ModelError
from boostreg.saved.card import DAMAGE, Meaning, read_meaning
from boostreg.saved.rows import Predictor, read_rows

__all__ = ["LinearCard", "LinearModel", "category_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearCard(Meaning):
    """What a linear model reads and predicts.

    Attributes
    ----------
    model : str
        Name of the baseline: ``"lasso"``.
    strength, l1_ratio : float or None
        Its penalty per row, and the share of L1 in it.
    target, task, objective, classes, columns, offset
        See ``Meaning``.
    reading : Reading
        How the cells of the training file were read.
    """

    model: str
    strength: float | None
    l1_ratio: float | None
    reading: Reading


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel(Predictor):
    """A linear model, read from disk by ``load_model``.

    Attributes
    ----------
    card : LinearCard
    inputs : tuple of Input
    intercept : ndarray of shape (n_outputs,)
    coefficients : ndarray of shape (n_inputs, n_outputs)
        Per standard deviation of the input, on the raw score.
    path : Path or None
        The file, absolute; None before it is written.
    """

    kind: ClassVar[str] = "linear"

    card: LinearCard
    inputs: tuple[Input, ...]
    intercept: Array
    coefficients: Array
    path: Path | None = None
    _warned: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.inputs), self.card.objective.n_outputs)
        numbers = [self.coefficients.ravel(), self.intercept.ravel()]
        numbers += [np.array([one.center, one.scale]) for one in self.inputs]
        if (
            self.coefficients.shape != shape
            or self.intercept.shape != shape[1:]
            or not np.isfinite(np.concatenate(numbers)).all()
            or any(one.scale <= 0 for one in self.inputs)
        ):
            raise ModelError(
                f"the linear model is damaged: it needs {shape[0]} x {shape[1]} finite "
                f"coefficients, {shape[1]} intercepts, and a scale above 0 per input."
            )

    @override
    def raw(self, X: Any) -> Array:
        card = self.card
        return self.raw_of(read_rows(X, card.columns, card.reading, self._warned))

    def raw_of(self, rows: Array) -> Array:
        """Return raw scores (n_samples, n_outputs) of rows that are numbers already."""
        found = transform(self.inputs, rows) @ self.coefficients + self.intercept
        return np.asarray(found, dtype=np.float64)

    @property
    def raw_coefficients(self) -> Array:
        """Coefficients per unit of the column, (n_inputs, n_outputs)."""
        scales = np.array([one.scale for one in self.inputs]).reshape(-1, 1)
        with np.errstate(over="ignore"):
            return np.asarray(self.coefficients / scales)

    @property
    def raw_intercept(self) -> Array:
        """The intercept that belongs to ``raw_coefficients``, (n_outputs,)."""
        centers = np.array([one.center for one in self.inputs])
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(self.intercept - centers @ self.raw_coefficients)

    def as_dict(self) -> dict[str, Any]:
        """Return the model, JSON-ready."""
        card = self.card
        return {
            "kind": self.kind,
            "model": card.model,
            "strength": card.strength,
            "l1_ratio": card.l1_ratio,
            **card.meaning_as_dict(),
            "intercept": self.intercept.tolist(),
            "inputs": [
                {
                    "name": one.name,
                    "column": card.columns[one.column].name,
                    "reads": _reads(one),
                    "category": category_of(one, card.columns),
                    "center": one.center,
                    "scale": one.scale,
                    "coefficients": coefficients.tolist(),
                }
                for one, coefficients in zip(
                    self.inputs, self.coefficients, strict=True
                )
            ],
            "reading": card.reading.as_dict(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], path: Path) -> Self:
        """Return the model that ``as_dict`` described.

        Raises
        ------
        ModelError
            If something is missing or invalid.
        """
        try:
            meaning, inputs = read_meaning(content), content["inputs"]
            return cls(
                card=LinearCard(
                    model=content["model"],
                    strength=content["strength"],
                    l1_ratio=content["l1_ratio"],
                    **meaning,
                    reading=Reading.from_dict(content["reading"]),
                ),
                inputs=tuple(_input(one, meaning["columns"]) for one in inputs),
                intercept=np.array(content["intercept"], dtype=np.float64),
                coefficients=np.array(
                    [one["coefficients"] for one in inputs], dtype=np.float64
                ).reshape(len(inputs), meaning["objective"].n_outputs),
                path=path,
            )
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        except DAMAGE as error:
            raise ModelError(
                f"{path}: the linear model is damaged: {error!r}."
            ) from error


_KINDS = ("number", "category", "missing")


def _reads(one: Input) -> str:
    if one.level is None:
        return _KINDS[0]
    return _KINDS[2] if math.isnan(one.level) else _KINDS[1]


def category_of(one: Input, columns: tuple[Column, ...]) -> str | None:
    """Return the category that an input indicates, None if it indicates none."""
    categories = columns[one.column].categories
    if _reads(one) != "category" or categories is None or one.level is None:
        return None
    return categories[int(one.level)]


def _input(content: Mapping[str, Any], columns: tuple[Column, ...]) -> Input:
    names = [column.name for column in columns]
    place, reads = names.index(content["column"]), content["reads"]
    level: float | None = {"number": None, "missing": math.nan}.get(reads)
    if reads == "category":
        level = float((columns[place].categories or ()).index(content["category"]))
    if reads not in _KINDS:
        raise ValueError(f"an input reads one of {_KINDS}")
    center, scale = float(content["center"]), float(content["scale"])
    return Input(content["name"], place, level, center, scale)
