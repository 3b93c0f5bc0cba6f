"""What an experiment of a claim is given, what it returns, and how it describes itself.

An experiment is a pure function of a sample and of checked options: equal arguments
give equal numbers. It measures *one* resample and judges nothing; ``insight.claims``
makes estimate, interval and verdict of the values of many resamples.
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
    """One resample: rows that train, rows that judge, what is known of the truth.

    Attributes
    ----------
    X, X_new : ndarray of shape (n_samples, n_inputs)
        Numbers without gaps: of real data the columns standardized on the training
        rows, categories as one input each, missing values filled; planted data as
        planted.
    y, y_new : ndarray of shape (n_samples,)
        As the objective takes them: classes are 0, 1, ...
    objective : Objective
    seed : int
        For all that is drawn; another one for every resample.
    truth : mapping or None
        Of planted data ``informative`` (tuple of columns), ``coefficients`` (ndarray,
        None where the target is not linear) and ``noise_variance`` (None where there
        is no normal noise); None for real data.
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
    """What one resample showed.

    Attributes
    ----------
    values : mapping of str to float
        Every measure of the procedure, whatever the sample; NaN where it has none.
    series : mapping of str to tuple of float
        What the panels draw: the same names and lengths on every resample. Pictures
        show means over resamples.
    """

    values: Mapping[str, float]
    series: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


Experiment = Callable[[Sample, Mapping[str, Any]], Measured]
"""The second argument has every option of the procedure, checked."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of an experiment that a study may change.

    Attributes
    ----------
    default : int, float, str, bool, or tuple of numbers
        Its type is the option's: a whole number, a number, one of ``choices``, ...
    words : str
        What it sets.
    low, high : float
        Least and largest value, of every entry of a tuple too.
    choices : tuple of str
        Names that are allowed, for text.
    """

    default: Any
    words: str
    low: float = float("-inf")
    high: float = float("inf")
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: lines over one horizontal axis, all of them series.

    Attributes
    ----------
    title : str
    x : str
        The series on the horizontal axis.
    x_label, y_label : str
    lines : mapping of str to str
        Series to the label at its end; at most eight.
    x_log, y_log : bool
        A log axis; a 0 stands apart at its left end (x) or below it (y).
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
    """An experiment with the names that a study may use of it.

    Attributes
    ----------
    run : Experiment
    words : str
        What it does, in a sentence for the page.
    measures : mapping of str to str
        Name of each value to what it is and its unit, in words.
    options : mapping of str to Option
    panels : tuple of Panel
    by_engine : bool
        It has an option ``engine``; the study runs it once with each of its engines
        that is one of the option's choices.
    planted : bool
        It needs ``sample.truth``: a study whose source is planted.
    objectives : str
        What ``sample.objective`` may be.
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
        """Engines that take the penalties of its trees; none where it grows none."""
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
    """Return the Gini coefficient of absolute weights: 0 all equal, near 1 one alone.

    With ``w`` sorted upwards it is ``2 sum(i w_i) / (n sum(w)) - (n + 1) / n``, NaN
    where all are 0.

    >>> gini(np.array([1.0, -1.0, 1.0, 1.0])), gini(np.array([0.0, 0.0, 0.0, 5.0]))
    (0.0, 0.75)
    """
    size = np.sort(np.abs(weights))
    n, total = len(size), float(size.sum())
    if total == 0:
        return float("nan")
    return float(2 * np.arange(1, n + 1) @ size / (n * total) - (n + 1) / n)


def rank_correlation(a: Array, b: Array) -> float:
    """Return Spearman's correlation, NaN where one side has no order.

    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([1.0, 4.0, 5.0]))
    1.0
    """
    from scipy.stats import rankdata

    first, second = rankdata(a) - (len(a) + 1) / 2, rankdata(b) - (len(b) + 1) / 2
    below = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / below if below > 0 else float("nan")


def log_slope(sizes: Array, taken: Array) -> float:
    """Return the slope of ``log(taken)`` on ``log(sizes)`` by least squares.

    1 where what is taken is in proportion to the size, 0 where it is the same for all.
    Entries that are not above 0 do not count; NaN where fewer than two sizes are left.

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
    """Return the standard deviation over the mean, NaN where the mean is 0."""
    mean = float(np.mean(values)) if values.size else 0.0
    return float(np.std(values)) / mean if mean != 0 else float("nan")


def mean_of_numbers(values: Iterable[float]) -> float:
    """Return the mean of what is a number, NaN where nothing is."""
    numbers = [value for value in values if not np.isnan(value)]
    return float(np.mean(numbers)) if numbers else float("nan")
