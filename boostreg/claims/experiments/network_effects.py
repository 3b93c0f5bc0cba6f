r"""What L1 and L2 do to the predictions and the training of a network.

The networks are those of ``boostreg.claims.experiments.network``: one hidden layer,
raw scores :math:`f = \tanh(X W + c) v + d`, trained by gradient descent on batches. A
quarter of the training rows is held out to choose epochs and strengths.

The boundary of two classes is where f is 0. Its unit normal at a point is the gradient
:math:`W ((1 - \tanh^2) v)` over its length. With unit normals :math:`n_i` at points of
the boundary between new rows of either side, its *bend* is :math:`1 - \|\bar n\|`: 0
for a straight boundary, towards 1 as normals point everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from boostreg.arrays import Array, Indices
from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    procedure,
)
from boostreg.claims.experiments.network import (
    RULE_WORDS,
    RULES,
    STRENGTH,
    NetworkRows,
    Rule,
    Weights,
    forward,
    loss,
    silent,
    training,
)

__all__ = ["boundary_bend", "dead_unit_cost", "network_boundary", "network_descent"]

_STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)
_HELD_OUT = 0.25
_DRAWS = 20
_PAIRS, _HALVINGS = 200, 40
_NEAR = 0.05
_STRAIGHT = 0.001

_OPTIONS = {
    "hidden": Option(12, "hidden units", low=2, high=256),
    "epochs": Option(200, "passes over the training rows", low=2, high=10_000),
}
_HOW = {"l1": "proximal", "l2": "l2"}
_WORDS = {name: RULE_WORDS[how] for name, how in _HOW.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Training, held-out and new rows, on the scale of the training rows."""

    train: NetworkRows
    held_out: NetworkRows
    new: NetworkRows
    seed: int

    @classmethod
    def of(cls, sample: Sample) -> "_Rows":
        order = np.random.default_rng(sample.seed).permutation(len(sample.y))
        judge, train = np.split(order, [round(_HELD_OUT * len(order))])
        X, y = sample.X[train], sample.y[train]
        mean, spread = X.mean(axis=0), X.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        squared = sample.objective.name == "squared_error"
        shift, scale = (y.mean(), y.std() or 1.0) if squared else (0.0, 1.0)
        found = [
            NetworkRows((A - mean) / spread, (b - shift) / scale, sample.objective)
            for A, b in (
                (X, y),
                (sample.X[judge], sample.y[judge]),
                (sample.X_new, sample.y_new),
            )
        ]
        return cls(found[0], found[1], found[2], sample.seed)

    def train_with(
        self, options: Options, how: str, strength: float
    ) -> Iterator[Weights]:
        """Yield the weights of a new network after each pass over the rows."""
        return training(self.train, options, Rule("sgd", how, strength), self.seed)

    def stopped(self, options: Options, how: str, strength: float) -> "_Stopped":
        """Return the network at the epoch of minimum loss on held-out rows."""
        passes = self.train_with(options, how, strength)
        return min(
            (_Stopped(one, loss(one, self.held_out)) for one in passes),
            key=lambda one: one.held_out_loss,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Stopped:
    """A network and its loss on held-out rows."""

    weights: Weights
    held_out_loss: float


def _without(weights: Weights, units: Indices) -> Weights:
    """Return the network without the output of some units."""
    output = weights[2].copy()
    output[units] = 0.0
    return weights[0], weights[1], output, weights[3]


@procedure(
    {
        "dead_share": (
            "share of units that add less than a hundredth of the target's deviation "
            "to the output under L1"
        ),
        "new_loss_change": (
            "loss on new rows of the network under L1 over that of one without a "
            "penalty, minus 1"
        ),
        "stopped_loss_change": (
            "loss on new rows of the network under L1 over that of one without a "
            "penalty, each stopped on held-out rows, minus 1"
        ),
        "pruned_loss_change": (
            "loss on new rows of the network under L1 without its dead units over that "
            "with them, minus 1"
        ),
        "removed_loss_change": (
            "loss on new rows of an unpenalised network without as many random units "
            "as L1 kills (geometric mean of draws) over that with them, minus 1"
        ),
    },
    options=_OPTIONS | {"strength": STRENGTH},
    panels=(
        Panel(
            "Dead units and loss along L1",
            x="strength",
            x_label="strength",
            y_label="share of units, loss over the unpenalised",
            lines={"dead": "dead units", "new_loss": "loss on new rows"},
            x_log=True,
        ),
    ),
)
def dead_unit_cost(sample: Sample, options: Options) -> Measured:
    """Compare the loss of a network whose units L1 has killed with others."""
    rows, strength = _Rows.of(sample), float(options["strength"])

    def last(how: str, strength: float) -> Weights:
        *_, end = rows.train_with(options, how, strength)
        return end

    def dead(weights: Weights) -> Indices:
        return np.flatnonzero(silent(weights, rows.train.X))

    free, penalised = last("none", 0.0), last("proximal", strength)
    gone, whole = dead(penalised), loss(free, rows.new)
    rng = np.random.default_rng(rows.seed)
    removed = [
        loss(_without(free, rng.permutation(len(free[2]))[: len(gone)]), rows.new)
        for _ in range(_DRAWS)
    ]
    l1_loss = loss(penalised, rows.new)
    stopped = [
        loss(rows.stopped(options, how, s).weights, rows.new)
        for how, s in (("proximal", strength), ("none", 0.0))
    ]
    along = [penalised if s == strength else last("proximal", s) for s in _STRENGTHS]
    return Measured.of(
        {
            "dead_share": len(gone) / len(free[2]),
            "new_loss_change": l1_loss / whole - 1,
            "stopped_loss_change": stopped[0] / stopped[1] - 1,
            "pruned_loss_change": loss(_without(penalised, gone), rows.new) / l1_loss
            - 1,
            "removed_loss_change": np.exp(np.mean(np.log(removed))) / whole - 1,
        },
        {
            "strength": (0.0, *_STRENGTHS),
            "dead": [len(dead(one)) / len(one[2]) for one in (free, *along)],
            "new_loss": [loss(one, rows.new) / whole for one in (free, *along)],
        },
    )


@procedure(
    {
        "subgradient_over_proximal": (
            "training loss plus L1 penalty after all passes, with subgradient steps "
            "over that with proximal steps, minus 1"
        ),
        "l1_over_l2_epochs": (
            "passes until the penalised training loss has gone 95 % of its way under "
            "L1 with subgradient steps, over those under L2, minus 1"
        ),
        "proximal_over_l2_epochs": (
            "passes until the penalised training loss has gone 95 % of its way under "
            "L1 with proximal steps, over those under L2, minus 1"
        ),
        "l1_over_l2_new_loss": (
            "loss on new rows under L1 over that under L2, minus 1, strengths and "
            "passes chosen on held-out rows"
        ),
    },
    options=_OPTIONS | {"strength": replace(STRENGTH, default=0.01)},
    panels=(
        Panel(
            "Penalised training loss of a network",
            x="epoch",
            x_label="passes over the rows",
            y_label="loss plus penalty, over that at the start",
            lines=RULE_WORDS,
            y_log=True,
        ),
    ),
)
def network_descent(sample: Sample, options: Options) -> Measured:
    """Compare the descent of a network under L1 with that under L2."""
    rows, strength = _Rows.of(sample), float(options["strength"])

    def penalised(weights: Weights, how: str) -> float:
        parts = [weights[0].ravel(), weights[2]]
        if how == "l2":
            penalty = sum(float(np.sum(w**2)) for w in parts) / 2
        else:
            penalty = sum(float(np.sum(np.abs(w))) for w in parts)
        return loss(weights, rows.train) + strength * penalty

    curves = {
        name: np.array(
            [penalised(w, how) for w in rows.train_with(options, how, strength)]
        )
        for name, how in RULES.items()
    }
    epochs = {name: _passes(curve) for name, curve in curves.items()}
    best = {
        name: min(
            (rows.stopped(options, how, s) for s in _STRENGTHS),
            key=lambda one: one.held_out_loss,
        )
        for name, how in _HOW.items()
    }
    new = {name: loss(one.weights, rows.new) for name, one in best.items()}
    ends = {name: float(curve[-1]) for name, curve in curves.items()}
    return Measured.of(
        {
            "subgradient_over_proximal": ends["subgradient"] / ends["proximal"] - 1,
            "l1_over_l2_epochs": epochs["subgradient"] / epochs["l2"] - 1,
            "proximal_over_l2_epochs": epochs["proximal"] / epochs["l2"] - 1,
            "l1_over_l2_new_loss": new["l1"] / new["l2"] - 1,
        },
        {
            "epoch": np.arange(1.0, int(options["epochs"]) + 1),
            **{name: curve / curve[0] for name, curve in curves.items()},
        },
    )


def _passes(curve: Array) -> int:
    """Return the passes after which a curve is within 5 % of its way of its minimum."""
    low = float(np.min(curve))
    return 1 + int(np.argmax(curve <= low + _NEAR * (float(curve[0]) - low)))


_BOUNDARY = {
    "bend": "bend of the boundary (1 minus the length of its mean unit normal)",
    "steepness": "mean gradient norm of the raw score on the boundary",
}


@procedure(
    {
        **{
            f"{name}_{figure}_change": (
                f"{words} under {name.upper()} over that without a penalty, minus 1, "
                "strength chosen on held-out rows"
            )
            for name in _WORDS
            for figure, words in _BOUNDARY.items()
        },
        **{
            f"{name}_{figure}_change_strong": (
                f"{words} under {name.upper()} of the given strength over that without "
                "a penalty, minus 1"
            )
            for name in _WORDS
            for figure, words in _BOUNDARY.items()
        },
    },
    options=_OPTIONS | {"strength": STRENGTH},
    panels=[
        Panel(
            f"{words.capitalize()} along each penalty",
            x="strength",
            x_label="strength",
            y_label=figure,
            lines={f"{name}_{figure}": label for name, label in _WORDS.items()},
            x_log=True,
        )
        for figure, words in _BOUNDARY.items()
    ],
    objectives="logistic",
)
def network_boundary(sample: Sample, options: Options) -> Measured:
    """Measure how much the boundary of a network bends, and how steep it is there."""
    rows, strong = _Rows.of(sample), float(options["strength"])

    def boundary(how: str, strength: float) -> tuple[dict[str, float], float]:
        """Return what ``_BOUNDARY`` names after all passes, and the held-out loss."""
        *_, weights = rows.train_with(options, how, strength)
        bend, steepness = boundary_bend(weights, rows.new.X, rows.seed)
        return {"bend": bend, "steepness": steepness}, loss(weights, rows.held_out)

    free, _ = boundary("none", 0.0)
    values: dict[str, float] = {}
    series: dict[str, tuple[float, ...]] = {"strength": (0.0, *_STRENGTHS)}
    for name, how in _HOW.items():
        along = [boundary(how, s) for s in _STRENGTHS]
        best = along[int(np.argmin([held_out for _, held_out in along]))][0]
        given, _ = boundary(how, strong)
        for figure in _BOUNDARY:
            values[f"{name}_{figure}_change"] = best[figure] / free[figure] - 1
            values[f"{name}_{figure}_change_strong"] = given[figure] / free[figure] - 1
            line = (free[figure], *(one[figure] for one, _ in along))
            series[f"{name}_{figure}"] = line
    return Measured.of(values, series)


def boundary_bend(weights: Weights, X: Array, seed: int) -> tuple[float, float]:
    """Return the bend of a network's boundary, and its mean gradient norm there.

    Points of the boundary are found by bisection between rows of ``X`` on either side;
    NaN if all rows are on one side. A bend below 0.001, where normals differ by some
    three degrees, counts as 0.001: the boundary is straight.
    """
    _, raw = forward(weights, X)
    low, high = np.flatnonzero(raw < 0), np.flatnonzero(raw >= 0)
    if not (low.size and high.size):
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    a, b = X[rng.choice(low, _PAIRS)], X[rng.choice(high, _PAIRS)]
    for _ in range(_HALVINGS):
        middle = (a + b) / 2
        below = (forward(weights, middle)[1] < 0)[:, None]
        a, b = np.where(below, middle, a), np.where(below, b, middle)
    # df/dx = W ((1 - tanh^2) v)
    hidden, _ = forward(weights, (a + b) / 2)
    slopes = ((1 - hidden**2) * weights[2]) @ weights[0].T
    norms = np.linalg.norm(slopes, axis=1)
    normals = slopes / np.where(norms > 0, norms, 1.0)[:, None]
    bend = 1 - float(np.linalg.norm(normals.mean(axis=0)))
    return max(bend, _STRAIGHT), float(np.mean(norms))
