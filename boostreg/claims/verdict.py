r"""Verdicts on claims: what was claimed, what was measured, and what follows.

A claim names a quantity, a comparison and the least effect that counts,
:math:`m > 0`. Resamples give values :math:`v_1, \ldots, v_n` of the quantity; the
estimate is their mean, and its interval covers 95 %:

- on real data by the corrected resampled t of ``statistics.corrected_t``, for folds
  share rows;
- on planted data by the ordinary t, for replicates are drawn independently.

With :math:`[l, h]` the interval of what was measured in the claimed direction,
(:math:`v - r` for ``above`` and ``increasing``, :math:`r - v` for ``below`` and
``decreasing``, :math:`r` the reference, 0 unless a claim says ``than``):

===============  ==================================================================
verdict          where
===============  ==================================================================
``supported``    :math:`l \ge m`: all of the interval is an effect that counts
``refuted``      :math:`h < m`: no value of the interval is; the effect is too
                 small, absent, or opposite
``not settled``  else, and where there is no interval (a single resample, a value
                 that is not finite, a resample that failed)
===============  ==================================================================

``equal`` claims the contrary of an effect. There :math:`m` is the most difference
that does not count, and with :math:`[l, h]` the interval of :math:`v - r` it is
``supported`` where :math:`-m \le l` and :math:`h \le m`, ``refuted`` where
:math:`l > m` or :math:`h < -m`, and ``not settled`` else:
equivalence is shown, never assumed.

An effect in per cent is one of the mean of the value compared with: that at zero
penalty, or that of the path that is claimed ``against``.

Verdicts are not adjusted for how many claims a study makes. Each errs by itself: a
claim that is false by just its least effect is called supported in at most about 2.5 %
of studies. A report says how many claims it judged.
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
    "Least",
    "Verdict",
    "judge",
    "overall",
    "replicate_t",
    "resampled_t",
    "said_overall",
]

Verdict = Literal["supported", "refuted", "not settled"]
Expectation = Literal["increasing", "decreasing", "above", "below", "equal"]

EXPECTATIONS: tuple[Expectation, ...] = (
    "increasing", "decreasing", "above", "below", "equal",
)  # fmt: skip

_UPWARDS = ("increasing", "above")


@dataclass(frozen=True, slots=True)
class Least:
    """The least effect that counts; for ``equal`` the most that does not.

    ``share`` says that ``value`` is a share of what the claim compares with.

    >>> Least.read("20%"), Least.read(0.5)
    (Least(value=0.2, share=True), Least(value=0.5, share=False))
    """

    value: float
    share: bool = False

    @classmethod
    def read(cls, written: str | float) -> "Least":
        """Return what ``20%`` or a number means."""
        if isinstance(written, str):
            return cls(float(written.removesuffix("%")) / 100, share=True)
        return cls(float(written))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one engine, or an experiment that grows no trees, says of a claim.

    Attributes
    ----------
    engine : str or None
    interval : Interval
        Of the quantity; a share where the least effect is one.
    verdict : str
    values : tuple of float
        One a resample.
    series : mapping of str to tuple of float
        Means over resamples, for pictures.
    place : mapping of str to tuple of float
        Penalty to the values, a fold each, at which its path was read.
    """

    engine: str | None
    interval: Interval
    verdict: Verdict
    values: tuple[float, ...]
    series: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    place: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def judge(
    interval: Interval, expect: Expectation, least: float, than: float = 0.0
) -> Verdict:
    """Return the verdict that an interval gives, as the module states it.

    Parameters
    ----------
    interval : Interval
        Of the quantity.
    expect : str
        One of ``EXPECTATIONS``.
    least : float
        Above 0, in the unit of the interval.
    than : float
        What the quantity is compared with.

    Examples
    --------
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
        if -least <= low and high <= least:
            return "supported"
        return "refuted" if low > least or high < -least else "not settled"
    if expect not in _UPWARDS:
        low, high = -high, -low
    if low >= least:
        return "supported"
    return "refuted" if high < least else "not settled"


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict over engines: theirs if they agree, else ``not settled``.

    >>> overall(["supported", "refuted"])
    'not settled'
    """
    agreed = set(verdicts)
    return verdicts[0] if len(agreed) == 1 else "not settled"


def said_overall(verdicts: Mapping[str, Verdict]) -> str:
    """Return when a claim holds, by engine; nothing where all engines agree.

    >>> said_overall({"XGBoost": "supported", "LightGBM": "refuted"})
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
