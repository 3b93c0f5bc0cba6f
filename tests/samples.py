"""Small samples of experiments, planted so that a test knows what must come out."""

import numpy as np

from boostreg.claims.experiments import EXPERIMENTS
from boostreg.claims.experiments.base import Measured, Sample
from boostreg.losses import Objective

BETA = np.r_[2.0, -1.0, 1.0, np.zeros(7)]
ENGINES = ("xgboost", "lightgbm")


def make_objective(kind: str = "squared_error") -> Objective:
    """Return the objective of a kind that experiments know."""
    return Objective(kind, None, 2 if kind == "logistic" else 0)


def make_sample(
    kind: str = "squared_error",
    *,
    n_samples: int = 300,
    beta: np.ndarray = BETA,
    noise: float = 1.0,
    correlation: float = 0.0,
    seed: int = 0,
) -> Sample:
    """Return a linear truth with as many new rows as training rows."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2 * n_samples, len(beta)))
    common = rng.normal(size=(2 * n_samples, 1))
    X = np.sqrt(1 - correlation) * X + np.sqrt(correlation) * common
    f = X @ beta
    y = f + noise * rng.normal(size=len(f))
    if kind == "logistic":
        y = (rng.random(len(f)) < 1 / (1 + np.exp(-f))).astype(float)
    truth = {
        "informative": tuple(np.flatnonzero(beta)),
        "coefficients": beta,
        "noise_variance": noise**2 if kind == "squared_error" else None,
    }
    old, new = slice(n_samples), slice(n_samples, None)
    return Sample(X[old], y[old], X[new], y[new], make_objective(kind), seed, truth)


def measure(name: str, sample: Sample, **changes) -> Measured:
    """Run an experiment with its default options but for ``changes``."""
    procedure = EXPERIMENTS[name]
    options = {key: option.default for key, option in procedure.options.items()}
    return procedure.run(sample, options | changes)
