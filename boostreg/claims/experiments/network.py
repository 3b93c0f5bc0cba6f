r"""A network with one hidden layer in numpy, with variants that no library combines.

Raw scores are :math:`f = \tanh(X W + c) v + d`; W and v are penalised, the biases c and
d are not. Plain and decoupled L2, L1 by subgradient and L1 by proximal steps are
available with gradient descent on batches [1]_ and with Adam [2]_:

============  ======================================================================
``l2``        the gradient of the penalty is added to that of the loss
``decay``     weights are also multiplied by ``1 - step * strength`` [3]_
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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
)
from boostreg.losses import Objective

__all__ = [
    "PROCEDURES",
    "NetworkRows",
    "Rule",
    "Weights",
    "dead_units",
    "gradients",
    "initial",
    "loss",
    "network_zeros",
    "steps",
    "train",
    "weight_decay",
]

Weights = tuple[Array, Array, Array, Array]
How = Literal["none", "l2", "decay", "l1", "proximal"]

_BATCH = 32
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_PENALISED = (True, False, True, False)


@dataclass(frozen=True, slots=True, eq=False)
class NetworkRows:
    """Rows with columns and target on a scale that a network learns on."""

    X: Array
    y: Array
    objective: Objective

    @classmethod
    def of(cls, sample: Sample) -> "NetworkRows":
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
        One of the table in the module docstring, or ``none``.
    strength : float
        Of the penalty, relative to the mean half squared error or log loss.
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


def loss(weights: Weights, data: NetworkRows) -> float:
    """Return the mean half squared error or log loss."""
    half = 0.5 if data.objective.name == "squared_error" else 1.0
    return half * data.objective.loss(data.y, _forward(weights, data.X)[1][:, None])


def gradients(weights: Weights, data: NetworkRows) -> Weights:
    """Return the gradient of ``loss`` by each array, by back-propagation."""
    hidden, raw = _forward(weights, data.X)
    slope = data.objective.gradient(data.y, raw[:, None])[:, 0] / len(raw)
    back = slope[:, None] * weights[2] * (1 - hidden**2)
    return data.X.T @ back, back.sum(axis=0), hidden.T @ slope, slope.sum(keepdims=True)


def train(
    data: NetworkRows, weights: Weights, rule: Rule, epochs: int, seed: int
) -> Weights:
    """Return the weights after so many passes over the rows."""
    *_, last = steps(data, weights, rule, epochs, seed)
    return last


def steps(
    data: NetworkRows, weights: Weights, rule: Rule, epochs: int, seed: int
) -> Iterator[Weights]:
    """Yield the weights after each pass; batches are drawn by ``seed`` alone."""
    rng, count = np.random.default_rng(seed), 0
    first = second = tuple(np.zeros_like(w) for w in weights)
    for _ in range(epochs):
        order = rng.permutation(len(data.y))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            part = NetworkRows(data.X[rows], data.y[rows], data.objective)
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


_STRENGTHS = (0.0, 0.003, 0.01, 0.03, 0.1)
_STEP = {"sgd": 0.1, "adam": 0.01}
_NEAR = 0.01


def weight_decay(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Compare L2 in the loss with decoupled decay, pass after pass."""
    data, start = _ready(sample, options)
    epochs, strength = int(options["epochs"]), float(options["strength"])
    values, series = {}, {"epoch": tuple(np.arange(1.0, epochs + 1))}
    for optimiser in ("sgd", "adam"):
        walks = (
            steps(data, start, _rule(optimiser, how, strength), epochs, sample.seed)
            for how in ("l2", "decay")
        )
        apart = [_apart(a, b) for a, b in zip(*walks, strict=True)]
        values[f"{optimiser}_difference"] = apart[-1]
        series[optimiser] = tuple(apart)
    return Measured(values, series)


def network_zeros(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Count exact zeros among the weights after training under each rule."""
    strength = float(options["strength"])
    values = {}
    for name, how in _RULES.items():
        weights = _trained(sample, options, "sgd", how, strength)
        flat = np.concatenate([weights[0].ravel(), weights[2]])
        values[f"{name}_zero_share"] = float(np.mean(flat == 0))
        near = np.abs(flat) < _NEAR * np.max(np.abs(flat), initial=0.0)
        values[f"{name}_near_zero_share"] = float(np.mean(near | (flat == 0)))
    series: dict[str, tuple[float, ...]] = {"strength": _STRENGTHS}
    for name, how in _RULES.items():
        along = [_trained(sample, options, "sgd", how, s) for s in _STRENGTHS]
        series[name] = tuple(_zeros(weights) for weights in along)
    return Measured(values, series)


def dead_units(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Count units without any input weight, by optimiser and kind of step."""
    strength = float(options["strength"])
    values: dict[str, float] = {}
    series: dict[str, tuple[float, ...]] = {"strength": _STRENGTHS}
    for optimiser in ("sgd", "adam"):
        for name, how in _RULES.items():
            weights = _trained(sample, options, optimiser, how, strength)
            values[f"{name}_{optimiser}"] = _dead(weights)
        series[optimiser] = tuple(
            _dead(_trained(sample, options, optimiser, "proximal", s))
            for s in _STRENGTHS
        )
    return Measured(values, series)


def _ready(sample: Sample, options: Mapping[str, Any]) -> tuple[NetworkRows, Weights]:
    data = NetworkRows.of(sample)
    rng = np.random.default_rng(sample.seed)
    return data, initial(data.X.shape[1], int(options["hidden"]), rng)


def _trained(
    sample: Sample,
    options: Mapping[str, Any],
    optimiser: Any,
    how: Any,
    strength: float,
) -> Weights:
    data, start = _ready(sample, options)
    rule = _rule(optimiser, how, strength)
    return train(data, start, rule, int(options["epochs"]), sample.seed)


def _rule(optimiser: Any, how: Any, strength: float) -> Rule:
    return Rule(optimiser, how, strength, _STEP[optimiser])


def _apart(a: Weights, b: Weights) -> float:
    """Return the distance of two networks over the length of the first."""
    first, second = (np.concatenate([w.ravel() for w in one]) for one in (a, b))
    return float(np.linalg.norm(first - second) / np.linalg.norm(first))


def _zeros(weights: Weights) -> float:
    return float(np.mean(np.concatenate([weights[0].ravel(), weights[2]]) == 0))


def _dead(weights: Weights) -> float:
    return float(np.mean((weights[0] == 0).all(axis=0)))


_RULES = {"subgradient": "l1", "proximal": "proximal", "l2": "l2"}
_WORDS = {
    "subgradient": "L1, subgradient steps",
    "proximal": "L1, proximal steps",
    "l2": "L2",
}
_HIDDEN = Option(12, "hidden units", low=1, high=256)
_EPOCHS = Option(30, "passes over the training rows", low=1, high=500)
_STRENGTH = Option(
    0.03, "the penalty, beside the mean half squared error or log loss", 0.0, 10.0
)
_OPTIONS = {"strength": _STRENGTH, "hidden": _HIDDEN, "epochs": _EPOCHS}

PROCEDURES: Mapping[str, Procedure] = {
    "weight_decay": Procedure(
        run=weight_decay,
        words="L2 in a network's loss against decoupled weight decay.",
        measures={
            f"{name}_difference": (
                "distance between the weights under L2 and under weight decay, over "
                f"their length: {words}"
            )
            for name, words in (("sgd", "gradient descent"), ("adam", "Adam"))
        },
        options=_OPTIONS,
        panels=(
            Panel(
                title="L2 and weight decay part under Adam alone",
                x="epoch",
                x_label="passes over the rows",
                y_label="distance over length of the weights",
                lines={"sgd": "gradient descent", "adam": "Adam"},
                y_log=True,
            ),
        ),
        objectives="squared_error or logistic",
    ),
    "network_zeros": Procedure(
        run=network_zeros,
        words="Exact zeros among a network's weights, by penalty and kind of step.",
        measures={
            f"{name}_{figure}": f"share of weights that are {words}: {_WORDS[name]}"
            for name in _RULES
            for figure, words in (
                ("zero_share", "exactly 0"),
                ("near_zero_share", "below a hundredth of the largest"),
            )
        },
        options=_OPTIONS,
        panels=(
            Panel(
                title="Exact zeros along the penalty",
                x="strength",
                x_label="strength",
                y_label="share of weights",
                lines=_WORDS,
                x_log=True,
            ),
        ),
        objectives="squared_error or logistic",
    ),
    "dead_units": Procedure(
        run=dead_units,
        words="Hidden units all of whose input weights are exactly 0.",
        measures={
            f"{name}_{optimiser}": (
                f"share of units without an input weight: {_WORDS[name]}, {words}"
            )
            for name in _RULES
            for optimiser, words in (("sgd", "gradient descent"), ("adam", "Adam"))
        },
        options=_OPTIONS,
        panels=(
            Panel(
                title="Dead units along L1, proximal steps",
                x="strength",
                x_label="strength",
                y_label="share of units",
                lines={"sgd": "gradient descent", "adam": "Adam"},
                x_log=True,
            ),
        ),
        objectives="squared_error or logistic",
    ),
}
