r"""A network of one hidden layer in numpy, for what no library offers in one place.

Raw scores are :math:`f = \tanh(X W + c) v + d`; W and v are penalised, the biases c and
d are not. Plain and decoupled L2, L1 by subgradient and L1 by proximal steps go with
gradient descent on batches [1]_ and with Adam [2]_:

============  ======================================================================
``l2``        the penalty's gradient is added to the loss's
``decay``     weights are multiplied by ``1 - step * strength`` beside the step [3]_
``l1``        the penalty's subgradient ``strength * sign(w)``, 0 at 0, is added
``proximal``  after the step weights are soft-thresholded by ``step * strength`` [4]_
============  ======================================================================

References
----------
.. [1] H. Robbins, S. Monro. "A Stochastic Approximation Method". Annals of Mathematical
   Statistics 22, 1951. doi:10.1214/aoms/1177729586
.. [2] D. P. Kingma, J. Ba. "Adam: A Method for Stochastic Optimization". ICLR 2015.
   https://arxiv.org/abs/1412.6980
.. [3] I. Loshchilov, F. Hutter. "Decoupled Weight Decay Regularization". ICLR 2019.
   https://arxiv.org/abs/1711.05101
.. [4] N. Parikh, S. Boyd. "Proximal Algorithms". Foundations and Trends in Optimization
   1(3), 2014. doi:10.1561/2400000003
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from boostreg.insight.experiments.base import Sample
from boostreg.losses import Objective

__all__ = ["Data", "Rule", "Weights", "gradients", "initial", "loss", "steps", "train"]

Array = NDArray[np.float64]
Weights = tuple[Array, Array, Array, Array]
How = Literal["none", "l2", "decay", "l1", "proximal"]

_BATCH = 32
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_PENALISED = (True, False, True, False)


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Rows with columns and target on a scale that a network learns on."""

    X: Array
    y: Array
    objective: Objective

    @classmethod
    def of(cls, sample: Sample) -> "Data":
        """Standardize columns, and the target of a regression."""
        spread = sample.X.std(axis=0)
        X = (sample.X - sample.X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        y = sample.y
        if sample.objective.name == "squared_error":
            y = (y - y.mean()) / (y.std() or 1.0)
        return cls(X, y, sample.objective)


@dataclass(frozen=True, slots=True)
class Rule:
    """How weights are moved.

    Attributes
    ----------
    optimiser : {"sgd", "adam"}
    how : str
        One of the module's table, or ``none``.
    strength : float
        Of the penalty, beside the mean half squared error or log loss.
    step : float
        Learning rate.
    """

    optimiser: Literal["sgd", "adam"] = "sgd"
    how: How = "none"
    strength: float = 0.0
    step: float = 0.1


def initial(n_inputs: int, n_hidden: int, rng: np.random.Generator) -> Weights:
    """Return random weights of variance 1 / inputs, biases 0."""
    return (
        rng.standard_normal((n_inputs, n_hidden)) / np.sqrt(n_inputs),
        np.zeros(n_hidden),
        rng.standard_normal(n_hidden) / np.sqrt(n_hidden),
        np.zeros(1),
    )


def loss(weights: Weights, data: Data) -> float:
    """Return the mean half squared error or log loss."""
    half = 0.5 if data.objective.name == "squared_error" else 1.0
    return half * data.objective.loss(data.y, _forward(weights, data.X)[1][:, None])


def gradients(weights: Weights, data: Data) -> Weights:
    """Return the gradient of ``loss`` by each array, by back-propagation."""
    hidden, raw = _forward(weights, data.X)
    slope = data.objective.gradient(data.y, raw[:, None])[:, 0] / len(raw)
    back = slope[:, None] * weights[2] * (1 - hidden**2)
    return data.X.T @ back, back.sum(axis=0), hidden.T @ slope, slope.sum(keepdims=True)


def train(data: Data, weights: Weights, rule: Rule, epochs: int, seed: int) -> Weights:
    """Return the weights after so many passes over the rows."""
    *_, last = steps(data, weights, rule, epochs, seed)
    return last


def steps(
    data: Data, weights: Weights, rule: Rule, epochs: int, seed: int
) -> Iterator[Weights]:
    """Yield the weights after each pass; batches are drawn by ``seed`` alone."""
    rng, count = np.random.default_rng(seed), 0
    first = second = tuple(np.zeros_like(w) for w in weights)
    for _ in range(epochs):
        order = rng.permutation(len(data.y))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            part = Data(data.X[rows], data.y[rows], data.objective)
            slopes = _penalised(gradients(weights, part), weights, rule)
            count += 1
            if rule.optimiser == "adam":
                first = _mixed(first, slopes, _BETA1)
                second = _mixed(second, tuple(s**2 for s in slopes), _BETA2)
                slopes = tuple(
                    (m / (1 - _BETA1**count))
                    / (np.sqrt(v / (1 - _BETA2**count)) + _EPSILON)
                    for m, v in zip(first, second, strict=True)
                )
            weights = _moved(weights, slopes, rule)
        yield weights


def _forward(weights: Weights, X: Array) -> tuple[Array, Array]:
    W, c, v, d = weights
    hidden = np.tanh(X @ W + c)
    return hidden, hidden @ v + d[0]


def _penalised(slopes: Weights, weights: Weights, rule: Rule) -> tuple[Array, ...]:
    if rule.how not in {"l1", "l2"}:
        return slopes
    pulls = (np.sign(w) if rule.how == "l1" else w for w in weights)
    return tuple(
        slope + rule.strength * pull if own else slope
        for slope, pull, own in zip(slopes, pulls, _PENALISED, strict=True)
    )


def _mixed(
    old: tuple[Array, ...], new: tuple[Array, ...], beta: float
) -> tuple[Array, ...]:
    return tuple(beta * a + (1 - beta) * b for a, b in zip(old, new, strict=True))


def _moved(weights: Weights, slopes: tuple[Array, ...], rule: Rule) -> Weights:
    moved = []
    cut = rule.step * rule.strength
    for w, slope, own in zip(weights, slopes, _PENALISED, strict=True):
        kept = (1 - cut) * w if own and rule.how == "decay" else w
        new = kept - rule.step * slope
        if own and rule.how == "proximal":
            new = np.sign(new) * np.maximum(np.abs(new) - cut, 0.0)
        moved.append(new)
    return moved[0], moved[1], moved[2], moved[3]
