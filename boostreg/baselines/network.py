r"""A small neural network with L2, along decreasing strengths, by scikit-learn.

One hidden layer of 16 rectified units over the standardized inputs. It minimises

.. math::

    \text{mean loss} + \frac{s}{2} \sum w^2

over the weights of both layers, without biases: log loss for classes, half the squared
error of the standardized target for regression. Up to 5,000 training rows the solver is
L-BFGS with at most 200 steps; beyond that, 20 epochs of Adam with batches of 200 rows.
Both stop there, converged or not: a network has no unique minimum, so the training
procedure is part of the model.

A weight counts as nonzero if it exceeds 0.001 (inputs and regression targets are
standardized), because gradient methods do not reach exact zeros. A hidden unit is
active if it is nonzero for some training row and has a nonzero output weight.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostreg.arrays import Array, Indices, Mask
from boostreg.baselines.linear import Design

__all__ = [
    "UNITS",
    "Layers",
    "NetworkPath",
    "constant_network",
    "mlp_path",
    "network_grid",
    "target_units",
]


UNITS = 16
"""Number of hidden units."""

_POINTS = 7
_RANGE = (1.0, 1e-4)
_COUNTED = 1e-3
_SMALL = 5_000
_STEPS, _EPOCHS, _BATCH = 200, 20, 200
_RATE = 0.005
_UNSEEN = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Weights and biases of one network.

    Attributes
    ----------
    hidden : ndarray of shape (n_inputs, n_units)
    hidden_bias : ndarray of shape (n_units,)
    output : ndarray of shape (n_units, n_outputs)
    output_bias : ndarray of shape (n_outputs,)
    """

    hidden: Array
    hidden_bias: Array
    output: Array
    output_bias: Array

    def raw(self, X: Array) -> Array:
        """Return raw scores, (n_samples, n_outputs)."""
        return np.asarray(self.active(X) @ self.output + self.output_bias)

    def active(self, X: Array) -> Array:
        """Return the activations of the hidden units, (n_samples, n_units)."""
        return np.maximum(X @ self.hidden + self.hidden_bias, 0.0)

    @property
    def n_nonzero(self) -> int:
        """Number of nonzero weights, without biases, of a standardized network."""
        return sum(int(np.sum(_counted(w))) for w in (self.hidden, self.output))

    def n_live(self, X: Array) -> int:
        """Return the number of active hidden units on the rows of ``X``."""
        answers = np.any(self.active(X) > 0, axis=0)
        return int(np.sum(answers & np.any(_counted(self.output), axis=1)))

    def rescaled(self, center: float, spread: float) -> "Layers":
        """Return the network in the units of the target before standardization."""
        bias = self.output_bias * spread + center
        return Layers(self.hidden, self.hidden_bias, self.output * spread, bias)


@dataclass(frozen=True, slots=True, eq=False)
class NetworkPath:
    """Networks along decreasing strengths, as ``boostreg.baselines.inputs.Models``."""

    strengths: Array
    networks: tuple[Layers, ...]
    nonzero: Indices
    live_units: Indices

    @classmethod
    def of(
        cls, design: Design, strengths: Array, networks: Sequence[Layers]
    ) -> "NetworkPath":
        """Return the path of networks trained on a standardized target."""
        center, spread = target_units(design)
        return cls(
            strengths,
            tuple(one.rescaled(center, spread) for one in networks),
            np.array([one.n_nonzero for one in networks], dtype=np.int64),
            np.array([one.n_live(design.X) for one in networks], dtype=np.int64),
        )

    @property
    def converged(self) -> Mask:
        """Always true: the number of steps is part of the model."""
        return np.ones(len(self.strengths), dtype=np.bool_)

    @property
    def intercepts(self) -> Array:
        """Biases of the outputs, (n_strengths, n_outputs)."""
        return np.array([one.output_bias for one in self.networks])

    @property
    def coefficients(self) -> Array:
        """Empty: the model is not linear."""
        n_outputs = len(self.networks[0].output_bias)
        return np.zeros((len(self.strengths), 0, n_outputs))

    @property
    def n_parameters(self) -> int:
        """Number of weights, without biases."""
        return self.networks[0].hidden.size + self.networks[0].output.size

    def raw(self, X: Array, number: int) -> Array:
        """Return raw scores (n_samples, n_outputs) of the network at one strength."""
        return self.networks[number].raw(X)


def network_grid(high: float = _RANGE[0], low: float = _RANGE[1]) -> Array:
    """Return decreasing strengths, the same for all data: inputs are standardized."""
    return np.asarray(np.geomspace(high, low, _POINTS))


def mlp_path(design: Design, strengths: Array, seed: int, n_rows: int) -> NetworkPath:
    """Return networks along ``strengths``, all with the same initial weights.

    ``n_rows`` selects the solver. It is the number of outer training rows in the inner
    folds too, so that the model that is selected is the model that is refitted.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    is_regression = design.objective.name == "squared_error"
    center, spread = target_units(design)
    y = (design.y - center) / spread
    if design.X.shape[1] == 0 or (not is_regression and len(np.unique(y)) < 2):
        networks = [constant_network(design) for _ in strengths]
        return NetworkPath.of(design, strengths, networks)
    kind = MLPRegressor if is_regression else MLPClassifier
    options: dict[str, Any] = {"solver": "lbfgs", "max_iter": _STEPS}
    if n_rows > _SMALL:
        options = {
            "solver": "adam",
            "max_iter": _EPOCHS,
            "batch_size": min(_BATCH, len(y)),
            "n_iter_no_change": _EPOCHS,
            "learning_rate_init": _RATE,
        }
    # scikit-learn divides its penalty by the number of rows in a step.
    rows = options.get("batch_size", len(y))
    networks = []
    for strength in strengths:
        model = kind(
            hidden_layer_sizes=(UNITS,),
            alpha=float(strength) * rows,
            random_state=seed % 2**32,
            **options,
        )
        with warnings.catch_warnings():
            # Expected: the number of steps is part of the model.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(design.X, y, sample_weight=design.weights * len(y))
        parts = model.coefs_[0], model.intercepts_[0], *_outputs(model, design)
        networks.append(Layers(*parts))
    return NetworkPath.of(design, strengths, networks)


def _outputs(model: Any, design: Design) -> tuple[Array, Array]:
    """Return weights and biases of the outputs, one per class of the table."""
    weights, bias = model.coefs_[1], model.intercepts_[1]
    n_outputs = len(design.intercept)
    if design.objective.name != "softmax":
        return weights, bias
    seen = np.unique(design.y).astype(int)
    # A class without training rows gets the probability of one row in a million.
    all_weights = np.zeros((len(weights), n_outputs))
    all_bias = np.full(n_outputs, np.log(_UNSEEN))
    if len(seen) == 2:  # one output for two classes
        all_weights[:, seen[1]], all_bias[seen] = weights[:, 0], (0.0, bias[0])
    else:
        all_weights[:, seen], all_bias[seen] = weights, bias
    return all_weights, all_bias


def constant_network(design: Design) -> Layers:
    """Return the network that always predicts the best constant."""
    n_inputs, n_outputs = design.X.shape[1], len(design.intercept)
    center, spread = target_units(design)
    return Layers(
        np.zeros((n_inputs, UNITS)),
        np.zeros(UNITS),
        np.zeros((UNITS, n_outputs)),
        (design.intercept - center) / spread,
    )


def target_units(design: Design) -> tuple[float, float]:
    """Return center and scale of the target: mean and standard deviation.

    Classes are not standardized; the scale of a constant target is 1.
    """
    if design.objective.name != "squared_error":
        return 0.0, 1.0
    center = float(design.weights @ design.y)
    spread = float(np.sqrt(design.weights @ (design.y - center) ** 2))
    return center, spread or 1.0


def _counted(weights: Array) -> Mask:
    return np.asarray(np.abs(weights) > _COUNTED)
