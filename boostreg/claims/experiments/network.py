r"""A network with one hidden layer in numpy, with variants that no library combines.

Raw scores are :math:`f = \tanh(X W + c) v + d`; W and v are penalised, the biases c and
d are not. Plain and decoupled L2, L1 by subgradient and L1 by proximal steps are
available with gradient descent on batches [1]_ and with Adam [2]_:

============  ======================================================================
``l2``        the gradient of the penalty is added to that of the loss
``decay``     weights are also multiplied by ``1 - step * strength`` [3]_
``l1``        the penalty's subgradient ``strength * sign(w)``, 0 at 0, is added
``proximal``  after the step weights are soft-thresholded by ``step * strength`` [4]_,
              under Adam by that over the same root as the step [5]_
============  ======================================================================

Without the root proximal Adam solves another problem: Adam's steps are about as long
as the learning rate however small the gradient is, and a threshold that is not scaled
like them is next to no penalty.

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
.. [5] J. Yun, A. C. Lozano, E. Yang. "Adaptive Proximal Gradient Methods for Structured
   Neural Networks". NeurIPS 2021. https://arxiv.org/abs/2006.07065
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from boostreg.arrays import Array, Mask
from boostreg.claims.experiments.base import (
    Bound,
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    procedure,
    soft_threshold,
)
from boostreg.losses import Objective

__all__ = [
    "RULES",
    "RULE_WORDS",
    "STRENGTH",
    "NetworkRows",
    "Rule",
    "Weights",
    "dead_units",
    "forward",
    "gradients",
    "initial",
    "loss",
    "network_zeros",
    "silent",
    "steps",
    "training",
    "weight_decay",
]

Weights = tuple[Array, Array, Array, Array]

_BATCH = 32
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_PENALISED = (True, False, True, False)
_STEP = {"sgd": 0.1, "adam": 0.01}
_SILENT = 0.01

STRENGTH = Option(
    0.03, "penalty, relative to the mean half squared error or log loss", 0.0, 10.0
)
RULES = {"subgradient": "l1", "proximal": "proximal", "l2": "l2"}
"""Rules for L1 and L2 by name, see the table of the module."""
RULE_WORDS = {
    "subgradient": "L1, subgradient steps",
    "proximal": "L1, proximal steps",
    "l2": "L2",
}


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
    """How weights are moved, by the optimiser ``sgd`` or ``adam``.

    ``how`` is one of the table in the module docstring, or ``none``. ``strength`` is
    that of the penalty, relative to the mean half squared error or log loss. The
    learning rate is 0.1 for ``sgd`` and 0.01 for ``adam``.
    """

    optimiser: str = "sgd"
    how: str = "none"
    strength: float = 0.0

    @property
    def step(self) -> float:
        """The learning rate."""
        return _STEP[self.optimiser]


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
    return half * data.objective.loss(data.y, forward(weights, data.X)[1][:, None])


def gradients(weights: Weights, data: NetworkRows) -> Weights:
    """Return the gradient of ``loss`` by each array, by back-propagation."""
    hidden, raw = forward(weights, data.X)
    slope = data.objective.gradient(data.y, raw[:, None])[:, 0] / len(raw)
    # dL/d(XW + c) = dL/df v (1 - tanh^2)
    back = slope[:, None] * weights[2] * (1 - hidden**2)
    return data.X.T @ back, back.sum(axis=0), hidden.T @ slope, slope.sum(keepdims=True)


def steps(
    data: NetworkRows, weights: Weights, rule: Rule, epochs: int, seed: int
) -> Iterator[Weights]:
    """Yield the weights after each pass; batches are drawn by ``seed`` alone."""
    rng, count = np.random.default_rng(seed), 0
    first = second = tuple(np.zeros_like(w) for w in weights)
    cut = rule.step * rule.strength
    roots: tuple[Array, ...] = tuple(np.ones(1) for _ in weights)
    for _ in range(epochs):
        order = rng.permutation(len(data.y))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            part = NetworkRows(data.X[rows], data.y[rows], data.objective)
            slopes: tuple[Array, ...] = gradients(weights, part)
            if rule.how in {"l1", "l2"}:
                slopes = tuple(
                    slope + rule.strength * (np.sign(w) if rule.how == "l1" else w)
                    if penalised
                    else slope
                    for slope, w, penalised in zip(
                        slopes, weights, _PENALISED, strict=True
                    )
                )
            count += 1
            if rule.optimiser == "adam":
                first = _mixed(first, slopes, _BETA1)
                second = _mixed(second, tuple(s**2 for s in slopes), _BETA2)
                # step * m_hat / (sqrt(v_hat) + epsilon), algorithm 1 of [2]
                roots = tuple(
                    np.sqrt(v / (1 - _BETA2**count)) + _EPSILON for v in second
                )
                slopes = tuple(
                    m / (1 - _BETA1**count) / root
                    for m, root in zip(first, roots, strict=True)
                )
            moved = []
            for w, slope, root, penalised in zip(
                weights, slopes, roots, _PENALISED, strict=True
            ):
                kept = (1 - cut) * w if penalised and rule.how == "decay" else w
                new = kept - rule.step * slope
                if penalised and rule.how == "proximal":
                    new = soft_threshold(new, cut / root)
                moved.append(new)
            weights = moved[0], moved[1], moved[2], moved[3]
        yield weights


def forward(weights: Weights, X: Array) -> tuple[Array, Array]:
    """Return the output of the hidden units (n_rows, n_hidden), and raw scores."""
    W, c, v, d = weights
    hidden = np.tanh(X @ W + c)
    return hidden, hidden @ v + d[0]


def silent(weights: Weights, X: Array) -> Mask:
    """Return which units add less than 0.01 to the raw score, in standard deviation."""
    return np.asarray((forward(weights, X)[0] * weights[2]).std(axis=0) < _SILENT)


def training(
    data: NetworkRows, options: Options, rule: Rule, seed: int
) -> Iterator[Weights]:
    """Yield the weights of a new network after each pass over the rows.

    ``options`` has the number of ``hidden`` units and of ``epochs``.
    """
    rng = np.random.default_rng(seed)
    start = initial(data.X.shape[1], int(options["hidden"]), rng)
    return steps(data, start, rule, int(options["epochs"]), seed)


def _mixed(
    old: tuple[Array, ...], new: tuple[Array, ...], beta: float
) -> tuple[Array, ...]:
    return tuple(beta * a + (1 - beta) * b for a, b in zip(old, new, strict=True))


_STRENGTHS = (0.0, 0.003, 0.01, 0.03, 0.1)
_NEAR = 0.01
_OPTIMISERS = {"sgd": "gradient descent", "adam": "Adam"}
_OPTIONS = {
    "strength": STRENGTH,
    "hidden": Option(12, "hidden units", low=1, high=256),
    "epochs": Option(30, "passes over the training rows", low=1, high=500),
}


def _flat(weights: Iterable[Array]) -> Array:
    return np.concatenate([w.ravel() for w in weights])


@procedure(
    {
        f"{optimiser}_difference": (
            "distance between the weights under L2 and under weight decay, over "
            f"their length: {words}"
        )
        for optimiser, words in _OPTIMISERS.items()
    },
    options=_OPTIONS,
    panels=(
        Panel(
            "L2 and weight decay differ under Adam only",
            x="epoch",
            x_label="passes over the rows",
            y_label="distance over length of the weights",
            lines=_OPTIMISERS,
            y_log=True,
        ),
    ),
)
def weight_decay(sample: Sample, options: Options) -> Measured:
    """Compare L2 in a network's loss with decoupled weight decay."""
    strength = float(options["strength"])
    values, series = {}, {"epoch": np.arange(1.0, int(options["epochs"]) + 1)}
    data = NetworkRows.of(sample)
    for optimiser in _OPTIMISERS:
        l2, decay = (
            map(_flat, training(data, options, rule, sample.seed))
            for rule in (Rule(optimiser, how, strength) for how in ("l2", "decay"))
        )
        apart = [
            float(np.linalg.norm(a - b) / np.linalg.norm(a))
            for a, b in zip(l2, decay, strict=True)
        ]
        values[f"{optimiser}_difference"] = apart[-1]
        series[optimiser] = np.array(apart)
    return Measured.of(values, series)


@procedure(
    {
        f"{name}_{figure}": f"share of weights that are {words}: {RULE_WORDS[name]}"
        for name in RULES
        for figure, words in (
            ("zero_share", "exactly 0"),
            ("near_zero_share", "below a hundredth of the largest"),
        )
    },
    options=_OPTIONS,
    panels=(
        Panel(
            "Exact zeros along the penalty",
            x="strength",
            x_label="strength",
            y_label="share of weights",
            lines=RULE_WORDS,
            x_log=True,
        ),
    ),
)
def network_zeros(sample: Sample, options: Options) -> Measured:
    """Count exact zeros among a network's weights, by penalty and kind of step."""
    data = NetworkRows.of(sample)

    def connections(how: str, strength: float) -> Array:
        rule = Rule("sgd", how, strength)
        *_, (W, _, v, _) = training(data, options, rule, sample.seed)
        return _flat((W, v))

    values = {}
    series: dict[str, Sequence[float]] = {"strength": _STRENGTHS}
    for name, how in RULES.items():
        found = connections(how, float(options["strength"]))
        near = np.abs(found) < _NEAR * np.max(np.abs(found), initial=0.0)
        values[f"{name}_zero_share"] = np.mean(found == 0)
        values[f"{name}_near_zero_share"] = np.mean(near | (found == 0))
        series[name] = [float(np.mean(connections(how, s) == 0)) for s in _STRENGTHS]
    return Measured.of(values, series)


_DEAD_OPTIONS = _OPTIONS | {
    "epochs": Option(500, "passes over the training rows", low=2, high=10000)
}


@procedure(
    {
        **{
            f"{name}_{optimiser}": (
                "share of units that add less than a hundredth of the target's "
                "deviation to the output, and more without a penalty: "
                f"{RULE_WORDS[name]}, {words}"
            )
            for name in RULES
            for optimiser, words in _OPTIMISERS.items()
        },
        **{
            f"more_than_l2_{optimiser}": (
                "share of dead units under L1, proximal steps, minus that under L2 of "
                f"the same strength: {words}"
            )
            for optimiser, words in _OPTIMISERS.items()
        },
        **{
            f"{name}_{optimiser}_zero": (
                "share of units whose input weights are all 0: "
                f"{RULE_WORDS[name]}, {words}"
            )
            for name in RULES
            for optimiser, words in _OPTIMISERS.items()
        },
    },
    options=_DEAD_OPTIONS,
    panels=(
        Panel(
            "Dead units along L1, proximal steps",
            x="strength",
            x_label="strength",
            y_label="share of units",
            lines=_OPTIMISERS,
            x_log=True,
        ),
    ),
)
def dead_units(sample: Sample, options: Options) -> Measured:
    """Count hidden units that contribute nothing to the output of a network.

    A unit is silent if what it adds to the raw score, over the training rows, has a
    standard deviation below a hundredth of the target's (of 1 for classes); it is dead
    if it is not silent in the same network without a penalty. A unit that is silent
    after half of the epochs or after all, but not after both, is not counted, and the
    share is then a lower bound.
    """
    data, strength = NetworkRows.of(sample), float(options["strength"])
    values: dict[str, float] = {}
    bounds: dict[str, Bound] = {}
    series: dict[str, Sequence[float]] = {"strength": _STRENGTHS}

    def silent_units(rule: Rule) -> tuple[Mask, Mask, Weights]:
        """Return the silent units after half of the epochs and all, and the weights."""
        *passes, end = training(data, options, rule, sample.seed)
        half = passes[int(options["epochs"]) // 2 - 1]
        return silent(half, data.X), silent(end, data.X), end

    for optimiser in _OPTIMISERS:
        _, silent_anyway, _ = silent_units(Rule(optimiser))
        alive = ~silent_anyway
        for name, how in RULES.items():
            key = f"{name}_{optimiser}"
            before, after, end = silent_units(Rule(optimiser, how, strength))
            values[key] = float(np.mean(before & after & alive))
            values[f"{key}_zero"] = float(np.mean((end[0] == 0).all(axis=0)))
            if ((before != after) & alive).any():
                bounds[key] = "at least"
        # No more units than this are dead under L2.
        most = float(np.mean((before | after) & alive))
        more = f"more_than_l2_{optimiser}"
        values[more] = values[f"proximal_{optimiser}"] - most
        if {f"proximal_{optimiser}", f"l2_{optimiser}"} & bounds.keys():
            bounds[more] = "at least"
        series[optimiser] = [
            float(np.mean(silent_units(Rule(optimiser, "proximal", one))[1] & alive))
            for one in _STRENGTHS
        ]
    return Measured.of(values, series, bounds)
