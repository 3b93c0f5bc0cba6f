"""Designs and tables that the tests of the baselines share."""

import numpy as np
import pytest

from boostreg.baselines.linear import Design
from boostreg.data import Column, Fold, Table
from boostreg.losses import Objective

OBJECTIVES = {
    "squared_error": Objective("squared_error"),
    "logistic": Objective("logistic", n_classes=2),
    "softmax": Objective("softmax", n_classes=3),
    "poisson": Objective("poisson"),
    "gamma": Objective("gamma"),
    "tweedie": Objective("tweedie", 1.5),
    "absolute_error": Objective("absolute_error"),
    "quantile": Objective("quantile", 0.7),
}


def draw_target(name, signal, rng):
    """Return a target of an objective's domain that follows ``signal``."""
    noisy = signal + rng.normal(size=len(signal))
    if name == "logistic":
        return (noisy > 0).astype(float)
    if name == "softmax":
        return np.digitize(noisy, [-0.5, 0.7]).astype(float)
    if name in {"poisson", "tweedie"}:
        return rng.poisson(np.exp(signal)).astype(float)
    if name == "gamma":
        return rng.gamma(2.0, np.exp(signal)) + 0.01
    return 10 + 3 * noisy


@pytest.fixture
def make_design():
    """Return a function that draws training rows for an objective, by name."""

    def make(name, *, weighted=False, n_samples=80, n_inputs=6):
        rng = np.random.default_rng(7)
        X = rng.normal(size=(n_samples, n_inputs))
        X[:, 1] += 0.8 * X[:, 0]
        y = draw_target(name, 0.7 * X[:, 0] - 0.5 * X[:, 2], rng)
        w = rng.uniform(0.5, 2, n_samples) if weighted else np.ones(n_samples)
        w /= w.sum()
        X -= w @ X
        X /= np.sqrt(w @ X**2)
        objective = OBJECTIVES[name]
        return Design(X, y, w, objective, objective.intercept(y, w))

    return make


@pytest.fixture
def make_table():
    """Return a function that draws a table with categories and missing values."""

    def make(name="squared_error", *, n_samples=90, weighted=False):
        rng = np.random.default_rng(3)
        number = rng.normal(5, 2, size=(n_samples, 3))
        color = rng.integers(0, 3, n_samples).astype(float)
        switch = rng.integers(0, 2, n_samples).astype(float)
        signal = 0.3 * (number[:, 0] - 5) + 0.6 * (color == 1) - 0.4 * switch
        y = draw_target(name, signal, rng)
        number[rng.random(n_samples) < 0.2, 1] = np.nan
        color[rng.random(n_samples) < 0.1] = np.nan
        n_classes = OBJECTIVES[name].n_classes
        return Table(
            X=np.column_stack([number, color, switch]),
            y=y,
            columns=(
                *(Column(f"x{i}", None) for i in range(3)),
                Column("color", ("red", "green", "blue")),
                Column("switch", ("off", "on")),
            ),
            task={0: "regression", 2: "binary"}.get(n_classes, "multiclass"),
            target="y",
            classes=("a", "b", "c")[:n_classes],
            weights=rng.uniform(0.5, 2, n_samples) if weighted else None,
        )

    return make


@pytest.fixture
def thirds():
    """Return a function that deals rows into three folds."""

    def deal(rows):
        parts = [rows[i::3] for i in range(3)]
        return tuple(Fold(np.setdiff1d(rows, part), part) for part in parts)

    return deal
