r"""Lasso, ridge and elastic net with correlated columns.

Some columns of the sample get a twin with a given correlation, which the target does
not depend on. Every model is fitted to bootstrap resamples of the training rows, at the
strength that keeps a given share of the unpenalised fit. The experiment measures

- how much the selected sets differ between resamples: 1 minus the stability of [1]_,

  .. math:: \frac{\frac{1}{p} \sum_j \frac{B}{B - 1} \hat p_j (1 - \hat p_j)}
     {\frac{\bar k}{p} (1 - \frac{\bar k}{p})} ,

  with :math:`\hat p_j` the share of B resamples that selected column j and
  :math:`\bar k` the mean number selected: 0 is always the same set, 1 is chance;
- the variance of predictions on new rows, over that of the target;
- the variance of coefficients, over their mean square.

References
----------
.. [1] S. Nogueira, K. Sechidis, G. Brown. "On the Stability of Feature Selection
   Algorithms". JMLR 18, 2018. https://www.jmlr.org/papers/v18/17-514.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Panel,
    Procedure,
    Sample,
)
from boostreg.claims.experiments.coefficients import (
    Linear,
    coefficients,
    matched_strength,
)

__all__ = ["PROCEDURES", "collinearity", "instability", "with_twins"]

_CORRELATIONS = (0.0, 0.5, 0.8, 0.95, 0.99)
_MODELS = {"lasso": 1.0, "elastic_net": 0.5, "ridge": 0.0}
_WORDS = {"lasso": "lasso", "elastic_net": "elastic net", "ridge": "ridge"}


def collinearity(sample: Sample, options: Mapping[str, Any]) -> Measured:
    """Measure how much models vary over resamples as twins come closer."""
    rng = np.random.default_rng(sample.seed)
    rows = rng.integers(0, len(sample.y), (int(options["resamples"]), len(sample.y)))
    found: dict[str, list[_Variation]] = {name: [] for name in _MODELS}
    for correlation in _CORRELATIONS:
        widened = with_twins(sample, correlation, int(options["twins"]))
        for name, l1_ratio in _MODELS.items():
            found[name].append(_vary(widened, l1_ratio, float(options["fit"]), rows))
    values: dict[str, float] = {}
    series: dict[str, tuple[float, ...]] = {"correlation": _CORRELATIONS}
    for name, along in found.items():
        first, last = along[0], along[-1]
        values[f"{name}_prediction_growth"] = last.prediction / first.prediction - 1
        values[f"{name}_coefficient_growth"] = last.coefficient / first.coefficient - 1
        series[f"{name}_prediction"] = tuple(one.prediction for one in along)
        series[f"{name}_coefficient"] = tuple(one.coefficient for one in along)
        if name != "ridge":  # it selects every column
            values[f"{name}_instability"] = last.chosen
            values[f"{name}_instability_growth"] = last.chosen - first.chosen
            series[f"{name}_instability"] = tuple(one.chosen for one in along)
    lasso, ridge = found["lasso"][-1], found["ridge"][-1]
    values["lasso_over_ridge_prediction"] = lasso.prediction / ridge.prediction - 1
    values["lasso_over_ridge_coefficient"] = lasso.coefficient / ridge.coefficient - 1
    return Measured(values, series)


@dataclass(frozen=True, slots=True)
class _Variation:
    """How much one model varies over resamples."""

    chosen: float
    prediction: float
    coefficient: float


def with_twins(sample: Sample, correlation: float, n_twins: int) -> Linear:
    """Return the rows with twins of the columns most correlated with the target."""
    linear = Linear.of(sample)
    follows = np.abs(linear.design.null_gradient[:, 0])
    columns = np.sort(np.argsort(-follows, kind="stable")[:n_twins])
    rng = np.random.default_rng(sample.seed + 1)
    widened = []
    spread = linear.design.X[:, columns].std(axis=0)
    for X in (linear.design.X, linear.X_new):
        own = rng.standard_normal((len(X), len(columns))) * spread
        twins = correlation * X[:, columns] + np.sqrt(1 - correlation**2) * own
        widened.append(np.column_stack([X, twins]))
    return Linear.of_rows(
        (widened[0], sample.y), (widened[1], sample.y_new), sample.objective
    )


def instability(chosen: NDArray[np.bool_]) -> float:
    """Return 1 less the stability of sets, rows of ``chosen``; NaN for all or none.

    >>> same = np.array([[True, False, False], [True, False, False]])
    >>> instability(same)
    0.0
    """
    n, p = chosen.shape
    share = chosen.mean(axis=0)
    size = float(share.sum()) / p
    chance = size * (1 - size)
    if chance == 0:
        return float("nan")
    return float(np.mean(n / (n - 1) * share * (1 - share)) / chance)


def _vary(
    linear: Linear, l1_ratio: float, fit: float, rows: NDArray[np.int64]
) -> _Variation:
    strength = np.array([matched_strength(linear, l1_ratio, fit, "fit")])
    fitted, predicted = [], []
    design = linear.design
    for drawn in rows:
        again = Linear.of_rows(
            (design.X[drawn], design.y[drawn]),
            (linear.X_new, linear.y_new),
            design.objective,
        )
        path = again.path(strength, l1_ratio)
        fitted.append(coefficients(path)[0])
        predicted.append(path.raw(again.X_new, 0)[:, 0])
    weights = np.array(fitted)
    return _Variation(
        chosen=instability(weights != 0),
        prediction=float(np.mean(np.var(predicted, axis=0)) / np.var(design.y)),
        coefficient=float(np.mean(np.var(weights, axis=0)) / np.mean(weights**2)),
    )


PROCEDURES: Mapping[str, Procedure] = {
    "collinearity": Procedure(
        run=collinearity,
        words=(
            "Lasso, ridge and elastic net over bootstrap resamples, as twins of some "
            "columns come closer to them."
        ),
        measures={
            **{
                f"{name}_prediction_growth": (
                    f"variance of the {words}'s predictions over resamples where twins "
                    "correlate by 0.99, over that where they are unrelated, minus 1"
                )
                for name, words in _WORDS.items()
            },
            **{
                f"{name}_coefficient_growth": (
                    f"variance of the {words}'s coefficients over resamples where "
                    "twins correlate by 0.99, over that where they are unrelated, "
                    "minus 1"
                )
                for name, words in _WORDS.items()
            },
            **{
                f"{name}_instability": (
                    f"how far the sets that the {_WORDS[name]} chooses differ between "
                    "resamples where twins correlate by 0.99: 0 is one set, 1 is chance"
                )
                for name in ("lasso", "elastic_net")
            },
            **{
                f"{name}_instability_growth": (
                    f"how far the sets that the {_WORDS[name]} chooses differ between "
                    "resamples (0 is one set, 1 is chance) where twins correlate by "
                    "0.99, less where they are unrelated"
                )
                for name in ("lasso", "elastic_net")
            },
            "lasso_over_ridge_prediction": (
                "variance of the lasso's predictions over ridge's, minus 1, where "
                "twins"
                "correlate by 0.99"
            ),
            "lasso_over_ridge_coefficient": (
                "variance of the lasso's coefficients over ridge's, minus 1, where "
                "twins correlate by 0.99"
            ),
        },
        options={
            "twins": Option(5, "columns that get a twin", low=1, high=1000),
            "resamples": Option(15, "bootstrap resamples", low=2, high=1000),
            "fit": Option(0.95, "share of the unpenalised fit to keep", 0.05, 0.999),
        },
        panels=(
            Panel(
                title="How far chosen sets differ",
                x="correlation",
                x_label="correlation of twins",
                y_label="1 less stability",
                lines={
                    "lasso_instability": "lasso",
                    "elastic_net_instability": "elastic net",
                },
            ),
            Panel(
                title="Variance of predictions",
                x="correlation",
                x_label="correlation of twins",
                y_label="over the target's",
                lines={f"{name}_prediction": words for name, words in _WORDS.items()},
            ),
            Panel(
                title="Variance of coefficients",
                x="correlation",
                x_label="correlation of twins",
                y_label="over the mean square",
                lines={f"{name}_coefficient": words for name, words in _WORDS.items()},
            ),
        ),
        objectives="squared_error",
    ),
}
