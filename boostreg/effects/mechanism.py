"""The two mechanisms of a penalty on leaf weights: shrinkage and structure.

Such a penalty shrinks the leaves of given trees, and it changes which trees grow. If
the leaf weights of a fit without the penalty are recomputed with it, only shrinkage
acts; the rest of the effect is structure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from boostreg.fits.work import FitWork, Work
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
    """The leaf of each row; computed once for all penalties.

    Attributes
    ----------
    train, valid : ndarray of shape (n_samples, n_trees)
        Leaf of each row in each tree, as index into the node arrays.
    """

    train: Indices
    valid: Indices


@dataclass(frozen=True, slots=True, eq=False)
class RefreshedTrees:
    """Trees with recomputed leaves, and their curves; entry k is after k rounds.

    Attributes
    ----------
    trees : TreeEnsemble
    train_loss, valid_loss : ndarray of shape (n_rounds + 1,)
    """

    trees: TreeEnsemble
    train_loss: Array
    valid_loss: Array


def assign(trees: TreeEnsemble, problem: Problem) -> Leaves:
    """Return the leaves of the training and validation rows of a problem."""
    valid = problem.valid if problem.valid is not None else problem.train.rows(_NONE)
    return Leaves(trees.leaf_indices(problem.train.X), trees.leaf_indices(valid.X))


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

    Parameters
    ----------
    trees : TreeEnsemble
        Leaves in units of the raw score, with the intercept of the problem.
    leaves : Leaves
        From ``assign``.
    problem : Problem
        Training rows of the trees, and validation rows.
    penalty : Penalty
        In raw units; its ``learning_rate`` multiplies every weight.
    """
    objective, train, penalty = (
        problem.objective,
        problem.train,
        problem.limited(penalty),
    )
    valid = problem.valid if problem.valid is not None else train.rows(_NONE)
    value = trees.value.copy()
    raw = [np.tile(trees.intercept, (table.n_samples, 1)) for table in (train, valid)]
    losses = [
        [_loss(objective, t, r)] for t, r in zip((train, valid), raw, strict=True)
    ]
    weighs_unsplit = ENGINE_FACTS[trees.engine].weighs_unsplit
    for places in _rounds(trees):
        gradient = _weighed(objective.gradient(train.y, raw[0]), train.weights)
        hessian = _weighed(objective.hessian(train.y, raw[0]), train.weights)
        for tree in places:
            k = trees.output[tree]
            nodes = slice(trees.tree_offsets[tree], trees.tree_offsets[tree + 1])
            if nodes.stop - nodes.start == 1 and not weighs_unsplit:
                continue  # a tree without a split has weight 0 there, for any penalty
            weight = _tree_weights(
                leaves.train[:, tree] - nodes.start,
                nodes.stop - nodes.start,
                (gradient[:, k], hessian[:, k]),
                penalty,
            )
            value[nodes] = penalty.learning_rate * weight
            raw[0][:, k] += value[leaves.train[:, tree]]
            raw[1][:, k] += value[leaves.valid[:, tree]]
        for found, table, scores in zip(losses, (train, valid), raw, strict=True):
            found.append(_loss(objective, table, scores))
    return RefreshedTrees(
        replace(trees, value=value), np.array(losses[0]), np.array(losses[1])
    )


_NONE: Indices = np.empty(0, dtype=np.int64)


def _rounds(trees: TreeEnsemble) -> Iterator[Indices]:
    for number in range(trees.n_rounds):
        yield np.flatnonzero(trees.round == number)


def _tree_weights(
    leaf: Indices, n_nodes: int, derivatives: tuple[Array, Array], penalty: Penalty
) -> Array:
    first, second = (
        np.bincount(leaf, weights=d, minlength=n_nodes).astype(np.float64)
        for d in derivatives
    )
    return leaf_weights(first, second, penalty)


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
class RefreshWork(Work[tuple[Refreshed, ...]]):
    """A fit without a penalty, with leaves recomputed for several values of it.

    Attributes
    ----------
    fit : Fit
        Fit without the penalty, with the number of rounds to compare.
    name : str
        One of ``MECHANISMS``.
    values : tuple of float
        In the scale of the fit's penalty.
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
            found.append(
                {
                    "value": value,
                    "loss": float(renewed.valid_loss[-1]),
                    "train_loss": float(renewed.train_loss[-1]),
                    "size": asdict(renewed.trees.size(raw.reg_lambda)),
                }
            )
        return encode_record(found)

    @override
    def decode(self, data: bytes) -> tuple[Refreshed, ...]:
        return tuple(
            Refreshed(
                one["value"], one["loss"], one["train_loss"], TreeSize(**one["size"])
            )
            for one in decode_record(data)[0]
        )


def why_not_split(penalty: Penalty, problem: Problem) -> str | None:
    """Return why the effect of a penalty cannot be split, or None if it can.

    It can if leaf weights depend only on the derivatives of their rows and the penalty.
    """
    if problem.objective.fits_quantile:
        return "the libraries fit quantiles or a smoothed loss"
    if problem.constrained:
        return "monotone columns bound the leaves"
    if penalty.subsample < 1:
        return "rows are sampled"
    if penalty.path_smooth > 0:
        return "path_smooth draws leaves to their parents"
    if penalty.cat_l2 > 0:
        return "leaves of categories have a penalty of their own"
    return None


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
        total = {m: _plus(shrinkage[m], structure[m]) for m in MEASURES}
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


def _plus(a: Iterable[float], b: Iterable[float]) -> list[float]:
    return [one + two for one, two in zip(a, b, strict=True)]
