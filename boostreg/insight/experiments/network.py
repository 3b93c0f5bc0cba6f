r"""Penalties in a neural network: weight decay, zeros and dead units (B3, C3).

With plain gradient descent an L2 penalty :math:`\lambda \|w\|^2 / 2` in the loss and a
decay of every weight by :math:`1 - \eta \lambda` are the same step ([1]_, eq. 7.5).
Adam divides the penalty's gradient by the size of past gradients, and they part [2]_.

The L1 penalty's optimum has exact zeros, but a subgradient step of finite length jumps
over them; a proximal step lands on them. A hidden unit is dead where all its input
weights are exactly 0: whatever it is given, it says the same.

References
----------
.. [1] I. Goodfellow, Y. Bengio, A. Courville. "Deep Learning". MIT Press, 2016.
   https://www.deeplearningbook.org
.. [2] I. Loshchilov, F. Hutter. "Decoupled Weight Decay Regularization". ICLR 2019.
   https://arxiv.org/abs/1711.05101
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.insight.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
)
from boostreg.insight.experiments.tinynet import (
    Data,
    Rule,
    Weights,
    initial,
    steps,
    train,
)

__all__ = ["PROCEDURES", "dead_units", "network_zeros", "weight_decay"]

Array = NDArray[np.float64]

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


def _ready(sample: Sample, options: Mapping[str, Any]) -> tuple[Data, Weights]:
    data = Data.of(sample)
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
