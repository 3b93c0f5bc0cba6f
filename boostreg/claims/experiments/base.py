"""The interface of an experiment: its sample, its results, and its description.

An experiment is a pure function of a sample and of validated options. It measures *one*
resample; ``boostreg.claims.verdict`` turns the values of many resamples into estimate,
interval and verdict.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, SupportsFloat

import numpy as np

from boostreg.arrays import Array
from boostreg.engines import ENGINES
from boostreg.losses import Objective

__all__ = [
    "ENGINE",
    "ENGINE_NAMES",
    "FIT",
    "NORM",
    "ROWS",
    "Bound",
    "Experiment",
    "Measured",
    "Option",
    "Options",
    "Panel",
    "Procedure",
    "Sample",
    "along_rows",
    "along_strength",
    "gini",
    "log_slope",
    "mean_of_numbers",
    "over_tables",
    "procedure",
    "rank_correlation",
    "relative_difference",
    "rounds_option",
    "rows_option",
    "soft_threshold",
    "spread",
    "zero_share",
]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One resample: training rows, new rows, and the truth if it is known.

    Rows have numbers without missing values. Real data are standardized on the training
    rows, with one input per category and missing values filled; synthetic data are
    unchanged. Classes are 0, 1, ... ``seed`` is that of all random numbers, different
    for every resample. ``truth`` of synthetic data has ``informative`` (tuple of
    columns), ``coefficients`` (ndarray, None if the target is not linear) and
    ``noise_variance`` (None without normal noise).
    """

    X: Array
    y: Array
    X_new: Array
    y_new: Array
    objective: Objective
    seed: int
    truth: Mapping[str, Any] | None = None


Bound = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of one resample.

    ``values`` has all measures of the procedure, NaN if undefined. ``series`` has the
    data of the panels, with the same names and lengths on every resample; figures show
    means over resamples. ``bounds`` has the measures that are only known to be at
    least, or at most, their value, because something did not converge.
    """

    values: Mapping[str, float]
    series: Mapping[str, tuple[float, ...]]
    bounds: Mapping[str, Bound] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        values: Mapping[str, SupportsFloat],
        series: Mapping[str, Iterable[SupportsFloat]] | None = None,
        bounds: Mapping[str, Bound] | None = None,
    ) -> "Measured":
        """Convert the numbers of NumPy."""
        return cls(
            {name: float(value) for name, value in values.items()},
            {name: tuple(map(float, line)) for name, line in (series or {}).items()},
            dict(bounds or {}),
        )


Options = Mapping[str, Any]
"""The value of every option of a procedure, validated."""

Experiment = Callable[[Sample, Options], Measured]


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of an experiment that a study may change, of the default's type.

    ``low`` and ``high`` are minimum and maximum, also for the entries of a tuple;
    ``choices`` are the allowed values of a text.
    """

    default: Any
    words: str
    low: float = float("-inf")
    high: float = float("inf")
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure: lines over the series ``x``.

    ``lines`` maps up to eight series to the labels at their ends. On a logarithmic
    axis, 0 is drawn apart, at its left (x) or below it (y).
    """

    title: str
    x: str
    x_label: str
    y_label: str
    lines: Mapping[str, str]
    x_log: bool = False
    y_log: bool = False


_RATIO = "minus 1"

Objectives = Literal["squared_error", "logistic", "squared_error or logistic"]


@dataclass(frozen=True, slots=True)
class Procedure:
    """An experiment with the names that a study may use.

    ``words`` is a sentence for the report on what it does, ``measures`` describes each
    value: with "minus 1" if it is a ratio of values at least 0, minus 1. A ``planted``
    experiment needs ``sample.truth``, that is a synthetic source. One ``over_tables``
    is repeated on the folds of several tables, which are not the study's own, and
    all its measures are ratios (``boostreg.claims.tables``).
    """

    name: str
    run: Experiment
    words: str
    measures: Mapping[str, str]
    options: Mapping[str, Option]
    panels: tuple[Panel, ...]
    planted: bool
    objectives: Objectives
    over_tables: bool = False

    @property
    def changes(self) -> frozenset[str]:
        """Measures that are ratios minus 1, by their description."""
        return frozenset(k for k, words in self.measures.items() if _RATIO in words)

    @property
    def by_engine(self) -> bool:
        """Whether a study runs it with each of its engines that is in ``engines``."""
        return "engine" in self.options

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that support its penalties; empty if it grows no trees."""
        return self.options["engine"].choices if self.by_engine else ()


def procedure(
    measures: Mapping[str, str],
    *,
    options: Mapping[str, Option] | None = None,
    panels: Iterable[Panel] = (),
    planted: bool = False,
    objectives: Objectives = "squared_error or logistic",
) -> Callable[[Experiment], Procedure]:
    """Make a procedure of an experiment, with its name and its docstring's summary."""

    def described(run: Experiment) -> Procedure:
        summary = (run.__doc__ or "").partition("\n\n")[0]
        return Procedure(
            name=run.__name__,
            run=run,
            words=" ".join(summary.split()),
            measures=measures,
            options=options or {},
            panels=tuple(panels),
            planted=planted,
            objectives=objectives,
        )

    return described


def over_tables(one: Procedure) -> Procedure:
    """Return a procedure that is repeated over many tables, see ``Procedure``."""
    return replace(one, over_tables=True)


ENGINE_NAMES = tuple(
    name
    for name, engine in ENGINES.items()
    if not {"reg_alpha", "reg_lambda", "min_split_gain"} & {*engine.lacking}
)
"""Engines with both penalties on leaf weights, and with that on splits."""

ENGINE = Option("xgboost", "library that grows the trees", choices=ENGINE_NAMES)
FIT = Option(0.9, "share of the unpenalised fit to keep", 0.05, 0.999)
NORM = Option(0.5, "share of the unpenalised length to keep", 0.01, 0.99)

ROWS: tuple[float, ...] = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Penalties in rows, see ``Penalty.scale``, for the series of an experiment."""


def rounds_option(default: int) -> Option:
    """Return the option for boosting rounds."""
    return Option(default, "boosting rounds", low=1, high=500)


def rows_option(default: float, low: float = 0.0) -> Option:
    """Return the option for a penalty in rows."""
    return Option(default, "penalty, in rows", low=low, high=1e6)


def along_rows(
    title: str,
    y_label: str,
    lines: Mapping[str, str],
    *,
    x_label: str = "penalty, in rows",
) -> Panel:
    """Return a panel over the series ``rows``."""
    return Panel(title, "rows", x_label, y_label, lines, x_log=True)


def along_strength(
    title: str, x: str, y_label: str, lines: Mapping[str, str], *, y_log: bool = False
) -> Panel:
    """Return a panel over strengths of a linear model's penalty."""
    x_label = "strength, as a share of the strongest"
    return Panel(title, x, x_label, y_label, lines, x_log=True, y_log=y_log)


def relative_difference(found: Array, expected: Array) -> float:
    """Return the largest absolute difference over the largest expected size.

    >>> relative_difference(np.array([1.0, 3.5]), np.array([1.0, 4.0]))
    0.125
    """
    gap = float(np.max(np.abs(found - expected), initial=0.0))
    size = float(np.max(np.abs(expected), initial=0.0))
    return gap / size if size > 0 else float("nan")


def soft_threshold(weights: Array, threshold: float | Array) -> Array:
    """Return ``sign(w) * max(|w| - threshold, 0)``, the proximal map of L1."""
    kept: Array = np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0.0)
    return kept


def zero_share(weights: Array) -> float:
    """Return the share of exact zeros.

    >>> zero_share(np.array([0.0, 1.0, 0.0, 1e-300]))
    0.5
    """
    return float(np.mean(weights == 0)) if weights.size else float("nan")


def gini(weights: Array) -> float:
    """Return the Gini coefficient of absolute weights: 0 if equal, near 1 if sparse.

    With ``w`` sorted upwards it is ``2 sum(i w_i) / (n sum(w)) - (n + 1) / n``, NaN
    if all are 0.

    >>> gini(np.array([1.0, -1.0, 1.0, 1.0])), gini(np.array([0.0, 0.0, 0.0, 5.0]))
    (0.0, 0.75)
    """
    size = np.sort(np.abs(weights))
    n, total = len(size), float(size.sum())
    if total == 0:
        return float("nan")
    return float(2 * np.arange(1, n + 1) @ size / (n * total) - (n + 1) / n)


def rank_correlation(a: Array, b: Array) -> float:
    """Return Spearman's correlation, NaN if one side is constant.

    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([1.0, 4.0, 5.0]))
    1.0
    """
    from scipy.stats import rankdata

    first, second = rankdata(a) - (len(a) + 1) / 2, rankdata(b) - (len(b) + 1) / 2
    below = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / below if below > 0 else float("nan")


def log_slope(sizes: Array, taken: Array) -> float:
    """Return the slope of ``log(taken)`` on ``log(sizes)`` by least squares.

    1 if the reduction is proportional to the size, 0 if it is the same for all.
    Entries that are not above 0 are ignored; NaN with fewer than two sizes.

    >>> round(log_slope(np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.2, 0.4])), 12)
    1.0
    """
    counts = (sizes > 0) & (taken > 0)
    if np.count_nonzero(counts) < 2:
        return float("nan")
    x, y = np.log(sizes[counts]), np.log(taken[counts])
    x = x - x.mean()
    below = float(x @ x)
    return float(x @ y) / below if below > 0 else float("nan")


def spread(values: Array) -> float:
    """Return the standard deviation over the mean, NaN if the mean is 0."""
    mean = float(np.mean(values)) if values.size else 0.0
    return float(np.std(values)) / mean if mean != 0 else float("nan")


def mean_of_numbers(values: Iterable[float]) -> float:
    """Return the mean of all values that are not NaN, or NaN without any."""
    numbers = [value for value in values if not np.isnan(value)]
    return float(np.mean(numbers)) if numbers else float("nan")
