"""The two mechanisms of a penalty on leaf weights: shrinkage and structure.

Such a penalty shrinks the leaves of given trees, and it changes which trees grow. If
the leaf weights of a fit without the penalty are recomputed with it, only shrinkage
acts; the rest of the effect is structure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from typing_extensions import override

from boostreg.arrays import Array, Indices
from boostreg.data import Table
from boostreg.effects.effects import PathRow
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.engines import Problem, get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, digest, grow
from boostreg.fits.work import FittedWork, FitWork
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.record import decode_record, encode_record
from boostreg.statistics import Interval, corrected_t
from boostreg.trees import SIZES, TreeEnsemble, TreeSize

__all__ = [
    "MECHANISMS",
    "Leaves",
    "Mechanism",
    "MechanismPoint",
    "RefreshWork",
    "Refreshed",
    "RefreshedTrees",
    "assign",
    "leaf_weights",
    "mechanism",
    "refresh",
    "why_not_split",
]


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """The leaf of each row in each tree, as index into the node arrays."""

    train: Indices
    valid: Indices


@dataclass(frozen=True, slots=True, eq=False)
class RefreshedTrees:
    """Trees with recomputed leaves, and their curves; entry k is after k rounds."""

    trees: TreeEnsemble
    train_loss: Array
    valid_loss: Array


def assign(trees: TreeEnsemble, problem: Problem) -> Leaves:
    """Return the leaves of the training and validation rows of a problem."""
    train, valid = (
        np.concatenate(
            [trees.leaf_indices(X) for X in problem.features(table).blocks()]
        )
        for table in _tables(problem)
    )
    return Leaves(train, valid)


def _tables(problem: Problem) -> tuple[Table, Table]:
    """Return training and validation rows; the latter may be no rows."""
    none = problem.train.rows(np.empty(0, dtype=np.int64))
    return problem.train, none if problem.valid is None else problem.valid


def leaf_weights(gradient: Array, hessian: Array, penalty: Penalty) -> Array:
    """Return the optimal weights of leaves before the learning rate.

    Parameters
    ----------
    gradient, hessian : ndarray of shape (n_leaves,)
        Sums over the rows of each leaf, row weights included.
    penalty : Penalty
        Raw: ``reg_alpha``, ``reg_lambda`` and ``max_delta_step`` act.

    Returns
    -------
    ndarray of shape (n_leaves,)
        ``-T(G) / (H + reg_lambda)`` with ``T(G) = sign(G) max(|G| - reg_alpha, 0)``,
        clipped to ``max_delta_step`` if that is above 0 (XGBoost,
        ``src/tree/param.h``, CalcWeight); 0 for a leaf without rows.
    """
    shrunk = np.sign(gradient) * np.maximum(np.abs(gradient) - penalty.reg_alpha, 0.0)
    below = hessian + penalty.reg_lambda
    weight: Array = np.divide(
        -shrunk, below, out=np.zeros_like(shrunk), where=below > 0
    )
    if penalty.max_delta_step > 0:
        weight = np.clip(weight, -penalty.max_delta_step, penalty.max_delta_step)
    return weight


def refresh(
    trees: TreeEnsemble,
    leaves: Leaves,
    problem: Problem,
    penalty: Penalty,
) -> RefreshedTrees:
    """Recompute all leaves, tree by tree, from the gradients after the previous trees.

    The trees of one round, one per class, use the same gradients, as in training.

    ``leaves`` are those of ``assign``; the penalty is raw, and its ``learning_rate``
    multiplies every weight.
    """
    objective, penalty = problem.objective, problem.limited(penalty)
    tables = train, _ = _tables(problem)
    value = trees.value.copy()
    raw = [np.tile(trees.intercept, (table.n_samples, 1)) for table in tables]
    losses = [[_loss(objective, t, r)] for t, r in zip(tables, raw, strict=True)]
    weighs_unsplit = ENGINE_FACTS[trees.engine].weighs_unsplit
    for number in range(trees.n_rounds):
        gradient = _weighed(objective.gradient(train.y, raw[0]), train.weights)
        hessian = _weighed(objective.hessian(train.y, raw[0]), train.weights)
        for tree in np.flatnonzero(trees.round == number):
            k = trees.output[tree]
            start, stop = trees.tree_offsets[tree : tree + 2]
            if stop - start == 1 and not weighs_unsplit:
                continue  # a tree without a split has weight 0 there, for any penalty
            leaf, n_nodes = leaves.train[:, tree] - start, stop - start
            G = np.bincount(leaf, gradient[:, k], n_nodes).astype(np.float64)
            H = np.bincount(leaf, hessian[:, k], n_nodes).astype(np.float64)
            value[start:stop] = penalty.learning_rate * leaf_weights(G, H, penalty)
            raw[0][:, k] += value[leaves.train[:, tree]]
            raw[1][:, k] += value[leaves.valid[:, tree]]
        for found, table, scores in zip(losses, tables, raw, strict=True):
            found.append(_loss(objective, table, scores))
    return RefreshedTrees(
        replace(trees, value=value), np.array(losses[0]), np.array(losses[1])
    )


def _weighed(values: Array, weights: Array | None) -> Array:
    return values if weights is None else values * weights[:, None]


def _loss(objective: Objective, table: Table, raw: Array) -> float:
    if table.n_samples == 0:
        return float("nan")
    return objective.loss(table.y, raw, table.weights)


MECHANISMS = ("reg_alpha", "reg_lambda")
"""Penalties with both mechanisms: they act on the leaves of given trees."""

MEASURES = ("loss", "train_loss", "leaves", "l1_norm", "l2_norm")
"""Measures that are split: losses, and sizes that such a penalty may change."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Trees with the leaves of another penalty, on one inner fold."""

    value: float
    loss: float
    train_loss: float
    size: TreeSize


@dataclass(frozen=True, slots=True)
class RefreshWork(FittedWork[tuple[Refreshed, ...]]):
    """A fit without a penalty, with leaves recomputed for several values of it.

    The fit has the number of rounds to compare; values are in its penalty's scale.
    """

    fit: Fit
    name: str
    values: tuple[float, ...]

    @override
    def key(self, dataset: Dataset) -> str:
        about = {"fit": FitWork(self.fit).key(dataset), "name": self.name}
        return digest({"refresh": about | {"values": list(self.values)}})

    @override
    def run(self, dataset: Dataset) -> bytes:
        fit, engine = self.fit, get_engine(self.fit.engine)
        training = grow(dataset, fit)
        trees, standard = engine.trees(training.model), training.model.standard
        problem = dataset.problem(fit.outer, fit.inner)
        leaves = assign(trees, problem)
        found = []
        for value in self.values:
            changed: dict[str, Any] = {self.name: value}
            raw = replace(fit.penalty, **changed).to_raw(standard.units)
            renewed = refresh(trees, leaves, problem, raw)
            valid, train = renewed.valid_loss[-1], renewed.train_loss[-1]
            size = renewed.trees.size(raw.reg_lambda)
            found.append(asdict(Refreshed(value, float(valid), float(train), size)))
        return encode_record(found)

    @override
    def decode(self, data: bytes) -> tuple[Refreshed, ...]:
        return tuple(
            Refreshed(**one | {"size": TreeSize(**one["size"])})
            for one in decode_record(data)[0]
        )


def why_not_split(penalty: Penalty, problem: Problem) -> str | None:
    """Return why the effect of a penalty cannot be split, or None if it can.

    It can if leaf weights depend only on the derivatives of their rows and the penalty.
    """
    reasons = {
        "the libraries fit quantiles or a smoothed loss": (
            problem.objective.fits_quantile
        ),
        "monotone columns bound the leaves": problem.constrained,
        "rows are sampled": penalty.subsample < 1,
        "path_smooth draws leaves to their parents": penalty.path_smooth > 0,
        "leaves of categories have a penalty of their own": penalty.cat_l2 > 0,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@dataclass(frozen=True, slots=True)
class MechanismPoint:
    """Effects at one value, by measure, as fold-paired differences to zero penalty.

    ``total`` is the sum of ``shrinkage`` and ``structure`` on every fold.
    """

    value: float
    shrinkage: Mapping[str, Interval]
    structure: Mapping[str, Interval]
    total: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Both mechanisms of one penalty of one engine, by point."""

    engine: str
    penalty: str
    points: tuple[MechanismPoint, ...]


def mechanism(
    rows: Sequence[PathRow],
    refreshed: Mapping[tuple[int, int], Sequence[Refreshed]],
    test_train_ratio: float,
) -> Mechanism | None:
    """Return both mechanisms of one penalty, or None if a fold is missing.

    Parameters
    ----------
    rows : sequence of PathRow
        Rows of one engine, penalty and anchor, read at ``equal`` rounds.
    refreshed : mapping of (outer, inner) to sequence of Refreshed
        In the order of the points of the path, from the first positive value.
    test_train_ratio : float
        Validation rows over training rows of an inner fold.
    """
    at = {(row.point, row.outer_fold, row.inner_fold): row for row in rows}
    folds = sorted({(row.outer_fold, row.inner_fold) for row in rows})
    points = sorted({row.point for row in rows})
    if not set(folds) <= set(refreshed):
        return None
    made = []
    for place, point in enumerate(points[1:]):
        shrinkage, structure = {}, {}
        for measure in MEASURES:
            zero, grown = (
                [_measured(at[p, *fold], measure) for fold in folds]
                for p in (points[0], point)
            )
            renewed = [_measured(refreshed[fold][place], measure) for fold in folds]
            shrinkage[measure] = _minus(renewed, zero)
            structure[measure] = _minus(grown, renewed)
        total = {
            m: [a + b for a, b in zip(shrinkage[m], structure[m], strict=True)]
            for m in MEASURES
        }
        intervals = (
            {m: corrected_t(v, test_train_ratio) for m, v in part.items()}
            for part in (shrinkage, structure, total)
        )
        made.append(MechanismPoint(at[point, *folds[0]].value, *intervals))
    first = rows[0]
    return Mechanism(first.engine, first.penalty, tuple(made))


def _measured(record: PathRow | Refreshed, measure: str) -> float:
    name = measure if measure.endswith("norm") else f"n_{measure}"
    value = getattr(record.size, name) if name in SIZES else getattr(record, measure)
    return float(value)


def _minus(a: Iterable[float], b: Iterable[float]) -> list[float]:
    return [one - two for one, two in zip(a, b, strict=True)]
