"""The card of a model: the meaning of the numbers in its file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from boostreg.data import Column, Reading, Task
from boostreg.engines import get_engine
from boostreg.errors import ModelError
from boostreg.losses import Objective
from boostreg.trees import SIZES, FeatureMap, TreeSize

__all__ = ["DAMAGE", "Meaning", "ModelCard", "read_meaning"]


DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""Errors of reading a file that was not written by ``as_dict``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a saved model reads and predicts.

    Attributes
    ----------
    target : str or None
        Name of the column that it predicts.
    task : {"regression", "binary", "multiclass"}
    objective : Objective
    classes : tuple
        Labels in the order of the outputs, of the type of the target: integers,
        floats, booleans or text. Empty for regression.
    columns : tuple of Column
    offset : str or None
        Name of the offset: what is added to the raw score.
    """

    target: str | None
    task: Task
    objective: Objective
    classes: tuple[Any, ...]
    columns: tuple[Column, ...]
    offset: str | None = None

    def meaning_as_dict(self) -> dict[str, Any]:
        """Return this part of a card, JSON-ready."""
        return {
            "target": self.target,
            "task": self.task,
            "objective": self.objective.name,
            "objective_parameter": self.objective.parameter,
            "classes": list(self.classes),
            **({} if self.offset is None else {"offset": self.offset}),
            "columns": [
                {"name": c.name, "categories": c.categories and list(c.categories)}
                for c in self.columns
            ],
        }


def read_meaning(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of ``Meaning`` from what a card wrote.

    Raises one of ``DAMAGE`` if something is missing or invalid.
    """
    classes = tuple(content["classes"])
    name, parameter = content["objective"], content["objective_parameter"]
    given = name if parameter is None else {name: parameter}
    columns = [(c["name"], c["categories"]) for c in content["columns"]]
    return {
        "target": content["target"],
        "task": content["task"],
        "objective": Objective.for_task(content["task"], len(classes), given),
        "classes": classes,
        "offset": content.get("offset"),
        "columns": tuple(
            Column(name, None if categories is None else tuple(categories))
            for name, categories in columns
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard(Meaning):
    """Metadata of a model that the library's own file does not contain.

    Attributes
    ----------
    engine : str
    pick : str or None
        Why a study chose it: ``"best"`` or ``"one_se"``.
    n_rounds : int
    target, task, objective, classes, columns, offset
        See ``Meaning``.
    size : TreeSize
    sha256 : str
        Of the bytes of the model's file.
    ranks : mapping of str to tuple of float
        Columns that the file reads as ranks: the number of these ascending numbers
        that are <= a value.
    intercept : tuple of float
        Added to the sum of the trees, in full precision; empty if the file has it.
    reading : Reading
        How the cells of the training file were read; older cards do not have it.
    """

    engine: str
    pick: str | None
    n_rounds: int
    size: TreeSize
    sha256: str
    ranks: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    intercept: tuple[float, ...] = ()
    reading: Reading = field(default_factory=Reading)

    @property
    def features(self) -> FeatureMap | None:
        """Map of the columns to what the file reads; None if it reads them as is."""
        if not self.ranks:
            return None
        places = {column.name: place for place, column in enumerate(self.columns)}
        ranks = {places[n]: np.array(values) for n, values in self.ranks.items()}
        return FeatureMap(np.zeros(len(self.columns)), ranks)

    def as_dict(self) -> dict[str, Any]:
        """Return the card, JSON-ready."""
        sizes = {name: getattr(self.size, name) for name in SIZES}
        return {
            "engine": self.engine,
            "pick": self.pick,
            "rounds": self.n_rounds,
            **self.meaning_as_dict(),
            "size": {
                name.removeprefix("n_"): value if math.isfinite(value) else None
                for name, value in sizes.items()
            },
            "sha256": self.sha256,
            "ranks": {name: list(values) for name, values in self.ranks.items()},
            "intercept": list(self.intercept),
            "reading": self.reading.as_dict(),
        }

    def __post_init__(self) -> None:
        sizes = (getattr(self.size, name) for name in SIZES)
        bounds = {"regression": (0, 0), "binary": (2, 2)}
        minimum, maximum = bounds.get(self.task, (2, math.inf))
        rules = {
            "rounds": type(self.n_rounds) is int and self.n_rounds >= 0,
            "classes": _are_labels(self.classes, bool | int | float | str)
            and minimum <= len(self.classes) <= maximum,
            "columns": _are_labels([column.name for column in self.columns], str),
            "categories": all(
                _are_labels(column.categories or (), str) for column in self.columns
            ),
            "size": all(isinstance(n, int | float) and n is not True for n in sizes),
            "sha256": isinstance(self.sha256, str),
            "offset": self.offset is None or isinstance(self.offset, str),
            "ranks": self.ranks.keys() <= {column.name for column in self.columns}
            and all(v and np.all(np.diff(v) > 0) for v in self.ranks.values()),
            "intercept": len(self.intercept) in (0, self.objective.n_outputs)
            and all(map(math.isfinite, self.intercept)),
        }
        for name, holds in rules.items():
            if not holds:
                raise ModelError(f"the model card is damaged: invalid {name}.")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the card that ``as_dict`` described.

        Raises
        ------
        ModelError
            If something is missing or invalid.
        """
        try:
            get_engine(content["engine"])
            sizes: dict[str, Any] = {}
            for name in SIZES:
                value = content["size"][name.removeprefix("n_")]
                sizes[name] = math.nan if value is None else value
            reading = content.get("reading")
            return cls(
                engine=content["engine"],
                pick=content["pick"],
                n_rounds=int(content["rounds"]),
                **read_meaning(content),
                size=TreeSize(**sizes),
                sha256=content["sha256"],
                ranks={
                    name: tuple(map(float, values))
                    for name, values in content.get("ranks", {}).items()
                },
                intercept=tuple(map(float, content.get("intercept", ()))),
                reading=Reading() if reading is None else Reading.from_dict(reading),
            )
        except ModelError:
            raise
        except DAMAGE as error:
            raise ModelError(f"the model card is damaged: {error!r}.") from error


def _are_labels(labels: Sequence[object], kinds: Any) -> bool:
    """Return whether the labels are distinct and of the given kinds."""
    plain = all(isinstance(label, kinds) for label in labels)
    return plain and len(set(labels)) == len(labels)
