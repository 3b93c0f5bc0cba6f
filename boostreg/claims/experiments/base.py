"""The interface of an experiment: its sample, its results, and its description.

An experiment is a pure function of a sample and of validated options. It measures *one*
resample; ``boostreg.claims.verdict`` turns the values of many resamples into estimate,
interval and verdict.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from boostreg.arrays import Array
from boostreg.losses import Objective

__all__ = [
    "Experiment",
    "Measured",
    "Option",
    "Panel",
    "Procedure",
    "Sample",
    "gini",
    "log_slope",
    "mean_of_numbers",
    "rank_correlation",
    "relative_difference",
    "spread",
    "zero_share",
]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One resample: training rows, test rows, and the truth if it is known.

    Attributes
    ----------
    X, X_new : ndarray of shape (n_samples, n_inputs)
        Numbers without missing values. Real data are standardized on the training rows,
        with one input per category and missing values filled; synthetic data are
        unchanged.
    y, y_new : ndarray of shape (n_samples,)
        In the form that the objective expects: classes are 0, 1, ...
    objective : Objective
    seed : int
        Seed of all random numbers, different for every resample.
    truth : mapping or None
        For synthetic data: ``informative`` (tuple of columns), ``coefficients``
        (ndarray, None if the target is not linear) and ``noise_variance`` (None without
        normal noise). None for real data.
    """

    X: Array
    y: Array
    X_new: Array
    y_new: Array
    objective: Objective
    seed: int
    truth: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of one resample.

    Attributes
    ----------
    values : mapping of str to float
        All measures of the procedure, for any sample; NaN if undefined.
    series : mapping of str to tuple of float
        The data of the panels, with the same names and lengths on every resample.
        Figures show means over resamples.
    """

    values: Mapping[str, float]
    series: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


Experiment = Callable[[Sample, Mapping[str, Any]], Measured]
"""The second argument has all options of the procedure, validated."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of an experiment that a study may change.

    Attributes
    ----------
    default : int, float, str, bool, or tuple of numbers
        Its type is the type of the option: int, float, one of ``choices``, ...
    words : str
        Its meaning.
    low, high : float
        Minimum and maximum, also for the entries of a tuple.
    choices : tuple of str
        Allowed values of a text option.
    """

    default: Any
    words: str
    low: float = float("-inf")
    high: float = float("inf")
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure: lines over one horizontal axis, all of them series.

    Attributes
    ----------
    title : str
    x : str
        The series on the horizontal axis.
    x_label, y_label : str
    lines : mapping of str to str
        Series to the label at its end; at most eight.
    x_log, y_log : bool
        Logarithmic axis; 0 is drawn apart, at its left (x) or below it (y).
    """

    title: str
    x: str
    x_label: str
    y_label: str
    lines: Mapping[str, str]
    x_log: bool = False
    y_log: bool = False


Objectives = Literal["any", "squared_error", "logistic", "squared_error or logistic"]


@dataclass(frozen=True, slots=True)
class Procedure:
    """An experiment with the names that a study may use.

    Attributes
    ----------
    run : Experiment
    words : str
        What it does, in a sentence for the report.
    measures : mapping of str to str
        Description and unit of each value, by name.
    options : mapping of str to Option
    panels : tuple of Panel
    by_engine : bool
        Whether it has an option ``engine``; the study then runs it with each of its
        engines that is among the choices of the option.
    planted : bool
        Whether it needs ``sample.truth``, that is a synthetic source.
    objectives : str
        Supported values of ``sample.objective``.
    """

    run: Experiment
    words: str
    measures: Mapping[str, str]
    options: Mapping[str, Option] = field(default_factory=dict)
    panels: tuple[Panel, ...] = ()
    by_engine: bool = False
    planted: bool = False
    objectives: Objectives = "any"

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that support its penalties; empty if it grows no trees."""
        return self.options["engine"].choices if self.by_engine else ()


def relative_difference(found: Array, expected: Array) -> float:
    """Return the largest absolute difference over the largest expected size.

    >>> relative_difference(np.array([1.0, 3.5]), np.array([1.0, 4.0]))
    0.125
    """
    gap = float(np.max(np.abs(found - expected), initial=0.0))
    size = float(np.max(np.abs(expected), initial=0.0))
    return gap / size if size > 0 else float("nan")


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
