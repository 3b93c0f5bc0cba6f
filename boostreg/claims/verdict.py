r"""Verdicts on claims: from the claimed effect and the measured interval.

A claim names a quantity, a comparison and the minimum relevant effect,
:math:`m > 0`. Resamples give values :math:`v_1, \ldots, v_n` of the quantity; the
estimate is their mean, and its interval covers 95 %:

- on real data by the corrected resampled t of ``statistics.corrected_t``, because folds
  share rows;
- on synthetic data by the ordinary t, because replicates are independent.

With :math:`[l, h]` the interval of the effect in the claimed direction,
(:math:`v - r` for ``above`` and ``increasing``, :math:`r - v` for ``below`` and
``decreasing``, :math:`r` the reference, 0 unless a claim says ``than``):

===============  ==================================================================
verdict          condition
===============  ==================================================================
``supported``    :math:`l \ge m`: the whole interval is a relevant effect
``refuted``      :math:`h < m`: no value of the interval is; the effect is too
                 small, absent, or opposite
``not settled``  otherwise, and without an interval (a single resample, a value that
                 is not finite, a failed resample)
===============  ==================================================================

``equal`` claims equivalence. Here :math:`m` is the maximum irrelevant difference. With
:math:`[l, h]` the interval of :math:`v - r`, the claim is ``supported`` if
:math:`-m \le l` and :math:`h \le m`, ``refuted`` if :math:`l > m` or :math:`h < -m`,
and otherwise ``not settled``: equivalence is shown, never assumed.

An effect in percent is relative to the mean of the reference: zero penalty, or the path
named in ``against``.

Verdicts are not adjusted for the number of claims in a study. A claim whose true effect
is just below the minimum is called supported in at most about 2.5 % of studies. A
report states the number of claims.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from boostreg.statistics import Interval, corrected_t

__all__ = [
    "EXPECTATIONS",
    "Expectation",
    "Finding",
    "Margin",
    "TableFinding",
    "Verdict",
    "format_verdicts",
    "judge",
    "overall",
    "replicate_t",
    "resampled_t",
]

Verdict = Literal["supported", "refuted", "not settled"]
Expectation = Literal["increasing", "decreasing", "above", "below", "equal"]

EXPECTATIONS: tuple[Expectation, ...] = (
    "increasing", "decreasing", "above", "below", "equal",
)  # fmt: skip

_UPWARDS = ("increasing", "above")


@dataclass(frozen=True, slots=True)
class Margin:
    """The minimum relevant effect; for ``equal``, the maximum irrelevant one.

    ``share``: ``value`` is relative to the reference of the claim.

    >>> Margin.read("20%"), Margin.read(0.5)
    (Margin(value=0.2, share=True), Margin(value=0.5, share=False))
    """

    value: float
    share: bool = False

    @classmethod
    def read(cls, written: str | float) -> "Margin":
        """Parse ``20%`` or a number."""
        if isinstance(written, str):
            return cls(float(written.removesuffix("%")) / 100, share=True)
        return cls(float(written))


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a claim for one engine, or for an experiment without trees.

    The interval is relative if the minimum effect is relative. There is one value per
    resample; ``series`` has means over resamples, for figures, and ``place`` by penalty
    the values at which its path was read, one per fold. A claim about many tables has
    one value and one of ``tables`` per table, and ``predicted`` is the 95 % prediction
    interval of another table.
    """

    engine: str | None
    interval: Interval
    verdict: Verdict
    values: tuple[float, ...]
    series: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    place: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    tables: tuple["TableFinding", ...] = ()
    predicted: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TableFinding:
    """The result of a claim on one of many tables."""

    name: str
    interval: Interval
    verdict: Verdict


def judge(
    interval: Interval, expect: Expectation, margin: float, than: float = 0.0
) -> Verdict:
    """Return the verdict for an interval of the quantity, see the module docstring.

    ``margin`` is above 0, in the unit of the interval; ``than`` is the reference.

    >>> shown = Interval(0.5, 0.3, 0.7, 0.01, 10, "t")
    >>> judge(shown, "above", 0.2), judge(shown, "above", 0.6), judge(shown, "above", 1)
    ('supported', 'not settled', 'refuted')
    >>> judge(shown, "equal", 0.8), judge(shown, "equal", 0.1)
    ('supported', 'refuted')
    """
    low, high = interval.low - than, interval.high - than
    if math.isnan(low) or math.isnan(high):
        return "not settled"
    if expect == "equal":
        if -margin <= low and high <= margin:
            return "supported"
        return "refuted" if low > margin or high < -margin else "not settled"
    if expect not in _UPWARDS:
        low, high = -high, -low
    if low >= margin:
        return "supported"
    return "refuted" if high < margin else "not settled"


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the common verdict of all engines, otherwise ``not settled``.

    >>> overall(["supported", "refuted"])
    'not settled'
    """
    agreed = set(verdicts)
    return verdicts[0] if len(agreed) == 1 else "not settled"


def format_verdicts(verdicts: Mapping[str, Verdict]) -> str:
    """Return the verdicts by engine as text; empty if all engines agree.

    >>> format_verdicts({"XGBoost": "supported", "LightGBM": "refuted"})
    'supported with XGBoost, refuted with LightGBM'
    """
    if len(set(verdicts.values())) < 2:
        return ""
    return ", ".join(f"{verdict} with {name}" for name, verdict in verdicts.items())


def resampled_t(values: ArrayLike, test_train_ratio: float) -> Interval:
    """Return the interval of a mean over folds, which share rows."""
    return _checked(values, corrected_t(values, test_train_ratio))


def replicate_t(values: ArrayLike) -> Interval:
    """Return the interval of a mean over independent replicates.

    >>> replicate_t([1.0, 2.0, 3.0]).method
    't over independent replicates'
    """
    interval = _checked(values, corrected_t(values, 0.0))
    if math.isnan(interval.low):
        return interval
    return replace(interval, method="t over independent replicates")


def _checked(values: ArrayLike, interval: Interval) -> Interval:
    if math.isnan(interval.low) and not np.all(np.isfinite(np.asarray(values))):
        return replace(interval, method="no interval: a value is not finite")
    return interval
