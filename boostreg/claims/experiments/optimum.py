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

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    ENGINE,
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    along_strength,
    procedure,
    relative_difference,
    rounds_option,
    rows_option,
)
from boostreg.claims.experiments.coefficients import L1_RATIOS, Linear, coefficients
from boostreg.claims.experiments.grown import TREE_PANELS, Grower, joined, one_tree
from boostreg.errors import FitError

__all__ = [
    "l1_optimum",
    "l2_optimum",
    "leaf_optimum",
    "losses_along_a_penalty",
    "shifted_optimum",
]


def l2_optimum(optimum: ArrayLike, hessian: ArrayLike, strength: float) -> Array:
    """Return the minimum of the loss plus ``strength`` / 2 times the sum of squares.

    ``optimum`` (n_weights,) is the minimum without a penalty, ``hessian`` (n_weights,
    n_weights) has no negative eigenvalue. A direction in which it is 0 has no minimum
    of its own, and any penalty takes the weights along it to 0.

    >>> l2_optimum([2.0, 2.0], [[3.0, 0.0], [0.0, 1.0]], 1.0)
    array([1.5, 1. ])
    """
    w = np.asarray(optimum, dtype=np.float64)
    if strength == 0:
        return w
    values, vectors = np.linalg.eigh(np.asarray(hessian, dtype=np.float64))
    # (H + strength I)^-1 H w*, by eigenvectors of H: eq. 7.13 of [1]
    kept = np.maximum(values, 0.0)  # eigenvalues below 0 are rounding errors
    shrunk: Array = vectors @ (kept / (kept + strength) * (vectors.T @ w))
    return shrunk


def l1_optimum(optimum: ArrayLike, curvature: ArrayLike, strength: float) -> Array:
    """Return the minimum of the loss plus ``strength`` times the sum of magnitudes.

    ``optimum`` (n_weights,) is the minimum without a penalty, ``curvature``
    (n_weights,) is the diagonal of the Hessian, > 0; its other entries are 0.

    The second weight is too near 0 to survive:

    >>> l1_optimum([2.0, -0.25], [1.0, 2.0], 1.0)
    array([1., 0.])
    """
    w = np.asarray(optimum, dtype=np.float64)
    # sign(w*) max(|w*| - strength / H, 0): eq. 7.23 of [1]
    cut = strength / np.asarray(curvature, dtype=np.float64)
    moved: Array = w - np.clip(w, -cut, cut)
    return moved


@procedure(
    {
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
        "both_change": (
            "sum of the loss on new rows and the training loss, of the penalised "
            "model over the unpenalised, minus 1"
        ),
        "moved": "distance to the unpenalised coefficients over their length",
    },
    options={"penalty": Option("l2", "penalty", choices=("l1", "l2"))},
    panels=(
        along_strength(
            "Losses along the penalty",
            "strength",
            "loss over the unpenalised model's",
            {"train_loss": "training", "new_loss": "new rows"},
            y_log=True,
        ),
    ),
)
def losses_along_a_penalty(sample: Sample, options: Options) -> Measured:
    """Compare a linear model with a penalty chosen on inner folds to one without.

    Changes are shares of the unpenalised model's loss; below 0 is less loss. That
    training loss does not fall needs no data. Whether new rows gain more than training
    rows lose is one contrast on the same fold: the sum of both losses falls.
    """
    l1_ratio = L1_RATIOS[options["penalty"]]
    linear = Linear.of(sample)
    free = linear.free_path()
    train_free, new_free = (losses[0] for losses in linear.losses(free))
    grid = linear.grid(l1_ratio)
    path = linear.path(grid, l1_ratio)
    best = linear.choose(l1_ratio, sample.seed)
    train, new = linear.losses(path)
    w, start = coefficients(path), coefficients(free)[0]
    return Measured.of(
        {
            "train_change": train[best] / train_free - 1,
            "new_change": new[best] / new_free - 1,
            "new_change_strongest": new[0] / new_free - 1,
            "both_change": (new[best] + train[best]) / (new_free + train_free) - 1,
            "moved": np.linalg.norm(w[best] - start) / np.linalg.norm(start),
        },
        {
            "strength": grid[::-1] / grid[0],
            "train_loss": train[::-1] / train_free,
            "new_loss": new[::-1] / new_free,
        },
    )


_SHARES = {"l1": np.linspace(1.0, 0.02, 26), "l2": np.geomspace(1e2, 1e-3, 26)}
_DIFFERENCE = "largest difference of a coefficient to the closed form, over the largest"
_MOVED = "distance of the coefficients to the unpenalised, over their length"


@procedure(
    {
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
            "zeroes all coefficients (L1)",
            low=1e-4,
            high=100.0,
        )
    },
    panels=(
        Panel(
            "How far L2 moves the optimum",
            x="l2_strength",
            x_label="lambda, in mean curvatures",
            y_label="length over the unpenalised",
            lines={"l2_fitted": "fitted", "l2_closed": "closed form"},
            x_log=True,
        ),
        Panel(
            "How far L1 moves the optimum, columns orthogonal",
            x="l1_strength",
            x_label="alpha, as a share of the strength that zeroes all",
            y_label="length over the unpenalised",
            lines={"l1_fitted": "fitted", "l1_closed": "closed form"},
        ),
    ),
)
def shifted_optimum(sample: Sample, options: Options) -> Measured:
    """Compare coefficients of penalised linear models with their closed forms.

    These are (H + lambda I)^-1 H w* for L2 and sign(w*) max(|w*| - alpha / H, 0) for
    L1. L2 is compared on the columns as they are. L1 is compared on columns made
    orthogonal (each keeps its deviation), and on those as they are, whose H has no
    diagonal form.
    """
    linear, strength = Linear.of(sample), np.array([float(options["strength"])])
    X = linear.design.X
    if len(X) <= X.shape[1]:
        raise FitError(
            f"columns can be made orthogonal only on more training rows than columns, "
            f"and there are {len(X)} rows and {X.shape[1]} columns"
        )
    Q, _ = np.linalg.qr(X)
    Q, _ = np.linalg.qr(Q - Q.mean(axis=0))
    orthogonal = np.asarray(Q * np.sqrt(len(X)) * X.std(axis=0))
    square = replace(linear, design=replace(linear.design, X=orthogonal))
    values, series = {}, {}
    for name, model in (("l2", linear), ("l1", square)):
        free, shares = model.free(), _SHARES[name]
        fitted, closed = _fitted_and_closed(name, model, strength)
        values[f"{name}_difference"] = relative_difference(closed, fitted)
        length = float(np.linalg.norm(free))
        values[f"{name}_moved"] = float(np.linalg.norm(fitted[0] - free)) / length
        series[f"{name}_strength"] = shares[::-1]
        fitted, closed = _fitted_and_closed(name, model, shares)
        series[f"{name}_fitted"] = np.linalg.norm(fitted[::-1], axis=1) / length
        series[f"{name}_closed"] = np.linalg.norm(closed[::-1], axis=1) / length
    fitted, closed = _fitted_and_closed("l1", linear, strength)
    values["l1_difference_correlated"] = relative_difference(closed, fitted)
    return Measured.of(values, series)


def _fitted_and_closed(name: str, linear: Linear, shares: Array) -> tuple[Array, Array]:
    """Return fitted and closed-form coefficients, (n_strengths, n_inputs) each.

    Shares of L2 count in mean curvature, the trace of H over the number of columns;
    those of L1 in the strength that zeroes every coefficient. L1 takes H as diagonal.
    """
    # The Hessian of the mean half deviance at the unpenalised optimum, without the
    # intercept: it is not penalised and is eliminated.
    design, free = linear.design, linear.free()
    raw = linear.free_path().raw(design.X, 0)
    weight = design.weights[:, None] * design.objective.curvature(design.y, raw)
    centred = design.X - np.sum(weight * design.X, axis=0) / np.sum(weight)
    H = centred.T @ (weight * centred)
    H = (H + H.T) / 2
    if name == "l2":
        strengths = shares * float(np.trace(H)) / len(H)
        closed = [l2_optimum(free, H, one) for one in strengths]
    else:
        strengths = shares * linear.top(1.0)
        closed = [l1_optimum(free, np.diag(H), one) for one in strengths]
    fitted = coefficients(linear.path(strengths, L1_RATIOS[name]))
    return fitted, np.array(closed)


@procedure(
    {
        "difference": (
            "largest difference of a leaf weight to the closed form, over the largest "
            "weight"
        ),
        "difference_without_penalty": (
            "largest difference of a leaf weight to the unpenalised -G / H, over the "
            "largest weight"
        ),
        "leaves": "leaves that were compared",
    },
    options={
        "engine": ENGINE,
        "rounds": rounds_option(20),
        "reg_alpha": rows_option(2.0),
        "reg_lambda": rows_option(5.0),
    },
    panels=TREE_PANELS,
)
def leaf_optimum(sample: Sample, options: Options) -> Measured:
    """Compare every leaf of an ensemble grown under L1 and L2 with its closed form.

    This is -sign(G) max(|G| - reg_alpha, 0) / (H + reg_lambda).
    """
    grower = Grower.of(sample, options)
    grown = grower.grow(
        int(options["rounds"]),
        reg_alpha=float(options["reg_alpha"]),
        reg_lambda=float(options["reg_lambda"]),
    )
    trees = list(grown.tree_leaves())
    stored, closed, free = map(
        joined,
        (
            [leaves.weight for leaves in trees],
            [leaves.weights(grown.raw) for leaves in trees],
            [leaves.free for leaves in trees],
        ),
    )
    return Measured.of(
        {
            "difference": relative_difference(closed, stored),
            "difference_without_penalty": relative_difference(free, stored),
            "leaves": len(stored),
        },
        one_tree(grower),
    )
