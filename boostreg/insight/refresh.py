"""Leaf weights under another penalty on trees whose splits stay as they are.

A penalty on leaf weights works in two ways: it shrinks the leaves of given trees, and
it makes other trees grow. Weights that are computed anew on the trees of a fit without
it show the first way alone; the rest of its effect is the second.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boostreg.data import Table
from boostreg.engines import Problem
from boostreg.losses import Array, Objective
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

__all__ = ["Leaves", "Refreshed", "assign", "leaf_weights", "refresh"]

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """Where rows fall; computed once for all penalties.

    Attributes
    ----------
    train, valid : ndarray of shape (n_samples, n_trees)
        Leaf of each row in each tree, as entry of the node arrays.
    """

    train: Index
    valid: Index


@dataclass(frozen=True, slots=True, eq=False)
class Refreshed:
    """Trees with new leaves, and their curves; entry k is after k rounds.

    Attributes
    ----------
    trees : TreeEnsemble
    train_loss, valid_loss : ndarray of shape (n_rounds + 1,)
    """

    trees: TreeEnsemble
    train_loss: Array
    valid_loss: Array


def assign(trees: TreeEnsemble, problem: Problem) -> Leaves:
    """Return the leaves of a problem's training and judging rows."""
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
        clipped to ``max_delta_step`` where that is above 0 (XGBoost,
        ``src/tree/param.h``, CalcWeight); 0 where no row falls.
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
) -> Refreshed:
    """Compute every leaf anew, tree after tree, each on what those before it left.

    Trees of one round, one a class, see the same gradients, as they did when grown.

    Parameters
    ----------
    trees : TreeEnsemble
        Leaves in units of the raw score, ``intercept`` that of the problem.
    leaves : Leaves
        As ``assign`` gives them.
    problem : Problem
        The rows that the trees were grown on, and those that judge.
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
    for places in _rounds(trees):
        gradient = _weighed(objective.gradient(train.y, raw[0]), train.weights)
        hessian = _weighed(objective.hessian(train.y, raw[0]), train.weights)
        for tree in places:
            k = trees.output[tree]
            nodes = slice(trees.tree_offsets[tree], trees.tree_offsets[tree + 1])
            if nodes.stop - nodes.start == 1 and trees.engine != "xgboost":
                continue  # a tree without a split is 0 there, whatever the penalty
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
    return Refreshed(
        replace(trees, value=value), np.array(losses[0]), np.array(losses[1])
    )


_NONE: Index = np.empty(0, dtype=np.int64)


def _rounds(trees: TreeEnsemble) -> Iterator[Index]:
    for number in range(trees.n_rounds):
        yield np.flatnonzero(trees.round == number)


def _tree_weights(
    leaf: Index, n_nodes: int, derivatives: tuple[Array, Array], penalty: Penalty
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
