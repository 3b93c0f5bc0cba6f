"""Models compared on the same outer folds, by paired differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines import BaselineResult
from boostreg.effects.effects import paired_ratio
from boostreg.report.records import RunRecord
from boostreg.report.results import ComparisonData, DifferenceData, RatioData
from boostreg.report.wording import format_change
from boostreg.statistics import Interval, corrected_t, holm, mean_interval, row_interval

__all__ = [
    "LEVEL", "Comparison", "Judged", "best_linear", "compare_all",
    "comparison_data", "interval_data", "judged_models", "outer_results", "sizes_data",
]  # fmt: skip

LEVEL = 0.05
"""Adjusted p-values below it make a difference better or worse."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A model, or the procedure that makes it, on every outer fold."""

    losses: Array
    row_losses: tuple[Array, ...]

    def interval(self, ratio: float) -> Interval:
        """Return its mean outer loss with a corrected resampled t interval."""
        return mean_interval(self.losses, ratio)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Loss of ``a`` minus loss of ``b``: below 0, ``a`` is better.

    ``base`` is the mean loss of ``b``; ``adjusted`` is the Holm-adjusted p-value over
    all comparisons of the report. The words 'better' and 'worse' are based on it, the
    interval is unadjusted.
    """

    a: str
    b: str
    interval: Interval
    base: float
    adjusted: float

    def relative(self, difference: float) -> float:
        """Return a difference as a share of the mean loss of ``b``."""
        return difference / self.base if self.base else float("nan")

    @property
    def word(self) -> Literal["better", "worse", "not told apart"]:
        """The verdict as ``results.json`` stores it; see ``clause`` for plain words."""
        if not self.adjusted < LEVEL:
            return "not told apart"
        return "better" if self.interval.estimate < 0 else "worse"

    @property
    def change(self) -> str:
        """The estimate in words, as a share of the mean loss of ``b``."""
        return format_change(self.relative(self.interval.estimate))

    @property
    def ends(self) -> str:
        """The interval in words, as shares of the mean loss of ``b``."""
        if not self.interval.exists:
            return "no interval"
        low, high = self.relative(self.interval.low), self.relative(self.interval.high)
        return f"95% CI {format_change(low)} to {format_change(high)}"

    def clause(self, a: str, b: str) -> str:
        """Return the verdict in words, with names for the two models.

        If the interval, which is not adjusted, excludes 0, it says why there is no
        detectable difference all the same.
        """
        if self.word != "not told apart":
            return f"{a} is {self.word} than {b}"
        interval = self.interval
        excluded = interval.exists and not interval.low <= 0 <= interval.high
        why = ", once adjusted for all comparisons" if excluded else ""
        return f"no detectable difference between {a} and {b}{why}"


def judged_models(record: RunRecord) -> dict[str, Judged]:
    """Return every model that was judged on the outer folds, by name."""
    judged = {}
    for engine in record.engines.values():
        for model in ("best", "one_se", "default", "unpenalised"):
            folds = engine.outer[model]
            losses, rows = [f.loss for f in folds], tuple(f.row_losses for f in folds)
            judged[f"{engine.name} {model}"] = Judged(np.array(losses), rows)
    for name, by_fold in record.baselines.items():
        found = outer_results(by_fold)
        rows = tuple(result.test_rows_losses for result in found)
        judged[name] = Judged(np.array([result.test_loss for result in found]), rows)
    return judged


def outer_results(by_fold: Mapping[int | None, BaselineResult]) -> list[BaselineResult]:
    """Return the results of a baseline on the outer folds, in their order."""
    return [by_fold[fold] for fold in sorted(f for f in by_fold if f is not None)]


def best_linear(record: RunRecord) -> str | None:
    """Return the linear model with the lowest inner loss on all rows, if any."""
    return _best_baseline(record, linear=True)


def _best_baseline(record: RunRecord, *, linear: bool) -> str | None:
    final = {
        name: found[None]
        for name, found in record.baselines.items()
        if name != "mean" and found[None].is_linear == linear
    }
    return min(final, key=lambda name: final[name].inner_loss, default=None)


def compare_all(
    record: RunRecord, judged: Mapping[str, Judged]
) -> tuple[Comparison, ...]:
    """Return the comparisons that a report makes, in a fixed order."""
    linear = best_linear(record)
    others_of_all = [linear, _best_baseline(record, linear=False), "mean"]
    pairs = []
    for engine in record.engines:
        others = [f"{engine} default", f"{engine} unpenalised", *others_of_all]
        pairs += [(f"{engine} best", b) for b in others if b in judged]
        pairs.append((f"{engine} one_se", f"{engine} best"))
        pairs.append((f"{engine} one_se", f"{engine} default"))
    names = list(record.engines)
    pairs += [
        (f"{a} best", f"{b} best") for i, b in enumerate(names) for a in names[i + 1 :]
    ]
    if linear and "mean" in judged:
        pairs.append((linear, "mean"))
    intervals = []
    for first, second in ((judged[a], judged[b]) for a, b in pairs if b):
        if len(first.losses) == 1:
            rows = first.row_losses[0] - second.row_losses[0]
            intervals.append(row_interval(rows, record.outer_weights[0]))
        else:
            differences = first.losses - second.losses
            intervals.append(corrected_t(differences, record.outer_ratio))
    # An interval that does not exist takes part as one that shows nothing.
    p_values = np.array([interval.p_value for interval in intervals])
    adjusted = holm(np.nan_to_num(p_values, nan=1.0))
    return tuple(
        Comparison(a, str(b), interval, float(judged[str(b)].losses.mean()), p_value)
        for (a, b), interval, p_value in zip(pairs, intervals, adjusted, strict=True)
    )


def interval_data(interval: Interval) -> DifferenceData:
    """Return an interval as ``results.json`` holds it."""
    return {
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "p": interval.p_value,
        "n": interval.n,
        "method": interval.method,
    }


def comparison_data(one: Comparison) -> ComparisonData:
    """Return a comparison as ``results.json`` holds it."""
    return {
        "a": one.a,
        "b": one.b,
        "relative": one.relative(one.interval.estimate),
        "adjusted": one.adjusted,
        "word": one.word,
        **interval_data(one.interval),
    }


def sizes_data(record: RunRecord) -> list[RatioData]:
    """Return the ratios of leaves: tuned to default, small to best, between engines."""
    names = list(record.engines)
    pairs = []
    for engine in names:
        pairs.append((f"{engine} best", f"{engine} default"))
        pairs.append((f"{engine} one_se", f"{engine} default"))
        pairs.append((f"{engine} one_se", f"{engine} best"))
    pairs += [
        (f"{b} {pick}", f"{a} {pick}")
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        for pick in ("best", "one_se")
    ]
    leaves = {
        f"{engine.name} {model}": np.array([float(f.size.n_leaves) for f in folds])
        for engine in record.engines.values()
        for model, folds in engine.outer.items()
    }
    ratios: list[RatioData] = []
    for a, b in pairs:
        found = paired_ratio(leaves[a], leaves[b], record.outer_ratio)
        with np.errstate(divide="ignore", invalid="ignore"):
            folds = leaves[a] / leaves[b]
        ratios.append(
            {
                "a": a,
                "b": b,
                "ratio": found.estimate,
                "low": found.low,
                "high": found.high,
                "folds": folds.tolist(),
                "method": found.method,
            }
        )
    return ratios
