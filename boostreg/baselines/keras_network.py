r"""A small network with Keras's own regularizers, on the JAX backend.

The network is that of ``boostreg.baselines.network``: one hidden layer of 16 rectified
units. The penalties, on the weights of both layers:

================  ==================================================================
``keras_l1``      s times ``keras.regularizers.L1(1)``: :math:`s \sum |w|`
``keras_l2``      s times ``keras.regularizers.L2(1/2)``: :math:`s \sum w^2 / 2`
``keras_l1l2``    s times ``keras.regularizers.L1L2(1/2, 1/4)``: half of each
``keras_decay``   none; ``keras.optimizers.AdamW`` shrinks every weight by s times the
                  learning rate at each step, separately from the gradient [1]_
================  ==================================================================

Every network takes the same steps: Adam or AdamW on batches of 128 rows, learning rate
0.01 falling to 0 along a cosine. Their number depends on the outer training rows alone
(20 epochs, at least 600 steps and at most 3,000), so what the inner folds choose is
what is refitted. All strengths of a path are one call of a compiled function.

Keras and JAX are loaded on first use, for this process only: backend,
one thread and CPU are set around the import and are gone from the environment after it;
a user's ``keras.json`` is not read.

References
----------
.. [1] I. Loshchilov, F. Hutter. "Decoupled Weight Decay Regularization". ICLR 2019.
   https://arxiv.org/abs/1711.05101
"""

import os
from collections.abc import Callable
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.baselines.linear import Design
from boostreg.baselines.names import missing_extra
from boostreg.baselines.network import (
    UNITS,
    Layers,
    NetworkPath,
    constant_network,
    network_grid,
    target_units,
)
from boostreg.errors import FitError, MissingExtraError

__all__ = ["keras_grid", "keras_path"]


_BATCH, _RATE, _EPOCHS = 128, 0.01, 20
_MIN_STEPS, _MAX_STEPS = 600, 3_000


def keras_grid(name: str) -> Array:
    """Return decreasing strengths; decay has its own range, ten times that of L2."""
    return network_grid(10.0, 1e-3) if name == "keras_decay" else network_grid()


def keras_path(
    name: str, design: Design, strengths: Array, seed: int, n_rows: int
) -> NetworkPath:
    """Return networks along ``strengths``, all with the same initial weights.

    Arrays are padded to ``n_rows``, the number of outer training rows, so that one
    compiled function serves all folds. Raises MissingExtraError if Keras or JAX is not
    installed, FitError if this process has loaded Keras with another backend.
    """
    if (missing := missing_extra(name)) is not None:
        raise MissingExtraError(missing)
    if design.X.shape[1] == 0:
        networks = [constant_network(design) for _ in strengths]
        return NetworkPath.of(design, strengths, networks)
    n, n_inputs = design.X.shape
    kind, n_outputs = design.objective.name, len(design.intercept)
    center, spread = target_units(design)
    n_steps = min(max(_EPOCHS * n_rows // _BATCH, _MIN_STEPS), _MAX_STEPS)
    train = _trainer(name, kind, n_inputs, n_outputs, n_steps, seed % 2**31)
    # Row numbers, (n_steps, batch): one permutation of the rows per epoch.
    rng = np.random.default_rng(seed)
    epochs = -(-n_steps * _BATCH // n)
    rows = np.concatenate([rng.permutation(n) for _ in range(epochs)])
    batches = rows[: n_steps * _BATCH].reshape(n_steps, _BATCH).astype(np.int32)
    found = train(
        _padded(design.X, n_rows),
        _padded((design.y - center) / spread, n_rows),
        _padded(design.weights * n, n_rows),
        batches,
        strengths.astype(np.float32),
    )
    parts = [np.asarray(part, dtype=np.float64) for part in found]
    networks = [Layers(*(part[at] for part in parts)) for at in range(len(strengths))]
    return NetworkPath.of(design, strengths, networks)


def _padded(values: Array, n_rows: int) -> NDArray[np.float32]:
    shape = (max(n_rows, len(values)), *values.shape[1:])
    padded = np.zeros(shape, dtype=np.float32)
    padded[: len(values)] = values
    return padded


@cache
def _trainer(  # noqa: PLR0913, PLR0917 - what a compiled function depends on
    name: str, kind: str, n_inputs: int, n_outputs: int, n_steps: int, seed: int
) -> Callable[..., list[Any]]:
    keras = _keras()
    import jax

    model = _network(keras, name, n_inputs, n_outputs, seed)
    rate = keras.optimizers.schedules.CosineDecay(_RATE, n_steps)
    optimizer = keras.optimizers.Adam(rate)
    if name == "keras_decay":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=1.0)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(model.trainable_variables)
    loss = _loss(kind)

    def cost(variables: Any, X: Any, y: Any, w: Any, strength: Any) -> Any:
        raw, _ = model.stateless_call(variables, [], X)
        value = (w * loss(y, raw)).mean()
        for layer, kernel in zip(model.layers, variables[::2], strict=True):
            if layer.kernel_regularizer is not None:
                value += strength * layer.kernel_regularizer(kernel)
        return value

    def train(X: Any, y: Any, w: Any, batches: Any, strength: Any) -> Any:
        def step(state: Any, rows: Any) -> Any:
            variables, inner = state
            slopes = jax.grad(cost)(variables, X[rows], y[rows], w[rows], strength)
            if name == "keras_decay":
                optimizer.weight_decay = strength
            return optimizer.stateless_apply(inner, slopes, variables), None

        first = (
            [variable.value for variable in model.trainable_variables],
            [variable.value for variable in optimizer.variables],
        )
        (variables, _), _ = jax.lax.scan(step, first, batches)
        return variables

    along = (None, None, None, None, 0)
    compiled: Callable[..., list[Any]] = jax.jit(jax.vmap(train, in_axes=along))
    return compiled


def _network(keras: Any, name: str, n_inputs: int, n_outputs: int, seed: int) -> Any:
    known = keras.regularizers

    def layer(units: int, number: int, activation: str | None) -> Any:
        regularizer = {
            "keras_l1": known.L1(1.0),
            "keras_l2": known.L2(0.5),
            "keras_l1l2": known.L1L2(l1=0.5, l2=0.25),
        }.get(name)
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + number),
            kernel_regularizer=regularizer,
        )

    model = keras.Sequential([layer(UNITS, 0, "relu"), layer(n_outputs, 1, None)])
    model.build((None, n_inputs))
    return model


def _loss(kind: str) -> Callable[[Any, Any], Any]:
    """Return the loss of each row: half the squared error, or the log loss."""
    import jax

    def squared(y: Any, raw: Any) -> Any:
        return (y - raw[:, 0]) ** 2 / 2

    def logistic(y: Any, raw: Any) -> Any:
        return jax.nn.softplus(raw[:, 0]) - y * raw[:, 0]

    def softmax(y: Any, raw: Any) -> Any:
        shares = jax.nn.log_softmax(raw)
        return -(jax.nn.one_hot(y.astype("int32"), raw.shape[1]) * shares).sum(axis=1)

    return {"squared_error": squared, "logistic": logistic, "softmax": softmax}[kind]


@cache
def _keras() -> Any:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
    before = dict(os.environ)
    with TemporaryDirectory(prefix="boostreg-keras-") as empty:
        settings = {
            "KERAS_BACKEND": "jax",
            "KERAS_HOME": empty,
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": flags.strip(),
        }
        os.environ.update(settings)
        try:
            import jax
            import keras

            jax.devices()  # now, because JAX reads the environment on first use
        finally:
            for variable in settings:
                os.environ.pop(variable, None)
            os.environ.update({k: before[k] for k in settings if k in before})
    if keras.backend.backend() != "jax":
        raise FitError(
            "Keras is loaded with the backend "
            f"{keras.backend.backend()!r} in this process; boostreg needs 'jax'."
        )
    return keras
