"""The tables of the comparison, their outer splits, and which half choices may see."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
)

__all__ = ["DEVELOPER", "GROUPED", "Split", "lot", "names_of", "split_of"]

TEST_SHARE = 0.25
GROUPED = ("concrete", "flights_delay")
"""Tables whose rows come in groups, which no split takes apart."""

DEVELOPER = (
    "attrition", "credit_default", "diabetes", "diamonds", "flights_delay", "glass",
    "hitters", "ionosphere", "letter", "pima2", "soybean", "spam",
)  # fmt: skip
"""The half that choices may see, drawn once by lot (``lot``); the others are held out.
"""


def lot(names: list[str]) -> tuple[str, ...]:
    """Return twelve of the names, as drawn with seed 18."""
    drawn = np.random.default_rng(18).permutation(sorted(names))[:12]
    return tuple(sorted(drawn.tolist()))


@dataclass(frozen=True)
class Split:
    """One table, its training rows and its test rows.

    ``X`` has numbers and categories; ``y`` has numbers, or codes of classes from 0 on.
    ``groups`` are those of the training rows.
    """

    name: str
    task: str
    n_classes: int
    X: pd.DataFrame
    y: NDArray[np.float64]
    groups: NDArray[np.int64] | None
    X_test: pd.DataFrame
    y_test: NDArray[np.float64]


def names_of(folder: Path) -> list[str]:
    """Return the names of all tables of a folder."""
    return sorted(entry["name"] for entry in _index(folder))


def split_of(name: str, number: int, folder: Path) -> Split:
    """Return outer split ``number`` of a table."""
    entry = next(one for one in _index(folder) if one["name"] == name)
    frame = pd.read_parquet(folder / entry["file"])
    frame = frame.dropna(subset=[entry["target"]]).reset_index(drop=True)
    target = frame[entry["target"]]
    X = frame.drop(columns=[entry["target"], *entry["drop"]])
    for column in X.columns:
        if column in entry["categorical"] or not _is_number(X[column]):
            X[column] = X[column].astype("category")
    n_classes = 0
    if entry["task"] == "regression":
        y = target.to_numpy(float)
        y = np.log(y) if entry["target_transform"] == "log" else y
    else:
        codes, classes = pd.factorize(target, sort=True)
        y, n_classes = codes.astype(float), len(classes)
    groups = None
    if name in GROUPED:
        groups = frame.groupby(entry["group_columns"]).ngroup().to_numpy()
    splitters: dict[str, Any] = {"test_size": TEST_SHARE, "random_state": number}
    if groups is not None:
        splitter = GroupShuffleSplit(1, **splitters)
    elif n_classes:
        splitter = StratifiedShuffleSplit(1, **splitters)
    else:
        splitter = ShuffleSplit(1, **splitters)
    train, test = next(splitter.split(X, y, groups))
    return Split(
        name,
        entry["task"],
        n_classes,
        X.iloc[train].reset_index(drop=True),
        y[train],
        None if groups is None else groups[train],
        X.iloc[test].reset_index(drop=True),
        y[test],
    )


def _is_number(column: "pd.Series[Any]") -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _index(folder: Path) -> list[dict[str, Any]]:
    found = json.loads((folder / "index.json").read_text("utf-8"))
    return found if isinstance(found, list) else found["tables"]
