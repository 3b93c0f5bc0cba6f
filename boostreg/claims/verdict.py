r"""Verdicts on claims: from the claimed effect and the measured interval.

A claim names a quantity, a comparison and the minimum relevant effect,
:math:`m > 0`. Resamples give values :math:`v_1, \ldots, v_n` of the quantity; the
estimate is their mean, and its interval covers 95 %:

- on real data by the corrected resampled t of ``statistics.corrected_t``, because folds
  share rows;
- on synthetic data by the ordinary t, because replicates are independent.

A quantity that is a change, :math:`v = a / b - 1` of values at least 0 on the same
resample, is averaged on the scale of :math:`\log(1 + v)` and transformed back: the
estimate is a geometric mean, and no end lies below -100 %. Where some resample has
nothing left (:math:`v = -1`) its logarithm does not exist; then the ratios are averaged
themselves, and the interval ends at -100 %.

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

Where something did not converge, a value is only known to be at least, or at most, what
was measured. The interval is then unbounded on that side, and the rules are the same:
a lower bound supports ``above`` and never ``below``.

``equal`` claims equivalence. Here :math:`m` is the maximum irrelevant difference. With
:math:`[l, h]` the interval of :math:`v - r`, the claim is ``supported`` if
:math:`-m \le l` and :math:`h \le m`, ``refuted`` if :math:`l > m` or :math:`h < -m`,
and otherwise ``not settled``: equivalence is shown, never assumed. ``at_most`` claims
that a quantity is not larger than the reference by more than m, however much smaller:
``supported`` if :math:`h \le m`, ``refuted`` if :math:`l > m`.

``identical`` claims an identity: on every resample :math:`|v - r| \le m`, where m is
what rounding may cost. One resample can refute it, so the largest deviation decides,
and there is no interval: deviations are rounding errors, not a sample of some effect.

An effect in percent is a change relative to the reference on the same resample: zero
penalty, or the path named in ``against``.

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

from boostreg.claims.experiments.base import Bound
from boostreg.statistics import Interval, corrected_t

__all__ = [
    "EXPECTATIONS",
    "Expectation",
    "Finding",
    "Margin",
    "TableFinding",
    "Verdict",
    "bounded",
    "format_verdicts",
    "judge",
    "largest_deviation",
    "overall",
    "replicate_t",
    "resampled_t",
]

Verdict = Literal["supported", "refuted", "not settled"]
Expectation = Literal[
    "increasing", "decreasing", "above", "below", "equal", "at_most", "identical"
]

EXPECTATIONS: tuple[Expectation, ...] = (
    "increasing", "decreasing", "above", "below", "equal", "at_most", "identical",
)  # fmt: skip

_UPWARDS = ("increasing", "above")


@dataclass(frozen=True, slots=True)
class Margin:
    """The minimum relevant effect; for equality, the maximum irrelevant one.

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
    if expect == "identical":
        low = high = abs(interval.estimate - than)
    if math.isnan(low) or math.isnan(high):
        return "not settled"
    if expect in ("equal", "identical"):
        supported = -margin <= low and high <= margin
        refuted = low > margin or high < -margin
    elif expect == "at_most":
        supported, refuted = high <= margin, low > margin
    else:
        if expect not in _UPWARDS:
            low, high = -high, -low
        supported, refuted = low >= margin, high < margin
    if supported:
        return "supported"
    return "refuted" if refuted else "not settled"


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


def resampled_t(
    values: ArrayLike, test_train_ratio: float, *, change: bool = False
) -> Interval:
    """Return the interval of a mean over folds, which share rows.

    ``change``: values are ratios minus 1, see the module docstring.

    >>> resampled_t([-0.9, -0.8, -0.95], 0.25, change=True).low > -1
    True
    """
    return _interval(values, test_train_ratio, change)


def replicate_t(values: ArrayLike, *, change: bool = False) -> Interval:
    """Return the interval of a mean over independent replicates.

    >>> replicate_t([1.0, 2.0, 3.0]).method
    't over independent replicates'
    """
    interval = _interval(values, 0.0, change)
    if math.isnan(interval.low):
        return interval
    how = interval.method.removeprefix(_RESAMPLED)
    return replace(interval, method=f"t over independent replicates{how}")


def largest_deviation(values: Sequence[float], than: float = 0.0) -> Interval:
    """Return the value that is furthest from the reference, without an interval.

    >>> largest_deviation([1.0, 0.75, 1.125], than=1.0).estimate
    0.75
    """
    nan, n = math.nan, len(values)
    if not n or not np.all(np.isfinite(values)):
        why = "no interval: a value is not finite" if n else "no interval: no value"
        return Interval(nan, nan, nan, nan, n, why)
    furthest = max(values, key=lambda value: abs(value - than))
    return Interval(furthest, nan, nan, nan, n, f"largest deviation of {n} resamples")


def bounded(interval: Interval, bounds: Sequence[Bound | None]) -> Interval:
    """Return the interval of values of which some are only bounds, None for exact ones.

    >>> shown = Interval(1.9, 1.8, 2.0, 0.0, 3, "t")
    >>> bounded(shown, ["at least", None, "at least"]).high
    inf
    """
    kinds = set(bounds) - {None}
    if not kinds or not interval.exists:
        return interval
    n_open = sum(bound is not None for bound in bounds)
    how = f"of {n_open} of {len(bounds)} resamples only a bound is known"
    nan = math.nan
    if len(kinds) > 1:
        how = f"no interval: {how}, of both kinds"
        return replace(interval, low=nan, high=nan, p_value=nan, method=how)
    (kind,) = kinds
    low, high = interval.low, math.inf
    if kind == "at most":
        low, high = -math.inf, interval.high
    how = f"{interval.method}; {how}"
    return replace(interval, low=low, high=high, p_value=nan, method=how)


_RESAMPLED = "corrected resampled t"


def _interval(values: ArrayLike, ratio: float, change: bool) -> Interval:
    v = np.asarray(values, dtype=np.float64)
    if not change or not np.all(np.isfinite(v)) or np.any(v < -1):
        return _checked(v, corrected_t(v, ratio))
    if np.any(v == -1):
        found = corrected_t(v, ratio)
        how = f"{found.method} of ratios, one of them 0" if found.exists else ""
        return replace(found, low=max(found.low, -1.0), method=how or found.method)
    logs = corrected_t(np.log1p(v), ratio)
    low, high = (math.expm1(min(end, 700.0)) for end in (logs.low, logs.high))
    how = f"{logs.method} of log ratios" if logs.exists else logs.method
    estimate = math.expm1(logs.estimate)
    return replace(logs, estimate=estimate, low=low, high=high, method=how)


def _checked(values: ArrayLike, interval: Interval) -> Interval:
    if math.isnan(interval.low) and not np.all(np.isfinite(np.asarray(values))):
        return replace(interval, method="no interval: a value is not finite")
    return interval
