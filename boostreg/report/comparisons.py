"""Models compared on the same outer folds, by paired differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostreg.arrays import Array
from boostreg.effects.effects import paired_ratio
from boostreg.report.records import RunRecord
from boostreg.report.results import ComparisonData, DifferenceData, RatioData
from boostreg.statistics import (
    Interval,
    corrected_t,
    holm,
    mean_interval,
    row_interval,
)

__all__ = [
    "Comparison",
    "Judged",
    "best_linear",
    "compare_all",
    "comparison_data",
    "interval_data",
    "judged_models",
    "sizes_data",
]

LEVEL = 0.05
ENGINE_MODELS = ("best", "one_se", "default", "unpenalised")


@dataclass(frozen=True, slots=True)
class Judged:
    """A model, or the procedure that makes it, on every outer fold."""

    name: str
    losses: Array
    row_losses: tuple[Array, ...]

    def interval(self, ratio: float) -> Interval:
        """Return its mean outer loss with a corrected resampled t interval."""
        return mean_interval(self.losses, ratio)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Loss of ``a`` minus loss of ``b``: below 0, ``a`` is better.

    ``base`` is the mean loss of ``b``; ``adjusted`` is the Holm-adjusted p-value over
    all comparisons of the report. The words 'better' and 'worse' rest on it, the
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
        """``better``, ``worse`` or ``not told apart``."""
        if not self.adjusted < LEVEL:
            return "not told apart"
        return "better" if self.interval.estimate < 0 else "worse"

    @property
    def phrase(self) -> str:
        """The word as it stands between ``a`` and ``b``.

        Where the interval, which is not adjusted, leaves 0 out, it says why the word
        does not follow it.
        """
        if self.word != "not told apart":
            return f"{self.word} than"
        ends = self.interval
        alone = ends.exists and not ends.low <= 0 <= ends.high
        why = ", once adjusted for all comparisons," if alone else ""
        return f"not told apart{why} from"


def judged_models(record: RunRecord) -> dict[str, Judged]:
    """Return every model that was judged on the outer folds, by name."""
    judged = {}
    for engine in record.engines.values():
        for model in ENGINE_MODELS:
            folds = engine.outer[model]
            name = f"{engine.name} {model}"
            judged[name] = Judged(
                name,
                np.array([fold.loss for fold in folds]),
                tuple(fold.row_losses for fold in folds),
            )
    for name, by_fold in record.baselines.items():
        results = [
            by_fold[fold] for fold in sorted(f for f in by_fold if f is not None)
        ]
        judged[name] = Judged(
            name,
            np.array([result.test_loss for result in results]),
            tuple(result.test_rows_losses for result in results),
        )
    return judged


def best_linear(record: RunRecord) -> str | None:
    """Return the linear model of least inner loss on all rows; None without one."""
    linear = [
        name
        for name, found in record.baselines.items()
        if name != "mean" and found[None].is_linear
    ]
    return min(
        linear, key=lambda name: record.baselines[name][None].inner_loss, default=None
    )


def best_network(record: RunRecord) -> str | None:
    """Return the network of least inner loss on all rows; None without one."""
    networks = [n for n, found in record.baselines.items() if not found[None].is_linear]
    return min(
        networks, key=lambda name: record.baselines[name][None].inner_loss, default=None
    )


def compare_all(
    record: RunRecord, judged: Mapping[str, Judged]
) -> tuple[Comparison, ...]:
    """Return the comparisons that a report makes, in a fixed order."""
    linear = best_linear(record)
    others_of_all = [linear, best_network(record), "mean"]
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
    intervals = [_paired(judged[a], judged[b], record) for a, b in pairs if b]
    adjusted = _adjusted([interval.p_value for interval in intervals])
    return tuple(
        Comparison(a, str(b), interval, float(judged[str(b)].losses.mean()), p_value)
        for (a, b), interval, p_value in zip(pairs, intervals, adjusted, strict=True)
    )


def _paired(a: Judged, b: Judged, record: RunRecord) -> Interval:
    if len(a.losses) == 1:
        return row_interval(a.row_losses[0] - b.row_losses[0], record.outer_weights[0])
    return corrected_t(a.losses - b.losses, record.outer_ratio)


def _adjusted(p_values: Sequence[float]) -> Array:
    # An interval that does not exist takes part as one that shows nothing.
    return holm(np.nan_to_num(np.array(p_values), nan=1.0))


def interval_data(interval: Interval) -> DifferenceData:
    """Return an interval as a page and ``results.json`` give it."""
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
    """Return one ratio of leaves a pair: tuned to default, small to best, engines."""
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
    return [_ratio(a, b, record) for a, b in pairs]


def _ratio(a: str, b: str, record: RunRecord) -> RatioData:
    first, second = (_leaves(name, record) for name in (a, b))
    found = paired_ratio(first, second, record.outer_ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        folds = first / second
    return {
        "a": a,
        "b": b,
        "ratio": found.estimate,
        "low": found.low,
        "high": found.high,
        "folds": folds.tolist(),
        "method": found.method,
    }


def _leaves(name: str, record: RunRecord) -> Array:
    engine, _, model = name.partition(" ")
    folds = record.engines[engine].outer[model]
    return np.array([float(fold.size.n_leaves) for fold in folds])
