r"""How a penalty shifts the optimum of a quadratic loss, in closed form.

Around its minimum :math:`w^*` a loss with Hessian H is
:math:`J(w) = J^* + (w - w^*)^T H (w - w^*) / 2`. See [1]_, 7.1:

- with :math:`\alpha \|w\|_2^2 / 2` the optimum is :math:`(H + \alpha I)^{-1} H w^*`
  (eq. 7.7), or along each eigenvector of H the share
  :math:`\lambda_i / (\lambda_i + \alpha)` of what it was (eq. 7.13). Every direction
  shrinks, flat ones the most, none to 0;
- with :math:`\alpha \|w\|_1` and a diagonal H it is
  :math:`\operatorname{sign}(w_i^*) \max(|w_i^*| - \alpha / H_{ii}, 0)` (eq. 7.23, from
  the expansion 7.22): every coordinate moves by at most :math:`\alpha / H_{ii}`, and
  those that were no further from 0 than that become 0.

A leaf is the case of one dimension: :math:`w^* = -G / H`, and both together are
``boostreg.effects.mechanism.leaf_weights``.

References
----------
.. [1] I. Goodfellow, Y. Bengio, A. Courville. "Deep Learning". MIT Press, 2016.
   https://www.deeplearningbook.org
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
    relative_difference,
)
from boostreg.claims.experiments.coefficients import Linear, coefficients
from boostreg.claims.experiments.grown import (
    ENGINE_NAMES,
    TREE_PANELS,
    Grower,
    one_tree,
)
from boostreg.effects.mechanism import leaf_weights
from boostreg.errors import FitError, PenaltyError

__all__ = [
    "PROCEDURES",
    "l1_optimum",
    "l2_optimum",
    "leaf_optimum",
    "losses_along_a_penalty",
    "shift",
    "shifted_optimum",
]

_ROUNDING = 1e-10


def l2_optimum(optimum: ArrayLike, hessian: ArrayLike, strength: float) -> Array:
    r"""Return the minimum of the loss plus ``strength`` / 2 times the sum of squares.

    Parameters
    ----------
    optimum : array-like of shape (n_weights,)
        Minimum without a penalty.
    hessian : array-like of shape (n_weights, n_weights)
        Symmetric, without a negative eigenvalue. A direction in which it is 0 has no
        minimum of its own, and any penalty takes the weights along it to 0.
    strength : float
        >= 0.

    Raises
    ------
    PenaltyError
        If an argument is outside its domain.

    Examples
    --------
    >>> l2_optimum([2.0, 2.0], [[3.0, 0.0], [0.0, 1.0]], 1.0)
    array([1.5, 1. ])
    """
    w = _weights(optimum)
    H = np.asarray(hessian, dtype=np.float64)
    _check_strength(strength)
    if H.shape != (len(w), len(w)):
        raise PenaltyError(
            f"hessian must be of shape {(len(w), len(w))}, got {H.shape}."
        )
    if not np.allclose(H, H.T, rtol=1e-8, atol=0.0):
        raise PenaltyError("hessian must be symmetric, got one that is not.")
    if strength == 0:
        return w
    values, vectors = np.linalg.eigh(H)
    if values.min(initial=0.0) < -_ROUNDING * max(abs(values).max(initial=0.0), 1e-300):
        raise PenaltyError(
            f"hessian must have no negative eigenvalue, got {float(values.min())!r}."
        )
    kept = np.maximum(values, 0.0)
    shrunk: Array = vectors @ (kept / (kept + strength) * (vectors.T @ w))
    return shrunk


def l1_optimum(optimum: ArrayLike, curvature: ArrayLike, strength: float) -> Array:
    r"""Return the minimum of the loss plus ``strength`` times the sum of magnitudes.

    Parameters
    ----------
    optimum : array-like of shape (n_weights,)
        Minimum without a penalty.
    curvature : array-like of shape (n_weights,)
        Diagonal of the Hessian, > 0; its other entries are 0.
    strength : float
        >= 0.

    Raises
    ------
    PenaltyError
        If an argument is outside its domain.

    Examples
    --------
    The second weight is too near 0 to survive:

    >>> l1_optimum([2.0, -0.25], [1.0, 2.0], 1.0)
    array([1., 0.])
    """
    w = _weights(optimum)
    h = np.asarray(curvature, dtype=np.float64)
    _check_strength(strength)
    if h.shape != w.shape or not np.all(np.isfinite(h) & (h > 0)):
        raise PenaltyError(
            f"curvature must be {len(w)} numbers > 0: with another Hessian L1 has no "
            f"closed form; got {h.tolist()!r}."
        )
    moved: Array = w - np.clip(w, -strength / h, strength / h)
    return moved


def shift(optimum: ArrayLike, penalised: ArrayLike) -> float:
    """Return the Euclidean distance by which a penalty moves the optimum.

    >>> shift([2.0, 2.0], [1.5, 1.0]) == (0.25 + 1.0) ** 0.5
    True
    """
    return float(np.linalg.norm(_weights(penalised) - _weights(optimum)))


def _weights(values: ArrayLike) -> Array:
    w = np.asarray(values, dtype=np.float64)
    if w.ndim != 1 or not np.all(np.isfinite(w)):
        raise PenaltyError("weights must be a list of finite numbers.")
    return w


def _check_strength(strength: float) -> None:
    if not (math.isfinite(strength) and strength >= 0):
        raise PenaltyError(f"strength must be finite and >= 0, got {strength!r}.")


_SHARES = np.geomspace(1e2, 1e-3, 26)
_CUTS = np.linspace(1.0, 0.02, 26)


def losses_along_a_penalty(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare a linear model with tuned strength to an unpenalised one.

    Changes are shares of the unpenalised model's loss; below 0 is less loss.
    """
    l1_ratio = {"l1": 1.0, "l2": 0.0}[options["penalty"]]
    linear = Linear.of(sample)
    free = linear.free_path()
    train_free, new_free = (losses[0] for losses in linear.losses(free))
    grid = linear.grid(l1_ratio)
    path = linear.path(grid, l1_ratio)
    best = linear.choose(l1_ratio, sample.seed)
    train, new = linear.losses(path)
    w, start = coefficients(path), coefficients(free)[0]
    return Measured(
        values={
            "train_change": float(train[best] / train_free - 1),
            "new_change": float(new[best] / new_free - 1),
            "new_change_strongest": float(new[0] / new_free - 1),
            "moved": shift(start, w[best]) / _norm(start),
        },
        series={
            "strength": tuple(grid[::-1] / grid[0]),
            "train_loss": tuple(train[::-1] / train_free),
            "new_loss": tuple(new[::-1] / new_free),
        },
    )


def shifted_optimum(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare fitted linear models with the closed forms of the shifted optimum.

    L2 is compared on the columns as they are. L1 is compared on columns made orthogonal
    (each keeps its deviation), and on those as they are, whose H has no diagonal form.
    """
    linear, strength = Linear.of(sample), float(options["strength"])
    square = replace(linear, design=replace(linear.design, X=_orthogonal(linear)))
    l2, l1 = _l2(linear, _SHARES), _l1(square, _CUTS)
    free, free_square = (_norm(one.free()) for one in (linear, square))
    at_l2, at_l1 = _l2(linear, np.array([strength])), _l1(square, np.array([strength]))
    as_given = _l1(linear, np.array([strength]))
    return Measured(
        values={
            "l2_difference": relative_difference(at_l2[1], at_l2[0]),
            "l1_difference": relative_difference(at_l1[1], at_l1[0]),
            "l1_difference_correlated": relative_difference(as_given[1], as_given[0]),
            "l2_moved": shift(linear.free(), at_l2[0][0]) / free,
            "l1_moved": shift(square.free(), at_l1[0][0]) / free_square,
        },
        series={
            "l2_strength": tuple(_SHARES[::-1]),
            "l2_fitted": tuple(np.linalg.norm(l2[0][::-1], axis=1) / free),
            "l2_closed": tuple(np.linalg.norm(l2[1][::-1], axis=1) / free),
            "l1_strength": tuple(_CUTS[::-1]),
            "l1_fitted": tuple(np.linalg.norm(l1[0][::-1], axis=1) / free_square),
            "l1_closed": tuple(np.linalg.norm(l1[1][::-1], axis=1) / free_square),
        },
    )


def leaf_optimum(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare every leaf of an ensemble grown under both penalties with the formula."""
    grower = Grower.of(sample, options)
    grown = grower.grow(
        int(options["rounds"]),
        reg_alpha=float(options["reg_alpha"]),
        reg_lambda=float(options["reg_lambda"]),
    )
    found, closed, free = [], [], []
    for leaves in grown.tree_leaves():
        found.append(leaves.weight)
        closed.append(leaf_weights(leaves.G, leaves.H, grown.raw))
        free.append(-leaves.G / leaves.H)
    stored, formula, unpenalised = map(_joined, (found, closed, free))
    return Measured(
        values={
            "difference": relative_difference(formula, stored),
            "difference_without_penalty": relative_difference(unpenalised, stored),
            "leaves": float(len(stored)),
        },
        series=one_tree(grower),
    )


def _l2(linear: Linear, shares: Array) -> tuple[Array, Array]:
    """Return fitted and closed-form coefficients, (n_strengths, n_inputs) each.

    Shares count in mean curvature, the trace of H over the number of columns.
    """
    H, free = _hessian(linear), linear.free()
    strengths = shares * float(np.trace(H)) / len(H)
    fitted = coefficients(linear.path(strengths, 0.0))
    return fitted, np.array([l2_optimum(free, H, one) for one in strengths])


def _l1(linear: Linear, shares: Array) -> tuple[Array, Array]:
    """Return fitted and closed-form coefficients under L1, H taken as diagonal.

    Shares count in the strength that forbids every coefficient.
    """
    h, free = np.diag(_hessian(linear)), linear.free()
    strengths = shares * linear.top(1.0)
    fitted = coefficients(linear.path(strengths, 1.0))
    return fitted, np.array([l1_optimum(free, h, one) for one in strengths])


def _hessian(linear: Linear) -> Array:
    """Return the Hessian of the mean half deviance at the unpenalised optimum.

    The intercept is not penalised and is eliminated.
    """
    design = linear.design
    raw = linear.free_path().raw(design.X, 0)
    weight = design.weights[:, None] * design.objective.curvature(design.y, raw)
    centred = design.X - np.sum(weight * design.X, axis=0) / np.sum(weight)
    H: Array = centred.T @ (weight * centred)
    return (H + H.T) / 2


def _orthogonal(linear: Linear) -> Array:
    """Return columns with the deviations of the sample's, uncorrelated."""
    X = linear.design.X
    if len(X) <= X.shape[1]:
        raise FitError(
            f"columns can be made orthogonal only on more training rows than columns, "
            f"and there are {len(X)} rows and {X.shape[1]} columns"
        )
    Q, _ = np.linalg.qr(X)
    Q = Q - Q.mean(axis=0)
    Q, _ = np.linalg.qr(Q)
    return np.asarray(Q * np.sqrt(len(X)) * X.std(axis=0))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)


def _norm(vector: Array) -> float:
    return float(np.linalg.norm(vector))


_DIFFERENCE = "largest difference of a coefficient to the closed form, over the largest"
_MOVED = "distance of the coefficients to the unpenalised, over their length"

PROCEDURES: Mapping[str, Procedure] = {
    "losses_along_a_penalty": Procedure(
        run=losses_along_a_penalty,
        words=(
            "A linear model whose penalty is chosen on inner folds against the "
            "unpenalised one: their losses on training and on new rows."
        ),
        measures={
            "train_change": (
                "training loss of the penalised model over the unpenalised, minus 1"
            ),
            "new_change": (
                "loss on new rows of the penalised model over the unpenalised, minus 1"
            ),
            "new_change_strongest": (
                "loss on new rows under the strongest penalty over the unpenalised "
                "model's, minus 1"
            ),
            "moved": "distance to the unpenalised coefficients over their length",
        },
        options={"penalty": Option("l2", "the penalty", choices=("l1", "l2"))},
        panels=(
            Panel(
                title="Losses along the penalty",
                x="strength",
                x_label="strength, as a share of the strongest",
                y_label="loss over the unpenalised model's",
                lines={"train_loss": "training", "new_loss": "new rows"},
                x_log=True,
                y_log=True,
            ),
        ),
        objectives="squared_error or logistic",
    ),
    "shifted_optimum": Procedure(
        run=shifted_optimum,
        words=(
            "Coefficients of penalised linear models against the closed forms of the "
            "shifted optimum, (H + lambda I)^-1 H w* and sign(w*) max(|w*| - alpha / "
            "H, 0)."
        ),
        measures={
            "l2_difference": f"{_DIFFERENCE}: L2",
            "l1_difference": f"{_DIFFERENCE}: L1, columns made orthogonal",
            "l1_difference_correlated": f"{_DIFFERENCE}: L1, columns as they are",
            "l2_moved": f"{_MOVED}: L2",
            "l1_moved": f"{_MOVED}: L1, columns made orthogonal",
        },
        options={
            "strength": Option(
                0.3,
                "strength: in mean curvatures (L2), as a share of the strength that "
                "forbids all coefficients (L1)",
                low=1e-4,
                high=100.0,
            )
        },
        panels=(
            Panel(
                title="How far L2 moves the optimum",
                x="l2_strength",
                x_label="lambda, in mean curvatures",
                y_label="length over the unpenalised",
                lines={"l2_fitted": "fitted", "l2_closed": "closed form"},
                x_log=True,
            ),
            Panel(
                title="How far L1 moves it, columns orthogonal",
                x="l1_strength",
                x_label="alpha, as a share of what forbids all coefficients",
                y_label="length over the unpenalised",
                lines={"l1_fitted": "fitted", "l1_closed": "closed form"},
            ),
        ),
        objectives="squared_error or logistic",
    ),
    "leaf_optimum": Procedure(
        run=leaf_optimum,
        words=(
            "Every leaf of an ensemble grown under both penalties against -sign(G) "
            "max(|G| - reg_alpha, 0) / (H + reg_lambda)."
        ),
        measures={
            "difference": (
                "largest difference of a leaf weight to the closed form, over the "
                "largest weight"
            ),
            "difference_without_penalty": (
                "largest difference of a leaf weight to the unpenalised -G / H, over "
                "the largest weight"
            ),
            "leaves": "leaves that were compared",
        },
        options={
            "engine": Option("xgboost", "who grows the trees", choices=ENGINE_NAMES),
            "rounds": Option(20, "boosting rounds", low=1, high=200),
            "reg_alpha": Option(2.0, "L1 penalty, in rows", low=0.0, high=1e6),
            "reg_lambda": Option(5.0, "L2 penalty, in rows", low=0.0, high=1e6),
        },
        panels=TREE_PANELS,
        by_engine=True,
        objectives="squared_error or logistic",
    ),
}
