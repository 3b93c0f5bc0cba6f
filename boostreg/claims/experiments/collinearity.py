r"""Lasso, ridge and elastic net with correlated columns.

Some columns of the sample get a twin with a given correlation, which the target does
not depend on. A twin without correlation is a column of noise, which unsettles models
in its own way; growth is therefore measured from the columns without twins, and from
unrelated twins. Every model is fitted to bootstrap resamples of the training rows, at
the strength that keeps a given share of the unpenalised fit. The experiment measures

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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    procedure,
)
from boostreg.claims.experiments.coefficients import (
    Linear,
    coefficients,
    matched_strength,
)

__all__ = ["collinearity", "instability", "with_twins"]

_CORRELATIONS = (0.0, 0.5, 0.8, 0.95, 0.99)
_MODELS = {"lasso": 1.0, "elastic_net": 0.5, "ridge": 0.0}
_WORDS = {"lasso": "lasso", "elastic_net": "elastic net", "ridge": "ridge"}
_FIGURES = ("prediction", "coefficient")
_SELECTING = {name: words for name, words in _WORDS.items() if name != "ridge"}

_GROWTH = (
    "over resamples where twins correlate by 0.99, over that without twins, minus 1"
)
_GROWTH_OF_NOISE = (
    "over resamples where twins correlate by 0.99, over that where they are "
    "unrelated, minus 1"
)
_OVER_RIDGE = "over ridge's, minus 1, where twins correlate by 0.99"


@procedure(
    {
        **{
            f"{name}_{figure}_{key}": f"variance of the {words}'s {figure}s {growth}"
            for figure in _FIGURES
            for name, words in _WORDS.items()
            for key, growth in (
                ("growth", _GROWTH),
                ("growth_of_noise", _GROWTH_OF_NOISE),
            )
        },
        **{
            f"{name}_instability": (
                f"how much the sets that the {words} chooses differ between resamples "
                "where twins correlate by 0.99: 0 means one set, 1 means chance"
            )
            for name, words in _SELECTING.items()
        },
        **{
            f"{name}_instability_growth": (
                f"how much the sets that the {words} chooses differ between resamples "
                "(0 means one set, 1 means chance) where twins correlate by 0.99, "
                "minus that without twins"
            )
            for name, words in _SELECTING.items()
        },
        **{
            f"lasso_over_ridge_{figure}": (
                f"variance of the lasso's {figure}s {_OVER_RIDGE}"
            )
            for figure in _FIGURES
        },
    },
    options={
        "twins": Option(5, "columns that get a twin", low=1, high=1000),
        "resamples": Option(30, "bootstrap resamples", low=2, high=1000),
        "fit": Option(0.95, "share of the unpenalised fit to keep", 0.05, 0.999),
    },
    panels=[
        Panel(
            title,
            x="correlation",
            x_label="correlation of twins",
            y_label=y_label,
            lines={f"{name}_{figure}": words for name, words in models.items()},
        )
        for title, figure, y_label, models in (
            (
                "How much the chosen sets differ",
                "instability",
                "1 minus stability",
                _SELECTING,
            ),
            ("Variance of predictions", "prediction", "over the target's", _WORDS),
            ("Variance of coefficients", "coefficient", "over the mean square", _WORDS),
        )
    ],
    objectives="squared_error",
)
def collinearity(sample: Sample, options: Options) -> Measured:
    """Fit lasso, ridge and elastic net to bootstrap resamples.

    Twins of some columns correlate with them from 0 to 0.99.
    """
    rng = np.random.default_rng(sample.seed)
    rows = rng.integers(0, len(sample.y), (int(options["resamples"]), len(sample.y)))

    def variation(linear: Linear, l1_ratio: float) -> _Variation:
        strength = matched_strength(linear, l1_ratio, float(options["fit"]), "fit")
        return _Variation.of(linear, l1_ratio, strength, rows)

    found: dict[str, list[_Variation]] = {name: [] for name in _MODELS}
    for correlation in _CORRELATIONS:
        widened = with_twins(sample, correlation, int(options["twins"]))
        for name, l1_ratio in _MODELS.items():
            found[name].append(variation(widened, l1_ratio))
    alone = Linear.of(sample)
    values: dict[str, float] = {}
    series: dict[str, tuple[float, ...]] = {"correlation": _CORRELATIONS}
    for name, along in found.items():
        first, noise, last = variation(alone, _MODELS[name]), along[0], along[-1]
        for figure in _FIGURES:
            for key, start in (("growth", first), ("growth_of_noise", noise)):
                ratio = getattr(last, figure) / getattr(start, figure)
                values[f"{name}_{figure}_{key}"] = ratio - 1
        series[f"{name}_prediction"] = tuple(one.prediction for one in along)
        series[f"{name}_coefficient"] = tuple(one.coefficient for one in along)
        if name in _SELECTING:  # ridge selects every column
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

    @classmethod
    def of(
        cls,
        linear: Linear,
        l1_ratio: float,
        strength: float,
        resamples: NDArray[np.int64],
    ) -> "_Variation":
        """Fit the model to resamples, rows of ``resamples``."""
        design, fitted, predicted = linear.design, [], []
        for rows in resamples:
            again = Linear.of_rows(
                (design.X[rows], design.y[rows]),
                (linear.X_new, linear.y_new),
                design.objective,
            )
            path = again.path(np.array([strength]), l1_ratio)
            fitted.append(coefficients(path)[0])
            predicted.append(path.raw(again.X_new, 0)[:, 0])
        weights = np.array(fitted)
        return cls(
            chosen=instability(weights != 0),
            prediction=float(np.mean(np.var(predicted, axis=0)) / np.var(design.y)),
            coefficient=float(np.mean(np.var(weights, axis=0)) / np.mean(weights**2)),
        )


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
    """Return 1 minus the stability of sets, rows of ``chosen``; NaN for all or none.

    >>> same = np.array([[True, False, False], [True, False, False]])
    >>> instability(same)
    0.0
    """
    n, p = chosen.shape
    share = chosen.mean(axis=0)
    size = float(share.sum()) / p
    chance = size * (1 - size)  # the variance of a random set of this size
    if chance == 0:
        return float("nan")
    return float(np.mean(n / (n - 1) * share * (1 - share)) / chance)
