"""The card of a model: what its file's numbers mean."""

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

__all__ = ["ModelCard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What to know of a model beside the library's own file.

    Attributes
    ----------
    engine : str
    pick : str or None
        What a study chose it as: ``"best"`` or ``"one_se"``.
    n_rounds : int
    target : str or None
        Name of the column that it predicts.
    task : {"regression", "binary", "multiclass"}
    objective : Objective
    classes : tuple
        Labels in the order of the outputs, of the type that the target has: whole
        numbers, numbers, booleans or text. Empty for regression.
    columns : tuple of Column
    size : TreeSize
    sha256 : str
        Of the bytes of the model's file.
    ranks : mapping of str to tuple of float
        Columns that the file reads as ranks: how many of these numbers, ascending, are
        at most as large as a value.
    intercept : tuple of float
        What the trees' sum is added to, in full precision; empty where the file has
        it.
    reading : Reading
        How the cells of the training file were read; a card without it was written
        before there was a choice.
    """

    engine: str
    pick: str | None
    n_rounds: int
    target: str | None
    task: Task
    objective: Objective
    classes: tuple[Any, ...]
    columns: tuple[Column, ...]
    size: TreeSize
    sha256: str
    ranks: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    intercept: tuple[float, ...] = ()
    reading: Reading = field(default_factory=Reading)

    @property
    def features(self) -> FeatureMap | None:
        """Map of the columns to what the file reads; None where it reads them as is."""
        if not self.ranks:
            return None
        places = {column.name: place for place, column in enumerate(self.columns)}
        ranks = {places[n]: np.array(values) for n, values in self.ranks.items()}
        return FeatureMap(np.zeros(len(self.columns)), ranks)

    def as_dict(self) -> dict[str, Any]:
        """Return the card, JSON-ready."""
        return {
            "engine": self.engine,
            "pick": self.pick,
            "rounds": self.n_rounds,
            "target": self.target,
            "task": self.task,
            "objective": self.objective.name,
            "objective_parameter": self.objective.parameter,
            "classes": list(self.classes),
            "columns": [
                {"name": c.name, "categories": c.categories and list(c.categories)}
                for c in self.columns
            ],
            "size": {name.removeprefix("n_"): _size(self, name) for name in SIZES},
            "sha256": self.sha256,
            "ranks": {name: list(values) for name, values in self.ranks.items()},
            "intercept": list(self.intercept),
            "reading": self.reading.as_dict(),
        }

    def __post_init__(self) -> None:
        sizes = (getattr(self.size, name) for name in SIZES)
        categories = (c.categories or () for c in self.columns)
        rules = {
            "rounds": type(self.n_rounds) is int and self.n_rounds >= 0,
            "classes": _are_labels(self.classes) and _suits(self.task, self.classes),
            "columns": _are_labels([column.name for column in self.columns])
            and all(isinstance(column.name, str) for column in self.columns),
            "categories": all(
                _are_labels(c) and all(map(_is_text, c)) for c in categories
            ),
            "size": all(isinstance(n, int | float) and n is not True for n in sizes),
            "sha256": isinstance(self.sha256, str),
            "ranks": self.ranks.keys() <= {column.name for column in self.columns}
            and all(map(_ascends, self.ranks.values())),
            "intercept": len(self.intercept) in (0, self.objective.n_outputs)
            and all(map(math.isfinite, self.intercept)),
        }
        for name, holds in rules.items():
            if not holds:
                raise ModelError(f"the card of a model is wrong: its {name} cannot be.")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the card that ``as_dict`` described.

        Raises
        ------
        ModelError
            If something is missing or cannot be.
        """
        try:
            get_engine(content["engine"])
            classes = tuple(content["classes"])
            name, parameter = content["objective"], content["objective_parameter"]
            given = name if parameter is None else {name: parameter}
            sizes = {n: content["size"][n.removeprefix("n_")] for n in SIZES}
            return cls(
                engine=content["engine"],
                pick=content["pick"],
                n_rounds=int(content["rounds"]),
                target=content["target"],
                task=content["task"],
                objective=Objective.for_task(content["task"], len(classes), given),
                classes=classes,
                columns=tuple(map(_column, content["columns"])),
                size=TreeSize(**{n: _known(value) for n, value in sizes.items()}),
                sha256=content["sha256"],
                ranks={
                    name: tuple(map(float, values))
                    for name, values in content.get("ranks", {}).items()
                },
                intercept=tuple(map(float, content.get("intercept", ()))),
                reading=_reading(content.get("reading")),
            )
        except ModelError:
            raise
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            OverflowError,
        ) as error:
            raise ModelError(f"the card of a model is wrong: {error!r}.") from error


def _are_labels(labels: Sequence[object]) -> bool:
    """Return whether these are numbers, booleans or texts, each of them once."""
    plain = all(isinstance(label, bool | int | float | str) for label in labels)
    return plain and len(set(labels)) == len(labels)


def _suits(task: Task, classes: tuple[object, ...]) -> bool:
    least, most = {"regression": (0, 0), "binary": (2, 2)}.get(task, (2, math.inf))
    return least <= len(classes) <= most


def _is_text(label: object) -> bool:
    return isinstance(label, str)


def _ascends(values: Sequence[float]) -> bool:
    return len(values) > 0 and bool(np.all(np.diff(values) > 0))


def _size(card: ModelCard, name: str) -> float | None:
    value: float = getattr(card.size, name)
    return value if math.isfinite(value) else None


def _known(value: Any) -> Any:
    return math.nan if value is None else value


def _reading(described: Mapping[str, Any] | None) -> Reading:
    return Reading() if described is None else Reading.from_dict(described)


def _column(described: Mapping[str, Any]) -> Column:
    categories = described["categories"]
    return Column(described["name"], None if categories is None else tuple(categories))
