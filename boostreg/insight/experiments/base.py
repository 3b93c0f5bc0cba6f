"""What an experiment of a claim is given, what it returns, and how it describes itself.

An experiment is a pure function of a sample and of checked options: equal arguments
give equal numbers. It measures *one* resample and judges nothing; ``insight.claims``
makes estimate, interval and verdict of the values of many resamples.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from boostreg.losses import Objective

__all__ = [
    "Experiment",
    "Measured",
    "Option",
    "Panel",
    "Procedure",
    "Sample",
]

Array = NDArray[np.float64]


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
