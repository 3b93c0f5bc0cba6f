r"""Paired differences and their intervals.

Losses of outer splits are not independent: their training rows overlap, so the naive
standard error :math:`s / \sqrt{n}` is too small. The corrected resampled t-test of
[1]_ (summarised in [2]_) estimates the variance of the mean of ``n`` differences by

.. math::

    \left(\frac{1}{n} + \frac{n_\text{test}}{n_\text{train}}\right) s^2,

with :math:`s^2` the sample variance (ddof 1), and refers the ratio to Student's t with
``n - 1`` degrees of freedom. The interval is for the
expected difference of the procedure at that training size, not of one fitted model. It
assumes that the correlation between splits is ``n_test / (n_test + n_train)``, which a
single cross-validation cannot check; intervals tend to be too wide, not too narrow.

If no interval exists (a single number, or a number that is not finite), its ends and
the p-value are NaN, and ``method`` gives the reason.

References
----------
.. [1] C. Nadeau, Y. Bengio. "Inference for the Generalization Error". Machine Learning
   52, 239-281, 2003, the corrected resampled t-test. doi:10.1023/A:1024068626366
.. [2] R. R. Bouckaert, E. Frank. "Evaluating the Replicability of Significance Tests
   for Comparing Learning Algorithms". PAKDD 2004, sec. 3.3.
   doi:10.1007/978-3-540-24775-3_3
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from boostreg.arrays import Array, Mask
from boostreg.errors import DataError

__all__ = [
    "Interval",
    "corrected_t",
    "standard_error",
    "within_one_se",
]


_METHOD = "corrected resampled t"


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with a confidence interval.

    Attributes
    ----------
    estimate : float
        The mean.
    low, high : float
        Ends of the interval; NaN if there is none.
    p_value : float
        Two-sided, for a mean of 0, not adjusted for other tests; NaN without an
        interval or if 0 is not a hypothesis.
    n : int
        Number of values.
    method : str
        Description for the report: the method, or why there is no interval.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    n: int
    method: str

    @property
    def exists(self) -> bool:
        """Whether there is an interval at all."""
        return not math.isnan(self.low)


def corrected_t(
    differences: ArrayLike, test_train_ratio: float, level: float = 0.95
) -> Interval:
    """Return the corrected resampled t interval of a mean paired difference.

    Parameters
    ----------
    differences : array-like of shape (n_splits,)
        One difference per split, such as loss(a) - loss(b) on test rows.
    test_train_ratio : float
        Test over training rows of a split: ``1 / (folds - 1)`` in cross-validation.
        0 gives the ordinary t interval.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    Interval
        With one split, or a difference that is not finite, there is no interval.
        If all differences are equal, the formula has a limit: an interval of width 0,
        and a p-value of 1 if they are 0 and of 0 otherwise. The latter means only that
        the difference is constant, not that it is important.

    Raises
    ------
    DataError
        If there is no difference, or ``test_train_ratio`` or ``level`` is outside
        its domain.

    Examples
    --------
    >>> corrected_t([-3.0, -0.5, -2.0, -4.0, -1.0], 1 / 4).high > 0
    True
    >>> corrected_t([-3.0, -0.5, -2.0, -4.0, -1.0], 0).high > 0
    False
    >>> corrected_t([0.5], 1 / 3).method
    'no interval: one split'
    """
    from scipy.stats import t

    if not (math.isfinite(test_train_ratio) and test_train_ratio >= 0):
        raise DataError(
            f"test_train_ratio must be finite and >= 0, got {test_train_ratio!r}."
        )
    if not 0 < level < 1:
        raise DataError(f"level must be between 0 and 1, got {level!r}.")
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise DataError(
            "differences must be a list of at least one number, got shape "
            f"{values.shape}."
        )
    n, mean = len(values), float(np.mean(values))
    if n == 1:
        return _none(mean, 1, "one split")
    if not np.all(np.isfinite(values)):
        return _none(mean, n, "a loss is not finite")
    if np.ptp(values) == 0:
        same = float(values[0])
        return Interval(same, same, same, float(same == 0), n, _METHOD)
    # The mean of equal numbers may differ from them by rounding; the first does not.
    spread = float(np.var(values - values[0], ddof=1))
    error = math.sqrt((1 / n + test_train_ratio) * spread)
    reach = float(t.ppf((1 + level) / 2, n - 1)) * error
    p_value = float(2 * t.sf(abs(mean) / error, n - 1)) if error > 0 else 0.0
    return Interval(mean, mean - reach, mean + reach, p_value, n, _METHOD)


def standard_error(values: ArrayLike) -> Array:
    """Return the standard error of the mean (ddof 1) along the last axis.

    NaN if there is only one value.
    """
    v = np.asarray(values, dtype=np.float64)
    n = v.shape[-1]
    if n < 2:
        return np.full(v.shape[:-1], np.nan)
    return np.asarray(np.std(v, axis=-1, ddof=1) / math.sqrt(n), dtype=np.float64)


def within_one_se(losses: ArrayLike, best: int) -> Mask:
    """Return which candidates are within one standard error of the best.

    Parameters
    ----------
    losses : array-like of shape (n_candidates, n_folds)
        Losses on the same folds.
    best : int
        Row of the candidate to compare with.

    Returns
    -------
    ndarray of bool of shape (n_candidates,)
        The standard error is that of the fold-paired difference. With one fold there
        is none, and only candidates with no higher loss are admitted.
    """
    v = np.asarray(losses, dtype=np.float64)
    difference = v - v[best]
    error = np.nan_to_num(standard_error(difference), nan=0.0)
    return np.asarray(np.mean(difference, axis=-1) <= error, dtype=np.bool_)


def _none(estimate: float, n: int, reason: str) -> Interval:
    nan = math.nan
    return Interval(estimate, nan, nan, nan, n, f"no interval: {reason}")
