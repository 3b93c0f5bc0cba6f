"""Small tables and problems that several test files share."""

from dataclasses import replace

import numpy as np

from boostreg.data import Column, Table
from boostreg.engines import Engine, Problem
from boostreg.errors import UnsupportedPenaltyError
from boostreg.losses import Objective
from boostreg.penalty import Penalty

N_CLASSES = {"logistic": 2, "softmax": 3, "softmax5": 5}


def make_objective(kind: str) -> Objective:
    """Return an objective; ``softmax5`` has five classes, tweedie power 1.5."""
    name = "softmax" if kind.startswith("softmax") else kind
    parameter = {"tweedie": 1.5, "quantile": 0.7}.get(name)
    return Objective(name, parameter, N_CLASSES.get(kind, 0))


def make_target(kind: str, signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a target of the objective's domain that follows ``signal``."""
    noisy = signal + rng.normal(size=len(signal))
    if kind in N_CLASSES:
        ranks = np.argsort(np.argsort(noisy))
        return (ranks * N_CLASSES[kind] // len(ranks)).astype(float)
    if kind in {"poisson", "tweedie"}:
        return rng.poisson(np.exp(0.4 * signal)).astype(float)
    if kind == "gamma":
        return rng.gamma(2.0, np.exp(0.4 * signal)) + 0.01
    return noisy


def make_table(
    kind: str = "squared_error",
    n_samples: int = 400,
    *,
    weighted: bool = False,
    missing: bool = False,
    codes: tuple[int, ...] = (4, 9, 25, 16, 12),
    seed: int = 0,
) -> Table:
    """Return a table of integer codes, so that both libraries see the same splits."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, codes, size=(n_samples, len(codes))).astype(float)
    signal = 0.4 * (X[:, 0] - 1.5) + np.sin(X[:, 2] / 4) - 0.02 * X[:, 3]
    y = make_target(kind, signal, rng)
    if missing:
        X[rng.random(X.shape) < 0.15] = np.nan
    weights = rng.uniform(0.3, 3.0, n_samples) if weighted else None
    return as_table(X, y, weights, n_classes=N_CLASSES.get(kind, 0))


def as_table(
    X: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    n_classes: int = 0,
) -> Table:
    """Return numeric arrays as a table."""
    task = {0: "regression", 2: "binary"}.get(n_classes, "multiclass")
    return Table(
        X=X,
        y=y,
        weights=weights,
        columns=tuple(Column(f"x{i}", None) for i in range(X.shape[1])),
        task=task,
        classes=tuple(str(i) for i in range(n_classes)),
        groups=None,
        time=None,
        target="y",
        task_inferred=False,
        notes=(),
    )


def make_problem(kind: str = "squared_error", **options) -> Problem:
    """Return a problem whose first three quarters train and whose rest judges."""
    table = make_table(kind, **options)
    cut = 3 * table.n_samples // 4
    return Problem.of(
        table.rows(np.arange(cut)),
        table.rows(np.arange(cut, table.n_samples)),
        make_objective(kind),
    )


def make_category_problem(
    n_categories: int,
    *,
    n_samples: int = 600,
    kind: str = "squared_error",
    seed: int = 0,
) -> Problem:
    """Return a problem of one category column with distinct effects."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n_samples) % n_categories
    signal = rng.normal(size=n_categories)[codes] + rng.normal(size=n_samples)
    y = (signal > 0).astype(float) if kind == "logistic" else signal
    table = as_table(codes[:, None].astype(float), y, n_classes=N_CLASSES.get(kind, 0))
    labels = tuple(f"c{i:03}" for i in range(n_categories))
    table = replace(table, columns=(Column("c", labels),))
    return Problem.of(table, None, make_objective(kind))


def with_reg_alpha_if_taken(
    engine: Engine, penalty: Penalty, problem: Problem
) -> Penalty:
    """Return ``penalty``, without ``reg_alpha`` where the engine refuses that alone.

    XGBoost before 3.4 cannot combine it with a limited step.
    """
    try:
        engine.check(penalty, problem)
    except UnsupportedPenaltyError as error:
        assert "leaves reg_alpha out of the split gain" in str(error)  # noqa: PT017 - no other refusal may pass
        return replace(penalty, reg_alpha=0.0)
    return penalty
