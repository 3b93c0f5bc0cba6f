"""Trees grown on a sample and their leaves, for all experiments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    ENGINE,
    ROWS,
    Measured,
    Options,
    Sample,
    along_rows,
    procedure,
    rounds_option,
    rows_option,
)
from boostreg.data import Column, Table
from boostreg.effects.mechanism import leaf_weights
from boostreg.engines import Bins, Growth, Problem, get_engine
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

__all__ = [
    "LEAF_PENALTIES",
    "TREE_PANELS",
    "Grower",
    "Grown",
    "TreeLeaves",
    "joined",
    "one_tree",
    "unsplit_trees",
]

LEAF_PENALTIES = {"l1": "reg_alpha", "l2": "reg_lambda"}
"""Penalties on leaf weights."""

_FREE = Penalty(reg_lambda=0.0, max_leaves=8, min_child_weight=0.01, scale="rows")
"""No penalty on leaf weights; strengths are in rows, see ``Penalty.scale``."""

_LEAVES = 8


@dataclass(frozen=True, slots=True, eq=False)
class TreeLeaves:
    """The leaves of one tree, with the derivatives at the time of training.

    Each leaf has the weight that the library stored, before the learning rate, and the
    sums G and H of its rows' derivatives. Each row has the number of its leaf, both
    derivatives in float32 like in the libraries, and its raw score before this tree.
    """

    weight: Array
    G: Array
    H: Array
    rows: NDArray[np.int64]
    g: Array
    h: Array
    raw: Array

    @property
    def free(self) -> Array:
        """Unpenalised weights."""
        return -self.G / self.H

    def weights(self, raw: Penalty) -> Array:
        """Return the weights under a penalty in raw units, on the same splits."""
        return leaf_weights(self.G, self.H, raw)


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """An ensemble grown on a sample, its penalty in raw units, and its mean losses."""

    trees: TreeEnsemble
    raw: Penalty
    train_loss: float
    new_loss: float
    problem: Problem

    def weights(self) -> Array:
        """Return every leaf's weight before the learning rate."""
        leaf = self.trees.left < 0
        return np.asarray(self.trees.value[leaf] / self.raw.learning_rate)

    def tree_leaves(self) -> Iterator[TreeLeaves]:
        """Yield the leaves of each tree that has a split."""
        trees, train = self.trees, self.problem.train
        places = trees.leaf_indices(train.X)
        raw = np.tile(trees.intercept, (train.n_samples, 1))
        for tree in range(trees.n_trees):
            nodes = np.arange(*trees.tree_offsets[tree : tree + 2])
            leaf = nodes[trees.left[nodes] < 0]
            if len(nodes) > 1:
                rows = np.searchsorted(leaf, places[:, tree])
                g, h = self._derivatives(raw)
                # NumPy's own types for weighted counts differ between versions.
                G, H = (
                    np.bincount(rows, d, minlength=len(leaf)).astype(np.float64)
                    for d in (g, h)
                )
                weight = trees.value[leaf] / self.raw.learning_rate
                yield TreeLeaves(weight, G, H, rows, g, h, raw[:, 0].copy())
            raw[:, 0] += trees.value[places[:, tree]]

    def _derivatives(self, raw: Array) -> tuple[Array, Array]:
        """Return both derivatives of each row in float32, like the libraries."""
        problem = self.problem
        objective, y, unit = problem.objective, problem.train.y, 1.0
        if objective.name == "squared_error":
            # Targets are centred and scaled before they are rounded.
            unit = problem.standard.target_scale
            raw = (raw - problem.standard.intercept) / unit
            y = _rounded(problem.part(problem.train).y)
        gradient, hessian = objective.gradient(y, raw), objective.hessian(y, raw)
        return unit * _rounded(gradient[:, 0]), _rounded(hessian[:, 0])


@dataclass(frozen=True, slots=True, eq=False)
class Grower:
    """Rows of a sample, binned once for every ensemble on them."""

    engine: str
    bins: Bins
    problem: Problem

    @classmethod
    def of(cls, sample: Sample, options: Options) -> "Grower":
        """Bin the rows for ``options["engine"]``."""
        binary = sample.objective.name == "logistic"
        train, new = (
            Table(
                X=X,
                y=y,
                columns=tuple(Column(f"x{k}", None) for k in range(X.shape[1])),
                task="binary" if binary else "regression",
                target="y",
                classes=("0", "1") if binary else (),
            )
            for X, y in ((sample.X, sample.y), (sample.X_new, sample.y_new))
        )
        problem = Problem.of(train, new, sample.objective)
        engine = str(options["engine"])
        return cls(engine, get_engine(engine).bin(problem), problem)

    def grow(
        self, n_rounds: int, *, patience: int | None = None, **changes: Any
    ) -> Grown:
        """Grow an ensemble with ``_FREE`` and ``changes``.

        With ``patience`` it is cut at the best round on the new rows.
        """
        engine, penalty = get_engine(self.engine), replace(_FREE, **changes)
        growth = Growth(n_rounds=n_rounds, patience=patience)
        training = engine.fit(self.bins, penalty, growth)
        model, at = training.model, -1
        if patience is not None:
            at = int(np.argmin(training.valid_loss))
            model = engine.truncate(model, at)
        return Grown(
            trees=engine.trees(model),
            raw=penalty.to_raw(self.problem.standard.units),
            train_loss=float(training.train_loss[at]),
            new_loss=float(training.valid_loss[at]),
            problem=self.problem,
        )

    def in_rows(self, name: str, value: float) -> Penalty:
        """Return ``_FREE`` with one penalty, given in rows, in raw units."""
        changed: dict[str, Any] = {name: float(value)}
        return replace(_FREE, **changed).to_raw(self.problem.standard.units)


def one_tree(grower: Grower) -> dict[str, Array]:
    """Return the leaves of the first unpenalised tree under growing penalties.

    Leaves are sorted by decreasing unpenalised weight; a tree with fewer than eight
    leaves has NaN for the others.
    """
    leaves = next(grower.grow(1).tree_leaves(), None)
    steps = np.concatenate([[0.0], np.geomspace(0.1, 1000, 24)])
    series = {"rows": steps}
    for name in LEAF_PENALTIES.values():
        lines = np.full((_LEAVES, len(steps)), np.nan)
        if leaves is not None:
            order = np.argsort(-leaves.free)
            for column, step in enumerate(steps):
                weights = leaves.weights(grower.in_rows(name, step))
                lines[: len(order), column] = weights[order]
        series |= {f"{name}_leaf{k}": lines[k] for k in range(_LEAVES)}
    return series


TREE_PANELS = tuple(
    along_rows(
        f"The leaves of one tree under growing {name}",
        "leaf weight",
        {f"{name}_leaf{k}": f"leaf {k + 1}" for k in range(_LEAVES)},
        x_label=f"{name}, in rows",
    )
    for name in LEAF_PENALTIES.values()
)
"""The panels of ``one_tree``."""


def joined(parts: Sequence[Array]) -> Array:
    """Return the leaf weights of all trees, of none too."""
    return np.concatenate(parts) if parts else np.zeros(0)


def _rounded(values: Array) -> Array:
    return values.astype(np.float32).astype(np.float64)


_PENALTIES = LEAF_PENALTIES | {"gain": "min_split_gain"}


@procedure(
    {
        "unpenalised": "share of trees without a split under no penalty",
        **{
            f"{name}_change": (
                f"share of trees without a split under {penalty}, minus that under "
                "no penalty"
            )
            for name, penalty in _PENALTIES.items()
        },
    },
    options={
        "engine": ENGINE,
        "rounds": rounds_option(50),
        "strength": rows_option(10.0),
    },
    panels=(
        along_rows(
            "Trees without a split along each penalty", "share of trees", _PENALTIES
        ),
    ),
)
def unsplit_trees(sample: Sample, options: Options) -> Measured:
    """Count trees without a split along each penalty, at equal rounds."""
    grower, rounds = Grower.of(sample, options), int(options["rounds"])

    def share(penalty: str, rows: float) -> float:
        changes: dict[str, Any] = {penalty: rows}
        trees = grower.grow(rounds, **changes).trees
        split = np.count_nonzero(np.diff(trees.tree_offsets) > 1)
        return 1 - float(split) / rounds

    strength, free = float(options["strength"]), share("reg_alpha", 0.0)
    values, series = {"unpenalised": free}, {"rows": ROWS}
    for name, penalty in _PENALTIES.items():
        values[f"{name}_change"] = share(penalty, strength) - free
        series[name] = tuple(share(penalty, rows) for rows in ROWS)
    return Measured.of(values, series)
